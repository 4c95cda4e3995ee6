/** The arranged edges of a partition, as the kernels fold along them: in memory if they fit there, otherwise batch by batch.
 *
 * Order of calls: `hold`, once nothing more is needed of the resident: what is needed may drop what is held, and what lies there then is
 * something else; `to` for each partition.
 * Places of sources have two bytes where the partition has so few vertices: what is read for every superstep is half as much.
 */
import { BATCH_ROWS } from '../batch/columns.ts';
import { NARROW_SOURCES, narrowSources } from '../kernels/messages.ts';
import { type Arranged, rowsOf } from './arranged.ts';
import type { Reading } from './resident.ts';
import { RunReader } from './run-reader.ts';

/** Addresses of some edges. */
interface Chunk {
  readonly sources: number;
  readonly weights: number;
  readonly rows: number;
}
export interface EdgesTo {
  /** Of each listed target, the number of its edges. */
  readonly counts: number;
  readonly chunks: Iterable<Chunk>;
}

export class ArrangedEdges {
  /** Places have two bytes, not four. */
  readonly narrow: boolean;
  /** Listed targets, by partition. */
  readonly listed: readonly number[];
  readonly #reading: Reading;
  readonly #arranged: Arranged;
  readonly #weightBytes: number;
  /** Of one batch: sources as they are stored, and weights. */
  readonly #chunk: { readonly sources: number; readonly weights: number };
  readonly #counts: number;
  /** What is listed before each partition, and its edges; with all of them at the end. */
  readonly #starts: readonly (readonly [listed: number, edges: number])[];
  #held: readonly number[] | undefined;
  readonly #name: string;

  /** `weightBytes`: 0, 4 or 8. @throws LimitError MEMORY */
  constructor(
    reading: Reading,
    partition: number,
    channel: 'out' | 'in',
    arranged: Arranged,
    weightBytes: number,
  ) {
    const { resident } = reading;
    this.narrow = resident.facts.graph.partitions[partition]!.vertices <= NARROW_SOURCES;
    this.#reading = reading;
    this.#arranged = arranged;
    this.#weightBytes = weightBytes;
    const parts = arranged.listing.partitions.length;
    this.listed = Array.from({ length: parts }, (_, q) => rowsOf(arranged.listing, q));
    const starts: [number, number][] = [[0, 0]];
    for (const [q, n] of this.listed.entries()) {
      const [listed, edges] = starts.at(-1)!;
      starts.push([listed + n, edges + rowsOf(arranged.sources, q)]);
    }
    this.#starts = starts;
    this.#chunk = {
      sources: resident.need('arranged-sources', BATCH_ROWS * 4, 'edges'),
      weights: resident.need('arranged-weights', BATCH_ROWS * 8, 'edges'),
    };
    const most = Math.max(...this.listed);
    this.#counts = resident.need('arranged-counts', (most + 1) * 4, 'edges');
    this.#name = `arranged ${channel} ${partition}`;
  }

  /** Takes them into memory, or finds them there, if there is room. */
  hold(): void {
    const [listed, edges] = this.#starts.at(-1)!;
    this.#held = this.#reading.resident.optional(
      this.#name,
      [listed * 4 + 4, edges * this.#sourceBytes, edges * this.#weightBytes],
      pointers => this.#fill(pointers),
    );
  }

  get #sourceBytes(): number {
    return this.narrow ? 2 : 4;
  }

  /** Those to one partition. Streamed ones are good until the next are asked for. */
  to(partition: number): EdgesTo {
    if (this.#held === undefined) {
      this.#readCounts(partition, this.#counts);
      return { counts: this.#counts, chunks: this.#streamed(partition) };
    }
    const [counts, sources, weights] = this.#held as [number, number, number];
    const [listed, edges] = this.#starts[partition]!;
    const chunk = {
      sources: sources + edges * this.#sourceBytes,
      weights: weights + edges * this.#weightBytes,
      rows: this.#starts[partition + 1]![1] - edges,
    };
    return { counts: counts + listed * 4, chunks: [chunk] };
  }

  #fill([counts, sources, weights]: readonly number[]): void {
    for (const q of this.listed.keys()) {
      const [listed, edges] = this.#starts[q]!;
      this.#readCounts(q, counts! + listed * 4);
      for (const { first, rows, columns } of this.#batches(q)) {
        const at = edges + first;
        this.#readSources(columns[0]!.data, rows, sources! + at * this.#sourceBytes);
        this.#readWeights(columns[1]?.data, rows, weights! + at * this.#weightBytes);
      }
    }
  }

  *#streamed(partition: number): Generator<Chunk> {
    const { sources, weights } = this.#chunk;
    for (const { rows, columns } of this.#batches(partition)) {
      this.#readSources(columns[0]!.data, rows, sources);
      this.#readWeights(columns[1]?.data, rows, weights);
      yield { sources, weights, rows };
    }
  }

  #batches(partition: number): RunReader {
    return new RunReader(this.#arranged.sources, partition, this.#reading.carrier);
  }

  #readCounts(partition: number, to: number): void {
    const { resident, carrier } = this.#reading;
    for (const { first, rows, columns } of new RunReader(
      this.#arranged.listing,
      partition,
      carrier,
    )) {
      resident.kernels.copyIn(columns[1]!.data.subarray(0, rows * 4), to + first * 4);
    }
  }

  #readSources(data: Uint8Array, rows: number, to: number): void {
    const { kernels } = this.#reading.resident;
    const at = this.narrow ? this.#chunk.sources : to;
    kernels.copyIn(data.subarray(0, rows * 4), at);
    if (this.narrow) narrowSources(kernels, at, rows, to);
  }

  #readWeights(data: Uint8Array | undefined, rows: number, to: number): void {
    if (data === undefined) return;
    this.#reading.resident.kernels.copyIn(data.subarray(0, rows * this.#weightBytes), to);
  }
}
