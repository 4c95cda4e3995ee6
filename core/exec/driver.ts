/** The driver: main loop one. Takes what has happened, advances the state, does what follows.
 *
 * Order of calls: `post` events; `close`. The loop begins with the driver and has one await.
 *
 * Invariants: everything that happens goes through the inbox, in order; everything said to threads in one turn goes in
 * one message each. While anything is unsettled a timer keeps the process alive, otherwise nothing does: threads
 * never do.
 *
 * Not here: what events mean (advance.ts), what a thread says (link.ts), refs and promises (program.ts).
 */
import type { DefinitionRef } from '../define/define.ts';
import { TransportError, toPlain } from '../errors.ts';
import { Kernels, type KernelModule } from '../kernels/kernels.ts';
import type { Arena, Range } from '../memory/arena.ts';
import type { Budget } from '../memory/budget.ts';
import { advance, needsTicks } from './advance.ts';
import { Chaos } from './chaos.ts';
import { controlBytes } from './control.ts';
import { dispatch } from './dispatch.ts';
import { Inbox } from './inbox.ts';
import { Link, type LinkHost, type TaskOptions } from './link.ts';
import { TO_WORKER, type ToDriver } from './protocol.ts';
import type { Command, Event } from './events.ts';
import {
  type Definition,
  type DefinitionKind,
  type Outcome,
  type State,
  type Task,
  type Watcher,
  newState,
} from './state.ts';
import type { Stored } from './wire.ts';
import { discard } from '../store/file.ts';

/** How exactly a time limit is kept, and how soon runs behind a long one go elsewhere. */
const TICK_MS = 10;
/** A tick that is later than this was held up by this thread itself: workers are not made to pay. */
const STALL_MS = 100;
/** Longer than any process lives. */
const FOREVER_MS = 2 ** 31 - 1;

export interface DriverOptions {
  /** Worker threads at most. */
  readonly workers: number;
  readonly budget: Budget;
  readonly arena: Arena;
  /** The session's temporary folder, made on first use. */
  readonly temp: () => string;
  /** The file that a worker thread begins with. */
  readonly threadEntry: URL;
  readonly softHeapBytes: number;
  readonly hardHeapBytes: number;
  /** Kills threads at times that follow from this seed. */
  readonly chaos?: number | undefined;
}

type Item = Event | { readonly link: Link; readonly messages: readonly ToDriver[] };

export class Driver implements LinkHost {
  readonly state: State;
  readonly arena: Arena;
  readonly budget: Budget;
  readonly control: SharedArrayBuffer;
  readonly threadEntry: URL;
  readonly softHeapBytes: number;
  readonly hardHeapBytes: number;
  readonly temp: () => string;
  readonly links: readonly Link[];
  /** Ranges that tasks have left to the program. */
  readonly kept = new Map<Task, readonly Range[]>();
  /** Why the driver itself ended: a bug. */
  failed: Error | undefined;
  readonly #inbox = new Inbox<Item>();
  readonly #definitions = new Map<string, Definition>();
  readonly #watching = new Map<Watcher, (outcome: Outcome | undefined) => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #chaos: Chaos | undefined;
  #module: KernelModule | undefined;
  #threads = 0;
  #slabs = 0;
  #alive: NodeJS.Timeout;
  #busy = false;
  #ticks: NodeJS.Timeout | undefined;
  #tickedMs = 0;
  #closing = false;
  #allEnded: (() => void) | undefined;

  constructor(options: DriverOptions) {
    this.state = newState(options.workers, options.budget.limitBytes);
    this.arena = options.arena;
    this.budget = options.budget;
    this.control = new SharedArrayBuffer(controlBytes(options.workers + 1));
    this.threadEntry = options.threadEntry;
    this.softHeapBytes = options.softHeapBytes;
    this.hardHeapBytes = options.hardHeapBytes;
    this.temp = options.temp;
    this.links = this.state.slots.map(slot => new Link(this, slot));
    this.#alive = setInterval(() => {}, FOREVER_MS).unref();
    if (options.chaos !== undefined) this.#chaos = new Chaos(options.chaos, this.links);
    this.#loop().catch((error: unknown) => this.#broken(error));
  }

  async #loop(): Promise<void> {
    const { state } = this;
    while (!this.#closing || this.links.some(link => link.running)) {
      const items = await this.#inbox.next(); // The only await.
      for (const item of items) this.#take(item);
      if (!this.#closing) dispatch(state);
      this.#perform();
      for (const link of this.links) link.flush();
      this.#keepAlive();
      this.#keepTicking();
    }
    this.#allEnded?.();
  }

