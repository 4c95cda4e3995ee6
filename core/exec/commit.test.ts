import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { type Code, SuperstepError } from '../errors.ts';
import { Output, type OutputRequest, sweepOutputs } from './commit.ts';
import { thisOwner } from './owner.ts';

const module = fileURLToPath(new URL('./commit.js', import.meta.url));

function temp(t: ExecutionContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'superstep-commit-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let jobs = 0;
const request = (path: string, more: Partial<OutputRequest> = {}): OutputRequest => ({
  path,
  format: 'csv',
  single: false,
  overwrite: false,
  inputs: [],
  job: `test-${process.pid}-${++jobs}`,
  ...more,
});

/** Writes and commits parts with these contents. */
function write(at: OutputRequest, contents: readonly string[]): ReturnType<Output['commit']> {
  const output = Output.open(at);
  const parts = contents.map((text, partition) => {
    const path = output.attemptPath(partition, 'a1');
    writeFileSync(path, text);
    return path;
  });
  return output.commit(parts);
}

/** What a reader finds: undefined, a file's text, or the part files by name. */
function content(path: string): unknown {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isFile()) return readFileSync(path, 'utf8');
  return Object.fromEntries(
    readdirSync(path)
      .toSorted()
      .map(name => [name, readFileSync(join(path, name), 'utf8')]),
  );
}

function throwsCode(t: ExecutionContext, code: Code, run: () => unknown, message?: RegExp): void {
  const error = t.throws(run, { instanceOf: SuperstepError });
  t.is(error.code, code, error.message);
  t.truthy(error.details.remedy);
  if (message) t.regex(error.message, message);
}

test('a folder: parts in order, _SUCCESS, nothing else beside it', t => {
  const folder = temp(t);
  const out = join(folder, 'deep/er/out');
  const done = write(request(out, { about: { job: 'wordcount', version: '1' } }), ['a\n', 'bb\n']);
  t.deepEqual(done, {
    files: [join(out, 'part-00000.csv'), join(out, 'part-00001.csv')],
    bytes: 5,
  });
  t.deepEqual(content(out), {
    _SUCCESS: '{"job":"wordcount","version":"1","parts":2,"bytes":5}\n',
    'part-00000.csv': 'a\n',
    'part-00001.csv': 'bb\n',
  });
  t.deepEqual(readdirSync(join(folder, 'deep/er')), ['out']);
});

test('one file, and a later attempt that lost leaves nothing', t => {
  const folder = temp(t);
  const output = Output.open(request(join(folder, 'x.csv'), { single: true }));
  for (const attempt of ['won', 'lost']) writeFileSync(output.attemptPath(0, attempt), attempt);
  t.deepEqual(output.commit([output.attemptPath(0, 'won')]), {
    files: [join(folder, 'x.csv')],
    bytes: 3,
  });
  output.abort();
  t.is(content(join(folder, 'x.csv')), 'won');
  t.deepEqual(readdirSync(folder), ['x.csv']);
  t.throws(() => output.commit([]), { message: /twice/ });
});

test('abort leaves what was there and no folder that it made', t => {
  const folder = temp(t);
  const fresh = Output.open(request(join(folder, 'a/b/c')));
  writeFileSync(fresh.attemptPath(0, 'x'), 'half');
  fresh.abort();
  t.deepEqual(readdirSync(folder), []);

  write(request(join(folder, 'out')), ['old']);
  const before = content(join(folder, 'out'));
  const output = Output.open(request(join(folder, 'out'), { overwrite: true }));
  writeFileSync(output.attemptPath(0, 'x'), 'new');
  t.deepEqual(content(join(folder, 'out')), before, 'the old output is readable meanwhile');
  output.abort();
  output.abort();
  t.deepEqual(content(join(folder, 'out')), before);
  t.deepEqual(readdirSync(folder), ['out']);
});

test('an output that exists is refused, and replaced with overwrite, files and folders alike', t => {
  const folder = temp(t);
  const out = join(folder, 'out.csv');
  write(request(out, { single: true }), ['1']);
  throwsCode(t, 'OUTPUT_EXISTS', () => Output.open(request(out, { single: true })));
  write(request(out, { single: true, overwrite: true }), ['2']);
  t.is(content(out), '2');
  write(request(out, { overwrite: true }), ['3', '4']);
  t.deepEqual(Object.keys(content(out) as object), [
    '_SUCCESS',
    'part-00000.csv',
    'part-00001.csv',
  ]);
  write(request(out, { overwrite: true }), ['5']);
  t.deepEqual(Object.keys(content(out) as object), ['_SUCCESS', 'part-00000.csv']);
  write(request(out, { single: true, overwrite: true }), ['6']);
  t.is(content(out), '6');
  t.deepEqual(readdirSync(folder), ['out.csv']);
});

