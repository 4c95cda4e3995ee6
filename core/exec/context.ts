/** What one run has of the session: the second argument of a task's function.
 *
 * Invariants: a run that awaits objects gives up its slot, at once, and goes on when the slot is free again; one that
 * is over gets no answers any more. Objects it made end with it.
 *
 * Methods are made when they are asked for: most tasks ask for none.
 */
import { randomBytes } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import type { DefinitionRef } from '../define/define.ts';
import type { Actor, Handle, Remote, Task } from '../define/session.ts';
import { LimitError, UsageError, toPlain } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { Range } from '../memory/arena.ts';
import type { Budget } from '../memory/budget.ts';
import type { SegmentBuffers } from '../store/segment.ts';
import type { Control } from './control.ts';
import type { Resident, WorkerContext } from './executor.ts';
import { ActorRef, type Caller, actorCancelled, actorOf, makeHandle } from './handle.ts';
import type { Instance } from './instances.ts';
import { TO_DRIVER, type RunLabel, type ToDriver } from './protocol.ts';
import {
  type Key,
  type RefOwner,
  type Split,
  TaskRef,
  ownRef,
  splitArgument,
  splitArguments,
} from './refs.ts';
import type { DefinitionKind } from './state.ts';
import {
  type ActorName,
  INLINE_BYTES,
  type Packed,
  type Stored,
  type Wire,
  pack,
  packToFile,
} from './wire.ts';

/** What contexts have of their thread. */
export interface ContextHost {
  readonly slot: number;
  readonly budget: Budget;
  readonly control: Control;
  readonly segments: SegmentBuffers;
  readonly residents: Map<string, Resident>;
  kernels(): Kernels;
  newKernels(): Kernels;
  view(range: Range): Uint8Array;
  newId(): number;
  /** The number of a definition, which the driver has been told. */
  nameOf(kind: DefinitionKind, ref: DefinitionRef): number;
  send(message: ToDriver): void;
  /** Sends now: the run awaits the answer. */
  watch(
    run: TaskContext,
    ids: readonly number[],
    count: number,
    timeoutMs?: number,
  ): Promise<unknown>;
  allocate(run: TaskContext, lengths: readonly number[]): Promise<readonly Range[] | undefined>;
  temp(): Promise<string>;
}

/** How a message ends that starts something. */
type Given = [
  base: Wire,
  whole: boolean,
  keys: readonly Key[] | undefined,
  dependencies: readonly number[],
];

/** Random numbers cost more than a small task: one for the thread, and a count. */
const THREAD = randomBytes(8).toString('hex');
let attempts = 0;

export class TaskContext implements WorkerContext, RefOwner, Caller {
  readonly host: ContextHost;
  readonly sequence: number;
  readonly id: number;
  readonly name: string;
  readonly label: RunLabel | undefined;
  readonly alone: boolean;
  /** What it says may wait for the runs behind it. */
  patient = false;
  over = false;
  /** Watches not yet answered. */
  outstanding = 0;
  /** When it has last been given the slot, and how long it has held it before. */
  enteredMs = 0;
  heldMs = 0;
  aborted: Error | undefined;
  /** Of a call: whose it is, its method (none: the constructor), what its actor has said of its state after it. */
  instance: Instance | undefined;
  method: string | undefined;
  checkpoint: Packed | undefined;
  /** Shared memory that it was given, until it is taken. */
  room: Range | undefined;
  /** Objects that are being stored. */
  stores: Promise<void>[] | undefined;
  #released: TaskRef<unknown>[] | undefined;
  readonly #softHeapBytes: number;
  #controller: AbortController | undefined;
  #attempt: string | undefined;

  constructor(
    host: ContextHost,
    sequence: number,
    id: number,
    name: string,
    softHeapBytes: number,
    alone: boolean,
    label: RunLabel | undefined,
  ) {
    this.host = host;
    this.sequence = sequence;
    this.id = id;
    this.name = name;
    this.#softHeapBytes = softHeapBytes;
    this.alone = alone;
    this.label = label;
  }

  /** What it is called in messages. */
  get title(): string {
    const { label, instance } = this;
    if (instance !== undefined) {
      return this.method === undefined
        ? `the constructor of actor '${this.name}'`
        : `call '${this.method}' of actor '${this.name}'`;
    }
    return label === undefined
      ? `task '${this.name}'`
      : `task ${label.task} of job ${label.job}, stage ${label.stage}`;
  }

