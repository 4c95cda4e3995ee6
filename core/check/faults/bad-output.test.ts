/** What an output that cannot be written gets, by the command: the message, the exit code, and nothing left behind. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ava from 'ava';
import { start } from '../../cli/child.ts';
import { distinct, fails, listing, placeOf, run, SLOW, smallDisk, until } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;

test('an output that is, contains or lies inside an input, whatever the flags', async t => {
  const place = placeOf(t, { 'in/sub/a.txt': 'a b\n' });
  const refused = (path: string, why: string): string =>
    `superstep: ${join(place.folder, path)}: ${why}   [OUTPUT_REFUSED]`;
  const remedy = '  Write to another path: --out PATH';
  for (const flags of [[], ['--overwrite']]) {
    const words = (input: string, out: string): string[] => [
      'wordcount',
      input,
      '--out',
      out,
      ...flags,
    ];
    await fails(t, place, words('in/sub/a.txt', 'in/sub/a.txt'), 2, [
      refused('in/sub/a.txt', 'is an input of the job'),
      remedy,
    ]);
    await fails(t, place, words('in/sub/a.txt', 'in'), 2, [
      refused('in', 'contains an input of the job, in/sub/a.txt'),
      remedy,
    ]);
    await fails(t, place, words('in', 'in/counts.csv'), 2, [
      refused('in/counts.csv', 'lies inside an input of the job, in'),
      remedy,
    ]);
    await fails(t, place, words('in', '.'), 2, [
      `superstep: ${place.folder}: is or contains the working folder   [OUTPUT_REFUSED]`,
      remedy,
    ]);
  }
});

test('an output that is there already, and one that superstep cannot have written', async t => {
  const place = placeOf(t, { 'a.txt': 'a b\n', 'old.csv': 'old\n', 'mine/notes.md': 'mine\n' });
  await fails(t, place, ['wordcount', 'a.txt', '--out', 'old.csv'], 2, [
    `superstep: ${join(place.folder, 'old.csv')} exists   [OUTPUT_EXISTS]`,
    '  Replace it with --overwrite, or write to another path: --out PATH',
  ]);
  await fails(t, place, ['wordcount', 'a.txt', '--out', 'mine', '--overwrite'], 2, [
    `superstep: ${join(place.folder, 'mine')} holds notes.md: superstep did not write it   [OUTPUT_FOREIGN]`,
    '  Remove it yourself, or write to another path: --out PATH',
  ]);
});

test('a job that fails leaves the old output, and the parents of a new one are not made', async t => {
  const job = SLOW.replace('wait();', "throw new Error('no');");
  const place = placeOf(t, { 'job.ts': job, 'a.txt': 'a\n', 'old.csv': 'old\n' });
  for (const out of [['old.csv', '--overwrite'], ['new/deep/x.csv']]) {
    await fails(t, place, ['./job.ts', 'a.txt', '--out', ...out], 1, [
      /no {3}\[TASK_FAILED\]$/,
      /./,
      /./,
      /./,
      /./,
    ]);
  }
});

test('two jobs on one output: the second is refused and names the first, which goes on', async t => {
  const place = placeOf(t, { 'job.ts': SLOW, 'a.txt': 'a\n' });
  const args = ['run', '--quiet', './job.ts', 'a.txt', '--out', 'x.csv'];
  const first = start(args, { cwd: place.folder });
  await until(() => existsSync(join(place.folder, 'mapping')));
  const second = await run(place, ['./job.ts', 'a.txt', '--out', 'x.csv']);
  t.is(second.code, 75, second.stderr);
  t.regex(
    second.stderr,
    new RegExp(
      `^superstep: ${join(place.folder, 'x.csv')}: job [0-9a-f-]+ is writing it \\(process ${first.child.pid} on [^)]+\\) {3}\\[OUTPUT_LOCKED\\]\\n {2}Wait for that job, or write elsewhere\\.\\n$`,
    ),
  );
  writeFileSync(join(place.folder, 'go'), '');
  const done = await first.finished;
  t.is(done.code, 0, done.stderr);
  t.deepEqual(listing(place.folder), ['a.txt', 'go', 'job.ts', 'mapping', 'temporary', 'x.csv']);
});

test('an output on a full disk: 75, and nothing is left', async t => {
  const place = placeOf(t, { 'a.txt': distinct(200_000) });
  const disk = join(place.folder, 'disk');
  if (!smallDisk(t, disk)) return;
  for (const [name, words] of [
    ['new.csv', 'disk/new.csv'],
    ['new.parquet', 'disk/new.parquet'],
    ['folder', 'disk/folder'],
  ]) {
    await fails(t, place, ['wordcount', 'a.txt', '--out', `disk/${name}`], 75, [
      `superstep: ${words}: no space left to write to it (ENOSPC)   [DISK_FULL]`,
      /^ {2}job wordcount, stage wordcount reduce, task 0, attempt 1$/,
      '  Free some space there, or put temporary files elsewhere with --temp DIR.',
    ]);
  }
  t.deepEqual(listing(disk), []);
});

test('a device that fails when the output is written through to it', async t => {
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).status !== 0) {
    t.log('skipped: no strace to make the system call fail');
    return;
  }
  const place = placeOf(t, { 'a.txt': 'a b\n' });
  const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  const inject = [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync',
    '-e',
    'inject=fsync:error=EIO',
  ];
  const args = [main, 'run', '--quiet', 'wordcount', 'a.txt', '--out', 'x.csv'];
  const options = {
    cwd: place.folder,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: place.temp },
  } as const;
  const { status, stderr } = spawnSync('strace', [...inject, process.execPath, ...args], options);
  if (/ptrace|Operation not permitted/.test(stderr)) {
    t.log('skipped: processes may not be traced here');
    return;
  }
  t.is(status, 1, stderr);
  t.regex(stderr, /^superstep: x\.csv: cannot write: i\/o error \(EIO\) {3}\[IO\]\n/);
  t.deepEqual(listing(place.folder), ['a.txt', 'temporary']);
  t.is(readFileSync(join(place.folder, 'a.txt'), 'utf8'), 'a b\n');
});
