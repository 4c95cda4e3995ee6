/** superstep as a library inside somebody's service: it can be stopped at any time, leaves nothing, and touches nothing of
 *  the process. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ava, { type ExecutionContext } from 'ava';
import { folderOf } from '../../cli/child.ts';
import { open, read, rows, type Session, utf8 } from '../../index.ts';
import { listing, placeOf, runStory, until } from './command.ts';
import { type Fault, onDevice } from './device.ts';
import { blocked, counts } from './jobs.ts';

/** One at a time: what a session leaves is seen in the process. */
const test = ava.serial;
const LINES = rows([{ line: 'a b a' }, { line: 'b' }], { line: utf8 });
const COUNTED = [
  { word: 'a', n: 2 },
  { word: 'b', n: 2 },
];

interface Here {
  readonly folder: string;
  readonly temp: string;
}
function here(t: ExecutionContext): Here {
  const folder = folderOf(t, { 'a.txt': 'a\nb\n' });
  const temp = join(folder, 'temp');
  mkdirSync(temp);
  return { folder, temp };
}
const openHere = ({ temp }: Here): Promise<Session> => open({ workers: 2, temp });

for (const stage of ['map', 'reduce']) {
  test(`an AbortSignal in the middle of ${stage} ends the job, and nothing is left`, async t => {
    const at = here(t);
    const out = join(at.folder, 'x.csv');
    const flag = join(at.folder, 'blocked');
    writeFileSync(out, 'old');
    await using session = await openHere(at);
    const controller = new AbortController();
    const table = blocked(read(join(at.folder, 'a.txt'), { line: utf8 }), { at: flag, stage });
    const running = session.run(table, {
      output: out,
      overwrite: true,
      signal: controller.signal,
    });
    running.catch(() => {});
    await until(() => existsSync(flag));
    controller.abort(new Error('enough'));
    const error = await t.throwsAsync(running, { code: 'CANCELLED' });
    t.is(error?.message, 'cancelled by an AbortSignal');
    t.like(error?.cause, { message: 'enough' });
    rmSync(flag);
    t.deepEqual(
      readdirSync(at.folder).toSorted(),
      ['a.txt', 'temp', 'x.csv'],
      'no staging, no lock',
    );
    // The session goes on.
    t.deepEqual(await (await session.run(counts(LINES))).toArray(), COUNTED);
  });
}

for (const name of ['x', 'y']) {
  test(`an AbortSignal while partitions are merged into ${name}.csv, of two files, ends the job there, and nothing is left`, t => {
    const place = placeOf(t, {});
    const path = `/\\.${name}\\.csv\\.superstep-[^/]*/part-[^/]*$`;
    const faults: readonly Fault[] = [
      { call: 'write', path, after: 1 },
      // Met at the end of the file.
      { call: 'fsync', path },
    ];
    const { code, message } = runStory(place, 'stopped', onDevice(faults));
    t.is(code, 'CANCELLED');
    t.is(message, 'cancelled by an AbortSignal');
    t.deepEqual(listing(place.folder), ['go', 'temporary', 'waits-write']);
  });
}

test('an AbortSignal between two stages, and before anything', async t => {
  const at = here(t);
  await using session = await openHere(at);
  const table = counts(read(join(at.folder, 'a.txt'), { line: utf8 }));
  const output = join(at.folder, 'x.csv');
  await t.throwsAsync(session.run(table, { output, signal: AbortSignal.abort() }), {
    code: 'CANCELLED',
  });
  // Progress is told in the middle of it all: whatever the stage, it ends.
  for (const stage of ['counts map', 'counts reduce']) {
    const controller = new AbortController();
    const onProgress = (progress: { readonly stage: string }): void => {
      if (progress.stage === stage) controller.abort();
    };
    const { signal } = controller;
    await t.throwsAsync(session.run(table, { output, signal, onProgress }), { code: 'CANCELLED' });
  }
  t.deepEqual(readdirSync(at.folder).toSorted(), ['a.txt', 'temp']);
});

test('close() while a job runs ends it', async t => {
  const at = here(t);
  const flag = join(at.folder, 'blocked');
  const session = await openHere(at);
  const table = blocked(read(join(at.folder, 'a.txt'), { line: utf8 }), { at: flag, stage: 'map' });
  const running = session.run(table, { output: join(at.folder, 'x.csv') });
  running.catch(() => {});
  await until(() => existsSync(flag));
  await session.close();
  const error = await t.throwsAsync(running, { code: 'CANCELLED' });
  t.is(error?.message, 'the session was closed while the job ran');
  rmSync(flag);
  t.deepEqual(listing(at.folder), ['a.txt', 'temp']);
  await t.throwsAsync(session.run(counts(LINES)), { code: 'CLOSED' });
});

