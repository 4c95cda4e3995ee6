/** Signals to the command while it runs: what can be caught cleans up; what cannot leaves nothing that is not whole, and
 *  the next run on the same path, or `superstep clean`, sweeps. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { type ChildOptions, type Finished, start, superstep } from '../../cli/child.ts';
import { onDevice } from './device.ts';
import { listing, type Place, placeOf, run, SLOW, until } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const short = process.env['SUPERSTEP_TEST_SHORT'] !== undefined;

function startJob(
  place: Place,
  args: readonly string[],
  { env = process.env, ...options }: ChildOptions = {},
): ReturnType<typeof start> {
  const flags = ['run', '--quiet', '--workers', '2'];
  return start([...flags, ...args], {
    ...options,
    cwd: place.folder,
    env: { ...env, TMPDIR: place.temp },
  });
}

const SIGNALS = [
  ['SIGINT', 130, 'Ctrl-C'],
  ['SIGTERM', 143, 'SIGTERM'],
] as const;

for (const [signal, code, name] of SIGNALS) {
  test(`${signal} while a job runs: it cleans up, and says ${code}`, async t => {
    const place = placeOf(t, { 'job.ts': SLOW, 'a.txt': 'a\n', 'old.csv': 'old\n' });
    const job = startJob(place, ['./job.ts', 'a.txt', '--out', 'old.csv', '--overwrite']);
    await until(() => existsSync(join(place.folder, 'mapping')));
    job.child.kill(signal);
    t.deepEqual(await job.finished, {
      code,
      signal: null,
      stdout: '',
      stderr: `superstep: stopped by ${name}   [CANCELLED]\n  Nothing was written. Run it again to start over.\n`,
    });
    t.deepEqual(listing(place.folder), ['a.txt', 'job.ts', 'mapping', 'old.csv', 'temporary']);
    t.is(readFileSync(join(place.folder, 'old.csv'), 'utf8'), 'old\n');
  });
}

test('SIGINT while partitions are merged into one file, on a device that stands still: it cleans up', async t => {
  const words = Array.from({ length: 100_000 }, (_, i) => `w${i}\n`).join('');
  const place = placeOf(t, { 'a.txt': words, 'old.csv': 'old\n' });
  const path = '/\\.old\\.csv\\.superstep-[^/]*/part-[^/]*\\.csv$';
  const device = onDevice([{ call: 'write', path, after: 1 }]);
  const args = ['wordcount', 'a.txt', '--out', 'old.csv', '--overwrite', '--partitions', '3'];
  const job = startJob(place, args, device);
  await until(() => existsSync(join(place.folder, 'waits-write')));
  job.child.kill('SIGINT');
  const done = await job.finished;
  t.is(done.code, 130, done.stderr);
  t.regex(done.stderr, /^superstep: stopped by Ctrl-C {3}\[CANCELLED\]\n/);
  t.deepEqual(listing(place.folder), ['a.txt', 'old.csv', 'temporary', 'waits-write']);
  t.is(readFileSync(join(place.folder, 'old.csv'), 'utf8'), 'old\n');
});

test('a second signal ends the process at once, and the next run sweeps', async t => {
  const place = placeOf(t, { 'job.ts': SLOW, 'a.txt': 'a\n' });
  const job = startJob(place, ['./job.ts', 'a.txt', '--out', 'x.csv']);
  await until(() => existsSync(join(place.folder, 'mapping')));
  job.child.kill('SIGINT');
  // A thread that waits is given a second to end by itself: the second signal comes meanwhile.
  await new Promise(resolve => setTimeout(resolve, 100));
  job.child.kill('SIGTERM');
  t.like(await job.finished, { code: 143, stderr: '' });
  t.true(readdirSync(place.folder).some(entry => entry.startsWith('.x.csv.superstep-')));
  writeFileSync(join(place.folder, 'go'), '');
  const again = await run(place, ['./job.ts', 'a.txt', '--out', 'x.csv']);
  t.is(again.code, 0, again.stderr);
  const left = ['a.txt', 'go', 'job.ts', 'mapping', 'temporary', 'x.csv'];
  t.deepEqual(listing(place.folder), left);
});

