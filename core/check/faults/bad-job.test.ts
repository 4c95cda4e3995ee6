/** What mistakes in a job get, by the command: the message in full, the exit code, and nothing left behind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ava from 'ava';
import { fails, listing, type Place, placeOf, run } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const ROWS = 20_000;
const lines = (n: number): string => Array.from({ length: n }, (_, i) => `row ${i + 1}\n`).join('');

/** A job `job` whose columns are k and n, and whose other members are `members`. */
const jobOf = (members: string, before = ''): string => `
import { appendFileSync } from 'node:fs';
import { int64, mapReduce, sum, utf8 } from 'superstep';
${before}
export default mapReduce({
  name: 'job',
  input: { line: utf8 },
  key: { k: utf8 },
  value: { n: int64 },
  ${members}
});
`;
const COUNT = 'map({ line }, emit) { emit({ k: line, n: 1 }); },';

const place = (t: Parameters<typeof placeOf>[0], members: string, before?: string): Place =>
  placeOf(t, { 'job.ts': jobOf(members, before), 'rows.txt': lines(ROWS) });
const JOB = ['./job.ts', 'rows.txt', '--out', 'out.csv'];
/** Byte offset of a row, counted from 1. */
const offsetOf = (row: number): string => lines(row - 1).length.toLocaleString('en');

