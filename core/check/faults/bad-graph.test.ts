/** What a graph job gets for bad input, by the command: the message in full, the exit code, and nothing left behind. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import ava, { type ExecutionContext } from 'ava';
import { findJob } from '../../cli/find-job.ts';
import { makeTables } from '../../cli/make-tables.ts';
import { open } from '../../index.ts';
import { fails, placeOf, run } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const session = await open({ workers: 2, memory: '256MiB' });
test.after.always(() => session.close());

const OUT = ['--out', 'out.csv'];
const bfs = (file: string, source: string): string[] => [
  'bfs',
  file,
  '--param',
  `source=${source}`,
  ...OUT,
];

/** A job that fails while its input is read. */
const walks = (job: string): string => `  job ${job}, stage graph walk, task 1, attempt 1`;
const AS_TEXT =
  "  If ids are text, say so: --schema 'source:utf8,target:utf8'. Leave such lines out with --skip-bad N";

test('lines that are not edges, ids beyond 64 bits, weights that are missing or no numbers', async t => {
  const place = placeOf(t, {
    'line.txt': '1 2\n2 3\nhello\n3 1\n',
    'wide.txt': '1 2\n2 9223372036854775808\n',
    'bare.txt': '1 2\n2 3\n',
    'word.txt': '1 2 1.5\n2 3 far\n',
  });
  await fails(t, place, ['wcc', 'line.txt', ...OUT], 1, [
    'superstep: line.txt: row 3 has a source that is no integer   [EDGE_INVALID]',
    '  at byte 8: "hello"',
    walks('wcc'),
    AS_TEXT,
  ]);
  await fails(t, place, ['wcc', 'wide.txt', ...OUT], 1, [
    'superstep: wide.txt: row 2 has a target beyond 64 bits   [EDGE_INVALID]',
    '  at byte 4: "2 9223372036854775808"',
    walks('wcc'),
    AS_TEXT,
  ]);
  const needs =
    '  Every edge needs a number as its third field; mend the file, or leave such lines out with --skip-bad N';
  await fails(t, place, ['sssp', 'bare.txt', '--param', 'source=1', ...OUT], 1, [
    'superstep: bare.txt: row 1 has no weight   [EDGE_INVALID]',
    '  at byte 0: "1 2"',
    walks('sssp'),
    needs,
  ]);
  await fails(t, place, ['sssp', 'word.txt', '--param', 'source=1', ...OUT], 1, [
    'superstep: word.txt: row 2 has a weight that is no number   [EDGE_INVALID]',
    '  at byte 8: "2 3 far"',
    walks('sssp'),
    needs,
  ]);
  const skipped = await run(place, ['wcc', 'line.txt', '--skip-bad', '1']);
  t.is(skipped.stdout, 'vertex,component\n1,1\n2,1\n3,1\n', skipped.stderr);
});

test('the largest and the smallest id come out as they went in', async t => {
  const ids = ['-9223372036854775808', '9223372036854775807'];
  const place = placeOf(t, { 'a.txt': `${ids.join(' ')}\n` });
  const done = await run(place, ['degrees', 'a.txt']);
  t.is(done.stdout, `vertex,in,out\n${ids[0]},0,1\n${ids[1]},1,0\n`, done.stderr);
});

test('weights that are below 0 or NaN, for sssp', async t => {
  const place = placeOf(t, { 'below.txt': '1 2 1.5\n2 3 -4\n', 'nan.txt': '1 2 1.5\n2 3 NaN\n' });
  for (const [file, weight] of [
    ['below', '-4'],
    ['nan', 'NaN'],
  ] as const) {
    await fails(t, place, ['sssp', `${file}.txt`, '--param', 'source=1', ...OUT], 1, [
      `superstep: sssp: init failed at vertex 2, superstep 0: an edge out of it has the weight ${weight}, which is not 0 or more   [TASK_FAILED]`,
      '  job sssp, stage sssp, task 0, attempt 1',
      '  Mend the weights, or leave such edges out.',
    ]);
  }
});

