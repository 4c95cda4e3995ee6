/** A range of keys out of sorted runs: which batches may have some of it, and which of their rows do.
 *
 *   batches   a…d │ d…k │ k…q │ q…z      by their first keys
 *   [f, m)          ███████████           these are read; their rows are cut at f and at m
 *
 * Invariant: the ranges […, b), [b, c), [c, …) of a run have each of its rows once.
 */
import { sliceBatch, type StoredBatch } from '../batch/columns.ts';
import type { MergeInput } from '../store/merge.ts';
import type { BatchRef, Run } from '../store/run.ts';
import type { Slice } from './carrier.ts';

/** From a key on, up to another; absent: from the beginning, to the end. */
export interface KeyRange {
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
}

/** Of each range that the boundaries make. */
export function rangesOf(boundaries: readonly Uint8Array[]): KeyRange[] {
  return Array.from({ length: boundaries.length + 1 }, (_, i) => ({
    ...(i > 0 && { from: boundaries[i - 1]! }),
    ...(i < boundaries.length && { to: boundaries[i]! }),
  }));
}

/** What the runs, of one partition each and written with `firstKeys`, may have of a range. */
export function slicesWithin(runs: readonly Run[], { from, to }: KeyRange): Slice[] {
  return runs.flatMap(({ segment, partitions }) => {
    const all = partitions[0]!;
    // A batch that begins before `from` may end behind it.
    const first = from === undefined ? 0 : Math.max(0, countBefore(all, from) - 1);
    const end = to === undefined ? all.length : countBefore(all, to);
    const batches = all.slice(first, end);
    return batches.length === 0 ? [] : [{ batches, ...(segment !== undefined && { segment }) }];
  });
}

const countBefore = (batches: readonly BatchRef[], key: Uint8Array): number =>
  lowest(batches.length, i => Buffer.compare(batches[i]!.first!, key) >= 0);

/** The input without the rows outside of the range. */
export function within(input: MergeInput, range: KeyRange): MergeInput {
  return {
    batches: input.batches,
    read: batch => cut(input.read(batch), range),
  };
}

function cut(batch: StoredBatch, { from, to }: KeyRange): StoredBatch {
  const { data, offsets } = batch.columns[0]!;
  const before = (key: Uint8Array): number =>
    lowest(batch.rows, i => {
      return Buffer.compare(data.subarray(offsets![i], offsets![i + 1]), key) >= 0;
    });
  const first = from === undefined ? 0 : before(from);
  const end = to === undefined ? batch.rows : before(to);
  return first === 0 && end === batch.rows ? batch : sliceBatch(batch, first, end);
}

/** The lowest i < n for which `holds`, which holds for all above it; n if there is none. */
function lowest(n: number, holds: (i: number) => boolean): number {
  let low = 0;
  for (let high = n; low < high; ) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