test('a map function that throws: file, row, byte, the error, and the line that threw', async t => {
  const members = `map({ line }, emit) {
    if (line === 'row 12345') throw new RangeError('no such host');
    emit({ k: line, n: 1 });
  },
  combine: { n: sum },`;
  const at = place(t, members);
  const message = `superstep: job: map failed at rows.txt, row 12,345, byte ${offsetOf(12_345)}: no such host   [TASK_FAILED]`;
  await fails(t, at, JOB, 1, [
    message,
    `  at byte ${offsetOf(12_345)}`,
    /^ {2}job job, stage job map, task \d+, attempt 1$/,
    /^ {2}at Object\.map \(.*\/job\.ts:11:37\)$/,
    '  See where with --verbose',
  ]);
  const verbose = await run(at, [...JOB, '--verbose']);
  t.regex(verbose.stderr, /\n {2}caused by RangeError: no such host\n {4}at Object\.map \(/);
});

test('with --retries the walk is started again, and reads all of its input again', async t => {
  const members = `map({ line }, emit) {
    if (line === 'row 12345') {
      appendFileSync('tries', 'x');
      if (readFileSync('tries').length < 3) throw new RangeError('not yet');
    }
    emit({ k: line, n: 1 });
  },
  combine: { n: sum },`;
  const at = place(t, members, "import { readFileSync } from 'node:fs';");
  const short = await run(at, [...JOB, '--retries', '1']);
  t.is(short.code, 1, short.stderr);
  t.regex(short.stderr, /not yet {3}\[TASK_FAILED\]\n[^]*, attempt 2\n/);
  const done = await run(at, [...JOB, '--retries', '2']);
  t.is(done.code, 0, done.stderr);
  const rows = readFileSync(join(at.folder, 'out.csv'), 'utf8').split('\n');
  t.is(rows.length, ROWS + 2);
  t.true(rows.slice(1, -1).every(row => row.endsWith(',1')));
});

test('a reduce function that throws: the key', async t => {
  const members = `${COUNT}
  reduce({ k }) { if (k === 'row 7') throw new RangeError('bad key'); },`;
  await fails(t, place(t, members), JOB, 1, [
    'superstep: job: reduce failed at k "row 7": bad key   [TASK_FAILED]',
    '  job job, stage job reduce, task 0, partition 0, attempt 1',
    /^ {2}at Object\.reduce \(.*\/job\.ts:11:44\)$/,
    '  See where with --verbose',
  ]);
});

test('a function that throws something that is not an error', async t => {
  await fails(t, place(t, "map() { throw 'text'; },"), JOB, 1, [
    'superstep: job: map failed at rows.txt, row 1, byte 0: text   [TASK_FAILED]',
    '  at byte 0',
    /^ {2}job job, stage job map, task \d+, attempt 1$/,
    '  See where with --verbose',
  ]);
});

test('an emit of the wrong type', async t => {
  for (const [value, said] of [
    ["{ k: line, n: 'x' as never }", 'column \'n\' takes int64, not "x"'],
    ['{ k: line } as never', "column 'n' takes int64, not undefined"],
    ['{ k: line, n: 1.5 }', "column 'n' takes int64, not 1.5"],
    ['{ k: 7 as never, n: 1 }', "column 'k' takes utf8, not 7"],
  ]) {
    await fails(t, place(t, `map({ line }, emit) { emit(${value}); },`), JOB, 1, [
      `superstep: job: map failed at rows.txt, row 1, byte 0: ${said}   [TYPE_MISMATCH]`,
      '  at byte 0',
      /^ {2}job job, stage job map, task \d+, attempt 1$/,
      /^ {2}at Object\.map \(.*\/job\.ts:/,
      /^ {2}\S/,
    ]);
  }
});

test('an async row function, said and unsaid', async t => {
  const refusal = [
    'superstep: job: map is async, or a generator: its rows would be lost   [ASYNC_FUNCTION]',
    '  Make it a plain function that calls emit. To wait for something, use mapBatch, which may be async, or setup.',
  ];
  const said = 'map: (async (row: any, emit: any) => { emit({ k: row.line, n: 1 }); }) as never,';
  await fails(t, place(t, said), JOB, 2, refusal);
  const unsaid =
    'map: ((row: any, emit: any) => Promise.resolve(emit({ k: row.line, n: 1 }))) as never,';
  await fails(t, place(t, unsaid), JOB, 2, refusal);
});

test('an emit that is kept and used when its call has ended is refused, and no row is lost in silence', async t => {
  const late = `map({ line }, emit) { setTimeout(() => emit({ k: line, n: 1 }), 1); sleep(); },`;
  const sleep =
    'const sleep = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);';
  const at = placeOf(t, {
    'job.ts': jobOf(late, sleep),
    'rows.txt': lines(3),
    'more.txt': lines(3),
  });
  await fails(t, at, ['./job.ts', 'rows.txt', '--out', 'out.csv'], 1, [
    'superstep: job: emit: emit was called after its call had ended   [EMIT_LATE]',
    /^ {2}job job, stage job (map|reduce), task \d+, attempt 1$/,
    '  Emit before the function returns. What has to wait for a promise goes into mapBatch.',
  ]);
});

test('columns that are pushed to when mapBatch has ended', async t => {
  const late = `async mapBatch({ line }, { k, n }) {
    setTimeout(() => { k.push(line.at(0)); n.push(1); }, 0);
  },`;
  await fails(t, place(t, late), JOB, 1, [
    'superstep: job: emit: columns were pushed to after mapBatch had ended   [EMIT_LATE]',
    /^ {2}job job, stage job map, task \d+, attempt 1$/,
    '  Await in mapBatch whatever pushes, and return when all of it has been pushed.',
  ]);
});

test('the values of a group, kept and read when its reduce has ended', async t => {
  const members = `${COUNT}
  reduce({ k }, values, emit) { for (const { n } of kept ?? []) emit({ k, n }); kept = values; },`;
  await fails(t, place(t, members, 'let kept: Iterable<{ n: number }> | undefined;'), JOB, 1, [
    'superstep: job: reduce failed at k "row 10": the values of a group were read after its reduce had ended   [EMIT_LATE]',
    '  job job, stage job reduce, task 0, partition 0, attempt 1',
    /^ {2}at /,
    /^ {2}\S/,
  ]);
});

test('a map function that ends its worker: four times, then the job, naming what it was reading', async t => {
  const members = `map({ line }, emit) {
    if (line === 'row 12345') { appendFileSync('tries', 'x'); process.exit(3); }
    emit({ k: line, n: 1 });
  },`;
  const at = place(t, members);
  const done = await run(at, JOB);
  t.is(done.code, 1);
  t.regex(
    done.stderr,
    /^superstep: task \d+ of job job, stage job map was running when its worker ended \(exit code 3\), reading rows\.txt at byte 0 {3}\[WORKER_LOST\]\n {2}at byte 0\n {2}job job, stage job map, task \d+, attempt 4\n {2}Look for process\.exit, a native crash or an error thrown in a callback in its code\.\n$/,
  );
  t.is(readFileSync(join(at.folder, 'tries'), 'utf8'), 'xxxx');
  t.deepEqual(listing(at.folder), ['job.ts', 'rows.txt', 'temporary', 'tries']);
});

test('a worker that is lost once is replaced, and nothing is lost or counted twice', async t => {
  const members = `map({ line }, emit) {
    if (line === 'row 12345' && !existsSync('tries')) { appendFileSync('tries', 'x'); process.exit(); }
    emit({ k: line, n: 1 });
  },
  combine: { n: sum },`;
  const at = place(t, members, "import { existsSync } from 'node:fs';");
  const done = await run(at, JOB);
  t.is(done.code, 0, done.stderr);
  const rows = readFileSync(join(at.folder, 'out.csv'), 'utf8').split('\n');
  t.is(rows.length, ROWS + 2);
  t.true(rows.slice(1, -1).every(row => row.endsWith(',1')));
});

test('a map function that never ends, with a time limit for the task and one for the job', async t => {
  const at = place(t, "map({ line }) { if (line === 'row 12345') for (;;); },");
  await fails(t, at, [...JOB, '--task-timeout', '3s'], 1, [
    /^superstep: task \d+ of job job, stage job map ran for longer than its limit of 3000 ms, reading rows\.txt at byte 0 {3}\[TASK_TIMEOUT\]$/,
    '  at byte 0',
    /^ {2}job job, stage job map, task \d+, attempt 1$/,
    '  Raise --task-timeout (timeoutMs), or see what it loops over or waits for.',
  ]);
  await fails(t, at, [...JOB, '--time-limit', '1s'], 1, [
    'superstep: the job took longer than 1 s   [TIME_LIMIT]',
    '  Give it more with --time-limit',
  ]);
});

test('a map function whose objects exceed its share of the memory', async t => {
  const members = `map({ line }, emit) {
    for (let i = 0; i < 200; i++) kept.push({ line, i });
    emit({ k: line, n: 1 });
  },`;
  await fails(
    t,
    place(t, members, 'const kept: object[] = [];'),
    [...JOB, '--memory', '128MB'],
    1,
    [
      /^superstep: task \d+ of job job, stage job map holds \d+ bytes on the heap, its share is \d+ {3}\[MEMORY\]$/,
      /^ {2}job job, stage job map, task \d+, attempt 2$/,
      '  Raise --memory, lower --workers, or keep less in memory at a time.',
    ],
  );
});

test('threads that are killed and frames that are lost change no byte', async t => {
  const members = `${COUNT} reduce({ k }, values, emit) { for (const { n } of values) emit({ k, n }); },`;
  const at = place(t, members);
  const [plain, ...others] = await Promise.all(
    [[], ['--chaos', '1'], ['--chaos', '2']].map(more =>
      run(at, ['./job.ts', 'rows.txt', ...more]),
    ),
  );
  t.is(plain!.stdout.length, 'k,n\n'.length + lines(ROWS).length + 2 * ROWS);
  for (const { code, stdout, stderr } of others) {
    t.is(code, 0, stderr);
    t.true(stdout === plain!.stdout);
  }
});

test('definitions that no worker could find', async t => {
  const made = `import { mapReduce, utf8 } from 'superstep';
const make = (name: string) => mapReduce({
  name, input: { line: utf8 }, value: { line: utf8 }, map(row, emit) { emit(row); },
});
`;
  const at = placeOf(t, {
    'twice.ts': `${made}make('lines');\nexport default make('lines');\n`,
    'rows.txt': 'a\n',
  });
  await fails(t, at, ['./twice.ts', 'rows.txt', '--out', 'out.csv'], 2, [
    /^superstep: .*lines.* {3}\[DEFINITION_TWICE\]$/,
    /^ {2}\S/,
  ]);
});
