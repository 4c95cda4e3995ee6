/** The tasks of a graph and of programs over it, each in the slot that its partition belongs to. */
import type { DefinitionRef } from '../define/define.ts';
import type { JobContext } from '../mapreduce/stage.ts';
import { runTasks, type TasksRequest } from '../mapreduce/tasks.ts';
import type { Range } from '../memory/arena.ts';

const BODIES = new URL('./bodies.js', import.meta.url).href;
const body = (name: string): DefinitionRef => ({ module: BODIES, name: `superstep.graph.${name}` });
export const ARRANGE = body('arrange');
export const HOLD = body('hold');
export const FIND = body('find');
export const SUPERSTEP = body('superstep');
export const FINISH = body('finish');
export const SAVE = body('save');
export const RESTORE = body('restore');
export const CLOSE = body('close');
export const MUTATE = body('mutate');
export const BORN = body('born');

/** What a graph's tasks are run with. */
export interface Tasking extends TasksRequest {
  readonly context: JobContext;
}

export interface Asked {
  readonly task: number;
  readonly slot: number;
  readonly argument: unknown;
  /** Of shared memory, which the task has from its beginning. */
  readonly roomBytes?: number;
}

/** What they made comes back in order; what they hold is in it. */
export function runPinned<R>(
  tasking: Tasking,
  ref: DefinitionRef,
  stage: string,
  asked: readonly Asked[],
): Promise<R[]> {
  const { job } = tasking.context;
  return runTasks<R>(
    tasking,
    asked.map(({ task, ...rest }) => ({ ref, final: true, ...rest, label: { job, stage, task } })),
  );
}

/** What a task that succeeded holds of the arena. */
export interface Holding {
  readonly ranges: readonly Range[];
}
