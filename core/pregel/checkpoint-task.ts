/** Two tasks of a partition: what it is between supersteps is written to files that stay, and read from them again.
 *
 * Each run becomes a segment of its own, batch for batch, with the checksums of its batches; on the device before the task
 * ends. Read again, the batches go where those of a superstep go: to the arena, or to a segment in the job's folder.
 * So nothing else knows of checkpoints, and files of one are never given back with a run.
 */
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { StoredBatch } from '../batch/columns.ts';
import { DataError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import { hardened } from '../mapreduce/hard-memory.ts';
import type { JobContext } from '../mapreduce/stage.ts';
import { type Carrier, SharedCarrier } from '../shuffle/carrier.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { system } from '../store/file.ts';
import type { BatchRef, Run } from '../store/run.ts';
import { SegmentWriter } from '../store/segment.ts';
import { syncFile } from '../store/sync.ts';
import { damaged } from './checkpoint-file.ts';
import type { Outbox } from './sent.ts';
import type { State } from './state.ts';
import type { Holding } from './tasks.ts';

/** By name. */
export interface Runs {
  readonly [name: string]: Run;
}

/** A partition in a checkpoint: segments are names of files in its folder. */
export interface Saved {
  /** Null: it is new, and has none yet. */
  readonly state: Run | null;
  readonly allAwake: boolean;
  readonly outbox: Outbox | null;
  /** Of a graph that has changed (topology.ts). */
  readonly more: Runs;
  /** Of each file, so that one that was cut is found before anything is read. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export interface SaveArgument {
  readonly context: JobContext;
  readonly folder: string;
  readonly partition: number;
  readonly state: State | undefined;
  readonly outbox: Outbox | undefined;
  readonly more: Runs;
}

/** @throws LimitError DISK_FULL, IO; then files may be left in the folder, which is not a checkpoint yet */
export function runSave(argument: SaveArgument, worker: WorkerContext): Saved {
  const { context, folder, partition, state, outbox, more } = argument;
  const carrier = carrierOf(context, worker);
  const files: { name: string; bytes: number }[] = [];
  const save = (run: Run, what: string): Run => {
    // Another attempt may write the same at the same time.
    const name = `${partition}-${what}-${worker.attempt}.parquet`;
    const { saved, bytes } = saveRun(run, join(folder, name), carrier, worker);
    if (bytes === 0) return saved;
    files.push({ name, bytes });
    return { ...saved, segment: name };
  };
  try {
    return {
      state: state === undefined ? null : save(state.run, 'state'),
      allAwake: state?.allAwake ?? true,
      outbox: outbox?.map(sent => ({ ...sent, run: save(sent.run, sent.channel) })) ?? null,
      more: Object.fromEntries(Object.entries(more).map(([name, run]) => [name, save(run, name)])),
      files,
    };
  } finally {
    carrier.close();
  }
}

/** `bytes` 0: the run has no batches, and there is no file. */
function saveRun(
  { fields, segment, partitions }: Run,
  path: string,
  carrier: Carrier,
  worker: WorkerContext,
): { readonly saved: Run; readonly bytes: number } {
  let writer: SegmentWriter | undefined;
  try {
    const saved = partitions.map(batches =>
      batches.map((_, i): BatchRef => {
        const slice = { batches, ...(segment !== undefined && { segment }) };
        writer ??= new SegmentWriter(path, fields, worker.segments);
        worker.heapCheck();
        return writer.write(carrier.read(slice, i, fields));
      }),
    );
    const bytes = writer?.close().bytes ?? 0;
    if (bytes > 0) system(path, 'write', () => syncFile(path));
    return { saved: { fields, partitions: saved }, bytes };
  } catch (error) {
    writer?.abort();
    throw error;
  }
}

export interface RestoreArgument {
  readonly context: JobContext;
  readonly folder: string;
  readonly saved: Saved;
}

/** `ranges`: of the state and the outbox. */
export interface Restored extends Holding {
  readonly state: State | undefined;
  readonly outbox: Outbox | undefined;
  readonly more: { readonly [name: string]: Holding & { readonly run: Run } };
}

/** @throws DataError CHECKPOINT_CORRUPT, LimitError */
export async function runRestore(
  { context, folder, saved }: RestoreArgument,
  given: WorkerContext,
): Promise<Restored> {
  const worker = hardened(context, given);
  const carrier = new SharedCarrier(worker);
  const writers: RunWriter[] = [];
  const restore = async (run: Run, what: string): Promise<Run> => {
    const segment = join(context.temp, `${worker.attempt}-restored-${what}.parquet`);
    const { fields, partitions } = run;
    const rows = { fields, partitions: partitions.length, segment, arena: worker };
    const bytesHint = partitions.flat().reduce((sum, { bytes }) => sum + bytes, 4096);
    const writer = new RunWriter({ ...rows, bytesHint });
    writers.push(writer);
    for (const [partition, batches] of partitions.entries()) {
      const slice = { batches, segment: join(folder, run.segment ?? '') };
      for (let i = 0; i < batches.length; i++) {
        worker.heapCheck();
        const batch = read(carrier, slice, i, fields);
        // Buffers stay as they are while this waits: nothing else reads here.
        await writer.reserve(batch);
        writer.write(partition, batch);
      }
    }
    return writer.finish();
  };
  try {
    const id = randomBytes(8).toString('hex');
    const held = saved.state && (await restore(saved.state, 'state'));
    const state = held === null ? undefined : { id, run: held, allAwake: saved.allAwake };
    const outbox: Outbox[number][] = [];
    for (const sent of saved.outbox ?? []) {
      outbox.push({ ...sent, run: await restore(sent.run, sent.channel) });
    }
    const ranges = writers.flatMap(writer => writer.ranges);
    const more: { [name: string]: Restored['more'][string] } = {};
    for (const [name, run] of Object.entries(saved.more)) {
      const restored = await restore(run, name);
      more[name] = { run: restored, ranges: writers.at(-1)!.ranges };
    }
    return { state, outbox: saved.outbox === null ? undefined : outbox, ranges, more };
  } catch (error) {
    for (const writer of writers) {
      writer.abort();
      worker.giveBack(writer.ranges);
    }
    throw error;
  } finally {
    carrier.close();
  }
}

function read(
  carrier: Carrier,
  slice: { readonly segment: string; readonly batches: readonly BatchRef[] },
  batch: number,
  fields: Run['fields'],
): StoredBatch {
  try {
    return carrier.read(slice, batch, fields);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw damaged(slice.segment, 'its checksum differs', error);
  }
}
