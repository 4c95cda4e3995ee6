/** What the driver knows, as plain data: objects, tasks, slots.
 *
 * Invariants:
 * - An object (Entry) is settled once. It is kept while anybody holds it (`count`): a ref of the program, a task that
 *   takes it as argument, a running task that made it.
 * - A task is in one place: waiting for objects, in a queue, or on a slot; `ended` is the last.
 * - A slot's `held` are its tasks that are not blocked: one that runs, and short ones sent ahead so that the thread
 *   does not wait for messages. A task that awaits others is blocked and holds nothing.
 *
 * Not here: actors (actor.ts), what can happen (events.ts), what changes them (advance.ts), messages, threads, clocks, memory (driver.ts).
 */
import type { DefinitionRef } from '../define/define.ts';
import type { Range } from '../memory/arena.ts';
import type { Actor, Call } from './actor.ts';
import { type Failures, noFailures } from './attempts.ts';
import type { Command } from './events.ts';
import type { Attempts, Label } from './executor.ts';
import type { Key } from './refs.ts';
import type { Wire } from './wire.ts';

export type DefinitionKind = 'task' | 'actor';

/** A definition that tasks name, with what its author said about it and what has been measured. */
export interface Definition {
  readonly index: number;
  readonly kind: DefinitionKind;
  readonly ref: DefinitionRef;
  readonly attempts: Attempts | undefined;
  readonly timeoutMs: number | undefined;
  /** What one run may hold on the heap, if its author says so. */
  readonly memoryBytes: number | undefined;
  /** Of an actor: how often it is made again. */
  readonly restarts: number;
  /** How long its runs take, lately; undefined before the first has ended. */
  meanMs: number | undefined;
}

export interface Entry {
  readonly id: number;
  status: 'pending' | 'value' | 'failed';
  value: Wire;
  error: Error | undefined;
  count: number;
  watchers: Watcher[] | undefined;
  /** Tasks that wait for it. */
  dependants: Task[] | undefined;
  /** The task whose result it is. */
  task: Task | undefined;
}

export interface Task {
  readonly entry: Entry;
  readonly definition: Definition;
  readonly base: Wire;
  /** The first dependency is what members are put into, or the argument itself. */
  readonly whole: boolean;
  /** Of members that were refs: dependencies in the same order, after the whole. */
  readonly keys: readonly Key[] | undefined;
  readonly dependencies: readonly Entry[];
  readonly attempts: Attempts | undefined;
  readonly timeoutMs: number | undefined;
  readonly label: Label | undefined;
  /** The program takes over the ranges that the successful attempt leaves. */
  readonly keepsRanges: boolean;
  /** Started by another task: served before new work, so that what has begun ends first. */
  readonly nested: boolean;
  /** The index of the only slot it may run on. */
  readonly pinned: number | undefined;
  /** It is a call of an actor. */
  readonly call: Call | undefined;
  /** Of shared memory, that each attempt has from its beginning. */
  readonly roomBytes: number;
  readonly failures: Failures;

  place: 'waiting' | 'queued' | 'slot' | 'ended';
  /** Dependencies not yet there. */
  missing: number;
  slot: Slot | undefined;
  sequence: number;
  /** What it is thought to add to its slot's queue. */
  estimateMs: number;
  /** Watches not yet answered. */
  blocked: number;
  /** For its time limit: how long it has held its slot. */
  heldMs: number;
  /** It shall end with this error. */
  cancelled: Error | undefined;
  alone: boolean;
  /** How often it has been put on a slot: what belongs to an earlier run is stale. */
  runs: number;
  /** Objects that this attempt made. */
  made: Set<Entry> | undefined;
  ranges: Range[];
}

/** Somebody who waits for objects. */
export interface Watcher {
  readonly id: number;
  /** A run on a slot; undefined: the program. */
  readonly task: Task | undefined;
  readonly run: number;
  readonly entries: readonly Entry[];
  /** All, with their values, or the first failure. */
  readonly values: boolean;
  missing: number;
  failed: boolean;
  done: boolean;
}

/** What a watcher that wants values gets. */
export type Outcome =
  | { readonly values: readonly Wire[] }
  | { readonly values: undefined; readonly error: Error };

export interface Slot {
  readonly index: number;
  /** 0: no thread. Numbers are not used again, so that what a dead thread has said can be told. */
  thread: number;
  state: 'empty' | 'starting' | 'up' | 'stopping';
  /** Runs by sequence number. */
  readonly tasks: Map<number, Task>;
  /** The number of the next run. */
  unused: number;
  held: number;
  heldMs: number;
  /** Tasks of the engine that may run here only. */
  readonly pinned: Lane;
  /** Lanes that have something to send: the one above, or those of actors. */
  readonly lanes: Lane[];
  /** Actors that live here, or will. */
  readonly actors: Set<Actor>;
  /** Whose turn it is not: neither kind of task keeps the other from a slot for ever. */
  pinnedLast: boolean;
  /** Runs only one task: the one that exceeded its memory. */
  alone: boolean;
  /** What was sent ahead waits for a long run: nothing more is sent ahead until it has ended. */
  stalled: boolean;
  /** As of the last tick. */
  seenNext: number;
  /** Threads that ended before they could run anything, in a row. */
  stillborn: number;
}

