/** Tasks on real threads. What may end the process runs in a child (children.test.ts). */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import serial from 'ava';
import type { Ref } from '../define/session.ts';
import { LimitError, LostError, type SuperstepError, TaskError } from '../errors.ts';
import { folder, MIB, session, threadEntry } from '../check/thread-session.ts';
import * as tasks from './fixtures/tasks.ts';
import { TaskSession } from './runtime.ts';

// One after the other: threads and handles are counted.
const test = serial.serial;

test('values of all kinds go there and back', async t => {
  const { remote, get } = session(t);
  const values: unknown[] = [
    undefined,
    null,
    true,
    -0,
    2n ** 70n,
    '',
    'ü\u0000𝄞',
    'x'.repeat(100_000),
    [1, [2]],
    { a: { b: new Map([[1, new Set([2])]]) } },
    new Uint8Array([1, 2, 3]),
    Buffer.from('buffer'),
    new Float64Array(100_000).fill(1.5),
    new Date(0),
    new Error('an error is a value, too'),
    { constructor: 1, toString: 2 },
  ];
  t.deepEqual(await get(values.map(value => remote(tasks.echo, value))), values);
});

test('an argument is what it was when it was given; a result is everybody’s own', async t => {
  const { remote, get, put } = session(t);
  const list = [1, 2, 3];
  const sum = remote(tasks.total, list);
  const kept = put(list);
  list.push(100);
  t.is(await get(sum), 6);
  const mine = await get(kept);
  mine.push(100);
  t.deepEqual(await get(kept), [1, 2, 3]);
  t.is(await get(remote(tasks.total, kept)), 6);
});

test('refs as arguments: whole, members of objects and arrays, large ones', async t => {
  const { remote, get, put } = session(t);
  const one = remote(tasks.echo, 1) as Ref<number>;
  const two = put(2);
  t.is(await get(remote(tasks.add, { a: one, b: two })), 3);
  t.is(await get(remote(tasks.total, [one, two, 4, remote(tasks.add, { a: one, b: 1 })])), 9);
  const big = put({ numbers: new Float64Array(100_000).fill(0.5), of: 'many' });
  const echoed = await get(remote(tasks.echo, big));
  t.deepEqual(echoed, { numbers: new Float64Array(100_000).fill(0.5), of: 'many' });
  const odd = Object.fromEntries([
    ['__proto__', one],
    ['constructor', two],
  ]);
  t.is(await get(remote(tasks.members, odd)), '{"__proto__":1,"constructor":2}');
});

test('a large argument that has refs among its members', async t => {
  const { remote, get, put } = session(t);
  const argument = { a: put(1), text: 'x'.repeat(200_000) };
  t.deepEqual(await get(remote(tasks.echo, argument)), { a: 1, text: 'x'.repeat(200_000) });
});

test('objects without room in the arena go to files, which go with them', async t => {
  const temp = folder(t);
  const { remote, get, put } = session(t, { memory: '64MiB', workers: 1, temp });
  const size = 40 * MIB;
  const refs = [1, 2].map(byte => put(new Uint8Array(size).fill(byte)));
  const files = (): string[] =>
    readdirSync(temp, { recursive: true }).filter(name =>
      /put|object/.test(String(name)),
    ) as string[];
  t.true(files().length > 0);
  const echoed = remote(tasks.echo, refs[1]!);
  const back = (await get(echoed)) as Uint8Array;
  t.is(back.length, size);
  t.true(back.every(byte => byte === 2));
  const result = remote(tasks.echo, refs[0]!);
  t.is(((await get(result)) as Uint8Array)[0], 1);
  for (const ref of [...refs, echoed, result]) ref.release();
  await get(remote(tasks.echo, 1));
  t.deepEqual(files(), []);
});

test('a recursion 200 deep with one worker, and trees', async t => {
  const { remote, get } = session(t, { workers: 1 });
  t.is(await get(remote(tasks.depth, 200)), 200);
  t.is(await get(remote(tasks.tree, 7)), 128);
  t.is(await get(remote(tasks.treeApart, 5)), 32);
});

