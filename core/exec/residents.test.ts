/** What stays in a thread between tasks. */
import serial from 'ava';
import { LostError } from '../errors.ts';
import { MIB, session } from '../check/thread-session.ts';
import * as tasks from './fixtures/tasks.ts';

const test = serial.serial;

test('tasks pinned to a slot find there what others have left, also after its thread has died', async t => {
  const { executor } = session(t);
  const visit = (slot: number, exit = false) =>
    executor.submit<[slot: number, thread: number, visits: number]>({
      ref: tasks.visits.ref,
      argument: exit,
      slot,
      attempts: { lost: 1 },
    }).result;
  const one = await Promise.all([visit(1), visit(1), visit(1)]);
  const two = await Promise.all([visit(2), visit(2)]);
  const thread = one[0]![1];
  t.deepEqual(one, [
    [1, thread, 1],
    [1, thread, 2],
    [1, thread, 3],
  ]);
  t.deepEqual(
    two.map(([slot, , visits]) => [slot, visits]),
    [
      [2, 1],
      [2, 2],
    ],
  );
  const lost = visit(1, true);
  const [slot, other, visits] = await visit(1);
  await t.throwsAsync(lost, { instanceOf: LostError });
  t.deepEqual([slot, visits], [1, 1]);
  t.not(other, thread);
  t.deepEqual((await visit(2))[2], 3);
  t.throws(() => void visit(3), { message: 'slot 3 of 1 to 2' });
});

test('kernels of a resident are charged to its slot until they are closed', async t => {
  const { remote, get } = session(t);
  const { sum, took, gaveBack, bytes } = await get(remote(tasks.keepsKernels));
  t.is(sum, 7 * 3 * MIB);
  t.is(took, bytes);
  t.is(gaveBack, bytes);
});

test('residents are closed before a task is tried again alone', async t => {
  const { executor } = session(t);
  const words = new Int32Array(new SharedArrayBuffer(8));
  const { ref } = tasks.growsBesideResident;
  t.is(await executor.submit({ ref, argument: words, slot: 2 }).result, 0);
  t.deepEqual([...words], [2, 1]);
});
