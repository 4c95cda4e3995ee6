/** Merges k sorted inputs, window by window, and numbers the groups.
 *
 * Order of calls: `window` for each input, then `next` until it returns no rows and needs nothing; whenever `needs` is
 * an input, first gather the rows just delivered (they may lie in its window), then give it its next `window`.
 *
 *     inputs   0: a c c     1: b c      out: (0,0) (1,0) (0,1) (0,2) (1,1)
 *                                       ids:    0     1     2     2     2
 */
import type { Kernels } from './kernels.ts';

/** The state block, as in assembly/merge.ts; in 4-byte words. */
const STATE = {
  inputs: 0,
  tree: 1,
  heads: 2,
  built: 3,
  pending: 4,
  last: 5,
  lastLength: 6,
} as const;
const STATE_BYTES = 64;
const HEAD_BYTES = 64;
/** For a first key: most are shorter. */
const KEY_BYTES = 256;

export class MergeKernel {
  readonly #kernels: Kernels;
  readonly #natural: boolean;
  readonly #state: number;
  readonly #heads: number;
  readonly #tree: number;
  /** The last row's natural key, so that windows can go. */
  #last: number;
  #lastBytes = KEY_BYTES;

  /** `natural`: groups are rows with the same natural key, the first natural[row] bytes; otherwise with the same key.
   *  @throws LimitError MEMORY */
  constructor(kernels: Kernels, inputs: number, options: { readonly natural: boolean }) {
    this.#kernels = kernels;
    this.#natural = options.natural;
    this.#state = kernels.allocOrThrow(STATE_BYTES, 'a merge');
    this.#heads = kernels.allocOrThrow(inputs * HEAD_BYTES, 'a merge');
    // The losers, and behind them the winners that building takes.
    this.#tree = kernels.allocOrThrow(inputs * 12, 'a merge');
    this.#last = kernels.allocOrThrow(KEY_BYTES, 'a merge');
    kernels.zero(this.#state, STATE_BYTES);
    kernels.zero(this.#heads, inputs * HEAD_BYTES);
    this.#write('inputs', inputs);
    this.#write('tree', this.#tree);
    this.#write('heads', this.#heads);
  }

  /** The next sorted rows of an input; rows = 0 ends it. All addresses must stay until its next window. */
  window(input: number, keys: number, offsets: number, naturals: number, rows: number): void {
    const lengths = this.#natural ? naturals : 0;
    this.#kernels.raw.mergeWindow(this.#state, input, keys, offsets, lengths, rows);
  }

  /** Merges up to `max` rows, fewer when an input's window is used up; equal keys come by input.
   *
   *  Writes u32 each: the input, the row of its window, and the group: 0 goes on with the group of the row before this
   *  call (or starts the first ever), 1 is the next one, and so on. `needs`: the input whose window is used up (or was
   *  never given), or −1; no rows and −1 is the end.
   *  @throws LimitError MEMORY for a key that finds no room. */
  next(
    max: number,
    inputsOut: number,
    rowsOut: number,
    idsOut: number,
  ): { rows: number; needs: number } {
    const { raw } = this.#kernels;
    const inputs = this.#read('inputs');
    if (inputs === 0) return { rows: 0, needs: -1 };
    const winners = this.#tree + inputs * 4;
    const rows = raw.mergeNext(this.#state, max, inputsOut, rowsOut, idsOut, winners);
    if (rows > 0) this.#keepLast();
    return { rows, needs: this.#read('pending') | 0 };
  }

  free(): void {
    for (const pointer of [this.#state, this.#heads, this.#tree, this.#last]) {
      this.#kernels.free(pointer);
    }
  }

  #keepLast(): void {
    const kernels = this.#kernels;
    const length = this.#read('lastLength');
    if (length > this.#lastBytes) {
      const larger = kernels.allocOrThrow(length * 2, 'a key in a merge');
      kernels.free(this.#last);
      this.#last = larger;
      this.#lastBytes = length * 2;
    }
    const from = this.#read('last');
    kernels.u8.copyWithin(this.#last, from, from + length);
    this.#write('last', this.#last);
  }

  #read(word: keyof typeof STATE): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE[word]]!;
  }
  #write(word: keyof typeof STATE, value: number): void {
    this.#kernels.u32[(this.#state >>> 2) + STATE[word]] = value;
  }
}
