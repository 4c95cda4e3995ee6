/** Objects, tasks and actors from their beginning to their end: settle, release, end an attempt, end. Pure, as all of
 * advance.ts: what must be done about it is appended to `state.commands`.
 *
 * Invariant: each call costs what it changes. A failure reaches its dependants by a list, not by recursion: a chain may
 * be longer than the stack.
 */
import { LimitError, SuperstepError, UsageError } from '../errors.ts';
import type { Range } from '../memory/arena.ts';
import type { Actor } from './actor.ts';
import { type Failure, afterFailure } from './attempts.ts';
import { becomeReady, drain, enqueue, letGo, unblock } from './queues.ts';
import type { Entry, Outcome, State, Task, Watcher } from './state.ts';
import { isActor, isStored } from './wire.ts';

/** What a task is called in messages. */
export function nameOf(task: Task): string {
  const { label, definition, call } = task;
  const { name } = definition.ref;
  if (call !== undefined) {
    return call.method === undefined
      ? `the constructor of actor '${name}'`
      : `call '${call.method}' of actor '${name}'`;
  }
  if (label === undefined) return `task '${name}'`;
  return `task ${label.task} of job ${label.job}, stage ${label.stage}`;
}

/** Where it happened, for the details of an error. */
export function whereOf(task: Task) {
  const { label, definition, failures, call } = task;
  const attempt = 1 + failures.lost + failures.memory + failures.exception;
  if (call !== undefined) return { task: `${definition.ref.name}.${call.method ?? 'constructor'}` };
  if (label === undefined) return { task: definition.ref.name, attempt };
  return { job: label.job, stage: label.stage, task: label.task, attempt };
}

/** Tells a failure of the engine's tasks where it happened, as far as it does not know better. A mistake in the job as such
 *  (UsageError) happened nowhere in particular. */
export function placeError(task: Task, error: Error): void {
  if (task.label === undefined || !(error instanceof SuperstepError)) return;
  if (error instanceof UsageError) return;
  Object.assign(error, { details: { ...whereOf(task), ...error.details } });
}

// Objects.

/** The object is there, or has failed: whoever waits for it goes on. */
export function settle(state: State, first: Entry): void {
  const settled = [first];
  for (const entry of settled) {
    const { watchers, dependants } = entry;
    entry.watchers = undefined;
    entry.dependants = undefined;
    for (const watcher of watchers ?? []) seen(state, watcher, entry);
    for (const task of dependants ?? []) {
      if (task.place === 'ended') continue;
      if (entry.status === 'failed') {
        endTask(state, task);
        failEntry(task.entry, entry.error!);
        settled.push(task.entry);
      } else if (--task.missing === 0) {
        becomeReady(state, task);
      }
    }
    const call = entry.status === 'failed' ? entry.task?.call : undefined;
    if (call !== undefined && call.method === undefined) {
      settled.push(...endActor(state, call.actor, entry.error!));
    }
    if (entry.count === 0) forget(state, entry);
  }
}

export function failEntry(entry: Entry, error: Error): void {
  entry.status = 'failed';
  entry.error = error;
}

export function release(state: State, entry: Entry): void {
  entry.count--;
  if (entry.count > 0) return;
  // Still to come, and wanted by nobody: the task runs all the same, its result is dropped when it comes.
  if (entry.status === 'pending' && entry.task !== undefined) return;
  forget(state, entry);
}

function forget(state: State, entry: Entry): void {
  state.entries.delete(entry.id);
  if (isActor(entry.value)) forgetActor(state, entry);
  if (isStored(entry.value)) state.commands.push({ do: 'free', value: entry.value });
  entry.value = undefined;
}

// Watchers.

/** A watcher of pending objects is on the list of each; lists drop watchers that are done before they grow. */
export function watch(watcher: Watcher): void {
  for (const entry of watcher.entries) {
    if (entry.status !== 'pending') continue;
    const { watchers } = entry;
    if (watchers === undefined) entry.watchers = [watcher];
    else if (watchers.at(-1)!.done) watchers[watchers.length - 1] = watcher;
    else watchers.push(watcher);
  }
}

/** Counts what is there already; true when that is enough. */
export function satisfied(watcher: Watcher): boolean {
  for (const entry of watcher.entries) {
    if (entry.status === 'pending') continue;
    watcher.missing--;
    if (watcher.values && entry.status === 'failed') watcher.failed = true;
  }
  return watcher.missing <= 0 || watcher.failed;
}

function seen(state: State, watcher: Watcher, entry: Entry): void {
  if (watcher.done) return;
  watcher.missing--;
  if (watcher.values && entry.status === 'failed') watcher.failed = true;
  if (watcher.missing <= 0 || watcher.failed) answer(state, watcher);
}

export function answer(state: State, watcher: Watcher): void {
  watcher.done = true;
  const { task } = watcher;
  if (task !== undefined) {
    if (task.place !== 'slot' || task.runs !== watcher.run) return;
    unblock(state, task);
  }
  const outcome = watcher.values ? outcomeOf(watcher.entries) : undefined;
  state.commands.push({ do: 'answer', watcher, outcome });
}

/** All values, or the first failure in the order of the objects. */
export function outcomeOf(entries: readonly Entry[]): Outcome {
  const failed = entries.find(entry => entry.status === 'failed');
  if (failed !== undefined) return { values: undefined, error: failed.error! };
  return { values: entries.map(entry => entry.value) };
}

