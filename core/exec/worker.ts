/** A worker: main loop two. Takes runs, runs them one at a time, reports.
 *
 * A run holds the slot until it ends or awaits objects; then the next begins. What arrives meanwhile waits its turn:
 * first runs that have got what they awaited, then new ones. Results leave in one message a turn; a turn is at most
 * TURN_MS of short runs, or PATIENCE_MS of such that are awaited all together.
 *
 * Not here: what a run can ask for (context.ts); the thread's port, definitions and memory (thread.ts).
 */
import type { MessagePort } from 'node:worker_threads';
import type { ThreadData } from '../cluster/threads.ts';
import {
  DataError,
  LimitError,
  SuperstepError,
  TaskError,
  UsageError,
  fromPlain,
  toPlain,
} from '../errors.ts';
import type { Failure } from './attempts.ts';
import { installConsole } from './console.ts';
import { TaskContext } from './context.ts';
import { closeResidents } from './executor.ts';
import { Instances } from './instances.ts';
import { TO_DRIVER, TO_WORKER, type ToWorker } from './protocol.ts';
import { type Loaded, PATIENCE_MS, type RunEvents, TURN_MS, ThreadHost } from './thread.ts';
import { INLINE_BYTES, type Packed, type Wire, isActor, pack } from './wire.ts';

type RunMessage = Extract<ToWorker, [(typeof TO_WORKER)['run'], ...unknown[]]>;

const isLarge = (packed: Packed): packed is Uint8Array =>
  packed instanceof Uint8Array && packed.byteLength >= INLINE_BYTES;

/** Starts the loop of this thread; it ends with the thread. */
export function startWorker(port: MessagePort, data: ThreadData): void {
  void new Worker(port, data).work();
}

class Worker implements RunEvents {
  readonly #host: ThreadHost;
  readonly #instances = new Instances();
  /** Runs not begun, from `#head` on. */
  #queue: RunMessage[] = [];
  #head = 0;
  /** Runs that can go on. */
  #resumes: { readonly run: TaskContext; readonly go: () => void }[] = [];
  /** Runs begun and not over, by sequence number. */
  readonly #runs = new Map<number, TaskContext>();
  /** Runs that were told to end before they began. */
  readonly #aborted = new Map<number, Error>();
  /** The run that holds the slot. */
  #current: TaskContext | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(port: MessagePort, data: ThreadData) {
    this.#host = new ThreadHost(port, data, this);
    installConsole(() => this.#current?.title ?? `worker ${data.slot}`);
    port.on('message', (messages: readonly ToWorker[]) => {
      for (const message of messages) this.#take(message);
      this.#change();
    });
  }

  async work(): Promise<void> {
    const host = this.#host;
    host.report([TO_DRIVER.up]);
    host.flush();
    for (;;) {
      const more = this.#current === undefined && this.#next();
      const turnOver = performance.now() - host.sentMs > TURN_MS;
      if (more && !turnOver) continue;
      const idle = !more && this.#current === undefined;
      if (turnOver || this.#current === undefined) host.flush(idle);
      else host.flushSoon();
      await this.#turn(more); // The only await.
    }
  }

  /** Lets a run have the slot; false when there is none. */
  #next(): boolean {
    const resume = this.#resumes.shift();
    if (resume !== undefined) {
      if (!resume.run.over) this.#enter(resume.run);
      resume.go();
      return true;
    }
    if (this.#head === this.#queue.length) return false;
    const message = this.#queue[this.#head++]!;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    this.#begin(message);
    return true;
  }

  /** The next turn of the event loop when there is more to do, otherwise when something has changed. */
  #turn(more: boolean): Promise<void> {
    return new Promise(resolve => {
      if (more || this.#changed) setImmediate(resolve);
      else this.#wake = resolve;
      this.#changed = false;
    });
  }

  #change(): void {
    this.#changed = true;
    const wake = this.#wake;
    if (wake === undefined) return;
    this.#wake = undefined;
    this.#changed = false;
    wake();
  }

