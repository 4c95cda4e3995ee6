/** `open`, as the package exports it: the engine is loaded when a session is opened, not when a job is imported. A worker
 * that imports a job loads what jobs are written with, and no more. */
import type { OpenOptions, Session } from './define/session.ts';

/** A session: where plans and tasks run. Throws UsageError for options that are wrong or in conflict, memory that is less
 *  than the least that works included, and OPEN_IN_WORKER where a worker is importing definitions. */
export async function open(options: OpenOptions = {}): Promise<Session> {
  const session = await import('./session.ts');
  return session.open(options);
}
