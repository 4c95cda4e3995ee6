/** Puts words into lines, in blocks, for the generators of text.
 *
 * Order of calls: `add` for each word, `take` whenever `full`, `end` once. Lines are of 6 to 14 words, 10 on average.
 * Memory: one block.
 */
import type { Random } from './random.ts';
import { MAX_LETTERS } from './words.ts';

/** 1 MiB: large enough that writing costs little a byte, small enough for the second-level cache. */
const BLOCK_BYTES = 1024 * 1024;
const SPACE = 32;
const NEWLINE = 10;

export class Lines {
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #random: Random;
  #used = 0;
  #left: number;
  /** Bytes so far; each word counts one more than its letters. */
  bytes = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#left = this.#length();
  }

  #length(): number {
    return 6 + this.#random.below(9);
  }

  /** No room for another word. */
  get full(): boolean {
    return this.#used + MAX_LETTERS + 1 > BLOCK_BYTES;
  }

  /** Adds the word of `letters` letters at `from[at…]`, which holds MAX_LETTERS bytes, whatever the last ones are. */
  add(from: Uint8Array, at: number, letters: number): void {
    const block = this.#block;
    const used = this.#used;
    // All twelve, whatever the length: a loop that ends anywhere is mispredicted once a word.
    block[used] = from[at]!;
    block[used + 1] = from[at + 1]!;
    block[used + 2] = from[at + 2]!;
    block[used + 3] = from[at + 3]!;
    block[used + 4] = from[at + 4]!;
    block[used + 5] = from[at + 5]!;
    block[used + 6] = from[at + 6]!;
    block[used + 7] = from[at + 7]!;
    block[used + 8] = from[at + 8]!;
    block[used + 9] = from[at + 9]!;
    block[used + 10] = from[at + 10]!;
    block[used + 11] = from[at + 11]!;
    if (--this.#left === 0) {
      block[used + letters] = NEWLINE;
      this.#left = this.#length();
    } else {
      block[used + letters] = SPACE;
    }
    this.#used = used + letters + 1;
    this.bytes += letters + 1;
  }

  /** The bytes so far; their block is used again. */
  take(): Uint8Array {
    const bytes = this.#block.subarray(0, this.#used);
    this.#used = 0;
    return bytes;
  }

  /** Ends the last line; what is left, at least that line's end. */
  end(): Uint8Array {
    this.#block[this.#used - 1] = NEWLINE;
    return this.take();
  }
}
