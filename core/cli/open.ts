/** Opens a session, loading the engine when it is needed and not before. By the package's name: the definitions of a job
 * and the session that runs it are then of one copy. */
import type { OpenOptions } from '../define/session.ts';
import type { InternalOpenOptions, OpenSession } from '../session.ts';

export async function openSession(
  options: OpenOptions & InternalOpenOptions,
): Promise<OpenSession> {
  const { open } = (await import(import.meta.resolve('superstep'))) as {
    readonly open: (options: OpenOptions) => Promise<OpenSession>;
  };
  return open(options);
}
