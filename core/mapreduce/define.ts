/** MapReduce: rows in, rows with a key out of `map`, grouped by key, combined and reduced.
 *
 * `map` emits one flat row: the columns of `key` and of `value` together. Rows are grouped by the columns of
 * `key`; within a group they come in the order of `sort`. Without `reduce`, the combined groups are the
 * output; without `key`, so are the rows of `map` (a map-only job). Row objects are fresh and may be kept.
 *
 * Exactly one of three forms of map: `map` (a row), `mapBatch` (columns; no strings made), `operator` (a
 * kernel; no JavaScript runs). Explain shows which.
 */
import type { AnyCombiner, Combiner } from '../define/combine.ts';
import { type DefinitionRef, found, register } from '../define/define.ts';
import {
  type Params,
  type ParamsArgument,
  type ParamValues,
  type PlanParams,
  resolveParams,
} from '../define/params.ts';
import type { AnyType, DataType, Row, Schema, Show, Value } from '../define/schema.ts';
import { type Input, type Plan, type Table, asTable, table } from '../define/table.ts';
import { checkMapReduce, checkOperator } from './check.ts';

/** `undefined` and not `void` wherever a function of the user's is called: a promise is assignable to void, and an
 *  async map would emit after its rows were taken: rows lost without a word. JavaScript gets ASYNC_FUNCTION. */
export type Emit<S extends Schema> = (row: Row<S>) => undefined;

export interface MapContext<P extends Params, F extends string, T, X extends Outputs> {
  readonly params: ParamValues<P>;
  /** Bytes of each side file: one copy a process, shared. */
  readonly files: { readonly [N in F]: Uint8Array };
  /** What `setup` returned in this worker. */
  readonly shared: T;
  /** Adds to a counter of the report. Only the winning attempt of a task counts. */
  count(counter: string, by?: number): undefined;
  /** Emits to one of `outputs`. */
  emitTo<N extends keyof X & string>(output: N, row: Row<X[N]>): undefined;
}

export type Outputs = { readonly [name: string]: Schema };

/** A column as the kernels have it. `at(i)` makes the value: a string, a checked number. */
export interface Column<D extends AnyType> {
  readonly length: number;
  at(i: number): Value<D>;
  isNull(i: number): boolean;
  /** utf8 and binary: value i is bytes[offsets[i]] to bytes[offsets[i + 1]]. */
  readonly bytes: D['type'] extends 'utf8' | 'binary' ? Uint8Array : undefined;
  readonly offsets: D['type'] extends 'utf8' | 'binary' | 'list' ? Int32Array : undefined;
  /** Fixed width types. */
  readonly values: D['type'] extends keyof Arrays ? Arrays[D['type']] : undefined;
}
interface Arrays {
  int32: Int32Array;
  int64: BigInt64Array;
  float64: Float64Array;
  date: Int32Array;
  timestamp: BigInt64Array;
}
/** Grows by pushes. All builders of an output must end a call at the same length. */
export type Builder<D extends AnyType> = {
  push(value: Value<D>): undefined;
} & (D['type'] extends 'utf8' | 'binary'
  ? { pushBytes(from: Uint8Array, start: number, end: number): undefined }
  : unknown);

/** A map that is a kernel: plain data. */
export interface Operator<in I extends Schema, out M extends Schema> {
  readonly operator: string;
  readonly options: { readonly [option: string]: string | number | boolean };
  /** Columns it takes and gives. */
  readonly reads: Schema;
  readonly emits: M;
  readonly accepts?: (columns: I) => void;
}

/** Words of a text column as (word, count = 1). 'bytes': maximal runs of bytes other than space, tab, LF, VT, FF
 *  and CR, as Python's bytes.split() gives. 'unicode': maximal runs of letters and marks (\p{L}, \p{M}).
 *  'lower': each word as String.prototype.toLowerCase gives it. */
export function words(
  options: { readonly split?: 'bytes' | 'unicode'; readonly case?: 'keep' | 'lower' } = {},
): Operator<
  { readonly line: DataType<'utf8'> },
  { readonly word: DataType<'utf8'>; readonly count: DataType<'int64'> }
