/** Graph jobs without checkpoints, of which threads die, or the whole process: the same bytes, or nothing at the destination. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { start, superstep } from '../../cli/child.ts';
import { open, type Report } from '../../index.ts';
import { GRAPH, hashOf, succeeds } from './checkpoint-jobs.ts';
import { fails, listing, placeOf, run, until } from './command.ts';
import { runIn } from './in-session.ts';

/** One at a time: each is a process with threads of its own, or changes the folder that is worked in. */
const test = ava.serial;

/** A vertex of each partition. */
const AT = [0, 6000] as const;
/** Sums along edges, both ways, with an aggregate and a counter; `what` goes wrong at these vertices. */
const program = (what: string): string => `import { existsSync, writeFileSync } from 'node:fs';
import { float64, sum, vertexProgram } from 'superstep';
function once(mark: string): boolean {
  if (existsSync(mark)) return false;
  writeFileSync(mark, '');
  return true;
}
const words = new Int32Array(new SharedArrayBuffer(4));
function wait(): void {
  if (once('computing')) while (!existsSync('go')) Atomics.wait(words, 0, 0, 5);
}
export default vertexProgram({
  name: 'mine',
  state: { value: float64 },
  message: float64,
  combine: sum,
  aggregates: { total: { type: float64, combine: sum, persistent: true } },
  init(v) { v.value = 1 + v.outDegree / 7; },
  compute(v, sent, ctx) {
    const { superstep } = ctx;
    if (v.id === ${AT[0]} || v.id === ${AT[1]}) { ${what} }
    ctx.count('computed');
    ctx.aggregate('total', v.value);
    v.value = 0.3 * (sent + v.value) + ctx.aggregates.total * 1e-12;
    if (superstep === 6) return v.voteToHalt();
    v.sendToOut(v.value / (v.outDegree + 1));
    if (superstep % 2 === 1) v.sendToIn(v.value / 7);
  },
});
`;
const SMALL = '1 2\n2 3\n3 1\n';
const JOB = ['./mine.ts', 'g.txt', '--input-format', 'edges'];

interface Calm {
  readonly hash: string;
  readonly counters: object;
}
let calmly: Calm | undefined;
/** Its csv and its counters where nothing goes wrong. */
async function calm(t: ExecutionContext): Promise<Calm> {
  if (calmly !== undefined) return calmly;
  const place = placeOf(t, { 'g.txt': GRAPH, 'mine.ts': program('') });
  const done = await run(place, [...JOB, '--json', '--out', 'calm.csv']);
  t.is(done.code, 0, done.stderr);
  const { counters, partitions } = JSON.parse(done.stdout) as Report;
  t.is(partitions, 2);
  calmly = { hash: hashOf(join(place.folder, 'calm.csv')), counters };
  return calmly;
}

test('threads that die in supersteps, one after the other: the same bytes, and nothing is counted twice', async t => {
  const { hash, counters } = await calm(t);
  const place = placeOf(t, { 'g.txt': GRAPH });
  const dies = 'if (superstep % 4 === 0 && once(`died-${superstep}-${v.id}`)) process.exit(3);';
  writeFileSync(join(place.folder, 'mine.ts'), program(dies));
  const done = await run(place, [...JOB, '--json', '--out', 'x.csv']);
  t.is(done.code, 0, done.stderr);
  const said = JSON.parse(done.stdout) as Report;
  t.deepEqual(said.counters, counters);
  t.is(hashOf(join(place.folder, 'x.csv')), hash);
  const marks = [0, 4].flatMap(when => AT.map(vertex => `died-${when}-${vertex}`));
  t.true(said.tasks.retried >= marks.length, `${said.tasks.retried}`);
  const left = [...marks, 'g.txt', 'mine.ts', 'temporary', 'x.csv'];
  t.deepEqual(listing(place.folder), left.toSorted());
});

test('a thread that dies in every attempt of a superstep fails the job after four', async t => {
  const dies = 'if (superstep === 2) process.exit(3);';
  const place = placeOf(t, { 'g.txt': SMALL, 'mine.ts': program(dies) });
  await fails(t, place, [...JOB, '--out', 'x.csv'], 1, [
    /^superstep: task \d of job mine, stage mine superstep 2 was running when its worker ended \(exit code 3\) {3}\[WORKER_LOST\]$/,
    /^ {2}job mine, stage mine superstep 2, task \d, attempt 4$/,
    '  Look for process.exit, a native crash or an error thrown in a callback in its code.',
  ]);
});

