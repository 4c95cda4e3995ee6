/** A thread has ended: which of its tasks pays, which merely comes back, and what is said about it. Pure.
 *
 * The task whose code ran pays an attempt; so do tasks that were waiting there for others, because what they had started
 * may be the reason. Runs that had not begun, and those that had ended but were not yet reported, cost nothing. When
 * the driver itself ended the thread because of one task, the others pay nothing.
 */
import {
  CODES,
  type Details,
  fromPlain,
  LimitError,
  LostError,
  type SuperstepError,
} from '../errors.ts';
import { actorsLost } from './actors.ts';
import { inSequence } from './control.ts';
import {
  failTask,
  freeRanges,
  leaveSlot,
  nameOf,
  placeError,
  retryOrFail,
  unstarted,
  whereOf,
} from './lifecycle.ts';
import { enqueue, nextPinned, nextQueued, takeQueued } from './queues.ts';
import type { StopReason, ThreadEnd } from './events.ts';
import type { Slot, State, Task } from './state.ts';

/** Threads of a slot that may end, in a row, before they have run anything: a start can fail once for want of memory
 *  or processes; if it goes on, nothing will ever run. */
const STILLBORN_MAX = 3;

export function threadEnded(
  state: State,
  slot: Slot,
  reason: StopReason | undefined,
  end: ThreadEnd,
): void {
  const stillborn = slot.state === 'starting';
  // The last first: what goes back to the front of the queue keeps its order, and tasks that another one there had
  // started leave before it, and end with it.
  const runs = [...slot.tasks.values()].toReversed().map(task => ({
    task,
    began: !inSequence(task.sequence, end.next, slot.unused) && task.call?.parked !== true,
    current: task.sequence === end.current,
    blocked: task.blocked > 0,
  }));
  for (const { task, began } of runs) {
    if (!began) continue;
    const ranges = leaveSlot(state, task, false);
    // A thread that does not die may still write: its ranges are given back with the session.
    if (!end.abandoned) freeRanges(state, ranges);
  }
  slot.state = 'empty';
  const known = runs.some(run => run.current);
  for (const { task, began, current, blocked } of runs) {
    if (task.place === 'ended') continue;
    if (!began) unstarted(state, task);
    else if (task.cancelled !== undefined) {
      const timedOut = current && reason === 'timeout';
      failTask(state, task, timedOut ? timeoutError(task, end) : task.cancelled);
    } else if (current && typedError(end) !== undefined) {
      const error = typedError(end)!;
      placeError(task, error);
      retryOrFail(state, task, 'exception', error);
    } else if (task.call !== undefined) {
      if (task.call.method !== undefined) lostCall(state, task, end, current, blocked);
    } else if (current || !known || (blocked && reason !== 'timeout' && reason !== 'cancelled')) {
      const memory = end.outOfMemory && (current || !known);
      const error = memory ? memoryError(task, end) : lostError(task, end, current, blocked);
      retryOrFail(state, task, memory ? 'memory' : 'lost', error);
    } else enqueue(state, task, 'front');
  }
  actorsLost(state, slot, end);
  slot.unused = 0;
  slot.seenNext = 0;
  slot.stalled = false;
  if (stillborn && ++slot.stillborn >= STILLBORN_MAX) failQueued(state, slot, end);
}

/** Calls are tried once, whoever is to blame: what it has done to others cannot be known. A constructor is made again
 *  with its actor, or ends with it. */
function lostCall(
  state: State,
  task: Task,
  end: ThreadEnd,
  current: boolean,
  blocked: boolean,
): void {
  const memory = end.outOfMemory && current;
  const error = memory ? memoryError(task, end) : lostError(task, end, current, blocked);
  retryOrFail(state, task, memory ? 'memory' : 'lost', error);
}

function failQueued(state: State, slot: Slot, end: ThreadEnd): void {
  slot.stillborn = 0;
  const next = (): Task | undefined => nextPinned(slot) ?? nextQueued(state);
  for (let task = next(); task !== undefined; task = next()) {
    takeQueued(state, task);
    const said = end.error?.message ?? `exit code ${end.exitCode}`;
    failTask(
      state,
      task,
      new LostError(
        'WORKER_LOST',
        `${nameOf(task)}: worker threads cannot start: ${said}`,
        {
          ...whereOf(task),
          remedy: 'See the cause; a limit on threads or memory (ulimit -u, -v) may be it.',
        },
        { cause: end.error },
      ),
    );
  }
}

/** An error of ours that a callback of the user's code threw: an `emit` that came too late. It says all there is to say.
 *  Node hands it over without its class. */
function typedError({ error }: ThreadEnd): Error | undefined {
  const { name, message, stack = '', code, details } = (error ?? {}) as Partial<SuperstepError>;
  if (name !== 'TaskError' || code === undefined || !(code in CODES)) return undefined;
  return fromPlain({ name, message: message!, stack, code, ...(details && { details }) });
}

/** What it was reading, in words and as details. */
function reading(task: Task, end: ThreadEnd | undefined): { text: string; details: Details } {
  const file =
    end === undefined || end.read.file < 0 ? undefined : task.label?.files?.[end.read.file];
  if (file === undefined) return { text: '', details: {} };
  const { offset } = end!.read;
  return { text: `, reading ${file} at byte ${offset}`, details: { file, offset } };
}

function lostError(task: Task, end: ThreadEnd, current: boolean, blocked: boolean): LostError {
  const { text, details } = reading(task, current ? end : undefined);
  const how = current
    ? 'was running when'
    : blocked
      ? 'was waiting for others when'
      : 'may have run when';
  const why = end.error === undefined ? `exit code ${end.exitCode}` : end.error.message;
  return new LostError(
    'WORKER_LOST',
    `${nameOf(task)} ${how} its worker ended (${why})${text}`,
    {
      ...whereOf(task),
      ...details,
      remedy: 'Look for process.exit, a native crash or an error thrown in a callback in its code.',
    },
    end.error === undefined ? {} : { cause: end.error },
  );
}

function memoryError(task: Task, end: ThreadEnd): LimitError {
  const { text, details } = reading(task, end);
  return new LimitError('MEMORY', `${nameOf(task)} exceeded the heap of its worker${text}`, {
    ...whereOf(task),
    ...details,
    remedy: 'Raise --memory, lower --workers, or keep less in memory at a time.',
  });
}

export function timeoutError(task: Task, end?: ThreadEnd): LimitError {
  const { text, details } = reading(task, end);
  return new LimitError(
    'TASK_TIMEOUT',
    `${nameOf(task)} ran for longer than its limit of ${task.timeoutMs} ms${text}`,
    {
      ...whereOf(task),
      ...details,
      remedy: 'Raise --task-timeout (timeoutMs), or see what it loops over or waits for.',
    },
  );
}
