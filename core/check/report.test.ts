/** What a report and the progress say of a run is so. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import serial, { type ExecutionContext } from 'ava';
import { open, type Progress, read } from '../index.ts';
import { collect } from '../testing.ts';
import wordcount, { byCount, byRow } from './examples/mapreduce.ts';
import { failsOnce, garbage } from './jobs/faulty.ts';

const test = serial.serial;
const NUMBERS = Array.from({ length: 30 }, (_, n) => ({ n }));

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-report-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('rows and bytes of text, and how the time went', async t => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'a.txt'), 'to be\r\nor not\n\nto be');
  writeFileSync(join(folder, 'b.txt'), 'é É\n');
  const path = join(folder, '*.txt');
  await using session = await open({ workers: 2 });
  for (const table of [
    wordcount(read(path)),
    wordcount(read(path), { case: 'lower' }),
    byRow(read(path)),
  ]) {
    const { report } = await session.run(table);
    t.deepEqual(report.input, { files: 2, bytes: 26, rows: 5 });
    t.is(
      report.output.rows,
      table.plan.op === 'apply' && table.plan.params['case'] === 'lower' ? 5 : 6,
    );
    const { seconds, tasks, spilled } = report;
    t.true(seconds.load > 0 && seconds.load <= seconds.start, 'the first task follows the plan');
    t.true(seconds.start <= seconds.load + seconds.map, 'and is a map');
    t.true(seconds.map + seconds.reduce + seconds.commit <= seconds.total);
    t.like(tasks, { retried: 0, speculated: 0 });
    t.true(tasks.total >= 2);
    t.deepEqual(spilled, { bytes: 0, segments: 0 });
  }
});

test('what is spilled is counted, in the report and while it happens', async t => {
  await using session = await open({ workers: 2 });
  const seen: Progress[] = [];
  const lines = Array.from({ length: 400 }, (_, i) => ({ line: `w${i} w${i % 10}` }));
  const table = byCount(byRow(lines));
  const options = {
    refuse: { rows: 50, arena: true },
    onProgress: (progress: Progress) => void seen.push(progress),
  };
  const result = await session.run(table, options);
  t.deepEqual(await result.toArray(), collect(table));
  const { spilled, shuffled } = result.report;
  t.true(spilled.segments > 10);
  t.true(spilled.bytes >= shuffled.bytes, 'all that was shuffled, and what stages made');
  const bytes = seen.map(progress => progress.spilledBytes);
  t.is(bytes[0], 0);
  t.deepEqual(
    bytes,
    bytes.toSorted((a, b) => a - b),
  );
  t.true(bytes.at(-1)! > 0 && bytes.at(-1)! <= spilled.bytes);
  await session.run(byRow(lines), { onProgress: progress => t.is(progress.spilledBytes, 0) });
});

for (const where of ['map', 'reduce']) {
  test(`a task that is started again is counted: ${where}`, async t => {
    const mark = join(folderOf(t), 'mark');
    await using session = await open({ workers: 2 });
    const table = failsOnce(NUMBERS, { mark, where });
    const result = await session.run(table, { retries: 1 });
    t.is(result.report.tasks.retried, 1);
    t.deepEqual(await result.toArray(), collect(table));
  });
}

test('the time of garbage collections is that of the threads', async t => {
  await using session = await open({ workers: 2 });
  const { report } = await session.run(garbage(NUMBERS));
  t.true(report.gcSeconds > 0);
  t.true(report.gcSeconds <= 2 * report.seconds.total);
});
