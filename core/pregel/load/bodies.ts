/** The tasks that loading is made of, as definitions that workers find by module and name. */
import { task } from '../../define/session.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { keptBytes } from '../../memory/shares.ts';
import { isMemory, NoRoom, withKeys } from '../../mapreduce/no-room.ts';
import type { JobContext } from '../../mapreduce/stage.ts';
import { runArrange } from './arrange.ts';
import { runComplete } from './complete.ts';
import { runDistribute } from './distribute.ts';
import { runRank } from './rank.ts';
import { runLoadWalk } from './walk.ts';

const module = import.meta.url;

interface Argument {
  readonly context: JobContext;
  readonly partition?: number;
}

/** A task that says where it was when it cannot work with the memory it is always granted. */
function body<A extends Argument, R>(
  name: string,
  what: string,
  run: (argument: A, worker: WorkerContext) => Promise<R>,
) {
  const named = async (argument: A, worker: unknown): Promise<R> => {
    try {
      return await run(argument, worker as WorkerContext);
    } catch (error) {
      if (!isMemory(error) || error instanceof NoRoom) throw error;
      const { context, partition } = argument;
      const at = partition === undefined ? '' : ` of partition ${partition}`;
      const where = { job: context.job, ...(partition !== undefined && { partition }) };
      throw withKeys(error, []).at(`loading a graph, ${what}${at}`, where);
    }
  };
  return task(name, named, { module });
}

export const walk = body('superstep.load.walk', 'reading', runLoadWalk);
export const rank = body('superstep.load.rank', 'ranking ids', runRank);
export const distribute = body('superstep.load.distribute', 'distributing edges', runDistribute);
export const arrange = body('superstep.load.arrange', 'sorting the edges', runArrange);
/** The kernels of a worker give back what sorting and dictionaries took, if it was much: programs need it. */
export const trim = body('superstep.load.trim', 'ending', async (_: Argument, worker) => {
  const { budget } = worker;
  const kernels = worker.kernels();
  if (kernels.heldBytes > keptBytes(budget.floorBytes)) kernels.shrink();
  else kernels.reset();
});
export const complete = body('superstep.load.complete', 'completing the vertices', runComplete);
