/** How the driver asks for the tasks of a graph: each in the slot that its partition belongs to, all of a step at once. */
import { setMaxListeners } from 'node:events';
import type { DefinitionRef } from '../define/define.ts';
import type { Executor } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import type { JobContext } from '../mapreduce/stage.ts';

const BODIES = new URL('./bodies.js', import.meta.url).href;
const body = (name: string): DefinitionRef => ({ module: BODIES, name: `superstep.graph.${name}` });
export const ARRANGE = body('arrange');
export const FIND = body('find');
export const SUPERSTEP = body('superstep');
export const FINISH = body('finish');
export const CLOSE = body('close');

/** What a graph's tasks are run with. */
export interface Tasking {
  readonly executor: Executor;
  readonly context: JobContext;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** Starts of a task that throws. */
  readonly exceptions?: number | undefined;
  /** Told how often tasks had to be started again. */
  readonly onRetried: (times: number) => void;
}

export interface Done<T> {
  readonly result: T;
  /** What it has allocated: the caller's. */
  readonly ranges: readonly Range[];
}
export interface Asked {
  readonly task: number;
  readonly slot: number;
  readonly argument: unknown;
}

/** Runs them, and gives what they made in the order they were asked for. If one fails the others have ended, and what they made is
 *  given back, before this throws. */
export async function runTasks<T>(
  { executor, context, signal, timeoutMs, exceptions, onRetried }: Tasking,
  ref: DefinitionRef,
  stage: string,
  asked: readonly Asked[],
): Promise<Done<T>[]> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, all);
  const held: Range[] = [];
  const running = asked.map(async ({ task, slot, argument }) => {
    const submitted = executor.submit<T>({
      ref,
      argument,
      slot,
      label: { job: context.job, stage, task },
      attempts: { exception: exceptions ?? 1 },
      signal: all,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const result = await submitted.result;
    onRetried(submitted.failures);
    held.push(...submitted.ranges);
    return { result, ranges: submitted.ranges };
  });
  try {
    return await Promise.all(running);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(running);
    executor.release(held);
    throw error;
  }
}
