/** A walk: the map attempt that runs in a worker.
 *
 *   claim a split ──▶ read it chunk by chunk ──▶ mapper ──▶ collector ──▶ (spilled runs) … seal ──▶ one object
 *
 * Order: claims until none is free or the walk's limit is reached; then seals and reports. What a walk holds counts only
 * when the driver accepts its object (coverage.ts).
 * Invariants: segments carry the attempt's random name, so two attempts never share a file; a split is read to its end
 * or not reported.
 */
import { join } from 'node:path';
import type { StoredBatch } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { DataError, SuperstepError, TaskError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import { carrierOf } from './carriers.ts';
import { KeySample } from '../shuffle/key-sample.ts';
import { UserContext } from './context.ts';
import { isCount, layoutOf } from './layout.ts';
import {
  BatchMapper,
  type Mapper,
  PassMapper,
  RowMapper,
  type TakeWords,
  WordsMapper,
} from './mappers.ts';
import { wordRows } from './word-rows.ts';
import { claim } from './coverage.ts';
import { hardened } from './hard-memory.ts';
import { measure } from './measure.ts';
import { loadDefinition } from '../define/loader.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { isMemory, NoRoom, withKeys } from './no-room.ts';
import { partitionerOf } from './partition.ts';
import { type PiecePlace, readSplit } from './read-split.ts';
import { CombineError, combinerOf } from './row-combiner.ts';
import { SideOutputs, type SideTaker } from './side-outputs.ts';
import { WalkChannel, type WalkChannelOptions } from './walk-channel.ts';
import { emitsOf, type MapReduceSpec } from './define.ts';
import type { StageSplit } from './plan.ts';
import type { MapArgument, MapObject } from './stage.ts';

/** Read at once: whole lines of about this, which is also what kernels are called with. */
export const CHUNK_BYTES = 1 << 20;
/** The longest line. Twice this has to fit beside the smallest table in the smallest share. */
export const RECORD_BYTES = 16 << 20;

/** A file's first line may begin after one. */
const BOM_BYTES = 3;

export async function runMap(argument: MapArgument, worker: WorkerContext): Promise<MapObject> {
  const walk = new Walk(argument, hardened(argument.context, worker));
  try {
    return await walk.run();
  } catch (error) {
    walk.discard();
    throw error;
  } finally {
    walk.close();
  }
}

class Walk {
  readonly #argument: MapArgument;
  readonly #worker: WorkerContext;
  readonly #channels: WalkChannel[] = [];
  readonly #splits: number[] = [];
  readonly #carrier: Carrier;
  #spec: MapReduceSpec | undefined;
  #mapper!: Mapper;
  #context!: UserContext;
  #sample: KeySample | undefined;
  readonly #measured = measure();
  /** For one reader after the other: one each would be garbage of 1 MiB a split. */
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #rowsIn = 0;
  #bytesIn = 0;
  #skipped = 0;

  constructor(argument: MapArgument, worker: WorkerContext) {
    this.#argument = argument;
    this.#worker = worker;
    this.#carrier = carrierOf(argument.context, worker);
  }

  async run(): Promise<MapObject> {
    await this.#begin();
    const { splits, claims, walk, limit } = this.#argument;
    const owners = new Int32Array(claims);
    let from = 0;
    while (this.#splits.length < limit && !this.#worker.signal.aborted) {
      const split = claim(owners, walk, from);
      if (split < 0) break;
      from = split + 1;
      for (const { collector } of this.#channels) collector.begin(split);
      await this.#readSplit(splits[split]!, split);
      this.#splits.push(split);
    }
    await this.#mapper.settle?.();
    for (const channel of this.#channels) await channel.seal();
    const emitted = (of: 'rowsEmitted' | 'bytesEmitted'): number =>
      this.#channels.reduce((sum, { collector }) => sum + collector[of], 0);
    const [runs, ...sideRuns] = this.#channels.map(channel => channel.runs);
    return {
      splits: this.#splits,
      runs: runs!,
      sideRuns,
      ...(this.#sample !== undefined && { sample: this.#sample.keys }),
      rowsIn: this.#rowsIn + this.#mapper.lines,
      bytesIn: this.#bytesIn,
      skipped: this.#skipped,
      rowsEmitted: emitted('rowsEmitted'),
      bytesEmitted: emitted('bytesEmitted'),
      ...(await this.#measured()),
      counters: this.#context.counters,
    };
  }

  discard(): void {
    for (const channel of this.#channels) channel.discard();
  }

  close(): void {
    this.#carrier.close();
  }

  async #begin(): Promise<void> {
    const { context, stage, partitions, sides, ranged } = this.#argument;
    const kernels = this.#worker.kernels();
    kernels.reset();
    this.#spec = stage.use && ((await loadDefinition('mapReduce', stage.use)) as MapReduceSpec);
    const spec = this.#spec;
    const emits: Schema = spec === undefined ? stage.output : emitsOf(spec);
    const layout = layoutOf(spec ?? { value: stage.output });
    const operator = spec?.operator?.(stage.params);
    const counting = operator !== undefined && isCount(layout);
    if (ranged) this.#sample = new KeySample();
    const { collector } = this.#open(kernels, {
      layout,
      emits,
      partitions: ranged ? 1 : partitions,
      sample: this.#sample,
      counting,
      partitionOf: partitionerOf(spec, emits, partitions, () => this.#splitPartition()),
      combine: combinerOf(spec, layout, { job: context.job, stage: `${stage.name} map` }, () =>
        this.#worker.heapCheck(),
      ),
    });
    const takers = new Map<string, SideTaker>();
    for (const output of sides) {
      const { collector: rows } = this.#openSide(kernels, spec!.outputs![output]!);
      takers.set(output, { keyed: false, write: batch => rows.add(batch) });
    }
    const sideOutputs = new SideOutputs(spec, output => takers.get(output));
    this.#context = new UserContext(spec, stage.params, sideOutputs);
    const options = {
      spec: spec!,
      emits,
      collector,
      context: this.#context,
      sides: sideOutputs,
      heapCheck: () => this.#worker.heapCheck(),
    };
    if (spec === undefined) this.#mapper = new PassMapper(collector);
    else if (operator !== undefined) {
      const take: TakeWords = counting
        ? (bytes, split, lower) => collector.addWords(bytes, split, lower)
        : wordRows(emits, collector, spec.name);
      const line = Object.keys(stage.input).indexOf('line');
      this.#mapper = new WordsMapper(take, line, operator.options as { [name: string]: unknown });
    } else if (spec.map !== undefined) this.#mapper = new RowMapper(options);
    else this.#mapper = new BatchMapper(options);
  }

  /** A channel whose rows stay as they are, in the order of the input. */
  #openSide(kernels: Kernels, columns: Schema): WalkChannel {
    const { partitions } = this.#argument;
    const inOrder = partitionerOf(undefined, columns, partitions, () => this.#splitPartition());
    const layout = layoutOf({ value: columns });
    const options = { layout, emits: columns, partitions, counting: false, partitionOf: inOrder };
    return this.#open(kernels, options);
  }

  #open(
    kernels: Kernels,
    options: Omit<WalkChannelOptions, 'maxRows' | 'runOptions'>,
  ): WalkChannel {
    const { context, stage } = this.#argument;
    const name = `${stage.id}-${this.#worker.attempt}-${this.#channels.length}`;
    try {
      return new WalkChannel(kernels, this.#channels, {
        ...options,
        maxRows: context.refuse?.rows,
        runOptions: run => ({
          segment: join(context.temp, `${name}-${run}.parquet`),
          arena: this.#worker,
        }),
      });
    } catch (error) {
      throw isMemory(error) ? withKeys(error, []).at(this.#name, {}) : error;
    }
  }

  /** In messages. */
  get #name(): string {
    return `${this.#argument.stage.name}: map`;
  }

  /** Rows without a key go to the partition of their split: parts are then in the order of the input. */
  #splitPartition(): number {
    const { splits, partitions } = this.#argument;
    return Math.floor((this.#current * partitions) / splits.length);
  }
  #current = 0;

  async #readSplit(split: StageSplit, index: number): Promise<void> {
    this.#current = index;
    const pieces = readSplit(this.#argument, split, {
      carrier: this.#carrier,
      signal: this.#worker.signal,
      onSkipped: records => void (this.#skipped += records),
      limits: { chunkBytes: CHUNK_BYTES, recordBytes: RECORD_BYTES, buffer: this.#buffer },
    });
    // Of a file that is read from its beginning the rows are known by number; of a later split only by their bytes.
    let name = '';
    let firstLine: number | undefined;
    for await (const piece of pieces) {
      const { file, offset } = piece;
      if (piece.bytes > 0) {
        this.#bytesIn += piece.bytes;
        this.#worker.progress(piece.bytes);
        this.#worker.reading(index, offset ?? 0);
      }
      if (piece.kind === 'batch') {
        await this.#take(piece.batch, piece);
        continue;
      }
      const { lines } = this.#mapper;
      if (file !== name) firstLine = offset! <= BOM_BYTES ? lines : undefined;
      name = file;
      try {
        const waited = this.#mapper.text(piece.text, { file, offset: offset! });
        if (waited !== undefined) await waited;
      } catch (error) {
        const row = firstLine === undefined ? undefined : lines - firstLine + 1;
        throw this.#placed(error, { file, row, offset: offset! + this.#mapper.rowStart });
      }
    }
    try {
      this.#mapper.end();
    } catch (error) {
      throw error instanceof NoRoom ? error.at(`${this.#name} of ${split.label}`, {}) : error;
    }
  }

  async #take(batch: StoredBatch, { file, row }: PiecePlace): Promise<void> {
    this.#rowsIn += batch.rows;
    try {
      await this.#mapper.batch(batch);
    } catch (error) {
      throw this.#placed(error, { file, row });
    }
  }

  /** An error of the user's function, with where in the input it was. */
  #placed(error: unknown, { file, row: first, offset }: Place): unknown {
    if (error instanceof DataError || error instanceof CombineError) return error;
    const { row } = this.#mapper;
    const details = {
      file,
      ...(first !== undefined && { row: first + row }),
      ...(offset !== undefined && { offset }),
      job: this.#argument.context.job,
      stage: `${this.#argument.stage.name} map`,
    };
    if (error instanceof NoRoom)
      return error.at(`${this.#name} at ${placeOf(details, row)}`, details);
    if (error instanceof SuperstepError && !(error instanceof TaskError)) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new TaskError(
      error instanceof TaskError ? error.code : 'TASK_FAILED',
      `${this.#spec?.name ?? 'job'}: map failed at ${placeOf(details, row)}: ${message}`,
      details,
      { cause: error },
    );
  }
}

/** Where a chunk or a batch lies: the row of its first record, and the byte of the record that is meant, where known. */
interface Place {
  readonly file: string;
  readonly row?: number | undefined;
  readonly offset?: number;
}

/** 'a.txt, row 12,345, byte 112,334'; where rows of a table have no numbers they count from the beginning of the batch. */
function placeOf({ file, row, offset }: Place, rowOfBatch: number): string {
  if (row === undefined && offset === undefined) return `row ${count(rowOfBatch + 1)} of ${file}`;
  const numbered = row === undefined ? '' : `, row ${count(row)}`;
  return `${file}${numbered}${offset === undefined ? '' : `, byte ${count(offset)}`}`;
}

const count = (n: number): string => n.toLocaleString('en');
