/** Runs one stage on an executor: its walks, then its reduce tasks. Driver side.
 *
 * Order of calls: `mapStage` until every split is covered; `reduceStage` for every partition; the caller releases what
 * the map made. What is known of walks and splits is in coverage.ts (pure); what a task does is in map.ts and
 * reduce.ts, in workers.
 * Invariants: an object that is not accepted is released at once; a stage that fails waits for its tasks to end before
 * it throws, so nothing of it is written afterwards.
 */
import { setMaxListeners } from 'node:events';
import type { Field } from '../batch/columns.ts';
import type { DefinitionRef } from '../define/define.ts';
import type { Place } from '../define/place.ts';
import { LostError } from '../errors.ts';
import type { Executor, Submitted } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import type { Slice } from '../shuffle/carrier.ts';
import type { KeyRange } from '../shuffle/key-range.ts';
import type { SampledKeys } from '../shuffle/key-sample.ts';
import type { Run } from '../store/run.ts';
import { Coverage } from './coverage.ts';
import type { Measured } from './measure.ts';
import type { Stage, StageSplit } from './plan.ts';
import type { SplitInputs } from './read-split.ts';

/** Walks that may be lost one after the other without an object between: then the input kills its workers. */
const MAX_LOST_WALKS = 4;
const BODIES = new URL('./bodies.js', import.meta.url).href;
export const MAP: DefinitionRef = { module: BODIES, name: 'superstep.map' };
export const WARM: DefinitionRef = { module: BODIES, name: 'superstep.warm' };
export const REDUCE: DefinitionRef = { module: BODIES, name: 'superstep.reduce' };

/** For tests: memory that is refused although the budget has it, so that spilling is met with few rows. */
export interface Refusals {
  /** A map's container takes so many rows (or distinct keys) and no more. */
  readonly rows?: number;
  /** Runs go to segments, all of them. */
  readonly arena?: boolean;
  /** Views of kernel memory are gone at the next call. */
  readonly views?: boolean;
}

/** What a task knows of its job: plain data. */
export interface JobContext {
  readonly job: string;
  /** Folder for segments. */
  readonly temp: string;
  readonly seed: number;
  /** Slices go through lossy frames, by this seed. */
  readonly chaos?: number | undefined;
  readonly refuse?: Refusals | undefined;
}

export interface MapArgument extends SplitInputs {
  readonly context: JobContext;
  readonly splits: readonly StageSplit[];
  /** Further outputs that somebody asked for. */
  readonly sides: readonly string[];
  readonly partitions: number;
  /** The stage's own rows go into one partition, which is cut into ranges of keys when they are all known. */
  readonly ranged: boolean;
  readonly claims: SharedArrayBuffer;
  readonly walk: number;
  /** Splits this walk may take at most. */
  readonly limit: number;
}

/** What a walk seals. Plain data. */
export interface MapObject extends Measured {
  readonly splits: readonly number[];
  readonly runs: readonly Run[];
  /** Of each further output that was asked for. */
  readonly sideRuns: readonly (readonly Run[])[];
  /** Where partitions are ranges of keys. */
  readonly sample?: SampledKeys;
  readonly rowsIn: number;
  readonly bytesIn: number;
  readonly rowsEmitted: number;
  readonly bytesEmitted: number;
  readonly counters: { readonly [name: string]: number };
}

export interface Held {
  readonly object: MapObject;
  readonly ranges: readonly Range[];
}

export interface MapRequest {
  readonly executor: Executor;
  readonly signal: AbortSignal;
  readonly files: readonly string[];
  readonly timeoutMs?: number | undefined;
  /** Starts of a task that throws. */
  readonly exceptions?: number | undefined;
  /** Told how often tasks had to be started again. */
  readonly onRetried: (times: number) => void;
  readonly argument: Omit<MapArgument, 'claims' | 'walk' | 'limit'>;
}

interface Ended {
  readonly walk: number;
  readonly held?: Held;
  readonly error?: unknown;
}

