/** Refs: names of objects, in the program and in tasks, and how they are found in an argument.
 *
 * A ref holds its object until `release`, the end of a `using` block, of the task that made it, or of the session;
 * one that is merely forgotten is released some time after the garbage collector has found it.
 */
import { parseSize } from '../config.ts';
import { type DefinitionRef, lookup } from '../define/define.ts';
import type { Ref, TaskOptions as Said } from '../define/session.ts';
import { UsageError } from '../errors.ts';
import type { TaskOptions } from './link.ts';
import type { Entry } from './state.ts';

/** What its author said about a task, as the driver takes it. Throws UsageError USAGE for a size that is none. */
export function optionsOf(ref: DefinitionRef): TaskOptions {
  const { retries, timeoutMs, memory } = (lookup('task', ref) ?? {}) as Said;
  const memoryBytes =
    memory === undefined ? undefined : parseSize(memory, `memory of task '${ref.name}'`);
  return { retries, timeoutMs, memoryBytes };
}

export interface RefOwner {
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

/** An argument without its refs: the ref that it is, or the value with null in the place of members that are refs. */
export interface Split {
  readonly whole: TaskRef<unknown> | undefined;
  readonly value: unknown;
  readonly keys: (string | number)[] | undefined;
  readonly refs: TaskRef<unknown>[];
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

export function splitArgument(owner: RefOwner, argument: unknown): Split {
  const split = { whole: undefined, value: argument, keys: undefined, refs: [] };
  if (typeof argument !== 'object' || argument === null) return split;
  if (argument instanceof TaskRef) return { ...split, whole: ownRef(owner, argument) };
  if (!Array.isArray(argument) && !isPlain(argument)) return split;
  const members = argument as { [key: string | number]: unknown };
  let copy: { [key: string | number]: unknown } | undefined;
  const keys: (string | number)[] = [];
  const refs: TaskRef<unknown>[] = [];
  const take = (key: string | number): void => {
    const member = members[key];
    if (!(member instanceof TaskRef)) return;
    copy ??= (Array.isArray(argument) ? [...argument] : { ...argument }) as typeof members;
    copy[key] = null;
    keys.push(key);
    refs.push(ownRef(owner, member));
  };
  if (Array.isArray(argument)) for (let i = 0; i < argument.length; i++) take(i);
  else for (const key of Object.keys(argument)) take(key);
  return copy === undefined ? split : { whole: undefined, value: copy, keys, refs };
}