  /** Handles are good in the whole thread. */
  get scope(): object {
    return this.host;
  }

  // Of Remote. Getters, so that they can be taken out of the object.

  get remote(): Remote['remote'] {
    return (task, ...input) => this.#remote(task as Task<never, unknown>, input[0]) as never;
  }
  get actor(): Remote['actor'] {
    return (actor, ...args) => this.#actor(actor as Actor<never, object>, args) as never;
  }
  get put(): Remote['put'] {
    return <T>(value: T) => {
      this.#assertRuns();
      return this.#put<T>(pack(value, () => 'the value of put()'));
    };
  }
  get get(): Remote['get'] {
    return async refs => {
      this.#assertRuns();
      if (!Array.isArray(refs)) {
        const [value] = (await this.host.watch(this, [ownRef(this, refs).key], -1)) as unknown[];
        return value as never;
      }
      if (refs.length === 0) return [] as never;
      const keys = refs.map(ref => ownRef(this, ref).key);
      return (await this.host.watch(this, keys, -1)) as never;
    };
  }
  get wait(): Remote['wait'] {
    return async (refs, options = {}) => {
      this.#assertRuns();
      const { count = 1, timeoutMs } = options;
      const keys = refs.map(ref => ownRef(this, ref).key);
      const found = await this.host.watch(this, keys, Math.max(0, count), timeoutMs);
      const ready = new Set(found as number[]);
      return {
        ready: refs.filter((_, i) => ready.has(i)),
        pending: refs.filter((_, i) => !ready.has(i)),
      };
    };
  }
  get cancel(): Remote['cancel'] {
    return what => {
      const handle = actorOf(what);
      if (handle !== undefined) {
        const { key } = handle.of(this.scope);
        this.host.send([TO_DRIVER.cancel, this.sequence, key, toPlain(actorCancelled(handle))]);
        return;
      }
      const { key, id } = ownRef(this, what);
      const error = new LimitError('CANCELLED', `the task of ${id} was cancelled`);
      this.host.send([TO_DRIVER.cancel, this.sequence, key, toPlain(error)]);
    };
  }