> {
  return {
    operator: 'words',
    options: { split: options.split ?? 'bytes', case: options.case ?? 'keep' },
    reads: { line: { type: 'utf8' } },
    emits: { word: { type: 'utf8' }, count: { type: 'int64' } },
  };
}

export type Direction = 'asc' | 'desc';

interface Base<
  I extends Schema,
  K extends Schema,
  V extends Schema,
  O extends Schema,
  P extends Params,
  F extends string,
  T,
  X extends Outputs,
> {
  /** Names the definition within its module, and the job in reports. */
  readonly name: string;
  readonly module?: string;
  readonly params?: P;
  /** The columns read; the others in the file are skipped, not parsed. */
  readonly input: I;
  readonly key?: K;
  readonly value?: V;
  /** The columns that `reduce` emits. Default: those of key and value. */
  readonly output?: O;
  /** Further outputs, written with ctx.emitTo. */
  readonly outputs?: X;
  /** Side files: a path, or new URL('./x', import.meta.url). They travel with the job. */
  readonly files?: { readonly [N in F]: string | URL };
  /** Once per worker. Write it above `map`, whose `ctx.shared` is what it returns. */
  readonly setup?: (ctx: {
    readonly params: ParamValues<P>;
    readonly files: { readonly [N in F]: Uint8Array };
  }) => T;

  /** By column; or two rows of `value` to one, when columns belong together. */
  readonly combine?:
    | { readonly [C in keyof NoInfer<V>]: Combiner<V[C]> }
    | ((a: Row<V>, b: Row<V>) => Row<V>);
  readonly reduce?: (
    key: Row<K>,
    values: Iterable<Row<V>>,
    emit: Emit<O>,
    ctx: MapContext<P, F, T, X>,
  ) => undefined;

  /** Order within a group, by columns of `value` as listed (secondary sort); or the direction of a key column. */
  readonly sort?: { readonly [C in keyof NoInfer<K & V>]?: Direction };
  /** 'hash' (default); 'range': partition i is wholly before i + 1 (total order); or a function of the key. */
  readonly partition?: 'hash' | 'range' | ((key: Row<K>, partitions: number) => number);
}

type MapForm<
  I extends Schema,
  M extends Schema,
  P extends Params,
  F extends string,
  T,
  X extends Outputs,
> =
  | {
      readonly map: (row: Row<I>, emit: Emit<M>, ctx: MapContext<P, F, T, X>) => undefined;
      readonly mapBatch?: never;
      readonly operator?: never;
    }
  | {
      /** May be async (a lookup in a database for a batch): the next batch waits. */
      readonly mapBatch: (
        input: { readonly [C in keyof I]: Column<I[C]> },
        output: { readonly [C in keyof M]: Builder<M[C]> },
        ctx: MapContext<P, F, T, X>,
      ) => void | Promise<void>;
      readonly map?: never;
      readonly operator?: never;
    }
  | {
      /** From the parameters, in the driver: the plan holds plain data. */
      readonly operator: (params: PlanParams<P>) => Operator<I, M>;
      readonly map?: never;
      readonly mapBatch?: never;
    };

/** A map-reduce: a function from a table to a table. */
export interface MapReduce<
  I extends Schema,
  O extends Schema,
  P extends Params,
  X extends Outputs,
> {
  (
    input: Input<I>,
    ...params: ParamsArgument<P>
  ): Table<O> & { readonly outputs: { readonly [N in keyof X]: Table<X[N]> } };
  readonly kind: 'mapReduce';
  readonly ref: DefinitionRef;
  readonly input: I;
  readonly output: O;
  readonly params: P;
}

/** Throws UsageError DEFINITION_INVALID, DEFINITION_TWICE, ASYNC_FUNCTION, COLUMN_NAME, COLUMN_TYPE or COLUMN_TWICE;
 *  called, what resolveParams and asTable throw. */
