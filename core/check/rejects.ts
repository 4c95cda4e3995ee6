// biome-ignore-all format: the line after each comment is the mistake.
/** What TypeScript refuses. Each line marked must be an error, or this file does not compile.
 *  The same mistakes in JavaScript, or behind `any`, are UsageErrors with the same words when the plan is made. */
import type { Result, Session, Table } from '../index.ts';
import { actor, any, bool, combiner, connector, decimal, edges, float64, graph, graphJob, int64, job, join, mapReduce, min, nullable, oneOf, plus, read, rows, select, sum, task, utf8, vertexId, vertexProgram, words } from '../index.ts';
import wordcount, { byRow, sessionize } from './examples/mapreduce.ts';
import { cdlp, pagerank, sssp, trust } from './examples/pregel.ts';
import { range } from './examples/connector.ts';
import { Best, square, total } from './examples/session.ts';

declare const session: Session;
const base = { name: 'x', input: { line: utf8, n: int64 }, key: { word: utf8 }, value: { count: int64 } } as const;

// map
mapReduce({ ...base, map: ({ line }, emit) => {
  // @ts-expect-error a value of the wrong type
  emit({ word: line, count: '1' });
  // @ts-expect-error a column missing
  emit({ word: line });
  // @ts-expect-error a column misspelt
  emit({ word: line, counts: 1 });
  // @ts-expect-error bigint for int64: declare bigint64
  emit({ word: line, count: 1n });
  // @ts-expect-error null in a column that is not nullable
  emit({ word: null, count: 1 });
} });
// @ts-expect-error a column that input does not name
mapReduce({ ...base, map: ({ text }, emit) => emit({ word: text, count: 1 }) });
// @ts-expect-error rows are not to be changed
mapReduce({ ...base, map: row => { row.line = ''; } });
// @ts-expect-error two forms of map
mapReduce({ ...base, map: () => {}, mapBatch: () => {} });
// @ts-expect-error no map at all
mapReduce({ ...base });
// @ts-expect-error an operator that reads a column the input has not
mapReduce({ ...base, input: { text: utf8 }, operator: () => words() });
// @ts-expect-error an operator that emits other columns
mapReduce({ ...base, key: { token: utf8 }, operator: () => words() });
// @ts-expect-error raw columns have bytes and offsets, not values
mapReduce({ ...base, mapBatch: ({ line }) => line.values[0] });

// @ts-expect-error an async map would emit too late
mapReduce({ ...base, map: async ({ line }, emit) => { emit({ word: line, count: 1 }); } });
// @ts-expect-error so would an async reduce
mapReduce({ ...base, map: () => {}, reduce: async (key, _, emit) => { emit({ word: key.word, count: 1 }); } });

// combine, reduce, sort
// @ts-expect-error text has no sum
mapReduce({ ...base, value: { count: utf8 }, map: () => {}, combine: { count: sum } });
// @ts-expect-error a combiner for every column of value
mapReduce({ ...base, value: { a: int64, b: int64 }, map: () => {}, combine: { a: sum } });
// @ts-expect-error a combiner must return what it takes
mapReduce({ ...base, map: () => {}, combine: a => a.count });
// @ts-expect-error a combiner of another type
mapReduce({ ...base, map: () => {}, combine: { count: combiner('', (a, b) => a + b) } });
// @ts-expect-error reduce emits the columns of output
mapReduce({ ...base, output: { word: utf8, mean: float64 }, map: () => {}, reduce: (key, _, emit) => emit({ word: key.word, count: 1 }) });
// @ts-expect-error no such column to sort by
mapReduce({ ...base, map: () => {}, sort: { cuont: 'desc' } });
// @ts-expect-error no such output
mapReduce({ ...base, outputs: { bad: { line: utf8 } }, map: (row, _, ctx) => ctx.emitTo('worse', { line: row.line }) });
// @ts-expect-error no such side file
mapReduce({ ...base, files: { stop: 'stop.txt' }, map: (_row, _emit, ctx) => ctx.files.stops });

// params
// @ts-expect-error no such parameter
mapReduce({ ...base, params: { k: 1 }, map: (_row, _emit, ctx) => ctx.params.n });
// @ts-expect-error not one of the choices
wordcount([{ line: '' }], { words: 'utf8' });
// @ts-expect-error misspelt
pagerank(graph(read('x', edges)), { dampning: 0.9 });
// @ts-expect-error text for a number: only --param reads text
pagerank(graph(read('x', edges)), { damping: '0.9' });
// @ts-expect-error a parameter without default
sssp(graph(read('x', { ...edges, weight: float64 })));

// tables
// @ts-expect-error the table has no column `line`
byRow(read('x.csv', { text: utf8 }));
// @ts-expect-error the column has another type
byRow(read('x.csv', { line: int64 }));
// @ts-expect-error the column may be null, the job does not say so
byRow(read('x.csv', { line: nullable(utf8) }));
// @ts-expect-error the stages do not fit
sessionize(byRow([{ line: 'a' }]));
// @ts-expect-error scales do not mix
mapReduce({ name: 'm', input: { a: decimal(12, 2) }, value: { a: decimal(12, 2) }, map: (r, e) => e(r) })(read('x', { a: decimal(12, 4) }));
// @ts-expect-error options of a connector are plain data
range({ to: () => 1 });
// @ts-expect-error and have their types
range({ to: '1' });
const spec = { columns: async () => ({ n: int64 }), split: async () => [], read: async function* () {} };
// @ts-expect-error a writer is told when its task has ended
connector('sink', { ...spec, write: async () => ({ write: async () => {}, abort: async () => {} }) });
const l = rows([{ id: 1, v: 1 }], { id: int64, v: float64 });
const other = rows([{ id: 'a', w: 1 }], { id: utf8, w: float64 });
// @ts-expect-error keys of different types
join(l, other, { on: 'id' });
// @ts-expect-error a column in both that is not joined on
join(l, l, { on: 'id' });
// @ts-expect-error no such column
join(l, l, { on: 'user', type: 'semi' });
// @ts-expect-error no such column
select(l, { user: 'uid' });

