/** JSON lines: one object a row, members in the order of the columns, LF after each; UTF-8 by definition.
 *
 *   null       null                       int64      a number in full, beyond 2^53 too
 *   utf8       a string                   float64    a number; "NaN", "Infinity", "-Infinity" as strings, for which
 *   binary     a string, base64                      JSON has no number (as Protocol Buffers' JSON mapping)
 *   bool       true, false                decimal    a number, all digits of its scale
 *   list       an array                   date, timestamp   strings, ISO 8601
 *
 * A utf8 value that is not UTF-8 is refused: DataError INVALID_UTF8 with its row, before its batch is written. Not
 * here: reading, which is a later issue.
 */
import { DataError, type Schema, type Sink, type StoredBatch } from 'superstep/internal';
import { JSON_STYLE } from './bytes/json.ts';
import { RowWriter } from './bytes/row-writer.ts';
import { firstInvalid } from './bytes/utf8.ts';

/** Refuses what the format cannot carry. */
export function checker(
  path: string,
  columns: Schema,
  format = 'jsonl',
): (batch: StoredBatch, rows: number) => void {
  const all = Object.entries(columns);
  return (batch, rows) => {
    all.forEach(([name, of], column) => {
      const row = firstInvalid(of, batch.columns[column]!, batch.rows);
      if (row >= 0) throw invalid(path, name, rows + row + 1, format);
    });
  };
}

function invalid(path: string, column: string, row: number, format: string): DataError {
  return new DataError(
    'INVALID_UTF8',
    `${path}: row ${row.toLocaleString('en')}: ${column} is not UTF-8, which ${format} has to be`,
    {
      file: path,
      row,
      remedy:
        'Say how the input is encoded (--input-encoding latin1), replace what is invalid (--input-encoding utf8-replace), or write csv (--format csv), which carries any bytes',
    },
  );
}

const sink: Sink = {
  extension: '.jsonl',
  open: (path, columns) =>
    new RowWriter(path, columns, {
      style: JSON_STYLE,
      head: Buffer.alloc(0),
      before: Object.keys(columns).map((name, i) =>
        Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`),
      ),
      after: Buffer.from('}\n'),
      check: checker(path, columns),
    }),
};

export default { sink };
