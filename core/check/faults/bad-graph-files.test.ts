/** What graph jobs get for files that are no graph, in every format: the message in full, the exit code, and nothing left
 *  behind. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import ava from 'ava';
import { fails, placeOf, run } from './command.ts';
import {
  AS_TEXT,
  DANGLING,
  GRAPHALYTICS,
  GRAPHOLOGY,
  LEAVE_OUT,
  OUT,
  walks,
} from './graph-files.ts';
import { oneSession } from './in-session.ts';

/** One at a time: each is a process with threads of its own, or changes the folder that is worked in. */
const test = ava.serial;
const { failsHere } = await oneSession(test);

test('a graph of Graphalytics of which a file is missing or wrong', async t => {
  const directed = 'graph.g.directed = true\n';
  const graph = ['wcc', ...GRAPHALYTICS, ...OUT];
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
    await failsHere(t, without(file), graph, 2, [
      `superstep: ${file}: no such file   [INPUT_MISSING]`,
      `  g.properties names it; it may be compressed: ${file}.gz`,
    ]);
  const perhaps = placeOf(t, { ...whole, 'g.properties': 'graph.g.directed = perhaps\n' });
  await failsHere(t, perhaps, graph, 1, [
    "superstep: g.properties: it has 'perhaps' for whether the graph is directed   [GRAPH_INVALID]",
    '  Add the line: graph.g.directed = true (or false)',
  ]);
  await failsHere(t, placeOf(t, { ...whole, 'g.e': '1 9\n' }), graph, 1, [
    'superstep: g.e: the edge 1 → 9 has an end, 9, that is not in vertices   [EDGE_DANGLING]',
    DANGLING,
  ]);
  await failsHere(t, placeOf(t, { ...whole, 'g.v': '1\n2\n1\n' }), graph, 1, [
    'superstep: g.v: vertex 1 is listed twice   [VERTEX_TWICE]',
    '  Give each vertex one row.',
  ]);
  for (const [file, text, said] of [
    ['g.v', '1\n2\nx\n', 'row 3 has a vertex that is no integer'],
    ['g.v', '1\n2\n9223372036854775808\n', 'row 3 has a vertex beyond 64 bits'],
    ['g.e', '1 2\nx\n', 'row 2 has a source that is no integer'],
    ['g.e', '1 2\n9223372036854775808 1\n', 'row 2 has a source beyond 64 bits'],
  ] as const) {
    const at = 4;
    const record = text.slice(at, -1);
    await failsHere(t, placeOf(t, { ...whole, [file]: text }), graph, 1, [
      `superstep: ${file}: ${said}   [EDGE_INVALID]`,
      `  at byte ${at}: "${record}"`,
      walks('wcc'),
      AS_TEXT,
    ]);
  }
});

const BANNER = '%%MatrixMarket matrix coordinate pattern general\n';

test('a Matrix Market file whose header or entries are wrong', async t => {
  const begins =
    '  It begins: %%MatrixMarket matrix coordinate real general (or integer, pattern; symmetric, skew-symmetric)';
  const place = placeOf(t, {
    'none.mtx': '1 2\n',
    'dense.mtx': '%%MatrixMarket matrix array real general\n2 2\n1\n',
    'oblong.mtx': `${BANNER}2 3 1\n1 2\n`,
    'size.mtx': `${BANNER}2 2\n1 2\n`,
    'outside.mtx': `${BANNER}2 2 1\n1 7\n`,
    'short.mtx': `${BANNER}2 2 2\n1 2\n`,
    'word.mtx': `${BANNER}2 2 2\n1 2\n1 x\n`,
    'wide.mtx': `${BANNER}2 2 1\n1 9223372036854775808\n`,
  });
  const invalid = (file: string, lines: readonly (string | RegExp)[]): Promise<unknown> => {
    const [first, ...rest] = lines;
    const said = [`superstep: ${file}.mtx: ${String(first)}   [GRAPH_INVALID]`, ...rest];
    const args = ['wcc', `${file}.mtx`, ...OUT];
    if (file === 'outside') return fails(t, place, args, 1, said);
    return failsHere(t, place, args, 1, said);
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
    walks('wcc'),
    '  Rows and columns count from 1; mend the file, or its header',
  ]);
  await invalid('short', [
    'it has 1 entries, its header says 2',
    walks('wcc'),
    '  Get the file again if it was cut short; otherwise mend the header',
  ]);
  for (const [file, said, at] of [
    ['word', 'row 4 has a target that is no integer', '59: "1 x"'],
    ['wide', 'row 3 has a target beyond 64 bits', '55: "1 9223372036854775808"'],
  ]) {
    await failsHere(t, place, ['wcc', `${file}.mtx`, ...OUT], 1, [
      `superstep: ${file}.mtx: ${said}   [EDGE_INVALID]`,
      `  at byte ${at}`,
      walks('wcc'),
      `  Mend the file, or ${LEAVE_OUT}`,
    ]);
  }
});

