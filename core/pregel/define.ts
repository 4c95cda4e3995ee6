/** Vertex programs, after Pregel: supersteps, messages, vote to halt, aggregates, master.
 *
 * Order of calls. Before superstep 0: `init` once a vertex (sets state; may not send, nor change the graph).
 * Superstep S: `master` (sees the aggregates of S − 1; may set them, and may halt) → `compute` for every vertex that
 * is active or has messages → messages and aggregates are combined, and changes of the graph are made. A run ends
 * when every vertex has voted to halt and no message is under way, when `master` halts, or with an error at
 * `maxSupersteps`.
 *
 * Changes of the graph. A vertex's own edges change at once; all else after the superstep, also the last one: edges
 * removed, vertices removed with their edges, vertices added (`init`, active), edges added. A vertex keeps its rank;
 * added ones rank, and come out, after all that were loaded, those of one superstep in ascending order of id. A message to
 * a vertex that is gone is dropped, and so is an edge; it does not come back to life. The graph as loaded stays as it
 * is for other programs.
 *
 * `v` is a cursor, valid inside the call only: state, vertex values and edge values are read and written as
 * properties of it. Its class, and the loop that calls `compute`, are generated for each run from source text
 * that no other program shares (a comment with the program's hash): V8 keys compiled code and its type
 * feedback by the text, so a factory closure, or the same text again, would share one polymorphic loop.
 */
import type { AnyCombiner, Combiner } from '../define/combine.ts';
import { type DefinitionRef, found, register } from '../define/define.ts';
import {
  type Params,
  type ParamsArgument,
  type ParamValues,
  resolveParams,
} from '../define/params.ts';
import type {
  AnyType,
  DataType,
  IdType,
  Nullable,
  Row,
  Schema,
  Show,
  Value,
  VertexId,
} from '../define/schema.ts';
import { type Graph, idsIn } from '../define/graph.ts';
import { type Table, table } from '../define/table.ts';
import { checkGraphFor, checkProgram } from './check.ts';

export type MessageType = AnyType | Schema;
type MessageOf<M extends MessageType> = M extends AnyType
  ? Value<M>
  : M extends Schema
    ? Row<M>
    : never;

/** With a combiner: one value (its identity when nothing came). Without: all of them, in ascending order of their senders,
 *  those of one as it sent them. */
export interface Messages<T> extends Iterable<T> {
  readonly length: number;
  at(i: number): T;
  /** In place, ascending. Numbers, strings and vertices only. */
  sort(): this;
}
type Inbox<M extends MessageType, C> = [C] extends [undefined]
  ? Messages<MessageOf<M>>
  : MessageOf<M>;

export interface Edge<E extends Schema> {
  readonly target: VertexId;
  readonly value: Row<E>;
}

interface Cursor<E extends Schema, M extends MessageType> {
  readonly id: VertexId;
  readonly outDegree: number;
  readonly inDegree: number;
  /** The message along every out-edge, changed by `along` if there is one. The fast way. */
  sendToOut(message: MessageOf<M>): undefined;
  /** Against every in-edge. */
  sendToIn(message: MessageOf<M>): undefined;
  /** A message that is NaN, or has NaN in a column, is an error (MESSAGE_NAN), whoever sends it how. */
  sendTo(target: VertexId, message: MessageOf<M>): undefined;
  voteToHalt(): undefined;
  /** By target, then as they came. A cursor as well: one object, moved. A loop goes over what was there when it began. */
  readonly outEdges: Iterable<Edge<E>>;
  /** Undirected: the other end has it too, from S + 1. Whatever the flags of `graph` say: they are about loading. */
  addEdge(target: VertexId, value: Row<E>): undefined;
  /** All edges to it; undirected: of both ends. */
  removeEdges(target: VertexId): undefined;
  /** Before superstep S + 1. What it sends in S arrives. */
  remove(): undefined;
}
type Reserved = { readonly [N in keyof Cursor<{}, AnyType>]?: never };

export type Vertex<
  V extends Schema,
  E extends Schema,
  S extends Schema,
  M extends MessageType,
> = Cursor<E, M> & Row<V> & { -readonly [C in keyof S]: Value<S[C]> };

interface Context<P extends Params, A extends Schema> {
  readonly superstep: number;
  /** Of the graph that the superstep before had; at 0, as loaded. */
  readonly vertexCount: number;
  readonly edgeCount: number;
  /** If not, every edge is an out-edge and an in-edge of both its ends: sending one way reaches all neighbours. */
  readonly directed: boolean;
  readonly params: ParamValues<P>;
  /** Combined over superstep S − 1; the identity at 0. */
  readonly aggregates: Row<A>;
}
export interface ComputeContext<P extends Params, A extends Schema> extends Context<P, A> {
  aggregate<N extends keyof A & string>(name: N, value: Value<A[N]>): undefined;
  count(counter: string, by?: number): undefined;
  /** By original id; there, and active, from S + 1; an id that is there already is left alone. */
  addVertex(id: number | bigint | string): undefined;
}
export interface MasterContext<P extends Params, A extends Schema>
  extends Omit<Context<P, A>, 'aggregates'> {
  readonly aggregates: { -readonly [N in keyof A]: Value<A[N]> };
  halt(): undefined;
}

/** What an edge does to a message on its way: with `combine`, a semiring. (min, plus) is shortest paths,
 *  (sum, times) weighted PageRank, (max, least) widest paths. Runs in the gather kernel. */
export interface Along<C extends string> {
  readonly along: 'plus' | 'times' | 'least' | 'most';
  readonly column: C;
}
export const plus = <C extends string>(column: C): Along<C> => ({ along: 'plus', column });
export const times = <C extends string>(column: C): Along<C> => ({ along: 'times', column });
export const least = <C extends string>(column: C): Along<C> => ({ along: 'least', column });
export const most = <C extends string>(column: C): Along<C> => ({ along: 'most', column });

