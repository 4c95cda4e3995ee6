/** What the phases of a load share on the driver's side: the tables, a task for each argument, slices of what tasks have made. */
import type { DefinitionRef } from '../../define/define.ts';
import type { Schema } from '../../define/schema.ts';
import { slicesOf } from '../../mapreduce/made.ts';
import type { StageSplit } from '../../mapreduce/plan.ts';
import type { SplitInputs } from '../../mapreduce/read-split.ts';
import type { JobContext } from '../../mapreduce/stage.ts';
import { runTasks, type TasksRequest } from '../../mapreduce/tasks.ts';
import { evenShareBytes, workingBytes } from '../../memory/shares.ts';
import type { Slice } from '../../shuffle/carrier.ts';
import type { Run } from '../../store/run.ts';
import { type Band, type Spread, type SpreadRows, TRIM } from './tasks.ts';

/** Where the rows of one of the tables are. */
export interface LoadTable extends SplitInputs {
  readonly splits: readonly StageSplit[];
}

export const inputsOf = ({ stage, rows, sources, inputs }: LoadTable): SplitInputs => {
  return { stage, rows, sources, inputs };
};

/** What a split of files is called; undefined for rows of the program's own. */
export const fileOf = ({ split, label }: StageSplit): string | undefined =>
  split === undefined ? undefined : label;

/** The columns of a table that are not ids. */
export function valuesIn({ stage }: SplitInputs, ...ids: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(stage.input).filter(([name]) => !ids.includes(name)));
}

export interface PhaseRequest extends TasksRequest {
  readonly context: JobContext;
  /** Of the stage, in labels. */
  readonly name: string;
}

/** One task for each argument, in order. */
export function runPhase<R>(
  request: PhaseRequest,
  ref: DefinitionRef,
  phase: string,
  tasks: readonly unknown[],
  done?: (task: number) => void,
): Promise<R[]> {
  const { context, name } = request;
  const label = { job: context.job, stage: `${name} ${phase}` };
  return runTasks<R>(
    request,
    tasks.map((argument, task) => ({
      ref,
      argument,
      label: { ...label, task },
      done: done && (() => done(task)),
    })),
  );
}

/** Beyond what a worker's kernels have anyway: less is not worth a task. */
const TRIM_BYTES = 4 * 2 ** 20;

/** Workers give back what they took for a while. */
export async function trimWorkers(request: PhaseRequest): Promise<void> {
  const { executor, context, name } = request;
  const { budget } = executor;
  const usual = workingBytes(budget.floorBytes) + TRIM_BYTES;
  const slots = Array.from({ length: budget.slots - 1 }, (_, i) => i + 1);
  await runTasks(
    request,
    slots
      .filter(slot => budget.held(slot) > usual)
      .map(slot => ({
        ref: TRIM,
        argument: { context },
        slot,
        label: { job: context.job, stage: `${name} end`, task: slot },
      })),
  );
}

/** What was distributed to one band or partition. */
export function spreadRows(made: readonly (Spread | undefined)[], partition: number): SpreadRows {
  const own = made.flatMap(spread => {
    if (spread === undefined) return [];
    const { part, pieces } = spread;
    return slicesOf([part.run], partition).map(slice => ({ slice, pieces: pieces?.[partition] }));
  });
  const slices = own.map(({ slice }) => slice);
  const pieces = own.flatMap(each => (each.pieces === undefined ? [] : [each.pieces]));
  return pieces.length < slices.length ? { slices } : { slices, pieces };
}

/** What a worker has to sort edges in. */
export const roomToSort = ({ context, executor }: PhaseRequest): number =>
  context.refuse?.bands === true ? 0 : evenShareBytes(executor.budget);

/** The bands of the partition of ranks [base, end), and what was distributed to them. `bands`: as `cutBands` has them. */
export function bandsOf(
  made: readonly (Spread | undefined)[],
  bands: readonly number[],
  [base, end]: readonly [base: number, end: number],
): Band[] {
  return bands.slice(0, -1).flatMap((from, i) => {
    if (from < base || from >= end) return [];
    return [{ base: from, vertices: bands[i + 1]! - from, rows: spreadRows(made, i) }];
  });
}

/** A run of one partition. */
export function sliceOf({ run }: { readonly run: Run }): Slice {
  const batches = run.partitions[0]!;
  return run.segment === undefined ? { batches } : { batches, segment: run.segment };
}