/** Places of those that are there or have failed. */
export function readyOf(entries: readonly Entry[]): number[] {
  const ready: number[] = [];
  for (let i = 0; i < entries.length; i++) if (entries[i]!.status !== 'pending') ready.push(i);
  return ready;
}

// Tasks on slots.

/** The run is over, or never began: the task is on no slot now. What the attempt made is let go: objects of an attempt
 *  that did not succeed are wanted by nobody. Returns the ranges that it leaves. */
export function leaveSlot(state: State, task: Task, success: boolean): readonly Range[] {
  const slot = task.slot!;
  slot.tasks.delete(task.sequence);
  letGo(state, task);
  if (task.alone) slot.alone = false;
  if (task.timeoutMs !== undefined) state.limited--;
  slot.stalled = false;
  task.slot = undefined;
  task.place = 'waiting';
  const { ranges, made } = task;
  task.ranges = [];
  task.made = undefined;
  if (made === undefined) return ranges;
  // The last first: what was made later may be waiting for what was made before.
  for (const entry of [...made].toReversed()) releaseMade(state, entry, success);
  return ranges;
}

function releaseMade(state: State, entry: Entry, success: boolean): void {
  const { task } = entry;
  if (!success && entry.count === 1 && task !== undefined && entry.status === 'pending') {
    if (task.place === 'queued' || task.place === 'waiting') {
      endTask(state, task);
      // Nobody can ask for it: it has no status but gone.
      entry.task = undefined;
    } else if (task.place === 'slot') {
      // It ends when it ends, but never again.
      task.cancelled ??= new LimitError(
        'CANCELLED',
        `${nameOf(task)}: what had started it is gone`,
      );
    }
  }
  release(state, entry);
}

export function freeRanges(state: State, ranges: readonly Range[]): void {
  if (ranges.length > 0) state.commands.push({ do: 'freeRanges', ranges });
}

// Actors.

/** The actor takes no more calls; those that have not begun fail. Returns objects that the caller settles. */
export function endActor(state: State, actor: Actor, error: Error): Entry[] {
  if (actor.state === 'ended') return [];
  actor.state = 'ended';
  actor.error = error;
  const slot = state.slots[actor.slot]!;
  slot.actors.delete(actor);
  state.commands.push({ do: 'drop', slot, actor: actor.entry.id });
  const failed: Entry[] = [];
  for (const task of callsOf(actor)) {
    if (task.place !== 'waiting' && task.place !== 'queued') continue;
    endTask(state, task);
    failEntry(task.entry, error);
    failed.push(task.entry);
  }
  for (const entry of [...actor.held, ...actor.children]) release(state, entry);
  if (actor.checkpoint !== undefined) release(state, actor.checkpoint);
  actor.checkpoint = undefined;
  actor.children = [];
  return failed;
}

/** Those that are on no slot: the constructor, calls that wait for objects, calls in the queue. */
function callsOf({ make, waiting, queue }: Actor): Task[] {
  const queues = [...waiting.values(), queue];
  const calls = queues.flatMap(({ items, head }) => items.slice(head)) as Task[];
  return make === undefined ? calls : [make, ...calls];
}

/** Nobody holds it, so nobody waits for a call. */
function forgetActor(state: State, entry: Entry): void {
  const actor = state.actors.get(entry.id);
  state.actors.delete(entry.id);
  if (actor !== undefined) endActor(state, actor, new Error('the actor is held by nobody'));
}

// Tasks.

/** What a task holds until it ends. */
export function holdAll(state: State, task: Task): void {
  state.entries.set(task.entry.id, task.entry);
  state.unsettled++;
  for (const entry of task.dependencies) entry.count++;
  const { call } = task;
  if (call === undefined) return;
  call.actor.entry.count++;
  if (call.checkpoint !== undefined) call.checkpoint.count++;
}

/** The task will not run any more; it is on no slot. Its object is settled by the caller. */
export function endTask(state: State, task: Task): void {
  task.place = 'ended';
  state.unsettled--;
  for (const entry of task.dependencies) release(state, entry);
  const { call } = task;
  if (call === undefined) return;
  if (call.checkpoint !== undefined) release(state, call.checkpoint);
  drain(state, call.actor, call.caller);
  release(state, call.actor.entry);
}

export function failTask(state: State, task: Task, error: Error): void {
  endTask(state, task);
  failEntry(task.entry, error);
  settle(state, task.entry);
}

export function succeed(state: State, task: Task, value: Entry['value']): void {
  endTask(state, task);
  task.entry.status = 'value';
  task.entry.value = value;
  settle(state, task.entry);
}

/** The attempt is over and the task on no slot. */
export function retryOrFail(state: State, task: Task, failure: Failure, error: Error): void {
  if (task.cancelled !== undefined) return failTask(state, task, task.cancelled);
  const next = afterFailure(task.failures, failure, task.attempts);
  if (next === 'fail') return failTask(state, task, error);
  task.alone = next === 'again-alone';
  enqueue(state, task, 'front');
}

/** A run that never began costs its task nothing. */
export function unstarted(state: State, task: Task): void {
  freeRanges(state, leaveSlot(state, task, false));
  if (task.cancelled !== undefined) failTask(state, task, task.cancelled);
  else enqueue(state, task, 'front');
}
