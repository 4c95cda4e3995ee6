/** How the rows of a map-reduce are stored between map and reduce. Pure, from the definition alone: the driver and
 * every worker compute the same.
 *
 * Two modes. *groups*: every column of `value` has a built-in combiner that is exact and runs in a kernel; a walk holds
 * one row a distinct key. *rows*: everything else; every emitted row is kept, and its sort key ends in (split, row of
 * the split), so that no two are equal and values reach `reduce` in the order they were emitted. Where all combiners
 * are exact (`combines`), rows of one key become one when they leave a walk or are merged, and their sort key is the
 * natural key: what is combined has no place in the input, and needs none.
 */
import { type Field, fieldsOf, storedAs } from '../batch/columns.ts';
import type { AnyCombiner } from '../define/combine.ts';
import { type KeyPart as EncodedPart, keyKindOf } from '../define/keys.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { type Aggregate, wordsOf } from '../kernels/aggregates.ts';

export type Direction = 'asc' | 'desc';

/** One column of a sort key. */
export interface KeyPart extends EncodedPart {
  readonly column: string;
  readonly of: AnyType;
}

export interface Layout {
  readonly mode: 'groups' | 'rows';
  /** In rows mode: rows of one key may become one before they are reduced (row-combiner.ts). */
  readonly combines: boolean;
  /** The natural key: rows that are equal in it are one group. Empty: a map-only job. */
  readonly key: readonly KeyPart[];
  /** What orders rows within a group, before (split, row). Rows mode only. */
  readonly order: readonly KeyPart[];
  readonly values: Schema;
  /** Of each column of `values`, in groups mode. */
  readonly aggregates: readonly Aggregate[];
  /** Columns of runs: the sort key, in rows mode the natural key's length, then the values. */
  readonly fields: readonly Field[];
}

/** The parts of a definition that decide its layout. */
export interface Shape {
  readonly key?: Schema | undefined;
  readonly value?: Schema | undefined;
  readonly combine?: unknown;
  readonly sort?: { readonly [column: string]: Direction | undefined } | undefined;
  readonly partition?: unknown;
  readonly operator?: unknown;
}

export function layoutOf(shape: Shape): Layout {
  const key = shape.key ?? {};
  const values = shape.value ?? {};
  const sorted = Object.entries(shape.sort ?? {});
  const orders = sorted.filter(([column]) => !Object.hasOwn(key, column));
  const aggregates = kernelAggregates(shape, values);
  // A partition of the user's choosing is known for a row, not for a group that a hash table holds.
  const chosen = typeof shape.partition === 'function';
  const mode = aggregates !== undefined && orders.length === 0 && !chosen ? 'groups' : 'rows';
  const names = Object.keys(key);
  const part = (column: string, of: AnyType, last: boolean): KeyPart => {
    const descending = shape.sort?.[column] === 'desc';
    const kind = keyKindOf(of)!;
    const raw = last && kind === 'bytes' && !descending;
    return { column, of, kind, nullable: of.nullable === true, descending, raw };
  };
  return {
    mode,
    combines: mode === 'rows' && names.length > 0 && isExact(shape.combine, values),
    key: names.map((column, i) => {
      return part(column, key[column]!, mode === 'groups' && i === names.length - 1);
    }),
    order: orders.map(([column]) => part(column, values[column]!, false)),
    values,
    aggregates: mode === 'groups' ? aggregates! : [],
    fields: runFields(mode, values, aggregates ?? []),
  };
}

/** Whether words are counted by the kernel that finds them: one text column as it is for a key, one sum for a value. */
export function isCount({ mode, key, aggregates }: Layout): boolean {
  const [only, another] = aggregates;
  if (mode !== 'groups' || another !== undefined || key.length !== 1) return false;
  return only?.op === 'sum' && only.kind === 'i64' && key[0]!.raw && !key[0]!.nullable;
}

/** undefined: not all of them run in kernels. A map-only job combines nothing. */
function kernelAggregates(shape: Shape, values: Schema): Aggregate[] | undefined {
  const { key, combine, operator } = shape;
  if (key === undefined || Object.keys(key).length === 0) return undefined;
  if (typeof combine !== 'object' || combine === null) return undefined;
  const aggregates: Aggregate[] = [];
  for (const [column, of] of Object.entries(values)) {
    const kind = storedAs(of);
    const name = (combine as { [column: string]: { combiner?: string } })[column]?.combiner;
    const op = name === 'any' ? 'max' : name === 'all' ? 'min' : name;
    if (kind === 'bytes' || of.nullable) return undefined;
    if (op !== 'sum' && op !== 'min' && op !== 'max') return undefined;
    // An operator counts: ones do not add up to more than 63 bits, and a count need not be two columns.
    const total = op === 'sum' && kind !== 'f64' && operator === undefined;
    aggregates.push(total ? { op: 'total', kind, digits: digitsOf(of) } : { op, kind });
  }
  return aggregates;
}

/** Whether all combiners give the same bits in any grouping. A sum of float64 does so in kernels alone; of a function of
 *  whole rows nobody says that it does. */
function isExact(combine: unknown, values: Schema): boolean {
  if (typeof combine !== 'object' || combine === null) return false;
  return Object.entries(values).every(([column, of]) => {
    const { combiner, exact } = (combine as { [column: string]: AnyCombiner })[column]!;
    return combiner === undefined ? exact === true : combiner !== 'sum' || of.type !== 'float64';
  });
}

const digitsOf = (of: AnyType): number | undefined =>
  of.type === 'decimal' ? (of as AnyType & { precision: number }).precision : undefined;

const fixed = (name: string, kind: Field['kind']): Field => ({ name, kind, nullable: false });

function runFields(mode: string, values: Schema, aggregates: readonly Aggregate[]): Field[] {
  const key = fixed('key', 'bytes');
  if (mode === 'rows') return [key, fixed('natural', 'i32'), ...fieldsOf(values)];
  const folded = Object.keys(values).flatMap((name, i) => {
    const words = wordsOf(aggregates[i]!);
    if (words.length === 0) return [fixed(name, aggregates[i]!.kind)];
    return words.map(word => fixed(`${name}.${word}`, 'i64'));
  });
  return [key, ...folded];
}
