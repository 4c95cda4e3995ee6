/** Sorts u64 keys in kernel memory, stably, with or without a u32 that goes along: least significant digit first, between two
 * buffers of the same size.
 *
 * What is in order already costs a look: input that comes sorted (as most files of edges do) is not moved, one whose lower halves
 * ascend is sorted by its upper halves alone, and a digit that all keys share is left out.
 */
import type { Kernels } from './kernels.ts';
import { CHUNK_ROWS } from './raw.ts';

/** Of a digit at most: its counters and the lines that are written to stay in the first-level cache. */
const DIGIT_BITS = 11;
/** Room that sorting needs for counters. */
export const COUNTER_BYTES = 4 << DIGIT_BITS;

/** Where n keys lie (8 bytes each) and what goes along (4 bytes each); 0: nothing does. Addresses. */
export interface KeyRows {
  readonly keys: number;
  readonly rows: number;
}

/** How many bits of each half of the keys may be other than 0. */
export interface KeyBits {
  readonly low: number;
  readonly high: number;
}

/** Returns whichever of the two holds the result; the other's content is lost. `counters`: COUNTER_BYTES. */
export function sortKeys(
  kernels: Kernels,
  n: number,
  from: KeyRows,
  to: KeyRows,
  bits: KeyBits,
  counters: number,
): KeyRows {
  const { raw } = kernels;
  const found = descentsOf(kernels, n, from.keys);
  if ((found & 1) === 0) return from;
  const low = (found & 2) === 0 ? [] : digitsOf(0, bits.low);
  let [held, free] = [from, to];
  for (const { shift, width } of [...low, ...digitsOf(32, bits.high)]) {
    const mask = 2 ** width - 1;
    kernels.zero(counters, 4 * (mask + 1));
    eachChunk(n, (first, end) => raw.countDigits(held.keys, first, end, shift, mask, counters));
    if (raw.startDigits(counters, mask + 1, n)) continue;
    const { keys, rows } = held;
    eachChunk(n, (first, end) => {
      if (rows === 0) raw.moveKeys(keys, first, end, shift, mask, counters, free.keys);
      else raw.moveRows(keys, rows, first, end, shift, mask, counters, free.keys, free.rows);
    });
    [held, free] = [free, held];
  }
  return held;
}

function descentsOf(kernels: Kernels, n: number, keys: number): number {
  let found = 0;
  for (let first = 0; first < n && found !== 3; first += CHUNK_ROWS) {
    found |= kernels.raw.descents(keys, first, Math.min(n, first + CHUNK_ROWS));
  }
  return found;
}

function digitsOf(from: number, bits: number): { shift: number; width: number }[] {
  const passes = Math.ceil(bits / DIGIT_BITS);
  const width = Math.ceil(bits / passes);
  return Array.from({ length: passes }, (_, i) => {
    return { shift: from + i * width, width: Math.min(width, bits - i * width) };
  });
}

function eachChunk(n: number, work: (first: number, end: number) => void): void {
  for (let first = 0; first < n; first += CHUNK_ROWS) work(first, Math.min(n, first + CHUNK_ROWS));
}
