/** Failure stories, each a list of events. No thread, no clock. */
import test from 'ava';
import * as fc from 'fast-check';
import { LimitError } from '../errors.ts';
import { TASKS_MAX, needsTicks } from './advance.ts';
import { Story, definition } from './fixtures/story.ts';
import type { Command } from './events.ts';
import { type Task, newEntry, newWatcher } from './state.ts';

const doing = (commands: readonly Command[]): string[] => commands.map(command => command.do);
const ranges = (n: number) => [{ slab: 0, offset: n * 64, length: 64 }];

test('a job of one task starts one thread; the next waits for it when it may be long', t => {
  const story = new Story(2);
  t.deepEqual(doing(story.submit(story.task())), ['start', 'run']);
  t.deepEqual(doing(story.submit(story.task())), ['start', 'run']);
  t.deepEqual(doing(story.submit(story.task())), []);
});

test('short tasks are sent ahead, within 4 ms of work; long ones are not', t => {
  for (const [meanMs, sent] of [
    [0.001, 256],
    [0.1, 40],
    [0.9, 4],
    [1, 1],
    [undefined, 1],
  ] as const) {
    const story = new Story();
    const of = definition(meanMs);
    story.submit(...Array.from({ length: 1000 }, () => story.task({}, of)));
    const runs = story.log.filter(command => command.do === 'run').length;
    t.true(Math.abs(runs - sent) <= 1, `${meanMs}: ${runs}`);
  }
});

test('a task waits for its objects; a failed one fails all that follow, however long the chain', t => {
  const story = new Story();
  const first = story.task();
  const chain = [first];
  for (let i = 0; i < 100_000; i++) {
    chain.push(story.task({ dependencies: [chain.at(-1)!.entry], whole: true }));
  }
  for (const task of chain) story.submit(task);
  t.is(story.log.filter(command => command.do === 'run').length, 1);
  const error = new Error('no');
  story.fail(first, 'exception', error);
  t.is(chain.at(-1)!.entry.error, error);
  t.is(story.state.unsettled, 0);
});

test('an object goes when nobody holds it: its ref, the tasks that take it, a result unwanted', t => {
  const story = new Story();
  const range = ranges(1)[0]!;
  const entry = newEntry(77);
  entry.status = 'value';
  entry.value = { kind: 'range', range };
  const task = story.task({ dependencies: [entry], whole: true });
  story.happen({ type: 'put', entry }, { type: 'submitted', task });
  t.deepEqual(doing(story.happen({ type: 'released', entry })), []);
  t.true(doing(story.done(task)).includes('free'));
  t.false(story.state.entries.has(77));

  const unwanted = story.task();
  story.submit(unwanted);
  story.happen({ type: 'released', entry: unwanted.entry });
  const file = { kind: 'file', path: '/x', bytes: 1, crc: 1 } as const;
  t.deepEqual(story.done(unwanted, file), [{ do: 'free', value: file }]);
});

test('a task that awaits gives up its slot, and has it again with the answer', t => {
  const story = new Story();
  const parent = story.task();
  story.submit(parent);
  const child = story.task({ nested: true });
  const nested = { type: 'nested', slot: 0, owner: parent.sequence, task: child } as const;
  t.deepEqual(doing(story.happen(nested)), []);
  t.deepEqual(doing(story.watch(parent, [child.entry])), ['run']);
  t.is(story.state.slots[0]!.held, 1);
  t.deepEqual(doing(story.done(child, 5)), ['answer']);
  t.is(story.state.slots[0]!.held, 1);
  t.is(story.state.slots[0]!.tasks.size, 1);
  story.done(parent);
  t.is(story.state.unsettled, 0);
  t.is(story.state.entries.size, 1);
});

test('what has begun ends first: tasks of tasks are served before new ones, the last first', t => {
  const story = new Story();
  const parent = story.task();
  story.submit(parent, story.task());
  const children = [1, 2].map(() => story.task({ nested: true }));
  story.happen(
    ...children.map(task => ({ type: 'nested', slot: 0, owner: parent.sequence, task }) as const),
  );
  const [run] = story.watch(parent, [children[0]!.entry]);
  t.is(run?.do, 'run');
  t.is((run as Extract<Command, { do: 'run' }>).task, children[1]!);
});

