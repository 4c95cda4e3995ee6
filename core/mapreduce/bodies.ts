/** The tasks that a map-reduce is made of, as definitions that workers find by module and name. */
import { task } from '../define/session.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { loadSource } from '../io.ts';
import { runMap } from './map.ts';
import { runReduce } from './reduce.ts';
import type { MapArgument, ReduceArgument } from './stage.ts';

const module = import.meta.url;

export const map = task(
  'superstep.map',
  (argument: MapArgument, worker) => runMap(argument, worker as WorkerContext),
  { module },
);

/** Does nothing: the thread that runs it has loaded the engine, what jobs import and most inputs need, and compiled the
 *  kernels, while the driver plans. */
export const warm = task(
  'superstep.warm',
  async (_: undefined, worker) => {
    (worker as WorkerContext).kernels();
    await Promise.all([import(import.meta.resolve('superstep')), loadSource('text')]);
  },
  { module },
);

export const reduce = task(
  'superstep.reduce',
  (argument: ReduceArgument, worker) => runReduce(argument, worker as WorkerContext),
  { module },
);
