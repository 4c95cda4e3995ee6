/** The tasks that loading is made of, as definitions that workers find by module and name. */
import { task } from '../../define/session.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { runArrange } from './arrange.ts';
import { runComplete } from './complete.ts';
import { runDistribute } from './distribute.ts';
import { runRank } from './rank.ts';
import type {
  ArrangeArgument,
  CompleteArgument,
  DistributeArgument,
  RankArgument,
  WalkArgument,
} from './tasks.ts';
import { runLoadWalk } from './walk.ts';

const module = import.meta.url;

export const walk = task(
  'superstep.load.walk',
  (argument: WalkArgument, worker) => runLoadWalk(argument, worker as WorkerContext),
  { module },
);

export const rank = task(
  'superstep.load.rank',
  (argument: RankArgument, worker) => runRank(argument, worker as WorkerContext),
  { module },
);

export const distribute = task(
  'superstep.load.distribute',
  (argument: DistributeArgument, worker) => runDistribute(argument, worker as WorkerContext),
  { module },
);

export const arrange = task(
  'superstep.load.arrange',
  (argument: ArrangeArgument, worker) => runArrange(argument, worker as WorkerContext),
  { module },
);

export const complete = task(
  'superstep.load.complete',
  (argument: CompleteArgument, worker) => runComplete(argument, worker as WorkerContext),
  { module },
);
