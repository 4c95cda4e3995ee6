/** Runs that tasks of a graph write: small batches are joined, and waited for where the arena is to have them. */
import { join } from 'node:path';
import { bytesOf, type Field, type StoredBatch } from '../../batch/columns.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import type { JobContext } from '../../mapreduce/stage.ts';
import { RunWriter } from '../../shuffle/run-writer.ts';
import { BatchJoiner } from '../../store/batch-joiner.ts';
import type { RunPart } from './tasks.ts';

export interface RunPlace {
  readonly context: JobContext;
  readonly worker: WorkerContext;
}

/** `name` is unique in the attempt. */
export function runWriter(
  { context, worker }: RunPlace,
  name: string,
  fields: readonly Field[],
  partitions = 1,
  bytesHint?: number,
  firstKeyBytes?: number,
): RunWriter {
  return new RunWriter({
    fields,
    partitions,
    segment: join(context.temp, `${worker.attempt}-${name}.parquet`),
    arena: worker,
    ...(bytesHint !== undefined && { bytesHint }),
    firstKeyBytes,
  });
}

/** What a writer has written. */
export function partOf(writer: RunWriter): RunPart {
  const run = writer.finish();
  const { rows, bytes, spilledBytes, ranges } = writer;
  return { run, rows, bytes, spilledBytes, ranges };
}

/** What alignment adds to a batch, at most. */
const ALIGNED_BYTES = 4096;

/** A run of one partition, of batches of the usual size, whatever it is given. */
export class JoinedRun {
  readonly #writer: RunWriter;
  readonly #joiner: BatchJoiner;

  /** `bytesHint`: an upper bound of its bytes, where it is known. */
  constructor(place: RunPlace, name: string, fields: readonly Field[], bytesHint?: number) {
    this.#writer = runWriter(place, name, fields, 1, bytesHint);
    this.#joiner = new BatchJoiner(fields, batch => this.#writer.write(0, batch));
  }

  /** Room for what the next `add` may write: what was joined, and the batch. */
  room(batch: StoredBatch): Promise<void> {
    return this.#writer.room(this.#joiner.bytes + bytesOf(batch) + 2 * ALIGNED_BYTES);
  }

  /** Buffers of the batch are not kept. */
  add(batch: StoredBatch): void {
    if (batch.rows > 0) this.#joiner.add(batch);
  }

  async finish(): Promise<RunPart> {
    if (this.#joiner.bytes > 0) await this.#writer.room(this.#joiner.bytes + ALIGNED_BYTES);
    this.#joiner.flush();
    return partOf(this.#writer);
  }

  abort(): void {
    this.#writer.abort();
  }
}
