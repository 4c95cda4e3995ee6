/** Checkpoints: whenever a job over a graph is killed, `--resume` gives the bytes of a run that nobody disturbed. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { start, superstep } from '../../cli/child.ts';
import { FOLDER, GRAPH, hashOf, RESUME, stopped, STOPS, succeeds, TWO } from './checkpoint-jobs.ts';
import { listing, type Place, placeOf, run, until } from './command.ts';
import { type Fault, onDevice } from './device.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const short = process.env['SUPERSTEP_TEST_SHORT'] !== undefined;

/** Runs until the device stands still at this call, and kills. */
async function killAt(
  t: ExecutionContext,
  place: Place,
  fault: Fault,
  args: readonly string[],
): Promise<void> {
  const device = onDevice([fault]);
  const env = { ...device.env, TMPDIR: place.temp };
  const job = start(['run', '--quiet', '--workers', '2', ...args], {
    ...device,
    cwd: place.folder,
    env,
  });
  const waits = join(place.folder, `waits-${fault.call}`);
  await until(() => existsSync(waits) || job.child.exitCode !== null);
  t.true(existsSync(waits), `it ended before ${JSON.stringify(fault)}`);
  job.child.kill('SIGKILL');
  await job.finished;
  rmSync(waits);
}

/** Moments of a checkpoint; `after`: so many such calls go well before. */
const segment: Fault = { call: 'write', path: 'program-1-superstep-\\d+-[^/]*/\\d+-state' };
const segmentsSynced: Fault = { call: 'fsync', path: 'program-1-superstep-\\d+-[^/]*$' };
const manifest: Fault = { call: 'write', path: 'program-1\\.json\\.new$' };
const manifestSynced: Fault = { call: 'fsync', path: 'program-1\\.json\\.new$' };
const before: Fault = { call: 'rm', path: 'superstep-checkpoint/program-1-superstep-' };
const part: Fault = { call: 'write', path: 'part-[^/]*\\.csv$' };

interface Story {
  readonly job: string;
  readonly args: readonly string[];
  /** Supersteps, at least. */
  readonly supersteps: number;
}
const STORIES: readonly Story[] = [
  { job: 'pagerank', args: ['--param', 'iterations=8'], supersteps: 8 },
  { job: 'bfs', args: ['--param', 'source=0'], supersteps: 4 },
  { job: 'cdlp', args: ['--param', 'iterations=5'], supersteps: 5 },
];

for (const { job, args, supersteps } of STORIES) {
  for (const every of [1, 3]) {
    test(`${job}, killed around checkpoints of every ${every}: the same bytes when resumed`, async t => {
      t.timeout(240_000);
      const place = placeOf(t, { 'g.txt': GRAPH });
      const common = [job, 'g.txt', '--input-format', 'edges', ...args];
      await succeeds(t, place, [...common, '--out', 'whole.csv']);
      const whole = hashOf(join(place.folder, 'whole.csv'));
      const last = Math.floor(supersteps / every) - 1;
      const asked = [...common, '--out', 'x.csv', '--checkpoint', String(every)];
      const moments: Fault[] = [
        { ...segment, after: last },
        { ...manifestSynced, after: last },
        part,
      ];
      if (!short && last > 0) moments.push({ ...before, after: last - 1 });
      if (!short && every === 1)
        moments.push(segment, { ...segmentsSynced, after: last }, manifest);
      for (const [i, moment] of moments.entries()) {
        const what = JSON.stringify(moment);
        await killAt(t, place, moment, asked);
        t.false(existsSync(join(place.folder, 'x.csv')), what);
        const workers = ['--workers', String((i % 3) + 1)];
        await succeeds(t, place, [...common, '--out', 'x.csv', '--resume', ...workers]);
        t.is(hashOf(join(place.folder, 'x.csv')), whole, what);
        t.deepEqual(listing(place.folder), ['g.txt', 'temporary', 'whole.csv', 'x.csv'], what);
        rmSync(join(place.folder, 'x.csv'));
      }
    });
  }
}

