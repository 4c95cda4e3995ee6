/** Edges arranged by target: a counting sort over one range of targets.
 *
 * Order of calls: `count` for every chunk of edges, `start`, `place` for every chunk again, in the same order, `write` for pieces of
 * the range. Edges of one target come out in the order they came in.
 */
import { shiftOf } from './edge-spread.ts';
import { type Kernels, outOfMemory } from './kernels.ts';
import { BUCKET_BYTES } from './places.ts';
import { CHUNK_ROWS } from './raw.ts';

/** What arranged edges leave through: taken before the edges, which may take all there is. */
export class ArrangerRoom {
  readonly targets: number;
  readonly counts: number;
  readonly starts: number;
  readonly order: number;
  readonly buckets: number;
  readonly rows: number;
  /** Of `rows` listed targets and edges. */
  readonly some: number;
  readonly someCounts: number;
  readonly edges: number;
  readonly weights: number;
  readonly #kernels: Kernels;
  readonly #taken: number[] = [];

  /** For at most `targets` of them at a time, in pieces of `rows`. @throws LimitError MEMORY */
  constructor(kernels: Kernels, targets: number, rows: number) {
    this.#kernels = kernels;
    this.rows = rows;
    this.targets = this.#take(targets * 4);
    this.counts = this.#take(targets * 4);
    this.starts = this.#take(targets * 4);
    this.order = this.#take(targets * 4);
    this.buckets = this.#take(BUCKET_BYTES);
    this.some = this.#take(rows * 4);
    this.someCounts = this.#take(rows * 4);
    this.edges = this.#take(rows * 4);
    this.weights = this.#take(rows * 8);
  }

  #take(bytes: number): number {
    const pointer = this.#kernels.alloc(bytes);
    if (pointer === 0) {
      this.free();
      throw outOfMemory(bytes, 'arranging edges');
    }
    this.#taken.push(pointer);
    return pointer;
  }

  free(): void {
    for (const pointer of this.#taken.splice(0)) this.#kernels.free(pointer);
  }
}

export class Arranger {
  readonly #kernels: Kernels;
  readonly #low: number;
  readonly #high: number;
  readonly #weightWidth: number;
  readonly #counters: number;
  readonly #state: number;
  #sources = 0;
  #weights = 0;

  /** Targets [low, high); `weightWidth` 0, 4 or 8. @throws LimitError MEMORY */
  constructor(kernels: Kernels, low: number, high: number, weightWidth: number) {
    this.#kernels = kernels;
    this.#low = low;
    this.#high = high;
    this.#weightWidth = weightWidth;
    const n = high - low;
    this.#state = kernels.allocOrThrow(8, 'arranging edges');
    this.#counters = kernels.alloc(n * 4);
    if (this.#counters === 0) {
      kernels.free(this.#state);
      throw outOfMemory(n * 4, 'arranging edges');
    }
    kernels.zero(this.#counters, n * 4);
  }

  count(targets: number, n: number): void {
    for (let from = 0; from < n; from += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, n - from);
      this.#kernels.raw.countTargets(
        targets + from * 4,
        rows,
        this.#low,
        this.#high,
        this.#counters,
      );
    }
  }

  /** @returns the edges in the range, or −1 when there is no memory for them */
  start(): number {
    const kernels = this.#kernels;
    const edges = kernels.raw.startTargets(this.#counters, this.#high - this.#low) >>> 0;
    this.#sources = kernels.alloc(edges * 4);
    if (this.#sources === 0) return -1;
    if (this.#weightWidth > 0) {
      this.#weights = kernels.alloc(edges * this.#weightWidth);
      if (this.#weights === 0) return -1;
    }
    return edges;
  }

  place(sources: number, targets: number, weights: number, n: number): void {
    const width = this.#weightWidth;
    for (let from = 0; from < n; from += CHUNK_ROWS) {
      this.#kernels.raw.placeTargets(
        sources + from * 4,
        targets + from * 4,
        Math.min(CHUNK_ROWS, n - from),
        this.#low,
        this.#high,
        this.#counters,
        this.#sources,
        weights + from * width,
        shiftOf(width),
        this.#weights,
      );
    }
  }

  /** Targets [from, to), which are in the range and have number 0 at `base`: those that have edges, by number of edges, the most
   *  first. `listed` and `sources` are called for pieces of them and of their edges, in this order; what they are given is good
   *  until they return. */
  async write(
    from: number,
    to: number,
    base: number,
    room: ArrangerRoom,
    listed: (targets: number, counts: number, n: number) => Promise<void>,
    sources: (sources: number, weights: number, n: number) => Promise<void>,
  ): Promise<void> {
    const kernels = this.#kernels;
    const { raw } = kernels;
    const { targets, counts, starts, order, some, someCounts, rows } = room;
    const [first, zero] = [from - this.#low, base - this.#low];
    const all = raw.listTargets(this.#counters, first, to - from, zero, targets, counts, starts);
    raw.orderByCount(counts, all, order, room.buckets);
    for (let at = 0; at < all; at += rows) {
      const n = Math.min(rows, all - at);
      const { u32 } = kernels;
      for (let k = 0; k < n; k++) {
        const j = u32[(order >>> 2) + at + k]!;
        u32[(some >>> 2) + k] = u32[(targets >>> 2) + j]!;
        u32[(someCounts >>> 2) + k] = u32[(counts >>> 2) + j]!;
      }
      await listed(some, someCounts, n);
    }
    kernels.zero(this.#state, 8);
    const shift = shiftOf(this.#weightWidth);
    for (;;) {
      const n = raw.takeSources(
        this.#state,
        order,
        all,
        starts,
        counts,
        this.#sources,
        this.#weights,
        shift,
        rows,
        room.edges,
        room.weights,
      );
      if (n === 0) return;
      await sources(room.edges, room.weights, n);
    }
  }

  free(): void {
    for (const pointer of [this.#state, this.#counters, this.#sources, this.#weights]) {
      this.#kernels.free(pointer);
    }
  }
}
