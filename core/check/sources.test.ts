/** Tables that are read from files of every format: the same rows in every way of running, and what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import {
  bigint64,
  float64,
  int64,
  nullable,
  read,
  type Schema,
  type Table,
  utf8,
} from '../index.ts';
import { runIn, sameInAll, Sessions, WAYS } from './engine.ts';
import { degrees } from './jobs/degrees.ts';

const test = ava.serial;
const sessions = new Sessions();
test.after.always(() => sessions.close());

function write(t: ExecutionContext, files: { readonly [name: string]: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function fails(t: ExecutionContext, table: Table<Schema>, code: string): Promise<void> {
  const [way] = WAYS;
  t.deepEqual(await runIn(await sessions.open(way!.session), table, way!), { code });
}

const EDGES = { source: bigint64, target: bigint64 };

test('edges, as they are and through a job', async t => {
  const folder = write(t, {
    'a.txt': '# from to\n1 2\n2 1\n3 9223372036854775807\n',
    'b.txt': '1\t3\r\n-4 1',
  });
  const table = read(folder, EDGES);
  const rows = [
    [1n, 2n],
    [2n, 1n],
    [3n, 2n ** 63n - 1n],
    [1n, 3n],
    [-4n, 1n],
  ].map(([source, target]) => ({ source, target }));
  t.deepEqual(await sameInAll(sessions, table), rows);
  t.deepEqual(await sameInAll(sessions, degrees(table)), [
    { vertex: -4n, out: 1 },
    { vertex: 1n, out: 2 },
    { vertex: 2n, out: 1 },
    { vertex: 3n, out: 1 },
  ]);
});

test('weights and names, by the columns asked for', async t => {
  const folder = write(t, { 'web.el': 'a b 0.5\nb c 2\nc a\n' });
  const columns = { weight: nullable(float64), source: utf8, target: utf8 };
  t.deepEqual(await sameInAll(sessions, read(join(folder, 'web.el'), columns)), [
    { weight: 0.5, source: 'a', target: 'b' },
    { weight: 2, source: 'b', target: 'c' },
    { weight: null, source: 'c', target: 'a' },
  ]);
});

test('csv: columns by name, as they are and through a job', async t => {
  const folder = write(t, {
    'a.csv': 'id,name,source\n1,"x, y",7\n2,,7\n',
    'b.csv': 'source,id,name\r\n8,3,"two\nlines"\r\n',
  });
  const columns = { name: nullable(utf8), source: bigint64 };
  t.deepEqual(await sameInAll(sessions, read(folder, columns)), [
    { name: 'x, y', source: 7n },
    { name: null, source: 7n },
    { name: 'two\nlines', source: 8n },
  ]);
  t.deepEqual(await sameInAll(sessions, degrees(read(join(folder, '*.csv'), columns))), [
    { vertex: 7n, out: 2 },
    { vertex: 8n, out: 1 },
  ]);
  await fails(t, read(folder, { name: float64 }), 'CSV_VALUE');
  await fails(t, read(folder, { nom: utf8 }), 'COLUMN_MISSING');
});

test('parquet: what a job has written is read by another', async t => {
  const folder = write(t, {
    'a.csv': 'source,target,name\n1,2,x\n9007199254740993,3,\n2,1,"a, b"\n',
  });
  const columns = { source: bigint64, target: bigint64, name: nullable(utf8) };
  const out = join(folder, 'out');
  const session = await sessions.open(WAYS[1]!.session);
  const options = { output: out, format: 'parquet' } as const;
  await session.run(read(join(folder, 'a.csv'), columns), options);
  const rows = [
    { name: 'x', source: 1n },
    { name: null, source: 9_007_199_254_740_993n },
    { name: 'a, b', source: 2n },
  ];
  const table = read(out, { name: columns.name, source: bigint64 });
  t.deepEqual(await sameInAll(sessions, table), rows);
  t.deepEqual(await sameInAll(sessions, degrees(table)), [
    { vertex: 1n, out: 1 },
    { vertex: 2n, out: 1 },
    { vertex: 9_007_199_254_740_993n, out: 1 },
  ]);
  await fails(t, read(out, { name: utf8 }), 'PARQUET_VALUE');
  await fails(t, read(out, { source: float64 }), 'COLUMN_TYPE');
});

test('Matrix Market: entries are edges, rows are vertices', async t => {
  const text = '%%MatrixMarket matrix coordinate real skew-symmetric\n3 3 2\n2 1 1.5\n3 1 2\n';
  const folder = write(t, { 'g.mtx': text });
  const weighted = { ...EDGES, weight: float64 };
  t.deepEqual(await sameInAll(sessions, read(folder, weighted)), [
    { source: 2n, target: 1n, weight: 1.5 },
    { source: 3n, target: 1n, weight: 2 },
    { source: 1n, target: 2n, weight: -1.5 },
    { source: 1n, target: 3n, weight: -2 },
  ]);
  const vertices = await sameInAll(sessions, read(join(folder, 'g.mtx'), { vertex: int64 }));
  t.deepEqual(vertices, [{ vertex: 1 }, { vertex: 2 }, { vertex: 3 }]);
});

test('records that are not what they should be: so many, from wherever, and no more', async t => {
  const folder = write(t, { 'a.txt': '1 2\nx 3\n'.repeat(3), 'b.txt': '1 2\ny\n3 4\n' });
  const rows = (await sameInAll(sessions, read(folder, EDGES, { skipBad: 4 }))) as object[];
  t.is(rows.length, 5);
  const table = read(folder, EDGES, { skipBad: 3 });
  for (const way of WAYS) {
    const outcome = (await runIn(await sessions.open(way.session), table, way)) as { code: string };
    t.true(['TOO_MANY_BAD', 'EDGE_INVALID'].includes(outcome.code), outcome.code);
  }
  const session = await sessions.open(WAYS[1]!.session);
  const split = { splitBytes: 12 };
  const { report } = await session.run(read(folder, EDGES, { skipBad: 9 }), split as object);
  t.deepEqual(report.warnings, ['4 records were left out (--skip-bad)']);
  await t.throwsAsync(session.run(table, split as object), {
    code: 'TOO_MANY_BAD',
    message: '4 records and more are not what they should be, and 3 may be left out',
  });
});

test('what is not there, and what is not what it should be', async t => {
  const folder = write(t, { 'a.txt': '1 2\nx 3\n', 'b.csv': 'source,target\n' });
  const path = join(folder, 'a.txt');
  await fails(t, read(path, EDGES), 'EDGE_INVALID');
  await fails(t, read(path, { ...EDGES, time: int64 }), 'COLUMN_MISSING');
  await fails(t, read(path, { line: utf8, source: int64 }), 'COLUMN_MISSING');
  await fails(t, read(join(folder, 'c.txt'), EDGES), 'INPUT_MISSING');
  await fails(t, read(folder, EDGES), 'FORMAT_MIXED');
});
