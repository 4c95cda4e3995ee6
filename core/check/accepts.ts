// biome-ignore-all format: one check a line.
/** What TypeScript infers, held exactly. Compiles or does not; nothing runs. */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow';
import type { Graph, Ref, Result, Row, Session, Table, VertexId } from '../index.ts';
import { bigint64, combiner, decimal, edges, float64, graph, graphJob, int64, job, join, list, mapReduce, min, nullable, oneOf, read, rows, select, simple, sum, timestamp, utf8, vertexId, vertexProgram } from '../index.ts';
import wordcount, { byBatch, clean, counted, largestOrder, meanTemperature, revenueByCountry, sessionize } from './examples/mapreduce.ts';
import hostRank, { numbered } from './examples/pipeline.ts';
import { cdlp, pagerank, sssp, trust } from './examples/pregel.ts';
import { Best, noon, square, total, tree } from './examples/session.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = T extends object ? { [K in keyof T]: T[K] } : T;
const is = <T extends true>(): T | void => {};
type RowOf<T> = T extends Table<infer S> ? Flat<Row<S>> : never;

// schema → row
const order = { id: bigint64, user: int64, at: timestamp, total: decimal(12, 2), tags: list(utf8), note: nullable(utf8) };
is<Equal<Flat<Row<typeof order>>, { readonly id: bigint; readonly user: number; readonly at: number; readonly total: bigint; readonly tags: readonly string[]; readonly note: string | null }>>();

// row → emit → reduce → output
is<Equal<RowOf<ReturnType<typeof wordcount>>, { readonly word: string; readonly count: number }>>();
is<Equal<RowOf<ReturnType<typeof byBatch>>, { readonly word: string; readonly count: number }>>();
is<Equal<RowOf<ReturnType<typeof meanTemperature>>, { readonly station: string; readonly mean: number }>>();
is<Equal<RowOf<ReturnType<typeof sessionize>>, { readonly user: string; readonly session: number; readonly start: number; readonly pages: number }>>();
is<Equal<RowOf<ReturnType<typeof largestOrder>>, { readonly user: number; readonly order: bigint; readonly amount: number }>>();
is<Equal<RowOf<typeof counted>, { readonly count: number; readonly word: string }>>();
is<Equal<RowOf<typeof revenueByCountry>, { readonly country: string; readonly amount: bigint }>>();
is<Equal<RowOf<ReturnType<typeof clean>['outputs']['rejected']>, { readonly line: string }>>();

mapReduce({
  name: 'types',
  params: { k: 10, ratio: 0.5, mode: oneOf('a', 'b'), verbose: false, label: 'x', source: utf8, limit: nullable(int64), seeds: list(int64) },
  input: { user: utf8, age: nullable(int64) },
  key: { user: utf8 },
  value: { ages: int64 },
  output: { user: utf8, mean: float64 },
  setup: ({ params }) => new Map([[params.label, params.k]]),
  map(row, emit, ctx) {
    is<Equal<Flat<typeof row>, { readonly user: string; readonly age: number | null }>>();
    is<Equal<Parameters<typeof emit>[0]['ages'], number>>();
    is<Equal<typeof ctx.shared, Map<string, number>>>();
    is<Equal<Flat<typeof ctx.params>, { readonly k: number; readonly ratio: number; readonly mode: 'a' | 'b'; readonly verbose: boolean; readonly label: string; readonly source: string; readonly limit: number | null; readonly seeds: readonly number[] }>>();
  },
  combine(a, b) {
    is<Equal<Flat<typeof a>, { readonly ages: number }>>();
    return { ages: a.ages + b.ages };
  },
  reduce(key, values, emit) {
    is<Equal<Flat<typeof key>, { readonly user: string }>>();
    for (const value of values) is<Equal<Flat<typeof value>, { readonly ages: number }>>();
    emit({ user: key.user, mean: 1 });
  },
});

mapReduce({
  name: 'lookup',
  input: { user: utf8 },
  value: { user: utf8, country: utf8 },
  async mapBatch({ user }, out) {
    for (let i = 0; i < user.length; i++) out.user.push(user.at(i));
    for (const country of await Promise.resolve(['DE'])) out.country.push(country);
  },
});

// params: required, optional, given as external ids
is<Equal<Flat<NonNullable<Parameters<typeof sssp>[1]>>, { readonly source: string | number | bigint }>>();
is<Equal<Flat<NonNullable<Parameters<typeof trust>[1]>>, { readonly seeds?: readonly (string | number | bigint)[]; readonly decay?: number }>>();
is<Equal<Flat<NonNullable<Parameters<typeof wordcount>[1]>>, { readonly words?: 'bytes' | 'unicode'; readonly case?: 'keep' | 'lower' }>>();

// vertex state, messages → cursor, inbox
vertexProgram({
  name: 'types',
  compute(v, inbox, ctx) {
    // Before `message` and `combine` in the text: order must not matter.
    is<Equal<typeof v.level, number>>();
    is<Equal<typeof v.parent, VertexId | null>>();
    is<Equal<typeof v.name, string>>();
    is<Equal<typeof inbox, number>>();
    is<Equal<Parameters<typeof v.sendToOut>[0], number>>();
    is<Equal<Flat<typeof ctx.aggregates>, { readonly seen: number; readonly first: VertexId }>>();
    for (const edge of v.outEdges) is<Equal<typeof edge.value.weight, number>>();
    v.parent = v.id;
  },
  master(ctx) {
    ctx.aggregates.seen = 0;
  },
  state: { level: float64, parent: nullable(vertexId) },
  vertex: { name: utf8 },
  edge: { weight: float64 },
  message: float64,
  combine: combiner(Infinity, (a, b) => Math.min(a, b)),
  aggregates: { seen: { type: int64, combine: sum }, first: { type: vertexId, combine: min } },
});
vertexProgram({
  name: 'records',
  state: { hops: float64 },
  message: { from: vertexId, hops: float64 },
  compute(v, messages) {
    is<Equal<Flat<ReturnType<typeof messages.at>>, { readonly from: VertexId; readonly hops: number }>>();
    v.sendToOut({ from: v.id, hops: v.hops + 1 });
  },
});