test('what appears while the job runs is not replaced', t => {
  const folder = temp(t);
  const output = Output.open(request(join(folder, 'x.csv'), { single: true }));
  writeFileSync(output.attemptPath(0, 'a'), 'ours');
  writeFileSync(join(folder, 'x.csv'), 'theirs');
  throwsCode(t, 'OUTPUT_EXISTS', () => output.commit([output.attemptPath(0, 'a')]));
  output.abort();
  t.is(content(join(folder, 'x.csv')), 'theirs');
  t.deepEqual(readdirSync(folder), ['x.csv']);
});

test('only what superstep could have written is overwritten', t => {
  const folder = temp(t);
  const open = (name: string) => () =>
    Output.open(request(join(folder, name), { overwrite: true }));
  for (const name of ['photos', 'nested', 'parts', 'empty']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'photos/cat.jpg'), '');
  writeFileSync(join(folder, 'photos/_SUCCESS'), '');
  mkdirSync(join(folder, 'nested/part-00000.csv'));
  writeFileSync(join(folder, 'nested/_SUCCESS'), '');
  writeFileSync(join(folder, 'parts/part-00000.csv'), '');
  throwsCode(t, 'OUTPUT_FOREIGN', open('photos'), /holds cat\.jpg/);
  throwsCode(t, 'OUTPUT_FOREIGN', open('nested'), /holds part-00000\.csv/);
  throwsCode(t, 'OUTPUT_FOREIGN', open('parts'), /no _SUCCESS/);
  t.is(spawnSync('mkfifo', [join(folder, 'pipe')]).status, 0);
  throwsCode(t, 'OUTPUT_FOREIGN', open('pipe'), /neither a regular file nor a folder/);
  open('empty')().abort();
  t.deepEqual(readdirSync(folder).toSorted(), ['empty', 'nested', 'parts', 'photos', 'pipe']);
});

test('an input, the working folder, a home folder and a root are refused, flag or not', t => {
  const folder = temp(t);
  mkdirSync(join(folder, 'in/sub'), { recursive: true });
  writeFileSync(join(folder, 'in/a.txt'), '');
  symlinkSync(join(folder, 'in'), join(folder, 'link'));
  const inputs = [join(folder, 'in/a.txt'), join(folder, 'in/sub')];
  const refused: readonly (readonly [string, RegExp])[] = [
    [join(folder, 'in/a.txt'), /is an input/],
    [join(folder, 'in'), /contains an input/],
    [join(folder, 'link'), /contains an input/],
    [join(folder, 'link/a.txt'), /is an input/],
    [folder, /contains an input/],
    [join(folder, 'in/sub/out'), /lies inside an input/],
    [join(folder, 'link/sub/../sub/x/y'), /lies inside an input/],
    ['.', /working folder/],
    ['..', /working folder/],
    ['', /not the path/],
    ['s3://bucket/key', /not the path/],
    ['/', /root/],
    [homedir(), /home folder/],
  ];
  for (const [path, message] of refused) {
    for (const overwrite of [false, true]) {
      const open = () => Output.open(request(path, { inputs, overwrite }));
      throwsCode(t, 'OUTPUT_REFUSED', open, message);
    }
  }
  t.deepEqual(readdirSync(folder).toSorted(), ['in', 'link']);
  // Beside an input is fine, and so is a name that merely starts like one.
  write(request(join(folder, 'in/sub2'), { inputs }), ['x']);
});

test('a symbolic link is followed: what it points to is replaced', t => {
  const folder = temp(t);
  mkdirSync(join(folder, 'real'));
  symlinkSync('real', join(folder, 'link'));
  symlinkSync('real/out.csv', join(folder, 'current.csv'));
  write(request(join(folder, 'link/out.csv'), { single: true }), ['1']);
  write(request(join(folder, 'current.csv'), { single: true, overwrite: true }), ['2']);
  t.is(content(join(folder, 'real/out.csv')), '2');
  t.deepEqual(readdirSync(folder).toSorted(), ['current.csv', 'link', 'real']);
  symlinkSync('nowhere', join(folder, 'dangling'));
  throwsCode(t, 'OUTPUT_EXISTS', () => Output.open(request(join(folder, 'dangling'))));
});

test('a job that writes the same path is named; one path beside it is free', t => {
  const folder = temp(t);
  const first = Output.open(request(join(folder, 'out'), { job: 'nightly-1' }));
  const named = new RegExp(`job nightly-1 is writing it \\(process ${process.pid} on `);
  throwsCode(t, 'OUTPUT_LOCKED', () => Output.open(request(join(folder, 'out'))), named);
  Output.open(request(join(folder, 'out2'))).abort();
  Output.open(request(join(folder, 'out.superstep-x'))).abort();
  first.abort();
  Output.open(request(join(folder, 'out'))).abort();
  t.deepEqual(readdirSync(folder), []);
});

