/** A task: the edges of one partition arranged by target (arranged.ts says how they lie then).
 *
 *   edges, by source ──▶ spread over ranges of targets: a run of this task's own ──▶ range after range, a counting sort over its targets
 *
 * Afterwards every superstep folds along them in a kernel. That the targets of a range fit in a cache is why it is done in two steps. A range
 * whose edges do not fit in memory is sorted in parts, with its edges read again for each.
 */
import { join } from 'node:path';
import { BATCH_ROWS, type StoredBatch, type StoredColumn } from '../batch/columns.ts';
import { LimitError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { Arranger, ArrangerRoom } from '../kernels/arrange.ts';
import { EdgeSpreader } from '../kernels/edge-spread.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { widthOf } from '../kernels/messages.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import type { JobContext } from '../mapreduce/stage.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { discard } from '../store/file.ts';
import type { Run } from '../store/run.ts';
import { type Arranged, LISTED, sourceFields, spreadFields } from './arranged.ts';
import type { GraphPart } from './parts.ts';
import { degreesOf, edgesOf, placesOf } from './parts.ts';
import { Resident } from './resident.ts';
import { type Weight, weightsAs } from './weights.ts';
import { RunReader } from './run-reader.ts';
import { TaskArena } from './task-arena.ts';
import type { Holding } from './tasks.ts';

export interface ArrangeArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  readonly channel: 'out' | 'in';
  /** The edge column that messages meet, by its place in an edge run, and what it becomes. */
  readonly weight?: Weight | undefined;
}

export interface ArrangeResult extends Holding {
  readonly arranged: Arranged;
  readonly spilledBytes: number;
}

export async function runArrange(
  argument: ArrangeArgument,
  worker: WorkerContext,
): Promise<ArrangeResult> {
  const { context, part, channel, weight } = argument;
  const resident = Resident.of(worker, part, context);
  const { graph } = resident.facts;
  const carrier = carrierOf(context, worker);
  const { edges } = edgesOf(resident, part.partition, channel);
  const width = weight === undefined ? 0 : widthOf(weight.to);
  const bits = rangeBits(graph.vertexCount);
  const ranges = Math.ceil(graph.vertexCount / 2 ** bits);
  const spreading = new TaskArena(worker, edges * (8 + width));
  const keeping = new TaskArena(worker, edges * (4 + width));
  const writer = (name: string, fields: RunWriter['fields'], arena: TaskArena): RunWriter =>
    new RunWriter({
      fields,
      partitions: arena === spreading ? ranges : graph.partitions.length,
      segment: join(context.temp, `${worker.attempt}-${name}.parquet`),
      arena,
    });
  const spread = writer('spread', spreadFields(weight?.to), spreading);
  const listing = writer('listing', LISTED, keeping);
  const sources = writer('sources', sourceFields(weight?.to), keeping);
  const writers = { spread, listing, sources };
  const arranging = new Arranging(argument, resident, carrier, writers, worker, bits);
  try {
    await arranging.run(channel);
    worker.giveBack(await spreading.finish());
    return {
      arranged: { listing: listing.finish(), sources: sources.finish() },
      ranges: await keeping.finish(),
      spilledBytes: spread.spilledBytes + listing.spilledBytes + sources.spilledBytes,
    };
  } catch (error) {
    for (const each of Object.values(writers)) each.abort();
    throw error;
  } finally {
    arranging.free();
    carrier.close();
  }
}

interface Writers {
  readonly spread: RunWriter;
  readonly listing: RunWriter;
  readonly sources: RunWriter;
}

/** Targets that are sorted at once, as a power of two: counters and the lines they point at then fit in a second-level cache. */
const RANGE_BITS = 15;
/** No more ranges than this: each has a buffer. */
const MAX_RANGES = 256;

function rangeBits(vertices: number): number {
  let bits = RANGE_BITS;
  while (Math.ceil(vertices / 2 ** bits) > MAX_RANGES) bits++;
  return bits;
}

/** Addresses of a batch of edges. */
interface Chunk {
  /** Places. */
  readonly sources: number;
  readonly targets: number;
  readonly weights: number;
}

class Arranging {
  readonly #argument: ArrangeArgument;
  readonly #resident: Resident;
  readonly #kernels: Kernels;
  readonly #carrier: ReturnType<typeof carrierOf>;
  readonly #writers: Writers;
  readonly #worker: WorkerContext;
  readonly #width: number;
  readonly #bits: number;
  readonly #chunk: Chunk;

