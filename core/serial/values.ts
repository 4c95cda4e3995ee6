/** Values as the serial runner holds them: order, checks and combiners, each as defined and no faster.
 *
 * Stored rows are plain objects of exactly the columns of their table. int64 is a bigint, so that a sum is exact
 * however a function reads it; a timestamp is milliseconds to the µs; the rest is what functions see. `enter` makes
 * them of what a user's function gives, `leave` gives them to one.
 *
 * Order everywhere: null first; false, true; numbers ascending, NaN last, −0 = 0; text and bytes by bytes of UTF-8
 * (not by UTF-16 units, which is what `<` on strings does).
 */
import type { AnyCombiner } from '../define/combine.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { fits, printType, printValue } from '../define/value.ts';
import { DataError, TaskError } from '../errors.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- an interpreter: types were checked when the plan was made.
export type Any = any;
export type Row = { readonly [column: string]: Any };
/** A table that has been run. */
export interface Ran {
  readonly columns: Schema;
  readonly rows: readonly Row[];
}

export function compare(a: Any, b: Any): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array) return Buffer.compare(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares rows by columns, each ascending (1) or descending (−1). */
export function compareBy(columns: readonly (readonly [string, number])[]) {
  return (a: Row, b: Row): number => {
    for (const [column, sign] of columns) {
      const order = compare(a[column], b[column]);
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

export function pick(row: Row, columns: Schema): Row {
  return Object.fromEntries(Object.keys(columns).map(c => [c, row[c]]));
}

/** A row as a function gave it, checked and stored. Throws TaskError TYPE_MISMATCH. */
export function enter(row: Any, columns: Schema, where: string): Row {
  if (typeof row !== 'object' || row === null) {
    throw new TaskError('TYPE_MISMATCH', `${where}: a row is an object, got ${printValue(row)}`);
  }
  return Object.fromEntries(
    Object.entries(columns).map(([c, of]) => {
      const value: unknown = Object.hasOwn(row, c) ? row[c] : undefined;
      if (!holds(of, value)) throw mismatch(where, c, of, value);
      return [c, stored(value, of)];
    }),
  );
}
const itemOf = (of: AnyType): AnyType => (of as AnyType & { of: AnyType }).of;

/** Whether a column takes a value: it fits, and its text is whole. A lone surrogate has no UTF-8 form. */
export const holds = (of: AnyType, value: Any): boolean => fits(value, of) && isWhole(of, value);

function isWhole(of: AnyType, value: Any): boolean {
  if (value === null) return true;
  if (of.type === 'list') return value.every((item: Any) => isWhole(itemOf(of), item));
  return of.type !== 'utf8' || Buffer.from(value).toString() === value;
}

/** What its column does not take. */
export function mismatch(where: string, column: string, of: AnyType, value: unknown): TaskError {
  const wide = typeof value === 'bigint' && of.type === 'int64';
  const remedy = wide ? 'Declare it bigint64.' : 'Give every column a value of its type.';
  const broken =
    'The string has a lone surrogate, which UTF-8 cannot hold: emit text.toWellFormed().';
  return new TaskError(
    'TYPE_MISMATCH',
    `${where}: column '${column}' is ${printType(of)}, got ${printValue(value)}`,
    { remedy: fits(value, of) ? broken : remedy },
  );
}

export function stored(value: Any, of: AnyType): Any {
  if (value === null) return null;
  switch (of.type) {
    case 'int64':
      return BigInt(value);
    case 'int32':
      return value + 0; // Of the integers only floats have a −0.
    case 'timestamp':
      return Math.round(value * 1000) / 1000 + 0;
    case 'list':
      return value.map((v: Any) => stored(v, itemOf(of)));
    default:
      return value;
  }
}

/** A stored row as a function sees it: a fresh object of these columns. Throws DataError INT64_RANGE. */
export function leave(row: Row, columns: Schema, where: string): Row {
  return Object.fromEntries(
    Object.entries(columns).map(([c, of]) => [c, read(row[c], of, `${where}: column '${c}'`)]),
  );
}
export function read(value: Any, of: AnyType, where: string): Any {
  if (value === null) return null;
  if (of.type === 'list') return value.map((v: Any) => read(v, itemOf(of), where));
  if (of.type !== 'int64' || 'read' in of) return value;
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new DataError('INT64_RANGE', `${where} is ${value}, beyond ±(2^53 − 1)`, {
    remedy: 'Declare it bigint64: the same column, read as a bigint.',
  });
}

/** −0 is 0 in a key. */
export function normalised(row: Row, key: Schema): Row {
  return Object.fromEntries(
    Object.entries(row).map(([c, v]) => [c, v === 0 && Object.hasOwn(key, c) ? 0 : v]),
  );
}

const MERGES: { readonly [name: string]: (a: Any, b: Any) => Any } = {
  sum: (a, b) => a + b,
  // Of −0 and 0 the smaller is −0, although neither is below the other in a key: as IEEE 754's minimum.
  min: (a, b) => (a === 0 && b === 0 ? Math.min(a, b) : compare(a, b) <= 0 ? a : b),
  max: (a, b) => (a === 0 && b === 0 ? Math.max(a, b) : compare(a, b) >= 0 ? a : b),
  any: (a, b) => a || b,
  all: (a, b) => a && b,
};
export const mergeOf = (c: AnyCombiner): ((a: Any, b: Any) => Any) =>
  c.merge ?? MERGES[c.combiner!]!;

const RANGES: { readonly [type: string]: (of: Any) => bigint } = {
  int32: () => 2n ** 31n,
  int64: () => 2n ** 63n,
  decimal: of => 10n ** BigInt(of.precision),
};

/** All values of a group's column as one. Throws DataError SUM_OVERFLOW, TaskError TYPE_MISMATCH. */
export function fold(c: AnyCombiner, of: AnyType, values: readonly Any[], where: string): Any {
  if (c.merge !== undefined) {
    const merged = values.map(v => read(v, of, where)).reduce(mergeOf(c));
    if (!holds(of, merged)) throw mismatch(where, 'combine', of, merged);
    return stored(merged, of);
  }
  if (c.combiner !== 'sum') return values.reduce(mergeOf(c));
  if (of.type === 'float64') return values.reduce(mergeOf(c), 0);
  const exact = values.map(BigInt).reduce((a, b) => a + b, 0n);
  const range = RANGES[of.type]!(of);
  // Two's complement has one more below zero; decimal digits have not.
  if (exact >= range || exact < -range || (of.type === 'decimal' && exact === -range)) {
    throw new DataError('SUM_OVERFLOW', `${where}: the sum ${exact} is beyond ${printType(of)}`, {
      remedy: 'Use a wider type, or float64.',
    });
  }
  return of.type === 'int32' ? Number(exact) : exact;
}
