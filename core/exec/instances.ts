/** The actors of a thread: their instances, and whose turn it is.
 *
 * Order of calls: `arrive` when a call comes, which says for whose end it has to wait; then `enter`, which calls.
 *
 * Invariants: of one instance one call runs at a time, also while it awaits something; the next begins when it is over,
 * all it has stored included. After each call, whether it threw or not, and before its result is reported, the instance
 * is asked for its state, if its class has `checkpoint`: what somebody has seen the end of is in the checkpoint.
 */
import { setRemote, withRemote } from '../define/remote-of.ts';
import { UsageError } from '../errors.ts';
import type { TaskContext } from './context.ts';
import { pack } from './wire.ts';

export type ActorClass = new (...args: unknown[]) => object;

export interface Instance {
  /** Once its constructor has returned. */
  object: { readonly [method: string]: unknown } | undefined;
  /** The call that came last. */
  last: TaskContext;
  /** The call that runs, or ran last. */
  run: TaskContext;
}

export class Instances {
  readonly #all = new Map<number, Instance>();

  /** The call before it, if that is not over. */
  arrive(run: TaskContext, id: number, method: string | undefined): TaskContext | undefined {
    let instance = this.#all.get(id);
    if (instance === undefined) {
      instance = { object: undefined, last: run, run };
      // What is not made by its constructor is not there: the call fails when it enters.
      if (method === undefined) this.#all.set(id, instance);
    }
    const before = instance.last;
    instance.last = run;
    run.instance = instance;
    run.method = method;
    return before.over || before === run ? undefined : before;
  }

  drop(id: number): void {
    this.#all.delete(id);
  }

  /** Calls the constructor, or a method: what it returns, perhaps a promise. */
  enter(run: TaskContext, Class: ActorClass, args: unknown[], checkpoint: unknown): unknown {
    const instance = run.instance!;
    instance.run = run;
    if (run.method === undefined) return this.#make(instance, Class, args, checkpoint);
    const { object } = instance;
    if (object === undefined) {
      throw new UsageError('CLOSED', `actor '${run.name}' is not there any more`);
    }
    setRemote(object, run);
    const method = object[run.method];
    if (typeof method !== 'function') {
      throw new UsageError('USAGE', `actor '${run.name}' has no method '${run.method}'`, {
        remedy: `See the methods of ${Class.name}.`,
      });
    }
    let result: unknown;
    try {
      result = (method as (...args: unknown[]) => unknown).apply(object, args);
    } catch (error) {
      return asked(run, object, () => {
        throw error;
      });
    }
    if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') {
      return asked(run, object, () => result);
    }
    return (result as PromiseLike<unknown>).then(
      value => asked(run, object, () => value),
      (error: unknown) =>
        asked(run, object, () => {
          throw error;
        }),
    );
  }

  #make(instance: Instance, Class: ActorClass, args: unknown[], checkpoint: unknown): unknown {
    const object = withRemote(instance.run, () => new Class(...args)) as NonNullable<
      Instance['object']
    >;
    setRemote(object, instance.run);
    const done = (): void => {
      instance.object = object;
    };
    if (checkpoint === undefined) return done();
    const restored = (object['restore'] as (state: unknown) => unknown)(checkpoint);
    if (typeof (restored as PromiseLike<unknown> | undefined)?.then !== 'function') return done();
    return (restored as PromiseLike<unknown>).then(done);
  }
}

/** The call has ended: asks the instance for its state, then `end`s as the call did. */
function asked(
  run: TaskContext,
  object: NonNullable<Instance['object']>,
  end: () => unknown,
): unknown {
  if (typeof object['checkpoint'] !== 'function') return end();
  const keep = (state: unknown): unknown => {
    // Nothing new.
    if (state !== undefined) {
      run.checkpoint = pack(state, () => `the checkpoint of actor '${run.name}'`);
    }
    return end();
  };
  const state: unknown = object['checkpoint']();
  const { then } = (state ?? {}) as { then?: unknown };
  return typeof then === 'function' ? (state as PromiseLike<unknown>).then(keep) : keep(state);
}
