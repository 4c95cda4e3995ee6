/** Graphs of the package itself, there and back: in memory, and by way of its JSON. */
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import {
  bigint64,
  bool,
  float64,
  int32,
  int64,
  nullable,
  type Plan,
  type Schema,
  utf8,
} from 'superstep';
import { loadCodec } from 'superstep/internal';
import { testSource } from './conformance.ts';
import graphology, { fromGraphology, type Graphology, toGraphology } from './graphology.ts';
import { failureOf, temporary } from './bytes/testing.ts';

/** As much of the package as is used here. By require: its types are those of an import under a bundler. */
interface Package extends Graphology {
  addNode(key: string, attributes?: object): void;
  addEdge(source: string, target: string, attributes?: object): void;
  addUndirectedEdge(source: string, target: string): void;
  getNodeAttributes(key: string): object;
  export(): object;
  import(data: object, merge?: boolean): Package;
}
type Class = new (options?: { type?: string; multi?: boolean }) => Package;
const { Graph, DirectedGraph, UndirectedGraph, MultiDirectedGraph } = createRequire(
  import.meta.url,
)('graphology') as {
  [name in 'Graph' | 'DirectedGraph' | 'UndirectedGraph' | 'MultiDirectedGraph']: Class;
};

function links<G extends Package>(graph: G): G {
  graph.addNode('b', { size: 2, name: 'Bé' });
  graph.addNode('a', { size: 1 });
  graph.addNode('alone', { size: 7, name: null });
  graph.addEdge('b', 'a', { weight: 0.5, kind: 'x' });
  graph.addEdge('a', 'a', { weight: 2 });
  return graph;
}
const VERTICES = [
  { vertex: 'b', size: 2, name: 'Bé' },
  { vertex: 'a', size: 1, name: null },
  { vertex: 'alone', size: 7, name: null },
];
const EDGES = [
  { source: 'b', target: 'a', weight: 0.5 },
  { source: 'a', target: 'a', weight: 2 },
];
const NODES = { size: int32, name: nullable(utf8) };
const VALUES = { weight: float64 };

const rowsOf = (of: Plan): unknown => (of as Plan & { op: 'rows' }).rows;

function tablesOf({ plan }: { readonly plan: Plan }) {
  const { edges, vertices, options } = plan as Plan & { op: 'graph' };
  return { edges: rowsOf(edges), vertices: rowsOf(vertices!), options };
}

test('a graph in memory: nodes, edges, direction', t => {
  const from = fromGraphology(links(new DirectedGraph()), { nodes: NODES, edges: VALUES });
  t.deepEqual(tablesOf(from), { vertices: VERTICES, edges: EDGES, options: { directed: true } });
  t.deepEqual([from.id, from.vertex, from.edge], [utf8, NODES, VALUES]);
  const bare = fromGraphology(links(new UndirectedGraph()), { selfLoops: 'drop' });
  t.deepEqual(tablesOf(bare), {
    vertices: VERTICES.map(({ vertex }) => ({ vertex })),
    edges: EDGES.map(({ source, target }) => ({ source, target })),
    options: { directed: false, selfLoops: 'drop' },
  });
  const empty = fromGraphology(new Graph());
  t.deepEqual(tablesOf(empty), { vertices: [], edges: [], options: { directed: true } });
});

test('parallel edges stay; a mixed graph has one kind of edges', t => {
  const multi = links(new MultiDirectedGraph());
  multi.addEdge('b', 'a', { weight: 9 });
  const { edges } = tablesOf(fromGraphology(multi, { edges: VALUES }));
  t.deepEqual(edges, [...EDGES, { source: 'b', target: 'a', weight: 9 }]);
  const mixed = new Graph();
  mixed.addNode('a');
  mixed.addNode('b');
  mixed.addUndirectedEdge('a', 'b');
  t.like(tablesOf(fromGraphology(mixed)).options, { directed: false });
  mixed.addEdge('b', 'a');
  t.throws(() => fromGraphology(mixed), {
    code: 'GRAPH_INVALID',
    message: 'graphology: it is mixed: 1 of its 2 edges are undirected',
  });
});

test('attributes that are not there, or of other types', t => {
  const graph = links(new DirectedGraph());
  const from = (nodes: Schema, edges: Schema = {}) => fromGraphology(graph, { nodes, edges });
  t.throws(() => from({ sise: int32 }), {
    code: 'COLUMN_MISSING',
    message: "graphology: nodes: no column 'sise' (int32)",
  });
  t.throws(() => from({ name: utf8 }), {
    code: 'GRAPH_INVALID',
    message: "graphology: node 'a' has no name, which is utf8",
  });
  t.throws(() => from({}, { kind: bool }), {
    message: 'graphology: the edge b → a has "x" for kind, which is bool',
  });
  t.deepEqual(tablesOf(from({ size: bigint64 })).vertices, [
    { vertex: 'b', size: 2n },
    { vertex: 'a', size: 1n },
    { vertex: 'alone', size: 7n },
  ]);
});