  /** A bug of ours: nobody waits for ever because of it, and nothing of the host's is touched. */
  #broken(thrown: unknown): void {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    const error = new TransportError(
      'INTERNAL',
      `the driver failed: ${said}`,
      {},
      { cause: thrown },
    );
    this.#closing = true;
    for (const link of this.links) link.stop('close');
    advance(this.state, { type: 'closed', error });
    const answers = this.state.commands.filter(command => command.do === 'answer');
    for (const { watcher, outcome } of answers) this.#answer(watcher, outcome);
    this.#keepAlive();
    this.#keepTicking();
    this.failed = error;
    this.#allEnded?.();
  }

  #take(item: Item): void {
    if ('type' in item) return advance(this.state, item);
    for (const message of item.messages) {
      const event = item.link.translate(message);
      if (event !== undefined) advance(this.state, event);
    }
  }

  #perform(): void {
    const { state } = this;
    const { commands } = state;
    state.commands = [];
    for (const command of commands) this.#do(command);
  }

  #do(command: Command): void {
    switch (command.do) {
      case 'start':
        return this.#link(command.slot).start();
      case 'run':
        return this.#link(command.slot).run(command.task, this.#room(command.task));
      case 'abort': {
        const link = this.#link(command.slot);
        link.control.cancelled = command.sequence;
        return link.send([TO_WORKER.abort, command.sequence, toPlain(command.error)]);
      }
      case 'revoke': {
        const { slot } = command;
        const from = this.#link(slot).control.revoke(slot.unused);
        return this.post({ type: 'revoked', slot: slot.index, from });
      }
      case 'drop':
        return this.#link(command.slot).send([TO_WORKER.drop, command.actor]);
      case 'stop':
        return this.#link(command.slot).stop(command.reason);
      case 'answer':
        return this.#answer(command.watcher, command.outcome);
      case 'later':
        return this.later(command.ms, command.event);
      case 'free':
        return this.#free(command.value);
      case 'freeRanges':
        for (const range of command.ranges) this.arena.release(range);
        return;
      case 'keepRanges':
        this.kept.set(command.task, command.ranges);
        return;
    }
  }

  #link(slot: { readonly index: number }): Link {
    return this.links[slot.index]!;
  }

  #answer(watcher: Watcher, outcome: Outcome | undefined): void {
    const { task } = watcher;
    if (task === undefined) {
      this.#watching.get(watcher)?.(outcome);
      this.#watching.delete(watcher);
    } else if (task.slot !== undefined && task.runs === watcher.run) {
      this.#link(task.slot).answer(watcher, outcome);
    }
  }

  #free(value: Stored): void {
    if (value.kind === 'range') this.arena.release(value.range);
    else discard(value.path);
  }

  #keepAlive(): void {
    const busy = this.state.unsettled > 0 && !this.#closing;
    if (busy === this.#busy) return;
    this.#busy = busy;
    if (busy) this.#alive.ref();
    else this.#alive.unref();
    this.#chaos?.run(busy);
  }

  #keepTicking(): void {
    const needed = needsTicks(this.state) && !this.#closing;
    if (needed === (this.#ticks !== undefined)) return;
    clearInterval(this.#ticks);
    this.#ticks = undefined;
    if (!needed) return;
    this.#tickedMs = performance.now();
    this.#ticks = setInterval(() => {
      const now = performance.now();
      const slots = this.links.map(({ control }) => ({
        next: control.next,
        current: control.current,
      }));
      this.post({ type: 'tick', ms: Math.min(now - this.#tickedMs, STALL_MS), slots });
      this.#tickedMs = now;
    }, TICK_MS).unref();
  }

  // For links and the program.

  post(event: Event): void {
    this.#inbox.put(event);
  }

  /** Calls `then` once the watcher has what it waits for. */
  watch(watcher: Watcher, then: (outcome: Outcome | undefined) => void): void {
    this.#watching.set(watcher, then);
    this.post({ type: 'watched', watcher });
  }

  later(ms: number, event: Event): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.post(event);
    }, ms).unref();
    this.#timers.add(timer);
  }

  received(link: Link, messages: readonly ToDriver[]): void {
    this.#inbox.put({ link, messages });
  }

  ended(_link: Link, event: Event): void {
    this.post(event);
  }

  define(kind: DefinitionKind, ref: DefinitionRef, options: TaskOptions): Definition {
    const key = `${kind} ${ref.module} ${ref.name}`;
    let definition = this.#definitions.get(key);
    if (definition === undefined) {
      const { attempts, timeoutMs, memoryBytes, restarts = 0 } = options;
      definition = {
        index: this.#definitions.size,
        kind,
        ref: { module: ref.module, name: ref.name },
        attempts,
        timeoutMs,
        memoryBytes,
        restarts,
        meanMs: undefined,
      };
      this.#definitions.set(key, definition);
    }
    return definition;
  }

  kernels(): KernelModule {
    return (this.#module ??= Kernels.compile());
  }

  nextThread(): number {
    return ++this.#threads;
  }

  /** What a task has of shared memory from its beginning, if there is room. */
  #room({ roomBytes, slot, sequence: owner }: Task): Range | undefined {
    if (roomBytes === 0) return undefined;
    const ranges = this.allocate([roomBytes]);
    if (ranges === undefined) return undefined;
    advance(this.state, { type: 'allocated', slot: slot!.index, owner, ranges });
    return ranges[0];
  }

  slabs(): number {
    return this.#slabs;
  }

  allocate(lengths: readonly number[]): Range[] | undefined {
    const ranges = this.arena.allocate(lengths);
    for (const { slab } of ranges ?? []) this.#slabs = Math.max(this.#slabs, slab + 1);
    return ranges;
  }

  /** Fails all that is unsettled with `error`, ends all threads. Resolves when they have ended, or were abandoned. */
  async close(error: Error): Promise<void> {
    const ended = new Promise<void>(resolve => {
      this.#allEnded = resolve;
      if (this.failed !== undefined) resolve();
    });
    this.#closing = true;
    this.#chaos?.run(false);
    clearInterval(this.#ticks);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const link of this.links) link.stop('close');
    this.post({ type: 'closed', error });
    await ended;
    clearInterval(this.#alive);
  }
}
