/** Whether this thread is a worker that imports definitions right now: `open` is refused there (OPEN_IN_WORKER), or a
 * script would start itself again in every worker.
 *
 * A symbol of the thread, not a variable of this module, because two copies of the package may meet in a thread.
 */
import { UsageError } from '../errors.ts';

const IMPORTING = Symbol.for('superstep.importing.1');
const thread = globalThis as { [IMPORTING]?: number };

export async function importing<T>(load: () => Promise<T>): Promise<T> {
  thread[IMPORTING] = (thread[IMPORTING] ?? 0) + 1;
  try {
    return await load();
  } finally {
    thread[IMPORTING]--;
  }
}

/** Throws UsageError OPEN_IN_WORKER. */
export function assertMayOpen(): void {
  if ((thread[IMPORTING] ?? 0) === 0) return;
  throw new UsageError(
    'OPEN_IN_WORKER',
    'open() is called while a worker imports a module to find a definition in it: the program would start itself again',
    { remedy: 'Put the definitions in a module of their own, which opens nothing.' },
  );
}