export function mapReduce<
  I extends Schema,
  K extends Schema = {},
  V extends Schema = {},
  O extends Schema = Show<K & V>,
  P extends Params = {},
  F extends string = never,
  T = undefined,
  X extends Outputs = {},
>(spec: Base<I, K, V, O, P, F, T, X> & MapForm<I, Show<K & V>, P, F, T, X>): MapReduce<I, O, P, X> {
  const definition = spec as unknown as MapReduceSpec;
  checkMapReduce(definition);
  const ref = register('mapReduce', spec);
  const output = outputOf(definition) as O;
  const declared = (spec.params ?? {}) as P;
  const apply = (input: Input<I>, given: { readonly [name: string]: unknown } = {}) => {
    const from = asTable(input, spec.input, spec.name);
    const params = resolveParams(declared, given);
    if (definition.operator) checkOperator(definition, definition.operator(params));
    const plan: Plan = { op: 'apply', kind: 'mapReduce', use: ref, params, input: from.plan };
    const outputs = Object.entries(spec.outputs ?? {}).map(([name, columns]) => [
      name,
      table(columns, { ...plan, output: name }),
    ]);
    return {
      ...table(output, plan),
      outputs: Object.fromEntries(outputs) as { readonly [N in keyof X]: Table<X[N]> },
    };
  };
  return Object.assign(apply, {
    kind: 'mapReduce' as const,
    ref,
    input: spec.input,
    output,
    params: declared,
  });
}

/** What the engine sees of a map-reduce: the same object, its types computed away. */
export interface MapReduceSpec {
  readonly name: string;
  readonly module?: string;
  readonly params?: Params;
  readonly input: Schema;
  /** Absent: a map-only job. Never empty. */
  readonly key?: Schema;
  readonly value?: Schema;
  readonly output?: Schema;
  readonly outputs?: Outputs;
  readonly files?: { readonly [name: string]: string | URL };
  readonly sort?: { readonly [column: string]: Direction };
  readonly partition?: 'hash' | 'range' | ((key: AnyRow, partitions: number) => number);
  readonly combine?:
    | { readonly [column: string]: AnyCombiner }
    | ((a: AnyRow, b: AnyRow) => AnyRow);
  readonly setup?: (ctx: Pick<AnyContext, 'params' | 'files'>) => unknown;
  readonly map?: (row: AnyRow, emit: (row: AnyRow) => undefined, ctx: AnyContext) => unknown;
  readonly mapBatch?: (
    input: { readonly [column: string]: Column<AnyType> },
    output: { readonly [column: string]: AnyBuilder },
    ctx: AnyContext,
  ) => void | Promise<void>;
  readonly operator?: (params: AnyRow) => Operator<never, Schema>;
  readonly reduce?: (
    key: AnyRow,
    values: Iterable<AnyRow>,
    emit: (row: AnyRow) => undefined,
    ctx: AnyContext,
  ) => unknown;
}
export type AnyRow = { readonly [column: string]: unknown };
export interface AnyContext {
  readonly params: AnyRow;
  readonly files: { readonly [name: string]: Uint8Array };
  readonly shared: unknown;
  count(counter: string, by?: number): undefined;
  emitTo(output: string, row: AnyRow): undefined;
}
export interface AnyBuilder {
  push(value: unknown): undefined;
  pushBytes(from: Uint8Array, start: number, end: number): undefined;
}

/** The definition that a plan names. Throws UsageError DEFINITION_NOT_FOUND. */
export function findMapReduce(ref: DefinitionRef): MapReduceSpec {
  return found('mapReduce', ref) as MapReduceSpec;
}
/** The columns that map emits: those of key, then those of value. */
export function emitsOf(spec: Pick<MapReduceSpec, 'key' | 'value'>): Schema {
  return { ...spec.key, ...spec.value };
}
/** The columns of the table that comes out. */
export function outputOf(spec: Pick<MapReduceSpec, 'key' | 'value' | 'output'>): Schema {
  return spec.output ?? emitsOf(spec);
}
