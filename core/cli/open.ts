/** Opens a session, loading the engine when it is needed and not before. */
import type { OpenOptions, Session } from '../define/session.ts';

export async function openSession(
  options: OpenOptions & { readonly warm?: boolean },
): Promise<Session> {
  const { open } = (await import(import.meta.resolve('superstep'))) as {
    readonly open: (options: OpenOptions) => Promise<Session>;
  };
  return open(options);
}
