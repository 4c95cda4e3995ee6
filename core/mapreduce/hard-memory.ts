/** For tests: a worker whose memory is as unkind as it may be, although there is plenty.
 *
 * The arena refuses, so that runs go to segments; kernel memory moves at every call, so that a view that was kept
 * over one is empty at once and not only when memory happens to grow.
 */
import type { WorkerContext } from '../exec/executor.ts';
import { Kernels } from '../kernels/kernels.ts';
import type { JobContext } from './stage.ts';

const moving = (): Kernels => new Kernels(Kernels.compile(), undefined, { moveOnEveryCall: true });

/** The worker as it is, unless the job asks. */
export function hardened({ refuse }: JobContext, worker: WorkerContext): WorkerContext {
  if (refuse === undefined) return worker;
  let kernels: Kernels | undefined;
  const instead: { [name: PropertyKey]: unknown } = {
    ...(refuse.arena === true && { allocate: async () => undefined }),
    ...(refuse.views === true && {
      kernels: () => {
        return (kernels ??= moving());
      },
      newKernels: moving,
    }),
  };
  return new Proxy(worker, {
    get(target, name) {
      if (Object.hasOwn(instead, name)) return instead[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
