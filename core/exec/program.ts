/** The program's side of a session: Ray's verbs, and `submit` for what stands on tasks.
 *
 * Invariant: nothing here decides anything; it makes objects, tasks and watchers, and posts them to the driver. A call
 * costs no promise unless somebody waits for its answer.
 */
import { assertNotEntry, type DefinitionRef } from '../define/define.ts';
import type {
  Actor as ActorDefinition,
  Argument,
  Got,
  Handle,
  Ref,
  Remote,
  Started,
  Task as TaskDefinition,
} from '../define/session.ts';
import { LimitError, TransportError, UsageError } from '../errors.ts';
import type { Range } from '../memory/arena.ts';
import { newActor } from './actor.ts';
import { cancelledBy } from './cancelled.ts';
import type { Driver } from './driver.ts';
import type { Executor, Request, SlotProgress, Submitted } from './executor.ts';
import { ActorRef, type Caller, actorCancelled, actorOf, makeHandle } from './handle.ts';
import { outcomeOf, readyOf } from './lifecycle.ts';
import {
  type RefOwner,
  type Split,
  TaskRef,
  optionsOf,
  ownRef,
  splitArgument,
  splitArguments,
} from './refs.ts';
import {
  type Definition,
  type DefinitionKind,
  type Entry,
  type Outcome,
  newEntry,
  newTask,
  newWatcher,
} from './state.ts';
import { INLINE_BYTES, type Packed, type Wire, pack, packToFile, unpack } from './wire.ts';

export class Program implements RefOwner, Caller, Executor, Remote {
  readonly #driver: Driver;
  readonly #definitions = new WeakMap<DefinitionRef, Definition>();
  readonly #forgotten: FinalizationRegistry<Entry>;
  #ids = 0;
  #files = 0;
  #closed = false;

