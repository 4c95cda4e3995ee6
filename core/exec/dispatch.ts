/** Which task goes to which slot, and how much is sent ahead. Pure; called once after the events of a turn.
 *
 * A message costs more than a small task. So a slot whose tasks have been short is sent more of them than it can
 * run now, up to PREFETCH_MS of work; a slot with a long one, or of unknown length, gets nothing more. What was sent
 * ahead and turns out to wait behind a long run is taken back (advance.ts, tick). But of tasks that may run nowhere else one always waits there, if
 * nobody else wants the slot, and further ones up to PINNED_MS of work: between the supersteps of two partitions is then no message.
 */
import { nextSequence } from './control.ts';
import { hold, nextPinned, nextQueued, takeQueued } from './queues.ts';
import type { Slot, State, Task } from './state.ts';

/** Work sent ahead: some times the 0.2 ms that a message and its answer take, and short enough that nobody notices
 *  when it is behind something. */
const PREFETCH_MS = 4;
/** Tasks sent ahead, however short: below it messages stay small enough to be cloned in well under a millisecond. */
const PREFETCH_TASKS = 256;
/** Work that may run on one slot only, sent there ahead: so long others who come later may have to wait. */
const PINNED_MS = 50;
/** Tasks that take longer run one at a time: a message is no cost to them. */
const SHORT_MS = 1;

/** Sends what can be sent. Appends commands. */
export function dispatch(state: State): void {
  dispatchAlone(state);
  // A slot takes one that may run nowhere else and one of all in turns; beyond that, the former come last.
  for (const slot of state.slots) if (!slot.pinnedLast) dispatchPinned(state, slot, 1);
  dispatchShared(state);
  for (const slot of state.slots) dispatchPinned(state, slot, PREFETCH_TASKS);
}

function dispatchAlone(state: State): void {
  const { alone } = state;
  for (let i = 0; i < alone.length; ) {
    const task = alone[i]!;
    const slot = task.place === 'queued' ? emptySlot(state, task) : undefined;
    if (task.place === 'queued' && slot === undefined) {
      i++;
      continue;
    }
    alone.splice(i, 1);
    if (slot !== undefined) assign(state, slot, task);
  }
}

function dispatchPinned(state: State, slot: Slot, most: number): void {
  if (reserved(state, slot)) return;
  for (let sent = 0; sent < most; sent++) {
    const task = nextPinned(slot);
    if (task === undefined || !open(slot) || !fits(state, task)) return;
    const wanted = nextQueued(state) !== undefined;
    const estimateMs = wanted ? estimate(task) : (task.definition.meanMs ?? PINNED_MS);
    const next = slot.held === 1 && !wanted;
    const limit = wanted ? PREFETCH_MS : PINNED_MS;
    if (slot.held > 0 && !next && !takesMore(slot, estimateMs, limit)) return;
    takeQueued(state, task);
    task.estimateMs = estimateMs;
    assign(state, slot, task);
  }
}

function dispatchShared(state: State): void {
  for (;;) {
    const task = nextQueued(state);
    if (task === undefined) return;
    if (!fits(state, task)) return;
    const estimateMs = estimate(task);
    const slot = chooseSlot(state, estimateMs);
    if (slot === undefined) return;
    takeQueued(state, task);
    task.estimateMs = estimateMs;
    assign(state, slot, task);
  }
}

/** Tasks that declare memory run beside each other only as far as it goes. One that waits for memory waits at the head of
 *  the queue, so that smaller ones do not pass it for ever. */
function fits(state: State, { definition }: Task): boolean {
  const { memoryBytes = 0 } = definition;
  if (memoryBytes === 0 || state.memoryBytes === 0) return true;
  return state.memoryBytes + memoryBytes <= state.memoryLimitBytes;
}

function estimate({ definition }: Task): number {
  const mean = definition.meanMs;
  return mean === undefined || mean >= SHORT_MS ? PREFETCH_MS : mean;
}

/** One that must be alone, and awaits others, lets them have its slot, one at a time: they may be what it awaits. */
const open = (slot: Slot): boolean => slot.state !== 'stopping' && (!slot.alone || slot.held === 0);

/** Whether something may be sent ahead to a slot that has work. */
function takesMore(slot: Slot, estimateMs: number, limitMs = PREFETCH_MS): boolean {
  return !slot.stalled && slot.held < PREFETCH_TASKS && slot.heldMs + estimateMs <= limitMs;
}

function emptySlot(state: State, { pinned }: Task): Slot | undefined {
  const mayBe = (slot: Slot): boolean => pinned === undefined || slot.index === pinned;
  return state.slots.find(slot => mayBe(slot) && open(slot) && slot.held === 0);
}

/** A task that must be alone waits for a slot to run dry: one slot gets nothing more meanwhile. */
function reserved({ alone }: State, slot: Slot): boolean {
  return alone.some(({ pinned = 0 }) => pinned === slot.index);
}

/** A slot that has nothing to do; one whose thread is not started yet; else the one with the least ahead of it. */
function chooseSlot(state: State, estimateMs: number): Slot | undefined {
  let best: Slot | undefined;
  let empty: Slot | undefined;
  for (const slot of state.slots) {
    if (!open(slot) || reserved(state, slot)) continue;
    if (slot.state === 'empty') {
      empty ??= slot;
      continue;
    }
    if (slot.held === 0 && nextPinned(slot) === undefined) return slot;
    if (!takesMore(slot, estimateMs)) continue;
    if (best === undefined || slot.heldMs < best.heldMs) best = slot;
  }
  return empty ?? best;
}

function assign(state: State, slot: Slot, task: Task): void {
  if (slot.state === 'empty') {
    slot.state = 'starting';
    state.commands.push({ do: 'start', slot });
  }
  task.place = 'slot';
  task.slot = slot;
  task.sequence = slot.unused;
  task.blocked = 0;
  task.heldMs = 0;
  task.runs++;
  slot.unused = nextSequence(slot.unused);
  slot.tasks.set(task.sequence, task);
  if (task.alone) slot.alone = true;
  slot.pinnedLast = task.pinned !== undefined || task.call !== undefined;
  hold(state, slot, task);
  if (task.timeoutMs !== undefined) state.limited++;
  state.commands.push({ do: 'run', slot, task });
}
