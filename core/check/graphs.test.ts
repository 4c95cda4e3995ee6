/** Graphs among other stages: fed by a map-reduce, read by one, several programs over one, and what the report and the plan say. */
import serial from 'ava';
import { graph, int64, open, rows, select, utf8, type Session } from '../index.ts';
import { collect } from '../testing.ts';
import { components, paths } from './jobs/programs.ts';
import { links as linksOf, sizes } from './jobs/graph-chain.ts';
import { float64 } from '../define/schema.ts';

const test = serial.serial;

const PAGES = [
  { line: 'a b c' },
  { line: 'b c' },
  { line: 'd e' },
  { line: 'e d f' },
  { line: 'g g' },
];

const sorted = (of: readonly object[]) => of.map(row => JSON.stringify(row)).toSorted();

let session: Session;
test.before(async () => void (session = await open({ workers: 2 })));
test.after.always(() => session.close());

test('pages to links to components to sizes: a map-reduce, a program and a map-reduce, without files between', async t => {
  const table = sizes(components(graph(linksOf(PAGES))));
  const result = await session.run(table);
  const got = await result.toArray();
  t.deepEqual(sorted(got), sorted(collect(table)));
  t.deepEqual(
    sorted(got),
    sorted([
      { component: 'a', vertices: 3 },
      { component: 'd', vertices: 3 },
      { component: 'g', vertices: 1 },
    ]),
  );
});

const EDGES = rows(
  Array.from({ length: 3000 }, (_, i) => ({
    source: i % 300,
    target: (i * i + (i >> 4)) % 300,
    weight: 1 + (i % 5),
  })),
  { source: int64, target: int64, weight: float64 },
);

test('two programs over one graph: it is loaded once', async t => {
  const of = graph(EDGES);
  const alone = (await session.run({ c: components(of) })).c.report;
  const both = { c: components(of), p: paths(of, { source: 0 }) };
  const results = await session.run(both);
  t.deepEqual(await results.c.toArray(), collect(both.c));
  t.deepEqual(await results.p.toArray(), collect(both.p));
  t.is(results.c.report.input.rows, alone.input.rows, 'edges are read once');
  t.is(results.p.report.graph!.supersteps > alone.graph!.supersteps, true);
});

test('the report says how messages went', async t => {
  const { report } = await session.run(paths(graph(EDGES), { source: 0 }));
  const { supersteps, messages, pulled, pushed } = report.graph!;
  t.true(supersteps > 2);
  t.true(messages >= 3000);
  t.true(pulled + pushed > 0);
  t.true(pushed > 0, 'one source has few edges');
  t.true(report.seconds.process > 0 && report.seconds.load > 0);
  t.true(report.shuffled.bytes > 0);
});

test('a source that is not in the graph is refused before superstep 0', async t => {
  await t.throwsAsync(session.run(paths(graph(EDGES), { source: 4711 })), {
    code: 'PARAM_INVALID',
    message: "parameter 'source': 4711 is not a vertex of the graph",
  });
});

test('an empty graph, one vertex, and nothing but loops', async t => {
  const text = { source: utf8, target: utf8 };
  const none = components(graph(rows([], text)));
  t.deepEqual(await (await session.run(none)).toArray(), []);
  const one = components(
    graph(rows([], text), { vertices: rows([{ vertex: 'x' }], { vertex: utf8 }) }),
  );
  t.deepEqual(await (await session.run(one)).toArray(), [
    { vertex: 'x', component: 'x', first: null },
  ]);
  const loops = components(graph(rows([{ source: 'x', target: 'x' }], text)));
  t.deepEqual(await (await session.run(loops)).toArray(), [
    { vertex: 'x', component: 'x', first: null },
  ]);
});

test('the plan says what is loaded and how messages travel', async t => {
  const of = graph(select(EDGES, { source: 'source', target: 'target', weight: 'weight' }), {
    selfLoops: 'drop',
  });
  const text = await session.explain({ p: paths(of, { source: 0 }), c: components(of) });
  t.is(
    text.split('\n').slice(0, 13).join('\n'),
    `job components
stage 0   graph (load)
  reads    3000 rows in memory, as source, target, weight
  edges    directed, ids int64, with weight, without loops into ranges of vertices, 1 to 64 by their number and that of edges
stage 1   paths (program)
  reads    graph of stage 0
  messages float64 along weight (plus): folded by a kernel (min), pulled from many senders or pushed by few
  ends     when all have voted to halt, or 10,000 supersteps, an error
stage 2   components (program)
  reads    graph of stage 0
  messages vertexId: folded by a kernel (min), pulled from many senders or pushed by few
  ends     when all have voted to halt, or 10,000 supersteps, an error
output p    stage 1: vertex int64, distance float64, parentCount int32`,
  );
});
