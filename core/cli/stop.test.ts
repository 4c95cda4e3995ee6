/** A job that is stopped: by Ctrl-C, by SIGTERM, twice, by SIGKILL, by its time limit, by another job on its path. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Finished, folderOf, start, superstep } from './child.ts';

/** A row every 50 ms, and a minute of them: far longer than any test waits. */
const SLOW = `import { mapReduce, utf8 } from 'superstep';
const clock = new Int32Array(new SharedArrayBuffer(4));
export default mapReduce({
  name: 'slow',
  input: { line: utf8 },
  value: { line: utf8 },
  map(row, emit) {
    Atomics.wait(clock, 0, 0, 50);
    emit(row);
  },
});
`;
const FILES = { 'slow.ts': SLOW, 'a.txt': 'line\n'.repeat(1200) };
const ARGS = ['run', './slow.ts', 'a.txt', '--out', 'x.csv', '--temp', 'temp', '--overwrite'];

/** Starts the slow job and resolves when its map runs. */
async function started(t: ExecutionContext, cwd: string): Promise<ReturnType<typeof start>> {
  const job = start(ARGS, { cwd });
  t.teardown(() => job.child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    job.child.stderr!.on('data', text => String(text).includes('slow map') && resolve());
    void job.finished.then(({ stderr }) => reject(new Error(stderr)));
  });
  return job;
}

/** What is beside the inputs, hidden files too. */
const left = (cwd: string): string[] =>
  [...readdirSync(cwd), ...readdirSync(join(cwd, 'temp')).map(name => `temp/${name}`)]
    .filter(name => !Object.hasOwn(FILES, name) && name !== 'temp' && name !== 'temp/keep')
    .toSorted();

for (const [signal, code, said] of [
  ['SIGINT', 130, 'Ctrl-C'],
  ['SIGTERM', 143, 'SIGTERM'],
] as const) {
  test(`${signal} cleans up and ends with ${code}`, async t => {
    const cwd = folderOf(t, { ...FILES, 'x.csv': 'old\n', 'temp/keep': '' });
    const { child, finished } = await started(t, cwd);
    child.kill(signal);
    const done: Finished = await finished;
    t.deepEqual([done.code, done.signal], [code, null], done.stderr);
    t.regex(done.stderr, new RegExp(`superstep: stopped by ${said} {3}\\[CANCELLED\\]\\n`));
    t.deepEqual(left(cwd), ['x.csv']);
    t.is(readFileSync(join(cwd, 'x.csv'), 'utf8'), 'old\n');
  });
}

test('killed: the old output stays, and the next run on that path sweeps', async t => {
  const cwd = folderOf(t, { ...FILES, 'x.csv': 'old\n', 'temp/keep': '' });
  const { child, finished } = await started(t, cwd);
  t.true(
    left(cwd).some(name => name.startsWith('.x.csv.superstep-')),
    left(cwd).join(' '),
  );
  child.kill('SIGKILL');
  t.is((await finished).signal, 'SIGKILL');
  t.is(readFileSync(join(cwd, 'x.csv'), 'utf8'), 'old\n');
  const args = ['run', 'wordcount', 'a.txt', '--out', 'x.csv', '--temp', 'temp', '--overwrite'];
  const next = await superstep(args, { cwd });
  t.is(next.code, 0, next.stderr);
  t.is(readFileSync(join(cwd, 'x.csv'), 'utf8'), 'word,count\nline,1200\n');
  t.deepEqual(left(cwd), ['x.csv']);
});

test('a second signal ends it at once; clean sweeps', async t => {
  const cwd = folderOf(t, { ...FILES, 'temp/keep': '' });
  const { child, finished } = await started(t, cwd);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  const { code } = await finished;
  t.true(code === 130 || code === 143, String(code));
  const clean = await superstep(['clean', '--temp', 'temp'], { cwd });
  t.is(clean.code, 0, clean.stderr);
  t.deepEqual(left(cwd), []);
});

test('two jobs on one path: the second names the first and leaves it alone', async t => {
  const cwd = folderOf(t, { ...FILES, 'temp/keep': '' });
  const { child, finished } = await started(t, cwd);
  const second = await superstep(['run', 'wordcount', 'a.txt', '--out', 'x.csv'], { cwd });
  t.is(second.code, 75, second.stderr);
  t.regex(
    second.stderr,
    new RegExp(`x\\.csv: job .* is writing it \\(process ${child.pid} on .*\\[OUTPUT_LOCKED\\]`),
  );
  child.kill('SIGINT');
  t.is((await finished).code, 130);
  t.deepEqual(left(cwd), []);
});

test('a time limit', async t => {
  const cwd = folderOf(t, { ...FILES, 'temp/keep': '' });
  const { code, stdout, stderr } = await superstep([...ARGS, '--time-limit', '1s', '--json'], {
    cwd,
  });
  t.is(code, 1, stderr);
  t.regex(stderr, /\[TIME_LIMIT\]\n[^]*--time-limit/);
  t.is((JSON.parse(stdout) as { error: { code: string } }).error.code, 'TIME_LIMIT');
  t.deepEqual(left(cwd), []);
});