test('20,000 tasks, at most 1,000 refs at a time, each gives its own number', async t => {
  const { remote, get, wait } = session(t);
  const seen = new Set<number>();
  let pending: Ref<unknown>[] = [];
  for (let n = 0; n < 20_000 || pending.length > 0; ) {
    while (n < 20_000 && pending.length < 1000) pending.push(remote(tasks.echo, n++));
    const done = await wait(pending);
    for (const value of await get(done.ready)) seen.add(value as number);
    pending = done.pending;
  }
  t.is(seen.size, 20_000);
});

test('tasks make objects and wait', async t => {
  const { remote, get } = session(t);
  t.is(await get(remote(tasks.nested, 10)), 70);
  t.is(await get(remote(tasks.nested, 300_000)), 2_100_000);
  t.deepEqual(await get(remote(tasks.first)), [1, 1]);
  t.deepEqual(await get(remote(tasks.timid)), [0, 1]);
});

test('wait: count, time, failures count as ready', async t => {
  const { remote, wait, put } = session(t);
  const refs: Ref<unknown>[] = [remote(tasks.sleep, 10_000), put(1), remote(tasks.fail, 'x')];
  t.deepEqual(await wait(refs), { ready: [refs[1]!], pending: [refs[0]!, refs[2]!] });
  t.deepEqual(await wait(refs, { count: 2 }), { ready: refs.slice(1), pending: [refs[0]!] });
  const { ready } = await wait(refs, { count: 3, timeoutMs: 20 });
  t.is(ready.length, 2);
  t.deepEqual(await wait([]), { ready: [], pending: [] });
});

test('an exception arrives with message, code, stack and cause, also through others', async t => {
  const { remote, get } = session(t);
  const check = (error: TaskError | undefined): void => {
    t.is(error?.code, 'TASK_FAILED');
    t.is(error?.message, "task 'fail' threw: no luck");
    t.is(error?.details.task, 'fail');
    const cause = error?.cause as Error & { code: string };
    t.is(cause.name, 'Odd');
    t.is(cause.code, 'ODD_CODE');
    t.regex(cause.stack ?? '', /no luck[\s\S]*fixtures\/tasks/);
    t.is((cause.cause as Error).name, 'RangeError');
  };
  const failed = remote(tasks.fail, 'no luck') as Ref<number>;
  check(await t.throwsAsync(get(failed), { instanceOf: TaskError }));
  check(
    await t.throwsAsync(get(remote(tasks.add, { a: failed, b: 1 })), { instanceOf: TaskError }),
  );
  check(await t.throwsAsync(get(remote(tasks.failParent, 'no luck')), { instanceOf: TaskError }));
  const usage = await t.throwsAsync<SuperstepError>(get(remote(tasks.usage)));
  t.is(usage?.code, 'PARAM_INVALID');
  t.is(usage?.details.remedy, 'none');
});

test('what cannot be sent is a UsageError where it is given', async t => {
  const { remote, get, put } = session(t);
  const given = t.throws<SuperstepError>(() => remote(tasks.echo, () => 1));
  t.is(given?.code, 'NOT_CLONEABLE');
  t.regex(given?.message ?? '', /^the argument of task 'echo' cannot be sent/);
  t.is(t.throws<SuperstepError>(() => put({ deep: { ref: put(1) } }))?.code, 'NOT_CLONEABLE');
  const back = await t.throwsAsync<SuperstepError>(get(remote(tasks.unsendable)));
  t.is(back?.code, 'NOT_CLONEABLE');
  t.regex(back?.message ?? '', /^the result of task 'unsendable'/);
});

test('a definition that a worker does not find, and a module that it cannot import', async t => {
  const { remote, get } = session(t);
  const late = await t.throwsAsync<SuperstepError>(get(remote(tasks.madeLate())));
  t.is(late?.code, 'DEFINITION_NOT_FOUND');
  t.regex(
    late?.message ?? '',
    /^'madeLate' \(task\) is not there when .* is imported\. It was probably made inside/,
  );
  const nowhere = await t.throwsAsync<SuperstepError>(get(remote(tasks.nowhere())));
  t.is(nowhere?.code, 'MODULE_NOT_LOADED');
  t.is(await get(remote(tasks.echo, 1)), 1);
});

