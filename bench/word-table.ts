/** Tables of (word, count), compared by what they hold: rows, tokens, and a checksum over the rows in order of word.
 *
 * The same three for a Parquet file, which DuckDB reads, and for a file of `word count` lines, which is read here.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { countWords } from './baseline/wordcount.ts';
import { query, quoted } from './rivals/duckdb.ts';

export type WordTable = {
  readonly rows: number;
  readonly tokens: number;
  /** MD5 of `word count` lines in bytewise order of word. */
  readonly md5: string;
};

export function ofLines(path: string): WordTable {
  return ofEntries(
    readFileSync(path, 'latin1')
      .trimEnd()
      .split('\n')
      .map(line => line.split(' ') as [string, string]),
  );
}

/** Words as latin1 strings: then the order of code units is the order of bytes. */
export function ofEntries(entries: (readonly [string, string | number])[]): WordTable {
  const lines = entries.map(([word, count]) => `${word} ${count}`);
  const sorted = entries
    .map((_, i) => i)
    .toSorted((a, b) => (entries[a]![0] < entries[b]![0] ? -1 : 1));
  const text = sorted.map(i => lines[i]).join('\n');
  return {
    rows: entries.length,
    tokens: entries.reduce((sum, [, count]) => sum + Number(count), 0),
    md5: createHash('md5').update(text, 'latin1').digest('hex'),
  };
}

/** Of a text: its words, counted by the plain script. */
export function ofText(path: string): WordTable {
  return ofEntries([...countWords(path)].map(([word, { n }]) => [word, n]));
}

/** Of a Parquet file with columns word and count. */
export async function ofParquet(path: string): Promise<WordTable> {
  const [row] = await query(
    `select count(*)::double as n, sum("count")::double as tokens,
       md5(string_agg(word || ' ' || "count", chr(10) order by word)) as md5
     from read_parquet(${quoted(path)})`,
  );
  return { rows: Number(row!.n), tokens: Number(row!.tokens), md5: String(row!.md5) };
}

/** What differs, in words; undefined if nothing does. */
export function difference(got: WordTable, truth: WordTable): string | undefined {
  for (const what of ['rows', 'tokens', 'md5'] as const) {
    if (got[what] !== truth[what]) return `${what}: ${got[what]} instead of ${truth[what]}`;
  }
  return undefined;
}
