/** Where a reduce task's rows go: a run of its own, or a file beside the destination.
 *
 * Order of calls: `room` where waiting is possible, `write` any number of times, then `finish` or `abort`.
 * Invariant: nothing of an aborted target remains; a file is on disk, whole, when `finish` returns.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Field, fieldsOf, type StoredBatch, type StoredColumn } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { loadSink } from '../io.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { arenaOf } from './carriers.ts';
import type { Into, ReduceArgument, Reduced } from './stage.ts';

export interface Target {
  /** Whether rows are to come with the key that orders them. */
  readonly keyed: boolean;
  /** Room in the arena for this batch, or for one of the usual size. */
  room(batch?: StoredBatch, key?: StoredColumn): Promise<void>;
  /** `key`: of each row, if keyed. Buffers are not kept. */
  write(batch: StoredBatch, key?: StoredColumn): void;
  finish(): Omit<Reduced, 'counters' | 'gcSeconds'>;
  abort(): void;
}

const KEY: Field = { name: 'key', kind: 'bytes', nullable: false };

export async function openTarget(
  { context, into, partition, stage, slices }: ReduceArgument,
  worker: WorkerContext,
  columns: Schema,
): Promise<Target> {
  if (into.kind === 'file') return fileTarget(into, partition, worker.attempt, columns);
  const fields = fieldsOf(columns);
  const writer = new RunWriter({
    fields: into.keyed ? [KEY, ...fields] : fields,
    partitions: 1,
    segment: join(context.temp, `${stage.id}-${partition}-${worker.attempt}-out.parquet`),
    arena: arenaOf(context, worker),
    // What comes out is seldom more than what goes in; where it is, more is asked for.
    bytesHint: slices.flatMap(({ batches }) => batches).reduce((sum, { bytes }) => sum + bytes, 0),
  });
  const withKey = (batch: StoredBatch, key: StoredColumn | undefined): StoredBatch =>
    into.keyed ? { rows: batch.rows, columns: [key!, ...batch.columns] } : batch;
  return {
    keyed: into.keyed,
    room: (batch, key) => writer.reserve(batch && withKey(batch, key)),
    write: (batch, key) => writer.write(0, withKey(batch, key)),
    finish: () => ({
      run: writer.finish(),
      rows: writer.rows,
      bytes: writer.bytes,
      spilledBytes: writer.spilledBytes,
    }),
    abort: () => writer.abort(),
  };
}

async function fileTarget(
  { folder, format }: Into & { kind: 'file' },
  partition: number,
  attempt: string,
  columns: Schema,
): Promise<Target> {
  const sink = await loadSink(format);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `part-${partition}-${attempt}${sink.extension}`);
  const writer = sink.open(path, columns);
  return {
    keyed: false,
    room: async () => {},
    write: batch => writer.write(batch),
    finish: () => ({ path, spilledBytes: 0, ...writer.close() }),
    abort: () => writer.abort(),
  };
}
