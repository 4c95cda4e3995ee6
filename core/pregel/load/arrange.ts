/** Arranges the edges of a partition, band after band, in a worker: sorted by source and target, equal ones as they arrived, perhaps the first of
 * these alone; and counts the edges of each vertex.
 *
 * For in-edges the same: their "source" is the vertex that they point to.
 */
import type { WorkerContext } from '../../exec/executor.ts';
import type { KeyBits } from '../../kernels/radix.ts';
import { Unpacker, WINDOW } from '../../kernels/unpack.ts';
import { carrierOf } from '../../mapreduce/carriers.ts';
import { hardened } from '../../mapreduce/hard-memory.ts';
import { measure } from '../../mapreduce/measure.ts';
import type { Carrier } from '../../shuffle/carrier.ts';
import type { RunWriter } from '../../shuffle/run-writer.ts';
import { BLOCK_ROWS } from '../../store/merge.ts';
import { Gathered } from './gathered.ts';
import { JoinedRun, partOf, runWriter } from './run-parts.ts';
import { type SortedBlock, SortedRows } from './sorted-rows.ts';
import { type ArrangeArgument, type Arranged, type Band, spreadFields } from './tasks.ts';

/** What alignment adds to a run of few batches. */
const HINT_BYTES = 4096;

export async function runArrange(
  argument: ArrangeArgument,
  given: WorkerContext,
): Promise<Arranged> {
  const worker = hardened(argument.context, given);
  const measured = measure();
  const { context, fields, bands, degreeFields } = argument;
  const place = { context, worker };
  const carrier = carrierOf(context, worker);
  const batches = bands.flatMap(({ rows }) => rows.slices.flatMap(slice => slice.batches));
  // A target is half of a key.
  const hint = batches.reduce((sum, { rows, bytes }) => sum + bytes - 4 * rows, HINT_BYTES);
  const vertices = bands.reduce((sum, band) => sum + band.vertices, 0);
  const edges = new JoinedRun(place, 'edges', fields, hint);
  const degrees = runWriter(place, 'degrees', degreeFields, 1, 4 * vertices);
  const made = { loops: 0, spilledBytes: 0 };
  try {
    for (const band of bands) {
      worker.kernels().reset();
      const { loops, spilledBytes } = await arrangeBand({
        argument,
        worker,
        carrier,
        edges,
        degrees,
        band,
      });
      made.loops += loops;
      made.spilledBytes += spilledBytes;
    }
    return {
      edges: await edges.finish(),
      degrees: partOf(degrees),
      ...made,
      ...(await measured()),
    };
  } catch (error) {
    edges.abort();
    degrees.abort();
    throw error;
  } finally {
    carrier.close();
  }
}

interface BandDesk {
  readonly argument: ArrangeArgument;
  readonly worker: WorkerContext;
  readonly carrier: Carrier;
  readonly edges: JoinedRun;
  readonly degrees: RunWriter;
  readonly band: Band;
}

async function arrangeBand(desk: BandDesk): Promise<Pick<Arranged, 'loops' | 'spilledBytes'>> {
  const { argument, worker, carrier, band } = desk;
  const { context, partition, vertexCount, edge } = argument;
  const sorted = new SortedRows({
    context,
    worker,
    carrier,
    rows: band.rows,
    fields: spreadFields(edge),
    bits: keyBits(band.vertices, vertexCount),
    name: `edges-${band.base}-chunk`,
    partition,
  });
  try {
    // First: sorting takes what memory there is.
    const arranger = new Arranger(desk);
    await sorted.prepare();
    for (let block = sorted.next(); block !== undefined; block = sorted.next()) {
      await arranger.take(block);
      worker.heapCheck();
    }
    return { loops: await arranger.end(), spilledBytes: sorted.spilledBytes };
  } finally {
    sorted.close();
  }
}

/** Of numbers below n. */
const bitsOf = (n: number): number => (n <= 1 ? 0 : 32 - Math.clz32(n - 1));

/** Bits of the number of a vertex in its partition, and of a rank. */
export function keyBits(vertices: number, vertexCount: number): KeyBits {
  return { high: bitsOf(vertices), low: bitsOf(vertexCount) };
}

class Arranger {
  readonly #vertices: number;
  readonly #unpacker: Unpacker;
  readonly #values: Gathered;
  readonly #valued: boolean;
  readonly #worker: WorkerContext;
  readonly #edges: JoinedRun;
  readonly #degrees: RunWriter;

  constructor({ argument, worker, edges, degrees, band }: BandDesk) {
    const { edge, dropDuplicates } = argument;
    const kernels = worker.kernels();
    const values = spreadFields(edge).slice(1);
    this.#vertices = band.vertices;
    this.#worker = worker;
    this.#unpacker = new Unpacker(kernels, BLOCK_ROWS, band.base, dropDuplicates);
    this.#values = new Gathered(kernels, values);
    this.#valued = values.length > 0;
    this.#edges = edges;
    this.#degrees = degrees;
  }

  async take({ rows, keys, inputs, places, tables }: SortedBlock): Promise<void> {
    const unpacker = this.#unpacker;
    unpacker.begin(this.#valued ? inputs : 0, this.#valued ? places : 0);
    for (let from = 0; from < rows; ) {
      from = unpacker.take(keys, from, rows);
      if (from < rows) await this.#writeDegrees();
    }
    const { kept } = unpacker;
    for (let from = 0; from < kept; ) {
      const [own, of] = [unpacker.inputs + 4 * from, unpacker.rows + 4 * from];
      const n = this.#valued ? this.#values.gather(tables, own, of, kept - from) : kept - from;
      const { u8 } = this.#worker.kernels();
      const targets = unpacker.targets + 4 * from;
      const columns = this.#valued ? this.#values.columns() : [];
      const batch = {
        rows: n,
        columns: [{ data: u8.subarray(targets, targets + 4 * n) }, ...columns],
      };
      await this.#edges.room(batch);
      this.#edges.add(batch);
      from += n;
    }
  }

  /** Returns the self-loops. */
  async end(): Promise<number> {
    while (this.#unpacker.first < this.#vertices) await this.#writeDegrees();
    return this.#unpacker.loops;
  }

  async #writeDegrees(): Promise<void> {
    const n = Math.min(WINDOW, this.#vertices - this.#unpacker.first);
    const batch = { rows: n, columns: [{ data: this.#unpacker.degrees(n) }] };
    await this.#degrees.reserve(batch);
    this.#degrees.write(0, batch);
    this.#unpacker.next();
  }
}
