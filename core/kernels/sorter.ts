/** Rows with u64 keys, sorted in memory: keys in two buffers of the same size, with or without a u32 that says which row each is.
 *
 * Order of calls: `add` keys (and places), `order`, read what is `at` any row; `clear`, and anew. Beside it, for keys that go to disk:
 * as bytes whose order is theirs, and back.
 */
import type { Kernels } from './kernels.ts';
import { COUNTER_BYTES, type KeyBits, type KeyRows, sortKeys } from './radix.ts';

export class KeySorter {
  readonly #kernels: Kernels;
  readonly #bits: KeyBits;
  readonly #one: KeyRows;
  readonly #other: KeyRows;
  readonly #counters: number;
  readonly #capacity: number;
  #sorted: KeyRows;
  #count = 0;

  /** Bytes that a row takes. */
  static rowBytes(places: boolean): number {
    return places ? 24 : 16;
  }

  /** @throws LimitError MEMORY */
  constructor(kernels: Kernels, capacity: number, places: boolean, bits: KeyBits) {
    this.#kernels = kernels;
    this.#bits = bits;
    this.#capacity = capacity;
    const make = (): KeyRows => ({
      keys: kernels.allocOrThrow(8 * capacity, 'sorting edges'),
      rows: places ? kernels.allocOrThrow(4 * capacity, 'sorting edges') : 0,
    });
    this.#one = make();
    this.#other = make();
    this.#sorted = this.#one;
    this.#counters = kernels.allocOrThrow(COUNTER_BYTES, 'sorting edges');
  }

  get count(): number {
    return this.#count;
  }
  get room(): number {
    return this.#capacity - this.#count;
  }

  /** Keys of n rows, n at most `room`; their places are `place` and those that follow it. */
  add(keys: Uint8Array, n: number, place: number): void {
    const { keys: to, rows } = this.#one;
    this.#kernels.copyIn(keys.subarray(0, 8 * n), to + 8 * this.#count);
    if (rows !== 0) this.#kernels.raw.countUp(rows + 4 * this.#count, n, place);
    this.#count += n;
  }

  /** Nothing may be added until `clear`. */
  order(): void {
    const [from, to] = [this.#one, this.#other];
    this.#sorted = sortKeys(this.#kernels, this.#count, from, to, this.#bits, this.#counters);
  }

  /** Where the keys from row `first` on are, and the rows' places. */
  at(first: number): KeyRows {
    const { keys, rows } = this.#sorted;
    return { keys: keys + 8 * first, rows: rows === 0 ? 0 : rows + 4 * first };
  }

  clear(): void {
    this.#count = 0;
  }

  free(): void {
    for (const { keys, rows } of [this.#one, this.#other]) {
      this.#kernels.free(keys);
      this.#kernels.free(rows);
    }
    this.#kernels.free(this.#counters);
  }
}

/** Rows of a batch that a place tells apart, and how many batches. */
export const PLACE_ROWS = 2 ** 14;
export const MAX_PLACES = 2 ** 18;

/** Places (the batch × PLACE_ROWS + the row) → batches and rows, u32 each. */
export function splitPlaces(
  kernels: Kernels,
  places: number,
  n: number,
  inputs: number,
  rows: number,
): void {
  kernels.raw.splitPlaces(places, n, inputs, rows);
}

/** n keys as bytes, 8 each, and their n + 1 offsets. */
export function keysAsBytes(
  kernels: Kernels,
  keys: number,
  n: number,
  data: number,
  offsets: number,
): void {
  kernels.raw.keysOfIds(keys, n, data, offsets);
}

export function bytesAsKeys(kernels: Kernels, data: number, n: number, keys: number): void {
  kernels.raw.idsOfKeys(data, n, keys);
}
