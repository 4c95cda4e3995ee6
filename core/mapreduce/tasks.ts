/** Tasks of one stage on an executor: walks that cover all splits, or tasks that are known beforehand. Driver side; whatever the
 * stage is (a map and its reduce, the loading of a graph).
 *
 * Invariants: an object that is not accepted is released at once; a stage that fails waits for its tasks to end before it
 * throws, so nothing of it is written afterwards, and nothing that its tasks hold is kept.
 */
import { setMaxListeners } from 'node:events';
import type { DefinitionRef } from '../define/define.ts';
import { DataError, LostError } from '../errors.ts';
import type { Executor, Submitted } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import { Coverage } from './coverage.ts';

/** Walks that may be lost one after the other without an object between: then the input kills its workers. */
const MAX_LOST_WALKS = 4;

export interface TasksRequest {
  readonly executor: Executor;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** Starts of a task that throws. */
  readonly exceptions?: number | undefined;
  /** Told how often tasks had to be started again. */
  readonly onRetried: (times: number) => void;
}

/** What a walk is told beside its argument: which splits it may take. */
export interface WalkClaims {
  readonly claims: SharedArrayBuffer;
  readonly walk: number;
  /** Splits this walk may take at most. */
  readonly limit: number;
}

export interface WalksRequest extends TasksRequest {
  readonly ref: DefinitionRef;
  readonly label: { readonly job: string; readonly stage: string };
  /** Names of the splits. */
  readonly files: readonly string[];
  /** Without WalkClaims. */
  readonly argument: object;
  /** Records that may be left out, because they are not what they should be. */
  readonly skipBad: number;
}

/** What a task made, and what it holds of the arena. */
export interface Held<O> {
  readonly object: O;
  readonly ranges: readonly Range[];
}

interface Ended<O> {
  readonly walk: number;
  readonly held?: Held<O>;
  readonly error?: unknown;
}

/** What a walk says of its object: the splits that it holds, and how many records it left out. */
interface Covered {
  readonly splits: readonly number[];
  readonly skipped: number;
}

/** Runs walks until every split is in exactly one accepted object. Throws the first failure that is not retried. */
export async function coverSplits<O extends Covered>(request: WalksRequest): Promise<Held<O>[]> {
  const { executor } = request;
  const splits = request.files.length;
  const coverage = new Coverage(splits);
  const accepted: Held<O>[] = [];
  let skipped = 0;
  const running = new Map<number, Promise<Ended<O>>>();
  const { stop, signal } = stoppable(request.signal);
  let walks = 0;
  let lost = 0;
  let limit = splits;
  try {
    while (!coverage.finished) {
      const wanted = Math.min(executor.slots, running.size + coverage.unclaimed);
      while (running.size < wanted) {
        const walk = ++walks;
        const claims = coverage.claims.buffer as SharedArrayBuffer;
        running.set(walk, runWalk({ ...request, signal }, { claims, walk, limit }));
      }
      const { walk, held, error } = await Promise.race(running.values());
      running.delete(walk);
      if (held === undefined) {
        coverage.giveBack(walk);
        if (!(error instanceof LostError)) throw error;
        if (++lost >= MAX_LOST_WALKS) throw attempted(error, lost);
        request.onRetried(1);
        // Smaller walks from now on: the next one that is lost takes fewer splits with it.
        limit = Math.max(1, Math.floor(splits / (executor.slots * 4 ** lost)));
      } else if (coverage.offer(walk, held.object.splits)) {
        accepted.push(held);
        if (held.object.splits.length > 0) lost = 0;
        skipped += held.object.skipped;
        if (skipped > request.skipBad) throw tooManyBad(skipped, request);
      } else {
        executor.release(held.ranges);
      }
    }
    return accepted;
  } catch (error) {
    stop.abort(error);
    for (const { held } of await Promise.all(running.values())) {
      if (held !== undefined) executor.release(held.ranges);
    }
    for (const { ranges } of accepted) executor.release(ranges);
    throw error;
  }
}

function tooManyBad(skipped: number, { label, skipBad }: WalksRequest): DataError {
  const [many, allowed] = [skipped, skipBad].map(n => n.toLocaleString('en'));
  return new DataError(
    'TOO_MANY_BAD',
    `${many} records and more are not what they should be, and ${allowed} may be left out`,
    {
      ...label,
      remedy: `See the first with --skip-bad 0, or leave more of them out: --skip-bad ${10 * skipped}`,
    },
  );
}

/** To the user, walks that were lost one after the other are attempts of one. */
const attempted = (error: LostError, attempt: number): LostError =>
  Object.assign(error, { details: { ...error.details, attempt } });

async function runWalk<O>(
  { executor, ref, label, argument, files, signal, timeoutMs, exceptions, onRetried }: WalksRequest,
  claims: WalkClaims,
): Promise<Ended<O>> {
  const { walk } = claims;
  const submitted: Submitted<O> = executor.submit<O>({
    ref,
    argument: { ...argument, ...claims },
    label: { ...label, task: walk, files },
    // After a loss a walk is not started again as it was: its claims are given back, and others take them.
    attempts: { lost: 1, exception: exceptions ?? 1 },
    signal,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  try {
    const object = await submitted.result;
    onRetried(submitted.failures);
    return { walk, held: { object, ranges: submitted.ranges } };
  } catch (error) {
    return { walk, error };
  }
}

export interface KnownTask<R> {
  readonly ref: DefinitionRef;
  readonly argument: unknown;
  readonly final?: boolean;
  readonly label: { readonly job: string; readonly stage: string; readonly task: number };
  /** It runs there and nowhere else. */
  readonly slot?: number;
  /** When it has ended well: what it read may go. */
  readonly done?: ((made: R) => void) | undefined;
}

/** As many tasks at once as there are slots. What they made comes back in the order of the tasks; what they hold is the
 *  caller's. */
export async function runTasks<R>(
  { executor, timeoutMs, exceptions, onRetried, ...request }: TasksRequest,
  tasks: readonly KnownTask<R>[],
): Promise<R[]> {
  const { stop, signal } = stoppable(request.signal);
  const held: Range[] = [];
  const submitted = tasks.map(async ({ done, ...known }) => {
    const task = executor.submit<R>({
      ...known,
      attempts: { exception: exceptions ?? 1 },
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const made = await task.result;
    onRetried(task.failures);
    held.push(...task.ranges);
    done?.(made);
    return made;
  });
  try {
    return await Promise.all(submitted);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(submitted);
    executor.release(held);
    throw error;
  }
}

function stoppable(of: AbortSignal): {
  readonly stop: AbortController;
  readonly signal: AbortSignal;
} {
  const stop = new AbortController();
  const signal = AbortSignal.any([of, stop.signal]);
  // Every task of the stage listens, and there may be a thousand.
  setMaxListeners(0, signal);
  return { stop, signal };
}