test('a dead thread: who ran pays, who waited pays, who was only sent ahead does not', t => {
  const story = new Story();
  const of = definition(0.1);
  const waits = story.task({}, of);
  const child = story.task({ nested: true });
  const tasks = [waits, ...Array.from({ length: 5 }, () => story.task({}, of))];
  story.submit(...tasks);
  story.happen({ type: 'nested', slot: 0, owner: 0, task: child });
  story.watch(waits, [child.entry]);
  const current = tasks[2]!;
  story.die(0, { next: 3, current: current.sequence });
  t.is(waits.failures.lost, 1);
  t.is(current.failures.lost, 1);
  t.is(tasks[1]!.failures.lost, 0, 'ended, and not yet reported');
  t.is(tasks[3]!.failures.lost, 0);
  t.is(child.place, 'ended', 'what the lost attempt had started is wanted by nobody');
  t.is(story.state.slots[0]!.state, 'starting');
  t.is(story.state.unsettled, tasks.length);
});

test('a task whose worker vanishes four times is the reason for it', t => {
  const story = new Story();
  const task = story.task({ label: { job: 'j', stage: 'map', task: 3, files: ['a'] } });
  story.submit(task);
  for (let i = 0; i < 4; i++) {
    t.is(task.entry.status, 'pending');
    story.happen({ type: 'up', slot: 0 });
    story.die(0, { next: 1, current: 0, exitCode: 7, read: { file: 0, offset: 5 } });
  }
  t.regex(
    task.entry.error!.message,
    /^task 3 of job j, stage map .*\(exit code 7\), reading a at byte 5$/,
  );
});

test('out of memory: once more, alone in a slot; then it is named', t => {
  const story = new Story(1);
  const of = definition(0.1);
  const [big, ...others] = Array.from({ length: 4 }, () => story.task({}, of));
  story.submit(big!, ...others);
  story.happen({ type: 'up', slot: 0 });
  story.die(0, { next: 1, current: 0, outOfMemory: true });
  t.true(big!.alone);
  t.is(story.state.slots[0]!.tasks.size, 1, 'nothing beside it');
  t.is(big!.place, 'slot');
  story.happen({ type: 'up', slot: 0 });
  story.die(0, { next: 1, current: 0, outOfMemory: true });
  t.is((big!.entry.error as LimitError).code, 'MEMORY');
  t.is(others.filter(task => task.place === 'slot').length, 3);
});

test('a task that must be alone gets a slot although others are never out of work', t => {
  const story = new Story(2);
  const of = definition(0.5);
  const submit = (): void =>
    void story.submit(...Array.from({ length: 50 }, () => story.task({}, of)));
  submit();
  const big = [...story.state.slots[1]!.tasks.values()][0]!;
  story.fail(big, 'memory');
  for (let i = 0; i < 100 && big.place !== 'slot'; i++) {
    const slot = story.state.slots[i % 2]!;
    const sent = Array.from(slot.tasks.values());
    for (const task of sent) if (task !== big) story.done(task, 1, 0.5);
    submit();
  }
  t.is(big.place, 'slot');
  t.is(big.slot!.held, 1);
});

test('exceptions: not again, unless the definition says so', t => {
  const story = new Story();
  const once = story.task();
  story.submit(once);
  story.fail(once, 'exception');
  t.is(once.entry.status, 'failed');
  const thrice = story.task({}, { ...definition(), attempts: { exception: 3 } });
  story.submit(thrice);
  story.fail(thrice, 'exception');
  story.fail(thrice, 'exception');
  t.is(thrice.entry.status, 'pending');
  story.fail(thrice, 'exception');
  t.is(thrice.entry.status, 'failed');
});

test('cancel: in the queue at once; on a slot asked first, its thread ended after the grace', t => {
  const story = new Story();
  const runs = story.task();
  const queued = story.task();
  story.submit(runs, queued);
  story.happen({ type: 'up', slot: 0 });
  const error = new LimitError('CANCELLED', 'enough');
  story.happen({ type: 'cancelled', entry: queued.entry, error });
  t.is(queued.entry.error, error);
  const commands = story.happen({ type: 'cancelled', entry: runs.entry, error });
  t.deepEqual(doing(commands), ['revoke', 'abort', 'later']);
  const grace = commands.find(command => command.do === 'later')!.event;
  t.deepEqual(doing(story.happen(grace)), ['stop']);
  story.die(0, { next: 1, current: 0 }, 'cancelled');
  t.is(runs.entry.error, error);
  t.deepEqual(doing(story.happen(grace)), [], 'it is over');
});

