/** The driver's state machine: one event, what it changes, and commands for what must be done about it. No I/O, no
 * clock, no promise, so every failure story is a test over a list of events (advance.test.ts).
 *
 * A task:   waiting → queued → slot → ended;   back to queued from a slot that lost it
 * A slot:   empty → starting → up → stopping → empty
 */
import { LimitError } from '../errors.ts';
import type { Actor } from './actor.ts';
import type { Failure } from './attempts.ts';
import { keepCheckpoint, made, startActor } from './actors.ts';
import { inSequence } from './control.ts';
import {
  answer,
  endActor,
  endTask,
  failEntry,
  failTask,
  freeRanges,
  holdAll,
  leaveSlot,
  nameOf,
  placeError,
  release,
  retryOrFail,
  satisfied,
  settle,
  succeed,
  unstarted,
  watch,
  whereOf,
} from './lifecycle.ts';
import { becomeReady, block, waitInOrder } from './queues.ts';
import { threadEnded, timeoutError } from './lost.ts';
import type { Event } from './events.ts';
import type { Entry, Slot, State, Task, Watcher } from './state.ts';
import { isStored } from './wire.ts';

/** Tasks that a session has at a time: some hundred bytes each, so that a loop that never gets what it starts
 *  ends with an error and not with the heap. */
export const TASKS_MAX = 1 << 20;
/** A task that was asked to end has this long before its thread is ended: code that looks at its signal does so
 *  within milliseconds. */
export const GRACE_MS = 1000;
/** Weight of the newest run in a definition's mean: a few runs after a change of pace the old one is forgotten. */
const NEWEST = 0.2;

/** Applies one event. Appends commands to `state.commands`. */
export function advance(state: State, event: Event): void {
  switch (event.type) {
    case 'submitted':
      return submit(state, event.task);
    case 'put':
      state.entries.set(event.entry.id, event.entry);
      return;
    case 'actor':
      return start(state, event);
    case 'released':
      return release(state, event.entry);
    case 'watched':
      return watched(state, event.watcher, event.parks === true);
    case 'expired':
      if (!event.watcher.done) answer(state, event.watcher);
      return;
    case 'cancelled':
      return cancel(state, event.entry, event.error);
    case 'grace':
      return grace(state, event.task, event.runs);
    case 'up':
      state.slots[event.slot]!.state = 'up';
      state.slots[event.slot]!.stillborn = 0;
      return;
    case 'revoked':
      return revoked(state, state.slots[event.slot]!, event.from);
    case 'tick':
      return tick(state, event.ms, event.slots);
    case 'ended':
      return threadEnded(state, state.slots[event.slot]!, event.reason, event.end);
    case 'closed':
      return closeAll(state, event.error);
    default:
      return fromRun(state, event);
  }
}

type RunEvent = Extract<Event, { readonly slot: number; readonly sequence: number }>;
type OwnerEvent = Extract<Event, { readonly owner: number }>;

/** What a run says. A run that is not known any more has been given up: what it has made is let go. */
function fromRun(state: State, event: RunEvent | OwnerEvent): void {
  const slot = state.slots[event.slot]!;
  switch (event.type) {
    case 'done': {
      const task = slot.tasks.get(event.sequence);
      if (task === undefined) return dropValue(state, event.value);
      measure(task, event.ms);
      return done(state, task, event.value);
    }
    case 'failed': {
      const task = slot.tasks.get(event.sequence);
      if (task === undefined) return;
      measure(task, event.ms);
      return failed(state, task, event.failure, event.error);
    }
    case 'nested': {
      const owner = slot.tasks.get(event.owner);
      if (owner === undefined) return;
      (owner.made ??= new Set()).add(event.task.entry);
      return submit(state, event.task);
    }
    case 'checkpoint':
      return checkpointed(state, slot.tasks.get(event.owner), event.value);
    case 'made': {
      const owner = slot.tasks.get(event.owner);
      if (owner === undefined) return;
      (owner.made ??= new Set()).add(event.entry);
      state.entries.set(event.entry.id, event.entry);
      return;
    }
    case 'stored':
      return stored(state, slot.tasks.get(event.owner), event.entry, event.value, event.error);
    case 'allocated': {
      const owner = slot.tasks.get(event.owner);
      if (owner === undefined) return freeRanges(state, event.ranges);
      owner.ranges.push(...event.ranges);
      return;
    }
    case 'givenBack': {
      const owner = slot.tasks.get(event.owner);
      if (owner === undefined) return;
      for (const range of event.ranges) if (takeRange(owner, range)) freeRanges(state, [range]);
      return;
    }
  }
}

