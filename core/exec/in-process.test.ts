/** The executor without threads: what is not already seen through `checkContract`. */
import test from 'ava';
import { LostError } from '../errors.ts';
import * as tasks from './fixtures/tasks.ts';
import { InProcess } from './in-process.ts';

test('pinned tasks take turns and find their slot’s residents; a lost one takes these with it', async t => {
  const executor = new InProcess();
  t.teardown(() => executor.close());
  executor.slots = 2;
  const visit = (slot: number, lost?: number) =>
    executor.submit<[slot: number, thread: number, visits: number]>({
      ref: tasks.visits.ref,
      argument: false,
      slot,
      ...(lost !== undefined && { attempts: { lost } }),
    }).result;
  const seen = await Promise.all([visit(1), visit(2), visit(1)]);
  t.deepEqual(
    seen.map(([slot, , visits]) => [slot, visits]),
    [
      [1, 1],
      [2, 1],
      [1, 2],
    ],
  );
  executor.loses = true;
  t.deepEqual((await visit(1))[2], 3, 'the fourth is kept');
  t.deepEqual((await visit(1))[2], 1, 'the fifth is lost, and begins anew');
  t.deepEqual((await visit(2))[2], 2);
  await t.throwsAsync(visit(2, 1), { instanceOf: LostError });
});
