/** Checkpoints: whenever a job over a graph is killed, `--resume` gives the bytes of a run that nobody disturbed; what is damaged or
 *  of another run is refused by name. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { start, superstep } from '../../cli/child.ts';
import { CHANGES, edgesText, STOPS, TWO } from './checkpoint-jobs.ts';
import { fails, listing, type Place, placeOf, run, until } from './command.ts';
import { type Fault, onDevice } from './device.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const short = process.env['SUPERSTEP_TEST_SHORT'] !== undefined;

/** Two partitions. */
const GRAPH = edgesText(70_000, 9_000);
const FOLDER = '.x.csv.superstep-checkpoint';

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

async function succeeds(
  t: ExecutionContext,
  place: Place,
  args: readonly string[],
): Promise<string> {
  const { code, stderr } = await run(place, args);
  t.is(code, 0, stderr);
  return stderr;
}

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

/** A job that has failed in superstep 5, with its checkpoint. */
async function stopped(t: ExecutionContext, args: readonly string[] = []): Promise<Place> {
  const place = placeOf(t, { 'g.txt': GRAPH, 'job.ts': STOPS });
  const asked = ['./job.ts', 'g.txt', '--out', 'x.csv', '--checkpoint', '2', ...args];
  const { code, stderr } = await run(place, asked);
  t.is(code, 1, stderr);
  t.true(existsSync(join(place.folder, FOLDER, 'program-1.json')), stderr);
  return place;
}
const RESUME = ['./job.ts', 'g.txt', '--out', 'x.csv', '--resume'];

/** What of a report does not depend on when it ran. */
function reported(stdout: string): unknown {
  const { counters, shuffled, partitions, output, input } = JSON.parse(stdout) as {
    [name: string]: object;
  };
  return { counters, shuffled, partitions, input, output: { ...output, path: '' } };
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

const ANEW = '  Run the job without --resume: it begins anew, and replaces the checkpoint.';
const flip = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[200]! ^= 1;
  writeFileSync(path, bytes);
};
const DAMAGES: readonly {
  readonly title: string;
  readonly file: RegExp;
  readonly damage: (path: string) => void;
  readonly why: string;
}[] = [
  {
    title: 'a segment that was cut short',
    file: /state/,
    damage: path => truncateSync(path, 1000),
    why: '1000 bytes long, not \\d+',
  },
  { title: 'a bit of a segment', file: /state/, damage: flip, why: 'its checksum differs' },
  { title: 'a bit of messages', file: /-(out|in)-/, damage: flip, why: 'its checksum differs' },
  { title: 'a segment that is gone', file: /state/, damage: rmSync, why: 'it is missing' },
  {
    title: 'a manifest that was cut short',
    file: /json$/,
    damage: path => truncateSync(path, 1000),
    why: 'it is not JSON',
  },
  {
    title: 'a manifest that was changed',
    file: /json$/,
    damage: path =>
      writeFileSync(path, readFileSync(path, 'utf8').replace('"superstep":4', '"superstep":6')),
    why: 'its checksum differs',
  },
  {
    title: 'a manifest of something else',
    file: /json$/,
    damage: path => writeFileSync(path, '{}'),
    why: "it does not say 'superstep checkpoint 1'",
  },
];

test('what is damaged is named, whatever it is, and stays', async t => {
  t.timeout(120_000);
  const place = await stopped(t);
  const kept = new Map(
    listing(join(place.folder, FOLDER))
      .filter(name => /\.(json|parquet)$/.test(name))
      .map(name => [
        join(place.folder, FOLDER, name),
        readFileSync(join(place.folder, FOLDER, name)),
      ]),
  );
  for (const { title, file, damage, why } of DAMAGES) {
    const [path] = [...kept.keys()].filter(name => file.test(name.split(FOLDER)[1]!));
    damage(path!);
    const first = new RegExp(
      `^superstep: ${path!.replaceAll('.', '\\.')}: the checkpoint is damaged: ${why} {3}\\[CHECKPOINT_CORRUPT\\]$`,
    );
    const { stderr } = await run(place, RESUME);
    const lines = stderr.split('\n');
    t.regex(lines[0]!, first, title);
    t.is(lines.at(-2), ANEW, title);
    await fails(t, place, RESUME, 1, lines.slice(0, -1));
    writeFileSync(path!, kept.get(path!)!);
  }
  writeFileSync(join(place.folder, 'go'), '');
  await succeeds(t, place, RESUME);
});