/** An actor belongs to the program, to the task that starts it, or to the actor whose call does. */
function start(state: State, { actor, slot, owner }: Extract<Event, { type: 'actor' }>): void {
  const caller = owner === undefined ? undefined : state.slots[slot]!.tasks.get(owner);
  if (owner !== undefined && caller === undefined) return;
  const parent = caller?.call?.actor;
  if (parent?.state === 'ended') return;
  if (parent !== undefined) parent.children.push(actor.entry);
  else if (caller !== undefined) (caller.made ??= new Set()).add(actor.entry);
  submit(state, startActor(state, actor, caller));
}

function submit(state: State, task: Task): void {
  holdAll(state, task);
  const { call } = task;
  let bad = call?.actor.error;
  for (const entry of task.dependencies) {
    if (entry.status === 'failed') bad ??= entry.error;
    if (entry.status === 'pending') task.missing++;
  }
  if (bad === undefined && state.unsettled > TASKS_MAX) {
    bad = new LimitError('TASKS', `more than ${TASKS_MAX} tasks of one session have not ended`, {
      remedy: 'Get results before more tasks are started.',
    });
  }
  const { memoryBytes = 0 } = task.definition;
  if (bad === undefined && memoryBytes > state.memoryLimitBytes) {
    bad = new LimitError(
      'MEMORY',
      `${nameOf(task)} declares ${memoryBytes} bytes, all there is are ${state.memoryLimitBytes}`,
      { ...whereOf(task), remedy: 'Raise --memory, or declare less.' },
    );
  }
  if (bad !== undefined) return failTask(state, task, bad);
  for (const entry of task.dependencies) {
    if (entry.status === 'pending') (entry.dependants ??= []).push(task);
  }
  const behind = call?.method !== undefined && call.actor.waiting.has(call.caller);
  if (behind || (task.missing > 0 && call?.method !== undefined)) waitInOrder(task);
  else if (task.missing === 0) becomeReady(state, task);
}

function watched(state: State, watcher: Watcher, parks: boolean): void {
  const { task } = watcher;
  if (task !== undefined && (task.place !== 'slot' || task.runs !== watcher.run)) return;
  // A wait takes one turn at most when all is there: the task never gives up its slot for it.
  if (task !== undefined) block(state, task);
  if (parks) task!.call!.parked = true;
  if (satisfied(watcher)) answer(state, watcher);
  else watch(watcher);
}

function measure({ definition, failures }: Task, ms: number): void {
  // After a loss the code may be cold again; what it then takes says nothing.
  if (failures.lost > 0) return;
  const { meanMs } = definition;
  definition.meanMs = meanMs === undefined ? ms : meanMs + (ms - meanMs) * NEWEST;
}

function done(state: State, task: Task, value: Entry['value']): void {
  if (task.cancelled !== undefined) {
    freeRanges(state, leaveSlot(state, task, false));
    if (isStored(value) && value.kind === 'file') dropValue(state, value);
    return failTask(state, task, task.cancelled);
  }
  if (isStored(value) && value.kind === 'range') takeRange(task, value.range);
  const ranges = leaveSlot(state, task, true);
  if (task.keepsRanges) state.commands.push({ do: 'keepRanges', task, ranges });
  else freeRanges(state, ranges);
  if (task.call !== undefined && task.call.method === undefined) made(task);
  succeed(state, task, value);
}

function failed(state: State, task: Task, failure: Failure, error: Error): void {
  placeError(task, error);
  freeRanges(state, leaveSlot(state, task, false));
  // A call that was sent ahead did not find the actor: why it ended says more.
  retryOrFail(state, task, failure, task.call?.actor.error ?? error);
}

/** What a call has said of its actor's state: its range is the checkpoint's now. */
function checkpointed(state: State, task: Task | undefined, value: Entry['value']): void {
  if (task?.call === undefined || !keepCheckpoint(state, task.call, value)) {
    return dropValue(state, value);
  }
  if (isStored(value) && value.kind === 'range') takeRange(task, value.range);
}

/** A stored object of a run: its range is the object's now. */
function stored(
  state: State,
  owner: Task | undefined,
  entry: Entry,
  value: Entry['value'],
  error: Error | undefined,
): void {
  // The run was given up, and its ranges freed; a file is nobody's.
  if (owner === undefined) {
    if (isStored(value) && value.kind === 'file') dropValue(state, value);
    return;
  }
  if (isStored(value) && value.kind === 'range') takeRange(owner, value.range);
  if (error !== undefined) failEntry(entry, error);
  else {
    entry.status = 'value';
    entry.value = value;
  }
  settle(state, entry);
}

