/** One stored column as Arrow data. Arrow's layouts: https://arrow.apache.org/docs/format/Columnar.html */
import type { AnyType } from '../define/schema.ts';
import { type Data, type DataType, makeData } from './arrow-classes.ts';
import { concatColumns, type StoredColumn, storedAs, valuesOf } from './columns.ts';
import { openList } from './lists.ts';

/** @param type Arrow's type for `of` */
export function dataOf(of: AnyType, type: DataType, column: StoredColumn, rows: number): Data {
  const { data, offsets: valueOffsets, valid } = column;
  const nulls = valid === undefined ? undefined : bitmapOf(valid, rows);
  const common = {
    type,
    length: rows,
    nullCount: nulls?.nullCount ?? 0,
    nullBitmap: nulls?.bitmap,
  };
  const make = (buffers: object): Data => makeData({ ...common, ...buffers } as never);
  switch (of.type) {
    case 'bool':
      return make({ data: packBools(valuesOf(data, 'i32'), rows) });
    case 'decimal':
      return make({
        data: storedAs(of) === 'i64' ? widen(data, rows) : reverse(data, valueOffsets!, rows),
      });
    case 'list': {
      const item = (of as AnyType & { of: AnyType }).of;
      const { child, offsets } = childOf(item, column, rows);
      const itemType = type.children[0]!.type as DataType;
      return make({ valueOffsets: offsets, child: dataOf(item, itemType, child, offsets[rows]!) });
    }
    default: {
      const kind = storedAs(of);
      return make(kind === 'bytes' ? { data, valueOffsets } : { data: valuesOf(data, kind) });
    }
  }
}

/** Validity bytes as a bitmap, lowest bit first. */
function bitmapOf(valid: Uint8Array, rows: number) {
  const bitmap = new Uint8Array(Math.ceil(rows / 8));
  let nullCount = 0;
  for (let i = 0; i < rows; i++) {
    if (valid[i] === 0) nullCount++;
    else bitmap[i >>> 3]! |= 1 << (i & 7);
  }
  return { bitmap, nullCount };
}

function packBools(values: Int32Array, rows: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  for (let i = 0; i < rows; i++) if (values[i] !== 0) bits[i >>> 3]! |= 1 << (i & 7);
  return bits;
}

/** 8 bytes to 16, little endian, with the sign. */
function widen(data: Uint8Array, rows: number): Uint32Array {
  const values = valuesOf(data, 'i64');
  const halves = new Int32Array(values.buffer, values.byteOffset, rows * 2);
  const words = new Uint32Array(rows * 4);
  for (let i = 0; i < rows; i++) {
    const high = halves[2 * i + 1]!;
    words[4 * i] = halves[2 * i]!;
    words[4 * i + 1] = high;
    words[4 * i + 2] = high >> 31;
    words[4 * i + 3] = high >> 31;
  }
  return words;
}

/** 16 bytes big endian to little endian; none (null) to zero. */
function reverse(data: Uint8Array, offsets: Int32Array, rows: number): Uint32Array {
  const words = new Uint32Array(rows * 4);
  const bytes = new Uint8Array(words.buffer);
  for (let i = 0; i < rows; i++) {
    if (offsets[i] === offsets[i + 1]) continue;
    for (let j = 0; j < 16; j++) bytes[16 * i + j] = data[offsets[i]! + 15 - j]!;
  }
  return words;
}

/** All items of a column of lists as one column, and where each list's items are. */
function childOf(item: AnyType, column: StoredColumn, rows: number) {
  const offsets = new Int32Array(rows + 1);
  const columns: StoredColumn[] = [];
  const counts: number[] = [];
  for (let i = 0; i < rows; i++) {
    offsets[i + 1] = offsets[i]!;
    if (column.valid !== undefined && column.valid[i] === 0) continue;
    const list = column.data.subarray(column.offsets![i], column.offsets![i + 1]);
    const items = openList(list, item);
    offsets[i + 1]! += items.count;
    columns.push(items.column);
    counts.push(items.count);
  }
  const field = { kind: storedAs(item), nullable: item.nullable === true };
  return { offsets, child: concatColumns(columns, counts, field) };
}
