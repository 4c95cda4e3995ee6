/** Matrix Market: every kind of matrix that is a graph, what is refused, and files that others have made. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { bigint64, float64, int64, type Schema, utf8 } from 'superstep';
import { testSource } from './conformance.ts';
import mtx, { matrix } from './mtx.ts';
import { failureOf, readRows, shared, temporary } from './bytes/testing.ts';

const { source } = mtx;
const ENDS = { source: int64, target: int64 };
const WEIGHTED = { ...ENDS, weight: float64 };

function write(t: ExecutionContext, text: string | Uint8Array, name = 'g.mtx'): string {
  const path = join(temporary(t), name);
  writeFileSync(path, text);
  return path;
}
const read = (t: ExecutionContext, text: string, columns: Schema = ENDS) =>
  readRows(source, [write(t, text)], columns);
const edge = (from: number, to: number, weight?: number): object => ({
  source: from,
  target: to,
  ...(weight !== undefined && { weight }),
});

const BANNER = '%%MatrixMarket matrix coordinate';

test('matrices are a source, several of them, plain and compressed', async t => {
  const entries = Array.from({ length: 200 }, (_, i) => [1 + (i % 20), 1 + ((i * 7) % 20), i / 4]);
  const lines = entries.map(entry => entry.join(' ')).join('\n');
  const text = `${BANNER} real general\n% said\n%\n20 20 200\n${lines}`;
  const folder = temporary(t);
  writeFileSync(join(folder, 'a.mtx'), text);
  writeFileSync(join(folder, 'b.mtx.gz'), gzipSync(text));
  const once = entries.map(([i, j, weight]) => edge(i!, j!, weight));
  const expected = [...once, ...once];
  await testSource(t, { source, where: [folder], columns: WEIGHTED, expected });
  const turned = expected.map(row => ({ target: (row as { target: number }).target }));
  t.deepEqual(await readRows(source, [folder], { target: int64 }), turned);
});

test('vertices are a source: 1 to n', async t => {
  const path = write(t, `${BANNER} pattern general\n40000 40000 1\n7 9\n`);
  const expected = Array.from({ length: 40_000 }, (_, i) => ({ vertex: i + 1 }));
  const rows = await readRows(source, [path], { vertex: int64 });
  t.is(
    rows.map(row => (row as { vertex: number }).vertex).join(),
    expected.map(row => row.vertex).join(),
  );
  const small = write(t, `${BANNER} pattern general\n3 3 0\n`);
  const three = [1n, 2n, 3n].map(vertex => ({ vertex }));
  await testSource(t, { source, where: [small], columns: { vertex: bigint64 }, expected: three });
});

test('kinds and symmetries', async t => {
  const body = '\n3 3 2\n2 1 5\n3 2 -1\n';
  for (const [kind, directed, edges] of [
    ['real general', true, [edge(2, 1, 5), edge(3, 2, -1)]],
    ['integer symmetric', false, [edge(2, 1, 5), edge(3, 2, -1)]],
    ['REAL Skew-Symmetric', true, [edge(2, 1, 5), edge(3, 2, -1), edge(1, 2, -5), edge(2, 3, 1)]],
  ] as const) {
    const path = write(t, `${BANNER} ${kind}${body}`);
    t.deepEqual(await readRows(source, [path], WEIGHTED), edges, kind);
    const { plan, id, edge: values } = await matrix(path, { weight: float64 });
    t.like(plan, { op: 'graph', options: { directed } });
    t.deepEqual([id, values], [bigint64, { weight: float64 }]);
  }
  const whole = { ...ENDS, weight: int64 };
  t.deepEqual(await read(t, `${BANNER} integer skew-symmetric${body}`, whole), [
    edge(2, 1, 5),
    edge(3, 2, -1),
    edge(1, 2, -5),
    edge(2, 3, 1),
  ]);
  t.deepEqual(await read(t, `${BANNER} pattern general\r\n\r\n3 3 1\r\n\r\n3 3\r\n`), [edge(3, 3)]);
});

test('of a skew-symmetric matrix entries are edges there and back', async t => {
  const path = write(t, `${BANNER} real skew-symmetric\n9 9 2\n2 1 5\n9 1 .5\n`);
  const expected = [edge(2, 1, 5), edge(9, 1, 0.5), edge(1, 2, -5), edge(1, 9, -0.5)];
  t.deepEqual(await readRows(source, [path], WEIGHTED), expected);
});

test('columns that a matrix does not have', async t => {
  const refused = async (kind: string, columns: Schema): Promise<string> =>
    (await failureOf(read(t, `${BANNER} ${kind} general\n1 1 0\n`, columns))).code;
  t.is(await refused('pattern', WEIGHTED), 'COLUMN_MISSING');
  t.is(await refused('real', { ...ENDS, time: int64 }), 'COLUMN_MISSING');
  t.is(await refused('real', { ...ENDS, weight: int64 }), 'COLUMN_TYPE');
  t.is(await refused('real', { source: utf8, target: utf8 }), 'COLUMN_TYPE');
  t.is(await refused('real', { vertex: int64, name: utf8 }), 'COLUMN_MISSING');
  t.deepEqual(await read(t, `${BANNER} integer general\n1 1 0\n`, { ...ENDS, weight: int64 }), []);
});

const BEGINS =
  'It begins: %%MatrixMarket matrix coordinate real general (or integer, pattern; symmetric, skew-symmetric)';
const COUNTED = 'Rows and columns count from 1; mend the file, or its header';
const CUT = 'Get the file again if it was cut short; otherwise mend the header';
const GENERAL = `${BANNER} pattern general\n`;

const CASES: readonly (readonly [text: string, what: string, remedy: string])[] = [
  ['', 'it does not begin as a Matrix Market file', BEGINS],
  ['1 2\n', 'it does not begin as a Matrix Market file', BEGINS],
  [
    '%%MatrixMarket vector coordinate real general\n1 1 0\n',
    'it holds a vector, not a matrix',
    BEGINS,
  ],
  ['%%MatrixMarket matrix array real general\n1 1\n', 'its matrix is dense', BEGINS],
  [`${BANNER} complex general\n1 1 0\n`, 'its values are complex', BEGINS],
  [`${BANNER}\n1 1 0\n`, 'its values are of no kind', BEGINS],
  [`${BANNER} real hermitian\n1 1 0\n`, 'its symmetry is hermitian', BEGINS],
  [`${GENERAL}3\n`, 'the line of its size is "3"', 'It is: rows, columns, entries'],
  [GENERAL, 'the line of its size is ""', 'It is: rows, columns, entries'],
  [
    `${GENERAL}3 4 1\n1 4\n`,
    'its matrix is 3 × 4, and that of a graph is square',
    'Edges between two sets of vertices may be read as an edge list, with ids that differ',
  ],
  [`${GENERAL}3 3 2\n1 1\n`, 'it has 1 entries, its header says 2', CUT],
  [`${GENERAL}3 3 0\n1 1\n`, 'it has 1 entries, its header says 0', CUT],
  [`${GENERAL}3 3 2\n1 1\n0 2\n`, 'entry 2, (0, 2), lies outside of its 3 × 3', COUNTED],
  [
    `${GENERAL}3 3 1\n1 4294967297\n`,
    'entry 1, (1, 4294967297), lies outside of its 3 × 3',
    COUNTED,
  ],
  [
    `${BANNER} real skew-symmetric\n3 3 1\n2 2 1\n`,
    'entry 1, (2, 2), lies on the diagonal, which is 0',
    COUNTED,
  ],
];

test('matrices that are none of a graph', async t => {
  for (const [text, what, remedy] of CASES) {
    const path = write(t, text);
    t.deepEqual(await failureOf(readRows(source, [path], ENDS)), {
      code: 'GRAPH_INVALID',
      message: `${path}: ${what}`,
      details: { file: path, remedy },
    });
  }
  const path = write(t, `${GENERAL}3 3 2\n1 1\n2 x\n`);
  t.is(
    (await failureOf(readRows(source, [path], ENDS))).message,
    `${path}: row 4 has a target that is no integer`,
  );
});

const graphOf = (where: readonly string[]) =>
  failureOf(mtx.graph({ where, edges: {}, vertices: {}, options: {} }));

test('a graph is one matrix', async t => {
  t.is((await graphOf(['-'])).message, 'mtx: standard input is given');
  t.is((await graphOf(['a.mtx', 'b.mtx'])).message, 'mtx: 2 matrices are given');
});

test('matrices that others have made, whole and mangled', async t => {
  const folder = shared(t, 'small-graphs/lagraph');
  if (folder === undefined) return;
  const outcomes = new Map<string, string>();
  for (const name of readdirSync(folder).filter(file => file.endsWith('.mtx'))) {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const entries = /^\d+ +\d+ +(\d+)\s*$/m.exec(text)?.[1];
    const columns = / pattern /.test(text) ? ENDS : WEIGHTED;
    try {
      const rows = await readRows(source, [path], columns);
      const isSkew = text.split('\n')[0]!.includes('skew-symmetric');
      t.is(rows.length, Number(entries) * (isSkew ? 2 : 1), name);
      outcomes.set(name, 'read');
    } catch (error) {
      outcomes.set(name, (error as { code: string }).code);
    }
  }
  const taken = [...outcomes].filter(([, outcome]) => outcome === 'read').map(([name]) => name);
  t.true(taken.length > 40);
  t.true(taken.includes('karate.mtx') && taken.includes('jagmesh7.mtx'));
  // What is wrong with these is wrong for GraphBLAS: numbers beyond the type that a comment of its own names.
  const mangled = taken.filter(name => /^mangled(?!_(u?int\d+|bool|skew)\.)/.test(name));
  t.deepEqual(mangled, []);
});
