/** Handles: an actor as its users see it, an object whose methods start calls.
 *
 * A handle knows no class: whoever is given one may not have imported its module. So any name is a method, but for those
 * that every object has, and `then` and `toJSON`, by which an object would pass for something else.
 */
import type { Handle } from '../define/session.ts';
import { LimitError, UsageError } from '../errors.ts';
import type { Actor } from './actor.ts';
import type { Entry } from './state.ts';
import type { ActorName } from './wire.ts';

/** Who can call: the program; a run of a task; of an actor, the call that runs. */
export interface Caller {
  call(actor: ActorRef, method: string, args: readonly unknown[]): unknown;
}

export class ActorRef {
  readonly key: number;
  readonly name: string;
  /** In the program's thread. */
  readonly actor: Actor | undefined;
  readonly #scope: object;

  constructor({ id, name }: Omit<ActorName, 'kind'>, scope: object, actor: Actor | undefined) {
    this.key = id;
    this.name = name;
    this.actor = actor;
    this.#scope = scope;
  }

  get entry(): Entry | undefined {
    return this.actor?.entry;
  }

  /** Throws UsageError REF_FOREIGN when it belongs elsewhere. */
  of(scope: object): this {
    if (scope === this.#scope) return this;
    throw new UsageError('REF_FOREIGN', `actor '${this.name}' belongs to another session`, {
      remedy: 'Use handles in the session that made them.',
    });
  }
}

export const actorCancelled = ({ name }: ActorRef): LimitError =>
  new LimitError('CANCELLED', `actor '${name}' was cancelled`);

const actors = new WeakMap<object, ActorRef>();

/** What a handle stands for. */
export const actorOf = (value: object): ActorRef | undefined => actors.get(value);

const NOT_METHODS = new Set(['then', 'toJSON']);

export function makeHandle(actor: ActorRef, caller: () => Caller): Handle<object> {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  const handle = new Proxy(
    {},
    {
      get(target, name) {
        if (typeof name === 'symbol' || name in target) return Reflect.get(target, name) as unknown;
        if (NOT_METHODS.has(name)) return undefined;
        let method = methods.get(name);
        if (method === undefined) {
          method = (...args) => caller().call(actor, name, args);
          methods.set(name, method);
        }
        return method;
      },
    },
  ) as Handle<object>;
  actors.set(handle, actor);
  return handle;
}
