/** Which slot a task goes to when it is pinned to one, or must be alone. */
import test from 'ava';
import type { LostError } from '../errors.ts';
import { needsTicks } from './advance.ts';
import { Story, definition } from './fixtures/story.ts';
import type { Command } from './events.ts';
import type { Task } from './state.ts';

const doing = (commands: readonly Command[]): string[] => commands.map(command => command.do);
const started = (commands: readonly Command[]): (Task | string)[] =>
  commands.map(command => (command.do === 'run' ? command.task : command.do));

test('a pinned task runs on its slot and nowhere else, in the order of submission', t => {
  const story = new Story(2);
  const [first, second, third] = [1, 2, 3].map(() => story.task({ pinned: 1 }));
  t.deepEqual(
    started(story.submit(first!, second!, third!)),
    ['start', first!, second!],
    'one waits there',
  );
  t.is(first!.slot, story.state.slots[1]!);
  const shared = story.task();
  t.deepEqual(started(story.submit(shared)), ['start', shared]);
  t.is(shared.slot, story.state.slots[0]!);
  t.deepEqual(started(story.done(shared)), [], 'slot 0 is free, and not theirs');
  t.deepEqual(started(story.done(first!)), [third!]);
  story.done(second!);
  story.done(third!);
  t.is(story.state.unsettled, 0);
});

test('short pinned tasks are sent ahead as others are, and not taken back: they could go nowhere else', t => {
  const story = new Story(2);
  const of = definition(5);
  const tasks = Array.from({ length: 100 }, () => story.task({ pinned: 0 }, of));
  story.submit(...tasks);
  t.is(story.state.slots[0]!.tasks.size, 10, '50 ms of work');
  t.false(needsTicks(story.state));
  story.happen({ type: 'up', slot: 0 });
  const seen = { next: 1, current: 0 };
  story.happen({ type: 'tick', ms: 10, slots: [seen, seen] });
  t.deepEqual(doing(story.happen({ type: 'tick', ms: 10, slots: [seen, seen] })), []);
  t.deepEqual(started(story.done(tasks[0]!, 1, 5)), [tasks[10]!]);
  t.is(story.state.slots[1]!.state, 'empty');
});

test('the slot’s thread dies: who ran pays, and all go to the thread that follows there, in order', t => {
  const story = new Story(2);
  const of = definition(0.1);
  const tasks = [1, 2, 3].map(() => story.task({ pinned: 1 }, of));
  story.submit(...tasks);
  const die = () => {
    story.happen({ type: 'up', slot: 1 });
    return story.die(1, { next: 1, current: tasks[0]!.sequence });
  };
  t.deepEqual(started(die()), ['start', ...tasks]);
  t.deepEqual(
    tasks.map(({ failures }) => failures.lost),
    [1, 0, 0],
  );
  for (let i = 0; i < 3; i++) die();
  t.is((tasks[0]!.entry.error as LostError).code, 'WORKER_LOST');
  t.is(tasks[1]!.place, 'slot');
});

test('no kind of task keeps the other from a slot', t => {
  const story = new Story();
  const own = Array.from({ length: 4 }, () => story.task({ pinned: 0 }));
  const shared = Array.from({ length: 4 }, () => story.task());
  story.submit(...own, ...shared);
  const order: Task[] = [];
  for (;;) {
    const task = [...story.state.slots[0]!.tasks.values()][0];
    if (task === undefined) break;
    order.push(task);
    story.done(task);
  }
  t.deepEqual(
    order.map(task => task.pinned),
    [0, undefined, 0, undefined, 0, undefined, 0, undefined],
  );
});

test('work of all goes where nothing pinned waits; where something does, they take turns', t => {
  const story = new Story(2);
  const [a, b, c] = [1, 2, 3].map(() => story.task({ pinned: 0 }));
  const other = story.task();
  story.submit(a!, other, b!);
  const [zero, one] = story.state.slots;
  t.is(b!.slot, zero!, 'nobody else wants it');
  story.done(other);
  const next = story.task();
  const last = story.task();
  story.submit(next);
  t.is(next.slot, one!);
  story.submit(last, c!);
  story.done(a!);
  t.deepEqual([last.place, c!.place], ['queued', 'queued'], 'somebody else wants it');
  story.done(b!);
  t.is(last.slot, zero!, 'its turn');
  t.is(c!.place, 'slot');
});

test('a pinned task that exceeded its memory is tried again alone, in its slot', t => {
  const story = new Story(2);
  const big = story.task({ pinned: 1 });
  const other = story.task({ pinned: 1 });
  story.submit(big, other);
  t.is(other.place, 'slot', 'sent ahead');
  const third = story.task({ pinned: 1 });
  t.deepEqual(started(story.fail(big, 'memory')), []);
  story.submit(third);
  t.deepEqual(started(story.done(other)), [big]);
  t.true(big.alone);
  t.is(big.slot, story.state.slots[1]!);
  t.is(third.place, 'queued');
  story.done(big);
  t.is(third.place, 'slot');
});

test('one that must be alone, and awaits others, lets them have its slot', t => {
  const story = new Story();
  const parent = story.task();
  story.submit(parent);
  story.fail(parent, 'memory');
  t.true(story.state.slots[0]!.alone);
  const child = story.task({ nested: true });
  story.happen({ type: 'nested', slot: 0, owner: parent.sequence, task: child });
  t.deepEqual(started(story.watch(parent, [child.entry])), [child]);
  story.done(child);
  story.done(parent);
  t.is(story.state.unsettled, 0);
  t.false(story.state.slots[0]!.alone);
});

test('a slot where no thread can start fails what is pinned to it', t => {
  const story = new Story(2);
  const task = story.task({ pinned: 1 });
  story.submit(task);
  for (let i = 0; i < 3; i++) story.die(1);
  t.regex(task.entry.error?.message ?? '', /worker threads cannot start/);
  t.is(story.state.unsettled, 0);
});