function dropValue(state: State, value: Entry['value']): void {
  // Ranges of a run that was given up have been freed with it.
  if (isStored(value) && value.kind === 'file') state.commands.push({ do: 'free', value });
}

/** Takes a range out of those that an attempt owns. */
function takeRange(task: Task, range: { slab: number; offset: number }): boolean {
  const index = task.ranges.findIndex(r => r.slab === range.slab && r.offset === range.offset);
  if (index < 0) return false;
  task.ranges.splice(index, 1);
  return true;
}

function cancel(state: State, entry: Entry, error: Error): void {
  const actor = state.actors.get(entry.id);
  if (actor !== undefined) return cancelActor(state, actor, error);
  const { task } = entry;
  if (entry.status !== 'pending' || task === undefined || task.place === 'ended') return;
  if (task.place !== 'slot') return failTask(state, task, error);
  if (task.cancelled !== undefined) return;
  task.cancelled = error;
  const slot = task.slot!;
  // It may not have begun: then it comes back with what was sent ahead, and ends there.
  state.commands.push(
    { do: 'revoke', slot },
    { do: 'abort', slot, sequence: task.sequence, error },
    { do: 'later', ms: GRACE_MS, event: { type: 'grace', task, runs: task.runs } },
  );
}

function cancelActor(state: State, actor: Actor, error: Error): void {
  const ended = endActor(state, actor, error);
  for (const task of state.slots[actor.slot]!.tasks.values()) {
    if (task.call?.actor === actor) cancel(state, task.entry, error);
  }
  for (const entry of ended) settle(state, entry);
}

/** The time to end by itself is over. Others on that thread come back at no cost: even a task that only waits would,
 *  if it were let go, run on unseen. */
function grace(state: State, task: Task, runs: number): void {
  if (task.place !== 'slot' || task.runs !== runs) return;
  const slot = task.slot!;
  slot.state = 'stopping';
  state.commands.push({ do: 'stop', slot, reason: 'cancelled' });
}

/** Runs that had not begun are back. */
function revoked(state: State, slot: Slot, from: number): void {
  const back: Task[] = [];
  for (const [sequence, task] of slot.tasks) {
    if (inSequence(sequence, from, slot.unused)) back.push(task);
  }
  const { stalled } = slot;
  for (const task of back.toReversed()) unstarted(state, task);
  slot.stalled = stalled;
}

/** Time passes: what runs has run longer; what waits behind something long is taken back. */
function tick(state: State, ms: number, seen: Extract<Event, { type: 'tick' }>['slots']): void {
  for (const slot of state.slots) {
    const { next, current } = seen[slot.index]!;
    if (slot.state !== 'up') continue;
    if (next === slot.seenNext && mayMove(slot, next)) {
      slot.stalled = true;
      state.commands.push({ do: 'revoke', slot });
    }
    slot.seenNext = next;
    const task = slot.tasks.get(current);
    if (task?.timeoutMs === undefined) continue;
    task.heldMs += ms;
    if (task.heldMs <= task.timeoutMs) continue;
    task.cancelled ??= timeoutError(task);
    slot.state = 'stopping';
    state.commands.push({ do: 'stop', slot, reason: 'timeout' });
  }
}

/** Whether something waits on a slot that could run elsewhere. */
function mayMove({ tasks, unused }: Slot, next: number): boolean {
  for (const [sequence, { pinned, call }] of tasks) {
    if (pinned === undefined && call === undefined && inSequence(sequence, next, unused))
      return true;
  }
  return false;
}

/** Whether ticks are needed: something has a time limit, or was sent ahead and may run elsewhere. */
export function needsTicks({ limited, slots }: State): boolean {
  return limited > 0 || slots.some(slot => slot.held > 1 && mayMove(slot, slot.seenNext));
}

/** All ends. Threads and memory are the driver's to end; what they still say finds nothing. */
function closeAll(state: State, error: Error): void {
  for (const slot of state.slots) slot.actors.clear();
  for (const entry of state.entries.values()) {
    if (entry.status !== 'pending') continue;
    const { task } = entry;
    if (task !== undefined && task.place !== 'ended') {
      if (task.place === 'slot') leaveSlot(state, task, false);
      endTask(state, task);
    }
    if (entry.status !== 'pending') continue;
    failEntry(entry, error);
    settle(state, entry);
  }
}
