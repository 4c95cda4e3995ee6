/** What the tasks of a map-reduce are told and what they make; and one stage of it on an executor: its walks, then its reduce
 * tasks. Driver side.
 *
 * Order of calls: `mapStage` until every split is covered; `reduceStage` for every partition; the caller releases what
 * the map made. How tasks are run is in tasks.ts, what is known of walks and splits in coverage.ts (pure); what a task does
 * is in map.ts and reduce.ts, in workers.
 */
import type { Field } from '../batch/columns.ts';
import type { DefinitionRef } from '../define/define.ts';
import type { Place } from '../define/place.ts';
import type { SinkOptions } from '../io.ts';
import type { Range } from '../memory/arena.ts';
import type { Slice } from '../shuffle/carrier.ts';
import type { KeyRange } from '../shuffle/key-range.ts';
import type { SampledKeys } from '../shuffle/key-sample.ts';
import type { Run } from '../store/run.ts';
import type { Measured } from './measure.ts';
import type { Stage, StageSplit } from './plan.ts';
import { skipBadOf, type SplitInputs } from './read-split.ts';
import { coverSplits, type Held, runTasks, type TasksRequest, type WalkClaims } from './tasks.ts';

const BODIES = new URL('./bodies.js', import.meta.url).href;
export const MAP: DefinitionRef = { module: BODIES, name: 'superstep.map' };
export const WARM: DefinitionRef = { module: BODIES, name: 'superstep.warm' };
export const REDUCE: DefinitionRef = { module: BODIES, name: 'superstep.reduce' };

/** For tests: memory that is refused although the budget has it, so that spilling is met with few rows. */
export interface Refusals {
  /** A map's container takes so many rows (or distinct keys) and no more. */
  readonly rows?: number;
  /** So many dictionaries of a graph are merged at once. */
  readonly fanIn?: number;
  /** A worker has no room at all to sort a graph's edges in: as many bands as there may be. */
  readonly bands?: boolean;
  /** Runs go to segments, all of them. */
  readonly arena?: boolean;
  /** Views of kernel memory are gone at the next call. */
  readonly views?: boolean;
  /** What threads keep of a graph beyond what they must is not kept. */
  readonly residents?: boolean;
  /** They drop it as soon as they need room for something else. */
  readonly room?: boolean;
  /** This way of messages that are folded is not taken, however many or few have sent: all go the other. */
  readonly way?: 'pull' | 'push';
  /** Messages that are pulled are not folded here. */
  readonly fold?: 'sender' | 'receiver';
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

export interface MapArgument extends SplitInputs, WalkClaims {
  readonly context: JobContext;
  readonly splits: readonly StageSplit[];
  /** Further outputs that somebody asked for. */
  readonly sides: readonly string[];
  readonly partitions: number;
  /** The stage's own rows go into one partition, which is cut into ranges of keys when they are all known. */
  readonly ranged: boolean;
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
  readonly skipped: number;
  readonly rowsEmitted: number;
  readonly bytesEmitted: number;
  readonly counters: { readonly [name: string]: number };
}

export interface MapRequest extends TasksRequest {
  readonly files: readonly string[];
  readonly argument: Omit<MapArgument, keyof WalkClaims>;
}

/** Runs walks until every split is in exactly one accepted object. Throws the first failure that is not retried. */
export function mapStage({ argument, ...request }: MapRequest): Promise<Held<MapObject>[]> {
  const { context, stage } = argument;
  const label = { job: context.job, stage: `${stage.name} map` };
  const skipBad = skipBadOf(argument);
  return coverSplits<MapObject>({ ...request, ref: MAP, label, argument, skipBad });
}

/** Where a reduce task's rows go: a run of its own, a file beside the destination, or a user's connector. */
export type Into =
  | {
      readonly kind: 'run' /** Rows carry the group's key, for a merge by it. */;
      readonly keyed: boolean;
    }
  /** Nobody asked for them. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'file';
      readonly folder: string;
      readonly format: string;
      readonly options?: SinkOptions;
    }
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
export function reduceStage(
  request: TasksRequest,
  tasks: readonly ReduceArgument[],
): Promise<Reduced[]> {
  return runTasks<Reduced>(
    request,
    tasks.map(argument => {
      const { context, stage, partition } = argument;
      const label = { job: context.job, stage: `${stage.name} reduce`, task: partition };
      return { ref: REDUCE, argument, label };
    }),
  );
}
