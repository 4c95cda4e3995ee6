/** Where a reduce task's rows go: a run of its own, a file beside the destination, or the writer of a connector.
 *
 * Order of calls: `room` where waiting is possible, `write` any number of times, then `finish` or `abort`.
 * Invariant: nothing of an aborted target remains; what `finish` has returned is whole, and a file on disk.
 */
import { mkdirSync } from 'node:fs';
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
import type { Into, JobContext, Part } from './stage.ts';
import { discard, system } from '../store/file.ts';

export interface Target {
  /** Whether rows are to come with the key that orders them. */
  readonly keyed: boolean;
  /** Room in the arena for this batch, or for one of the usual size. */
  room(batch?: StoredBatch, key?: StoredColumn): Promise<void>;
  /** `key`: of each row, if keyed. Buffers are not kept. */
  write(batch: StoredBatch, key?: StoredColumn): void;
  finish(): Promise<Part>;
  abort(): Promise<void>;
}

/** Of an attempt's random name: what a number holds exactly. */
const ATTEMPT_DIGITS = 12;
const KEY: Field = { name: 'key', kind: 'bytes', nullable: false };

/** Room for a batch of the usual size in each. */
export async function roomInAll(targets: readonly Target[]): Promise<void> {
  for (const target of targets) await target.room();
}

export interface TargetRequest {
  readonly context: JobContext;
  readonly into: Into;
  readonly columns: Schema;
  /** The number of what is written, among the parts of its table. */
  readonly part: number;
  /** Of the target, among those of one attempt. */
  readonly name: string;
  /** About so many are to be expected: a small run takes a small range. */
  readonly bytesHint: number;
}

export async function openTarget(request: TargetRequest, worker: WorkerContext): Promise<Target> {
  const { into } = request;
  switch (into.kind) {
    case 'none':
      return noTarget();
    case 'file':
      return fileTarget(into, request, worker);
    case 'place':
      return placeTarget(into, request, worker);
    case 'run':
      return runTarget(runWriterOf(request, worker, into.keyed), into.keyed);
  }
}

function noTarget(): Target {
  return {
    keyed: false,
    room: async () => {},
    write() {},
    finish: async () => ({ rows: 0, bytes: 0, spilledBytes: 0, ranges: [] }),
    abort: async () => {},
  };
}

function runWriterOf(
  { context, columns, name, bytesHint }: TargetRequest,
  worker: WorkerContext,
  keyed: boolean,
): RunWriter {
  const fields = fieldsOf(columns);
  return new RunWriter({
    fields: keyed ? [KEY, ...fields] : fields,
    partitions: 1,
    segment: join(context.temp, `${worker.attempt}-${name}.parquet`),
    arena: worker,
    bytesHint,
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
      ranges: writer.ranges,
    }),
    abort: async () => writer.abort(),
  };
}

async function fileTarget(
  { folder, format, options }: Into & { kind: 'file' },
  { part, columns }: TargetRequest,
  { attempt }: WorkerContext,
): Promise<Target> {
  const sink = await loadSink(format);
  system(folder, 'create', () => mkdirSync(folder, { recursive: true }));
  const path = join(folder, `part-${part}-${attempt}${sink.extension}`);
  const writer = sink.open(path, columns, options);
  return {
    keyed: false,
    room: async () => {},
    write: batch => writer.write(batch),
    finish: async () => ({ path, spilledBytes: 0, ranges: [], ...writer.close() }),
    abort: async () => writer.abort(),
  };
}

/** A connector's writer makes its caller wait, and `emit` cannot: rows go to a run first. */
async function placeTarget(
  { place, job }: Into & { kind: 'place' },
  request: TargetRequest,
  worker: WorkerContext,
): Promise<Target> {
  const { columns, part } = request;
  const { connector, options } = place;
  const spec = (await loadDefinition('connector', connector)) as ConnectorSpec<Json>;
  const attempt = Number.parseInt(worker.attempt.slice(0, ATTEMPT_DIGITS), 16);
  const id = { job, task: part, attempt };
  const writer = await spec.write!(id, columns, options);
  const target = runTarget(runWriterOf(request, worker, false), false);
  return {
    ...target,
    async finish() {
      const { run, ranges, ...made } = await target.finish();
      await handOver(run!, columns, writer, worker);
      await writer.commit();
      worker.giveBack(ranges);
      if (run!.segment !== undefined) discard(run!.segment);
      return { ...made, ranges: [] };
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