test('a source that is not in the graph', async t => {
  const place = placeOf(t, { 'a.txt': '1 2\n', 'none.txt': '# nothing\n', 'text.txt': 'a b\n' });
  await fails(t, place, bfs('a.txt', '7'), 2, [
    "superstep: parameter 'source': 7 is not a vertex of the graph   [PARAM_INVALID]",
    '  Give an id as it stands in the edges.',
  ]);
  await fails(t, place, bfs('a.txt', 'x'), 2, [
    `superstep: parameter 'source': "x" is not a vertex of the graph, whose ids are integers   [PARAM_INVALID]`,
    "  If ids are text, say so: --schema 'source:utf8,target:utf8'.",
  ]);
  await fails(t, place, bfs('none.txt', '7'), 2, [
    "superstep: parameter 'source': 7 is not a vertex of the graph, which has no vertices   [PARAM_INVALID]",
    '  Check the input: it has no edges.',
  ]);
  const schema = ['--schema', 'source:utf8,target:utf8'];
  await fails(t, place, [...bfs('text.txt', 'c'), ...schema], 2, [
    "superstep: parameter 'source': c is not a vertex of the graph   [PARAM_INVALID]",
    '  Give an id as it stands in the edges.',
  ]);
});

/** Every job over these edges; `expected` is what follows the header. The first is a run of the command, the others share a
 *  session, which costs less. */
async function everyJob(
  t: ExecutionContext,
  edges: string,
  expected: { readonly [job: string]: string },
): Promise<void> {
  const place = placeOf(t, { 'a.txt': edges });
  for (const [i, [job, rows]] of Object.entries(expected).entries()) {
    const param = job === 'bfs' || job === 'sssp' ? ['source=5'] : [];
    const output = join(place.folder, `${job}.csv`);
    if (i === 0) {
      const done = await run(place, [job, 'a.txt', '--out', output]);
      t.is(done.code, 0, done.stderr);
    } else {
      const { tables } = await makeTables(await findJob(job), [join(place.folder, 'a.txt')], {
        param,
      });
      await session.run(tables, { output: { [job]: output } });
    }
    const text = readFileSync(output, 'utf8');
    t.is(text.slice(text.indexOf('\n') + 1), rows, job);
  }
}

test('a graph without vertices: a header and no rows', t =>
  everyJob(t, '', {
    pagerank: '',
    wcc: '',
    cdlp: '',
    lcc: '',
    triangles: '',
    kcore: '',
    degrees: '',
  }));

test('one vertex with a loop', t =>
  everyJob(t, '5 5 2\n', {
    pagerank: '5,1\n',
    bfs: '5,0\n',
    sssp: '5,0\n',
    wcc: '5,5\n',
    cdlp: '5,5\n',
    lcc: '5,0\n',
    triangles: '5,0\n',
    kcore: '5,0\n',
    degrees: '5,1,1\n',
  }));

test('nothing but loops', t =>
  everyJob(t, '5 5 1\n6 6 1\n', {
    pagerank: '5,0.5\n6,0.5\n',
    bfs: '5,0\n6,\n',
    sssp: '5,0\n6,\n',
    wcc: '5,5\n6,6\n',
    cdlp: '5,5\n6,6\n',
    lcc: '5,0\n6,0\n',
    triangles: '5,0\n6,0\n',
    kcore: '5,0\n6,0\n',
    degrees: '5,1,1\n6,1,1\n',
  }));

test('parameters that are not there, or are no such values', async t => {
  const place = placeOf(t, { 'a.txt': '1 2\n' });
  const pagerank = (param: string): string[] => ['pagerank', 'a.txt', '--param', param, ...OUT];
  await fails(t, place, pagerank('iteration=3'), 2, [
    "superstep: unknown parameter 'iteration'   [PARAM_UNKNOWN]",
    '  Did you mean iterations? There are: directed, duplicates, loops, dangling, variant, iterations, damping, tolerance, source.',
  ]);
  await fails(t, place, pagerank('directed=maybe'), 2, [
    'superstep: --param directed=maybe: not one of as-read, true, false   [PARAM_INVALID]',
    '  See: superstep help run',
  ]);
  await fails(t, place, pagerank('iterations=-3'), 2, [
    'superstep: iterations=-3: it is not a number of updates   [PARAM_INVALID]',
    '  See: superstep help run',
  ]);
  await fails(t, place, ['bfs', 'a.txt', ...OUT], 2, [
    "superstep: parameter 'source' (vertexId) must be given   [PARAM_MISSING]",
    '  Give it in the call, or with --param source=…',
  ]);
});

