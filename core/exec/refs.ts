/** Refs: names of objects, in the program and in tasks, and how they are found in an argument.
 *
 * A ref holds its object until `release`, the end of a `using` block, of the task that made it, or of the session;
 * one that is merely forgotten is released some time after the garbage collector has found it.
 */
import { parseSize } from '../config.ts';
import { type DefinitionRef, lookup } from '../define/define.ts';
import type { ActorOptions, Ref, TaskOptions as Said } from '../define/session.ts';
import { UsageError } from '../errors.ts';
import { ActorRef, actorOf } from './handle.ts';
import type { TaskOptions } from './link.ts';
import type { DefinitionKind, Entry } from './state.ts';

/** What its author said about a definition, as the driver takes it. Throws UsageError USAGE for a size that is none. */
export function optionsOf(kind: DefinitionKind, ref: DefinitionRef): TaskOptions {
  const spec = lookup(kind, ref) ?? {};
  if (kind === 'actor') {
    const { restarts, timeoutMs } = spec as ActorOptions;
    return { attempts: ONCE, timeoutMs, restarts };
  }
  const { retries, timeoutMs, memory } = spec as Said;
  const memoryBytes =
    memory === undefined ? undefined : parseSize(memory, `memory of task '${ref.name}'`);
  const attempts = retries === undefined ? undefined : { exception: retries + 1 };
  return { attempts, timeoutMs, memoryBytes };
}
/** Of a call: what it has done to its actor, and to others, is done. */
const ONCE = { lost: 1, memory: 1, exception: 1 };

export interface RefOwner {
  /** What handles belong to: the program, or a thread. */
  readonly scope: object;
  releaseRef(ref: TaskRef<unknown>): void;
}

/** One function for all refs, and an own property of each: so structuredClone refuses a ref inside a value instead of
 *  turning it into something that looks like one. */
function release(this: TaskRef<unknown>): void {
  this.owner.releaseRef(this);
}

export class TaskRef<out T> implements Ref<T>, Disposable {
  /** Never there: of the type alone. */
  declare readonly value?: T;
  readonly owner: RefOwner;
  readonly key: number;
  /** In the program's thread. */
  readonly entry: Entry | undefined;
  released = false;
  readonly release: () => void = release;

  constructor(owner: RefOwner, key: number, entry: Entry | undefined) {
    this.owner = owner;
    this.key = key;
    this.entry = entry;
  }

  get id(): string {
    return `object-${this.key}`;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** The ref behind what a caller passed for one. Throws UsageError REF_FOREIGN. */
export function ownRef(owner: RefOwner, ref: unknown): TaskRef<unknown> {
  if (ref instanceof TaskRef && ref.owner === owner && !ref.released) return ref;
  const what =
    ref instanceof TaskRef
      ? `${ref.id} ${ref.released ? 'was released' : 'belongs to another session or task'}`
      : `${typeof ref} is not a ref`;
  throw new UsageError('REF_FOREIGN', what, {
    remedy: 'Use refs in the session or task that made them, before they are released.',
  });
}

/** An argument without its refs and handles: the one that it is, or the value with null in the place of members that
 *  are. Of the arguments of a call, their members, too. */
export interface Split {
  readonly whole: TaskRef<unknown> | ActorRef | undefined;
  readonly value: unknown;
  readonly keys: Key[] | undefined;
  readonly refs: (TaskRef<unknown> | ActorRef)[];
}
/** Where a ref was: a member; a member of an argument of a call. */
export type Key = string | number | readonly [argument: number, member: string | number];

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

function refIn(owner: RefOwner, value: unknown): TaskRef<unknown> | ActorRef | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return value instanceof TaskRef ? ownRef(owner, value) : actorOf(value)?.of(owner.scope);
}

export function splitArgument(owner: RefOwner, argument: unknown): Split {
  const split = { whole: undefined, value: argument, keys: undefined, refs: [] };
  if (typeof argument !== 'object' || argument === null) return split;
  const whole = refIn(owner, argument);
  if (whole !== undefined) return { ...split, whole };
  const { value, keys, refs } = splitMembers(owner, argument);
  return keys.length === 0 ? split : { whole: undefined, value, keys, refs };
}

/** Of a call: each is split as that of a task. */
export function splitArguments(owner: RefOwner, args: readonly unknown[]): Split {
  const split = splitMembers(owner, args);
  const keys: Key[] = split.keys;
  const value = split.value as unknown[];
  for (let i = 0; i < args.length; i++) {
    const argument = value[i];
    if (typeof argument !== 'object' || argument === null) continue;
    const inner = splitMembers(owner, argument);
    if (inner.keys.length === 0) continue;
    value[i] = inner.value;
    for (const key of inner.keys) keys.push([i, key]);
    split.refs.push(...inner.refs);
  }
  return { whole: undefined, value, keys: keys.length === 0 ? undefined : keys, refs: split.refs };
}

/** A copy where members that are refs are null; the argument itself when there are none. */
function splitMembers(owner: RefOwner, argument: object) {
  const keys: (string | number)[] = [];
  const refs: (TaskRef<unknown> | ActorRef)[] = [];
  let value = argument as { [key: string | number]: unknown };
  const take = (key: string | number): void => {
    const ref = refIn(owner, value[key]);
    if (ref === undefined) return;
    if (value === argument)
      value = (Array.isArray(argument) ? [...argument] : { ...argument }) as typeof value;
    value[key] = null;
    keys.push(key);
    refs.push(ref);
  };
  if (Array.isArray(argument)) for (let i = 0; i < argument.length; i++) take(i);
  else if (isPlain(argument)) for (const key of Object.keys(argument)) take(key);
  return { value: value as unknown, keys, refs };
}
