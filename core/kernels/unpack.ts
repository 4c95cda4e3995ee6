/** Sorted edges → targets and out-degrees, with equal edges perhaps as one.
 *
 * Order of calls: `take` the edges of a partition in order, by blocks; when it takes fewer than it was given, `degrees` of WINDOW
 * vertices are complete: they are written away, `next` goes on. What was kept since `begin` is at `targets`, and the values of
 * its rows at `inputs` and `rows`.
 */
import type { Kernels } from './kernels.ts';

/** The state block, as in assembly/load.ts; in 4-byte words. */
const STATE = {
  started: 2,
  distinct: 3,
  base: 4,
  loops: 5,
  counts: 6,
  first: 7,
  window: 8,
  targets: 9,
  fromInputs: 10,
  fromRows: 11,
  inputs: 12,
  rows: 13,
  kept: 14,
} as const;
const STATE_BYTES = 64;

/** Vertices whose degrees are counted at once: a batch of them. */
export const WINDOW = 16_384;

export class Unpacker {
  readonly #kernels: Kernels;
  readonly #state: number;
  readonly #area: number;

  /** `rows`: of a block at most. `base`: the rank of the first vertex. @throws LimitError MEMORY */
  constructor(kernels: Kernels, rows: number, base: number, distinct: boolean) {
    this.#kernels = kernels;
    this.#area = kernels.allocOrThrow(STATE_BYTES + 4 * WINDOW + 12 * rows, 'unpacking edges');
    this.#state = this.#area;
    kernels.zero(this.#state, STATE_BYTES + 4 * WINDOW);
    const counts = this.#state + STATE_BYTES;
    const targets = counts + 4 * WINDOW;
    this.#write('distinct', Number(distinct));
    this.#write('base', base);
    this.#write('counts', counts);
    this.#write('window', WINDOW);
    this.#write('targets', targets);
    this.#write('inputs', targets + 4 * rows);
    this.#write('rows', targets + 8 * rows);
  }

  /** Where the values of the rows that follow lie (u32 each); 0 when they have none. */
  begin(inputs: number, rows: number): void {
    this.#write('fromInputs', inputs);
    this.#write('fromRows', rows);
    this.#write('kept', 0);
  }

  /** Takes keys first to end; returns the first that is beyond the vertices whose degrees are counted now. */
  take(keys: number, first: number, end: number): number {
    return this.#kernels.raw.unpackEdges(this.#state, keys, first, end);
  }

  get kept(): number {
    return this.#read('kept');
  }
  /** Of all that was kept. */
  get loops(): number {
    return this.#read('loops');
  }
  get targets(): number {
    return this.#read('targets');
  }
  get inputs(): number {
    return this.#read('inputs');
  }
  get rows(): number {
    return this.#read('rows');
  }

  /** The first vertex that is counted now, by its number in the partition. */
  get first(): number {
    return this.#read('first');
  }
  /** Of n vertices from `first` on; a view. */
  degrees(n: number): Uint8Array {
    const at = this.#read('counts');
    return this.#kernels.u8.subarray(at, at + 4 * n);
  }
  /** Goes on to the next WINDOW vertices. */
  next(): void {
    this.#write('first', this.first + WINDOW);
    this.#kernels.zero(this.#read('counts'), 4 * WINDOW);
  }

  free(): void {
    this.#kernels.free(this.#area);
  }

  #read(word: keyof typeof STATE): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE[word]]!;
  }
  #write(word: keyof typeof STATE, value: number): void {
    this.#kernels.u32[(this.#state >>> 2) + STATE[word]] = value;
  }
}
