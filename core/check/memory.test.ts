/** The one number for memory: what a whole process holds at its worst (VmHWM), beside what it holds when idle; and what
 *  becomes of values, groups and functions that ask for more. Every run is a process of its own.
 */
import { closeSync, openSync, readFileSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { folderOf, superstep, type Finished } from '../cli/child.ts';
import { RECORD_BYTES } from '../mapreduce/map.ts';

const MIB = 2 ** 20;
const short = process.env['SUPERSTEP_TEST_SHORT'] !== undefined;
/** What a row of 10 GB takes on disk, sorted runs and merged ones, with room to spare. */
const FLOOD_DISK_BYTES = 30e9;
const { bavail, bsize } = statfsSync(tmpdir());
const hasRoom = bavail * bsize >= FLOOD_DISK_BYTES;
/** Megabytes that one row emits. */
const FLOOD_MB = short ? 250 : hasRoom ? 10_000 : 1000;
const COMBINED_MB = short ? 250 : 1000;
/** Of V8's optimised code, which a short job does not make, and of its heaps' fragments: the same at any limit. */
const SLACK_BYTES = 32 * MIB;

interface Report {
  readonly memory: { readonly peak: number };
  readonly spilled: { readonly bytes: number };
}
interface Ran extends Finished {
  readonly rows: readonly (readonly string[])[];
  readonly report: Report;
}

/** Runs a job of jobs/memory.ts in a process of its own. */
async function run(
  t: ExecutionContext,
  job: string,
  input: string,
  memory: string,
  params: { readonly [name: string]: string | number } = {},
): Promise<Ran> {
  const jobs = new URL('./jobs/memory.js', import.meta.url).href;
  const folder = folderOf(t, { 'job.mjs': `export { ${job} as default } from '${jobs}';\n` });
  const output = join(folder, 'out.csv');
  const finished = await superstep([
    'run',
    join(folder, 'job.mjs'),
    input,
    `--out=${output}`,
    '--json',
    '--quiet',
    '--workers=1',
    `--memory=${memory}`,
    `--temp=${folder}`,
    ...Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
  ]);
  const rows =
    finished.code === 0
      ? readFileSync(output, 'utf8')
          .trim()
          .split('\n')
          .slice(1)
          .map(line => line.split(','))
      : [];
  return { ...finished, rows, report: JSON.parse(finished.stdout) as Report };
}

const oneLine = (t: ExecutionContext): string => join(folderOf(t, { 'one.txt': 'x\n' }), 'one.txt');
const sumOf = (rows: readonly (readonly string[])[], column: number): number =>
  rows.reduce((total, row) => total + Number(row[column]), 0);

/** The peak less the limit and less that of a run with next to nothing to do. */
async function excess(t: ExecutionContext, job: string, ran: Ran, limit: number): Promise<number> {
  const idle = await run(t, job, oneLine(t), `${limit}`, { rows: 1 });
  t.is(idle.code, 0, idle.stderr);
  return ran.report.memory.peak - limit - idle.report.memory.peak;
}

const LIMIT = 100_000_000;
/** A run of 10 GB has 40,000 batches, and what is known of each lies in a worker's heap. */
const FLOOD_LIMIT = FLOOD_MB > 1000 ? 512_000_000 : LIMIT;

test.serial('one row that emits far more than memory: rows', async t => {
  if (!short && !hasRoom) t.log(`1 GB and not 10: less than ${FLOOD_DISK_BYTES} bytes are free`);
  const rows = FLOOD_MB * 1000;
  const ran = await run(t, 'flood', oneLine(t), `${FLOOD_LIMIT}`, { rows });
  t.is(ran.code, 0, ran.stderr);
  t.is(ran.rows.length, 1000);
  t.is(sumOf(ran.rows, 1), rows);
  t.is(sumOf(ran.rows, 2), rows * 1000);
  t.true(ran.report.spilled.bytes > 0.9 * rows * 1000);
  const over = await excess(t, 'flood', ran, FLOOD_LIMIT);
  t.true(over <= SLACK_BYTES, `${over} bytes above the limit and idle`);
});

test.serial('one row that emits far more than memory: combined', async t => {
  const rows = COMBINED_MB * 1000;
  const ran = await run(t, 'floodCombined', oneLine(t), `${LIMIT}`, { rows });
  t.is(ran.code, 0, ran.stderr);
  t.is(ran.rows.length, Math.min(rows, 500_000));
  t.is(sumOf(ran.rows, 1), rows);
  const over = await excess(t, 'floodCombined', ran, LIMIT);
  t.true(over <= SLACK_BYTES, `${over} bytes above the limit and idle`);
});

test.serial('a group larger than memory is read twice', async t => {
  const rows = 200_000;
  const ran = await run(t, 'twice', oneLine(t), `${LIMIT}`, { rows });
  t.is(ran.code, 0, ran.stderr);
  t.deepEqual(ran.rows, [[String(rows * 1000), String((rows * (rows - 1)) / 2)]]);
  const over = await excess(t, 'twice', ran, LIMIT);
  t.true(over <= SLACK_BYTES, `${over} bytes above the limit and idle`);
});

/** Lines of these lengths, each of one letter. */
function linesOf(t: ExecutionContext, lengths: readonly number[]): string {
  const path = join(folderOf(t), 'long.txt');
  const file = openSync(path, 'w');
  for (const [i, length] of lengths.entries()) {
    writeSync(file, `${String.fromCharCode(97 + (i % 26)).repeat(length)}\n`);
  }
  closeSync(file);
  return path;
}

test.serial('values of 1 MiB, as keys and as values', async t => {
  const lengths = Array.from({ length: 60 }, (_, i) => MIB + i);
  const ran = await run(t, 'linesByLine', linesOf(t, lengths), `${LIMIT}`);
  t.is(ran.code, 0, ran.stderr);
  t.deepEqual(
    ran.rows.map(row => Number(row[0])).toSorted((a, b) => a - b),
    lengths,
  );
  t.is(sumOf(ran.rows, 1), lengths.length);
});

test.serial('the longest line: with memory it works, with the least it names the flag', async t => {
  const input = linesOf(t, [5, RECORD_BYTES, 7]);
  const ample = await run(t, 'linesByLine', input, '1GB');
  t.is(ample.code, 0, ample.stderr);
  t.deepEqual(
    ample.rows.map(row => Number(row[0])).toSorted((a, b) => a - b),
    [5, 7, RECORD_BYTES],
  );
  const least = await run(t, 'linesByLine', input, '40MiB');
  if (least.code !== 0) t.regex(least.stderr, /\[MEMORY\]\n[^]*--memory/);
});

/** What a run that needs more memory says, but for numbers. */
async function refusal(t: ExecutionContext, ran: Ran): Promise<string> {
  t.is(ran.code, 1, ran.stderr);
  return ran.stderr
    .trimEnd()
    .replaceAll(/\S*\/(?=\w+\.txt)/g, '')
    .replaceAll(/\d[\d,]{4,}/g, 'N');
}
const letters = (letter: string): string => `line "${letter.repeat(58)}… (N bytes)`;

test.serial('what does not fit in a walk: named with its place and its keys', async t => {
  const input = linesOf(t, [5, 8 * MIB, 7]);
  t.is(
    await refusal(t, await run(t, 'linesByLine', input, '40MiB')),
    `superstep: lines-by-line: map at long.txt, row 2, byte 6: no memory for a batch (N bytes) in this worker's share   [MEMORY]
  largest keys: ${letters('b')}, line "aaaaa" (10 bytes)
  at byte 6
  job lines-by-line, stage lines-by-line map, task 1, attempt 2
  Raise --memory or lower --workers.`,
  );
  const words = await superstep([
    'run',
    'wordcount',
    linesOf(t, [5, RECORD_BYTES, 7]),
    `--out=${join(folderOf(t), 'out.csv')}`,
    '--quiet',
    '--workers=1',
    '--memory=40MiB',
  ]);
  t.regex(words.stderr, /^superstep: wordcount: map at .*long\.txt, row 2, byte 6: no memory for /);
  t.regex(words.stderr, /largest keys: word "b{58}… \(16,777,216 bytes\)\n[^]*--memory/);
});

test.serial('what does not fit in a reduce: named with its partition and its keys', async t => {
  const input = linesOf(
    t,
    Array.from({ length: 12 }, (_, i) => 4 * MIB + i),
  );
  t.is(
    await refusal(t, await run(t, 'linesByLine', input, '60MiB')),
    `superstep: lines-by-line: reduce of partition 0: no memory for a batch (N bytes) in this worker's share   [MEMORY]
  largest keys: ${['l', 'f', 'd'].map(letters).join(', ')}
  job lines-by-line, stage lines-by-line reduce, task 0, partition 0, attempt 2
  Raise --memory or lower --workers.`,
  );
});

test.serial('a reduce that keeps what it reads: named with the key that has most', async t => {
  t.is(
    (await refusal(t, await run(t, 'keep', oneLine(t), `${LIMIT}`, { rows: 300_000 }))).replace(
      / {2}largest keys: group 7 \((about )?N bytes\), group \d+ .*, group \d+ .*\n/,
      '  largest keys: group 7\n',
    ),
    `superstep: keep: reduce of partition 0: task 0 of job keep, stage keep reduce holds N bytes on the heap, its share is N   [MEMORY]
  largest keys: group 7
  job keep, stage keep reduce, task 0, partition 0, attempt 2
  Raise --memory, lower --workers, or keep less in memory at a time.`,
  );
});

test.serial('a longer line is RECORD_TOO_LONG, with file and offset', async t => {
  const input = linesOf(t, [5, RECORD_BYTES + 1]);
  const { code, stderr } = await run(t, 'linesByLine', input, '1GB');
  t.is(code, 1);
  t.regex(
    stderr,
    /long\.txt: the line at byte 6 is longer than 16,777,216 bytes {3}\[RECORD_TOO_LONG\]/,
  );
});

test.serial(
  "what a function holds: twice the share at the second attempt, then the task's name",
  async t => {
    const log = join(folderOf(t), 'attempts');
    const attempt = async (numbers: number): Promise<Ran & { readonly attempts: number }> => {
      writeFileSync(log, '');
      const ran = await run(t, 'hold', oneLine(t), `${LIMIT}`, { numbers, log });
      return { ...ran, attempts: readFileSync(log).length };
    };
    const little = await attempt(1000);
    t.is(little.code, 0, little.stderr);
    t.is(little.attempts, 1);
    const more = await attempt(11_000_000);
    t.is(more.code, 0, more.stderr);
    t.is(more.attempts, 2);
    const much = await attempt(25_000_000);
    t.is(much.code, 1);
    t.is(much.attempts, 2);
    t.regex(
      much.stderr,
      /task 1 of job hold, stage hold map holds \d+ bytes on the heap, its share is \d+/,
    );
    t.regex(much.stderr, /\[MEMORY\]\n[^]*--memory/);
  },
);