  #take(message: ToWorker): void {
    if (message[0] === TO_WORKER.run) this.#queue.push(message);
    else if (message[0] === TO_WORKER.drop) this.#instances.drop(message[1]);
    else if (message[0] === TO_WORKER.abort) this.#abort(message[1], fromPlain(message[2]));
    else this.#host.receive(message);
  }

  #abort(sequence: number, error: Error): void {
    const run = this.#runs.get(sequence);
    if (run === undefined) {
      const waits = this.#queue.findIndex(message => message?.[1] === sequence);
      if (waits >= this.#head) this.#aborted.set(sequence, error);
      return;
    }
    run.abort(error);
    this.#host.stopWaiting(run, error);
  }

  // A run.

  #begin(message: RunMessage): void {
    const [, sequence, id, index, , , , alone, patient, label, room, call] = message;
    const host = this.#host;
    // Taken back meanwhile.
    if (!host.control.start(sequence)) return;
    const definition = host.definition(index);
    const { name, softHeapBytes } = definition;
    const run = new TaskContext(host, sequence, id, name, softHeapBytes, alone, label);
    run.room = room;
    run.patient = patient;
    // What may take long does not keep results waiting that are there, unless all are awaited together.
    if (definition.lastMs > TURN_MS) host.flush(!patient);
    if (alone) closeResidents(host.residents);
    host.control.reading(-1, 0);
    this.#enter(run);
    const before = call && this.#instances.arrive(run, call.actor, call.method);
    const aborted = this.#aborted.get(sequence);
    if (aborted !== undefined) {
      this.#aborted.delete(sequence);
      return this.#fail(run, aborted, 'final');
    }
    if (before !== undefined) return this.#park(run, before, definition, message);
    if (definition.spec !== undefined) return this.#call(run, definition, message);
    this.#runs.set(sequence, run);
    void definition.ready.then(() => {
      if (run.aborted !== undefined) this.#fail(run, run.aborted, 'final');
      else if (definition.error === undefined) this.#call(run, definition, message);
      else this.#fail(run, definition.error, 'final');
    });
  }

  /** A call waits for the end of the one before. What its actor's class is, is known by then. */
  #park(run: TaskContext, before: TaskContext, definition: Loaded, message: RunMessage): void {
    this.#runs.set(run.sequence, run);
    this.#host.turn(run, before.id).then(
      () => this.#call(run, definition, message),
      (error: unknown) => this.#fail(run, error, 'final'),
    );
  }

  #call(run: TaskContext, definition: Loaded, message: RunMessage): void {
    let result: unknown;
    run.enteredMs = performance.now();
    try {
      result = this.#invoke(run, definition, message);
    } catch (error) {
      return this.#fail(run, error);
    }
    const { then } = (result ?? {}) as { then?: unknown };
    if (typeof then !== 'function') {
      definition.lastMs = performance.now() - run.enteredMs;
      return this.#finish(run, result);
    }
    definition.lastMs = Infinity;
    this.#runs.set(run.sequence, run);
    (result as PromiseLike<unknown>).then(
      value => this.#finish(run, value),
      (error: unknown) => this.#fail(run, error),
    );
  }

  #invoke(run: TaskContext, { spec, error }: Loaded, message: RunMessage): unknown {
    const argument = this.#argument(run, message);
    if (spec === undefined) throw error;
    const call = message[11];
    if (call === undefined) return spec.run(argument, run);
    const checkpoint = this.#host.unpack(call.checkpoint);
    return this.#instances.enter(run, spec.Class, argument as unknown[], checkpoint);
  }

  /** The argument, with its refs' values in their places. */
  #argument(run: TaskContext, [, , , , base, keys, parts]: RunMessage): unknown {
    const argument = this.#value(run, base);
    if (keys === undefined) return argument;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const [into, member] =
        typeof key === 'object' ? [(argument as object[])[key[0]], key[1]] : [argument, key];
      // As own members, whatever their names: `__proto__` is one.
      Object.defineProperty(into, member, {
        value: this.#value(run, parts![i]!),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return argument;
  }

  #value(run: TaskContext, wire: Wire): unknown {
    return isActor(wire) ? run.handle(wire) : this.#host.unpack(wire);
  }

  #finish(run: TaskContext, value: unknown): void {
    let packed: Packed;
    try {
      packed = pack(value, () => `the result of ${run.title}`);
    } catch (error) {
      return this.#fail(run, error);
    }
    if (isLarge(packed) || isLarge(run.checkpoint) || run.stores !== undefined) {
      void this.#finishLater(run, packed);
    } else {
      this.#reportCheckpoint(run, run.checkpoint);
      this.#done(run, packed);
    }
  }

  /** Once all that the run stores lies where it belongs. Others run meanwhile. */
  async #finishLater(run: TaskContext, packed: Packed): Promise<void> {
    this.#leave(run);
    try {
      await Promise.all(run.stores ?? []);
      await this.#storeCheckpoint(run);
      this.#done(run, isLarge(packed) ? await run.store(packed) : packed);
    } catch (error) {
      this.#fail(run, error);
    }
    this.#change();
  }

  #done(run: TaskContext, wire: Wire): void {
    this.#end(run);
    const { sequence, heldMs } = run;
    // What took long is not to be lost with the next.
    const patient = run.patient && heldMs < PATIENCE_MS;
    this.#host.report([TO_DRIVER.done, sequence, wire, heldMs], patient);
  }

  #fail(run: TaskContext, thrown: unknown, failure?: Failure): void {
    if (isLarge(run.checkpoint)) return void this.#failLater(run, thrown, failure);
    this.#reportCheckpoint(run, run.checkpoint);
    this.#end(run);
    const error = asTaskError(run, thrown);
    const why = failure ?? failureOf(run, error);
    this.#host.report([TO_DRIVER.failed, run.sequence, why, toPlain(error), run.heldMs]);
  }

  async #failLater(run: TaskContext, thrown: unknown, failure?: Failure): Promise<void> {
    this.#leave(run);
    try {
      await this.#storeCheckpoint(run);
      this.#fail(run, thrown, failure);
    } catch (error) {
      this.#fail(run, error);
    }
    this.#change();
  }

  // What an actor has said of its state, before the end of the call after which it did.

  async #storeCheckpoint(run: TaskContext): Promise<void> {
    const { checkpoint } = run;
    run.checkpoint = undefined;
    this.#reportCheckpoint(run, isLarge(checkpoint) ? await run.store(checkpoint) : checkpoint);
  }

  #reportCheckpoint(run: TaskContext, wire: Wire): void {
    run.checkpoint = undefined;
    if (wire !== undefined) this.#host.report([TO_DRIVER.checkpoint, run.sequence, wire]);
  }

  #end(run: TaskContext): void {
    this.#leave(run);
    run.over = true;
    this.#runs.delete(run.sequence);
  }

  // The slot.

  #enter(run: TaskContext): void {
    this.#current = run;
    this.#host.control.current = run.sequence;
    run.enteredMs = performance.now();
  }

  #leave(run: TaskContext): void {
    if (this.#current !== run) return;
    run.heldMs += performance.now() - run.enteredMs;
    this.#current = undefined;
    this.#host.control.current = -1;
    this.#change();
  }

  blocked(run: TaskContext): void {
    this.#leave(run);
  }

  answered(run: TaskContext, go: () => void): void {
    // It waits for more: it does not hold the slot, whatever it does with the first answer.
    if (run.outstanding > 0) go();
    else this.#resumes.push({ run, go });
    this.#change();
  }
}

/** What the user's code threw becomes the cause of a TaskError; superstep's own errors say it all themselves. */
function asTaskError(run: TaskContext, thrown: unknown): Error {
  if (thrown instanceof SuperstepError) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const where = run.label ?? { task: run.name };
  return new TaskError(
    'TASK_FAILED',
    `${run.title} threw: ${said}`,
    { ...where, remedy: 'See the cause and its stack.' },
    { cause: thrown },
  );
}

function failureOf(run: TaskContext, error: Error): Failure {
  if (run.aborted !== undefined) return 'final';
  // The same call, the same bytes: nothing would be different.
  if (error instanceof UsageError || error instanceof DataError) return 'final';
  if (error instanceof LimitError) return error.code === 'MEMORY' ? 'memory' : 'final';
  return 'exception';
}
