/** Brings the runs of a merge down to what may be merged at once: some are merged first, into a segment each.
 *
 * Rows stay as they are (accumulators are not finished), so the result does not depend on how many rounds it took.
 */
import { join } from 'node:path';
import type { WorkerContext } from '../exec/executor.ts';
import { type Carrier, inputOf, type Slice } from '../shuffle/carrier.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { MAX_FAN_IN, type MergeInput } from '../store/merge.ts';
import { MergedRows } from '../store/merged-rows.ts';
import type { ReduceArgument } from './stage.ts';

/** At most MAX_FAN_IN inputs, and the bytes that were written to get there. Throws LimitError DISK_FULL, MEMORY. */
export function lowerFanIn(
  argument: ReduceArgument,
  worker: WorkerContext,
  carrier: Carrier,
): { readonly inputs: MergeInput[]; readonly spilledBytes: number } {
  const { fields } = argument;
  let spilledBytes = 0;
  let slices: readonly Slice[] = argument.slices;
  for (let round = 0; slices.length > MAX_FAN_IN; round++) {
    const fewer: Slice[] = [];
    for (let from = 0; from < slices.length; from += MAX_FAN_IN) {
      const some = slices.slice(from, from + MAX_FAN_IN);
      const merged = mergeSome(argument, worker, carrier, some, `${round}-${fewer.length}`);
      for (const { bytes } of merged.batches) spilledBytes += bytes;
      fewer.push(merged);
    }
    slices = fewer;
  }
  return { inputs: slices.map(slice => inputOf(carrier, slice, fields)), spilledBytes };
}

function mergeSome(
  { context, stage, partition, fields }: ReduceArgument,
  worker: WorkerContext,
  carrier: Carrier,
  slices: readonly Slice[],
  name: string,
): Slice {
  const segment = join(
    context.temp,
    `${stage.id}-${partition}-${worker.attempt}-merge-${name}.parquet`,
  );
  const writer = new RunWriter({ fields, partitions: 1, segment, arena: worker });
  const inputs = slices.map(slice => inputOf(carrier, slice, fields));
  const rows = new MergedRows(worker.kernels(), inputs, fields, { natural: false });
  try {
    for (let block = rows.next(); block !== undefined; block = rows.next()) {
      writer.write(0, block.batch);
      worker.heapCheck();
    }
    return { segment, batches: writer.finish().partitions[0]! };
  } catch (error) {
    writer.abort();
    throw error;
  } finally {
    rows.close();
  }
}
