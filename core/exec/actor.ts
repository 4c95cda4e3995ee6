/** Actors, as the driver knows them: plain data.
 *
 * An actor:  making → alive → ended;   back to making when its thread has ended
 *
 * Invariants:
 * - It has one slot for its life. Its constructor and its calls are tasks of a lane of that slot: sent in order, and run
 *   one at a time, because its thread lets a call wait (`parked`) for the end of the one before.
 * - Its entry is a value that names it. It counts handles, tasks that were given one, and calls that have not ended: with
 *   the last of them the actor ends.
 * - Calls are tried once: what has begun and was lost fails, what had not begun goes to the actor that is made again.
 *
 * Not here: what changes them (lifecycle.ts, actors.ts), instances (instances.ts).
 */
import type { Definition, Entry, Lane, Queue, Task, TaskSpec } from './state.ts';
import { isActor } from './wire.ts';

export interface Actor extends Lane {
  readonly entry: Entry;
  readonly definition: Definition;
  /** Of its constructor. */
  readonly args: Pick<TaskSpec, 'base' | 'whole' | 'keys' | 'dependencies'>;
  /** Of its arguments: what it needs for as long as it lives. */
  readonly held: readonly Entry[];
  state: 'making' | 'alive' | 'ended';
  /** The task that makes it, or made it last. */
  make: Task | undefined;
  /** How often it may still be made again. */
  restarts: number;
  /** What it has said last of its state. */
  checkpoint: Entry | undefined;
  /** Why it ended. */
  error: Error | undefined;
  /** Calls that wait for objects, and those behind them, by who made them: the program or a task. */
  readonly waiting: Map<Task | undefined, Queue>;
  /** Actors that it has made, and holds. */
  children: Entry[];
}

/** What makes a task a call. */
export interface Call {
  readonly actor: Actor;
  /** Undefined is the constructor. */
  readonly method: string | undefined;
  /** Whose calls keep their order among each other. */
  readonly caller: Task | undefined;
  /** For a constructor: what the actor is restored from. */
  readonly checkpoint: Entry | undefined;
  /** On its thread, and waits there for the end of the call before: it has not begun. */
  parked: boolean;
}

export function newActor(entry: Entry, definition: Definition, args: Actor['args']): Actor {
  const name = definition.ref.name;
  entry.status = 'value';
  entry.value = { kind: 'actor', id: entry.id, name };
  return {
    slot: 0,
    queue: { items: [], head: 0 },
    // Until its constructor has its arguments.
    blocked: 1,
    listed: false,
    entry,
    definition,
    args,
    held: args.dependencies.filter(({ value }) => definition.restarts > 0 || isActor(value)),
    state: 'making',
    make: undefined,
    restarts: definition.restarts,
    checkpoint: undefined,
    error: undefined,
    waiting: new Map(),
    children: [],
  };
}
