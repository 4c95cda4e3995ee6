/** What all runs of a thread share: the port, definitions, slabs of the arena, kernels, and the questions that wait for
 * an answer of the driver.
 *
 * Invariant: messages leave in the order they were made in. A watch leaves at once, with all before it; other messages
 * wait for the end of the turn.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ThreadData } from '../cluster/threads.ts';
import { assertNotEntry, type DefinitionRef } from '../define/define.ts';
import { loadDefinition } from '../define/loader.ts';
import { type PlainError, fromPlain } from '../errors.ts';
import { Kernels } from '../kernels/kernels.ts';
import type { Range } from '../memory/arena.ts';
import { Budget } from '../memory/budget.ts';
import { keptBytes, workingBytes } from '../memory/shares.ts';
import { SegmentBuffers } from '../store/segment.ts';
import type { ContextHost, TaskContext } from './context.ts';
import { Control } from './control.ts';
import { closeResidents, type Resident } from './executor.ts';
import { importing } from './importing.ts';
import type { ActorClass } from './instances.ts';
import { TO_DRIVER, TO_WORKER, type ToDriver, type ToWorker } from './protocol.ts';
import { optionsOf } from './refs.ts';
import type { DefinitionKind } from './state.ts';
import { type Wire, unpack } from './wire.ts';

/** Messages wait at most this long for others to leave with them: several times what sending costs. */
export const TURN_MS = 1;
/** What is patient waits so long, while there are further runs: a message wakes the driver, often on the core where the next run computes. */
export const PATIENCE_MS = 50;
/** Ids of a thread's objects begin at its number times this. */
const IDS = 2 ** 32;

export type TaskFunction = (argument: unknown, context: TaskContext) => unknown;

export interface Loaded {
  readonly name: string;
  readonly ready: Promise<void>;
  /** The function of a task, the class of an actor; once it is there. */
  spec: { readonly run: TaskFunction; readonly Class: ActorClass } | undefined;
  error: Error | undefined;
  /** What it may hold on the heap. */
  readonly softHeapBytes: number;
  /** How long its last run took. */
  lastMs: number;
}