test('results come back as attributes', async t => {
  const graph = links(new UndirectedGraph());
  const rows = [
    { vertex: 'a', rank: 0.5, hops: 1 },
    { vertex: 'alone', rank: 0.25, hops: null },
  ];
  t.is(await toGraphology(graph, rows as never), graph);
  t.deepEqual(graph.getNodeAttributes('alone'), { size: 7, name: null, rank: 0.25, hops: null });
  async function* slowly() {
    yield* rows;
  }
  await toGraphology(graph, { rows: slowly as never }, { pagerank: 'rank' });
  t.deepEqual(graph.getNodeAttributes('a'), { size: 1, rank: 0.5, hops: 1, pagerank: 0.5 });
  t.deepEqual(graph.getNodeAttributes('b'), { size: 2, name: 'Bé' });
  const wrong = toGraphology(graph, [{ vertex: 'c', rank: 1 }] as never);
  t.is((await failureOf(wrong)).message, "toGraphology: the graph has no node 'c'");
  const missing = toGraphology(graph, rows as never, { rank: 'rnak' });
  t.like(await failureOf(missing), {
    code: 'COLUMN_MISSING',
    message: "toGraphology: no column 'rnak'",
    details: { remedy: "There are: rank, hops. It is attribute: 'column'." },
  });
});

function write(t: ExecutionContext, text: string | Uint8Array, name = 'g.json'): string {
  const path = join(temporary(t), name);
  writeFileSync(path, text);
  return path;
}
const { source, sink } = graphology;

test('the package’s JSON is a source of nodes and of edges', async t => {
  const json = JSON.stringify(links(new DirectedGraph()).export());
  const vertices = { vertex: utf8, ...NODES };
  const edges = { weight: float64, target: utf8, source: utf8 };
  for (const where of [[write(t, json)], [write(t, gzipSync(json), 'g.json.gz')]]) {
    await testSource(t, { source, where, columns: vertices, expected: VERTICES });
    await testSource(t, { source, where, columns: edges, expected: EDGES });
  }
  const numbers = { nodes: [{ key: 7 }, { key: '-9007199254740993' }], edges: [] };
  const ids = [{ vertex: 7n }, { vertex: -9_007_199_254_740_993n }];
  const where = [write(t, JSON.stringify(numbers))];
  await testSource(t, { source, where, columns: { vertex: bigint64 }, expected: ids });
});

const request = (where: string, vertices: Schema = {}) => ({
  where: [where],
  edges: {},
  vertices,
  options: {},
});

test('the package’s JSON is a graph', async t => {
  const path = write(t, JSON.stringify(links(new UndirectedGraph()).export()));
  const { edges, vertices, directed } = await graphology.graph(request(path, NODES));
  t.is(directed, false);
  t.deepEqual(edges.columns, { source: utf8, target: utf8 });
  t.deepEqual(vertices!.columns, { vertex: utf8, ...NODES });
  t.is(
    (await failureOf(graphology.graph(request('-')))).message,
    'graphology: standard input is given',
  );
});

const MADE = 'Write it with JSON.stringify(graph.export())';

test('JSON that is none of a graph', async t => {
  for (const [text, what] of [
    ['{"nodes":[', /^it is not JSON: /],
    ['7', /^it has no list of nodes$/],
    ['{"nodes":{}}', /^it has no list of nodes$/],
    ['{"nodes":[{"key":"a"},{}]}', /^node 2 has no key$/],
    ['{"nodes":[],"edges":[{"target":"a"}]}', /^edge 1 has no source$/],
    ['{"nodes":[],"edges":[{"source":"a"}]}', /^edge 1 has no target$/],
  ] as const) {
    const path = write(t, text);
    const { code, message, details } = await failureOf(source.describe([path], {}));
    t.is(code, 'GRAPH_INVALID');
    t.regex(message.slice(path.length + 2), what);
    t.deepEqual(details, { file: path, remedy: MADE });
  }
  const path = write(t, '{"nodes":[{"key":"a"}]}');
  t.is(
    (
      await failureOf(
        graphology.graph({ ...request(path), id: int64 }).then(async () => {
          const facts = await source.describe([path], {});
          const [split] = source.split(facts, 1);
          const reader = source.open(
            split!,
            {},
            { chunkBytes: 1, recordBytes: 1 },
            { vertex: int64 },
          );
          await reader.next();
        }),
      )
    ).message,
    `${path}: node 'a' is not named by an int64`,
  );
});

test('what is written is nodes, which the package adds to a graph', async t => {
  const { batchOf } = await loadCodec();
  const written = (columns: Schema, rows: readonly object[]): object => {
    const path = join(temporary(t), 'x.json');
    const writer = sink.open(path, columns);
    for (const row of rows) writer.write(batchOf([row], columns));
    writer.close();
    return JSON.parse(readFileSync(path, 'utf8')) as object;
  };
  const columns = { vertex: utf8, rank: float64, hops: nullable(int64) };
  const rows = [
    { vertex: 'a', rank: 0.5, hops: 1 },
    { vertex: '"b"\n', rank: 0.25, hops: null },
  ];
  const graph = links(new DirectedGraph());
  graph.import(written(columns, rows), true);
  t.deepEqual(graph.getNodeAttributes('a'), { size: 1, rank: 0.5, hops: 1 });
  t.deepEqual(graph.getNodeAttributes('"b"\n'), { rank: 0.25, hops: null });
  t.deepEqual(graph.getNodeAttributes('b'), { size: 2, name: 'Bé' });
  const ids = written({ vertex: bigint64 }, [{ vertex: 2n ** 63n - 1n }]);
  t.like(ids, { nodes: [{ key: '9223372036854775807' }], edges: [] });
  t.like(written(columns, []), { nodes: [] });
  t.throws(() => sink.open('x.json', { word: utf8 }), { code: 'COLUMN_MISSING' });
});
