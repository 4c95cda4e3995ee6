/** What a graph job gets for bad input, in every format: the message in full, the exit code, and nothing left behind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { fails, type Place, placeOf, run } from './command.ts';
import {
  AS_TEXT,
  DANGLING,
  GRAPHALYTICS,
  GRAPHOLOGY,
  LEAVE_OUT,
  OUT,
  walks,
} from './graph-files.ts';
import { oneSession, runIn } from './in-session.ts';

/** One at a time: each is a process with threads of its own, or changes the folder that is worked in. */
const test = ava.serial;
const { session, failsHere } = await oneSession(test);

const FROM_1 = ['--param', 'source=1'];
const bfs = (file: string, source: string): string[] => [
  'bfs',
  file,
  '--param',
  `source=${source}`,
  ...OUT,
];

const NEEDS = `  Every edge needs a number as its third field; mend the file, or ${LEAVE_OUT}`;

test('lines that are not edges, ids beyond 64 bits', async t => {
  const place = placeOf(t, {
    'line.txt': '1 2\n2 3\nhello\n3 1\n',
    'wide.txt': '1 2\n2 9223372036854775808\n',
    'half.txt': '1 2\n3\n',
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
  await failsHere(t, place, ['wcc', 'half.txt', ...OUT], 1, [
    'superstep: half.txt: row 2 has no target   [EDGE_INVALID]',
    '  at byte 4: "3"',
    walks('wcc'),
    '  A line is two ids, with blanks, a tab or a comma between. Leave such lines out with --skip-bad N',
  ]);
  const skipped = await run(place, ['wcc', 'line.txt', '--skip-bad', '1', '--json', ...OUT]);
  t.is(skipped.code, 0, skipped.stderr);
  const { warnings } = JSON.parse(skipped.stdout) as { readonly warnings: readonly string[] };
  t.deepEqual(warnings, ['1 record was left out (--skip-bad)']);
  t.is(readFileSync(join(place.folder, 'out.csv'), 'utf8'), 'vertex,component\n1,1\n2,1\n3,1\n');
});

const listed = (file: string): string[] => ['wcc', 'a.txt', '--input', `vertices=${file}`, ...OUT];

test('lines that are not vertices; vertices that are listed twice, or not at all', async t => {
  const place = placeOf(t, {
    'a.txt': '1 2\n',
    'word.v': '1\ntwo\n',
    'wide.v': '1\n9223372036854775808\n',
    'twice.v': '1\n1\n2\n',
    'few.v': '1\n',
  });
  await failsHere(t, place, listed('word.v'), 1, [
    'superstep: word.v: row 2 has a vertex that is no integer   [EDGE_INVALID]',
    '  at byte 2: "two"',
    walks('wcc'),
    AS_TEXT,
  ]);
  await failsHere(t, place, listed('wide.v'), 1, [
    'superstep: wide.v: row 2 has a vertex beyond 64 bits   [EDGE_INVALID]',
    '  at byte 2: "9223372036854775808"',
    walks('wcc'),
    AS_TEXT,
  ]);
  await failsHere(t, place, listed('twice.v'), 1, [
    'superstep: twice.v: vertex 1 is listed twice   [VERTEX_TWICE]',
    '  Give each vertex one row.',
  ]);
  await fails(t, place, listed('few.v'), 1, [
    'superstep: a.txt: the edge 1 → 2 has an end, 2, that is not in vertices   [EDGE_DANGLING]',
    DANGLING,
  ]);
});

test('the largest and the smallest id come out as they went in', async t => {
  const ids = ['-9223372036854775808', '9223372036854775807'];
  const place = placeOf(t, { 'a.txt': `${ids.join(' ')}\n` });
  const done = await run(place, ['degrees', 'a.txt']);
  t.is(done.stdout, `vertex,in,out\n${ids[0]},0,1\n${ids[1]},1,0\n`, done.stderr);
});

const sssp = (...file: readonly string[]): string[] => ['sssp', ...file, ...FROM_1, ...OUT];

const REAL = '%%MatrixMarket matrix coordinate real general\n';
/** A graph of two vertices and an edge from 1 to 2 in every format, whose weight is `weight`. */
const weighing = (weight: string): { readonly [file: string]: string } => ({
  'a.txt': `1 2 ${weight}\n`,
  'a.csv': `source,target,weight\n1,2,${weight}\n`,
  'a.mtx': `${REAL}2 2 1\n1 2 ${weight}\n`,
  'g.properties': 'graph.g.directed = true\ngraph.g.edge-properties.names = weight\n',
  'g.v': '1\n2\n',
  'g.e': `1 2 ${weight}\n`,
  'g.json': `{"nodes":[{"key":"1"},{"key":"2"}],"edges":[{"source":"1","target":"2","attributes":{"weight":${weight === 'far' ? '"far"' : weight}}}]}`,
});
const FILES: readonly (readonly string[])[] = [
  ['a.txt'],
  ['a.csv'],
  ['a.mtx'],
  GRAPHALYTICS,
  GRAPHOLOGY,
];

const refused = (vertex: string, weight: string): string[] => [
  `superstep: sssp: init failed at vertex ${vertex}, superstep 0: an edge out of it has the weight ${weight}, which is not 0 or more   [TASK_FAILED]`,
  '  job sssp, stage sssp, task 0, attempt 1',
  '  Mend the weights, or leave such edges out.',
];

test('weights below 0, in every format, and such as are NaN, for sssp', async t => {
  const place = placeOf(t, weighing('-4'));
  for (const file of FILES) {
    const said = refused(file === GRAPHOLOGY ? '"1"' : '1', '-4');
    await failsHere(t, place, ['sssp', ...file, ...FROM_1, ...OUT], 1, said);
  }
  const nan = placeOf(t, { 'nan.txt': '1 2 1.5\n2 3 NaN\n' });
  await fails(t, nan, ['sssp', 'nan.txt', ...FROM_1, ...OUT], 1, refused('2', 'NaN'));
});

const ofLine = (file: string, row: number, at: number): (string | RegExp)[] => [
  `superstep: ${file}: row ${row} has a weight that is no number   [EDGE_INVALID]`,
  `  at byte ${at}: "1 2 far"`,
  walks('sssp'),
  NEEDS,
];

test('weights that are no numbers, in every format', async t => {
  const place = placeOf(t, weighing('far'));
  await failsHere(t, place, sssp('a.txt'), 1, ofLine('a.txt', 1, 0));
  await failsHere(t, place, sssp(...GRAPHALYTICS), 1, ofLine('g.e', 1, 0));
  await failsHere(t, place, sssp('a.mtx'), 1, [
    ...ofLine('a.mtx', 3, 52).slice(0, -1),
    `  Mend the file, or ${LEAVE_OUT}`,
  ]);
  await failsHere(t, place, sssp('a.csv'), 1, [
    'superstep: a.csv: row 2 has "far" for weight, which is float64   [CSV_VALUE]',
    '  at byte 21: "1,2,far"',
    walks('sssp'),
    "  Mend the file, or leave such rows out with --skip-bad N. Where the job takes another type, say so: --schema 'weight:utf8', or weight:float64? where a cell may be empty",
  ]);
  await failsHere(t, place, sssp(...GRAPHOLOGY), 1, [
    'superstep: g.json: the edge 1 → 2 has "far" for weight, which is float64   [GRAPH_INVALID]',
    walks('sssp'),
    '  Give every one a weight of that type, or ask for nullable(float64)',
  ]);
});

const missing = (where: string, remedy: string): string[] => [
  `superstep: ${where}: no column 'weight' (float64)   [COLUMN_MISSING]`,
  `  There are: source, target. ${remedy}`,
];

test('weights that are not there, in every format', async t => {
  const pattern = '%%MatrixMarket matrix coordinate pattern general\n';
  const place = placeOf(t, {
    'a.txt': '1 2\n2 3\n',
    'a.csv': 'source,target\n1,2\n',
    'a.mtx': `${pattern}2 2 1\n1 2\n`,
    'g.properties': 'graph.g.directed = true\n',
    'g.v': '1\n2\n',
    'g.e': '1 2\n',
    'g.json': '{"nodes":[{"key":"1"}],"edges":[{"source":"1","target":"1"}]}',
  });
  await failsHere(t, place, sssp('a.txt'), 1, [
    'superstep: a.txt: row 1 has no weight   [EDGE_INVALID]',
    '  at byte 0: "1 2"',
    walks('sssp'),
    NEEDS,
  ]);
  await failsHere(t, place, sssp('a.csv'), 2, [
    "superstep: a.csv: no column 'weight'   [COLUMN_MISSING]",
    '  There are: source, target. Rename one in the header.',
  ]);
  await failsHere(
    t,
    place,
    sssp('a.mtx'),
    2,
    missing(
      'a.mtx',
      'Entries of a pattern have no values: write them as real, or run a job without weights.',
    ),
  );
  await failsHere(
    t,
    place,
    sssp(...GRAPHALYTICS),
    2,
    missing(
      'g.e',
      'If edges have a weight, say so in g.properties: graph.g.edge-properties.names = weight',
    ),
  );
  await failsHere(
    t,
    place,
    sssp(...GRAPHOLOGY),
    2,
    missing('g.json: edges', 'Others are attributes: give edges one of that name.'),
  );
});

test('a source that is not in the graph', async t => {
  const place = placeOf(t, { ...weighing('1'), 'none.txt': '# nothing\n', 'text.txt': 'a b\n' });
  const there = '  Give an id as it stands in the edges.';
  await fails(t, place, bfs('a.txt', '7'), 2, [
    "superstep: parameter 'source': 7 is not a vertex of the graph   [PARAM_INVALID]",
    there,
  ]);
  for (const file of FILES) {
    await failsHere(t, place, ['sssp', ...file, '--param', 'source=7', ...OUT], 2, [
      "superstep: parameter 'source': 7 is not a vertex of the graph   [PARAM_INVALID]",
      there,
    ]);
  }
  await failsHere(t, place, bfs('a.txt', 'x'), 2, [
    `superstep: parameter 'source': "x" is not a vertex of the graph, whose ids are integers   [PARAM_INVALID]`,
    "  If ids are text, say so: --schema 'source:utf8,target:utf8'.",
  ]);
  await failsHere(t, place, bfs('a.txt', '9223372036854775808'), 2, [
    "superstep: parameter 'source': 9223372036854775808 is not a vertex of the graph   [PARAM_INVALID]",
    there,
  ]);
  await failsHere(t, place, bfs('none.txt', '7'), 2, [
    "superstep: parameter 'source': 7 is not a vertex of the graph, which has no vertices   [PARAM_INVALID]",
    '  Check the input: it has no edges.',
  ]);
  const schema = ['--schema', 'source:utf8,target:utf8'];
  await failsHere(t, place, [...bfs('text.txt', 'c'), ...schema], 2, [
    "superstep: parameter 'source': c is not a vertex of the graph   [PARAM_INVALID]",
    there,
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
    const param = job === 'bfs' || job === 'sssp' ? ['--param', 'source=5'] : [];
    const output = join(place.folder, `${job}.csv`);
    if (i === 0) {
      const done = await run(place, [job, 'a.txt', '--out', output]);
      t.is(done.code, 0, done.stderr);
    } else {
      await runIn(session, place, [job, 'a.txt', ...param, '--out', output]);
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

/** What `wcc` says of the graph of each format. */
async function ofEveryFormat(t: ExecutionContext, place: Place, rows: string): Promise<void> {
  for (const [i, file] of FILES.entries()) {
    await runIn(session, place, ['wcc', ...file, '--out', `${i}.csv`]);
    const text = readFileSync(join(place.folder, `${i}.csv`), 'utf8');
    t.is(text, `vertex,component\n${rows}`, file.join(' '));
  }
}

const graphs = (vertices: string, edges: string) => ({
  ...weighing('1'),
  'a.txt': edges,
  'a.csv': `source,target\n${edges.replace(' ', ',')}`,
  'a.mtx': `${REAL}${vertices === '' ? '0 0 0\n' : '1 1 1\n1 1 1\n'}`,
  'g.v': vertices,
  'g.e': edges,
  'g.json':
    vertices === ''
      ? '{"nodes":[],"edges":[]}'
      : '{"nodes":[{"key":"1"}],"edges":[{"source":"1","target":"1"}]}',
});

test('in every format: no vertices; one with an edge to itself', async t => {
  await ofEveryFormat(t, placeOf(t, graphs('', '')), '');
  await ofEveryFormat(t, placeOf(t, graphs('1\n', '1 1\n')), '1,1\n');
});

test('one vertex without an edge, where a format lists vertices', async t => {
  const place = placeOf(t, {
    ...weighing('1'),
    'a.mtx': `${REAL}1 1 0\n`,
    'g.v': '1\n',
    'g.e': '',
    'g.json': '{"nodes":[{"key":"1"}],"edges":[]}',
  });
  for (const file of FILES.slice(2)) {
    for (const [job, value] of [
      ['pagerank', '1'],
      ['wcc', '1'],
      ['cdlp', '1'],
      ['lcc', '0'],
    ]) {
      const out = `${job}-${file.at(-1)}.csv`;
      await runIn(session, place, [job!, ...file, '--out', out]);
      const text = readFileSync(join(place.folder, out), 'utf8');
      t.is(text.slice(text.indexOf('\n') + 1), `1,${value}\n`, out);
    }
  }
});

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

const pagerank = (param: string): string[] => ['pagerank', 'a.txt', '--param', param, ...OUT];

test('parameters that are not there, or are no such values', async t => {
  const place = placeOf(t, { 'a.txt': '1 2\n' });

  await fails(t, place, pagerank('iteration=3'), 2, [
    "superstep: unknown parameter 'iteration'   [PARAM_UNKNOWN]",
    '  Did you mean iterations? There are: directed, duplicates, loops, dangling, variant, iterations, damping, tolerance, source.',
  ]);
  await failsHere(t, place, pagerank('directed=maybe'), 2, [
    'superstep: --param directed=maybe: not one of as-read, true, false   [PARAM_INVALID]',
    '  See: superstep help run',
  ]);
  await failsHere(t, place, pagerank('iterations=-3'), 2, [
    'superstep: iterations=-3: it is not a number of updates   [PARAM_INVALID]',
    '  See: superstep help run',
  ]);
  await failsHere(t, place, ['bfs', 'a.txt', ...OUT], 2, [
    "superstep: parameter 'source' (vertexId) must be given   [PARAM_MISSING]",
    '  Give it in the call, or with --param source=…',
  ]);
  await failsHere(t, place, ['wcc', 'a.txt', '--input-format', 'snap', ...OUT], 2, [
    'superstep: --input-format snap: there is no format "snap"   [FORMAT_UNKNOWN]',
    '  Formats are text, csv, parquet, edges, mtx, graphology, graphalytics',
  ]);
  const mixed = ['--schema', 'source:utf8,target:int64'];
  await failsHere(t, place, ['wcc', 'a.txt', ...mixed, ...OUT], 2, [
    'superstep: --schema: source is utf8 and target is int64, and ids of a graph are of one type   [USAGE]',
    "  Say one: --schema 'source:utf8,target:utf8'",
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