export interface State {
  readonly slots: readonly Slot[];
  readonly entries: Map<number, Entry>;
  /** By the id of their entry, as long as somebody holds it. */
  readonly actors: Map<number, Actor>;
  /** The driver's own objects have ids below 0: this is the last. */
  ownId: number;
  /** Tasks of the program, first come first served; tasks of tasks, last come first served: deepest first keeps the
   *  tasks that have begun, and wait, few. */
  readonly queue: Queue;
  readonly nested: Task[];
  /** Tasks that must have a slot of their own. */
  readonly alone: Task[];
  /** Tasks not ended. */
  unsettled: number;
  /** Tasks on slots that have a time limit. */
  limited: number;
  /** What tasks that hold a slot have declared, and the most that it may be. */
  memoryBytes: number;
  readonly memoryLimitBytes: number;
  commands: Command[];
}

/** Tasks that may run on one slot only, in order. */
export interface Lane {
  /** By index. */
  slot: number;
  readonly queue: Queue;
  /** While this is not 0 nothing is sent: how many of its tasks on the slot await others. */
  blocked: number;
  /** Is in its slot's `lanes`. */
  listed: boolean;
}

/** First in, first out; what goes back goes to the front. */
export interface Queue {
  items: (Task | undefined)[];
  head: number;
}

export function newEntry(id: number): Entry {
  return {
    id,
    status: 'pending',
    value: undefined,
    error: undefined,
    count: 1,
    watchers: undefined,
    dependants: undefined,
    task: undefined,
  };
}

export interface TaskSpec {
  readonly base: Wire;
  readonly whole: boolean;
  readonly keys: readonly Key[] | undefined;
  readonly dependencies: readonly Entry[];
  readonly nested: boolean;
  readonly pinned?: number | undefined;
  readonly call?: Call | undefined;
  readonly roomBytes?: number | undefined;
  readonly label?: Label | undefined;
  readonly attempts?: Attempts | undefined;
  readonly timeoutMs?: number | undefined;
  readonly keepsRanges?: boolean;
}

export function newTask(entry: Entry, definition: Definition, spec: TaskSpec): Task {
  const task: Task = {
    entry,
    definition,
    base: spec.base,
    whole: spec.whole,
    keys: spec.keys,
    dependencies: spec.dependencies,
    attempts: spec.attempts ?? definition.attempts,
    timeoutMs: spec.timeoutMs ?? definition.timeoutMs,
    label: spec.label,
    keepsRanges: spec.keepsRanges ?? false,
    nested: spec.nested,
    pinned: spec.pinned,
    call: spec.call,
    roomBytes: spec.roomBytes ?? 0,
    failures: noFailures(),
    place: 'waiting',
    missing: 0,
    slot: undefined,
    sequence: -1,
    estimateMs: 0,
    blocked: 0,
    heldMs: 0,
    cancelled: undefined,
    alone: false,
    runs: 0,
    made: undefined,
    ranges: [],
  };
  entry.task = task;
  return task;
}

export function newWatcher(
  id: number,
  task: Task | undefined,
  entries: readonly Entry[],
  count: number,
): Watcher {
  const values = count < 0;
  return {
    id,
    task,
    run: task?.runs ?? 0,
    entries,
    values,
    missing: values ? entries.length : Math.min(count, entries.length),
    failed: false,
    done: false,
  };
}

export function newState(slots: number, memoryLimitBytes = Infinity): State {
  return {
    slots: Array.from({ length: slots }, (_, index) => ({
      index,
      thread: 0,
      state: 'empty' as const,
      tasks: new Map(),
      unused: 0,
      held: 0,
      heldMs: 0,
      pinned: { slot: index, queue: { items: [], head: 0 }, blocked: 0, listed: false },
      lanes: [],
      actors: new Set<Actor>(),
      pinnedLast: false,
      alone: false,
      stalled: false,
      seenNext: 0,
      stillborn: 0,
    })),
    entries: new Map(),
    actors: new Map(),
    ownId: 0,
    queue: { items: [], head: 0 },
    nested: [],
    alone: [],
    unsettled: 0,
    limited: 0,
    memoryBytes: 0,
    memoryLimitBytes,
    commands: [],
  };
}