test('a task that was only sent ahead comes back and ends when it is cancelled', t => {
  const story = new Story();
  const of = definition(0.1);
  const tasks = Array.from({ length: 3 }, () => story.task({}, of));
  story.submit(...tasks);
  const error = new Error('enough');
  story.happen({ type: 'cancelled', entry: tasks[2]!.entry, error });
  story.happen({ type: 'revoked', slot: 0, from: 1 });
  t.is(tasks[2]!.entry.error, error);
  t.is(tasks[1]!.place, 'slot');
});

test('ticks: a time limit counts the time on the slot; what waits behind a long run goes elsewhere', t => {
  const story = new Story(2);
  const of = definition(0.1);
  const limited = story.task({ timeoutMs: 100 }, of);
  story.submit(limited, ...Array.from({ length: 20 }, () => story.task({}, of)));
  t.true(needsTicks(story.state));
  story.happen({ type: 'up', slot: 0 }, { type: 'up', slot: 1 });
  const slots = [
    { next: 1, current: 0 },
    { next: 0, current: -1 },
  ];
  const at = limited.slot!.index;
  const seen = at === 0 ? slots : slots.toReversed();
  const tick = { type: 'tick', ms: 60, slots: seen } as const;
  story.happen(tick);
  t.is(limited.heldMs, 60);
  const commands = story.happen(tick);
  t.deepEqual(doing(commands.filter(command => 'slot' in command && command.slot.index === at)), [
    'revoke',
    'stop',
  ]);
  story.die(at, { next: 1, current: 0 }, 'timeout');
  t.is((limited.entry.error as LimitError).code, 'TASK_TIMEOUT');
});

test('ranges: the program’s after success, free after failure, never free while a thread may write', t => {
  const story = new Story();
  const allocated = { type: 'allocated', slot: 0, owner: 0, ranges: ranges(1) } as const;
  const good = story.task({ keepsRanges: true });
  story.submit(good);
  story.happen(allocated);
  t.deepEqual(story.done(good)[0], { do: 'keepRanges', task: good, ranges: ranges(1) });

  const bad = story.task({ keepsRanges: true });
  story.submit(bad);
  story.happen({ ...allocated, owner: bad.sequence });
  t.deepEqual(story.fail(bad, 'exception')[0], { do: 'freeRanges', ranges: ranges(1) });

  // What came with a task that never began.
  const [runs, ahead] = [story.task({}, definition(0.1)), story.task({}, definition(0.1))];
  story.submit(runs, ahead);
  story.happen({ ...allocated, owner: ahead.sequence });
  const back = story.happen({ type: 'revoked', slot: 0, from: ahead.sequence });
  t.deepEqual(back[0], { do: 'freeRanges', ranges: ranges(1) });
  story.done(runs);
  story.done(ahead);

  const stuck = story.task({ attempts: { lost: 1 } });
  story.submit(stuck);
  story.happen({ ...allocated, owner: stuck.sequence }, { type: 'up', slot: 0 });
  const end = { next: stuck.sequence + 1, current: stuck.sequence, abandoned: true };
  t.deepEqual(doing(story.die(0, end)), []);
  t.deepEqual(doing(story.happen({ ...allocated, owner: 99 })), ['freeRanges']);
});

test('threads that cannot start: the third says so', t => {
  const story = new Story();
  const task = story.task();
  story.submit(task);
  for (let i = 0; i < 3; i++) story.die(0, { error: new Error('no more threads') });
  t.regex(task.entry.error?.message ?? '', /worker threads cannot start: no more threads/);
});

test('close: everything pending fails, and what is still said finds nothing', t => {
  const story = new Story(2);
  const tasks = Array.from({ length: 5 }, () => story.task());
  const waits = story.task({ dependencies: [tasks[4]!.entry], whole: true });
  story.submit(...tasks, waits);
  const { sequence } = tasks[0]!;
  const error = new Error('closed');
  story.happen({ type: 'closed', error });
  for (const task of [...tasks, waits]) t.is(task.entry.error, error);
  t.is(story.state.unsettled, 0);
  t.deepEqual(doing(story.happen({ type: 'done', slot: 0, sequence, value: 1, ms: 1 })), []);
});

