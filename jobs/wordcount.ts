/** WordCount: how often each word occurs in the lines of text files.
 *
 * Usage:   superstep run wordcount books/*.txt --out counts.parquet
 * Input:   line
 * Output:  word, count; one row for each word, in order of the word's bytes
 *
 * A word is a maximal run of bytes other than space, tab, LF, VT, FF and CR: what Python's bytes.split() gives.
 * `split=unicode`: a maximal run of letters and marks. `case=lower`: each word in lower case.
 *
 * No function of this job runs for a word: the words are found and counted by kernels.
 */
import { createReadStream } from 'node:fs';
import { int64, mapReduce, oneOf, sum, utf8, words } from 'superstep';

const wordcount = mapReduce({
  name: 'wordcount',
  params: { split: oneOf('whitespace', 'unicode'), case: oneOf('keep', 'lower') },
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  operator: params =>
    words({ split: params.split === 'unicode' ? 'unicode' : 'bytes', case: params.case }),
  combine: { count: sum },
});
export default wordcount;

export interface Count {
  readonly word: string;
  readonly count: number;
}
export interface WordRules {
  readonly split?: 'whitespace' | 'unicode';
  readonly case?: 'keep' | 'lower';
}

/** Throws unless `output` is the WordCount of plain, UTF-8 `files`: an independent count, in memory. */
export async function verify(
  files: readonly string[],
  output: Iterable<Count>,
  rules: WordRules = {},
): Promise<void> {
  const expected = await countPlainly(files, rules);
  let before: Buffer | undefined;
  for (const { word, count } of output) {
    if (expected.get(word) !== count) {
      throw new Error(`'${word}': ${count}, but it occurs ${expected.get(word) ?? 0} times`);
    }
    expected.delete(word);
    const bytes = Buffer.from(word);
    if (before !== undefined && before.compare(bytes) >= 0) {
      throw new Error(`'${word}' is not in its place`);
    }
    before = bytes;
  }
  const [missing] = expected;
  if (missing !== undefined) throw new Error(`'${missing[0]}' is missing (${missing[1]})`);
}

/** The same by a Map and a regular expression. */
export async function countPlainly(
  files: readonly string[],
  rules: WordRules = {},
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const word = rules.split === 'unicode' ? /[\p{L}\p{M}]+/gu : /[^ \t\n\v\f\r]+/g;
  const add = (text: string): void => {
    for (const [found] of text.matchAll(word)) {
      const key = rules.case === 'lower' ? found.toLowerCase() : found;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  for (const file of files) {
    let rest = '';
    let first = true;
    for await (const chunk of createReadStream(file, {
      encoding: 'utf8',
      highWaterMark: 1 << 20,
    })) {
      const text = first ? (chunk as string).replace(/^\uFEFF/, '') : rest + (chunk as string);
      const cut = text.lastIndexOf('\n') + 1;
      add(text.slice(0, cut));
      rest = text.slice(cut);
      first = false;
    }
    add(rest);
  }
  return counts;
}
