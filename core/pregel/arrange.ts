/** A task: the edges of one partition arranged by target (arranged.ts says how they lie then).
 *
 * A counting sort over the targets, all of them at once if memory allows, otherwise range after range, with the edges
 * read again for each. Afterwards every superstep folds along them in a kernel.
 */
import { join } from 'node:path';
import { BATCH_ROWS, type StoredColumn } from '../batch/columns.ts';
import { LimitError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { Arranger, ArrangerRoom } from '../kernels/arrange.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { widthOf } from '../kernels/messages.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import type { JobContext } from '../mapreduce/stage.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { type Arranged, LISTED, sourceFields } from './arranged.ts';
import type { GraphPart } from './parts.ts';
import { degreesOf, edgesOf } from './parts.ts';
import { Resident } from './resident.ts';
import { type Weight, weightsAs } from './weights.ts';
import { RunReader } from './run-reader.ts';
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
  const writer = (name: string, fields: RunWriter['fields']): RunWriter =>
    new RunWriter({
      fields,
      partitions: graph.partitions.length,
      segment: join(context.temp, `${worker.attempt}-${name}.parquet`),
      arena: worker,
    });
  const listing = writer('listing', LISTED);
  const sources = writer('sources', sourceFields(weight?.to));
  const arranging = new Arranging(argument, resident, carrier, listing, sources, worker);
  try {
    await arranging.run(channel);
    return {
      arranged: { listing: listing.finish(), sources: sources.finish() },
      ranges: [...listing.ranges, ...sources.ranges],
      spilledBytes: listing.spilledBytes + sources.spilledBytes,
    };
  } catch (error) {
    listing.abort();
    sources.abort();
    throw error;
  } finally {
    arranging.free();
    carrier.close();
  }
}

class Arranging {
  readonly #argument: ArrangeArgument;
  readonly #resident: Resident;
  readonly #kernels: Kernels;
  readonly #carrier: ReturnType<typeof carrierOf>;
  readonly #listing: RunWriter;
  readonly #sources: RunWriter;
  readonly #worker: WorkerContext;
  readonly #room: ArrangerRoom;
  /** Targets and weights of one batch. */
  readonly #chunk: { readonly targets: number; readonly weights: number };

  constructor(
    argument: ArrangeArgument,
    resident: Resident,
    carrier: ReturnType<typeof carrierOf>,
    listing: RunWriter,
    sources: RunWriter,
    worker: WorkerContext,
  ) {
    this.#argument = argument;
    this.#resident = resident;
    this.#kernels = resident.kernels;
    this.#carrier = carrier;
    this.#listing = listing;
    this.#sources = sources;
    this.#worker = worker;
    const room = (bytes: number): number => this.#kernels.allocOrThrow(bytes, 'arranging edges');
    const { partitions } = resident.facts.graph;
    const most = Math.max(...partitions.map(({ vertices }) => vertices));
    this.#room = new ArrangerRoom(this.#kernels, most, BATCH_ROWS);
    this.#chunk = { targets: room(BATCH_ROWS * 4), weights: room(BATCH_ROWS * 8) };
  }

  free(): void {
    const { targets, weights } = this.#chunk;
    for (const at of [targets, weights]) this.#kernels.free(at);
    this.#room.free();
  }

  async run(channel: 'out' | 'in'): Promise<void> {
    const { partition } = this.#argument.part;
    const { graph } = this.#resident.facts;
    const degrees = degreesOf(this.#resident, this.#carrier, partition, channel);
    if (edgesOf(this.#resident, partition, channel).edges === 0) return;
    let width = graph.vertexCount;
    for (let low = 0; low < graph.vertexCount; ) {
      const high = Math.min(graph.vertexCount, low + width);
      const arranger = this.#arrange(low, high, degrees);
      if (arranger === undefined) {
        if (width === 1) throw hub(partition);
        width = Math.ceil(width / 2);
        continue;
      }
      try {
        await this.#write(arranger, low, high);
      } finally {
        arranger.free();
      }
      low = high;
    }
  }

  /** Undefined: there is no memory for so many targets. */
  #arrange(low: number, high: number, degrees: number): Arranger | undefined {
    const { weight } = this.#argument;
    let arranger: Arranger;
    try {
      const bytes = weight === undefined ? 0 : widthOf(weight.to);
      arranger = new Arranger(this.#kernels, low, high, bytes);
    } catch (error) {
      if (error instanceof LimitError) return undefined;
      throw error;
    }
    for (const rows of this.#chunks()) arranger.count(this.#chunk.targets, rows);
    if (arranger.start(degrees) < 0) {
      arranger.free();
      return undefined;
    }
    for (const rows of this.#chunks()) {
      arranger.place(degrees, this.#chunk.targets, this.#chunk.weights, rows);
      this.#worker.heapCheck();
    }
    return arranger;
  }

  /** The edges, batch by batch, in kernel memory; gives the number of each. */
  *#chunks(): Generator<number> {
    const { part, channel, weight } = this.#argument;
    const { edgeRun } = edgesOf(this.#resident, part.partition, channel);
    for (const { rows, columns } of new RunReader(edgeRun, 0, this.#carrier)) {
      this.#kernels.copyIn(columns[0]!.data.subarray(0, rows * 4), this.#chunk.targets);
      if (weight !== undefined) {
        this.#kernels.copyIn(weightsAs(columns[weight.column]!, rows, weight), this.#chunk.weights);
      }
      yield rows;
    }
  }

  /** What is arranged, partition by partition. */
  async #write(arranger: Arranger, low: number, high: number): Promise<void> {
    const { partitions } = this.#resident.facts.graph;
    const { weight } = this.#argument;
    const kernels = this.#kernels;
    const column = (pointer: number, bytes: number): StoredColumn => ({
      data: kernels.u8.subarray(pointer, pointer + bytes),
    });
    for (const [q, { base, vertices }] of partitions.entries()) {
      const [from, to] = [Math.max(low, base), Math.min(high, base + vertices)];
      if (from >= to) continue;
      const listed = async (targets: number, counts: number, rows: number): Promise<void> => {
        const batch = { rows, columns: [column(targets, rows * 4), column(counts, rows * 4)] };
        await this.#listing.reserve(batch);
        this.#listing.write(q, batch);
      };
      const sources = async (at: number, weights: number, rows: number): Promise<void> => {
        const met = weight === undefined ? [] : [column(weights, rows * widthOf(weight.to))];
        const batch = { rows, columns: [column(at, rows * 4), ...met] };
        await this.#sources.reserve(batch);
        this.#sources.write(q, batch);
      };
      await arranger.write(from, to, base, this.#room, listed, sources);
    }
  }
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