  releaseRef(ref: TaskRef<unknown>): void {
    if (ref.released) return;
    ref.released = true;
    // Its bytes may be on their way here.
    if (this.outstanding > 0) (this.#released ??= []).push(ref);
    else this.host.send([TO_DRIVER.release, this.sequence, ref.key]);
  }

  /** All watches are answered. */
  answered(): void {
    for (const ref of this.#released ?? []) {
      this.host.send([TO_DRIVER.release, this.sequence, ref.key]);
    }
    this.#released = undefined;
  }

  #remote(task: Task<never, unknown>, argument: unknown): TaskRef<unknown> {
    this.#assertRuns();
    const definition = this.host.nameOf('task', task.ref);
    const split = splitArgument(this, argument);
    return this.#started(split, `the argument of task '${task.ref.name}'`, (id, given) => [
      TO_DRIVER.submit,
      this.sequence,
      id,
      definition,
      ...given,
    ]);
  }

  #actor({ ref }: Actor<never, object>, args: readonly unknown[]): Handle<object> {
    this.#assertRuns();
    const definition = this.host.nameOf('actor', ref);
    const split = splitArguments(this, args);
    const { key } = this.#started(split, `the arguments of actor '${ref.name}'`, (id, given) => [
      TO_DRIVER.actor,
      this.sequence,
      id,
      definition,
      ...given,
    ]);
    return this.handle({ kind: 'actor', id: key, name: ref.name });
  }

  call(actor: ActorRef, method: string, args: readonly unknown[]): TaskRef<unknown> {
    this.#assertRuns();
    const split = splitArguments(this, args);
    const what = `the arguments of call '${method}' of actor '${actor.name}'`;
    return this.#started(split, what, (id, given) => [
      TO_DRIVER.call,
      this.sequence,
      id,
      actor.key,
      method,
      ...given,
    ]);
  }

  /** What a run is given in the place of an actor. In an actor it is good for the calls that follow, too. */
  handle(actor: ActorName): Handle<object> {
    return makeHandle(new ActorRef(actor, this.scope, undefined), () => this.instance?.run ?? this);
  }

  /** Says to the driver that something starts. Arguments too large for messages become an object of their own. */
  #started(
    { whole, value, keys, refs }: Split,
    what: string,
    message: (id: number, given: Given) => ToDriver,
  ): TaskRef<unknown> {
    const ids = refs.map(ref => ref.key);
    let base: Wire;
    let hidden: TaskRef<unknown> | undefined;
    if (whole !== undefined) ids.unshift(whole.key);
    else {
      const packed = pack(value, () => what);
      if (packed instanceof Uint8Array && packed.byteLength >= INLINE_BYTES) {
        hidden = this.#put(packed);
        ids.unshift(hidden.key);
      } else base = packed;
    }
    const id = this.host.newId();
    const isWhole = whole !== undefined || hidden !== undefined;
    this.host.send(message(id, [base, isWhole, keys, ids]));
    hidden?.release();
    return new TaskRef(this, id, undefined);
  }

  #put<T>(packed: Packed): TaskRef<T> {
    const { host, sequence } = this;
    const id = host.newId();
    host.send([TO_DRIVER.promise, sequence, id]);
    if (packed instanceof Uint8Array && packed.byteLength >= INLINE_BYTES) {
      (this.stores ??= []).push(
        this.store(packed).then(
          wire => host.send([TO_DRIVER.put, sequence, id, wire]),
          (error: unknown) => host.send([TO_DRIVER.notPut, sequence, id, toPlain(error)]),
        ),
      );
    } else host.send([TO_DRIVER.put, sequence, id, packed]);
    return new TaskRef<T>(this, id, undefined);
  }

  /** Bytes of a value into the arena, or into a file when it has no room. */
  async store(bytes: Uint8Array): Promise<Stored> {
    const range = (await this.host.allocate(this, [bytes.byteLength]))?.[0];
    if (range === undefined) {
      const folder = await this.host.temp();
      return packToFile(bytes, `${folder}/object-${this.host.newId()}`);
    }
    this.host.view(range).set(bytes);
    return { kind: 'range', range };
  }

  // Of the engine.

  get slot(): number {
    return this.host.slot;
  }
  get budget(): Budget {
    return this.host.budget;
  }
  get attempt(): string {
    return (this.#attempt ??= `${THREAD}-${++attempts}`);
  }
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.aborted !== undefined) this.#controller.abort(this.aborted);
    return this.#controller.signal;
  }
  /** The driver asks it to end. */
  abort(error: Error): void {
    this.aborted = error;
    this.#controller?.abort(error);
  }
  get segments(): SegmentBuffers {
    return this.host.segments;
  }
  kernels(): Kernels {
    return this.host.kernels();
  }
  newKernels(): Kernels {
    return this.host.newKernels();
  }
  get residents(): Map<string, Resident> {
    return this.host.residents;
  }
  allocate(lengths: readonly number[]): Promise<readonly Range[] | undefined> {
    return this.host.allocate(this, lengths);
  }
  takeRoom(): Range | undefined {
    const { room } = this;
    this.room = undefined;
    return room;
  }
  giveBack(ranges: readonly Range[]): void {
    this.host.send([TO_DRIVER.giveBack, this.sequence, ranges]);
  }
  view(range: Range): Uint8Array {
    return this.host.view(range);
  }
  temp(): Promise<string> {
    return this.host.temp();
  }
  reading(file: number, offset: number): void {
    this.host.control.reading(file, offset);
  }
  spilled(bytes: number): void {
    this.host.control.addSpilledBytes(bytes);
  }
  progress(bytes: number): void {
    this.host.control.addBytes(bytes);
  }
  heapCheck(): void {
    const { host, sequence } = this;
    if (host.control.cancelled === sequence) {
      throw this.aborted ?? new LimitError('CANCELLED', `${this.title} was cancelled`);
    }
    const limit = this.#softHeapBytes * (this.alone ? 2 : 1);
    const used = getHeapStatistics().used_heap_size;
    if (used <= limit) return;
    throw new LimitError(
      'MEMORY',
      `${this.title} holds ${used} bytes on the heap, its share is ${limit}`,
      { remedy: 'Raise --memory, lower --workers, or keep less in memory at a time.' },
    );
  }

  #assertRuns(): void {
    if (!this.over) return;
    throw new UsageError('CLOSED', `${this.title} has ended; it can start nothing any more`, {
      remedy: 'Await what the task starts before it returns.',
    });
  }
}
