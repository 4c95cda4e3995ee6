/** Where a reduce task's rows go: a run of its own, a file beside the destination, or the writer of a connector.
 *
 * Order of calls: `room` where waiting is possible, `write` any number of times, then `finish` or `abort`.
 * Invariant: nothing of an aborted target remains; what `finish` has returned is whole, and a file on disk.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rowReader } from '../batch/codec.ts';
import { type Field, fieldsOf, type StoredBatch, type StoredColumn } from '../batch/columns.ts';
import type { ConnectorSpec, Writer } from '../connector.ts';
import { loadDefinition } from '../define/loader.ts';
import type { Json } from '../define/place.ts';
import type { Schema } from '../define/schema.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { loadSink } from '../io.ts';
import { SharedCarrier } from '../shuffle/carrier.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import type { Run } from '../store/run.ts';
import type { Measured } from './measure.ts';
import type { Into, ReduceArgument, Reduced } from './stage.ts';

export interface Target {
  /** Whether rows are to come with the key that orders them. */
  readonly keyed: boolean;
  /** Room in the arena for this batch, or for one of the usual size. */
  room(batch?: StoredBatch, key?: StoredColumn): Promise<void>;
  /** `key`: of each row, if keyed. Buffers are not kept. */
  write(batch: StoredBatch, key?: StoredColumn): void;
  finish(): Promise<Omit<Reduced, 'counters' | keyof Measured>>;
  abort(): Promise<void>;
}

/** Of an attempt's random name: what a number holds exactly. */
const ATTEMPT_DIGITS = 12;
const KEY: Field = { name: 'key', kind: 'bytes', nullable: false };

export async function openTarget(
  argument: ReduceArgument,
  worker: WorkerContext,
  columns: Schema,
): Promise<Target> {
  const { into, partition } = argument;
  switch (into.kind) {
    case 'file':
      return fileTarget(into, partition, worker.attempt, columns);
    case 'place':
      return placeTarget(into, argument, worker, columns);
    case 'run': {
      const writer = runWriterOf(argument, worker, columns, into.keyed);
      return runTarget(writer, into.keyed);
    }
  }
}

function runWriterOf(
  { context, partition, stage, slices }: ReduceArgument,
  worker: WorkerContext,
  columns: Schema,
  keyed: boolean,
): RunWriter {
  const fields = fieldsOf(columns);
  return new RunWriter({
    fields: keyed ? [KEY, ...fields] : fields,
    partitions: 1,
    segment: join(context.temp, `${stage.id}-${partition}-${worker.attempt}-out.parquet`),
    arena: worker,
    // What comes out is seldom more than what goes in; where it is, more is asked for.
    bytesHint: slices.flatMap(({ batches }) => batches).reduce((sum, { bytes }) => sum + bytes, 0),
  });
}

function runTarget(writer: RunWriter, keyed: boolean): Target {
  const withKey = (batch: StoredBatch, key: StoredColumn | undefined): StoredBatch =>
    keyed ? { rows: batch.rows, columns: [key!, ...batch.columns] } : batch;
  return {
    keyed,
    room: (batch, key) => writer.reserve(batch && withKey(batch, key)),
    write: (batch, key) => writer.write(0, withKey(batch, key)),
    finish: async () => ({
      run: writer.finish(),
      rows: writer.rows,
      bytes: writer.bytes,
      spilledBytes: writer.spilledBytes,
    }),
    abort: async () => writer.abort(),
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
    finish: async () => ({ path, spilledBytes: 0, ...writer.close() }),
    abort: async () => writer.abort(),
  };
}

/** A connector's writer makes its caller wait, and `emit` cannot: rows go to a run first. */
async function placeTarget(
  { place, job }: Into & { kind: 'place' },
  argument: ReduceArgument,
  worker: WorkerContext,
  columns: Schema,
): Promise<Target> {
  const { connector, options } = place;
  const spec = (await loadDefinition('connector', connector)) as ConnectorSpec<Json>;
  const attempt = Number.parseInt(worker.attempt.slice(0, ATTEMPT_DIGITS), 16);
  const id = { job, task: argument.partition, attempt };
  const writer = await spec.write!(id, columns, options);
  const rows = runWriterOf(argument, worker, columns, false);
  const target = runTarget(rows, false);
  return {
    ...target,
    async finish() {
      const { run, ...made } = await target.finish();
      await handOver(run!, columns, writer, worker);
      await writer.commit();
      worker.giveBack(rows.ranges);
      if (run!.segment !== undefined) rmSync(run!.segment, { force: true });
      return made;
    },
    async abort() {
      await target.abort();
      // The task fails with what went wrong first.
      await writer.abort().catch(() => {});
    },
  };
}

async function handOver(
  { segment, fields, partitions }: Run,
  columns: Schema,
  writer: Writer,
  worker: WorkerContext,
): Promise<void> {
  const [batches = []] = partitions;
  const slice = { batches, ...(segment !== undefined && { segment }) };
  const carrier = new SharedCarrier(worker);
  const reader = rowReader(columns);
  try {
    for (let i = 0; i < batches.length; i++) {
      await writer.write(reader.rows(carrier.read(slice, i, fields)));
      worker.heapCheck();
    }
  } finally {
    carrier.close();
  }
}
