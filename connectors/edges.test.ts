/** Edge lists: the conformance suite, every form of a line, and every message in full. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { bigint64, float64, int32, int64, nullable, type Schema, utf8 } from 'superstep';
import type { SourceOptions } from 'superstep/internal';
import { testSource } from './conformance.ts';
import edges from './edges.ts';
import { failureOf, readRows, shared, temporary } from './bytes/testing.ts';

const { source } = edges;
const ENDS = { source: int64, target: int64 };
const EXACT = { source: bigint64, target: bigint64 };
const NAMES = { source: utf8, target: utf8 };

function write(t: ExecutionContext, text: string | Uint8Array, name = 'web.txt'): string {
  const path = join(temporary(t), name);
  writeFileSync(path, text);
  return path;
}

const read = (
  t: ExecutionContext,
  text: string | Uint8Array,
  columns: Schema,
  options?: SourceOptions,
) => readRows(source, [write(t, text)], columns, options);

const LINES = '# Directed graph\n% or so\n1 2\n2\t3\r\n\n  10 , -4 more\n#\n7,7,x\n0 5';
const EDGES = [
  { source: 1, target: 2 },
  { source: 2, target: 3 },
  { source: 10, target: -4 },
  { source: 7, target: 7 },
  { source: 0, target: 5 },
];

test('edges are a source, plain and compressed, wherever they are cut', async t => {
  const many = Array.from({ length: 300 }, (_, i) => `${i * 7}${i % 3 ? ' ' : '\t'}${i ** 3}`);
  const text = `${LINES}\n${many.join('\n')}`;
  const expected = [...EDGES, ...many.map((_, i) => ({ source: i * 7, target: i ** 3 }))];
  const folder = temporary(t);
  writeFileSync(join(folder, 'a.txt'), text);
  writeFileSync(join(folder, 'b.txt.gz'), gzipSync(text));
  writeFileSync(join(folder, 'c.txt'), '# nothing');
  const all = [...expected, ...expected];
  await testSource(t, { source, where: [folder], columns: ENDS, expected: all });
});

test('vertices, text, and weights are sources', async t => {
  const folder = temporary(t);
  writeFileSync(join(folder, 'v'), '# id\n5 ignored\n-1\n9223372036854775807\n');
  const vertices = [5n, -1n, 2n ** 63n - 1n].map(vertex => ({ vertex }));
  const columns = { vertex: bigint64 };
  await testSource(t, { source, where: [join(folder, 'v')], columns, expected: vertices });
  writeFileSync(join(folder, 'n'), 'ä b\t#c\t0.5\n語 x 1e-3\n#d e\n\t\n');
  await testSource(t, {
    source,
    where: [join(folder, 'n')],
    columns: { target: utf8, weight: float64, source: utf8 },
    expected: [
      { target: '#c', weight: 0.5, source: 'ä b' },
      { target: 'x', weight: 0.001, source: '語' },
    ],
  });
});

test('ids are exact to 64 bits', async t => {
  const id = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(id, id)), async pairs => {
      const text = pairs.map(pair => pair.join(' ')).join('\n');
      const rows = await readRows(source, [write(t, text)], EXACT);
      t.deepEqual(
        rows,
        pairs.map(([from, to]) => ({ source: from, target: to })),
      );
    }),
    { numRuns: 30 },
  );
});

test('weights are of the type that is asked for', async t => {
  const text = '1 2 3 x\n1 2 -4\n';
  for (const of of [float64, int64, int32]) {
    t.deepEqual(await read(t, text, { ...ENDS, weight: of }), [
      { source: 1, target: 2, weight: 3 },
      { source: 1, target: 2, weight: -4 },
    ]);
    const maybe = { ...ENDS, weight: nullable(of) };
    t.deepEqual(await read(t, '1 2 7\n1 2\n3 4 8\r\n3 4 \r\n', maybe), [
      { source: 1, target: 2, weight: 7 },
      { source: 1, target: 2, weight: null },
      { source: 3, target: 4, weight: 8 },
      { source: 3, target: 4, weight: null },
    ]);
  }
  const doubles = await read(t, '1 2 0.1\n1 2 -inf\n1 2 nan\n', { weight: float64, ...ENDS });
  t.deepEqual(
    doubles.map(row => (row as { weight: number }).weight),
    [0.1, -Infinity, Number.NaN],
  );
});

test('text ids: a tab separates alone, where there is one; any encoding', async t => {
  t.deepEqual(await read(t, 'New York\tSan José\t1\na b c\nx,y\n', NAMES), [
    { source: 'New York', target: 'San José' },
    { source: 'a', target: 'b' },
    { source: 'x', target: 'y' },
  ]);
  const latin1 = Buffer.from('é ü\n', 'latin1');
  t.deepEqual(await read(t, latin1, NAMES, { encoding: 'latin1' }), [{ source: 'é', target: 'ü' }]);
  const long = 'x'.repeat(700_000);
  t.deepEqual(await read(t, `${long} a\nb ${long}\nc d\n`, NAMES), [
    { source: long, target: 'a' },
    { source: 'b', target: long },
    { source: 'c', target: 'd' },
  ]);
});

const check = (columns: Schema): void =>
  source.check([{ path: 'web.txt', bytes: 0, mtimeMs: 0, kind: 'plain' }], {}, columns);

test('what no column of an edge list can be', t => {
  check({ ...ENDS, weight: float64 });
  check({ vertex: utf8 });
  t.throws(() => check({ ...ENDS, time: int64 }), {
    code: 'COLUMN_MISSING',
    message: "web.txt: no column 'time' (int64)",
  });
  t.throws(() => check({ vertex: int64, name: utf8 }), { code: 'COLUMN_MISSING' });
  t.throws(() => check({ source: int64, target: utf8 }), { code: 'COLUMN_TYPE' });
  t.throws(() => check({ source: float64, target: float64 }), {
    code: 'COLUMN_TYPE',
    message: "web.txt: column 'source' of an edge list cannot be float64",
  });
  t.throws(() => check({ vertex: nullable(int64) }), {
    message: "web.txt: column 'vertex' of an edge list cannot be nullable int64",
  });
  t.throws(() => check({ ...ENDS, weight: utf8 }), { code: 'COLUMN_TYPE' });
});

const LEAVE_OUT = 'Leave such lines out with --skip-bad N';
const TEXT_IDS = `If ids are text, say so: --schema 'source:utf8,target:utf8'. ${LEAVE_OUT}`;
const WEIGHTED = { ...ENDS, weight: float64 };

const CASES = [
  ['a 2\n', ENDS, 'row 1 has a source that is no integer', 0, 'a 2', TEXT_IDS],
  ['1 2\n3 b4\n', ENDS, 'row 2 has a target that is no integer', 4, '3 b4', TEXT_IDS],
  ['# x\n1x 2\n', ENDS, 'row 2 has a source that is no integer', 4, '1x 2', TEXT_IDS],
  ['1.5 2\n', ENDS, 'row 1 has a source that is no integer', 0, '1.5 2', TEXT_IDS],
  [
    '1 2\r\n\n3\n',
    ENDS,
    'row 3 has no target',
    6,
    '3',
    `A line is two ids, with blanks, a tab or a comma between. ${LEAVE_OUT}`,
  ],
  [
    '1 9223372036854775808',
    ENDS,
    'row 1 has a target beyond 64 bits',
    0,
    '1 9223372036854775808',
    TEXT_IDS,
  ],
  [
    '1 2\n',
    WEIGHTED,
    'row 1 has no weight',
    0,
    '1 2',
    'Every edge needs a number as its third field; mend the file, or leave such lines out with --skip-bad N',
  ],
  [
    '1 2 heavy\n',
    WEIGHTED,
    'row 1 has a weight that is no number',
    0,
    '1 2 heavy',
    'Every edge needs a number as its third field; mend the file, or leave such lines out with --skip-bad N',
  ],
  [
    '1 2 2147483648\n',
    { ...ENDS, weight: int32 },
    'row 1 has a weight beyond 32 bits',
    0,
    '1 2 2147483648',
    'Read weights as doubles: --schema with weight:float64',
  ],
  [
    '\tb\n',
    NAMES,
    'row 1 has no source',
    0,
    '\tb',
    `A line is two ids, with blanks, a tab or a comma between. ${LEAVE_OUT}`,
  ],
] as const;

test('lines that are not edges', async t => {
  for (const [text, columns, what, offset, record, remedy] of CASES) {
    const path = write(t, text);
    t.deepEqual(await failureOf(readRows(source, [path], columns)), {
      code: 'EDGE_INVALID',
      message: `${path}: ${what}`,
      details: { file: path, offset, row: Number(/\d+/.exec(what)![0]), record, remedy },
    });
  }
});

test('a line far inside a file is named by its byte', async t => {
  const path = write(t, `${'1 2\n'.repeat(300_000)}one two ${'x'.repeat(100)}\n`);
  const first = await failureOf(readRows(source, [path], ENDS));
  t.is(first.message, `${path}: row 300,001 has a source that is no integer`);
  t.is(first.details.record, `one two ${'x'.repeat(52)}`);
  const later = await failureOf(readRows(source, [path], ENDS, {}, 1 << 20));
  t.is(later.message, `${path}: the line at byte 1,200,000 has a source that is no integer`);
  t.is(later.details.row, undefined);
});

test('so many lines are left out, and no more', async t => {
  const text = 'a b\n1 2\nc\n3 4\n5\n';
  t.deepEqual(await read(t, text, ENDS, { skipBad: 3 }), [
    { source: 1, target: 2 },
    { source: 3, target: 4 },
  ]);
  const failure = await failureOf(read(t, text, ENDS, { skipBad: 2 }));
  t.is(failure.details.row, 5);
});

test('graphs that others publish', async t => {
  const folder = shared(t, 'snap-small');
  if (folder === undefined) return;
  for (const [name, count] of [
    ['facebook_combined', 88_234],
    ['wiki-Vote', 103_689],
    ['email-Eu-core', 25_571],
  ] as const) {
    const path = join(folder, `${name}.txt.gz`);
    const lines = gunzipSync(readFileSync(path)).toString().split(/\r?\n/);
    const pairs = lines.filter(line => /^\d/.test(line)).map(line => line.split(/\s+/).join(' '));
    t.is(pairs.length, count);
    const rows = (await readRows(source, [path], ENDS)) as { source: number; target: number }[];
    // One comparison: of so many rows AVA's own takes half a minute.
    t.true(rows.map(row => `${row.source} ${row.target}`).join('\n') === pairs.join('\n'), name);
  }
});
