/** A walk over edges and vertices, in a worker: claims splits, reads each to its end, numbers the ids.
 *
 *   claim a split ──▶ read it batch by batch ──▶ object (object.ts) … sealed ──▶ objects
 *
 * Order: claims until none is free or the walk's limit is reached; then seals and reports. What a walk holds counts only when
 * the driver accepts it (mapreduce/coverage.ts).
 */
import { discard } from '../../store/file.ts';
import { BATCH_ROWS, cut, type StoredBatch } from '../../batch/columns.ts';
import type { Schema } from '../../define/schema.ts';
import type { LimitError } from '../../errors.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { carrierOf } from '../../mapreduce/carriers.ts';
import { claim } from '../../mapreduce/coverage.ts';
import { hardened } from '../../mapreduce/hard-memory.ts';
import { LineIndex } from '../../mapreduce/lines.ts';
import { largestRows } from '../../mapreduce/largest-keys.ts';
import { CHUNK_BYTES, RECORD_BYTES } from '../../mapreduce/map.ts';
import { measure } from '../../mapreduce/measure.ts';
import { isMemory, type NoRoom, withKeys } from '../../mapreduce/no-room.ts';
import {
  type Piece,
  type ReadOptions,
  readSplit,
  type SplitInputs,
} from '../../mapreduce/read-split.ts';
import { KeySample } from '../../shuffle/key-sample.ts';
import { ObjectBuilder } from './object.ts';
import type { WalkArgument, Walked } from './tasks.ts';

export async function runLoadWalk(argument: WalkArgument, given: WorkerContext): Promise<Walked> {
  const worker = hardened(argument.context, given);
  const measured = measure();
  worker.kernels().reset();
  const walk = new LoadWalk(argument, worker);
  try {
    return { ...(await walk.run()), ...(await measured()) };
  } catch (error) {
    walk.discard();
    throw error;
  }
}

class LoadWalk {
  readonly #argument: WalkArgument;
  readonly #worker: WorkerContext;
  readonly #builder: ObjectBuilder;
  readonly #sample = new KeySample();
  readonly #options: ReadOptions;
  readonly #lines = new LineIndex();
  #rowsIn = 0;
  #bytesIn = 0;
  #skipped = 0;

  constructor(argument: WalkArgument, worker: WorkerContext) {
    const { edges, vertices, ...options } = argument;
    this.#argument = argument;
    this.#worker = worker;
    this.#builder = new ObjectBuilder(worker.kernels(), {
      ...options,
      worker,
      edge: without(edges.stage.input, 'source', 'target'),
      vertex: vertices && without(vertices.stage.input, 'vertex'),
      sample: this.#sample,
    });
    this.#options = {
      carrier: carrierOf(argument.context, worker),
      signal: worker.signal,
      onSkipped: records => void (this.#skipped += records),
      // One buffer for all readers: each with its own would be garbage of 1 MiB a split.
      limits: {
        chunkBytes: CHUNK_BYTES,
        recordBytes: RECORD_BYTES,
        buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
      },
    };
  }

  async run(): Promise<Omit<Walked, 'startedSeconds' | 'gcSeconds'>> {
    const { claims, walk, limit } = this.#argument;
    const owners = new Int32Array(claims);
    const splits: number[] = [];
    let from = 0;
    while (splits.length < limit && !this.#worker.signal.aborted) {
      const split = claim(owners, walk, from);
      if (split < 0) break;
      from = split + 1;
      await this.#readSplit(split);
      splits.push(split);
    }
    const objects = await this.#builder.finish();
    const read = { rowsIn: this.#rowsIn, bytesIn: this.#bytesIn, skipped: this.#skipped };
    this.#options.carrier.close();
    return { splits, objects, sample: this.#sample.keys, ...read };
  }

  /** What it wrote is nobody's, and the job may go on for long. */
  discard(): void {
    this.#options.carrier.close();
    this.#builder.abort();
    for (const { ids, numbers, edges, vertices } of this.#builder.objects) {
      for (const part of [ids, numbers, edges, vertices]) {
        if (part?.run.segment !== undefined) discard(part.run.segment);
      }
    }
  }

  async #readSplit(index: number): Promise<void> {
    const { splits, edges, vertices, edgeSplits } = this.#argument;
    const isEdges = index < edgeSplits;
    const table = isEdges ? edges : vertices!;
    const ends = endsOf(table, isEdges ? ['source', 'target'] : ['vertex']);
    this.#builder.begin(index);
    for await (const piece of readSplit(table, splits[index]!, this.#options)) {
      if (piece.bytes > 0) {
        this.#bytesIn += piece.bytes;
        this.#worker.progress(piece.bytes);
        this.#worker.reading(index, piece.offset ?? 0);
      }
      const whole = this.#batchOf(piece, table);
      this.#rowsIn += whole.rows;
      for (const batch of cut(whole, BATCH_ROWS)) {
        try {
          await this.#take(batch, ends);
        } catch (error) {
          throw isMemory(error) ? this.#noRoom(error, batch, table, piece) : error;
        }
        this.#worker.heapCheck();
      }
      if (this.#worker.signal.aborted) return;
    }
  }

  async #take({ rows, columns }: StoredBatch, ends: Ends): Promise<void> {
    const values = { rows, columns: ends.values.map(i => columns[i]!) };
    const [first, second] = ends.ids.map(i => columns[i]!);
    if (second === undefined) await this.#builder.vertices(first!, values);
    else await this.#builder.edges(first!, second, values);
  }

  #noRoom(
    error: LimitError,
    batch: StoredBatch,
    { stage }: SplitInputs,
    { file, row }: Piece,
  ): NoRoom {
    const names = ['source', 'target', 'vertex'].filter(name => name in stage.input);
    const numbered = row === undefined ? '' : `, from row ${row.toLocaleString('en')} on`;
    const where = { job: this.#argument.context.job, file, ...(row !== undefined && { row }) };
    const keys = largestRows(batch, stage.input, names);
    return withKeys(error, keys).at(`loading a graph at ${file}${numbered}`, where);
  }

  /** Lines of text have one column, whatever each column of the table calls it. */
  #batchOf(piece: Piece, { stage }: SplitInputs): StoredBatch {
    if (piece.kind === 'batch') return piece.batch;
    const { rows, columns } = this.#lines.cut(piece.text).batch;
    return { rows, columns: Object.keys(stage.input).map(() => columns[0]!) };
  }
}

/** Which columns of a table are ids, and which are values. */
interface Ends {
  readonly ids: readonly number[];
  readonly values: readonly number[];
}

function endsOf({ stage }: SplitInputs, names: readonly string[]): Ends {
  const columns = Object.keys(stage.input);
  return {
    ids: names.map(name => columns.indexOf(name)),
    values: columns.flatMap((name, i) => (names.includes(name) ? [] : [i])),
  };
}

function without(columns: Schema, ...names: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => !names.includes(name)));
}
