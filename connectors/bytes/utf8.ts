/** Columns whose bytes have to be UTF-8, because the format they are written to is. */
import { isUtf8 } from 'node:buffer';
import { type AnyType, openList, type StoredColumn } from 'superstep/internal';

/** The first row whose value is not valid UTF-8, items of lists included; −1 if there is none. */
export function firstInvalid(of: AnyType, column: StoredColumn, rows: number): number {
  if (of.type === 'utf8') return firstInvalidText(column, rows);
  if (of.type !== 'list') return -1;
  const item = (of as AnyType & { readonly of: AnyType }).of;
  if (item.type !== 'utf8' && item.type !== 'list') return -1;
  const { data, offsets, valid } = column;
  for (let row = 0; row < rows; row++) {
    if (valid !== undefined && valid[row] === 0) continue;
    const list = openList(data.subarray(offsets![row], offsets![row + 1]), item);
    if (firstInvalid(item, list.column, list.count) >= 0) return row;
  }
  return -1;
}

/** One call for the whole column: if all values end to end are valid, and none begins inside a character, then each is
 *  valid. (Null rows are empty values.) */
function firstInvalidText({ data, offsets }: StoredColumn, rows: number): number {
  const ends = offsets!;
  if (isUtf8(data.subarray(ends[0], ends[rows]))) {
    let row = 0;
    for (; row < rows; row++) {
      const start = ends[row]!;
      if ((data[start]! & 0xc0) === 0x80 && start < ends[row + 1]!) break;
    }
    if (row === rows) return -1;
  }
  for (let row = 0; row < rows; row++) {
    if (!isUtf8(data.subarray(ends[row], ends[row + 1]))) return row;
  }
  return -1;
}