test('what runs leave in the temporary folder of a session that goes on', async t => {
  const at = here(t);
  await using session = await openHere(at);
  const before = await session.run(counts(LINES));
  const [folder] = readdirSync(at.temp);
  const left = readdirSync(join(at.temp, folder!));
  for (let i = 0; i < 3; i++) {
    await using result = await session.run(counts(LINES));
    t.deepEqual(await result.toArray(), COUNTED);
    const failing = blocked(LINES, { at: join(at.folder, 'no', 'folder'), stage: 'reduce' });
    await t.throwsAsync(session.run(failing), { code: 'TASK_FAILED' });
  }
  t.deepEqual(readdirSync(join(at.temp, folder!)), left);
  t.deepEqual(left, ['owner.json']);
  await before.release();
});

test('several sessions at once do not know each other', async t => {
  const at = here(t);
  const sessions = await Promise.all([1, 2, 3].map(() => openHere(at)));
  const all = await Promise.all(
    sessions.map(async session => (await session.run(counts(LINES))).toArray()),
  );
  t.deepEqual(all, [COUNTED, COUNTED, COUNTED]);
  await sessions[0]!.close();
  t.deepEqual(await (await sessions[1]!.run(counts(LINES))).toArray(), COUNTED);
  await Promise.all(sessions.map(session => session.close()));
  t.deepEqual(readdirSync(at.temp), []);
});

/** What this process holds: threads, open files, whatever keeps it alive, and who listens to it. */
function held(): object {
  const files = readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // The listing's own.
    }
  });
  return {
    threads: readdirSync('/proc/self/task').length,
    files: files.filter(file => file.startsWith('/') && !file.startsWith('/proc/')).toSorted(),
    alive: process
      .getActiveResourcesInfo()
      .filter(of => of !== 'Timeout')
      .toSorted(),
    listeners: process.eventNames().map(name => [String(name), process.listenerCount(name)]),
    exitCode: process.exitCode,
  };
}

async function useAll(at: Here): Promise<void> {
  const session = await openHere(at);
  const result = await session.run(counts(LINES));
  for await (const _ of result.rows()) break;
  await session.run(counts(read(join(at.folder, 'a.txt'), { line: utf8 })), {
    output: join(at.folder, 'x.csv'),
    overwrite: true,
  });
  const failing = read(join(at.folder, 'no.txt'), { line: utf8 });
  await session.run(counts(failing)).catch(() => {});
  await session.close();
}

test('after close nothing is held that was not before: threads, files, handles, listeners', async t => {
  if (!existsSync('/proc/self/task')) return t.pass('no /proc');
  const at = here(t);
  await useAll(at); // Node starts its own helpers once.
  const before = held();
  const written: unknown[] = [];
  const streams = [process.stdout, process.stderr].map(stream => [stream, stream.write] as const);
  for (const [stream] of streams) stream.write = (text: unknown) => written.push(text) > 0;
  try {
    for (let i = 0; i < 3; i++) await useAll(at);
  } finally {
    for (const [stream, write] of streams) stream.write = write;
  }
  t.deepEqual(held(), before);
  t.deepEqual(written, [], 'a library prints nothing');
  t.deepEqual(readdirSync(at.temp), []);
});

const program = fileURLToPath(new URL('./entry.js', import.meta.url));
function runProgram(story: string): { readonly status: number | null; readonly said: unknown } {
  const done = spawnSync(process.execPath, [program, story], { encoding: 'utf8', timeout: 60_000 });
  return { status: done.status, said: JSON.parse(done.stdout) };
}

test('a session that is idle after a run lets the process end, closed or not', t => {
  const said = [
    { word: 'a', n: 2 },
    { word: 'b', n: 1 },
  ];
  t.deepEqual(runProgram('idle'), { status: 0, said });
});

test('definitions where no worker finds them: in the entry file, or inside a function', t => {
  const entry = runProgram('entry');
  t.is(entry.status, 0);
  t.like(entry.said, { name: 'UsageError', code: 'DEFINITION_IN_ENTRY' });
  const late = runProgram('late');
  t.is(late.status, 0);
  t.like(late.said, { name: 'UsageError', code: 'DEFINITION_NOT_FOUND' });
  for (const [{ said }, file, remedy] of [
    [
      entry,
      /'inEntry' is made while .*entry\.js runs/,
      /^Put the definition at the top level of a/,
    ],
    [late, /'late' .* is not there when .*jobs\.js is imported/, /^Make it at the top level of a/],
  ] as const) {
    const { message, details } = said as { message: string; details: { remedy: string } };
    t.regex(message, file);
    t.regex(details.remedy, remedy);
  }
});
