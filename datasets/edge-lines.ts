/** Writes edges as lines of text into a block: digits without strings.
 *
 * Order of calls: `add` at most `room` times, `take`, and again. Memory: one block and the table of digits.
 * What an id looks like is one of three: the number itself; a number of up to 63 bits scattered over them, as hashes and
 * account numbers are; or a word. Each is one to one.
 */
import { mix } from './random.ts';
import { writeWord } from './words.ts';

export const IDS = ['dense', 'sparse', 'words'] as const;
export type Ids = (typeof IDS)[number];

/** 256 KiB: large enough that writing costs little a byte, and it stays in the second-level cache beside the tables. */
const BLOCK_BYTES = 256 * 1024;
/** The longest id has 19 digits; two, a weight of 10 digits, two spaces and the end of the line. */
const MAX_LINE = 2 * 19 + 10 + 3;
const SPACE = 32;
const NEWLINE = 10;
const ZERO = 48;
/** Digits are written four at a time. */
const GROUP = 10_000;
const BILLION = 1_000_000_000;

export class EdgeLines {
  readonly #block: Uint8Array;
  readonly #digits = digitTable();
  readonly #ids: Ids;
  readonly #seed: number;
  #used = 0;

  constructor(ids: Ids, seed: number, blockBytes: number = BLOCK_BYTES) {
    this.#block = new Uint8Array(Math.max(blockBytes, MAX_LINE));
    this.#ids = ids;
    this.#seed = seed;
  }

  /** Lines that fit, however long they are. */
  get room(): number {
    return Math.floor((this.#block.length - this.#used) / MAX_LINE);
  }

  add(source: number, target: number): void {
    this.#id(source, SPACE);
    this.#id(target, NEWLINE);
  }

  addWeighted(source: number, target: number, weight: number): void {
    this.#id(source, SPACE);
    this.#id(target, SPACE);
    this.#number(weight, NEWLINE);
  }

  /** The lines so far; their block is used again. */
  take(): Uint8Array {
    const lines = this.#block.subarray(0, this.#used);
    this.#used = 0;
    return lines;
  }

  #id(id: number, end: number): void {
    if (this.#ids === 'dense') this.#number(id, end);
    else if (this.#ids === 'sparse') this.#sparse(id, end);
    else this.#word(id, end);
  }

  /** Digits of a whole number below 2^32, without leading zeros. */
  #number(value: number, end: number): void {
    const block = this.#block;
    let at = this.#used;
    if (value < GROUP) {
      at = this.#head(value, at);
    } else {
      const upper = (value / GROUP) | 0;
      if (upper < GROUP) {
        at = this.#head(upper, at);
      } else {
        const top = (upper / GROUP) | 0;
        at = this.#head(top, at);
        at = this.#four(upper - top * GROUP, at);
      }
      at = this.#four(value - upper * GROUP, at);
    }
    block[at] = end;
    this.#used = at + 1;
  }

  /** Below 10,000, without leading zeros. */
  #head(value: number, at: number): number {
    const digits = value < 10 ? 1 : value < 100 ? 2 : value < 1_000 ? 3 : 4;
    for (let i = 4 - digits; i < 4; i++) this.#block[at++] = this.#digits[value * 4 + i]!;
    return at;
  }

  /** Below 10,000, all four. */
  #four(value: number, at: number): number {
    const block = this.#block;
    const digits = this.#digits;
    block[at] = digits[value * 4]!;
    block[at + 1] = digits[value * 4 + 1]!;
    block[at + 2] = digits[value * 4 + 2]!;
    block[at + 3] = digits[value * 4 + 3]!;
    return at + 4;
  }

  /** 32 scrambled bits before nine digits of other scrambled bits: below 2^62, and the first part is one to one. From 1,
   *  since the number it begins has no leading zero. */
  #sparse(id: number, end: number): void {
    const upper = (mix(id ^ mix(this.#seed)) >>> 0) + 1;
    const lower = (mix(upper ^ id) >>> 0) % BILLION;
    this.#number(upper, SPACE);
    // Nine digits in the place of the space: one, and two groups of four.
    const first = (lower / 1e8) | 0;
    const rest = lower - first * 1e8;
    const middle = (rest / GROUP) | 0;
    let at = this.#used - 1;
    this.#block[at++] = ZERO + first;
    at = this.#four(middle, at);
    at = this.#four(rest - middle * GROUP, at);
    this.#block[at] = end;
    this.#used = at + 1;
  }

  #word(id: number, end: number): void {
    const letters = writeWord(id, this.#seed, this.#block, this.#used);
    this.#block[this.#used + letters] = end;
    this.#used += letters + 1;
  }
}

/** '0000', '0001', … '9999', one after the other. */
function digitTable(): Uint8Array {
  const digits = new Uint8Array(4 * GROUP);
  for (let value = 0; value < GROUP; value++) {
    digits[value * 4] = ZERO + ((value / 1_000) | 0);
    digits[value * 4 + 1] = ZERO + (((value / 100) | 0) % 10);
    digits[value * 4 + 2] = ZERO + (((value / 10) | 0) % 10);
    digits[value * 4 + 3] = ZERO + (value % 10);
  }
  return digits;
}
