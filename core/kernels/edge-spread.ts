/** Edges that lie by source, spread over ranges of their targets: a buffer for each range, which leaves when it is full.
 *
 * Order of calls: `begin`; for each chunk of edges `take` until all of it is taken, and whenever it takes fewer than it was given, `columns` of
 * the range of the next one, which then is `empty`; at the end of all that have rows. Edges of a range leave in the order they came in.
 */
import { BATCH_ROWS, type StoredColumn } from '../batch/columns.ts';
import { type Kernels, outOfMemory } from './kernels.ts';

/** Fewer rows make batches that are not worth their place in a list. */
const LEAST_ROWS = 256;
/** All buffers together take no more, if they need not. */
const MOST_BYTES = 4 * 2 ** 20;
const STATE_BYTES = 8;

export class EdgeSpreader {
  readonly ranges: number;
  readonly #kernels: Kernels;
  readonly #bits: number;
  readonly #shift: number;
  readonly #rows: number;
  readonly #stride: number;
  readonly #state: number;
  readonly #filled: number;
  readonly #area: number;

  /** Targets below `beyond`, 2 ** bits to a range; `weightWidth` 0, 4 or 8; `atMost` rows of a buffer, even. @throws LimitError MEMORY */
  constructor(
    kernels: Kernels,
    beyond: number,
    bits: number,
    weightWidth: number,
    atMost = BATCH_ROWS,
  ) {
    this.ranges = Math.ceil(beyond / 2 ** bits);
    this.#kernels = kernels;
    this.#bits = bits;
    this.#shift = shiftOf(weightWidth);
    this.#state = kernels.allocOrThrow(STATE_BYTES + 4 * this.ranges, 'arranging edges');
    this.#filled = this.#state + STATE_BYTES;
    const rowBytes = 8 + weightWidth;
    const worth = Math.max(LEAST_ROWS, MOST_BYTES / rowBytes / this.ranges);
    // Even, so that weights of 8 bytes begin where such a number may.
    let rows = Math.floor(Math.min(atMost, worth) / 2) * 2;
    let area = kernels.alloc(rows * rowBytes * this.ranges);
    while (area === 0 && rows > LEAST_ROWS) {
      rows = Math.max(LEAST_ROWS, Math.floor(rows / 4) * 2);
      area = kernels.alloc(rows * rowBytes * this.ranges);
    }
    if (area === 0) {
      kernels.free(this.#state);
      throw outOfMemory(rows * rowBytes * this.ranges, 'arranging edges');
    }
    this.#rows = rows;
    this.#stride = rows * rowBytes;
    this.#area = area;
  }

  /** Before the edges of sources with these degrees, from the first on. */
  begin(degrees: number): void {
    const { u32 } = this.#kernels;
    u32.set([0, u32[degrees >>> 2]!], this.#state >>> 2);
    u32.fill(0, this.#filled >>> 2, (this.#filled >>> 2) + this.ranges);
  }

  /** A source leaves as what `places` has for it. @returns how many of n edges were taken; fewer: there is no room for the next one */
  take(degrees: number, places: number, targets: number, weights: number, n: number): number {
    return this.#kernels.raw.spreadTargets(
      this.#state,
      degrees,
      places,
      targets,
      weights,
      this.#shift,
      n,
      this.#bits,
      this.#filled,
      this.#area,
      this.#stride,
      this.#rows,
    );
  }

  rangeOf(target: number): number {
    return target >>> this.#bits;
  }

  rowsOf(range: number): number {
    return this.#kernels.u32[(this.#filled >>> 2) + range]!;
  }

  /** Places of sources, targets, weights if there are any: views. */
  columns(range: number): StoredColumn[] {
    const { u8 } = this.#kernels;
    const rows = this.rowsOf(range);
    const at = this.#area + range * this.#stride;
    const column = (from: number, width: number): StoredColumn => ({
      data: u8.subarray(at + from * this.#rows, at + from * this.#rows + rows * width),
    });
    const weights = this.#shift === 0 ? [] : [column(8, 1 << this.#shift)];
    return [column(0, 4), column(4, 4), ...weights];
  }

  empty(range: number): void {
    this.#kernels.u32[(this.#filled >>> 2) + range] = 0;
  }

  free(): void {
    this.#kernels.free(this.#area);
    this.#kernels.free(this.#state);
  }
}

/** Of a number's bytes: 0, 4 or 8. */
export const shiftOf = (width: number): number => (width === 0 ? 0 : width === 4 ? 2 : 3);
