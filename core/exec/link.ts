/** One slot's line to its thread: starts it, gathers what is said to it, turns what it says into events.
 *
 * Invariant: what a thread has said is translated in order, and before its end is; a new thread starts only after that.
 */
import { type Thread, type ThreadExit, startThread } from '../cluster/threads.ts';
import type { DefinitionRef } from '../define/define.ts';
import { UsageError, fromPlain, toPlain } from '../errors.ts';
import type { KernelModule } from '../kernels/kernels.ts';
import type { Arena, Range } from '../memory/arena.ts';
import type { Budget } from '../memory/budget.ts';
import { youngBytes } from '../memory/shares.ts';
import { newActor } from './actor.ts';
import { Control } from './control.ts';
import type { Attempts } from './executor.ts';
import { failEntry, readyOf } from './lifecycle.ts';
import { TO_DRIVER, TO_WORKER, type ToDriver, type ToWorker } from './protocol.ts';
import type { Event, StopReason } from './events.ts';
import {
  type Definition,
  type DefinitionKind,
  type Entry,
  type Outcome,
  type Slot,
  type State,
  type Task,
  type Watcher,
  newEntry,
  newTask,
  newWatcher,
} from './state.ts';

/** What all links share. */
export interface LinkHost {
  readonly state: State;
  readonly arena: Arena;
  readonly budget: Budget;
  readonly control: SharedArrayBuffer;
  readonly threadEntry: URL;
  readonly softHeapBytes: number;
  readonly hardHeapBytes: number;
  /** Slabs the arena has made. */
  slabs(): number;
  allocate(lengths: readonly number[]): ReturnType<Arena['allocate']>;
  kernels(): KernelModule;
  nextThread(): number;
  define(kind: DefinitionKind, ref: DefinitionRef, options: TaskOptions): Definition;
  temp(): string;
  received(link: Link, messages: readonly ToDriver[]): void;
  ended(link: Link, event: Event): void;
  later(ms: number, event: Event): void;
}
export interface TaskOptions {
  readonly attempts?: Attempts | undefined;
  readonly timeoutMs?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly restarts?: number | undefined;
}

const HANDLES = {
  remedy:
    'A handle that a call was given is good until the call ends; those of the constructor for the actor’s life.',
};

export class Link {
  readonly slot: Slot;
  readonly control: Control;
  /** Threads of this slot that did not end when they were told to. */
  abandoned = 0;
  readonly #host: LinkHost;
  #thread: Thread | undefined;
  #reason: StopReason | undefined;
  #outbox: ToWorker[] = [];
  /** Slabs the thread has. */
  #slabs = 0;
  /** Definitions the thread knows, and those it has named itself. */
  #told = new Set<number>();
  #named: Definition[] = [];

  constructor(host: LinkHost, slot: Slot) {
    this.#host = host;
    this.slot = slot;
    // Slot 0 of the shared blocks is the driver.
    this.control = new Control(host.control, slot.index + 1);
  }

  get running(): boolean {
    return this.#thread !== undefined;
  }

