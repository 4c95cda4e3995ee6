/** Actors on real threads. Failure stories as lists of events: actor-stories.test.ts. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import serial, { type ExecutionContext } from 'ava';
import type { Ref } from '../define/session.ts';
import { LimitError, LostError, type SuperstepError, TaskError } from '../errors.ts';
import * as actors from './fixtures/actors.ts';
import { folder, session, threadEntry } from '../check/thread-session.ts';
import * as tasks from './fixtures/tasks.ts';
import { TaskSession } from './runtime.ts';

// One after the other: threads and handles are counted.
const test = serial.serial;

const codeOf = async (t: ExecutionContext, promise: Promise<unknown>): Promise<string> =>
  (await t.throwsAsync<SuperstepError>(promise))!.code;

for (const workers of [1, 2]) {
  test(`calls run in the order of submission, ${workers} workers`, async t => {
    const { actor, get } = session(t, { workers });
    const log = actor(actors.log, 'first', { second: 'second' });
    const refs = Array.from({ length: 5000 }, (_, i) => log.add(`line ${i}`));
    t.deepEqual(
      await get(refs),
      refs.map((_, i) => i + 3),
    );
    const lines = await get(log.lines());
    t.deepEqual(lines.slice(0, 3), ['first', 'second', 'line 0']);
    t.is(lines[5001], 'line 4999');
  });

  test(`an async method is awaited before the next begins, ${workers} workers`, async t => {
    const { actor, get } = session(t, { workers });
    const log = actor(actors.log, 'first');
    const refs = [log.addLater('a', 30), log.add('b'), log.addLater('c', 1), log.add('d')];
    await get(refs);
    t.deepEqual(await get(log.lines()), ['first', 'a', 'b', 'c', 'd']);
    const most = Array.from({ length: 30 }, (_, i) => log.aside(i % 3));
    t.deepEqual(
      await get(most),
      Array.from({ length: 30 }, () => 1),
    );
    const [, after] = await get([log.aside(20), log.add('e')]);
    t.is(after, 6);
  });

  test(`arguments are refs, hold refs, or are large, ${workers} workers`, async t => {
    const { actor, get, put, remote } = session(t, { workers });
    const log = actor(actors.log, put('first') as Ref<string>, { second: put('second') });
    const [one, two] = [put(1), remote(tasks.sleep, 2)];
    const late = remote(tasks.sleep, 30);
    const sum = log.sum([one, two, 3], { a: late, b: 4 });
    const size = log.length(log.big(300_000));
    t.deepEqual(
      await get([sum, size, log.length(new Uint8Array(200_000))]),
      [40, 300_000, 200_000],
    );
    t.deepEqual(await get(log.lines()), ['first', 'second']);
    const bad = log.add(remote(tasks.fail, 'no') as Ref<string>);
    const next = log.add('next');
    t.is(await codeOf(t, get(bad)), 'TASK_FAILED');
    t.is(await get(next), 3, 'it did not run');
  });

  test(`tasks call actors that they are given, actors start tasks, ${workers} workers`, async t => {
    const { actor, get, remote } = session(t, { workers });
    const log = actor(actors.log, 'first');
    const said = ['a', 'b', 'c'].map(line => remote(actors.says, { to: log, line, times: 5 }));
    await get(said);
    const lines = await get(log.lines());
    t.is(lines.length, 16);
    for (const line of ['a', 'b', 'c']) {
      t.deepEqual(
        lines.filter(text => text.startsWith(line)),
        [0, 1, 2, 3, 4].map(i => `${line} ${i}`),
      );
    }
    t.is(await get(remote(actors.passesOn, log)), 16);
    t.deepEqual(await get(remote(actors.ownActor, ['x', 'y'])), [
      ['mine', 'x', 'y'],
      [2, 3],
    ]);
    t.regex(await get(remote(actors.leaves)), /^object-/);
  });

  test(`a call that waits for a task keeps only its caller’s later calls, ${workers} workers`, async t => {
    const { actor, get, remote } = session(t, { workers });
    const log = actor(actors.log, 'first');
    const asked = remote(actors.asks, log);
    const sum = log.sum([asked], { a: 0, b: 0 });
    const line = log.add('after');
    t.deepEqual(await get([asked, sum, line]), [1, 1, 2]);
  });

  test(`actors have actors: their own, and those they are given, ${workers} workers`, async t => {
    const { actor, get, cancel } = session(t, { workers });
    const log = actor(actors.log, 'shared');
    const parent = actor(actors.parent, log);
    t.deepEqual(await get(parent.say('one')), ['own', 'one']);
    t.deepEqual(await get(parent.say('two')), ['own', 'one', 'two']);
    t.deepEqual(await get(log.lines()), ['shared', 'one', 'two']);
    await get(parent.keep(log));
    t.deepEqual(await get(parent.kept()), ['shared', 'one', 'two'], 'its constructor was given it');
    cancel(parent);
    t.is(await codeOf(t, get(parent.say('three'))), 'CANCELLED');
  });
}

test('actors go where the fewest are', async t => {
  const { actor, get } = session(t, { workers: 3 });
  const logs = Array.from({ length: 6 }, () => actor(actors.log, 'x'));
  const threads = await get(logs.map(log => log.thread()));
  t.is(new Set(threads).size, 3);
  t.deepEqual(threads.slice(0, 3), threads.slice(3));
});

test('a method that throws fails its own call', async t => {
  const { actor, get } = session(t);
  const log = actor(actors.log, 'first');
  const refs = [log.add('a'), log.fail('no luck'), log.add('b')];
  const error = await t.throwsAsync(get(refs[1]!), { instanceOf: TaskError });
  t.is(error?.message, "call 'fail' of actor 'log' threw: no luck");
  t.is(error?.details.task, 'log');
  t.is((error!.cause as Error).name, 'RangeError');
  t.deepEqual(await get([refs[0]!, refs[2]!]), [2, 4]);
  t.is(await codeOf(t, get(log.unsendable())), 'NOT_CLONEABLE');
  const { nothing } = log as unknown as { nothing: () => Ref<unknown> };
  const missing = await t.throwsAsync<SuperstepError>(get(nothing()));
  t.is(missing?.code, 'USAGE');
  t.is(missing?.message, "actor 'log' has no method 'nothing'");
  t.is(missing?.details.remedy, 'See the methods of Log.');
});

test('a constructor that throws: all calls fail with what it threw, and it is not tried again', async t => {
  const { actor, get } = session(t);
  const log = actor(actors.throws, 'no luck');
  const calls = [log.never(), log.never()];
  for (const call of [...calls, log.never()]) {
    const error = await t.throwsAsync(get(call), { instanceOf: TaskError });
    t.is(error?.message, "the constructor of actor 'throws' threw: no luck");
  }
  t.is(await codeOf(t, get(log.never())), 'TASK_FAILED');
});

test('handles: where they may go, and what they are not', async t => {
  const { actor, get, put, remote, cancel } = session(t);
  const log = actor(actors.log, 'first');
  t.is(t.throws<SuperstepError>(() => put(log))?.code, 'NOT_CLONEABLE');
  t.is(t.throws<SuperstepError>(() => put({ log }))?.code, 'NOT_CLONEABLE');
  const deep = { to: { log }, line: '', times: 1 } as never;
  const given = t.throws<SuperstepError>(() => remote(actors.says, deep));
  t.is(given?.code, 'NOT_CLONEABLE');
  t.regex(given?.details.remedy ?? '', /A ref or a handle is the value itself or a direct member/);
  t.is(await codeOf(t, get(remote(actors.returnsIt, log))), 'NOT_CLONEABLE');
  const other = session(t);
  const foreign = t.throws<SuperstepError>(() => other.remote(actors.asks, log));
  t.is(foreign?.code, 'REF_FOREIGN');
  t.is(foreign?.message, "actor 'log' belongs to another session");
  t.is(t.throws<SuperstepError>(() => other.cancel(log))?.code, 'REF_FOREIGN');
  t.is(await Promise.resolve(log), log, 'no promise');
  t.is(JSON.stringify({ log }), '{"log":{}}');
  t.is(String(log), '[object Object]');
  t.is(t.throws<SuperstepError>(() => actor({} as never))?.code, 'USAGE');
  await get(remote(actors.cancelsIt, log));
  t.is(await codeOf(t, get(log.lines())), 'CANCELLED');
  cancel(log);
});

test('a handle that a call was given and keeps is good while somebody else has it', async t => {
  const { actor, get, remote } = session(t);
  const log = actor(actors.log, 'first');
  const parent = actor(actors.parent, actor(actors.log, 'other'));
  const kept = remote(actors.asks, log);
  await get([kept, parent.keep(log)]);
  t.deepEqual(await get(parent.kept()), ['first'], 'the program has it still');
});

test('cancel: calls that wait, one that runs, the actor', async t => {
  const { actor, get, cancel } = session(t);
  const log = actor(actors.log, 'first');
  await get(log.lines());
  const asleep = log.addLater('a', 60_000);
  const waits = log.add('b');
  const stays = log.add('c');
  await new Promise(resolve => setTimeout(resolve, 200));
  cancel(waits);
  t.is(await codeOf(t, get(waits)), 'CANCELLED');
  cancel(asleep);
  t.is(await codeOf(t, get(asleep)), 'CANCELLED');
  // Its thread was ended, since it did not end itself: so was the actor, which has no restarts.
  t.is(await codeOf(t, get(stays)), 'WORKER_LOST');

  const other = actor(actors.log, 'first');
  const calls = [other.aside(60_000), other.add('x')];
  await get(actor(actors.log, '').lines());
  cancel(other);
  for (const call of [...calls, other.add('y')]) {
    const error = await t.throwsAsync(get(call), { instanceOf: LimitError });
    t.is(error?.message, "actor 'log' was cancelled");
  }
});

test('a worker that exits: the call is lost, and with it the actor', async t => {
  const { actor, get } = session(t);
  const log = actor(actors.log, 'first');
  const calls = [log.add('a'), log.exit(), log.add('b')];
  t.is(await get(calls[0]!), 2);
  const lost = await t.throwsAsync(get(calls[1]!), { instanceOf: LostError });
  t.is(lost?.message, "call 'exit' of actor 'log' was running when its worker ended (exit code 3)");
  for (const call of [calls[2]!, log.add('c')]) {
    const error = await t.throwsAsync(get(call), { instanceOf: LostError });
    t.is(error?.message, "actor 'log' ended with its worker (exit code 3)");
    t.is(
      error?.details.remedy,
      'Let it be made again: actor(name, Class, { restarts }), with checkpoint() and restore(state) if it has state.',
    );
  }
});

test('restarts: what had not begun goes to the new one, as often as it may', async t => {
  const { actor, get, put } = session(t);
  const log = actor(actors.again, put('first') as Ref<string>);
  const calls = [log.add('a'), log.exit(), log.add('b'), log.lines()];
  t.is(await codeOf(t, get(calls[1]!)), 'WORKER_LOST');
  t.deepEqual(await get([calls[2]!, calls[3]!]), [2, ['first', 'b']]);
  t.is(await codeOf(t, get(log.exit())), 'WORKER_LOST');
  t.is(await codeOf(t, get(log.lines())), 'WORKER_LOST');
});

test('checkpoints: what somebody has seen the end of is there again', async t => {
  const { actor, get } = session(t);
  const total = actor(actors.total);
  t.is(await get(total.add(1, 10)), 10);
  const lost = total.exit();
  const calls = [total.add(2, 5), total.add(1, 10)];
  t.is(await codeOf(t, get(lost)), 'WORKER_LOST');
  t.deepEqual(await get(calls), [15, 15]);
});

test('checkpoints that are large and async, taken after calls that threw; undefined keeps the last', async t => {
  const temp = folder(t);
  const { actor, get, put } = session(t, { temp, memory: '64MiB', workers: 1 });
  const filled = put(new Uint8Array(40 * 2 ** 20));
  const pages = actor(actors.pages);
  const calls = [pages.add(1), pages.add(2), pages.add(3)];
  t.deepEqual(await get(calls), [1, 2, 3]);
  await t.throwsAsync(get(pages.exit()));
  t.deepEqual(await get(pages.bytes()), [1, 2]);
  await get(pages.add(4));
  await t.throwsAsync(get(pages.addAndFail(5)));
  await t.throwsAsync(get(pages.exit()));
  t.deepEqual(await get(pages.bytes()), [1, 2, 4, 5]);
  filled.release();
});

test('a constructor that ends its worker is tried as often as it may', async t => {
  const { actor, get } = session(t);
  const file = join(folder(t), 'count');
  writeFileSync(file, '0');
  t.is(await get(actor(actors.exits, { file, times: 2 }).done()), 2);
  writeFileSync(file, '0');
  const error = await t.throwsAsync(get(actor(actors.exits, { file, times: 9 }).done()));
  t.is(error?.message, "actor 'exits' ended with its worker (exit code 3)");
});

test('a call that loops for ever ends at its time limit, with its worker; the actor is made again', async t => {
  const { actor, get, remote } = session(t, { workers: 1 });
  const log = actor(actors.limited, 'first');
  const neighbour = actor(actors.again, 'neighbour');
  t.is(await get(neighbour.add('a')), 2);
  const calls = [log.add('a'), log.loop(), log.lines()];
  const others = Array.from({ length: 20 }, (_, i) => remote(tasks.echo, i));
  const error = await t.throwsAsync(get(calls[1]!), { instanceOf: LimitError });
  t.is(error?.code, 'TASK_TIMEOUT');
  t.regex(error?.message ?? '', /^call 'loop' of actor 'limited' ran for longer than .* 100 ms/);
  t.deepEqual(await get(calls[2]!), ['first']);
  t.deepEqual(await get(neighbour.lines()), ['neighbour']);
  t.deepEqual(
    await get(others),
    others.map((_, i) => i),
  );
});

test('an actor that has nothing to do holds no slot, no process, and ends with the session', async t => {
  const temp = folder(t);
  const before = process.getActiveResourcesInfo().length;
  const opened = new TaskSession({ workers: 1, memory: '64MiB', temp }, { threadEntry });
  const { actor, get, remote } = opened;
  const logs = Array.from({ length: 100 }, () => actor(actors.log, 'x'));
  await get(logs.map(log => log.lines()));
  t.is(await get(remote(tasks.echo, 1)), 1);
  const pending = [logs[0]!.aside(60_000), logs[0]!.lines(), logs[1]!.lines(), logs[2]!.loop()];
  const got = t.throwsAsync<SuperstepError>(get(pending));
  await opened.close();
  t.is((await got)?.code, 'CANCELLED');
  t.is(t.throws<SuperstepError>(() => actor(actors.log, 'x'))?.code, 'CLOSED');
  t.is(t.throws<SuperstepError>(() => logs[0]!.lines())?.code, 'CLOSED');
  t.deepEqual(readdirSync(temp), []);
  t.is(process.getActiveResourcesInfo().length, before);
});

test('chaos: threads die; an idempotent counter with checkpoints ends at the right total', async t => {
  for (const seed of [1, 2, 3]) {
    const { actor, get, remote } = session(t, { chaos: seed });
    const total = actor(actors.lasting);
    const add = async (id: number): Promise<void> => {
      for (;;) {
        try {
          await get([total.add(id, id), remote(tasks.busy, 2)]);
          return;
        } catch (error) {
          if (!(error instanceof LostError)) throw error;
        }
      }
    };
    for (let id = 0; id < 200; id += 4) {
      await Promise.all([add(id), add(id + 1), add(id + 2), add(id + 3)]);
    }
    t.is(await get(total.total()), (199 * 200) / 2);
  }
});