test('what is of another run is refused, with what differs', async t => {
  t.timeout(120_000);
  const place = await stopped(t);
  const { folder } = place;
  const refused = (args: readonly string[], what: string): Promise<unknown> =>
    fails(t, place, args, 2, [
      `superstep: ${join(folder, FOLDER)}: the checkpoint is of another run: ${what}   [CHECKPOINT_FOREIGN]`,
      '  Run the job without --resume: it begins anew. Or as it was run before.',
    ]);
  await refused(
    [...RESUME, '--param', 'weight=0.25'],
    'parameter weight of stops: 0.5 then, 0.25 now',
  );
  await refused(
    [...RESUME, '--param', 'loops=drop'],
    'flags of the graph: {} then, {"selfLoops":"drop"} now',
  );
  await refused([...RESUME, '--seed', '7'], 'the seed: 0 then, 7 now');
  await refused(
    [
      'bfs',
      'g.txt',
      '--input-format',
      'edges',
      '--param',
      'source=0',
      '--out',
      'x.csv',
      '--resume',
    ],
    'the job: stops then, bfs now; the plan of the job: [["load","graph"],["program","stops"]] then, [["load","graph"],["program","bfs"]] now; the code of stops is gone; parameter weight of stops is gone; and 5 more',
  );
  writeFileSync(join(folder, 'job.ts'), `${STOPS}// The same, perhaps.\n`);
  await refused(RESUME, 'the code of stops: not the same');
  writeFileSync(join(folder, 'job.ts'), STOPS);
  const input = join(folder, 'g.txt');
  const { size, mtimeMs } = statSync(input);
  utimesSync(input, 1, 1);
  await refused(
    RESUME,
    `input ${input}: ${size} bytes of ${new Date(mtimeMs).toISOString()} then, ${size} bytes of 1970-01-01T00:00:01.000Z now`,
  );
  writeFileSync(join(folder, 'h.txt'), '1 2\n');
  await refused(
    ['./job.ts', 'h.txt', '--out', 'x.csv', '--resume'],
    `input ${input} is gone; input ${join(folder, 'h.txt')} is new`,
  );
});

test('standard input is known by its bytes', async t => {
  t.timeout(120_000);
  const place = placeOf(t, { 'job.ts': STOPS });
  const from = (args: readonly string[], input: string) =>
    run(place, ['./job.ts', '-', '--out', 'x.csv', ...args], { input });
  t.is((await from(['--checkpoint', '2'], GRAPH)).code, 1);
  const other = await from(['--resume'], `${GRAPH}1 2\n`);
  t.regex(other.stderr, /of another run: input .*: not the same {3}\[CHECKPOINT_FOREIGN\]/);
  writeFileSync(join(place.folder, 'go'), '');
  t.is((await from(['--resume'], GRAPH)).code, 0);
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

test('a program that changes its graph has no checkpoints yet, and says so', async t => {
  const place = placeOf(t, { 'g.txt': '1 2\n2 3\n', 'job.ts': CHANGES });
  await fails(t, place, ['./job.ts', 'g.txt', '--out', 'x.csv', '--checkpoint', '1'], 2, [
    'superstep: changes changes its graph, which no checkpoint holds yet   [NOT_YET]',
    '  Run it without --checkpoint.',
  ]);
});

test('flags that mean nothing are refused', async t => {
  const place = placeOf(t, { 'g.txt': '1 2\n' });
  const graph = ['bfs', 'g.txt', '--input-format', 'edges', '--param', 'source=1'];
  for (const flags of [['--checkpoint', '3'], ['--resume']]) {
    await fails(t, place, [...graph, ...flags], 2, [
      'superstep: checkpoints lie beside the output, and these rows go to standard output   [USAGE]',
      '  Write the rows to a file: --out PATH',
    ]);
    await fails(t, place, ['wordcount', 'g.txt', '--out', 'x.csv', ...flags], 2, [
      'superstep: wordcount has no supersteps, so there are no checkpoints of it   [USAGE]',
      '  Leave out --checkpoint and --resume: they are for jobs over graphs.',
    ]);
  }
  await fails(t, place, [...graph, '--out', 'x.csv', '--checkpoint', '0'], 2, [
    "superstep: --checkpoint: '0' is not a whole number in its range   [USAGE]",
    '  Write a whole number: 1 or more.',
  ]);
});

test('clean deletes checkpoints where it is told how old they are', async t => {
  t.timeout(60_000);
  const place = await stopped(t);
  const clean = (...args: string[]) =>
    superstep(['clean', '--temp', place.temp, ...args], { cwd: place.folder });
  t.is((await clean()).stdout, '0 leftovers deleted\n');
  t.is((await clean('--older', '1h')).stdout, '0 leftovers deleted\n');
  const path = join(place.folder, FOLDER);
  utimesSync(path, 1, 1);
  t.is(
    (await clean('--older', '1h', '--dry-run')).stdout,
    `${FOLDER}\n1 leftover would be deleted\n`,
  );
  t.true(existsSync(path));
  t.is((await clean('--older', '1h')).stdout, `${FOLDER}\n1 leftover deleted\n`);
  t.false(existsSync(path));
});
