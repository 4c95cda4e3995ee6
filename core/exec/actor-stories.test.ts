/** What becomes of actors and their calls, as lists of events: no thread is real here. */
import test from 'ava';
import * as fc from 'fast-check';
import { type Actor, newActor } from './actor.ts';
import { Story, definition } from './fixtures/story.ts';
import { type Task, newEntry } from './state.ts';

const NO_ARGUMENTS = { base: undefined, whole: false, keys: undefined, dependencies: [] };

/** Workers that run what they were sent, one after the other. */
class Actors {
  readonly story: Story;
  /** Calls in the order in which they began. */
  readonly begun: Task[] = [];
  #ids = 0;

  constructor(slots: number) {
    this.story = new Story(slots);
  }

  start(restarts: number): Actor {
    const entry = newEntry(-1_000_000 - ++this.#ids);
    entry.count = 1;
    const of = { ...definition(0.1, 'counter'), kind: 'actor' as const, restarts };
    const attempts = { lost: 1, memory: 1, exception: 1 };
    const actor = newActor(entry, { ...of, attempts }, NO_ARGUMENTS);
    this.story.happen({ type: 'actor', actor, slot: 0, owner: undefined });
    return actor;
  }

  call(actor: Actor, method = 'add'): Task {
    const call = { actor, method, caller: undefined, checkpoint: undefined, parked: false };
    const task = this.story.task({ call }, actor.definition);
    this.story.submit(task);
    return task;
  }

  /** What a slot's thread runs now. */
  head(slot: number): Task | undefined {
    return [...this.story.state.slots[slot]!.tasks.values()][0];
  }

  #begin(task: Task): void {
    if (task.call?.method !== undefined) this.begun.push(task);
  }

  end(slot: number, how: 'done' | 'throw' = 'done'): void {
    const task = this.head(slot);
    if (task === undefined) return;
    this.#begin(task);
    if (how === 'done') this.story.done(task);
    else this.story.fail(task, 'exception');
  }

  /** The thread ends while its first task runs, or before it has begun. */
  die(slot: number, running: boolean): void {
    if (this.story.state.slots[slot]!.state === 'empty') return;
    const task = this.head(slot);
    this.story.happen({ type: 'up', slot });
    if (task === undefined) return void this.story.die(slot);
    const { sequence } = task;
    if (running) this.#begin(task);
    this.story.die(slot, running ? { next: sequence + 1, current: sequence } : { next: sequence });
  }

  settle(): void {
    const { state } = this.story;
    for (let turn = 0; turn < 5000 && state.unsettled > 0; turn++) {
      for (const { index } of state.slots) this.end(index);
    }
  }
}

test('a call that had begun is lost with its worker; those behind it go to the actor that is made again', t => {
  const actors = new Actors(1);
  const actor = actors.start(1);
  actors.end(0);
  const [first, second] = [actors.call(actor), actors.call(actor)];
  actors.die(0, true);
  t.is(first.entry.status, 'failed');
  t.is(second.entry.status, 'pending');
  t.is(actors.head(0)?.call?.method, undefined, 'its constructor comes first');
  actors.settle();
  t.deepEqual([actor.state, second.entry.status], ['alive', 'value']);
  t.deepEqual(actors.begun, [first, second]);
});

test('without restarts it ends with its worker, and takes no more calls', t => {
  const actors = new Actors(2);
  const actor = actors.start(0);
  actors.end(actor.slot);
  const calls = [actors.call(actor), actors.call(actor)];
  actors.die(actor.slot, true);
  calls.push(actors.call(actor));
  t.deepEqual(
    calls.map(({ entry }) => (entry.error as { code?: string }).code),
    ['WORKER_LOST', 'WORKER_LOST', 'WORKER_LOST'],
  );
  t.is(actors.story.state.unsettled, 0);
});

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('call', 'call', 'done', 'throw', 'die', 'stillborn', 'cancel'),
    actor: fc.nat(3),
    slot: fc.nat(2),
  }),
  { maxLength: 150 },
);

test('whatever happens, calls begin in order, once at most, and nothing is held at the end', t => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
      (all, slots, restarts) => {
        const actors = new Actors(slots);
        const made = restarts.map(times => actors.start(times));
        const calls = made.map((): Task[] => []);
        for (const { what, actor, slot } of all) {
          const k = actor % made.length;
          if (what === 'call') calls[k]!.push(actors.call(made[k]!));
          else if (what === 'done' || what === 'throw') actors.end(slot % slots, what);
          else if (what === 'cancel') {
            const { entry } = calls[k]!.at(-1) ?? {};
            const error = new Error('enough');
            if (entry !== undefined) actors.story.happen({ type: 'cancelled', entry, error });
          } else actors.die(slot % slots, what === 'die');
        }
        actors.settle();
        const { state } = actors.story;
        t.is(state.unsettled, 0);
        t.is(new Set(actors.begun).size, actors.begun.length, 'once at most');
        for (const own of calls) {
          const begun = actors.begun.filter(task => own.includes(task));
          t.deepEqual(
            begun.map(task => own.indexOf(task)),
            begun.map(task => own.indexOf(task)).toSorted((a, b) => a - b),
            'in order',
          );
          for (const { entry } of own) t.not(entry.status, 'pending');
          for (const { entry } of own) actors.story.happen({ type: 'released', entry });
        }
        for (const { entry } of made) actors.story.happen({ type: 'released', entry });
        t.is(state.entries.size, 0);
        t.is(state.actors.size, 0);
        for (const slot of state.slots) t.deepEqual([slot.held, slot.actors.size], [0, 0]);
      },
    ),
    { numRuns: 300 },
  );
});