  constructor(
    argument: ArrangeArgument,
    resident: Resident,
    carrier: ReturnType<typeof carrierOf>,
    writers: Writers,
    worker: WorkerContext,
    bits: number,
  ) {
    this.#argument = argument;
    this.#bits = bits;
    this.#resident = resident;
    this.#kernels = resident.kernels;
    this.#carrier = carrier;
    this.#writers = writers;
    this.#worker = worker;
    this.#width = argument.weight === undefined ? 0 : widthOf(argument.weight.to);
    const room = (bytes: number): number => this.#kernels.allocOrThrow(bytes, 'arranging edges');
    this.#chunk = {
      sources: room(BATCH_ROWS * 4),
      targets: room(BATCH_ROWS * 4),
      weights: room(BATCH_ROWS * 8),
    };
  }

  free(): void {
    for (const at of Object.values(this.#chunk)) this.#kernels.free(at as number);
  }

  async run(channel: 'out' | 'in'): Promise<void> {
    const { partition } = this.#argument.part;
    if (edgesOf(this.#resident, partition, channel).edges === 0) return;
    const spread = await this.#spread(channel);
    const room = new ArrangerRoom(this.#kernels, 2 ** this.#bits, BATCH_ROWS);
    try {
      for (const i of spread.partitions.keys()) {
        await this.#arrange(new RunReader(spread, i, this.#carrier), i, room);
      }
    } finally {
      room.free();
    }
    this.#carrier.close();
    if (spread.segment !== undefined) discard(spread.segment);
  }

  /** The edges by the range of their target, each with the place of its source. */
  async #spread(channel: 'out' | 'in'): Promise<Run> {
    const { part, weight } = this.#argument;
    const { partition } = part;
    const { targets, weights } = this.#chunk;
    const { graph } = this.#resident.facts;
    const degrees = degreesOf(this.#resident, this.#carrier, partition, channel);
    const places = placesOf(this.#resident, this.#carrier, partition, channel);
    const { edgeRun } = edgesOf(this.#resident, partition, channel);
    const spreader = new EdgeSpreader(this.#kernels, graph.vertexCount, this.#bits, this.#width);
    try {
      spreader.begin(degrees);
      for (const { rows, columns } of new RunReader(edgeRun, 0, this.#carrier)) {
        this.#kernels.copyIn(columns[0]!.data.subarray(0, rows * 4), targets);
        if (weight !== undefined) {
          this.#kernels.copyIn(weightsAs(columns[weight.column]!, rows, weight), weights);
        }
        for (let from = 0; from < rows; ) {
          const [some, met] = [targets + from * 4, weights + from * this.#width];
          from += spreader.take(degrees, places, some, met, rows - from);
          if (from === rows) break;
          const next = this.#kernels.u32[(targets >>> 2) + from]!;
          await this.#leave(spreader, spreader.rangeOf(next));
        }
        this.#worker.heapCheck();
      }
      for (let i = 0; i < spreader.ranges; i++) await this.#leave(spreader, i);
    } finally {
      spreader.free();
    }
    return this.#writers.spread.finish();
  }

  async #leave(spreader: EdgeSpreader, range: number): Promise<void> {
    const rows = spreader.rowsOf(range);
    if (rows === 0) return;
    const { spread } = this.#writers;
    const batch = { rows, columns: spreader.columns(range) };
    await spread.reserve(batch);
    spread.write(range, batch);
    spreader.empty(range);
  }

  async #arrange(edges: RunReader, range: number, room: ArrangerRoom): Promise<void> {
    const { vertexCount } = this.#resident.facts.graph;
    const end = Math.min(vertexCount, (range + 1) * 2 ** this.#bits);
    let width = 2 ** this.#bits;
    for (let low = range * width; low < end && edges.rows > 0; ) {
      const high = Math.min(end, low + width);
      const arranger = this.#sorted(edges, low, high);
      if (arranger === undefined) {
        if (width === 1) throw hub(this.#argument.part.partition);
        width = Math.ceil(width / 2);
        continue;
      }
      try {
        await this.#write(arranger, low, high, room);
      } finally {
        arranger.free();
      }
      low = high;
    }
  }

  /** Undefined: there is no memory for so many targets. */
  #sorted(edges: RunReader, low: number, high: number): Arranger | undefined {
    let arranger: Arranger;
    try {
      arranger = new Arranger(this.#kernels, low, high, this.#width);
    } catch (error) {
      if (error instanceof LimitError) return undefined;
      throw error;
    }
    const { sources, targets, weights } = this.#chunk;
    for (const { rows, columns } of edges) {
      this.#kernels.copyIn(columns[1]!.data, targets);
      arranger.count(targets, rows);
    }
    if (arranger.start() < 0) {
      arranger.free();
      return undefined;
    }
    for (const { rows, columns } of edges) {
      this.#kernels.copyIn(columns[0]!.data, sources);
      this.#kernels.copyIn(columns[1]!.data, targets);
      if (columns.length > 2) this.#kernels.copyIn(columns[2]!.data, weights);
      arranger.place(sources, targets, weights, rows);
      this.#worker.heapCheck();
    }
    return arranger;
  }

  /** What is arranged, partition by partition. */
  async #write(arranger: Arranger, low: number, high: number, room: ArrangerRoom): Promise<void> {
    const { partitions } = this.#resident.facts.graph;
    const { listing, sources } = this.#writers;
    const kernels = this.#kernels;
    const column = (pointer: number, bytes: number): StoredColumn => ({
      data: kernels.u8.subarray(pointer, pointer + bytes),
    });
    for (const [q, { base, vertices }] of partitions.entries()) {
      const [from, to] = [Math.max(low, base), Math.min(high, base + vertices)];
      if (from >= to) continue;
      await arranger.write(
        from,
        to,
        base,
        room,
        (targets, counts, rows) => {
          const columns = [column(targets, rows * 4), column(counts, rows * 4)];
          return put(listing, q, { rows, columns });
        },
        (at, weights, rows) => {
          const met = this.#width === 0 ? [] : [column(weights, rows * this.#width)];
          return put(sources, q, { rows, columns: [column(at, rows * 4), ...met] });
        },
      );
    }
  }
}

async function put(writer: RunWriter, partition: number, batch: StoredBatch): Promise<void> {
  // Waiting does not touch kernels.
  await writer.reserve(batch);
  writer.write(partition, batch);
}

function hub(partition: number): LimitError {
  return new LimitError(
    'MEMORY',
    `the edges of partition ${partition} to one vertex do not fit in memory`,
    {
      remedy: 'Raise --memory, or lower --workers.',
    },
  );
}
