/** The most frequent words of text files.
 *
 * Usage:   superstep run top books/*.txt --param k=10
 * Input:   line
 * Output:  word, count; the first `k` by falling count, words of one count in order of their bytes
 *
 * Two stages: WordCount, and its table as one group sorted by (count, word), of which the first k rows are kept.
 */
import { int32, int64, job, mapReduce, oneOf, UsageError, utf8 } from 'superstep';
import wordcount, { type Count, countPlainly, type WordRules } from './wordcount.ts';

export const ranked = mapReduce({
  name: 'ranked',
  params: { k: 20 },
  input: { word: utf8, count: int64 },
  key: { all: int32 },
  value: { count: int64, word: utf8 },
  sort: { count: 'desc', word: 'asc' },
  output: { word: utf8, count: int64 },
  map({ word, count }, emit) {
    emit({ all: 0, count, word });
  },
  reduce(_, values, emit, { params }) {
    let left = params.k;
    for (const { word, count } of values) {
      if (left-- <= 0) break;
      emit({ word, count });
    }
  },
});

export default job({
  name: 'top',
  params: { split: oneOf('whitespace', 'unicode'), case: oneOf('keep', 'lower'), k: 20 },
  inputs: { text: { line: utf8 } },
  plan({ text }, { k, ...rules }) {
    if (!Number.isSafeInteger(k) || k < 0) {
      throw new UsageError('PARAM_INVALID', `k=${k}: not a number of rows`, {
        remedy: 'Say how many words to list: --param k=20',
      });
    }
    return ranked(wordcount(text, rules), { k });
  },
});

/** Throws unless `output` is the top of plain, UTF-8 `files`: an independent count, sorted in memory. */
export async function verify(
  files: readonly string[],
  output: Iterable<Count>,
  { k = 20, ...rules }: WordRules & { readonly k?: number } = {},
): Promise<void> {
  const counts = [...(await countPlainly(files, rules))].map(([word, count]) => ({ word, count }));
  counts.sort((a, b) => b.count - a.count || Buffer.from(a.word).compare(Buffer.from(b.word)));
  const found = [...output];
  const expected = counts.slice(0, k);
  for (const [i, { word, count }] of expected.entries()) {
    if (found[i]?.word === word && found[i].count === count) continue;
    throw new Error(
      `row ${i + 1} is ${JSON.stringify(found[i])}, not ${JSON.stringify({ word, count })}`,
    );
  }
  if (found.length > expected.length)
    throw new Error(`${found.length} rows, not ${expected.length}`);
}