test('what compute throws once is forgiven if --retries says so, and changes nothing', async t => {
  const throws = "if (superstep === 3 && once(`threw-${v.id}`)) throw new Error('once');";
  const { hash, counters } = await calm(t);
  const place = placeOf(t, { 'g.txt': GRAPH });
  writeFileSync(join(place.folder, 'mine.ts'), program(throws));
  const done = await run(place, [...JOB, '--json', '--out', 'x.csv', '--retries', '1']);
  t.is(done.code, 0, done.stderr);
  t.deepEqual((JSON.parse(done.stdout) as Report).counters, counters);
  t.is(hashOf(join(place.folder, 'x.csv')), hash);
  t.true(listing(place.folder).some(name => name.startsWith('threw-')));
});

test('a superstep that takes too long is stopped, and said', async t => {
  const place = placeOf(t, { 'g.txt': SMALL, 'mine.ts': program('for (;;);') });
  const args = [...JOB, '--out', 'x.csv', '--task-timeout', '1s'];
  await fails(t, place, args, 1, [
    /^superstep: task \d of job mine, stage mine superstep 0 ran for longer than its limit of 1000 ms {3}\[TASK_TIMEOUT\]$/,
    /^ {2}job mine, stage mine superstep 0, task \d, attempt 1$/,
    '  Raise --task-timeout (timeoutMs), or see what it loops over or waits for.',
  ]);
});

/** Starts a run that waits in its first superstep, over an output that is there. */
async function waiting(t: ExecutionContext, args: readonly string[] = []) {
  const waits = program('if (superstep === 2) wait();');
  const place = placeOf(t, { 'g.txt': GRAPH, 'mine.ts': waits, 'x.csv': 'old\n' });
  const asked = [...JOB, '--out', 'x.csv', '--overwrite', ...args];
  const job = start(['run', '--quiet', '--workers', '2', ...asked], {
    cwd: place.folder,
    env: { ...process.env, TMPDIR: place.temp },
  });
  await until(() => existsSync(join(place.folder, 'computing')) || job.child.exitCode !== null);
  return { place, asked, job };
}
const LEFT = ['computing', 'g.txt', 'mine.ts', 'temporary', 'x.csv'];

test('SIGINT in a superstep: it cleans up, and says 130', async t => {
  const { place, job } = await waiting(t);
  job.child.kill('SIGINT');
  t.deepEqual(await job.finished, {
    code: 130,
    signal: null,
    stdout: '',
    stderr: `superstep: stopped by Ctrl-C   [CANCELLED]\n  Nothing was written. Run it again to start over.\n`,
  });
  t.deepEqual(listing(place.folder), LEFT);
  t.is(readFileSync(join(place.folder, 'x.csv'), 'utf8'), 'old\n');
});

test('SIGKILL in a superstep: the old output is as it was, and the next run sweeps and gives the same bytes', async t => {
  // So little memory that edges and states lie in segments.
  const { hash } = await calm(t);
  const { place, asked, job } = await waiting(t, ['--memory', '60MiB']);
  const during = listing(place.folder);
  job.child.kill('SIGKILL');
  t.is((await job.finished).signal, 'SIGKILL');
  t.is(readFileSync(join(place.folder, 'x.csv'), 'utf8'), 'old\n');
  t.true(
    during.some(entry => entry.startsWith('.x.csv.superstep-')),
    during.join(),
  );
  writeFileSync(join(place.folder, 'go'), '');
  await succeeds(t, place, asked);
  t.is(hashOf(join(place.folder, 'x.csv')), hash);
  await superstep(['clean', '--temp', place.temp], { cwd: place.folder });
  t.deepEqual(listing(place.folder), [...LEFT, 'go'].toSorted());
});

test('threads that are killed and frames that are lost change no byte of a graph job', async t => {
  t.timeout(120_000);
  const place = placeOf(t, { 'g.txt': GRAPH });
  const hashes = new Map<string, string>();
  let retried = 0;
  // When threads die is a matter of time: once would do, and mostly does.
  for (const chaos of [undefined, 2, 3, 4, 5, 6, 7, 8]) {
    if (retried > 0) break;
    const more = chaos === undefined ? {} : { chaos };
    await using session = await open({ workers: 3, memory: '256MiB', temp: place.temp, ...more });
    for (const job of ['pagerank', 'cdlp']) {
      const { tasks } = await runIn(session, place, [job, 'g.txt', '--out', 'x.csv']);
      const hash = hashOf(join(place.folder, 'x.csv'));
      rmSync(join(place.folder, 'x.csv'));
      if (chaos === undefined) hashes.set(job, hash);
      else t.deepEqual(hash, hashes.get(job), job);
      retried += tasks.retried;
    }
  }
  t.true(retried > 0);
  t.log(`${retried} tasks were run again`);
  t.deepEqual(listing(place.folder), ['g.txt', 'temporary']);
});
