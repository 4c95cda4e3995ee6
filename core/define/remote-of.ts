/** What an actor's methods have of the session: found by the instance, of which one call runs at a time. */
import { UsageError } from '../errors.ts';
import type { Remote } from './session.ts';

const remotes = new WeakMap<object, Remote>();
/** In a constructor, of which the engine does not know the instance yet. */
let making: Remote | undefined;

/** For a task its second argument, for an actor `remoteOf(this)`: what it has of the session, in a method or in the
 *  constructor. It ends with the call; take it anew in each. Throws UsageError USAGE for what is no actor of this thread. */
export function remoteOf(actor: object): Remote {
  const remote = remotes.get(actor) ?? making;
  if (remote !== undefined) return remote;
  throw new UsageError('USAGE', 'remoteOf() is for methods of an actor that runs in a session', {
    remedy: 'Call it as remoteOf(this), in a class that session.actor() has made.',
  });
}

/** For the engine. */
export function setRemote(actor: object, remote: Remote): void {
  remotes.set(actor, remote);
}
export function withRemote<T>(remote: Remote, make: () => T): T {
  making = remote;
  try {
    return make();
  } finally {
    making = undefined;
  }
}