// graph ids travel through: integers, strings
const roads = graph(read('roads', { ...edges, weight: float64 }));
is<Equal<typeof roads extends Graph<infer I, infer _V, infer E> ? [I['type'], Flat<Row<E>>] : never, ['int64', { readonly weight: number }]>>();
const byName = graph(rows([{ source: 'a', target: 'b' }], { source: utf8, target: utf8 }), { vertices: rows([{ vertex: 'a', name: 'A' }], { vertex: utf8, name: utf8 }) });
is<Equal<RowOf<ReturnType<typeof numbered>>, { readonly vertex: number; readonly rank: number }>>();
const communities = cdlp(byName);
is<Equal<RowOf<typeof communities>, { readonly vertex: string; readonly label: string }>>();
const numberedCommunities = cdlp(roads);
is<Equal<RowOf<typeof numberedCommunities>, { readonly vertex: number; readonly label: number }>>();

// a job over a graph is called as a program is
const either = graphJob({
  name: 'either',
  params: { of: oneOf('labels', 'same'), from: vertexId },
  output: { label: vertexId },
  plan(given, { of, from }) {
    is<Equal<typeof from, string | number | bigint>>();
    is<Equal<typeof of, 'labels' | 'same'>>();
    return cdlp(of === 'same' ? given : simple(given));
  },
});
const labels = either(byName, { from: 'a' });
is<Equal<RowOf<typeof labels>, { readonly vertex: string; readonly label: string }>>();
is<Equal<Flat<Parameters<typeof either>[1]>, { readonly from: string | number | bigint; readonly of?: 'labels' | 'same' }>>();
graphJob({ name: 'weighted', edge: { weight: float64 }, output: { distance: float64 }, plan: given => sssp(given, { source: 1 }) });

// joins
const left = rows([{ user: 1, spent: 2 }], { user: int64, spent: float64 });
const right = rows([{ user: 1, name: 'x' }], { user: int64, name: utf8 });
const inner = join(left, right, { on: 'user' });
is<Equal<RowOf<typeof inner>, { readonly user: number; readonly spent: number; readonly name: string }>>();
const outer = join(left, right, { on: ['user'], type: 'left' });
is<Equal<RowOf<typeof outer>, { readonly user: number; readonly spent: number; readonly name: string | null }>>();
const full = join(left, right, { on: 'user', type: 'full' });
is<Equal<RowOf<typeof full>, { readonly user: number; readonly spent: number | null; readonly name: string | null }>>();
const semi = join(left, left, { on: 'user', type: 'semi' });
is<Equal<RowOf<typeof semi>, { readonly user: number; readonly spent: number }>>();
const renamed = select(right, { id: 'user' });
is<Equal<RowOf<typeof renamed>, { readonly id: number }>>();

// int64 and bigint64 are one column: a table of either goes into a job that reads the other
const wide = mapReduce({ name: 'wide', input: { id: bigint64 }, value: { id: bigint64 }, map: ({ id }, emit) => emit({ id: id + 1n }) });
const narrow = mapReduce({ name: 'narrow', input: { id: int64 }, value: { id: int64 }, map: ({ id }, emit) => emit({ id: id + 1 }) });
narrow(wide(narrow([{ id: 1 }])));
// a column that cannot be null goes where one may; more columns than asked for are fine
mapReduce({ name: 'loose', input: { name: nullable(utf8) }, value: { n: int64 }, map: ({ name }, emit) => emit({ n: name?.length ?? 0 }) })(right);

// jobs and runs
is<Equal<Flat<NonNullable<Parameters<typeof hostRank>[1]>>, { readonly iterations?: number }>>();
declare const session: Session;
const several = session.run(hostRank({ pages: [] }));
is<Equal<Awaited<typeof several>['hosts'] extends Result<infer S> ? Flat<Row<S>> : never, { readonly host: string; readonly rank: number; readonly pages: number; readonly best: number }>>();
// a run that goes on where a checkpoint was made
session.run(pagerank(roads), { output: 'ranks.csv', checkpointEvery: 10, resume: true });

// a result as columns
declare const counts: Result<{ readonly word: typeof utf8 }>;
is<Equal<ReturnType<typeof counts.batches>, AsyncIterable<RecordBatch>>>();
is<Equal<Awaited<ReturnType<typeof counts.toArrow>>, ArrowTable>>();

job({
  name: 'types',
  params: { source: vertexId },
  inputs: { streets: { source: utf8, target: utf8, weight: float64 } },
  plan: ({ streets }, { source }) => {
    is<Equal<typeof source, string | number | bigint>>();
    return sssp(graph(streets), { source });
  },
});

// tasks and actors
const four = session.remote(square, 2);
is<Equal<typeof four, Ref<number>>>();
session.remote(square, four);
session.remote(total, [four, 1]);
session.remote(noon);
const deep = session.remote(tree, 3);
is<Equal<typeof deep, Ref<number>>>();
const best = session.actor(Best, 100);
is<Equal<Extract<keyof typeof best, string>, 'offer' | 'score'>>();
session.cancel(best);
const got = session.get([four, best.offer(1), best.score(), session.put('x')]);
is<Equal<Awaited<typeof got>, [number, boolean, number, string]>>();

pagerank(roads);
