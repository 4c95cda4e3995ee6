/** Text of words that are all equally frequent: each of them exactly once (`words` = `distinct`), or drawn at random.
 *
 * The worst case of a group-by: with as many distinct words as words nothing combines, and the table is as large as
 * it can be. Memory does not depend on any option: word i is computed, not kept.
 */
import { UsageError } from 'superstep';
import { Lines } from './lines.ts';
import { Random } from './random.ts';
import { MAX_LETTERS, writeWord } from './words.ts';

export interface UniformWordsOptions {
  /** Words in the text. */
  readonly words: number;
  /** Distinct words. The same as `words`: every word occurs once. Fewer: drawn at random from so many. */
  readonly distinct: number;
  readonly seed: number;
}

/** Prime, so that stepping by it visits every residue once, whatever `distinct` is (unless a multiple of it). */
const STEP = 3_571;

/** The text, in blocks that are overwritten when the next is asked for. Throws UsageError USAGE if there are not so many
 *  distinct words. */
export function* generateUniformWords({
  words,
  distinct,
  seed,
}: UniformWordsOptions): Generator<Uint8Array> {
  if (distinct > words || distinct % STEP === 0) {
    const message = `uniform-words: distinct must be at most words, no multiple of ${STEP}, not ${distinct}`;
    throw new UsageError('USAGE', message, { remedy: 'Ask for more words, or one word less.' });
  }
  const random = new Random(seed);
  const lines = new Lines(random);
  const word = new Uint8Array(MAX_LETTERS);
  // The first `distinct` words visit each once, in an order that is not that of the numbers.
  let at = 0;
  for (let i = 0; i < words; i++) {
    at = i < distinct ? (at + STEP) % distinct : random.below(distinct);
    if (lines.full) yield lines.take();
    lines.add(word, 0, writeWord(at, seed, word, 0));
  }
  yield lines.end();
}
