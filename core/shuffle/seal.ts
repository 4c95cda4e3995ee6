/** Sealing: the rows of a container leave it as one run, sorted by (partition, key), cut at partition boundaries.
 *
 *   order ──take──▶ batch ──▶ RunWriter ──▶ arena range | segment
 *
 * Two ways out: `seal` at the end of a walk, which waits for the arena; `spill` inside `emit`, which cannot wait and goes
 * to a segment. A batch is never larger than BATCH_BYTES, so what sealing takes beside the container is bounded.
 */
import { BATCH_BYTES, BATCH_ROWS, type StoredBatch } from '../batch/columns.ts';
import type { Order } from '../kernels/order.ts';
import type { Run } from '../store/run.ts';
import { type RunOptions, RunWriter } from './run-writer.ts';

/** Sees every batch on its way out. */
export type Watcher = ((batch: StoredBatch) => void) | undefined;

export async function seal(order: Order, options: RunOptions, watch: Watcher): Promise<Run> {
  const writer = new RunWriter(options);
  try {
    for (const [partition, batch] of batchesOf(order)) {
      watch?.(batch);
      await writer.reserve(batch);
      writer.write(partition, batch);
    }
    return writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

export function spill(order: Order, options: RunOptions, watch: Watcher): Run {
  const writer = new RunWriter(options);
  try {
    for (const [partition, batch] of batchesOf(order)) {
      watch?.(batch);
      writer.write(partition, batch);
    }
    return writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function* batchesOf(order: Order): Generator<readonly [number, StoredBatch]> {
  let from = 0;
  for (const [partition, rows] of order.partitionRows.entries()) {
    const end = from + rows;
    while (from < end) {
      const batch = order.take(from, Math.min(BATCH_ROWS, end - from), BATCH_BYTES);
      yield [partition, batch];
      from += batch.rows;
    }
  }
}
