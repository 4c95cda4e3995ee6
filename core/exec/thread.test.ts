/** When what a thread says leaves, and what becomes of kernels that nobody uses. */
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import type { MessagePort } from 'node:worker_threads';
import type { ThreadData } from '../cluster/threads.ts';
import { Kernels } from '../kernels/kernels.ts';
import { Budget } from '../memory/budget.ts';
import { keptBytes } from '../memory/shares.ts';
import { controlBytes } from './control.ts';
import { TO_DRIVER, type ToDriver } from './protocol.ts';
import { PATIENCE_MS, ThreadHost } from './thread.ts';

function hostAndPosts(): { host: ThreadHost; posts: ToDriver[][] } {
  const posts: ToDriver[][] = [];
  const port = { postMessage: (messages: ToDriver[]) => void posts.push(messages) };
  const data = {
    slot: 1,
    thread: 1,
    budget: Budget.create(2 ** 26, 2).shared,
    control: new SharedArrayBuffer(controlBytes(2)),
    softHeapBytes: 2 ** 26,
    kernels: Kernels.compile(),
  } as ThreadData;
  const events = { blocked() {}, answered() {} };
  return { host: new ThreadHost(port as unknown as MessagePort, data, events), posts };
}
const MIB = 2 ** 20;
const done = (run: number): ToDriver => [TO_DRIVER.done, run, undefined, 1];

test('what is patient waits for the runs behind it, and leaves with them', t => {
  const { host, posts } = hostAndPosts();
  host.report(done(1), true);
  host.flush();
  host.report(done(2), true);
  host.flush();
  t.deepEqual(posts, []);
  host.flush(true);
  t.deepEqual(posts, [[done(1), done(2)]]);
  host.flush(true);
  t.is(posts.length, 1, 'nothing is nothing');
});

test('what is not patient takes all before it along, in order', t => {
  const { host, posts } = hostAndPosts();
  host.report(done(1), true);
  host.report(done(2));
  host.report(done(3), true);
  host.flush();
  t.deepEqual(posts, [[done(1), done(2), done(3)]]);
  host.report(done(4), true);
  host.flush();
  t.is(posts.length, 1, 'patient again');
});

test('patience ends', async t => {
  const { host, posts } = hostAndPosts();
  host.report(done(1), true);
  await setTimeout(PATIENCE_MS + 1);
  host.report(done(2), true);
  host.flush();
  t.deepEqual(posts, [[done(1), done(2)]]);
});

test("a closed resident's kernels are the next one's, whatever they held", t => {
  const { host } = hostAndPosts();
  const first = host.newKernels();
  first.relief = () => false;
  const pointer = first.place(Uint8Array.of(1, 2, 3));
  first.close();
  const held = host.budget.held();
  const second = host.newKernels();
  t.is(second, first);
  t.is(second.relief, undefined);
  t.is(second.usedBytes, 0);
  t.is(second.alloc(3), pointer);
  t.is(host.budget.held(), held);
  t.not(host.kernels(), second);
});

test('what they hold is given back where it is much, or where there is one already', t => {
  const { host } = hostAndPosts();
  const { budget } = host;
  const [first, second] = [host.newKernels(), host.newKernels()];
  first.close();
  const before = budget.held();
  const { heldBytes } = second;
  second.close();
  t.is(budget.held(), before - heldBytes);
  const large = host.newKernels();
  t.is(large, first);
  large.allocOrThrow(keptBytes(budget.floorBytes), 'much');
  const much = large.heldBytes;
  const held = budget.held();
  large.close();
  t.is(budget.held(), held - much);
});

test('kernels that nobody uses go before others take from the pool', t => {
  const { host } = hostAndPosts();
  const { budget } = host;
  const spare = host.newKernels();
  const kernels = host.kernels();
  spare.allocOrThrow(2 * MIB, 'a while');
  spare.close();
  // The floor of the other slot is not to be had.
  const room = budget.limitBytes - budget.floorBytes - budget.held();
  const before = budget.held();
  t.is(kernels.alloc(room + spare.heldBytes + MIB), 0);
  t.is(budget.held(), before - spare.heldBytes, 'and stay away');
  const again = host.newKernels();
  t.not(again, spare);
  again.close();
  t.not(kernels.alloc(room + spare.heldBytes - again.heldBytes / 2), 0);
});
