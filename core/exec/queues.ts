/** Where tasks wait for a slot, and what slots hold. Pure.
 *
 * Three kinds of queue: one of the session, tasks of tasks (the last first), and lanes: tasks that may run on one slot
 * only, in order: those pinned to it, or the calls of one actor. A slot lists its lanes that have something to send,
 * and serves them in turns.
 *
 * Invariant: a lane that is not listed has nothing to send: it is empty, or one of its tasks awaits others.
 */
import type { Actor } from './actor.ts';
import type { Lane, Queue, Slot, State, Task } from './state.ts';

const laneOf = (state: State, task: Task): Lane | undefined =>
  task.call?.actor ?? (task.pinned === undefined ? undefined : state.slots[task.pinned]!.pinned);

export function enqueue(state: State, task: Task, end: 'front' | 'back'): void {
  task.place = 'queued';
  if (task.alone) {
    state.alone.push(task);
    return;
  }
  const lane = laneOf(state, task);
  if (lane !== undefined) {
    put(lane.queue, task, end);
    list(state, lane);
  } else if (task.nested) state.nested.push(task);
  else put(state.queue, task, end);
}

function put(queue: Queue, task: Task, end: 'front' | 'back'): void {
  if (end === 'back') queue.items.push(task);
  else if (queue.head > 0) queue.items[--queue.head] = task;
  else queue.items.unshift(task);
}

/** The next task that may run anywhere. Tasks that were cancelled in the queue have ended and are dropped here. */
export function nextQueued({ nested, queue }: State): Task | undefined {
  while (nested.length > 0) {
    const task = nested.at(-1)!;
    if (task.place === 'queued') return task;
    nested.pop();
  }
  return firstOf(queue);
}

/** The next task that may run only on this slot. */
export function nextPinned({ lanes }: Slot): Task | undefined {
  for (let lane = lanes[0]; lane !== undefined; lane = lanes[0]) {
    const task = lane.blocked > 0 ? undefined : firstOf(lane.queue);
    if (task !== undefined) return task;
    lane.listed = false;
    lanes.shift();
  }
  return undefined;
}

function firstOf(queue: Queue): Task | undefined {
  while (queue.head < queue.items.length) {
    const task = queue.items[queue.head]!;
    if (task.place === 'queued') return task;
    drop(queue);
  }
  return undefined;
}

/** Takes what `nextQueued` or `nextPinned` returned out of its queue. */
export function takeQueued(state: State, task: Task): void {
  const lane = laneOf(state, task);
  if (lane !== undefined) {
    drop(lane.queue);
    const { lanes } = state.slots[lane.slot]!;
    if (lanes.length > 1) lanes.push(lanes.shift()!);
  } else if (task.nested) state.nested.pop();
  else drop(state.queue);
}

/** Queues are moved down once this many places before their head are free. */
const QUEUE_SLACK = 1024;
function drop(queue: Queue): void {
  queue.items[queue.head++] = undefined;
  if (queue.head < QUEUE_SLACK || queue.head * 2 < queue.items.length) return;
  queue.items = queue.items.slice(queue.head);
  queue.head = 0;
}

// Calls of actors.

/** The objects of a task are there: it may run, a call when all that its caller has asked of the actor before may. */
export function becomeReady(state: State, task: Task): void {
  const { call } = task;
  if (call === undefined) return enqueue(state, task, 'back');
  if (call.method === undefined) {
    enqueue(state, task, 'front');
    return free(state, call.actor);
  }
  if (!call.actor.waiting.has(call.caller)) return enqueue(state, task, 'back');
  drain(state, call.actor, call.caller);
}

/** Behind what its caller has asked of the actor before and cannot run yet. */
export function waitInOrder(task: Task): void {
  const { actor, caller } = task.call!;
  const queue = actor.waiting.get(caller);
  if (queue === undefined) actor.waiting.set(caller, { items: [task], head: 0 });
  else queue.items.push(task);
}

/** Calls at the head that can run, or have ended, make way. */
export function drain(state: State, actor: Actor, caller: Task | undefined): void {
  const queue = actor.waiting.get(caller);
  if (queue === undefined) return;
  while (queue.head < queue.items.length) {
    const task = queue.items[queue.head]!;
    if (task.place !== 'ended' && task.missing > 0) return;
    drop(queue);
    if (task.place !== 'ended') enqueue(state, task, 'back');
  }
  actor.waiting.delete(caller);
}

function list(state: State, lane: Lane): void {
  if (lane.listed || lane.blocked > 0) return;
  lane.listed = true;
  state.slots[lane.slot]!.lanes.push(lane);
}

function free(state: State, lane: Lane): void {
  if (--lane.blocked === 0) list(state, lane);
}

// What slots hold.

export function hold(state: State, slot: Slot, task: Task): void {
  state.memoryBytes += task.definition.memoryBytes ?? 0;
  slot.held++;
  slot.heldMs += task.estimateMs;
}

export function unhold(state: State, slot: Slot, task: Task): void {
  state.memoryBytes -= task.definition.memoryBytes ?? 0;
  slot.held--;
  // Sums of floats drift; an empty queue is the moment to forget that.
  slot.heldMs = slot.held === 0 ? 0 : slot.heldMs - task.estimateMs;
}

/** One watch more of a task on a slot. */
export function block(state: State, task: Task): void {
  if (task.blocked++ > 0) return;
  unhold(state, task.slot!, task);
  if (task.call !== undefined) task.call.actor.blocked++;
}

/** One watch fewer. */
export function unblock(state: State, task: Task): void {
  if (--task.blocked > 0) return;
  hold(state, task.slot!, task);
  if (task.call !== undefined) unblocked(state, task);
}

/** It holds its slot no more, whether it awaited others or not. */
export function letGo(state: State, task: Task): void {
  if (task.blocked === 0) unhold(state, task.slot!, task);
  else if (task.call !== undefined) unblocked(state, task);
  task.blocked = 0;
}

function unblocked(state: State, { call }: Task): void {
  call!.parked = false;
  free(state, call!.actor);
}