test('claims of other hosts stay, those cut short or of dead processes go', t => {
  const folder = temp(t);
  const out = join(folder, 'out');
  const claim = join(folder, '.out.superstep-other.lock');
  writeFileSync(claim, JSON.stringify({ ...thisOwner(), host: 'elsewhere' }));
  throwsCode(t, 'OUTPUT_LOCKED', () => Output.open(request(out)), /on elsewhere/);
  t.deepEqual(sweepOutputs(folder, 'sweep-1'), []);
  // Cut short: somebody writes it this moment, or died when doing so. Time tells.
  truncateSync(claim, 5);
  Output.open(request(out)).abort();
  t.deepEqual(readdirSync(folder), []);
  for (const dead of [{ boot: 'another' }, { start: '1' }]) {
    writeFileSync(claim, JSON.stringify({ ...thisOwner(), ...dead }));
    t.deepEqual(sweepOutputs(folder, 'sweep-2', { dryRun: true }), [claim]);
    t.deepEqual(sweepOutputs(folder, 'sweep-2', { olderMs: 60_000 }), []);
    t.deepEqual(sweepOutputs(folder, 'sweep-2'), [claim]);
    t.deepEqual(readdirSync(folder), []);
  }
});

/** A process that opens, writes `parts` and commits, and is killed just before its `killAt`-th change to the disk. */
const CRASH = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { module, request, parts, killAt } = JSON.parse(process.argv[1]);
let step = 0;
for (const name of ['openSync', 'writeFileSync', 'writeSync', 'mkdirSync', 'renameSync', 'rmSync', 'rmdirSync']) {
  const real = fs[name];
  fs[name] = (...given) => {
    const changes = name !== 'openSync' || given[1] !== 'r';
    if (changes && ++step === killAt) process.kill(process.pid, 'SIGKILL');
    return real(...given);
  };
}
syncBuiltinESMExports();
const { Output } = await import(module);
const output = Output.open(request);
output.commit(parts.map((text, i) => (fs.writeFileSync(output.attemptPath(i, 'a'), text), output.attemptPath(i, 'a'))));
`;

function crash(at: OutputRequest, parts: readonly string[], killAt: number): boolean {
  const given = JSON.stringify({ module, request: at, parts, killAt });
  const child: SpawnSyncReturns<string> = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', CRASH, given],
    { encoding: 'utf8' },
  );
  if (child.signal !== 'SIGKILL' && child.status !== 0) throw new Error(child.stderr);
  return child.signal === 'SIGKILL';
}

/** More changes to the disk than any commit of these tests makes: a bound, so that a bug cannot loop for ever. */
const STEPS = 60;

for (const { title, old, single } of [
  { title: 'a new folder', old: undefined, single: false },
  { title: 'a folder over a folder', old: false, single: false },
  { title: 'a file over a file', old: true, single: true },
  { title: 'a file over a folder', old: false, single: true },
]) {
  test(`killed at any step: ${title}`, t => {
    const folder = temp(t);
    const out = join(folder, 'out');
    const parts = single ? ['new'] : ['new-0', 'new-1', 'new-2'];
    const reset = () => {
      rmSync(out, { recursive: true, force: true });
      if (old !== undefined) write(request(out, { single: old }), ['old']);
    };
    reset();
    const before = content(out);
    const seen: string[] = [];
    for (let step = 1; ; step++) {
      t.true(step < STEPS);
      reset();
      const killed = crash(request(out, { single, overwrite: old !== undefined }), parts, step);
      Output.open(request(out, { overwrite: true })).abort();
      const after = content(out);
      t.deepEqual(readdirSync(folder), after === undefined ? [] : ['out'], `after step ${step}`);
      const kept = JSON.stringify(after) === JSON.stringify(before);
      if (!kept) {
        const texts = single ? [after] : parts.map((_, i) => (after as never)[`part-0000${i}.csv`]);
        t.deepEqual(texts, parts, `neither the old nor the new after step ${step}`);
      }
      seen.push(kept ? 'old' : 'new');
      if (!killed) break;
    }
    // Old up to some step, new from there on, and both were met.
    t.regex(seen.join(' '), /^(old )+(new )*new$/);
  });
}

test('killed while settling a crash: the run after that settles it', t => {
  const folder = temp(t);
  const out = join(folder, 'out');
  // The state between the two renames, as a crash leaves it.
  const between = () => {
    rmSync(folder, { recursive: true });
    const staging = join(folder, '.out.superstep-dead');
    mkdirSync(staging, { recursive: true });
    write(request(join(staging, 'new')), ['new']);
    write(request(join(staging, 'old')), ['old']);
  };
  for (let step = 1; ; step++) {
    t.true(step < STEPS);
    between();
    const killed = crash(request(out, { overwrite: true }), ['newer'], step);
    Output.open(request(out, { overwrite: true })).abort();
    t.deepEqual(readdirSync(folder), ['out'], `after step ${step}`);
    const text = (content(out) as { readonly [name: string]: string })['part-00000.csv'];
    t.true(text === 'new' || text === 'newer', `after step ${step}: ${text}`);
    if (!killed) break;
  }
  // Without a new one the old one comes back; a trash cut short is of no interest.
  between();
  rmSync(join(folder, '.out.superstep-dead/new'), { recursive: true });
  t.is(sweepOutputs(folder, 'sweep').length, 1);
  t.is((content(out) as { readonly [name: string]: string })['part-00000.csv'], 'old');
  t.deepEqual(readdirSync(folder), ['out']);
});

/** Opens as often as it can for a while; while it holds the lock it holds a file that only one can hold. */
const RACE = `
import fs from 'node:fs';
const { module, path, mark } = JSON.parse(process.argv[1]);
const { Output } = await import(module);
let held = 0;
for (let round = 0; round < 60; round++) {
  let output;
  try {
    output = Output.open({ path, format: 'csv', single: true, overwrite: true, inputs: [], job: process.pid + '-' + round + '-' + Math.random().toString(36).slice(2) });
  } catch (error) {
    if (error.code !== 'OUTPUT_LOCKED') throw error;
    continue;
  }
  held++;
  fs.writeFileSync(mark, '', { flag: 'wx' });
  fs.writeFileSync(output.attemptPath(0, 'a'), String(process.pid));
  fs.rmSync(mark);
  if (round % 3) output.commit([output.attemptPath(0, 'a')]);
  else output.abort();
}
console.log(held);
`;

test('processes racing for one path: one at a time, and somebody gets on', async t => {
  const folder = temp(t);
  const given = JSON.stringify({ module, path: join(folder, 'x.csv'), mark: join(folder, 'mark') });
  const racers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', RACE, given]);
      let out = '';
      let err = '';
      child.stdout.on('data', chunk => (out += chunk));
      child.stderr.on('data', chunk => (err += chunk));
      const code = await new Promise<number | null>(resolve => child.on('close', resolve));
      return { code, held: Number(out), err };
    }),
  );
  t.deepEqual(
    racers.map(({ code, err }) => ({ code, err })),
    Array.from({ length: 4 }, () => ({ code: 0, err: '' })),
  );
  t.true(racers.reduce((sum, { held }) => sum + held, 0) > 0);
  t.deepEqual(readdirSync(folder), ['x.csv']);
});

const asRoot = process.getuid?.() === 0;

test('a folder that may not be written', t => {
  const folder = temp(t);
  chmodSync(folder, 0o555);
  // Root may write anywhere; another user may not.
  const code = `const { Output } = await import(${JSON.stringify(module)});
    try { Output.open(${JSON.stringify(request(join(folder, 'out')))}); } catch (error) { console.log(error.code, error.message); }`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    cwd: '/',
    ...(asRoot && { uid: 65534, gid: 65534 }),
  });
  t.regex(child.stdout, /^OUTPUT_UNWRITABLE .*out: cannot be written \(EACCES/, child.stderr);
});

test('a full disk is typed and leaves nothing', t => {
  const folder = temp(t);
  const mounted =
    asRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]).status === 0;
  if (!mounted) {
    t.log('not run: a small file system can only be mounted by root');
    t.pass();
    return;
  }
  t.teardown(() => spawnSync('umount', [folder]));
  const output = Output.open(request(join(folder, 'out')));
  writeFileSync(output.attemptPath(0, 'a'), Buffer.alloc(60 * 1024));
  const fill = () => writeFileSync(join(folder, 'filler'), Buffer.alloc(128 * 1024));
  t.throws(fill, { code: 'ENOSPC' });
  throwsCode(t, 'DISK_FULL', () => output.commit([output.attemptPath(0, 'a')]));
  output.abort();
  t.deepEqual(readdirSync(folder), ['filler']);
  const fillAgain = () => writeFileSync(join(folder, 'filler2'), Buffer.alloc(128 * 1024));
  t.throws(fillAgain, { code: 'ENOSPC' });
  throwsCode(t, 'DISK_FULL', () => Output.open(request(join(folder, 'out'))));
  t.deepEqual(readdirSync(folder).toSorted(), ['filler', 'filler2']);
});