  start(): void {
    const host = this.#host;
    this.control.reset();
    this.#slabs = 0;
    this.#told = new Set();
    this.#named = [];
    this.#outbox = [];
    this.#reason = undefined;
    this.slot.thread = host.nextThread();
    this.#thread = startThread(
      host.threadEntry,
      {
        slot: this.slot.index + 1,
        thread: this.slot.thread,
        budget: host.budget.shared,
        control: host.control,
        kernels: host.kernels(),
        softHeapBytes: host.softHeapBytes,
      },
      { hardBytes: host.hardHeapBytes, youngBytes: youngBytes(host.budget.floorBytes) },
      {
        message: messages => host.received(this, messages as ToDriver[]),
        ended: exit => this.#ended(exit),
      },
    );
  }

  stop(reason: StopReason): void {
    this.#reason ??= reason;
    this.#thread?.stop();
  }

  #ended(exit: ThreadExit): void {
    const { control, slot } = this;
    this.#thread = undefined;
    if (exit.abandoned) this.abandoned++;
    this.#host.budget.clear(slot.index + 1);
    const { next, current, read } = control;
    this.#host.ended(this, {
      type: 'ended',
      slot: slot.index,
      reason: this.#reason,
      end: { ...exit, next, current, read },
    });
  }

  // To the thread.

  send(message: ToWorker): void {
    this.#outbox.push(message);
  }

  /** Sends what has gathered in this turn, and the slabs it may speak of before it. */
  flush(): void {
    if (this.#outbox.length === 0) return;
    const messages = this.#outbox;
    this.#outbox = [];
    const slabs: ToWorker[] = [];
    for (; this.#slabs < this.#host.slabs(); this.#slabs++) {
      slabs.push([TO_WORKER.slab, this.#slabs, this.#host.arena.slab(this.#slabs)]);
    }
    this.#thread?.post(slabs.length === 0 ? messages : [...slabs, ...messages]);
  }

  /** `room`: shared memory that is the run's. */
  run(task: Task, room: Range | undefined): void {
    const { definition, dependencies, whole, label, call } = task;
    if (!this.#told.has(definition.index)) {
      this.#told.add(definition.index);
      const { index, kind, ref, memoryBytes } = definition;
      this.send([TO_WORKER.define, index, kind, ref.module, ref.name, memoryBytes]);
    }
    const members = whole ? dependencies.slice(1) : dependencies;
    this.send([
      TO_WORKER.run,
      task.sequence,
      task.entry.id,
      definition.index,
      whole ? dependencies[0]!.value : task.base,
      task.keys,
      task.keys === undefined ? undefined : members.map(entry => entry.value),
      task.alone,
      task.pinned !== undefined,
      label === undefined ? undefined : { job: label.job, stage: label.stage, task: label.task },
      room,
      call && {
        actor: call.actor.entry.id,
        method: call.method,
        checkpoint: call.checkpoint?.value,
      },
    ]);
  }

  answer({ id, entries }: Watcher, outcome: Outcome | undefined): void {
    if (outcome?.values !== undefined) this.send([TO_WORKER.values, id, outcome.values]);
    else if (outcome !== undefined) this.send([TO_WORKER.failed, id, toPlain(outcome.error)]);
    else this.send([TO_WORKER.ready, id, readyOf(entries)]);
  }

  // From the thread.

  /** What a message means; undefined when it has been dealt with, or means nothing any more. */
  translate(message: ToDriver): Event | undefined {
    const slot = this.slot.index;
    switch (message[0]) {
      case TO_DRIVER.done:
        return { type: 'done', slot, sequence: message[1], value: message[2], ms: message[3] };
      case TO_DRIVER.failed: {
        const [, sequence, failure, error, ms] = message;
        return { type: 'failed', slot, sequence, failure, error: fromPlain(error), ms };
      }
      case TO_DRIVER.up:
        return { type: 'up', slot };
      case TO_DRIVER.define: {
        const [, index, kind, module, name, options] = message;
        this.#named[index] = this.#host.define(kind, { module, name }, options);
        return undefined;
      }
      case TO_DRIVER.temp:
        return this.#temp(message[1]);
      case TO_DRIVER.allocate:
        return this.#allocate(message[1], message[2], message[3]);
      default:
        // Objects of a run that is not known any more are not known either.
        return this.slot.tasks.has(message[1]) ? this.#ofRun(message) : this.#ofNoRun(message);
    }
  }

  #ofRun(message: ToDriver): Event | undefined {
    const slot = this.slot.index;
    switch (message[0]) {
      case TO_DRIVER.submit: {
        const [, owner, id, definition, base, whole, keys, ids] = message;
        const dependencies = ids.map(dependency => this.#entry(dependency));
        const spec = { base, whole, keys, dependencies, nested: true };
        const task = newTask(newEntry(id), this.#named[definition]!, spec);
        return { type: 'nested', slot, owner, task };
      }
      case TO_DRIVER.actor: {
        const [, owner, id, definition, base, whole, keys, ids] = message;
        const dependencies = ids.map(dependency => this.#entry(dependency));
        const args = { base, whole, keys, dependencies };
        return {
          type: 'actor',
          slot,
          owner,
          actor: newActor(newEntry(id), this.#named[definition]!, args),
        };
      }
      case TO_DRIVER.call:
        return this.#call(message);
      case TO_DRIVER.checkpoint:
        return { type: 'checkpoint', slot, owner: message[1], value: message[2] };
      case TO_DRIVER.turn: {
        const [, owner, watch, id] = message;
        const watcher = newWatcher(watch, this.slot.tasks.get(owner), [this.#entry(id)], 1);
        return { type: 'watched', watcher, parks: true };
      }
      case TO_DRIVER.promise:
        return { type: 'made', slot, owner: message[1], entry: newEntry(message[2]) };
      case TO_DRIVER.put: {
        const [, owner, id, value] = message;
        const entry = this.#entry(id);
        return { type: 'stored', slot, owner, entry, value, error: undefined };
      }
      case TO_DRIVER.notPut: {
        const [, owner, id, plain] = message;
        const error = fromPlain(plain);
        return { type: 'stored', slot, owner, entry: this.#entry(id), value: undefined, error };
      }
      case TO_DRIVER.watch: {
        const [, owner, watch, ids, count, timeoutMs] = message;
        const task = this.slot.tasks.get(owner);
        const entries = ids.map(id => this.#entry(id));
        const watcher = newWatcher(watch, task, entries, count);
        if (timeoutMs !== undefined) this.#host.later(timeoutMs, { type: 'expired', watcher });
        return { type: 'watched', watcher };
      }
      case TO_DRIVER.release: {
        const entry = this.#entry(message[2]);
        // Once: the run's end does not release it again.
        const mine = this.slot.tasks.get(message[1])?.made?.delete(entry);
        return mine === true ? { type: 'released', entry } : undefined;
      }
      case TO_DRIVER.cancel: {
        const error = fromPlain(message[3]);
        return { type: 'cancelled', entry: this.#entry(message[2]), error };
      }
      case TO_DRIVER.giveBack:
        return { type: 'givenBack', slot, owner: message[1], ranges: message[2] };
      default:
        return undefined;
    }
  }

  /** A call of an actor that is not there any more is a task that fails. */
  #call(message: Extract<ToDriver, [(typeof TO_DRIVER)['call'], ...unknown[]]>): Event | undefined {
    const [, owner, id, key, method, base, whole, keys, ids] = message;
    const { state } = this.#host;
    const slot = this.slot.index;
    const caller = this.slot.tasks.get(owner);
    const actor = state.actors.get(key);
    const dependencies = ids.map(dependency => this.#entry(dependency));
    if (actor === undefined) {
      const entry = newEntry(id);
      failEntry(entry, new UsageError('REF_FOREIGN', `actor-${key} has ended`, HANDLES));
      return { type: 'made', slot, owner, entry };
    }
    const call = { actor, method, caller, checkpoint: undefined, parked: false };
    const spec = { base, whole, keys, dependencies, nested: true, call };
    return { type: 'nested', slot, owner, task: newTask(newEntry(id), actor.definition, spec) };
  }

  /** A run that was given up: only a file that it has written must go. */
  #ofNoRun(message: ToDriver): Event | undefined {
    const slot = this.slot.index;
    if (message[0] === TO_DRIVER.checkpoint) {
      return { type: 'checkpoint', slot, owner: message[1], value: message[2] };
    }
    if (message[0] !== TO_DRIVER.put) return undefined;
    const [, owner, id, value] = message;
    return { type: 'stored', slot, owner, entry: newEntry(id), value, error: undefined };
  }

  /** An object the thread speaks of. One that is not there any more was released too early. */
  #entry(id: number): Entry {
    const known = this.#host.state.entries.get(id);
    if (known !== undefined) return known;
    const entry = newEntry(id);
    failEntry(entry, new UsageError('REF_FOREIGN', `object-${id} was released`));
    return entry;
  }

  #allocate(owner: number, request: number, lengths: readonly number[]): Event | undefined {
    if (!this.slot.tasks.has(owner)) return undefined;
    const ranges = this.#host.allocate(lengths);
    this.send([TO_WORKER.ranges, request, ranges]);
    if (ranges === undefined) return undefined;
    return { type: 'allocated', slot: this.slot.index, owner, ranges };
  }

  #temp(request: number): undefined {
    let folder = '';
    let error: unknown;
    try {
      folder = this.#host.temp();
    } catch (thrown) {
      error = thrown;
    }
    this.send([TO_WORKER.temp, request, folder, error === undefined ? undefined : toPlain(error)]);
  }
}
