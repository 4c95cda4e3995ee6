/** What a folder for temporary files that cannot be used gets, by the command: which folder, why, what to type, and nothing
 *  left behind. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ava from 'ava';
import { asNobody, distinct, fails, listing, placeOf, run, smallDisk } from './command.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const WORDS = ['wordcount', 'a.txt', '--out', 'x.csv'];
const ANOTHER = '  Name another folder with --temp DIR.';

test('a temporary folder in memory is refused for what does not fit in memory, unless it is named', async t => {
  if (!existsSync('/dev/shm')) return t.pass('no tmpfs here');
  const place = placeOf(t, { 'a.txt': 'a b a\n' });
  const memory = { ...place, temp: '/dev/shm' };
  // Named, or not needed: the segments go beside the output.
  for (const args of [
    ['--temp', '/dev/shm', '--out', 'x.csv'],
    ['--out', 'y.csv'],
  ]) {
    t.is((await run(memory, ['wordcount', 'a.txt', ...args])).code, 0);
  }
  const table = await run(memory, ['wordcount', 'a.txt', '--format', 'table']);
  t.is(table.code, 2);
  t.is(
    table.stderr,
    [
      'superstep: /dev/shm lies in memory (tmpfs), and what does not fit in memory is to be written there   [TEMP_TMPFS]',
      '  Name a folder on a disk with --temp, or this one if you mean it.',
      '',
    ].join('\n'),
  );
});

test('a temporary folder that is no folder', async t => {
  const place = placeOf(t, { 'a.txt': 'a b a\n', file: '' });
  for (const temp of ['file', 'file/below']) {
    await fails(t, place, [...WORDS, '--temp', temp], 2, [
      `superstep: ${join(place.folder, temp)}: temporary files cannot be written there: it is not a folder, or lies in what is not one   [TEMP_UNWRITABLE]`,
      ANOTHER,
    ]);
  }
});

test('a temporary folder that may not be written', async t => {
  const place = placeOf(t, { 'a.txt': 'a b a\n' });
  const closed = join(place.folder, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o555);
  const options = await asNobody(t, place);
  if (options === undefined) return;
  for (const temp of ['closed', 'closed/below']) {
    await fails(
      t,
      place,
      [...WORDS, '--temp', temp],
      2,
      [
        `superstep: ${join(place.folder, temp)}: temporary files cannot be written there: permission denied   [TEMP_UNWRITABLE]`,
        ANOTHER,
      ],
      options,
    );
  }
});

test('a temporary folder on a file system that is read-only', async t => {
  const place = placeOf(t, { 'a.txt': 'a b a\n' });
  if (!smallDisk(t, join(place.folder, 'disk'), 'ro')) return;
  await fails(t, place, [...WORDS, '--temp', 'disk'], 2, [
    `superstep: ${join(place.folder, 'disk')}: temporary files cannot be written there: the file system is read-only   [TEMP_UNWRITABLE]`,
    ANOTHER,
  ]);
});

test('a temporary folder on a disk that is full before it begins: 75', async t => {
  const place = placeOf(t, { 'a.txt': 'a b a\n' });
  // Room for the disk's own folder, for one more, for two; for files without contents.
  for (const [i, options] of ['nr_inodes=1', 'nr_inodes=2', 'nr_inodes=3', 'size=1m'].entries()) {
    const disk = join(place.folder, `disk${i}`);
    if (!smallDisk(t, disk, options)) return;
    if (options === 'size=1m') {
      t.throws(() => writeFileSync(join(disk, 'full'), Buffer.alloc(2 << 20)), { code: 'ENOSPC' });
    }
    await fails(t, place, [...WORDS, '--temp', `disk${i}/new`], 75, [
      `superstep: ${disk}/new: no space left to write to it (ENOSPC)   [DISK_FULL]`,
      '  Free some space there, or put temporary files elsewhere with --temp DIR.',
    ]);
  }
});

test('intermediate data on a full disk: 75, and nothing is left', async t => {
  const place = placeOf(t, { 'a.txt': distinct(2_000_000) });
  const disk = join(place.folder, 'disk');
  if (!smallDisk(t, disk)) return;
  const args = ['wordcount', 'a.txt', '--out', 'x.csv', '--memory', '96MiB', '--temp', 'disk'];
  await fails(t, place, args, 75, [
    /^superstep: \S*disk\/\S+: no space left to write to it \(ENOSPC\) {3}\[DISK_FULL\]$/,
    /^ {2}job wordcount, stage wordcount (map|reduce), task \d+, attempt 1$/,
    '  Free some space there, or put temporary files elsewhere with --temp DIR.',
  ]);
  t.deepEqual(listing(disk), []);
});