/** What lies there while a job works: a folder that gets its name as it is read is there the next time. */
function listingMeanwhile(folder: string): string[] {
  try {
    return listing(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

test('a job that waits for standard input can be stopped', async t => {
  const place = placeOf(t, {});
  const env = { ...process.env, TMPDIR: place.temp };
  const job = start(['run', 'wordcount', '-'], { cwd: place.folder, env, open: true });
  await until(() => listingMeanwhile(place.temp).some(path => path.includes('stdin-')));
  job.child.kill('SIGINT');
  const done = await job.finished;
  t.is(done.code, 130, done.stderr);
  t.deepEqual(listing(place.folder), ['temporary']);
});

/** What a run may find, and has to make. */
interface Story {
  readonly title: string;
  readonly out: string;
  readonly old: boolean;
}
const STORIES: readonly Story[] = [
  { title: 'a new file', out: 'x.csv', old: false },
  { title: 'the overwrite of a file', out: 'x.parquet', old: true },
  { title: 'a new folder', out: 'x', old: false },
  { title: 'the overwrite of a folder', out: 'x', old: true },
];
/** Moments of each story: spread over a run by chance, and at what a commit does. */
const RANDOM = short ? 1 : 5;

/** A small generator with 32 bits of state (Tommy Ettinger's mulberry32, public domain). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Contents of a file, or of a folder's files by name; undefined where there is nothing. */
function contentsOf(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return Object.fromEntries(
      readdirSync(path).map(name => [name, readFileSync(join(path, name), 'latin1')]),
    );
  } catch {
    return readFileSync(path, 'latin1');
  }
}

const text = (seed: number): string =>
  Array.from({ length: 30_000 }, (_, i) => `w${(i * seed) % 9973}\n`).join('');

/** When to kill: after a part of the time that a run takes, or at the first sight of an entry in the staging folder. */
type Moment = { readonly part: number } | { readonly seen: string };

async function killAt(
  place: Place & { readonly ms: number },
  out: string,
  moment: Moment,
  args: string[],
): Promise<Finished> {
  const job = startJob(place, args);
  if ('part' in moment) await new Promise(resolve => setTimeout(resolve, moment.part * place.ms));
  else {
    const isSeen = (): boolean =>
      readdirSync(place.folder).some(
        entry =>
          entry.startsWith(`.${out}.superstep-`) &&
          existsSync(join(place.folder, entry, moment.seen)),
      );
    while (job.child.exitCode === null && !isSeen()) await new Promise(setImmediate);
  }
  job.child.kill('SIGKILL');
  return job.finished;
}

async function survives(t: ExecutionContext, story: Story, moments: Moment[]): Promise<void> {
  const { out, old } = story;
  const place = placeOf(t, { 'old.txt': text(7), 'new.txt': text(11) });
  const path = join(place.folder, out);
  const argsOf = (input: string): string[] => ['wordcount', input, '--out', out, '--overwrite'];
  const made = async (input: string): Promise<unknown> => {
    const { code, stderr } = await run(place, argsOf(input));
    t.is(code, 0, stderr);
    return contentsOf(path);
  };
  const fresh = await made('new.txt');
  const started = performance.now();
  const before = await made('old.txt');
  const ms = performance.now() - started;
  t.notDeepEqual(fresh, before);
  const found = { old: 0, new: 0, absent: 0 };
  for (const moment of moments) {
    if (!old) rmSync(path, { recursive: true, force: true });
    else if (JSON.stringify(contentsOf(path)) !== JSON.stringify(before)) await made('old.txt');
    await killAt({ ...place, ms }, out, moment, argsOf('new.txt'));
    const now = JSON.stringify(contentsOf(path));
    if (now === undefined) found.absent++;
    else if (now === JSON.stringify(fresh)) found.new++;
    else if (old && now === JSON.stringify(before)) found.old++;
    else t.fail(`${JSON.stringify(moment)}: ${out} is neither old nor new nor absent`);
    t.deepEqual(await made('new.txt'), fresh, JSON.stringify(moment));
    const left = ['new.txt', 'old.txt', out, 'temporary'].toSorted();
    t.deepEqual(readdirSync(place.folder).toSorted(), left, JSON.stringify(moment));
  }
  t.log(`${moments.length} kills: ${JSON.stringify(found)}`);
  await superstep(['clean', '--temp', place.temp], { cwd: place.folder });
  t.deepEqual(readdirSync(place.temp), []);
}

for (const [seed, story] of STORIES.entries()) {
  test(`SIGKILL at any moment of ${story.title}: old, new or absent, and the next run is well`, async t => {
    t.timeout(240_000);
    const random = randomOf(seed);
    const moments: Moment[] = Array.from({ length: RANDOM }, () => ({ part: random() }));
    for (const seen of story.old ? ['.', 'new', 'old', 'trash'] : ['.', 'new'])
      moments.push({ seen });
    await survives(t, story, moments);
  });
}