/** Runs walks until every split is in exactly one accepted object. Throws the first failure that is not retried. */
export async function mapStage(request: MapRequest): Promise<Held[]> {
  const { executor, argument } = request;
  const coverage = new Coverage(argument.splits.length);
  const accepted: Held[] = [];
  const running = new Map<number, Promise<Ended>>();
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  // Every task of the stage listens, and there may be a thousand.
  setMaxListeners(0, signal);
  let walks = 0;
  let lost = 0;
  let limit = argument.splits.length;
  try {
    while (!coverage.finished) {
      const wanted = Math.min(executor.slots, running.size + coverage.unclaimed);
      while (running.size < wanted) {
        const walk = ++walks;
        running.set(walk, runWalk({ ...request, signal }, coverage.claims, walk, limit));
      }
      const { walk, held, error } = await Promise.race(running.values());
      running.delete(walk);
      if (held === undefined) {
        coverage.giveBack(walk);
        if (!(error instanceof LostError)) throw error;
        if (++lost >= MAX_LOST_WALKS) throw attempted(error, lost);
        request.onRetried(1);
        // Smaller walks from now on: the next one that is lost takes fewer splits with it.
        limit = Math.max(1, Math.floor(argument.splits.length / (executor.slots * 4 ** lost)));
      } else if (coverage.offer(walk, held.object.splits)) {
        accepted.push(held);
        if (held.object.splits.length > 0) lost = 0;
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

/** To the user, walks that were lost one after the other are attempts of one. */
const attempted = (error: LostError, attempt: number): LostError =>
  Object.assign(error, { details: { ...error.details, attempt } });

async function runWalk(
  { executor, argument, files, signal, timeoutMs, exceptions, onRetried }: MapRequest,
  claims: Int32Array,
  walk: number,
  limit: number,
): Promise<Ended> {
  const { context, stage } = argument;
  const submitted: Submitted<MapObject> = executor.submit<MapObject>({
    ref: MAP,
    argument: { ...argument, claims: claims.buffer, walk, limit },
    label: { job: context.job, stage: `${stage.name} map`, task: walk, files },
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

/** Where a reduce task's rows go: a run of its own, a file beside the destination, or a user's connector. */
export type Into =
  | {
      readonly kind: 'run' /** Rows carry the group's key, for a merge by it. */;
      readonly keyed: boolean;
    }
  /** Nobody asked for them. */
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly folder: string; readonly format: string }
  | { readonly kind: 'place'; readonly place: Place /** Unique. */; readonly job: string };

export interface ReduceArgument {
  readonly context: JobContext;
  readonly stage: Stage;
  /** The further output whose rows these are; absent: they are those of the stage's own table. */
  readonly output?: string | undefined;
  /** Columns of the slices. */
  readonly fields: readonly Field[];
  /** `reduce`: the slices are a map's. Otherwise they are rows that were reduced already, which are brought together,
   *  by key (`merge`) or one slice after the other (`concat`). */
  readonly how: 'reduce' | 'merge' | 'concat';
  readonly partition: number;
  readonly slices: readonly Slice[];
  /** Of the slices' rows, these alone. */
  readonly range?: KeyRange;
  readonly into: Into;
  /** Where what `reduce` emits to further outputs goes, and the number that it has among the parts there. */
  readonly sides: readonly {
    readonly output: string;
    readonly into: Into;
    readonly part: number;
  }[];
}

/** Rows that a task has made, and where they are. */
export interface Part {
  readonly run?: Run;
  readonly path?: string;
  readonly rows: number;
  readonly bytes: number;
  readonly spilledBytes: number;
  /** What its run holds of the arena. */
  readonly ranges: readonly Range[];
}

export interface Reduced extends Measured {
  readonly part: Part;
  /** Of each of `sides`. */
  readonly sideParts: readonly Part[];
  /** To bring the slices down to what can be merged at once. */
  readonly spilledBytes: number;
  readonly counters: { readonly [name: string]: number };
}

/** As many tasks at once as there are slots. What they made comes back in the order of the tasks. */
export async function reduceStage(
  request: Omit<MapRequest, 'argument' | 'files'>,
  tasks: readonly ReduceArgument[],
): Promise<Reduced[]> {
  const { executor, timeoutMs, exceptions, onRetried } = request;
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  // Every task of the stage listens, and there may be a thousand.
  setMaxListeners(0, signal);
  const held: Range[] = [];
  const submitted = tasks.map(async argument => {
    const { context, stage, partition } = argument;
    const task = executor.submit<Reduced>({
      ref: REDUCE,
      argument,
      label: { job: context.job, stage: `${stage.name} reduce`, task: partition },
      attempts: { exception: exceptions ?? 1 },
      signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const reduced = await task.result;
    onRetried(task.failures);
    held.push(...task.ranges);
    return reduced;
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
