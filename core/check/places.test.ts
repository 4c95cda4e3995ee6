/** A user's connector as output, end to end: a writer an attempt, one commit, nothing after a failure. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { int64, open, read, utf8 } from '../index.ts';
import { collect } from '../testing.ts';
import { range, shelf } from './examples/connector.ts';
import { byRow } from './examples/mapreduce.ts';

const LINES = Array.from({ length: 300 }, (_, i) => ({ line: `w${i % 100} w${i % 7} é` }));
const COLUMNS = { word: utf8, count: int64 };
const byWord = (a: { word: string }, b: { word: string }): number =>
  Buffer.compare(Buffer.from(a.word), Buffer.from(b.word));

function parent(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-places-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

for (const options of [{ workers: 1 }, { workers: 2 }, { workers: 2, chaos: 3 }]) {
  test.serial(`rows go to a connector, task by task: ${JSON.stringify(options)}`, async t => {
    const folder = parent(t);
    const place = shelf({ folder: join(folder, 'words') });
    await using session = await open(options);
    const table = byRow(LINES);
    const { report } = await session.run(table, { output: place, partitions: 3 });
    t.deepEqual(readdirSync(folder), ['words']);
    t.deepEqual(readdirSync(join(folder, 'words')), ['00000', '00001', '00002']);
    const again = await (await session.run(read(place, COLUMNS))).toArray();
    t.deepEqual(again.toSorted(byWord), collect(table));
    t.is(report.output.rows, collect(table).length);
    t.is(report.output.path, undefined);
  });
}

test.serial('one table to two places and to a file, beside its rows', async t => {
  const folder = parent(t);
  const [one, two] = ['one', 'two'].map(name => shelf({ folder: join(folder, name) }));
  await using session = await open({ workers: 2 });
  const table = byRow(LINES);
  const tables = { one: table, two: table, file: table, rows: table };
  const output = { one: one!, two: two!, file: join(folder, 'file.csv') };
  const results = await session.run(tables, { output, partitions: 2 });
  const expected = collect(table);
  for (const place of [one!, two!]) {
    t.deepEqual(await (await session.run(read(place, COLUMNS))).toArray(), expected);
  }
  t.deepEqual(await results.rows.toArray(), expected);
  t.deepEqual(readdirSync(folder).toSorted(), ['file.csv', 'one', 'two']);
});

test.serial('a writer that throws fails the job, and nothing is left', async t => {
  const folder = parent(t);
  const place = shelf({ folder: join(folder, 'words'), fail: 'no room on the shelf' });
  await using session = await open({ workers: 2 });
  const error = await t.throwsAsync(session.run(byRow(LINES), { output: place, partitions: 2 }));
  t.like(error, { code: 'TASK_FAILED' });
  t.regex(error!.message, /no room on the shelf/);
  t.deepEqual(readdirSync(folder), []);
});

test.serial('a commit that throws fails the job, and nothing is left', async t => {
  const folder = parent(t);
  const place = shelf({ folder: join(folder, 'missing', 'words') });
  await using session = await open({ workers: 1 });
  rmSync(folder, { recursive: true });
  const output = { output: place, signal: AbortSignal.timeout(60_000) };
  await session.run(byRow(LINES), output);
  // The shelf is there already: a folder that is not empty cannot be renamed onto.
  const error = await t.throwsAsync(session.run(byRow(LINES), output));
  t.like(error, { code: 'TASK_FAILED' });
  t.regex(error!.message, /^commit of connector 'shelf' failed: ENOTEMPTY/);
  t.deepEqual(readdirSync(join(folder, 'missing')), ['words']);
  t.true(existsSync(join(folder, 'missing', 'words', '00000')));
});

test.serial('a connector that only reads is refused before any work', async t => {
  await using session = await open({ workers: 1 });
  const run = session.run(byRow(LINES), { output: range({ to: 1 }) });
  await t.throwsAsync(run, { code: 'OUTPUT_UNWRITABLE', message: "connector 'range' only reads" });
});