  constructor(driver: Driver) {
    this.#driver = driver;
    // The net, not the means. It must not hold the driver: a session that is forgotten may go, too.
    const weak = new WeakRef(driver);
    this.#forgotten = new FinalizationRegistry(entry =>
      weak.deref()?.post({ type: 'released', entry }),
    );
  }

  /** Handles are the program's. */
  get scope(): object {
    return this;
  }

  // Tasks and objects.

  remote = <I, O>(
    task: TaskDefinition<I, O>,
    ...input: I extends undefined ? [] : [input: Argument<I>]
  ): Ref<O> => {
    this.#assertOpen();
    if (task?.kind !== 'task') {
      throw new UsageError('USAGE', 'remote() takes a task as its first argument', {
        remedy: "Make one with task('name', function) at the top level of a module.",
      });
    }
    const definition = this.#define('task', task.ref);
    const entry = newEntry(++this.#ids);
    const split = splitArgument(this, input[0]);
    const given = this.#argument(split, () => `the argument of task '${task.ref.name}'`);
    // A literal, for the compiler's sake: this is once a task.
    const { base, whole, keys, dependencies } = given;
    const spec = { base, whole, keys, dependencies, nested: false };
    this.#driver.post({ type: 'submitted', task: newTask(entry, definition, spec) });
    return this.#ref<O>(entry);
  };

  actor = <A extends readonly unknown[], T extends object>(
    actor: ActorDefinition<A, T>,
    ...args: { [K in keyof A]: Argument<A[K]> }
  ): Handle<T> => {
    this.#assertOpen();
    if (actor?.kind !== 'actor') {
      throw new UsageError('USAGE', 'actor() takes an actor as its first argument', {
        remedy: "Make one with actor('name', Class) at the top level of a module.",
      });
    }
    const definition = this.#define('actor', actor.ref);
    const entry = newEntry(++this.#ids);
    const { name } = actor.ref;
    const split = splitArguments(this, args);
    const given = this.#argument(split, () => `the arguments of actor '${name}'`);
    const made = newActor(entry, definition, given);
    this.#driver.post({ type: 'actor', actor: made, slot: 0, owner: undefined });
    const ref = new ActorRef({ id: entry.id, name }, this, made);
    this.#forgotten.register(ref, entry, ref);
    return makeHandle(ref, () => this) as Handle<T>;
  };

  call({ actor, name }: ActorRef, method: string, args: readonly unknown[]): Ref<unknown> {
    this.#assertOpen();
    const entry = newEntry(++this.#ids);
    const what = (): string => `the arguments of call '${method}' of actor '${name}'`;
    const given = this.#argument(splitArguments(this, args), what);
    const call = { actor: actor!, method, caller: undefined, checkpoint: undefined, parked: false };
    const { base, whole, keys, dependencies } = given;
    const spec = { base, whole, keys, dependencies, nested: false, call };
    const task = newTask(entry, actor!.definition, spec);
    this.#driver.post({ type: 'submitted', task });
    return this.#ref(entry);
  }

  put = <T>(value: T): Ref<T> => {
    this.#assertOpen();
    const wire = this.#store(pack(value, () => 'the value of put()'));
    return this.#ref<T>(this.#put(wire, 1));
  };

  get = async <const R extends Ref<unknown> | readonly Ref<unknown>[]>(
    refs: R,
  ): Promise<Got<R>> => {
    this.#assertOpen();
    const one = !Array.isArray(refs);
    const list = (one ? [refs] : refs) as readonly Ref<unknown>[];
    const entries = list.map(ref => ownRef(this, ref).entry!);
    const finish = (outcome: Outcome | undefined): Got<R> => {
      const values = this.#valuesOf(outcome, list);
      return (one ? values[0] : values) as Got<R>;
    };
    if (entries.every(entry => entry.status !== 'pending')) return finish(outcomeOf(entries));
    return this.#watch(entries, -1, undefined, finish);
  };

  wait = async <R extends Ref<unknown>>(
    refs: readonly R[],
    options: { readonly count?: number; readonly timeoutMs?: number } = {},
  ): Promise<{ ready: R[]; pending: R[] }> => {
    this.#assertOpen();
    const { count = 1, timeoutMs } = options;
    const entries = refs.map(ref => ownRef(this, ref).entry!);
    const wanted = Math.max(0, Math.min(count, entries.length));
    if (readyOf(entries).length < wanted) {
      await this.#watch(entries, wanted, timeoutMs, () => undefined);
    }
    const ready: R[] = [];
    const pending: R[] = [];
    for (let i = 0; i < refs.length; i++) {
      (entries[i]!.status === 'pending' ? pending : ready).push(refs[i]!);
    }
    return { ready, pending };
  };

  cancel = (what: Ref<unknown> | Started): void => {
    if (this.#closed) return;
    const handle = actorOf(what);
    if (handle !== undefined) {
      const { entry } = handle.of(this);
      return this.#driver.post({ type: 'cancelled', entry: entry!, error: actorCancelled(handle) });
    }
    const { entry, id } = ownRef(this, what);
    const error = new LimitError('CANCELLED', `the task of ${id} was cancelled`);
    this.#driver.post({ type: 'cancelled', entry: entry!, error });
  };

  releaseRef(ref: TaskRef<unknown>): void {
    if (ref.released) return;
    ref.released = true;
    this.#forgotten.unregister(ref);
    if (!this.#closed) this.#driver.post({ type: 'released', entry: ref.entry! });
  }

  close(): void {
    this.#closed = true;
  }

  // Executor.

  get slots(): number {
    return this.#driver.links.length;
  }
  get budget(): Executor['budget'] {
    return this.#driver.budget;
  }
  temp(): string {
    return this.#driver.temp();
  }

  submit<O>(request: Request): Submitted<O> {
    this.#assertOpen();
    const definition = this.#define('task', request.ref);
    const entry = newEntry(++this.#ids);
    const { label, attempts, timeoutMs, signal, roomBytes } = request;
    const pinned = this.#pinOf(request);
    const given = this.#given(request);
    const spec = { ...given, nested: false, pinned, label, roomBytes };
    const task = newTask(entry, definition, { ...spec, attempts, timeoutMs, keepsRanges: true });
    this.#driver.post({ type: 'submitted', task });
    const cancel = (error: Error): void => this.#driver.post({ type: 'cancelled', entry, error });
    const aborted = (): void => cancel(cancelledBy(signal!));
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
    let ranges: readonly Range[] = [];
    const result = this.#watch([entry], -1, undefined, outcome => {
      signal?.removeEventListener('abort', aborted);
      ranges = this.#driver.kept.get(task) ?? [];
      this.#driver.kept.delete(task);
      this.#driver.post({ type: 'released', entry });
      return this.#valuesOf(outcome, undefined)[0] as O;
    });
    // Whoever submits may look at it later; that is not an error nobody handles.
    result.catch(() => {});
    return {
      id: entry.id,
      result,
      get ranges() {
        return ranges;
      },
      get failures() {
        const { lost, memory, exception } = task.failures;
        return lost + memory + exception;
      },
      cancel,
    };
  }

  view(range: Range): Uint8Array {
    return this.#driver.arena.bytes(range);
  }
  retain(ranges: readonly Range[]): void {
    for (const range of ranges) this.#driver.arena.retain(range);
  }
  release(ranges: readonly Range[]): void {
    if (this.#closed) return;
    for (const range of ranges) this.#driver.arena.release(range);
  }
  progress(): readonly SlotProgress[] {
    return this.#driver.links.map(({ slot, control }) => ({
      busy: slot.held > 0,
      bytes: control.bytes,
      spilledBytes: control.spilledBytes,
    }));
  }

  // Inside.

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new UsageError('CLOSED', 'the session is closed', { remedy: 'Open another one.' });
  }

  #define(kind: DefinitionKind, ref: DefinitionRef): Definition {
    let definition = this.#definitions.get(ref);
    if (definition === undefined) {
      assertNotEntry(ref);
      definition = this.#driver.define(kind, ref, optionsOf(kind, ref));
      this.#definitions.set(ref, definition);
    }
    return definition;
  }

  #pinOf({ slot }: Request): number | undefined {
    if (slot === undefined || this.#driver.links[slot - 1] !== undefined) return slot && slot - 1;
    throw new TransportError('INTERNAL', `slot ${slot} of 1 to ${this.slots}`);
  }

  #ref<T>(entry: Entry): TaskRef<T> {
    const ref = new TaskRef<T>(this, entry.id, entry);
    this.#forgotten.register(ref, entry, ref);
    return ref;
  }

  #given({ ref, argument, final }: Request) {
    if (final === true) {
      const base: Wire = { kind: 'shared', value: argument };
      return { base, whole: false, keys: undefined, dependencies: [] };
    }
    const split: Split = { whole: undefined, value: argument, keys: undefined, refs: [] };
    return this.#argument(split, () => `the argument of task '${ref.name}'`);
  }

  /** An argument as the driver takes it. One too large for messages becomes an object that the task alone holds. */
  #argument({ whole, value, keys, refs }: Split, what: () => string) {
    const members = refs.map(member => member.entry!);
    if (whole !== undefined) {
      return { base: undefined, whole: true, keys, dependencies: [whole.entry!] };
    }
    const packed = pack(value, what);
    if (!(packed instanceof Uint8Array) || packed.byteLength < INLINE_BYTES) {
      return { base: packed, whole: false, keys, dependencies: members };
    }
    const hidden = this.#put(this.#store(packed), 0);
    return { base: undefined, whole: true, keys, dependencies: [hidden, ...members] };
  }

  #put(value: Wire, count: number): Entry {
    const entry = newEntry(++this.#ids);
    entry.status = 'value';
    entry.value = value;
    entry.count = count;
    this.#driver.post({ type: 'put', entry });
    return entry;
  }

  /** Large values go to the arena, or to a file when it has no room. */
  #store(wire: Packed): Wire {
    if (!(wire instanceof Uint8Array) || wire.byteLength < INLINE_BYTES) return wire;
    const range = this.#driver.allocate([wire.byteLength])?.[0];
    if (range === undefined) return packToFile(wire, `${this.temp()}/put-${++this.#files}`);
    this.#driver.arena.bytes(range).set(wire);
    return { kind: 'range', range };
  }

  /** `finish` is called in the driver's turn: what it is given may be released in the same. */
  #watch<T>(
    entries: readonly Entry[],
    count: number,
    timeoutMs: number | undefined,
    finish: (outcome: Outcome | undefined) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const watcher = newWatcher(0, undefined, entries, count);
      this.#driver.watch(watcher, outcome => {
        try {
          resolve(finish(outcome));
        } catch (error) {
          reject(error as Error);
        }
      });
      if (timeoutMs !== undefined) this.#driver.later(timeoutMs, { type: 'expired', watcher });
    });
  }

  /** @param _held refs that must not be forgotten until here */
  #valuesOf(outcome: Outcome | undefined, _held: unknown): unknown[] {
    if (outcome!.values === undefined) throw outcome!.error;
    const copy = (range: Range): Uint8Array => new Uint8Array(this.#driver.arena.bytes(range));
    return outcome!.values.map(wire => unpack(wire, copy, false));
  }
}
