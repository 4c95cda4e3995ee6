/** From paths, formats and parameters of a command line to a graph: the plan of the table that is asked for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { vertexProgram } from '../pregel/define.ts';
import {
  bigint64,
  float64,
  int32,
  nullable,
  type Schema,
  utf8,
  vertexId,
} from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { type Code, SuperstepError } from '../errors.ts';
import { loadSink } from '../io.ts';
import type { Definition } from './find-job.ts';
import type { RunFlags } from './flags.ts';
import { makeTables } from './make-tables.ts';

const walk = vertexProgram({
  name: 'sssp',
  params: { source: vertexId, hops: 10 },
  vertex: { capacity: int32 },
  edge: { weight: float64 },
  state: { distance: nullable(float64) },
  compute: v => v.voteToHalt(),
}) as unknown as Definition;
const plain = vertexProgram({
  name: 'pagerank',
  params: { damping: 0.85, iterations: 20 },
  state: { rank: float64 },
  compute: v => v.voteToHalt(),
}) as unknown as Definition;

type GraphPlan = Plan & { readonly op: 'graph' };

async function made(definition: Definition, paths: readonly string[], flags: RunFlags = {}) {
  const { tables, single, sink } = await makeTables(definition, paths, flags);
  const [table] = Object.values(tables);
  const { input, params } = table!.plan as Plan & { readonly op: 'apply' };
  const { edges, vertices, options } = input as GraphPlan;
  const [from, to] = [edges as Read, (vertices ?? {}) as Read];
  return { single, sink, params, edges: from, vertices: to, flags: options };
}
type Read = Plan & { readonly op: 'read'; readonly where: readonly string[] };

const ENDS = { source: bigint64, target: bigint64 };

async function refuses(
  t: ExecutionContext,
  run: Promise<unknown>,
  code: Code,
  message: string,
): Promise<void> {
  const error = (await t.throwsAsync(run, { instanceOf: SuperstepError })) as SuperstepError;
  t.like(error, { code, message });
}

test('edges are positional, and have the columns that the job reads', async t => {
  const { single, edges, vertices, flags, params } = await made(plain, ['a.txt', 'b.txt']);
  t.true(single);
  t.deepEqual(edges, { op: 'read', where: ['a.txt', 'b.txt'], columns: ENDS, options: {} });
  t.deepEqual(vertices as object, {});
  t.deepEqual(flags, {});
  t.deepEqual(params, { damping: 0.85, iterations: 20 });
});

test('vertices are an input of their own; --schema says types', async t => {
  const { edges, vertices, flags, params } = await made(walk, [], {
    input: ['edges=e.csv', 'vertices=v.csv'],
    schema: 'source:utf8,target:utf8,weight:float64,capacity:int32',
    param: ['source=FRA', 'directed=false', 'duplicates=drop', 'loops=drop', 'dangling=drop'],
  });
  t.deepEqual(edges.columns, { source: utf8, target: utf8, weight: float64 });
  t.deepEqual(edges.where, ['e.csv']);
  t.deepEqual(vertices.columns, { vertex: utf8, capacity: int32 });
  t.deepEqual(vertices.where, ['v.csv']);
  t.deepEqual(params, { source: 'FRA', hops: 10 });
  t.deepEqual(flags, {
    directed: false,
    selfLoops: 'drop',
    duplicateEdges: 'drop',
    danglingEdges: 'drop',
  });
});

test('what no graph can be made of', async t => {
  await refuses(t, made(plain, []), 'USAGE', 'pagerank: no input is given');
  await refuses(
    t,
    made(plain, ['a'], { param: ['directed=perhaps'] }),
    'PARAM_INVALID',
    '--param directed=perhaps: not one of as-read, true, false',
  );
  await refuses(
    t,
    made(plain, ['a'], { param: ['loop=keep'] }),
    'PARAM_UNKNOWN',
    "unknown parameter 'loop'",
  );
  await refuses(
    t,
    made(walk, ['a'], { param: ['source=1'] }),
    'COLUMN_MISSING',
    "sssp: vertices: no column 'capacity' (int32)",
  );
  await refuses(
    t,
    made(plain, ['a'], { inputFormat: 'xml' }),
    'FORMAT_UNKNOWN',
    '--input-format xml: there is no format "xml"',
  );
});

const PROPERTIES = `# of a graph
graph.g.vertex-file = g.v
graph.g.edge-file = sub/g.e
graph.g.directed = false
graph.g.edge-properties.names = weight
graph.g.pr.damping-factor = 0.5
graph.g.pr.num-iterations = 7
graph.g.sssp.weight-property = weight
graph.g.sssp.source-vertex = 9223372036854775807
`;

function write(t: ExecutionContext, files: { readonly [name: string]: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'sub'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, 'g');
}

const GRAPHALYTICS: RunFlags = { inputFormat: 'graphalytics' };
const FILES = { 'g.properties': PROPERTIES, 'g.v': '1\n', 'sub/g.e.gz': '' };

test('Graphalytics: tables, direction and parameters by the properties', async t => {
  const path = write(t, FILES);
  for (const given of [path, `${path}.e`, `${path}.properties`]) {
    const { edges, vertices, flags, params } = await made(plain, [given], GRAPHALYTICS);
    t.is(edges.where[0], join(path, '../sub/g.e.gz'));
    t.deepEqual(edges.columns, ENDS);
    t.is(vertices.where[0], `${path}.v`);
    t.deepEqual(vertices.columns, { vertex: bigint64 });
    t.deepEqual([edges.options, vertices.options], [{ format: 'edges' }, { format: 'edges' }]);
    t.deepEqual(flags, { directed: false });
    t.deepEqual(params, { damping: 0.5, iterations: 7 });
  }
  const said = { ...GRAPHALYTICS, param: ['iterations=3', 'directed=true', 'loops=drop'] };
  const { flags, params } = await made(plain, [path], said);
  t.deepEqual(flags, { directed: true, selfLoops: 'drop' });
  t.deepEqual(params, { damping: 0.5, iterations: 3 });
});

test('Graphalytics: weights, a source, and what cannot be reached', async t => {
  const path = write(t, FILES);
  const light = vertexProgram({
    name: 'sssp',
    module: 'test:light',
    params: { source: vertexId },
    edge: { weight: float64 },
    state: { distance: nullable(float64) },
    compute: v => v.voteToHalt(),
  }) as unknown as Definition;
  const { edges, params, sink } = await made(light, [path], GRAPHALYTICS);
  t.deepEqual(edges.columns, { ...ENDS, weight: float64 });
  t.deepEqual(params, { source: '9223372036854775807' });
  t.is(sink.nulls!['int64'], '9223372036854775807');
  t.is(sink.nulls!['float64'], 'infinity');
});

test('Graphalytics: files that are missing or wrong', async t => {
  const path = write(t, { 'g.properties': 'graph.g.directed = maybe\n', 'g.v': '', 'g.e': '' });
  await refuses(
    t,
    made(plain, [path], GRAPHALYTICS),
    'GRAPH_INVALID',
    `${path}.properties: it has 'maybe' for whether the graph is directed`,
  );
  await refuses(
    t,
    made(walk, [path], GRAPHALYTICS),
    'COLUMN_MISSING',
    `${path}.e: no column 'weight' (float64)`,
  );
  await refuses(
    t,
    made(plain, [`${path}2`], GRAPHALYTICS),
    'INPUT_MISSING',
    `${path}2.properties: no such file`,
  );
  await refuses(
    t,
    made(plain, [path, path], GRAPHALYTICS),
    'USAGE',
    'graphalytics: 2 graphs are given',
  );
  const bare = write(t, { 'g.properties': 'graph.g.directed : true\n', 'g.e': '' });
  await refuses(t, made(plain, [bare], GRAPHALYTICS), 'INPUT_MISSING', `${bare}.v: no such file`);
  const whole = write(t, FILES);
  await refuses(
    t,
    made(plain, [whole], { ...GRAPHALYTICS, input: ['vertices=v.txt'] }),
    'USAGE',
    `pagerank: ${whole} has the vertices already`,
  );
});

test('Matrix Market: direction and vertices by the header', async t => {
  const path = write(t, {});
  const banner = '%%MatrixMarket matrix coordinate real';
  writeFileSync(`${path}.mtx`, `${banner} symmetric\n5 5 1\n2 1 1\n`);
  const { edges, vertices, flags } = await made(plain, [`${path}.mtx`]);
  t.deepEqual([edges.where, vertices.where], [[`${path}.mtx`], [`${path}.mtx`]]);
  t.deepEqual([edges.options, vertices.options], [{ format: 'mtx' }, { format: 'mtx' }]);
  t.deepEqual(flags, { directed: false });
  writeFileSync(path, `${banner} general\n5 5 1\n2 1 1\n`);
  const asked = { inputFormat: 'mtx', param: ['source=1'], input: ['vertices=v.csv'] };
  const weighted = await made(walk, [path], asked);
  t.deepEqual(weighted.edges.columns, { ...ENDS, weight: float64 });
  t.deepEqual(weighted.vertices.where, ['v.csv']);
  t.deepEqual(weighted.vertices.options, {});
  t.deepEqual(weighted.flags, { directed: true });
});

test('graphology: names, direction and vertices by its JSON', async t => {
  const path = write(t, {});
  const nodes = [{ key: 'a', attributes: { capacity: 1 } }, { key: 'b' }];
  const edges = [{ source: 'a', target: 'b', attributes: { weight: 2 } }];
  writeFileSync(path, JSON.stringify({ options: { type: 'undirected' }, nodes, edges }));
  const asked = { inputFormat: 'graphology', param: ['source=a'] };
  const read = await made(walk, [path], asked);
  t.deepEqual(read.edges.columns, { source: utf8, target: utf8, weight: float64 });
  t.deepEqual(read.vertices.columns, { vertex: utf8, capacity: int32 });
  t.deepEqual(read.flags, { directed: false });
  const ids = { ...asked, schema: 'source:int64,target:int64,weight:float64?' };
  const numbered = await made(walk, [path], ids).catch((error: SuperstepError) => error.code);
  t.is(numbered, 'COLUMN_TYPE', 'the job wants weights that are there');
});

test('nulls are written as the graph has it, and the lines of Graphalytics have a blank', async t => {
  const { fieldsOf } = await import('../batch/columns.ts');
  const { batchOf } = await import('../batch/codec.ts');
  const { readFileSync } = await import('node:fs');
  const columns: Schema = { vertex: bigint64, hops: nullable(bigint64), far: nullable(float64) };
  const rows = [
    { vertex: 1n, hops: null, far: 0.1 },
    { vertex: 2n, hops: 3n, far: null },
  ];
  const path = write(t, {});
  t.is(fieldsOf(columns).length, 3);
  const written = async (format: string, options?: object): Promise<string> => {
    const file = `${path}-${format}-${options === undefined}`;
    const writer = (await loadSink(format)).open(file, columns, options);
    writer.write(batchOf(rows, columns));
    writer.close();
    return readFileSync(file, 'utf8');
  };
  const nulls = { int64: '9223372036854775807', float64: 'infinity' };
  t.is(await written('csv'), 'vertex,hops,far\n1,,0.1\n2,3,\n');
  t.is(
    await written('csv', { nulls }),
    'vertex,hops,far\n1,9223372036854775807,0.1\n2,3,infinity\n',
  );
  t.is(await written('text', { nulls }), '1\t9223372036854775807\t0.1\n2\t3\tinfinity\n');
  t.is(await written('graphalytics'), '1 9223372036854775807 0.1\n2 3 infinity\n');
});
