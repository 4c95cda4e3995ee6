/** A batch as raw buffers in Arrow's layout: what kernels, the arena, segments and carriers pass around.
 *
 * Four kinds of column hold every column type (see `storedAs`): `i32`, `i64`, `f64` and `bytes`. A nullable column
 * has one validity byte a row (1 = present) beside it, and holds 0 or an empty value where the byte is 0.
 *
 * Invariants: `data` of a fixed-width column is rows × width bytes, little endian; `bytes` has rows + 1 offsets,
 * the first 0; a column's data never exceeds 2^31 − 1 bytes, because batches are cut by bytes (BATCH_BYTES).
 * Buffers may lie in the arena, in a kernel's memory or in a plain ArrayBuffer; whoever makes a batch says how long
 * they stay valid. Not here: Arrow's classes (arrow.ts), JavaScript values (codec.ts).
 */
import type { AnyType, Schema } from '../define/schema.ts';

export type Kind = 'i32' | 'i64' | 'f64' | 'bytes';

/** One stored column of a layout. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly nullable: boolean;
}
export interface StoredColumn {
  readonly data: Uint8Array;
  /** Of `bytes` columns: value i is data[offsets[i]] to data[offsets[i + 1]]. */
  readonly offsets?: Int32Array;
  /** Of nullable columns: 1 where there is a value. */
  readonly valid?: Uint8Array;
}
export interface StoredBatch {
  readonly rows: number;
  readonly columns: readonly StoredColumn[];
}

export const WIDTH: { readonly [K in Exclude<Kind, 'bytes'>]: number } = { i32: 4, i64: 8, f64: 8 };

/** Batches are cut at this many rows, or before they hold this many bytes, whichever comes first; one value larger
 *  than that is a batch by itself. 256 KiB stays in a core's second-level cache while it is merged. */
export const BATCH_ROWS = 16_384;
export const BATCH_BYTES = 256 * 1024;

/** The kind that stores a column type. bool is 0 or 1; date days since 1970; timestamp µs; decimal to 18 digits the
 *  unscaled i64, beyond that 16 bytes big endian, two's complement; a list is encoded by codec.ts. */
export function storedAs(of: AnyType): Kind {
  switch (of.type) {
    case 'bool':
    case 'int32':
    case 'date':
      return 'i32';
    case 'int64':
    case 'timestamp':
      return 'i64';
    case 'float64':
      return 'f64';
    case 'decimal':
      return (of as { precision?: number }).precision! <= 18 ? 'i64' : 'bytes';
    default:
      return 'bytes';
  }
}

export function fieldsOf(columns: Schema): Field[] {
  return Object.entries(columns).map(([name, of]) => ({
    name,
    kind: storedAs(of),
    nullable: of.nullable === true,
  }));
}

/** Bytes that a batch's buffers hold. */
export function bytesOf(batch: StoredBatch): number {
  let bytes = 0;
  for (const { data, offsets, valid } of batch.columns) {
    bytes += data.byteLength + (offsets?.byteLength ?? 0) + (valid?.byteLength ?? 0);
  }
  return bytes;
}

/** The values of a fixed-width column as a typed array: a view where the data lies at a multiple of its width, as it
 *  does in the arena and in kernel memory, otherwise a copy. */
export function valuesOf(data: Uint8Array, kind: 'i32'): Int32Array;
export function valuesOf(data: Uint8Array, kind: 'i64'): BigInt64Array;
export function valuesOf(data: Uint8Array, kind: 'f64'): Float64Array;
export function valuesOf(
  data: Uint8Array,
  kind: Exclude<Kind, 'bytes'>,
): Int32Array | BigInt64Array | Float64Array;
export function valuesOf(data: Uint8Array, kind: Exclude<Kind, 'bytes'>) {
  const width = WIDTH[kind];
  const { buffer, byteOffset, length } =
    data.byteOffset % width === 0 ? data : new Uint8Array(data);
  if (kind === 'i32') return new Int32Array(buffer, byteOffset, length / width);
  if (kind === 'i64') return new BigInt64Array(buffer, byteOffset, length / width);
  return new Float64Array(buffer, byteOffset, length / width);
}

/** Rows [from, to) of a column of `rows` rows: views, but for the offsets. */
export function sliceColumn(
  column: StoredColumn,
  rows: number,
  from: number,
  to: number,
): StoredColumn {
  const { data, offsets, valid } = column;
  const part = valid === undefined ? {} : { valid: valid.subarray(from, to) };
  if (offsets === undefined) {
    const width = rows === 0 ? 0 : data.length / rows;
    return { data: data.subarray(from * width, to * width), ...part };
  }
  const first = offsets[from]!;
  const rebased = offsets.slice(from, to + 1);
  if (first !== 0) for (let i = 0; i < rebased.length; i++) rebased[i]! -= first;
  return { data: data.subarray(first, offsets[to]), offsets: rebased, ...part };
}

/** Rows [from, to) of a batch: views, but for the offsets. */
export function sliceBatch(batch: StoredBatch, from: number, to: number): StoredBatch {
  const columns = batch.columns.map(column => sliceColumn(column, batch.rows, from, to));
  return { rows: to - from, columns };
}

/** Columns of one layout, one after the other, in buffers of their own. @param rows of each */
export function concatColumns(
  columns: readonly StoredColumn[],
  rows: readonly number[],
  field: Omit<Field, 'name'>,
): StoredColumn {
  const data = new Uint8Array(columns.reduce((sum, column) => sum + column.data.length, 0));
  const allRows = rows.reduce((sum, each) => sum + each, 0);
  const offsets = field.kind === 'bytes' ? new Int32Array(allRows + 1) : undefined;
  const valid = field.nullable ? new Uint8Array(allRows) : undefined;
  let bytes = 0;
  let row = 0;
  columns.forEach((column, i) => {
    data.set(column.data, bytes);
    valid?.set(column.valid!.subarray(0, rows[i]), row);
    if (offsets !== undefined) {
      for (let j = 1; j <= rows[i]!; j++) offsets[row + j] = bytes + column.offsets![j]!;
    }
    bytes += column.data.length;
    row += rows[i]!;
  });
  return { data, ...(offsets && { offsets }), ...(valid && { valid }) };
}

/** A batch in pieces of at most so many rows and bytes, whichever comes first; at least one row each. Views, but for
 *  the offsets. */
export function* cut(
  batch: StoredBatch,
  maxRows = BATCH_ROWS,
  maxBytes = BATCH_BYTES,
): Generator<StoredBatch> {
  let fixed = 0;
  const variable: Int32Array[] = [];
  for (const { data, offsets, valid } of batch.columns) {
    if (valid !== undefined) fixed += 1;
    if (offsets === undefined) fixed += batch.rows === 0 ? 0 : data.length / batch.rows;
    else fixed += 4;
    if (offsets !== undefined) variable.push(offsets);
  }
  const bytes = (from: number, to: number) => {
    let sum = (to - from) * fixed;
    for (const offsets of variable) sum += offsets[to]! - offsets[from]!;
    return sum;
  };
  for (let from = 0; from < batch.rows; ) {
    let to = from + 1;
    let beyond = Math.min(batch.rows, from + maxRows) + 1;
    while (beyond - to > 1) {
      const middle = (to + beyond) >>> 1;
      if (bytes(from, middle) <= maxBytes) to = middle;
      else beyond = middle;
    }
    yield from === 0 && to === batch.rows ? batch : sliceBatch(batch, from, to);
    from = to;
  }
}