test('refs of another session, and released ones', async t => {
  const { put, get } = session(t);
  const other = session(t);
  const foreign = t.throws<SuperstepError>(() => other.put([put(1)]), { any: true } as never);
  t.is(foreign?.code, 'NOT_CLONEABLE');
  t.is((await t.throwsAsync<SuperstepError>(other.get(put(1))))?.code, 'REF_FOREIGN');
  const ref = put(1);
  const value = get(ref);
  ref.release();
  t.is(await value, 1);
  t.is((await t.throwsAsync<SuperstepError>(get(ref)))?.code, 'REF_FOREIGN');
});

test('a large object is read before a release of the same moment frees it', async t => {
  const { put, get } = session(t);
  const ref = put(new Uint8Array(MIB).fill(9));
  const value = get(ref);
  ref.release();
  put(new Uint8Array(MIB).fill(1));
  t.true((await value).every(byte => byte === 9));
});

test('process.exit in a task: started again, and reported in the end', async t => {
  const { remote, get } = session(t);
  const file = join(folder(t), 'count');
  writeFileSync(file, '0');
  t.is(await get(remote(tasks.exits, { file, times: 3 })), 3);
  writeFileSync(file, '0');
  const lost = remote(tasks.exits, { file, times: 99 });
  const others = Array.from({ length: 50 }, (_, i) => remote(tasks.echo, i));
  const error = await t.throwsAsync(get(lost), { instanceOf: LostError });
  t.is(error?.code, 'WORKER_LOST');
  t.regex(error?.message ?? '', /^task 'exits' was running when its worker ended \(exit code 3\)/);
  t.deepEqual(
    await get(others),
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test('an error thrown in a callback ends the worker, not the program', async t => {
  const { remote, get } = session(t, { workers: 1 });
  t.regex(String(await get(remote(tasks.late))), /^object-/);
  t.is(await get(remote(tasks.sleep, 100)), 100);
});

test('exceptions are retried when the definition says so', async t => {
  const { remote, get } = session(t);
  const file = join(folder(t), 'count');
  writeFileSync(file, '0');
  t.is(await get(remote(tasks.flaky, { file, times: 2 })), 2);
  writeFileSync(file, '0');
  const error = await t.throwsAsync(get(remote(tasks.flaky, { file, times: 9 })));
  t.regex(error?.message ?? '', /attempt 3$/);
});

test('an endless loop ends at its time limit; its neighbours do not suffer', async t => {
  const { remote, get } = session(t, { workers: 1 });
  const limited = remote(tasks.limited);
  const others = Array.from({ length: 20 }, (_, i) => remote(tasks.echo, i));
  const error = await t.throwsAsync(get(limited), { instanceOf: LimitError });
  t.is(error?.code, 'TASK_TIMEOUT');
  t.deepEqual(
    await get(others),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('what was sent ahead of a long task goes elsewhere', async t => {
  const { remote, get } = session(t);
  await get(Array.from({ length: 200 }, () => remote(tasks.busy, 0)));
  const long = remote(tasks.busy, 60_000);
  const short = Array.from({ length: 100 }, () => remote(tasks.busy, 0));
  t.is((await get(short)).length, 100);
  t.is(await Promise.race([get(long), 'runs']), 'runs');
});

test('cancel: queued, asleep, endless', async t => {
  const { remote, get, cancel } = session(t, { workers: 1 });
  const endless = remote(tasks.loop);
  const queued = remote(tasks.sleep, 1);
  cancel(queued);
  t.is((await t.throwsAsync<SuperstepError>(get(queued)))?.code, 'CANCELLED');
  const patient = remote(tasks.echo, 1);
  await new Promise(resolve => setTimeout(resolve, 200));
  cancel(endless);
  t.is((await t.throwsAsync<SuperstepError>(get(endless)))?.code, 'CANCELLED');
  t.is(await get(patient), 1);
  const parent = remote(tasks.failParent, 'x');
  cancel(parent);
  await t.throwsAsync(get(parent));
  t.is(await get(remote(tasks.echo, 2)), 2);
});

test('user code beyond its share of the heap is stopped, tried once alone, and named', async t => {
  const { remote, get } = session(t);
  const error = await t.throwsAsync(get(remote(tasks.polled)), { instanceOf: LimitError });
  t.is(error?.code, 'MEMORY');
  t.regex(
    error?.message ?? '',
    /^task 'polled' holds \d+ bytes on the heap, its share is 134217728$/,
  );
});

test('several sessions at once; closing one leaves the others', async t => {
  const sessions = [session(t), session(t), session(t, { workers: 1 })];
  const refs = sessions.map(({ remote }, i) => remote(tasks.sleep, 20 + i));
  await sessions[0]!.close();
  t.is((await t.throwsAsync<SuperstepError>(sessions[0]!.get(refs[0]!)))?.code, 'CLOSED');
  t.is(await sessions[1]!.get(refs[1]!), 21);
  t.is(await sessions[2]!.get(refs[2]!), 22);
});

test('close fails what is pending, may be called twice, and leaves nothing', async t => {
  const temp = folder(t);
  const before = process.getActiveResourcesInfo().length;
  const opened = new TaskSession({ workers: 2, memory: '64MiB', temp }, { threadEntry });
  const { remote, get, put } = opened;
  for (let i = 0; i < 3; i++) put(new Uint8Array(30 * MIB));
  await get(remote(tasks.echo, 1));
  const pending = [remote(tasks.loop), remote(tasks.sleep, 60_000), remote(tasks.depth, 3)];
  const got = t.throwsAsync<SuperstepError>(get(pending));
  t.is(readdirSync(temp).length, 1);
  await Promise.all([opened.close(), opened.close()]);
  t.is((await got)?.code, 'CANCELLED');
  t.is(t.throws<SuperstepError>(() => remote(tasks.echo, 1))?.code, 'CLOSED');
  t.is(t.throws<SuperstepError>(() => put(1))?.code, 'CLOSED');
  t.deepEqual(readdirSync(temp), []);
  t.is(process.getActiveResourcesInfo().length, before);
});

const running = (): number =>
  (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;
test('threads start when there is work, as many as there is work for', async t => {
  const opened = session(t, { workers: 4 });
  const before = running();
  opened.put(1);
  t.is(running(), before);
  await opened.get(opened.remote(tasks.echo, 1));
  t.is(running(), before + 1);
  await opened.close();
  t.is(running(), before);
});

test('too little memory says what would do', t => {
  const error = t.throws<SuperstepError>(() => session(t, { memory: '1MB' }));
  t.is(error?.code, 'USAGE');
  t.regex(error?.details.remedy ?? '', /The least that works is --memory 60MiB/);
  t.is(t.throws<SuperstepError>(() => session(t, { nats: 'nats://x' }))?.code, 'NOT_YET');
});

test('kernels live in the slot’s share of the budget', async t => {
  const { executor } = session(t);
  const used = executor.submit<{ back: string; held: number }>({
    ref: tasks.usesKernels.ref,
    argument: 'words',
  });
  const { back, held } = await used.result;
  t.is(back, 'words');
  t.true(held >= MIB);
  t.true(executor.budget.total() >= held);
});

test('chaos: threads die, results do not change', async t => {
  for (const chaos of [1, 2, 3]) {
    const { remote, get } = session(t, { chaos });
    const refs = Array.from({ length: 60 }, (_, i) => remote(tasks.busy, 5 + (i % 3)));
    t.deepEqual(
      await get(refs),
      Array.from({ length: 60 }, (_, i) => 5 + (i % 3)),
    );
    t.is(await get(remote(tasks.tree, 5)), 32);
  }
});
