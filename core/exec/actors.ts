/** What happens to an actor: it starts, is made again when its thread has ended, says its state, is cancelled. Pure.
 *
 * Its end is in lifecycle.ts, because objects end actors and actors end objects.
 */
import { LostError } from '../errors.ts';
import type { Actor } from './actor.ts';
import type { ThreadEnd } from './events.ts';
import { endActor, holdAll, release, settle } from './lifecycle.ts';
import { enqueue } from './queues.ts';
import { type Entry, type Slot, type State, type Task, newEntry, newTask } from './state.ts';

/** Gives it a place, where the fewest are, and the task that makes it, which the caller submits. */
export function startActor(state: State, actor: Actor, caller: Task | undefined): Task {
  let slot = state.slots[0]!;
  for (const other of state.slots) if (other.actors.size < slot.actors.size) slot = other;
  actor.slot = slot.index;
  slot.actors.add(actor);
  state.entries.set(actor.entry.id, actor.entry);
  state.actors.set(actor.entry.id, actor);
  for (const entry of actor.held) entry.count++;
  return makeTask(state, actor, caller);
}

/** Its constructor as a task. Nobody asks for its result. */
function makeTask(state: State, actor: Actor, caller: Task | undefined): Task {
  const entry = newEntry(--state.ownId);
  entry.count = 0;
  const { checkpoint } = actor;
  const call = { actor, method: undefined, caller, checkpoint, parked: false };
  const task = newTask(entry, actor.definition, { ...actor.args, nested: false, call });
  actor.state = 'making';
  actor.make = task;
  return task;
}

/** Its constructor has returned. */
export function made({ call }: Task): void {
  if (call!.actor.state === 'making') call!.actor.state = 'alive';
}

/** The thread of a slot has ended, and its tasks are on no slot: actors that had begun there are made again, or end. */
export function actorsLost(state: State, slot: Slot, end: ThreadEnd): void {
  for (const actor of slot.actors) {
    const { make } = actor;
    const begun = actor.state === 'alive' || (make?.place === 'waiting' && make.missing === 0);
    if (!begun) continue;
    if (actor.restarts > 0) remake(state, actor);
    else for (const entry of endActor(state, actor, actorLost(actor, end))) settle(state, entry);
  }
}

function remake(state: State, actor: Actor): void {
  actor.restarts--;
  for (const entry of actor.children) release(state, entry);
  actor.children = [];
  if (actor.state === 'alive') {
    const task = makeTask(state, actor, undefined);
    holdAll(state, task);
    enqueue(state, task, 'front');
  } else enqueue(state, actor.make!, 'front');
}

function actorLost({ definition }: Actor, end: ThreadEnd): LostError {
  const why = end.error === undefined ? `exit code ${end.exitCode}` : end.error.message;
  return new LostError(
    'WORKER_LOST',
    `actor '${definition.ref.name}' ended with its worker (${why})`,
    {
      task: definition.ref.name,
      remedy:
        'Let it be made again: actor(name, Class, { restarts }), with checkpoint() and restore(state) if it has state.',
    },
    end.error === undefined ? {} : { cause: end.error },
  );
}

/** What a call has said of the actor's state. False: nobody wants it any more. */
export function keepCheckpoint(
  state: State,
  { actor }: { actor: Actor },
  value: Entry['value'],
): boolean {
  if (actor.state === 'ended') return false;
  const entry = newEntry(--state.ownId);
  entry.status = 'value';
  entry.value = value;
  if (actor.checkpoint !== undefined) release(state, actor.checkpoint);
  actor.checkpoint = entry;
  return true;
}