interface VertexProgramSpec<
  P extends Params,
  V extends Schema,
  E extends Schema,
  S extends Schema,
  M extends MessageType,
  C extends Combiner<M extends AnyType ? M : never> | undefined,
  A extends Schema,
  O extends keyof S & string,
> {
  readonly name: string;
  readonly module?: string;
  readonly params?: P;
  /** Columns of the graph's vertices and edges that the program reads. */
  readonly vertex?: V;
  readonly edge?: E;
  /** Begins with null, or the zero of its type: false, 0, '', an empty list, the first vertex. */
  readonly state: S & Reserved;
  readonly message?: M;
  readonly combine?: C;
  readonly along?: Along<keyof E & string>;
  /** Reset each superstep, unless persistent. */
  readonly aggregates?: {
    readonly [N in keyof A]: {
      readonly type: A[N];
      readonly combine: Combiner<A[N]>;
      readonly persistent?: true;
    };
  };
  /** Columns of `state` that are the output, beside `vertex`. Default: all. */
  readonly output?: readonly O[];
  /** Default 10,000: an error, with the number of vertices still active. */
  readonly maxSupersteps?: number;

  init?(v: Vertex<V, E, S, never>, ctx: Context<P, {}>): undefined;
  compute(v: Vertex<V, E, S, M>, messages: Inbox<M, C>, ctx: ComputeContext<P, A>): undefined;
  master?(ctx: MasterContext<P, A>): undefined;
}

/** Vertices in the output have the ids they came with. */
export type WithIds<S extends Schema, Id extends IdType> = {
  readonly [C in keyof S]: S[C] extends AnyType<'vertexId'>
    ? S[C] extends DataType
      ? Id
      : Nullable<Id>
    : S[C];
};

export interface VertexProgram<
  P extends Params,
  V extends Schema,
  E extends Schema,
  S extends Schema,
> {
  /** Rows in ascending order of `vertex`. */
  <Id extends IdType>(
    graph: Graph<Id, V, E>,
    ...params: ParamsArgument<P>
  ): Table<Show<{ readonly vertex: Id } & WithIds<S, Id>>>;
  readonly kind: 'vertexProgram';
  readonly ref: DefinitionRef;
  readonly params: P;
  /** Columns of the graph's vertices and edges that it reads. */
  readonly vertex: V;
  readonly edge: E;
  /** Columns that come out, beside `vertex`. */
  readonly output: S;
}

/** Throws UsageError DEFINITION_INVALID, DEFINITION_TWICE, ASYNC_FUNCTION, COLUMN_NAME, COLUMN_TYPE, COLUMN_TWICE or
 *  COLUMN_MISSING; called, what resolveParams throws, and USAGE, COLUMN_MISSING or COLUMN_TYPE for the graph. */
export function vertexProgram<
  S extends Schema,
  M extends MessageType = never,
  P extends Params = {},
  V extends Schema = {},
  E extends Schema = {},
  C extends Combiner<M extends AnyType ? M : never> | undefined = undefined,
  A extends Schema = {},
  O extends keyof S & string = keyof S & string,
>(spec: VertexProgramSpec<P, V, E, S, M, C, A, O>): VertexProgram<P, V, E, Pick<S, O>> {
  const program = spec as unknown as ProgramSpec;
  checkProgram(program);
  const ref = register('vertexProgram', spec);
  const declared = (spec.params ?? {}) as P;
  const output = outputOf(program) as Pick<S, O>;
  const apply = <Id extends IdType>(
    graph: Graph<Id, V, E>,
    given: { readonly [name: string]: unknown } = {},
  ) => {
    checkGraphFor(program, graph);
    return table(
      { vertex: graph.id, ...idsIn(output, graph.id) } as Show<
        { readonly vertex: Id } & WithIds<Pick<S, O>, Id>
      >,
      {
        op: 'apply',
        kind: 'vertexProgram',
        use: ref,
        params: resolveParams(declared, given),
        input: graph.plan,
      },
    );
  };
  return Object.assign(apply, {
    kind: 'vertexProgram' as const,
    ref,
    params: declared,
    vertex: (spec.vertex ?? {}) as V,
    edge: (spec.edge ?? {}) as E,
    output,
  });
}

/** What the engine sees of a program: the same object, its types computed away. */
export interface ProgramSpec {
  readonly name: string;
  readonly module?: string;
  readonly params?: Params;
  readonly vertex?: Schema;
  readonly edge?: Schema;
  readonly state: Schema;
  readonly message?: MessageType;
  readonly combine?: AnyCombiner;
  readonly along?: Along<string>;
  readonly aggregates?: {
    readonly [name: string]: {
      readonly type: AnyType;
      readonly combine: AnyCombiner;
      readonly persistent?: true;
    };
  };
  readonly output?: readonly string[];
  readonly maxSupersteps?: number;
  readonly init?: (v: object, ctx: object) => unknown;
  readonly compute: (v: object, messages: unknown, ctx: object) => unknown;
  readonly master?: (ctx: object) => unknown;
}

/** The definition that a plan names. Throws UsageError DEFINITION_NOT_FOUND. */
export function findProgram(ref: DefinitionRef): ProgramSpec {
  return found('vertexProgram', ref) as ProgramSpec;
}
/** The state columns that come out, in order. */
export function outputOf(spec: Pick<ProgramSpec, 'state' | 'output'>): Schema {
  const names = spec.output ?? Object.keys(spec.state);
  return Object.fromEntries(names.map(name => [name, spec.state[name]!]));
}
/** Default of maxSupersteps: far above any program that converges, low enough to end one that does not. */
export const MAX_SUPERSTEPS = 10_000;
