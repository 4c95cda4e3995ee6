/** Rows in memory as a source: splits of a fixed number of rows, so that they depend on nothing else.
 *
 * Rows do not travel with a split, which says only which they are: `open` works where the source was made, or where
 * the same rows were sent.
 */
import type { FileFact, RowReader, Source, Split } from 'superstep/internal';

/** Rows of a split: a few milliseconds of work, so that workers share them evenly. */
export const SPLIT_ROWS = 8192;
/** Rows handed out at a time. */
const NEXT_ROWS = 1024;
/** What a row counts for where bytes are counted (estimates, progress): nobody looks into rows to plan. */
const ROW_BYTES = 64;

export function memorySource(rows: readonly object[]): Source {
  return {
    describe: async () => [
      { path: 'rows', bytes: rows.length * ROW_BYTES, mtimeMs: 0, kind: 'rows' },
    ],
    split(facts: readonly FileFact[]): Split[] {
      const splits: Split[] = [];
      for (const { bytes } of facts) {
        const count = bytes / ROW_BYTES;
        for (let start = 0; start < count; start += SPLIT_ROWS) {
          const end = Math.min(count, start + SPLIT_ROWS);
          splits.push({
            bytes: (end - start) * ROW_BYTES,
            label: `rows ${start + 1}–${end}`,
            where: { start, end },
          });
        }
      }
      return splits;
    },
    check() {},
    open({ where }): RowReader {
      const { start, end } = where as { start: number; end: number };
      let next = start;
      return {
        kind: 'rows',
        async next() {
          if (next >= end) return undefined;
          const from = next;
          next = Math.min(end, from + NEXT_ROWS);
          return rows.slice(from, next);
        },
        close() {
          next = end;
        },
      };
    },
  };
}
