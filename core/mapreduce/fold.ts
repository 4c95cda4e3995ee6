/** A job's combiner as a function of the values of a group, for those that do not run in kernels.
 *
 * Invariants: values are folded in their order; integer sums are exact on the way, whatever their parts, and only the
 * total has to fit its column; what comes out is of the columns' types.
 */
import type { AnyCombiner, BuiltIn } from '../define/combine.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { fits, printType, printValue } from '../define/value.ts';
import { DataError, TaskError } from '../errors.ts';
import { GroupOverflow } from '../store/merged-groups.ts';
import type { MapReduceSpec } from './define.ts';
import { inRange } from './sum-range.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- of the column's type, which the definition was checked for.
type Any = any;
type Row = { [column: string]: Any };
type Merge = (a: Any, b: Any) => Any;

/** How two values of a column become one. */
export interface ColumnMerge {
  readonly column: string;
  readonly of: AnyType;
  /** Built in; undefined: a function of the user's. */
  readonly name: BuiltIn | undefined;
  readonly merge: Merge;
}

/** The values of a group, at least one, as one. Throws GroupOverflow, TaskError TYPE_MISMATCH. */
export type Folder = (values: Iterable<object>, key: Uint8Array) => object;

/** undefined: the job combines nothing. */
export function folderOf(spec: MapReduceSpec): Folder | undefined {
  const { combine, name, value = {} } = spec;
  if (combine === undefined) return undefined;
  const where = `${name}: combine`;
  if (typeof combine === 'function') {
    return values => checked(fold(values, combine as Merge), value, where);
  }
  const columns = mergesOf(combine, value);
  return (values, key) => {
    let folded: Row | undefined;
    for (const each of values as Iterable<Row>) {
      if (folded === undefined) folded = { ...each };
      else
        for (const { column, merge } of columns)
          folded[column] = merge(folded[column], each[column]);
    }
    columns.forEach(({ column, of, name: combiner }, i) => {
      if (combiner === 'sum') folded![column] = total(folded![column], of, i, key);
    });
    return checked(folded!, value, where);
  };
}

/** Of combiners by column, in the order of the columns. */
export function mergesOf(
  combine: { readonly [column: string]: AnyCombiner },
  values: Schema,
): ColumnMerge[] {
  return Object.entries(values).map(([column, of]) => {
    const { combiner: name, merge } = combine[column]!;
    return { column, of, name, merge: merge ?? builtIn(name!, of) };
  });
}

function fold(values: Iterable<Row>, merge: Merge): Row {
  let folded: Row | undefined;
  for (const value of values) folded = folded === undefined ? value : merge(folded, value);
  return folded!;
}

function checked(row: Row, columns: Schema, where: string): Row {
  for (const [column, of] of Object.entries(columns)) {
    const value: unknown = row?.[column];
    if (fits(value, of)) continue;
    throw new TaskError(
      'TYPE_MISMATCH',
      `${where}: column '${column}' is ${printType(of)}, got ${printValue(value)}`,
      { remedy: 'A combiner gives what it takes: every column of value, in its type.' },
    );
  }
  return row;
}

function builtIn(name: BuiltIn, of: AnyType): Merge {
  switch (name) {
    case 'sum':
      return of.type === 'float64' ? (a, b) => a + b : add;
    case 'any':
      return (a, b) => a || b;
    case 'all':
      return (a, b) => a && b;
    case 'min':
      return (a, b) => (compare(a, b, of) <= 0 ? a : b);
    default:
      return (a, b) => (compare(a, b, of) >= 0 ? a : b);
  }
}

/** Integers, as numbers while these hold them exactly. */
function add(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(b);
}

/** A sum as its column has it. −0 is no sum: nothing adds up to 0. */
function total(sum: number | bigint, of: AnyType, index: number, key: Uint8Array): Any {
  if (of.type === 'float64') return (sum as number) + 0;
  if (!inRange(BigInt(sum), of)) throw new GroupOverflow(index, key);
  if (typeof sum === 'number' || of.type !== 'int64' || 'read' in of) return sum;
  const number = Number(sum);
  if (Number.isSafeInteger(number)) return number;
  throw new DataError('INT64_RANGE', `a sum is ${sum}, beyond ±(2^53 − 1)`, {
    remedy: 'Declare the column bigint64: the same column, read as a bigint.',
  });
}

/** The order of values: text by its UTF-8 bytes; numbers with −0 below 0 and NaN last. */
function compare(a: Any, b: Any, of: AnyType): number {
  if (of.type === 'utf8') return compareText(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By code points, which is the order of UTF-8 bytes; code units would have surrogates below U+E000. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return aboveAll(x) - aboveAll(y);
  }
  return a.length - b.length;
}
const aboveAll = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x2800 : unit);
