/** Checkpoints that are damaged, or of another run, are refused by name; so are flags that mean nothing. */
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
import ava from 'ava';
import { superstep } from '../../cli/child.ts';
import { CHANGES, FOLDER, GRAPH, RESUME, stopped, STOPS, succeeds } from './checkpoint-jobs.ts';
import { fails, listing, placeOf, run } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;

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
    why: "it does not say 'superstep checkpoint 2'",
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
    // What a segment holds is looked at when it is read: by a task. Its length, as a manifest, before.
    const isRead = why.includes('checksum') && !path!.endsWith('json');
    const task = /^ {2}job stops, stage checkpoint restore, task \d, attempt 1$/;
    await fails(t, place, RESUME, 1, isRead ? [first, task, ANEW] : [first, ANEW]);
    t.log(title);
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

test('the graph of a program that changes it is in its checkpoints: the same bytes; damaged, it is refused', async t => {
  t.timeout(120_000);
  const place = placeOf(t, { 'g.txt': GRAPH, 'job.ts': CHANGES });
  const { folder } = place;
  const asked = ['./job.ts', 'g.txt', '--out'];
  t.is((await run(place, [...asked, 'x.csv', '--checkpoint', '1', '--workers', '2'])).code, 1);
  const manifest = readFileSync(join(folder, FOLDER, 'program-1.json'), 'utf8');
  const [files] = readdirSync(join(folder, FOLDER)).filter(name => !name.endsWith('.json'));
  const edges = readdirSync(join(folder, FOLDER, files!)).find(name => /-edges-/.test(name))!;
  const path = join(folder, FOLDER, files!, edges);
  const whole = readFileSync(path);
  flip(path);
  writeFileSync(join(folder, 'go'), '');
  await fails(t, place, [...asked, 'x.csv', '--resume'], 1, [
    /-edges-.*: the checkpoint is damaged: its checksum differs {3}\[CHECKPOINT_CORRUPT\]$/,
    /^ {2}job changes, stage checkpoint restore, task \d, attempt 1$/,
    ANEW,
  ]);
  writeFileSync(path, whole);
  t.is(readFileSync(join(folder, FOLDER, 'program-1.json'), 'utf8'), manifest);
  t.is((await run(place, [...asked, 'x.csv', '--resume', '--workers', '1'])).code, 0);
  t.is((await run(place, [...asked, 'y.csv'])).code, 0);
  t.deepEqual(readFileSync(join(folder, 'x.csv')), readFileSync(join(folder, 'y.csv')));
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