interface Watch {
  readonly run: TaskContext;
  readonly resolve: (found: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What the loop is told. */
export interface RunEvents {
  /** The run awaits something and gives up the slot. */
  blocked(run: TaskContext): void;
  /** `go` lets it go on, when it has the slot again. */
  answered(run: TaskContext, go: () => void): void;
}

export class ThreadHost implements ContextHost {
  readonly slot: number;
  readonly budget: Budget;
  readonly control: Control;
  readonly softHeapBytes: number;
  readonly segments = new SegmentBuffers();
  readonly residents = new Map<string, Resident>();
  /** When messages were sent last. */
  sentMs = 0;
  readonly #port: MessagePort;
  readonly #data: ThreadData;
  readonly #events: RunEvents;
  readonly #loaded: Loaded[] = [];
  readonly #named = new Map<string, number>();
  readonly #slabs: SharedArrayBuffer[] = [];
  readonly #watches = new Map<number, Watch>();
  readonly #requests = new Map<number, (answer: ToWorker) => void>();
  #outbox: ToDriver[] = [];
  /** All of it may wait, and since when it has. */
  #patient = true;
  #sinceMs = 0;
  #soon = false;
  #ids: number;
  #questions = 0;
  #kernels: Kernels | undefined;
  /** A further one, which nobody uses. */
  #spare: Kernels | undefined;
  /** Working memory is reserved. */
  #works = false;

  constructor(port: MessagePort, data: ThreadData, events: RunEvents) {
    this.#port = port;
    this.#data = data;
    this.#events = events;
    this.#ids = data.thread * IDS;
    this.slot = data.slot;
    this.budget = Budget.attach(data.budget, data.slot);
    this.control = new Control(data.control, data.slot);
    this.softHeapBytes = data.softHeapBytes;
  }

  // To the driver.

  send(message: ToDriver): void {
    this.report(message);
    // A run that starts others and then computes for long must not keep them waiting.
    if (performance.now() - this.sentMs > TURN_MS) this.flush();
    else this.flushSoon();
  }

  /** Without looking at the clock: the loop flushes at the end of its turn. `patient`: it may wait for those of the next runs. */
  report(message: ToDriver, patient = false): void {
    if (this.#outbox.length === 0) {
      this.#patient = true;
      this.#sinceMs = performance.now();
    }
    this.#patient &&= patient;
    this.#outbox.push(message);
  }

  /** At the end of this turn of the event loop: runs that end in it are reported together. */
  flushSoon(): void {
    if (this.#soon || this.#outbox.length === 0) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.flush();
    });
  }

  /** `idle`: there is no further run for which anything could wait. */
  flush(idle = false): void {
    const now = performance.now();
    this.sentMs = now;
    if (this.#outbox.length === 0) return;
    if (!idle && this.#patient && now - this.#sinceMs < PATIENCE_MS) return;
    this.#port.postMessage(this.#outbox);
    this.#outbox = [];
  }

  // For runs.

  kernels(): Kernels {
    // What residents hold of the pool is the task's first; they can be had again.
    if (this.residents.size > 0 && this.budget.held() > this.budget.floorBytes) {
      closeResidents(this.residents);
    }
    if (this.#kernels !== undefined) return this.#kernels;
    try {
      return (this.#kernels = this.#instance());
    } catch (error) {
      if (this.residents.size === 0) throw error;
      closeResidents(this.residents);
      return (this.#kernels = this.#instance());
    }
  }

  newKernels(): Kernels {
    // What tasks before have had of memory becomes the resident's: it could not be given back.
    const own = this.#kernels;
    this.#kernels = undefined;
    own?.reset();
    return own ?? this.#instance();
  }

  #instance(): Kernels {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    // Within the floor, so it cannot be refused; but a thread that died here may have left the slot to its successor.
    if (!this.#works) this.budget.reserve(workingBytes(this.budget.floorBytes));
    this.#works = true;
    const { budget } = this;
    const grant = {
      limitBytes: budget.limitBytes,
      reserve: (bytes: number): boolean => {
        // What nobody uses is not to have others take from the pool.
        if (budget.held() + bytes > budget.floorBytes) this.#dropSpare();
        return budget.reserve(bytes);
      },
      release: (bytes: number): void => budget.release(bytes),
    };
    return new Kernels(this.#data.kernels, grant, { keep: kernels => this.#keep(kernels) });
  }

  /** Kernels whose resident is closed are the next one's, as long as others miss nothing: what V8 has compiled goes with their instance,
   *  and new memory is faulted in page by page. */
  #keep(kernels: Kernels): boolean {
    const { budget } = this;
    const { floorBytes } = budget;
    const missed = budget.held() > floorBytes || kernels.heldBytes > keptBytes(floorBytes);
    if (missed || this.#spare !== undefined) return false;
    this.#spare = kernels;
    return true;
  }

  #dropSpare(): void {
    this.#spare?.end();
    this.#spare = undefined;
  }

  view({ slab, offset, length }: Range): Uint8Array {
    return new Uint8Array(this.#slabs[slab]!, offset, length);
  }

  newId(): number {
    return ++this.#ids;
  }

  nameOf(kind: DefinitionKind, ref: DefinitionRef): number {
    const key = `${kind} ${ref.module} ${ref.name}`;
    let index = this.#named.get(key);
    if (index === undefined) {
      assertNotEntry(ref);
      index = this.#named.size;
      this.#named.set(key, index);
      const { module, name } = ref;
      this.send([TO_DRIVER.define, index, kind, module, name, optionsOf(kind, ref)]);
    }
    return index;
  }

  watch(
    run: TaskContext,
    ids: readonly number[],
    count: number,
    timeoutMs?: number,
  ): Promise<unknown> {
    return this.#await(run, watch => [TO_DRIVER.watch, run.sequence, watch, ids, count, timeoutMs]);
  }

  /** Until another run is over, whose object this is. */
  turn(run: TaskContext, id: number): Promise<unknown> {
    return this.#await(run, watch => [TO_DRIVER.turn, run.sequence, watch, id]);
  }

  #await(run: TaskContext, message: (watch: number) => ToDriver): Promise<unknown> {
    const watch = ++this.#questions;
    const found = new Promise<unknown>((resolve, reject) => {
      this.#watches.set(watch, { run, resolve, reject });
    });
    // A run may start to wait and never look: its failure is then nobody's, and must not end the thread.
    found.catch(() => {});
    this.report(message(watch));
    this.flush();
    run.outstanding++;
    this.#events.blocked(run);
    return found;
  }

  async allocate(
    run: TaskContext,
    lengths: readonly number[],
  ): Promise<readonly Range[] | undefined> {
    const answer = await this.#ask(request => [TO_DRIVER.allocate, run.sequence, request, lengths]);
    return answer[2] as readonly Range[] | undefined;
  }

  async temp(): Promise<string> {
    const answer = await this.#ask(request => [TO_DRIVER.temp, request]);
    if (answer[3] !== undefined) throw fromPlain(answer[3] as PlainError);
    return answer[2] as string;
  }

  #ask(message: (request: number) => ToDriver): Promise<ToWorker> {
    const request = ++this.#questions;
    this.report(message(request));
    this.flush();
    return new Promise(resolve => {
      this.#requests.set(request, resolve);
    });
  }

  // From the driver.

  definition(index: number): Loaded {
    return this.#loaded[index]!;
  }

  receive(message: ToWorker): void {
    switch (message[0]) {
      case TO_WORKER.define: {
        const [, index, kind, module, name, memoryBytes] = message;
        this.#loaded[index] = this.#load(kind, { module, name }, memoryBytes);
        return;
      }
      case TO_WORKER.slab:
        this.#slabs[message[1]] = message[2];
        return;
      case TO_WORKER.values:
        return this.#answer(message[1], watch => {
          const values = message[2].map(wire => this.unpack(wire));
          return () => watch.resolve(values);
        });
      case TO_WORKER.ready:
        return this.#answer(message[1], watch => () => watch.resolve(message[2]));
      case TO_WORKER.failed:
        return this.#answer(message[1], watch => () => watch.reject(fromPlain(message[2])));
      case TO_WORKER.ranges:
      case TO_WORKER.temp:
        this.#requests.get(message[1])?.(message);
        this.#requests.delete(message[1]);
        return;
      default:
    }
  }

  /** The run goes on with what `outcome` makes of the answer; made now, while the objects are held. */
  #answer(id: number, outcome: (watch: Watch) => () => void): void {
    const watch = this.#watches.get(id);
    this.#watches.delete(id);
    // A run that is over, or was told to end, has stopped waiting.
    if (watch === undefined || watch.run.over) return;
    const { run } = watch;
    let go: () => void;
    try {
      go = outcome(watch);
    } catch (error) {
      go = () => watch.reject(error as Error);
    }
    run.outstanding--;
    if (run.outstanding === 0) run.answered();
    this.#events.answered(run, go);
  }

  /** Ends all waiting of a run that shall end. */
  stopWaiting(run: TaskContext, error: Error): void {
    for (const [id, watch] of this.#watches) {
      if (watch.run === run) this.#answer(id, () => () => watch.reject(error));
    }
  }

  unpack(wire: Wire): unknown {
    return unpack(wire, range => new Uint8Array(this.view(range)), true);
  }

  #load(kind: DefinitionKind, ref: DefinitionRef, memoryBytes: number | undefined): Loaded {
    const load = async (): Promise<void> => {
      try {
        const spec = await importing(() => loadDefinition(kind, ref));
        loaded.spec = spec as Loaded['spec'];
      } catch (error) {
        loaded.error = error as Error; // loadDefinition throws errors of ours.
      }
    };
    const loaded: Loaded = {
      name: ref.name,
      softHeapBytes: memoryBytes ?? this.softHeapBytes,
      ready: load(),
      spec: undefined,
      error: undefined,
      lastMs: Infinity,
    };
    return loaded;
  }
}
