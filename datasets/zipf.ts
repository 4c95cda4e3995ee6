/** Text whose words follow Zipf's law with exponent 1: word r (from 1) is as frequent as 1 / r.
 *
 * Identical on every machine: weights are integers (the floor of 2^40 / r), sums of them are exact, and no function
 * whose last bit may differ (`Math.pow`, `Math.log`) is called. That is why the exponent is 1 and not a parameter.
 * Memory: about 24 bytes a distinct word, whatever the size of the text.
 */
import { UsageError } from 'superstep';
import { Lines } from './lines.ts';
import { Random } from './random.ts';
import { MAX_LETTERS, writeWord } from './words.ts';

export interface ZipfOptions {
  /** Bytes of the text: it ends within 13 below this. */
  readonly size: number;
  /** Distinct words: exactly so many occur. */
  readonly distinct: number;
  readonly seed: number;
}

/** Beyond this the rarest words' shares of the 2^32 draws become too small to be in proportion. */
export const ZIPF_MAX_DISTINCT = 4_000_000;
const WEIGHT = 2 ** 40;
/** One vocabulary entry: the letters and, in the last byte, how many. */
const ENTRY = 16;
/** A guide of 2^17 entries (512 KiB) stays in the second-level cache; a longer one saves steps and costs misses. */
const GUIDE_BITS = 17;

/** The text, in blocks that are overwritten when the next is asked for. Throws UsageError USAGE if `size` is too little for
 *  `distinct` words. */
export function* generateZipf({ size, distinct, seed }: ZipfOptions): Generator<Uint8Array> {
  const { entries, unseenBytes: all } = vocabulary(distinct, seed);
  if (size < all) {
    const message = `zipf: ${distinct} distinct words need at least ${all} bytes, not ${size}`;
    throw new UsageError('USAGE', message, { remedy: 'Ask for more bytes, or for fewer words.' });
  }
  const cumulative = cumulate(distinct);
  const guide = guideTo(cumulative);
  const random = new Random(seed);
  const lines = new Lines(random);
  const seen = new Uint8Array(distinct);
  let unseenBytes = all;
  // What has not been drawn by then fills the end of the text, so that the number of distinct words is exact.
  while (lines.bytes + unseenBytes + MAX_LETTERS + 1 <= size) {
    const word = draw(random.next(), cumulative, guide);
    const letters = entries[word * ENTRY + ENTRY - 1]!;
    if (seen[word] === 0) {
      seen[word] = 1;
      unseenBytes -= letters + 1;
    }
    if (lines.full) yield lines.take();
    lines.add(entries, word * ENTRY, letters);
  }
  for (let word = 0; word < distinct; word++) {
    if (seen[word] !== 0) continue;
    if (lines.full) yield lines.take();
    lines.add(entries, word * ENTRY, entries[word * ENTRY + ENTRY - 1]!);
  }
  yield lines.end();
}

function vocabulary(distinct: number, seed: number) {
  const entries = new Uint8Array(distinct * ENTRY);
  let unseenBytes = 0;
  for (let word = 0; word < distinct; word++) {
    const letters = writeWord(word, seed, entries, word * ENTRY);
    entries[word * ENTRY + ENTRY - 1] = letters;
    unseenBytes += letters + 1;
  }
  return { entries, unseenBytes };
}

/** cumulative[r]: the draws below this number, of 2^32, fall on word r or on one before it. */
function cumulate(distinct: number): Uint32Array {
  let total = 0;
  for (let r = 1; r <= distinct; r++) total += Math.floor(WEIGHT / r);
  const cumulative = new Uint32Array(distinct);
  let sum = 0;
  for (let r = 1; r <= distinct; r++) {
    sum += Math.floor(WEIGHT / r);
    cumulative[r - 1] = Math.min(2 ** 32 - 1, Math.floor((sum / total) * 2 ** 32));
  }
  return cumulative;
}

/** guide[b]: the first word that a draw whose highest bits are b can fall on. */
function guideTo(cumulative: Uint32Array): Uint32Array {
  const guide = new Uint32Array(2 ** GUIDE_BITS + 1);
  let word = 0;
  for (let bucket = 0; bucket < guide.length; bucket++) {
    const first = bucket * 2 ** (32 - GUIDE_BITS);
    while (word < cumulative.length - 1 && cumulative[word]! <= first) word++;
    guide[bucket] = word;
  }
  return guide;
}

/** The first word whose cumulative weight is above `at`: searched between two entries of the guide. */
function draw(at: number, cumulative: Uint32Array, guide: Uint32Array): number {
  const bucket = at >>> (32 - GUIDE_BITS);
  let low = guide[bucket]!;
  let high = guide[bucket + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulative[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
