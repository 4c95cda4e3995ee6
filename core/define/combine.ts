/** Combiners: how two values of a column become one, of the same type. One word and one type for MapReduce values,
 * messages and aggregates.
 *
 * The engine may apply one 0, 1 or many times, in any grouping; it must be associative and commutative, and
 * take its own output. In bits, too: `min max any all` and sums of integers are, and the engine's float64 `sum` is
 * made so (a reproducible sum: the same bits in any order and grouping). A custom one over floats seldom is, and
 * then runs only where neither memory, workers nor timing decide the grouping; `exact: true` says that it is.
 *
 * Not here: `count` and `mean`. A count is a sum of ones, a mean is a sum and a count divided in `reduce`.
 * Nullable columns have no combiner: emit an identity instead of null, or reduce.
 */
import type { AnyType, DataType, Value } from './schema.ts';

export type BuiltIn = 'sum' | 'min' | 'max' | 'any' | 'all';
/** The built-in combiners of each column type: what kernels have, and what means something. */
export const BUILT_IN_FOR = {
  int32: ['sum', 'min', 'max'],
  int64: ['sum', 'min', 'max'],
  float64: ['sum', 'min', 'max'],
  decimal: ['sum', 'min', 'max'],
  utf8: ['min', 'max'],
  date: ['min', 'max'],
  timestamp: ['min', 'max'],
  vertexId: ['min', 'max'],
  bool: ['any', 'all'],
} as const satisfies { readonly [type: string]: readonly BuiltIn[] };
type BuiltInFor = typeof BUILT_IN_FOR;

export interface NamedCombiner<out N extends BuiltIn> {
  readonly combiner: N;
}
export interface CustomCombiner<T> {
  readonly identity: T;
  readonly merge: (a: T, b: T) => T;
  readonly exact?: true;
}

/** What the engine sees of a combiner: one of the two. */
export interface AnyCombiner {
  readonly combiner?: BuiltIn;
  readonly identity?: unknown;
  readonly merge?: (a: unknown, b: unknown) => unknown;
  readonly exact?: true;
}

/** The combiners that a column of type D may have. */
export type Combiner<D extends AnyType> = D extends DataType
  ?
      | NamedCombiner<D['type'] extends keyof BuiltInFor ? BuiltInFor[D['type']][number] : never>
      | CustomCombiner<Value<D>>
  : never;

/** These run in kernels. What `compute` sees when no message came is the identity: 0, Infinity, -Infinity. */
export const sum: NamedCombiner<'sum'> = { combiner: 'sum' };
export const min: NamedCombiner<'min'> = { combiner: 'min' };
export const max: NamedCombiner<'max'> = { combiner: 'max' };
export const any: NamedCombiner<'any'> = { combiner: 'any' };
export const all: NamedCombiner<'all'> = { combiner: 'all' };

/** `combiner(1, (a, b) => a * b)`. A call, not an object literal, so that TypeScript knows its type before it
 *  looks at `compute`, wherever in the definition it stands. */
export function combiner<T>(
  identity: T,
  merge: (a: T, b: T) => T,
  options: { readonly exact?: true } = {},
): CustomCombiner<T> {
  return { identity, merge, ...options };
}
