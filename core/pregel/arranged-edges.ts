/** The arranged edges of one partition to others, or of others to one, as the kernels fold along them: in memory if they fit there, otherwise
 * batch by batch.
 *
 * Order of calls: `from` or `to`; `hold`, once nothing more is needed of the resident: what is needed may drop what is held, and what lies there then is
 * something else; `part` for each pair of partitions.
 * Places of sources, and numbers of targets, have two bytes where their partition has so few vertices: what is read for every superstep is half
 * as much.
 */
import { BATCH_ROWS } from '../batch/columns.ts';
import { NARROW_NUMBERS, narrowNumbers, type Targets } from '../kernels/messages.ts';
import { type Arranged, rowsOf } from './arranged.ts';
import type { LoadedGraph } from './loaded.ts';
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
  /** Numbers of listed targets, if they are held and asked for. */
  readonly targets: Targets | undefined;
  /** Of each listed target, the number of its edges. */
  readonly counts: number;
  readonly chunks: Iterable<Chunk>;
}
/** A part, and where it lies among all that are held. */
interface Placed extends EdgePart {
  readonly narrow: boolean;
  readonly narrowTargets: boolean;
  readonly listed: number;
  readonly edges: number;
  /** Counts, and bytes. */
  readonly listedAt: number;
  readonly targetsAt: number;
  readonly sourcesAt: number;
  readonly weightsAt: number;
}
interface Layout {
  readonly parts: readonly Placed[];
  /** Targets that are listed in one part, at most. */
  readonly most: number;
  /** Bytes of all parts together. */
  readonly counts: number;
  readonly targets: number;
  readonly sources: number;
  readonly weights: number;
}

const isNarrow = ({ vertices }: LoadedGraph['partitions'][number]): boolean =>
  vertices <= NARROW_NUMBERS;
/** n numbers, up to a multiple of four. */
const bytesOf = (n: number, narrow: boolean): number => Math.ceil((n * (narrow ? 2 : 4)) / 4) * 4;

function layoutOf(
  parts: readonly EdgePart[],
  partitions: LoadedGraph['partitions'],
  weightBytes: number,
): Layout {
  const placed: Placed[] = [];
  let [most, listedAt, targetsAt, sourcesAt, weightsAt] = [0, 0, 0, 0, 0];
  for (const part of parts) {
    const { arranged, from, to } = part;
    const [narrow, narrowTargets] = [isNarrow(partitions[from]!), isNarrow(partitions[to]!)];
    const [listed, edges] = [rowsOf(arranged.listing, to), rowsOf(arranged.sources, to)];
    const sizes = { narrow, narrowTargets, listed, edges };
    placed.push({ ...part, ...sizes, listedAt, targetsAt, sourcesAt, weightsAt });
    most = Math.max(most, listed);
    listedAt += listed;
    targetsAt += bytesOf(listed, narrowTargets);
    sourcesAt += bytesOf(edges, narrow);
    weightsAt += edges * weightBytes;
  }
  return {
    parts: placed,
    most,
    counts: listedAt * 4 + 4,
    targets: targetsAt,
    sources: sourcesAt,
    weights: weightsAt,
  };
}

/** By the arrangement that they are of, and name: asked for in every superstep. */
const layouts = new WeakMap<readonly Arranged[], Map<string, Layout>>();

export class ArrangedEdges {
  readonly #reading: Reading;
  readonly #weightBytes: number;
  /** Of one batch: sources as they are stored, and weights. */
  readonly #chunk: { readonly sources: number; readonly weights: number };
  readonly #counts: number;
  readonly #layout: Layout;
  readonly #name: string;
  readonly #targets: boolean;
  #held: readonly number[] | undefined;

  /** Of a channel, to every partition from one, by who sends. @throws LimitError MEMORY */
  static from(
    reading: Reading,
    channel: 'out' | 'in',
    from: number,
    weightBytes: number,
  ): ArrangedEdges {
    const { facts } = reading.resident;
    const all = facts[channel]!;
    const parts = (): EdgePart[] =>
      facts.graph.partitions.map((_, to) => ({ arranged: all[from]!, from, to }));
    return new ArrangedEdges(reading, `${channel} from ${from}`, all, parts, weightBytes, false);
  }

  /** To one from every partition, by who receives: with targets. @throws LimitError MEMORY */
  static to(
    reading: Reading,
    channel: 'out' | 'in',
    all: readonly Arranged[],
    to: number,
    weightBytes: number,
  ): ArrangedEdges {
    const parts = (): EdgePart[] => all.map((arranged, from) => ({ arranged, from, to }));
    return new ArrangedEdges(reading, `${channel} to ${to}`, all, parts, weightBytes, true);
  }