const nodesAndEdges = (nodes: string, edges = ''): string =>
  `{"nodes":[${nodes}],"edges":[${edges}]}`;

test('graphology JSON that is no graph, or one that cannot be read', async t => {
  const [a, b] = ['{"key":"a"}', '{"key":"b"}'];
  const ab = '{"source":"a","target":"b"}';
  const written = '  Write it with JSON.stringify(graph.export())';
  const cases: readonly (readonly [json: string, lines: readonly (string | RegExp)[]])[] = [
    ['{"nodes":', [/^superstep: g\.json: it is not JSON: .* {3}\[GRAPH_INVALID\]$/, written]],
    ['[]', ['superstep: g.json: it has no list of nodes   [GRAPH_INVALID]', written]],
    [
      nodesAndEdges(a, '{"source":"a"}'),
      ['superstep: g.json: edge 1 has no target   [GRAPH_INVALID]', written],
    ],
    [
      nodesAndEdges(a, ab),
      [
        'superstep: g.json: the edge a → b has an end, b, that is not in vertices   [EDGE_DANGLING]',
        DANGLING,
      ],
    ],
    [
      nodesAndEdges(`${a},${a}`),
      [
        'superstep: g.json: vertex a is listed twice   [VERTEX_TWICE]',
        '  Give each vertex one row.',
      ],
    ],
    [
      nodesAndEdges(`${a},${b}`, `${ab},{"source":"a","target":"b","undirected":true}`),
      [
        'superstep: g.json: it is mixed: 1 of its 2 edges are undirected   [GRAPH_INVALID]',
        '  Make it of one kind first, with toDirected or toUndirected of graphology-operators',
      ],
    ],
  ];
  for (const [i, [json, lines]] of cases.entries()) {
    const place = placeOf(t, { 'g.json': json });
    const args = ['wcc', ...GRAPHOLOGY, ...OUT];
    if (i === 0) await fails(t, place, args, 1, lines);
    else await failsHere(t, place, args, 1, lines);
  }
  const wide = placeOf(t, { 'g.json': nodesAndEdges('{"key":"9223372036854775808"}') });
  await failsHere(
    t,
    wide,
    ['wcc', ...GRAPHOLOGY, '--schema', 'source:int64,target:int64', ...OUT],
    1,
    [
      "superstep: g.json: node '9223372036854775808' is not named by an int64   [GRAPH_INVALID]",
      walks('wcc'),
      "  Read nodes as the text that they are: --schema 'source:utf8,target:utf8'",
    ],
  );
});

test('csv without a column, or with a cell that is no id; gzip that is cut short', async t => {
  const place = placeOf(t, {
    'names.csv': 'a,b\n1,2\n',
    'cell.csv': 'source,target\n1,x\n',
    'wide.csv': 'source,target\n9223372036854775808,1\n',
    'none.csv': '',
  });
  const edges = gzipSync(Array.from({ length: 50_000 }, (_, i) => `${i} ${i + 1}\n`).join(''));
  writeFileSync(join(place.folder, 'cut.txt.gz'), edges.subarray(0, edges.length - 100));
  await fails(t, place, ['wcc', 'names.csv', ...OUT], 2, [
    "superstep: names.csv: no column 'source'   [COLUMN_MISSING]",
    '  There are: a, b. Rename one in the header.',
  ]);
  await failsHere(t, place, ['wcc', 'none.csv', ...OUT], 2, [
    "superstep: none.csv: no column 'source'   [COLUMN_MISSING]",
    '  There are: none. Rename one in the header.',
  ]);
  for (const [file, column, value, record] of [
    ['cell.csv', 'target', 'x', '1,x'],
    ['wide.csv', 'source', '9223372036854775808', '9223372036854775808,1'],
  ]) {
    await failsHere(t, place, ['wcc', file!, ...OUT], 1, [
      `superstep: ${file}: row 2 has "${value}" for ${column}, which is bigint64   [CSV_VALUE]`,
      `  at byte 14: "${record}"`,
      walks('wcc'),
      `  Mend the file, or leave such rows out with --skip-bad N. Where the job takes another type, say so: --schema '${column}:utf8', or ${column}:int64? where a cell may be empty`,
    ]);
  }
  await failsHere(t, place, ['wcc', 'cut.txt.gz', ...OUT], 1, [
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
  await failsHere(t, place, ['wcc', 'edges.parquet', ...schema, ...OUT], 2, [
    "superstep: edges.parquet: no column 'colour'   [COLUMN_MISSING]",
    '  There are: source, target, weight.',
  ]);
  for (const [file, what] of [
    ['none', 'it has 4 bytes, which is no Parquet file'],
    ['cut', 'it does not end as a Parquet file'],
  ]) {
    await failsHere(t, place, ['wcc', `${file}.parquet`, ...OUT], 1, [
      `superstep: ${file}.parquet: ${what}   [PARQUET_INVALID]`,
      '  Get the file again, or write it again with what made it',
    ]);
  }
});
