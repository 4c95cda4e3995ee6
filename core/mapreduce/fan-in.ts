/** Brings the runs of a merge down to what may be merged at once: some are merged first, into a segment each.
 *
 *   slices ──cut into neighbours that fit──▶ merge each ──▶ fewer slices ──▶ … ──▶ inputs
 *
 * Invariants: neighbours only, so equal keys still come in the order of the runs; rows stay as they are (accumulators
 * are not finished), unless their combiners are exact, so the result does not depend on how many rounds it took, and the
 * fan-in may depend on memory.
 */
import { join } from 'node:path';
import type { WorkerContext } from '../exec/executor.ts';
import { workingBytes } from '../memory/shares.ts';
import { type Carrier, inputOf, type Slice } from '../shuffle/carrier.ts';
import { within } from '../shuffle/key-range.ts';
import type { Combine } from '../shuffle/seal.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { BatchJoiner } from '../store/batch-joiner.ts';
import { MAX_FAN_IN, type MergeInput } from '../store/merge.ts';
import { MergedRows } from '../store/merged-rows.ts';
import type { JobContext, ReduceArgument } from './stage.ts';
import { discard } from '../store/file.ts';

/** What a merge holds in kernel memory beside its windows: blocks, a batch of groups, the columns that go out. */
const MERGE_BYTES = 2 * 2 ** 20;
/** A window grows by a quarter more than it needs, and has alignment. */
const WINDOW_PART = 1.25;
const WINDOW_BYTES = 4096;

/** Runs that a task merges. `stage` and `partition` name it in its files. */
export interface Mergeable
  extends Pick<ReduceArgument, 'slices' | 'range' | 'fields' | 'partition'> {
  readonly context: Pick<JobContext, 'temp'>;
  readonly stage: { readonly id: number | string };
}

/** At most MAX_FAN_IN inputs, whose windows fit in what this worker is always granted `passes` times; two in any case;
 *  and the bytes that were written to get there, which `remove` deletes. `combine`: for
 *  rows that are merged on the way. Throws LimitError DISK_FULL, MEMORY. */
export function lowerFanIn(
  argument: Mergeable,
  worker: WorkerContext,
  carrier: Carrier,
  passes: number,
  combine?: Combine,
): { readonly inputs: MergeInput[]; readonly spilledBytes: number; remove(): void } {
  const room = roomOf(worker) / passes;
  let spilledBytes = 0;
  let slices: readonly Slice[] = argument.slices;
  let made: string[] = [];
  for (let round = 0; ; round++) {
    const sets = setsThatFit(slices, room);
    if (sets.length <= 1) {
      const inputs = slices.map(slice => inputFor(argument, carrier, slice));
      return { inputs, spilledBytes, remove: () => removeAll(made) };
    }
    const fewer = sets.map((set, i) => {
      if (set.length === 1) return set[0]!;
      const merged = mergeSome({ argument, worker, carrier, combine }, set, `${round}-${i}`);
      for (const { bytes } of merged.batches) spilledBytes += bytes;
      return merged;
    });
    carrier.close();
    // A set of one stays what it was, which may be of the last round.
    const stays = new Set(fewer.map(({ segment }) => segment));
    removeAll(made.filter(segment => !stays.has(segment)));
    const given = new Set(argument.slices.map(({ segment }) => segment));
    made = fewer.flatMap(({ segment }) =>
      segment === undefined || given.has(segment) ? [] : [segment],
    );
    slices = fewer;
  }
}

function removeAll(segments: readonly string[]): void {
  for (const segment of segments) discard(segment);
}

/** Bytes for windows: kernel memory that is there already, or what of the floor is left for it. */
function roomOf(worker: WorkerContext): number {
  const { floorBytes } = worker.budget;
  const kernels = Math.max(worker.kernels().heldBytes, floorBytes - workingBytes(floorBytes));
  return kernels - MERGE_BYTES;
}

/** Neighbours that may be merged at once; two at least, where there are two. */
export function setsThatFit(slices: readonly Slice[], room: number): Slice[][] {
  const sets: Slice[][] = [];
  let left = 0;
  for (const slice of slices) {
    const bytes = windowBytes(slice);
    const set = sets.at(-1);
    if (set !== undefined && set.length < MAX_FAN_IN && (bytes <= left || set.length === 1)) {
      set.push(slice);
      left -= bytes;
    } else {
      sets.push([slice]);
      left = room - bytes;
    }
  }
  return sets;
}

/** What an input takes of memory while it is merged. */
export function windowBytes({ batches }: Slice): number {
  let most = 0;
  for (const { bytes } of batches) most = Math.max(most, bytes);
  return WINDOW_PART * most + WINDOW_BYTES;
}

/** A slice of the task's as an input of its merges. */
export function inputFor({ fields, range }: Mergeable, carrier: Carrier, slice: Slice): MergeInput {
  const input = inputOf(carrier, slice, fields);
  return range === undefined ? input : within(input, range);
}

interface Lowering {
  readonly argument: Mergeable;
  readonly worker: WorkerContext;
  readonly carrier: Carrier;
  readonly combine: Combine | undefined;
}

function mergeSome(
  { argument, worker, carrier, combine }: Lowering,
  slices: readonly Slice[],
  name: string,
): Slice {
  const { context, stage, partition, fields } = argument;
  const segment = join(
    context.temp,
    `${stage.id}-${partition}-${worker.attempt}-merge-${name}.parquet`,
  );
  const writer = new RunWriter({ fields, partitions: 1, segment, arena: worker });
  const inputs = slices.map(slice => inputFor(argument, carrier, slice));
  const rows = new MergedRows(worker.kernels(), inputs, fields, { natural: false });
  const joiner = new BatchJoiner(fields, batch => writer.write(0, batch));
  try {
    for (let block = rows.next(); block !== undefined; block = rows.next()) {
      if (combine === undefined) joiner.add(block.batch);
      else for (const batch of combine.add(block.batch)) joiner.add(batch);
      worker.heapCheck();
    }
    if (combine !== undefined) for (const batch of combine.end()) joiner.add(batch);
    joiner.flush();
    return { segment, batches: writer.finish().partitions[0]! };
  } catch (error) {
    writer.abort();
    throw error;
  } finally {
    rows.close();
    // Its segments were open; there may be more of them in all than a process may have open.
    carrier.close();
  }
}