// vertex programs
const program = { name: 'p', state: { rank: float64 }, message: float64 } as const;
// @ts-expect-error no such state
vertexProgram({ ...program, compute: v => { v.rnak = 1; } });
// @ts-expect-error state of the wrong type
vertexProgram({ ...program, compute: v => { v.rank = 'x'; } });
// @ts-expect-error a name that the cursor has
vertexProgram({ name: 'p', state: { id: float64 }, compute() {} });
// @ts-expect-error a message of the wrong type
vertexProgram({ ...program, compute: v => v.sendToOut('x') });
// @ts-expect-error no message declared
vertexProgram({ name: 'p', state: { rank: float64 }, compute: v => v.sendToOut(1) });
// @ts-expect-error without a combiner, messages are many
vertexProgram({ ...program, compute: (v, m) => { v.rank = m + 1; } });
// @ts-expect-error with one, they are one
vertexProgram({ ...program, combine: min, compute: (v, m) => { v.rank = m.length; } });
// @ts-expect-error a vertex is not any number
vertexProgram({ ...program, compute: v => v.sendTo(7, 1) });
// @ts-expect-error vertices have no sum
vertexProgram({ name: 'p', state: {}, message: vertexId, combine: sum, compute() {} });
// @ts-expect-error no such edge column
vertexProgram({ ...program, edge: { weight: float64 }, along: plus('wieght'), compute() {} });
// @ts-expect-error init may not send
vertexProgram({ ...program, init: v => v.sendToOut(1), compute() {} });
// @ts-expect-error compute is not async
vertexProgram({ ...program, compute: async v => { v.rank = 1; } });
// @ts-expect-error no such aggregate
vertexProgram({ ...program, aggregates: { lost: { type: float64, combine: sum } }, compute: (_v, _m, ctx) => ctx.aggregate('lots', 1) });
// @ts-expect-error a sum of booleans
vertexProgram({ ...program, aggregates: { changed: { type: bool, combine: sum } }, compute() {} });
// @ts-expect-error only master sets aggregates
vertexProgram({ ...program, aggregates: { on: { type: bool, combine: any } }, compute: (_v, _m, ctx) => { ctx.aggregates.on = true; } });
// @ts-expect-error output names state
vertexProgram({ ...program, output: ['ranks'], compute() {} });
// @ts-expect-error the graph has no weights
sssp(graph(read('x', edges)), { source: 1 });
// @ts-expect-error a job over a graph gives the columns it promises
graphJob({ name: 'j', output: { rank: float64 }, plan: given => cdlp(given) });
// @ts-expect-error a job over a graph hands on what it reads: it says nothing of weights
graphJob({ name: 'j', output: { distance: float64 }, plan: given => sssp(given, { source: 1 }) });
// @ts-expect-error a promise is not a plan
graphJob({ name: 'j', output: { label: vertexId }, plan: async given => cdlp(given) });
// @ts-expect-error the graph's vertices have no name
trust(graph(read('x', { ...edges, weight: float64, blocked: bool })), {});
// @ts-expect-error ends of different types
graph(rows([{ source: 1, target: 'a' }], { source: int64, target: utf8 }));
// @ts-expect-error a table is not a graph
cdlp(read('x', edges));

// tasks, actors, sessions
// @ts-expect-error an argument of the wrong type
session.remote(square, '2');
// @ts-expect-error a ref to the wrong type
session.remote(square, session.put('2'));
// @ts-expect-error the argument is missing
session.remote(total);
// @ts-expect-error a bare function: nothing names it in a worker
session.remote((n: number) => n, 1);
// @ts-expect-error constructor arguments
session.actor(Best, 'x');
// @ts-expect-error a ref is not its value
export const three = session.remote(square, 2) + 1;
// @ts-expect-error private fields stay private
export const limit = session.actor(Best, 1).limit;
// @ts-expect-error neither a ref nor an actor
session.cancel(5);
// @ts-expect-error not a plan
session.run(wordcount);
// @ts-expect-error inputs by name
job({ name: 'j', inputs: { a: { line: utf8 } }, plan: ({ b }) => byRow(b) });
// @ts-expect-error outputs by name
session.run({ a: byRow([]) }, { output: { b: 'x.csv' } });
// @ts-expect-error a checkpoint is found beside the output, it has no name
session.run(byRow([]), { output: 'x.csv', resume: 'x' });
declare const counts: Result<{ readonly word: typeof utf8 }>;
// @ts-expect-error batches come one by one, as rows do
export const first = counts.batches()[0];
// @ts-expect-error a table of Arrow's comes when all its rows have
export const column = counts.toArrow().getChild('word');
const anything: Table<{ readonly word: typeof utf8 }> = byRow([{ line: '' }]);
export { actor, anything, oneOf, task };