test('killed, resumed, killed again, three times over: the same bytes; without a checkpoint it says so', async t => {
  t.timeout(120_000);
  const place = placeOf(t, { 'g.txt': GRAPH });
  const common = ['cdlp', 'g.txt', '--input-format', 'edges'];
  await succeeds(t, place, [...common, '--out', 'whole.csv']);
  const asked = [...common, '--out', 'x.csv', '--resume', '--checkpoint', '2'];
  // The second file, thread or checkpoint of each run: none is done twice.
  await killAt(t, place, { ...manifest, after: 1 }, asked);
  await killAt(t, place, { ...before, after: 0 }, asked);
  await killAt(t, place, { ...manifestSynced, after: 0 }, asked);
  const { manifest: found } = JSON.parse(
    readFileSync(join(place.folder, FOLDER, 'program-1.json'), 'utf8'),
  ) as { manifest: { superstep: number } };
  t.is(found.superstep, 4);
  // What its own next run sweeps is not the checkpoint, nor is it what `clean` deletes.
  await superstep(['clean', '--temp', place.temp], { cwd: place.folder });
  t.true(existsSync(join(place.folder, FOLDER, 'program-1.json')));
  const end = await run(place, [...asked, '--json']);
  t.deepEqual((JSON.parse(end.stdout) as { warnings: unknown }).warnings, []);
  t.is(hashOf(join(place.folder, 'x.csv')), hashOf(join(place.folder, 'whole.csv')));
  t.deepEqual(listing(place.folder), ['g.txt', 'temporary', 'whole.csv', 'x.csv']);
  const again = await run(place, [...asked, '--json', '--overwrite']);
  t.deepEqual((JSON.parse(again.stdout) as { warnings: unknown }).warnings, [
    'there was no checkpoint to resume from: the job ran from the beginning',
  ]);
  t.is(hashOf(join(place.folder, 'x.csv')), hashOf(join(place.folder, 'whole.csv')));
});

/** What of a report does not depend on when it ran. */
function reported(stdout: string): unknown {
  const { counters, shuffled, partitions, output, input, graph } = JSON.parse(stdout) as {
    [name: string]: object;
  };
  const untimed = { ...graph, arrangeSeconds: 0 };
  const unplaced = { ...output, path: '' };
  return { counters, shuffled, partitions, input, graph: untimed, output: unplaced };
}

test('aggregates, counters, state and messages both ways go on as if nothing had happened', async t => {
  t.timeout(120_000);
  const place = await stopped(t);
  // One that fails again keeps its checkpoint.
  t.is((await run(place, RESUME)).code, 1);
  writeFileSync(join(place.folder, 'go'), '');
  const whole = await run(place, ['./job.ts', 'g.txt', '--out', 'whole.csv', '--json']);
  t.is(whole.code, 0, whole.stderr);
  const resumed = await run(place, [...RESUME, '--json', '--workers', '3', '--memory', '200MB']);
  t.is(resumed.code, 0, resumed.stderr);
  t.deepEqual(reported(resumed.stdout), reported(whole.stdout));
  t.is(hashOf(join(place.folder, 'x.csv')), hashOf(join(place.folder, 'whole.csv')));
  t.false(existsSync(join(place.folder, FOLDER)));
});

test('Ctrl-C in a checkpoint leaves the one before, and says how to go on', async t => {
  t.timeout(60_000);
  const place = placeOf(t, { 'g.txt': GRAPH });
  const asked = ['pagerank', 'g.txt', '--input-format', 'edges', '--out', 'x.csv'];
  const device = onDevice([{ call: 'write', path: 'program-1-superstep-3-.*state' }]);
  const job = start(['run', '--quiet', '--workers', '1', ...asked, '--checkpoint', '1'], {
    ...device,
    cwd: place.folder,
    env: { ...device.env, TMPDIR: place.temp },
  });
  await until(() => existsSync(join(place.folder, 'waits-write')));
  job.child.kill('SIGINT');
  const { code, stderr } = await job.finished;
  t.is(code, 130);
  t.is(
    stderr,
    'superstep: stopped by Ctrl-C   [CANCELLED]\n  No output was written. Go on from the last checkpoint with --resume.\n',
  );
  rmSync(join(place.folder, 'waits-write'));
  t.true(existsSync(join(place.folder, FOLDER, 'program-1.json')));
  await succeeds(t, place, [...asked, '--resume']);
  t.deepEqual(listing(place.folder), ['g.txt', 'temporary', 'x.csv']);
});

