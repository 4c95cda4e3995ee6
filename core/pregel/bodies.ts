/** The tasks that programs and graphs are made of, as definitions that workers find by module and name. */
import { task } from '../define/session.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { type ArrangeArgument, runArrange } from './arrange.ts';
import { type RestoreArgument, runRestore, runSave, type SaveArgument } from './checkpoint-task.ts';
import { type FindArgument, type FinishArgument, runFind, runFinish } from './finish.ts';
import { type HoldArgument, runHold } from './hold.ts';
import { type BornArgument, type MutateArgument, runBorn, runMutate } from './mutate.ts';
import { Resident } from './resident.ts';
import { runSuperstep, type SuperstepArgument } from './superstep.ts';

const module = import.meta.url;

export const arrange = task(
  'superstep.graph.arrange',
  (argument: ArrangeArgument, worker) => runArrange(argument, worker as WorkerContext),
  { module },
);

export const hold = task(
  'superstep.graph.hold',
  (argument: HoldArgument, worker) => runHold(argument, worker as WorkerContext),
  { module },
);

export const find = task(
  'superstep.graph.find',
  (argument: FindArgument, worker) => runFind(argument, worker as WorkerContext),
  { module },
);

export const superstep = task(
  'superstep.graph.superstep',
  (argument: SuperstepArgument, worker) => runSuperstep(argument, worker as WorkerContext),
  { module },
);

export const finish = task(
  'superstep.graph.finish',
  (argument: FinishArgument, worker) => runFinish(argument, worker as WorkerContext),
  { module },
);

export const save = task(
  'superstep.graph.save',
  (argument: SaveArgument, worker) => runSave(argument, worker as WorkerContext),
  { module },
);

export const restore = task(
  'superstep.graph.restore',
  (argument: RestoreArgument, worker) => runRestore(argument, worker as WorkerContext),
  { module },
);

export const mutate = task(
  'superstep.graph.mutate',
  (argument: MutateArgument, worker) => runMutate(argument, worker as WorkerContext),
  { module },
);

export const born = task(
  'superstep.graph.born',
  (argument: BornArgument, worker) => runBorn(argument, worker as WorkerContext),
  { module },
);

/** What this thread keeps of a graph. */
export const close = task(
  'superstep.graph.close',
  (key: string, worker) => Resident.close(worker as WorkerContext, key),
  { module },
);
