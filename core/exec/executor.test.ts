/** What the engine's own tasks have of the runtime: shared memory, labels, cancelling. On real threads. */
import serial from 'ava';
import { DataError, LostError, type SuperstepError } from '../errors.ts';
import { MIB, session } from '../check/thread-session.ts';
import * as tasks from './fixtures/tasks.ts';

// One after the other: threads are counted.
const test = serial.serial;

test('shared memory passes through, ranges change owners', async t => {
  const { executor } = session(t);
  const words = new Int32Array(new SharedArrayBuffer(4));
  const submitted = Array.from({ length: 4 }, () =>
    executor.submit<number>({ ref: tasks.claims.ref, argument: { words, times: 1000 } }),
  );
  await Promise.all(submitted.map(({ result }) => result));
  t.is(words[0], 4000);

  const filled = executor.submit<{ range: never; attempt: string; slot: number }>({
    ref: tasks.fills.ref,
    argument: [1000, 2000],
  });
  const { range, attempt, slot } = await filled.result;
  t.regex(attempt, /^[0-9a-f]{16}-\d+$/);
  t.deepEqual(filled.ranges, [range]);
  executor.retain([range]);
  const sums = executor.submit<number[]>({ ref: tasks.sums.ref, argument: [range] });
  t.deepEqual(await sums.result, [1000 * slot]);
  executor.release([range]);
  executor.release([range]);
  t.is(
    executor.progress().reduce((sum, { bytes }) => sum + bytes, 0),
    10,
  );
  t.throws(() => executor.release([range]), { instanceOf: Error });
});

test('shared memory comes with a task, if there is room', async t => {
  const { executor } = session(t, { memory: '64MiB', workers: 1 });
  const ask = async (roomBytes: number) => {
    const request = { ref: tasks.takesRoom.ref, argument: undefined, slot: 1, roomBytes };
    const submitted = executor.submit<[{ length: number } | undefined, undefined]>(request);
    const [room, again] = await submitted.result;
    t.is(again, undefined);
    t.is(submitted.ranges.length, room === undefined ? 0 : 1);
    executor.release(submitted.ranges);
    return room?.length;
  };
  t.is(await ask(0), undefined);
  for (let i = 0; i < 20; i++) t.is(await ask(8 * MIB), 8 * MIB);
  t.is(await ask(256 * MIB), undefined);
});

test('ranges of an attempt that failed are free again', async t => {
  const opened = session(t, { memory: '64MiB', workers: 1 });
  const { executor } = opened;
  for (let i = 0; i < 20; i++) {
    const argument = [8 * MIB];
    const failed = executor.submit({ ref: tasks.fillsAndFails.ref, argument });
    await t.throwsAsync(failed.result);
    const filled = executor.submit<unknown>({ ref: tasks.fills.ref, argument });
    await filled.result;
    executor.release(filled.ranges);
  }
});

test('labels in errors, with what was being read', async t => {
  const { executor } = session(t);
  const label = { job: 'j', stage: 'map', task: 7, files: ['a.txt', 'b.txt'] };
  const lost = executor.submit({ ref: tasks.reads.ref, argument: undefined, label });
  const error = await t.throwsAsync<LostError>(lost.result, { instanceOf: LostError });
  t.is(
    error?.message,
    'task 7 of job j, stage map was running when its worker ended (exit code 1), reading b.txt at byte 12345',
  );
  t.like(error?.details, { file: 'b.txt', offset: 12_345, job: 'j', stage: 'map', task: 7 });
});

test('a signal and cancel end polling code at once', async t => {
  const { executor } = session(t);
  const controller = new AbortController();
  const argument = undefined;
  const first = executor.submit({ ref: tasks.spins.ref, argument, signal: controller.signal });
  const second = executor.submit({ ref: tasks.spins.ref, argument });
  await new Promise(resolve => setTimeout(resolve, 100));
  controller.abort();
  second.cancel(new DataError('INPUT_CHANGED', 'enough'));
  t.is((await t.throwsAsync<SuperstepError>(first.result))?.code, 'CANCELLED');
  t.is((await t.throwsAsync<SuperstepError>(second.result))?.code, 'INPUT_CHANGED');
});
