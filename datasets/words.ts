/** Made-up words: number i is always the same 2 to 12 small letters, and no two numbers share a word.
 *
 * A word is a core and a tail. Cores form a prefix code: all letters but the last are a–m, the last is n–z. So words
 * with different cores differ whatever their tails are, and distinctness costs no memory. There are 13^k cores of k
 * letters; the shorter ones go to the smaller numbers, which generators make the frequent ones. The tail is 0 to
 * 12 − k letters drawn from a hash of the number.
 */
import { mix } from './random.ts';

export const MAX_LETTERS = 12;
/** How many words there are: cores of up to 8 letters. With them every product below stays under 2^53. */
export const MAX_WORDS = (13 ** 9 - 13 ** 2) / 12;
/** Spreads neighbouring numbers over their class; prime to 13, so one to one modulo 13^k. */
const STRIDE = 1_664_525;

/** Writes word `index` of `seed` at `into[at…]`, which needs room for MAX_LETTERS. Returns its number of letters. */
export function writeWord(index: number, seed: number, into: Uint8Array, at: number): number {
  let letters = 2;
  let size = 169;
  let rank = index;
  while (rank >= size) {
    rank -= size;
    size *= 13;
    letters++;
  }
  const random = mix(index ^ mix(seed));
  let core = ((rank * STRIDE + (seed >>> 0)) % size) | 0;
  for (let i = letters - 1; i >= 0; i--) {
    const digit = core % 13;
    core = (core / 13) | 0;
    into[at + i] = (i === letters - 1 ? 110 : 97) + digit;
  }
  let tail = (random >>> 0) % (MAX_LETTERS + 1 - letters);
  let bits = mix(random);
  for (let i = letters; tail > 0; tail--, i++) {
    into[at + i] = 97 + ((bits >>> 8) % 26);
    bits = (Math.imul(bits, STRIDE) + 1_013_904_223) | 0;
    letters++;
  }
  return letters;
}

/** Word `index` of `seed` as a string. */
export function wordAt(index: number, seed: number): string {
  const bytes = new Uint8Array(MAX_LETTERS);
  return String.fromCharCode(...bytes.subarray(0, writeWord(index, seed, bytes, 0)));
}
