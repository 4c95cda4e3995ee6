/** Sealing: the rows of a container leave it as one run, sorted by (partition, key), cut at partition boundaries.
 *
 *   order ──take──▶ batch ──(combine)──▶ RunWriter ──▶ arena range | segment
 *
 * Two ways out: `seal` at the end of a walk, which waits for the arena; `spill` inside `emit`, which cannot wait and goes
 * to a segment. A batch is never larger than BATCH_BYTES, so what sealing takes beside the container is bounded.
 */
import { BATCH_BYTES, BATCH_ROWS, type StoredBatch } from '../batch/columns.ts';
import type { Order } from '../kernels/order.ts';
import type { Run } from '../store/run.ts';
import { type RunOptions, RunWriter } from './run-writer.ts';

/** What stands in the way of the batches of an order. */
export interface Gate {
  /** Makes fewer rows of those that have one key. */
  readonly combine?: Combine | undefined;
  /** Sees every batch that leaves. */
  readonly watch?: ((batch: StoredBatch) => void) | undefined;
}

/** Takes batches in key order, gives batches in key order: `end` the last, and it begins anew. A batch is valid until the
 *  next is asked for; one that was added has to be until all that it gives were taken. */
export interface Combine {
  add(batch: StoredBatch): Iterable<StoredBatch>;
  end(): Iterable<StoredBatch>;
}

export async function seal(order: Order, options: RunOptions, gate: Gate): Promise<Run> {
  const writer = new RunWriter(options);
  try {
    for (const [partition, batch] of batchesOf(order, gate.combine)) {
      gate.watch?.(batch);
      await writer.reserve(batch);
      writer.write(partition, batch);
    }
    return writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

export function spill(order: Order, options: RunOptions, gate: Gate): Run {
  const writer = new RunWriter(options);
  try {
    for (const [partition, batch] of batchesOf(order, gate.combine)) {
      gate.watch?.(batch);
      writer.write(partition, batch);
    }
    return writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function* batchesOf(
  order: Order,
  combine: Combine | undefined,
): Generator<readonly [number, StoredBatch]> {
  let from = 0;
  for (const [partition, rows] of order.partitionRows.entries()) {
    const end = from + rows;
    while (from < end) {
      const batch = order.take(from, Math.min(BATCH_ROWS, end - from), BATCH_BYTES);
      from += batch.rows;
      if (combine === undefined) yield [partition, batch];
      else for (const combined of combine.add(batch)) yield [partition, combined];
    }
    if (combine !== undefined) for (const combined of combine.end()) yield [partition, combined];
  }
}