/** A state of 1,600 bytes a vertex. */
const WIDE = `import { float64, vertexProgram } from 'superstep';
const state = Object.fromEntries(Array.from({ length: 200 }, (_, i) => ['x' + i, float64]));
export default vertexProgram({ name: 'wide', state, output: ['x0'], compute(v) { v.voteToHalt(); } });
`;

test('a memory that is too little for the columns of vertices: which one is said', async t => {
  const path = Array.from({ length: 100_000 }, (_, i) => `${i} ${i + 1}\n`).join('');
  const place = placeOf(t, { 'wide.ts': WIDE, 'path.txt': path });
  await fails(t, place, ['./wide.ts', 'path.txt', ...OUT, '--memory', '64MiB'], 1, [
    /^superstep: no memory for column 'x\d+' of \d+ rows \([\d,]+ bytes\) in this worker's share {3}\[MEMORY\]$/,
    /^ {2}job wide, stage wide superstep 0, task \d, attempt 2$/,
    '  Raise --memory or lower --workers.',
  ]);
  const done = await run(place, ['./wide.ts', 'path.txt', ...OUT, '--memory', '1GiB']);
  t.is(done.code, 0, done.stderr);
  t.is(readFileSync(join(place.folder, 'out.csv'), 'utf8').split('\n').length, 100_003);
});

test('a graph of Graphalytics of which a file is missing or wrong', async t => {
  const directed = 'graph.g.directed = true\n';
  const graph = ['wcc', '--input-format', 'graphalytics', 'g', ...OUT];
  const whole = { 'g.properties': directed, 'g.v': '1\n2\n', 'g.e': '1 2\n' };
  const without = (name: keyof typeof whole) => {
    const { [name]: _, ...rest } = whole;
    return placeOf(t, rest);
  };
  await fails(t, without('g.properties'), graph, 2, [
    'superstep: g.properties: no such file   [INPUT_MISSING]',
    '  A graph is named by its path without an ending: g is g.v, g.e and g.properties',
  ]);
  for (const file of ['g.v', 'g.e'] as const)
    await fails(t, without(file), graph, 2, [
      `superstep: ${file}: no such file   [INPUT_MISSING]`,
      `  g.properties names it; it may be compressed: ${file}.gz`,
    ]);
  const perhaps = placeOf(t, { ...whole, 'g.properties': 'graph.g.directed = perhaps\n' });
  await fails(t, perhaps, graph, 1, [
    "superstep: g.properties: it has 'perhaps' for whether the graph is directed   [GRAPH_INVALID]",
    '  Add the line: graph.g.directed = true (or false)',
  ]);
  await fails(t, placeOf(t, { ...whole, 'g.e': '1 9\n' }), graph, 1, [
    'superstep: the edge 1 → 9 has an end, 9, that is not in vertices   [EDGE_DANGLING]',
    "  Add it to vertices, or give graph() danglingEdges: 'drop' or 'add'.",
  ]);
  await fails(t, placeOf(t, { ...whole, 'g.v': '1\n2\n1\n' }), graph, 1, [
    'superstep: vertex 1 is listed twice   [VERTEX_TWICE]',
    '  Give each vertex one row.',
  ]);
});

const BANNER = '%%MatrixMarket matrix coordinate pattern general\n';

test('a Matrix Market file whose header is wrong', async t => {
  const begins =
    '  It begins: %%MatrixMarket matrix coordinate real general (or integer, pattern; symmetric, skew-symmetric)';
  const place = placeOf(t, {
    'none.mtx': '1 2\n',
    'dense.mtx': '%%MatrixMarket matrix array real general\n2 2\n1\n',
    'oblong.mtx': `${BANNER}2 3 1\n1 2\n`,
    'size.mtx': `${BANNER}2 2\n1 2\n`,
    'outside.mtx': `${BANNER}2 2 1\n1 7\n`,
  });
  const invalid = (file: string, lines: readonly string[]): Promise<unknown> => {
    const [first, ...rest] = lines;
    const said = [`superstep: ${file}.mtx: ${first}   [GRAPH_INVALID]`, ...rest];
    return fails(t, place, ['wcc', `${file}.mtx`, ...OUT], 1, said);
  };
  await invalid('none', ['it does not begin as a Matrix Market file', begins]);
  await invalid('dense', ['its matrix is dense', begins]);
  await invalid('oblong', [
    'its matrix is 2 × 3, and that of a graph is square',
    '  Edges between two sets of vertices may be read as an edge list, with ids that differ',
  ]);
  await invalid('size', ['the line of its size is "2 2"', '  It is: rows, columns, entries']);
  await invalid('outside', [
    'entry 1, (1, 7), lies outside of its 2 × 2',
    '  job wcc, stage graph walk, task 2, attempt 1',
    '  Rows and columns count from 1; mend the file, or its header',
  ]);
});