  /** `weightBytes`: 0, 4 or 8. */
  private constructor(
    reading: Reading,
    name: string,
    all: readonly Arranged[],
    parts: () => readonly EdgePart[],
    weightBytes: number,
    targets: boolean,
  ) {
    const { resident } = reading;
    this.#reading = reading;
    this.#weightBytes = weightBytes;
    // Without weights they are other blocks than with them.
    this.#name = `arranged ${name} ${weightBytes}`;
    this.#targets = targets;
    const known = layouts.get(all) ?? new Map<string, Layout>();
    layouts.set(all, known);
    const { partitions } = resident.facts.graph;
    this.#layout = known.get(this.#name) ?? layoutOf(parts(), partitions, weightBytes);
    known.set(this.#name, this.#layout);
    this.#chunk = {
      sources: resident.need('arranged-sources', BATCH_ROWS * 4, 'edges'),
      weights: resident.need('arranged-weights', BATCH_ROWS * 8, 'edges'),
    };
    this.#counts = resident.need('arranged-counts', (this.most + 1) * 4, 'edges');
  }

  /** Targets that are listed in one part, at most. */
  get most(): number {
    return this.#layout.most;
  }

  /** Takes them into memory, or finds them there, if there is room. */
  hold(): void {
    const { counts, targets, sources, weights } = this.#layout;
    const sizes = [counts, sources, weights, this.#targets ? targets : 0];
    const fill = (pointers: readonly number[]): void => this.#fill(pointers);
    this.#held = this.#reading.resident.optional(this.#name, sizes, fill);
  }

  listed(index: number): number {
    return this.#layout.parts[index]!.listed;
  }

  /** Those of part `index`. Streamed ones are good until the next are asked for. */
  part(index: number): EdgesBetween {
    const part = this.#layout.parts[index]!;
    const { narrow, narrowTargets, edges, listedAt, targetsAt, sourcesAt, weightsAt } = part;
    if (this.#held === undefined) {
      this.#readCounts(part, this.#counts);
      const [counts, chunks] = [this.#counts, this.#streamed(part)];
      return { narrow, targets: undefined, counts, chunks };
    }
    const [counts, sources, weights, targets] = this.#held as [number, number, number, number];
    const chunk = { sources: sources + sourcesAt, weights: weights + weightsAt, rows: edges };
    const at = { at: targets + targetsAt, narrow: narrowTargets };
    const listed = this.#targets ? at : undefined;
    return { narrow, targets: listed, counts: counts + listedAt * 4, chunks: [chunk] };
  }

  #fill([counts, sources, weights, targets]: readonly number[]): void {
    for (const part of this.#layout.parts) {
      const numbersAt = this.#targets ? targets! + part.targetsAt : undefined;
      this.#readCounts(part, counts! + part.listedAt * 4, numbersAt);
      const width = part.narrow ? 2 : 4;
      for (const { first, rows, columns } of this.#batches(part)) {
        const at = sources! + part.sourcesAt + first * width;
        this.#readNumbers(columns[0]!.data, rows, part.narrow, at);
        const met = weights! + part.weightsAt + first * this.#weightBytes;
        this.#readWeights(columns[1]?.data, rows, met);
      }
    }
  }

  *#streamed(part: Placed): Generator<Chunk> {
    const { sources, weights } = this.#chunk;
    for (const { rows, columns } of this.#batches(part)) {
      this.#readNumbers(columns[0]!.data, rows, part.narrow, sources);
      this.#readWeights(columns[1]?.data, rows, weights);
      yield { sources, weights, rows };
    }
  }

  #batches({ arranged, to }: Placed): RunReader {
    return new RunReader(arranged.sources, to, this.#reading.carrier);
  }

  #readCounts({ arranged, to, narrowTargets }: Placed, at: number, targets?: number): void {
    const { resident, carrier } = this.#reading;
    for (const { first, rows, columns } of new RunReader(arranged.listing, to, carrier)) {
      resident.kernels.copyIn(columns[1]!.data.subarray(0, rows * 4), at + first * 4);
      if (targets === undefined) continue;
      const width = narrowTargets ? 2 : 4;
      this.#readNumbers(columns[0]!.data, rows, narrowTargets, targets + first * width);
    }
  }

  #readNumbers(data: Uint8Array, rows: number, narrow: boolean, to: number): void {
    const { kernels } = this.#reading.resident;
    const at = narrow ? this.#chunk.sources : to;
    kernels.copyIn(data.subarray(0, rows * 4), at);
    if (narrow) narrowNumbers(kernels, at, rows, to);
  }

  #readWeights(data: Uint8Array | undefined, rows: number, to: number): void {
    if (data === undefined) return;
    this.#reading.resident.kernels.copyIn(data.subarray(0, rows * this.#weightBytes), to);
  }
}
