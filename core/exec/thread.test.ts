/** When what a thread says leaves. */
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import type { MessagePort } from 'node:worker_threads';
import type { ThreadData } from '../cluster/threads.ts';
import { Budget } from '../memory/budget.ts';
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
  } as ThreadData;
  const events = { blocked() {}, answered() {} };
  return { host: new ThreadHost(port as unknown as MessagePort, data, events), posts };
}
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