test('csv without a column, or with a cell that is no id; gzip that is cut short', async t => {
  const place = placeOf(t, {
    'names.csv': 'a,b\n1,2\n',
    'bare.csv': 'source,target\n1,2\n',
    'cell.csv': 'source,target\n1,x\n',
  });
  const edges = gzipSync(Array.from({ length: 50_000 }, (_, i) => `${i} ${i + 1}\n`).join(''));
  writeFileSync(join(place.folder, 'cut.txt.gz'), edges.subarray(0, edges.length - 100));
  await fails(t, place, ['wcc', 'names.csv', ...OUT], 2, [
    "superstep: names.csv: no column 'source'   [COLUMN_MISSING]",
    '  There are: a, b. Rename one in the header.',
  ]);
  await fails(t, place, ['sssp', 'bare.csv', '--param', 'source=1', ...OUT], 2, [
    "superstep: bare.csv: no column 'weight'   [COLUMN_MISSING]",
    '  There are: source, target. Rename one in the header.',
  ]);
  await fails(t, place, ['wcc', 'cell.csv', ...OUT], 1, [
    'superstep: cell.csv: row 2 has "x" for target, which is bigint64   [CSV_VALUE]',
    '  at byte 14: "1,x"',
    walks('wcc'),
    /^ {2}Say the type that the column has: --schema .* Leave such rows out with --skip-bad N$/,
  ]);
  await fails(t, place, ['wcc', 'cut.txt.gz', ...OUT], 1, [
    /^superstep: cut\.txt\.gz: the gzip file is truncated, at compressed byte [\d,]+ {3}\[GZIP_CORRUPT\]$/,
    /^ {2}at byte [\d,]+$/,
    walks('wcc'),
    '  Get the file again; gzip -t cut.txt.gz tests it',
  ]);
});

/** Its rows are edges from 1 to 2, with a weight that is text. */
const TABLE = `import { int64, mapReduce, utf8 } from 'superstep';
export default mapReduce({
  name: 'table',
  input: { line: utf8 },
  value: { source: int64, target: int64, weight: utf8 },
  map(row, emit) { emit({ source: 1, target: 2, weight: row.line }); },
});
`;

test('parquet with another type, without a column, or cut short', async t => {
  const place = placeOf(t, { 'table.ts': TABLE, 'a.txt': 'far\n', 'none.parquet': 'none' });
  const made = await run(place, ['./table.ts', 'a.txt', '--out', 'edges.parquet']);
  t.is(made.code, 0, made.stderr);
  const bytes = readFileSync(join(place.folder, 'edges.parquet'));
  writeFileSync(join(place.folder, 'cut.parquet'), bytes.subarray(0, bytes.length - 10));
  const done = await run(place, ['wcc', 'edges.parquet']);
  t.is(done.stdout, 'vertex,component\n1,1\n2,1\n', done.stderr);
  await fails(t, place, ['sssp', 'edges.parquet', '--param', 'source=1', ...OUT], 2, [
    "superstep: edges.parquet: column 'weight' is utf8, and float64 is asked for   [COLUMN_TYPE]",
    "  Write the file with that type; where the job takes another, --schema 'weight:utf8' says so",
  ]);
  const schema = ['--schema', 'source:int64,target:int64,colour:utf8'];
  await fails(t, place, ['wcc', 'edges.parquet', ...schema, ...OUT], 2, [
    "superstep: edges.parquet: no column 'colour'   [COLUMN_MISSING]",
    '  There are: source, target, weight.',
  ]);
  for (const [file, what] of [
    ['none', 'it has 4 bytes, which is no Parquet file'],
    ['cut', 'it does not end as a Parquet file'],
  ]) {
    await fails(t, place, ['wcc', `${file}.parquet`, ...OUT], 1, [
      `superstep: ${file}.parquet: ${what}   [PARQUET_INVALID]`,
      '  Get the file again, or write it again with what made it',
    ]);
  }
});