test('declared memory is shared by those that run; what waits gives it up', t => {
  const story = new Story(3, 100);
  const of = { ...definition(), memoryBytes: 60 };
  const [first, second] = [story.task({}, of), story.task({}, of)] as const;
  const small = story.task();
  story.submit(first, second, small);
  t.deepEqual([first.place, second.place, small.place], ['slot', 'queued', 'queued']);
  const child = story.task({ nested: true }, of);
  story.happen({ type: 'nested', slot: 0, owner: first.sequence, task: child });
  story.watch(first, [child.entry]);
  t.is(child.place, 'slot');
  story.done(child);
  t.is(second.place, 'queued');
  story.done(first);
  t.deepEqual([second.place, small.place], ['slot', 'slot']);
  story.done(second);
  t.is(story.state.memoryBytes, 0);
  const large = story.task({}, { ...definition(), memoryBytes: 101 });
  story.submit(large);
  t.regex(large.entry.error!.message, /declares 101 bytes, all there is are 100/);
});

test('too many tasks', t => {
  const story = new Story();
  const last = story.task();
  story.state.unsettled = TASKS_MAX;
  story.submit(last);
  t.is((last.entry.error as LimitError).code, 'TASKS');
});

test('wait is answered at its number, or its time, once', t => {
  const story = new Story();
  const tasks = [1, 2, 3].map(() => story.task());
  story.submit(...tasks);
  const watcher = newWatcher(
    1,
    undefined,
    tasks.map(({ entry }) => entry),
    2,
  );
  t.deepEqual(doing(story.happen({ type: 'watched', watcher })), []);
  story.done(tasks[0]!);
  t.deepEqual(doing(story.fail(tasks[1]!, 'exception')), ['answer', 'run']);
  t.deepEqual(doing(story.happen({ type: 'expired', watcher })), []);
});

test('any order of ends, losses and cancels: all tasks end, slots are empty, nothing is held', t => {
  const step = fc.record({
    what: fc.constantFrom('done', 'throw', 'memory', 'die', 'cancel', 'watch', 'nest', 'revoke'),
    pick: fc.nat(1000),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 1, max: 3 }),
      (steps, slots) => {
        const story = new Story(slots);
        const all = Array.from({ length: 20 }, (_, i) =>
          story.task(i % 3 === 0 ? { pinned: i % slots } : {}, definition(i % 2 === 0 ? 0.1 : 5)),
        );
        story.submit(...all);
        const astray = (): boolean =>
          all.some(
            ({ pinned, slot }) =>
              pinned !== undefined && slot !== undefined && slot.index !== pinned,
          );
        const running = (): Task[] => story.state.slots.flatMap(slot => [...slot.tasks.values()]);
        for (const { what, pick } of steps) {
          act(story, what, pick, running(), all);
          t.false(astray());
        }
        // Whatever has happened, from now on all goes well.
        for (let turn = 0; turn < 10_000 && story.state.unsettled > 0; turn++) {
          for (const task of running()) if (task.place === 'slot') story.done(task);
        }
        t.is(story.state.unsettled, 0);
        for (const { entry } of all) story.happen({ type: 'released', entry });
        for (const slot of story.state.slots) {
          t.is(slot.tasks.size, 0);
          t.is(slot.held, 0);
          t.is(slot.heldMs, 0);
        }
        t.is(story.state.entries.size, 0);
        t.is(story.state.limited, 0);
        t.is(story.state.memoryBytes, 0);
      },
    ),
    { numRuns: 200 },
  );
});

function act(story: Story, what: string, pick: number, running: Task[], all: Task[]): void {
  const task = running[pick % Math.max(1, running.length)];
  if (task === undefined) return;
  const slot = task.slot!;
  const owner = task.sequence;
  if (what === 'done') story.done(task);
  else if (what === 'throw') story.fail(task, 'exception');
  else if (what === 'memory') story.fail(task, 'memory');
  else if (what === 'cancel') {
    const { entry } = all[pick % all.length]!;
    story.happen({ type: 'cancelled', entry, error: new Error('enough') });
  } else if (what === 'nest') {
    story.happen({ type: 'nested', slot: slot.index, owner, task: story.task({ nested: true }) });
  } else if (what === 'watch') {
    story.watch(task, [...(task.made ?? [])]);
  } else if (what === 'revoke') {
    story.happen({ type: 'revoked', slot: slot.index, from: owner });
  } else {
    story.happen({ type: 'up', slot: slot.index });
    story.die(slot.index, { next: owner + 1, current: owner });
  }
}
