import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { SuperstepError } from '../errors.ts';
import { thisOwner } from './owner.ts';
import { makeTemp, sweep } from './temp.ts';

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'superstep-temp-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
function leftBehind(parent: string, name: string, owner: object | undefined): string {
  const path = join(parent, name);
  mkdirSync(path);
  writeFileSync(join(path, 'segment.parquet'), 'x');
  if (owner !== undefined) writeFileSync(join(path, 'owner.json'), JSON.stringify(owner));
  return path;
}

test('a folder is there with its owner, and goes with all in it', t => {
  const parent = folder(t);
  const temp = makeTemp(join(parent, 'deep', 'er'), true);
  t.true(existsSync(join(temp.path, 'owner.json')));
  writeFileSync(join(temp.path, 'x'), 'x');
  t.deepEqual(sweep(join(parent, 'deep', 'er')), [], 'we live');
  temp.remove();
  t.false(existsSync(temp.path));
  temp.remove();
});

test('sweep takes what the dead have left, and nothing else', t => {
  const parent = folder(t);
  const owner = thisOwner();
  const dead = leftBehind(parent, 'superstep-dead', { ...owner, start: '1' });
  const before = leftBehind(parent, 'superstep-before', { ...owner, boot: 'earlier' });
  leftBehind(parent, 'superstep-elsewhere', { ...owner, host: 'elsewhere' });
  leftBehind(parent, 'superstep-no-owner', undefined);
  leftBehind(parent, 'others', { ...owner, start: '1' });
  const making = leftBehind(parent, '.superstep-making-old', undefined);
  leftBehind(parent, '.superstep-making-new', undefined);
  const long = new Date(Date.now() - 7_200_000);
  utimesSync(making, long, long);
  const found = [making, before, dead].toSorted();
  t.deepEqual(
    sweep(parent, { olderMs: 60_000 }),
    [making].filter(() => true),
  );
  t.deepEqual(sweep(parent, { dryRun: true }).toSorted(), found.slice(1).toSorted());
  t.deepEqual(sweep(parent).toSorted(), found.slice(1).toSorted());
  t.deepEqual(sweep(parent), []);
  t.deepEqual(sweep(join(parent, 'not there')), []);
});

test('a folder in memory is refused unless it was named', t => {
  const shm = '/dev/shm';
  if (!existsSync(shm) || statfsSync(shm).type !== 0x0102_1994) {
    t.log('skipped: no tmpfs at /dev/shm');
    t.pass();
    return;
  }
  t.is(t.throws<SuperstepError>(() => makeTemp(shm, false))?.code, 'TEMP_TMPFS');
  makeTemp(shm, true).remove();
});

test('a folder that cannot be made says which, why and what to do, and leaves nothing', t => {
  const parent = folder(t);
  writeFileSync(join(parent, 'file'), '');
  symlinkSync('loop', join(parent, 'loop'));
  symlinkSync('nowhere', join(parent, 'dangling'));
  const cases = [
    ['file', 'it is not a folder, or lies in what is not one'],
    ['file/x', 'it is not a folder, or lies in what is not one'],
    ['loop', 'links in a circle'],
    ['dangling', 'no folder can be made there'],
    ['x'.repeat(300), 'the name is too long'],
  ] as const;
  for (const [name, reason] of cases) {
    const path = join(parent, name);
    const error = t.throws<SuperstepError>(() => makeTemp(path, true), undefined, name);
    t.is(error?.code, 'TEMP_UNWRITABLE');
    t.is(error?.message, `${path}: temporary files cannot be written there: ${reason}`);
    t.deepEqual(error?.details, { file: path, remedy: 'Name another folder with --temp DIR.' });
  }
  t.deepEqual(readdirSync(parent).toSorted(), ['dangling', 'file', 'loop']);
});
