/** Edges that lie by source, arranged by target: a counting sort over one range of targets.
 *
 * Order of calls: `count` for every chunk of edges, `start`, `place` for every chunk again, in the same order, `list` for as many
 * targets at a time as there is room for. Edges of one target come out in the order they came in: ascending by source.
 */
import { type Kernels, outOfMemory } from './kernels.ts';
import { CHUNK_ROWS } from './raw.ts';

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

  /** @returns the edges in the range, or −1 when there is no memory for them. `degrees` of the first source. */
  start(degrees: number): number {
    const kernels = this.#kernels;
    const edges = kernels.raw.startTargets(this.#counters, this.#high - this.#low) >>> 0;
    this.#sources = kernels.alloc(edges * 4);
    if (this.#sources === 0) return -1;
    if (this.#weightWidth > 0) {
      this.#weights = kernels.alloc(edges * this.#weightWidth);
      if (this.#weights === 0) return -1;
    }
    const { u32 } = kernels;
    u32[this.#state >>> 2] = 0;
    u32[(this.#state >>> 2) + 1] = u32[degrees >>> 2]!;
    return edges;
  }

  place(degrees: number, targets: number, weights: number, n: number): void {
    const width = this.#weightWidth;
    const shift = width === 0 ? 0 : width === 4 ? 2 : 3;
    for (let from = 0; from < n; from += CHUNK_ROWS) {
      this.#kernels.raw.placeTargets(
        this.#state,
        degrees,
        targets + from * 4,
        Math.min(CHUNK_ROWS, n - from),
        this.#low,
        this.#high,
        this.#counters,
        this.#sources,
        weights + from * width,
        shift,
        this.#weights,
      );
    }
  }

  /** Of n targets, `first` of the range on: those that have edges, less `base`, and how many each has. @returns how many are listed */
  list(first: number, n: number, base: number, targetsOut: number, countsOut: number): number {
    return this.#kernels.raw.listTargets(
      this.#counters,
      first,
      n,
      base - this.#low,
      targetsOut,
      countsOut,
    );
  }

  /** Where the sources lie, and the weights. */
  get sources(): number {
    return this.#sources;
  }
  get weights(): number {
    return this.#weights;
  }

  free(): void {
    for (const pointer of [this.#state, this.#counters, this.#sources, this.#weights]) {
      this.#kernels.free(pointer);
    }
  }
}
