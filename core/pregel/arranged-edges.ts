/** The arranged edges of one partition to others, or of others to one, as the kernels fold along them: in memory if they fit there, otherwise
 * batch by batch.
 *
 * Order of calls: `hold`, once nothing more is needed of the resident: what is needed may drop what is held, and what lies there then is
 * something else; `part` for each pair of partitions.
 * Places of sources have two bytes where their partition has so few vertices: what is read for every superstep is half as much.
 */
import { BATCH_ROWS } from '../batch/columns.ts';
import { NARROW_SOURCES, narrowSources } from '../kernels/messages.ts';
import { type Arranged, rowsOf } from './arranged.ts';
import type { Reading } from './resident.ts';
import { RunReader } from './run-reader.ts';

/** The edges from one partition to another. */
export interface EdgePart {
  /** Of the partition that they leave. */
  readonly arranged: Arranged;
  readonly from: number;
  readonly to: number;
}
/** Addresses of some edges. */
interface Chunk {
  readonly sources: number;
  readonly weights: number;
  readonly rows: number;
}
export interface EdgesBetween {
  /** Places have two bytes, not four. */
  readonly narrow: boolean;
  /** Of each listed target, the number of its edges. */
  readonly counts: number;
  readonly chunks: Iterable<Chunk>;
}
/** A part, and where it lies among all that are held. */
interface Placed extends EdgePart {
  readonly narrow: boolean;
  readonly listed: number;
  readonly edges: number;
  /** Numbers of targets, and bytes. */
  readonly listedAt: number;
  readonly sourcesAt: number;
  readonly weightsAt: number;
}

export class ArrangedEdges {
  readonly #reading: Reading;
  readonly #weightBytes: number;
  /** Of one batch: sources as they are stored, and weights. */
  readonly #chunk: { readonly sources: number; readonly weights: number };
  readonly #counts: number;
  readonly #parts: readonly Placed[];
  /** Of all parts together. */
  readonly #sizes: readonly [counts: number, sources: number, weights: number];
  #held: readonly number[] | undefined;

  /** `weightBytes`: 0, 4 or 8. @throws LimitError MEMORY */
  constructor(reading: Reading, parts: readonly EdgePart[], weightBytes: number) {
    const { resident } = reading;
    const { partitions } = resident.facts.graph;
    this.#reading = reading;
    this.#weightBytes = weightBytes;
    const placed: Placed[] = [];
    let [listedAt, sourcesAt, weightsAt] = [0, 0, 0];
    for (const part of parts) {
      const { arranged, from, to } = part;
      const narrow = partitions[from]!.vertices <= NARROW_SOURCES;
      const [listed, edges] = [rowsOf(arranged.listing, to), rowsOf(arranged.sources, to)];
      placed.push({ ...part, narrow, listed, edges, listedAt, sourcesAt, weightsAt });
      listedAt += listed;
      sourcesAt += Math.ceil((edges * (narrow ? 2 : 4)) / 4) * 4;
      weightsAt += edges * weightBytes;
    }
    this.#parts = placed;
    this.#sizes = [listedAt * 4 + 4, sourcesAt, weightsAt];
    this.#chunk = {
      sources: resident.need('arranged-sources', BATCH_ROWS * 4, 'edges'),
      weights: resident.need('arranged-weights', BATCH_ROWS * 8, 'edges'),
    };
    this.#counts = resident.need('arranged-counts', (this.most + 1) * 4, 'edges');
  }

  /** Targets that are listed in one part, at most. */
  get most(): number {
    return this.#parts.reduce((most, { listed }) => Math.max(most, listed), 0);
  }

  /** Takes them into memory, or finds them there under this name, if there is room. */
  hold(name: string): void {
    const fill = (pointers: readonly number[]): void => this.#fill(pointers);
    this.#held = this.#reading.resident.optional(name, this.#sizes, fill);
  }

  listed(index: number): number {
    return this.#parts[index]!.listed;
  }

  /** Those of part `index`. Streamed ones are good until the next are asked for. */
  part(index: number): EdgesBetween {
    const part = this.#parts[index]!;
    const { narrow, edges, listedAt, sourcesAt, weightsAt } = part;
    if (this.#held === undefined) {
      this.#readCounts(part, this.#counts);
      return { narrow, counts: this.#counts, chunks: this.#streamed(part) };
    }
    const [counts, sources, weights] = this.#held as [number, number, number];
    const chunk = { sources: sources + sourcesAt, weights: weights + weightsAt, rows: edges };
    return { narrow, counts: counts + listedAt * 4, chunks: [chunk] };
  }

  #fill([counts, sources, weights]: readonly number[]): void {
    for (const part of this.#parts) {
      this.#readCounts(part, counts! + part.listedAt * 4);
      const width = part.narrow ? 2 : 4;
      for (const { first, rows, columns } of this.#batches(part)) {
        const at = sources! + part.sourcesAt + first * width;
        this.#readSources(columns[0]!.data, rows, part.narrow, at);
        const met = weights! + part.weightsAt + first * this.#weightBytes;
        this.#readWeights(columns[1]?.data, rows, met);
      }
    }
  }

  *#streamed(part: Placed): Generator<Chunk> {
    const { sources, weights } = this.#chunk;
    for (const { rows, columns } of this.#batches(part)) {
      this.#readSources(columns[0]!.data, rows, part.narrow, sources);
      this.#readWeights(columns[1]?.data, rows, weights);
      yield { sources, weights, rows };
    }
  }

  #batches({ arranged, to }: Placed): RunReader {
    return new RunReader(arranged.sources, to, this.#reading.carrier);
  }

  #readCounts({ arranged, to }: Placed, at: number): void {
    const { resident, carrier } = this.#reading;
    for (const { first, rows, columns } of new RunReader(arranged.listing, to, carrier)) {
      resident.kernels.copyIn(columns[1]!.data.subarray(0, rows * 4), at + first * 4);
    }
  }

  #readSources(data: Uint8Array, rows: number, narrow: boolean, to: number): void {
    const { kernels } = this.#reading.resident;
    const at = narrow ? this.#chunk.sources : to;
    kernels.copyIn(data.subarray(0, rows * 4), at);
    if (narrow) narrowSources(kernels, at, rows, to);
  }

  #readWeights(data: Uint8Array | undefined, rows: number, to: number): void {
    if (data === undefined) return;
    this.#reading.resident.kernels.copyIn(data.subarray(0, rows * this.#weightBytes), to);
  }
}