test('without --resume a checkpoint is replaced by the first of the new run, and goes with its commit', async t => {
  t.timeout(120_000);
  const place = await stopped(t);
  const old = readFileSync(join(place.folder, FOLDER, 'program-1.json'), 'utf8');
  const asked = ['./job.ts', 'g.txt', '--out', 'x.csv', '--checkpoint', '1'];
  await killAt(t, place, { ...segment, after: 0 }, asked);
  t.is(readFileSync(join(place.folder, FOLDER, 'program-1.json'), 'utf8'), old);
  await killAt(t, place, { ...before, after: 1 }, asked);
  t.not(readFileSync(join(place.folder, FOLDER, 'program-1.json'), 'utf8'), old);
  writeFileSync(join(place.folder, 'go'), '');
  await succeeds(t, place, ['./job.ts', 'g.txt', '--out', 'x.csv']);
  t.deepEqual(listing(place.folder), ['g.txt', 'go', 'job.ts', 'temporary', 'x.csv']);
});

/** Of TWO. */
const outs = (name: string): string[] => [
  '--out',
  `ranks=${name}.csv`,
  '--out',
  `stops=${name}2.csv`,
];

test('two programs over one graph: the first goes on from its last barrier, the second from its own', async t => {
  t.timeout(120_000);
  const place = placeOf(t, { 'g.txt': GRAPH, 'job.ts': STOPS, 'two.ts': TWO });
  const asked = ['./two.ts', 'g.txt', ...outs('x')];
  t.is((await run(place, [...asked, '--checkpoint', '2'])).code, 1);
  t.deepEqual(
    readdirSync(join(place.folder, FOLDER)).filter(name => name.endsWith('.json')),
    ['program-1.json', 'program-2.json'],
  );
  writeFileSync(join(place.folder, 'go'), '');
  await succeeds(t, place, ['./two.ts', 'g.txt', ...outs('whole')]);
  await succeeds(t, place, [...asked, '--resume', '--workers', '1']);
  t.is(hashOf(join(place.folder, 'x.csv')), hashOf(join(place.folder, 'whole.csv')));
  t.is(hashOf(join(place.folder, 'x2.csv')), hashOf(join(place.folder, 'whole2.csv')));
  t.false(existsSync(join(place.folder, FOLDER)));
});

test('a full disk in a checkpoint fails the job, and the one before stays', async t => {
  t.timeout(120_000);
  const place = placeOf(t, { 'g.txt': GRAPH });
  const common = ['pagerank', 'g.txt', '--input-format', 'edges'];
  const asked = [...common, '--out', 'x.csv', '--checkpoint', '2'];
  for (const [path, left] of [
    ['superstep-2-.*parquet$', undefined],
    ['superstep-6-.*parquet$', 4],
  ] as const) {
    const device = onDevice([{ call: 'write', path, code: 'ENOSPC' }]);
    const env = { ...device.env, TMPDIR: place.temp };
    const { code, stderr } = await run(place, asked, { ...device, env });
    const [first, ...more] = stderr.split('\n');
    t.is(code, 75, stderr);
    t.regex(
      first!,
      /-state-.*\.parquet: no space left to write to it \(ENOSPC\) {3}\[DISK_FULL\]$/,
    );
    t.is(
      more.at(-2),
      '  Make room beside the output and go on with --resume, or run without --checkpoint.',
    );
    const names = existsSync(join(place.folder, FOLDER))
      ? readdirSync(join(place.folder, FOLDER))
      : [];
    t.is(names.length, left === undefined ? 0 : 2, names.join());
    t.is(existsSync(join(place.folder, FOLDER)), left !== undefined);
    t.is(
      names.filter(name => name.startsWith(`program-1-superstep-${left}-`)).length,
      left === undefined ? 0 : 1,
    );
  }
  await succeeds(t, place, [...common, '--out', 'x.csv', '--resume']);
  await succeeds(t, place, [...common, '--out', 'whole.csv']);
  t.is(hashOf(join(place.folder, 'x.csv')), hashOf(join(place.folder, 'whole.csv')));
});
