/** WordCount as a person writes it who knows Node well: one thread, `split` and a `Map`. Imports nothing of ours.
 *
 * What made it faster, measured: 1 MiB chunks (a whole file at once costs a third more), latin1 instead of utf8 (any
 * bytes survive it both ways), counters in objects instead of `set` for each word.
 */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;

/** Counts the words of a file; a word is what Python's bytes.split() gives. Lines must be shorter than 1 MiB. */
export function countWords(path: string): Map<string, { n: number }> {
  const counts = new Map<string, { n: number }>();
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  let kept = 0;
  for (let read = -1; read !== 0; ) {
    read = readSync(file, buffer, kept, CHUNK_BYTES, null);
    const end = kept + read;
    // Up to the last whole line; the rest waits for the next chunk.
    const cut = read === 0 ? end : buffer.lastIndexOf(10, end - 1) + 1;
    for (const word of buffer.toString('latin1', 0, cut).split(/[ \t-\r]+/)) {
      const count = counts.get(word);
      if (count === undefined) counts.set(word, { n: 1 });
      else count.n++;
    }
    buffer.copyWithin(0, cut, end);
    kept = end - cut;
  }
  closeSync(file);
  counts.delete('');
  return counts;
}

/** Writes `word count` lines, in the order in which the words came. */
export function writeCounts(counts: ReadonlyMap<string, { n: number }>, path: string): void {
  const lines: string[] = [];
  for (const [word, { n }] of counts) lines.push(`${word} ${n}\n`);
  writeFileSync(path, lines.join(''), 'latin1');
}
