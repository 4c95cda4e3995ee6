/** One column of Arrow data as a stored column. The data may be a slice, and absent values may hold anything: a stored
 * column starts at 0 and holds 0 there. */
import type { AnyType } from '../define/schema.ts';
import { type Data, Type, type Vector } from './arrow-classes.ts';
import { concatColumns, sliceColumn, type StoredColumn, storedAs, WIDTH } from './columns.ts';
import { listBytes, putList } from './lists.ts';

type Numbers = { readonly [i: number]: number | bigint; readonly length: number };

export function columnOf(of: AnyType, data: Data): StoredColumn {
  const valid = of.nullable === true ? validityOf(data) : undefined;
  const column = presentOf(of, data, valid);
  return valid === undefined ? column : { ...column, valid };
}

/** `valid` is given where values may be absent; theirs are written as 0 or empty. */
function presentOf(of: AnyType, data: Data, valid: Uint8Array | undefined): StoredColumn {
  if (data.typeId === Type.Dictionary) return decode(of, data, valid);
  const values = data.values as Numbers & Uint8Array;
  const present = (i: number) => valid === undefined || valid[i] !== 0;
  switch (of.type) {
    case 'bool':
      return fixed(of, data.length, i =>
        present(i) ? (values[(data.offset + i) >>> 3]! >>> ((data.offset + i) & 7)) & 1 : 0,
      );
    case 'utf8':
    case 'binary':
      return variable(data, valid);
    case 'list':
      return lists((of as AnyType & { of: AnyType }).of, data, valid);
    case 'decimal':
      return decimals(of, new DataView(values.buffer, values.byteOffset), data.length, valid);
    case 'timestamp': {
      const factor = 1000n ** BigInt(2 - (data.type as unknown as { unit: number }).unit);
      if (factor === 1n) return numbers(of, values, data.length, valid);
      return fixed(of, data.length, i => (present(i) ? BigInt(values[i]!) * factor : 0n));
    }
    default:
      return numbers(of, values, data.length, valid);
  }
}

/** As they are where they already have the width and no value is absent. */
function numbers(
  of: AnyType,
  values: Numbers,
  rows: number,
  valid: Uint8Array | undefined,
): StoredColumn {
  const array = values as unknown as Int32Array;
  const kind = storedAs(of) as keyof typeof WIDTH;
  const same =
    array.BYTES_PER_ELEMENT === WIDTH[kind] &&
    !(kind === 'f64' && !(values instanceof Float64Array));
  if (same && valid === undefined) {
    return { data: new Uint8Array(array.buffer, array.byteOffset, rows * WIDTH[kind]) };
  }
  const wide = kind === 'i64';
  return fixed(of, rows, i => {
    if (valid !== undefined && valid[i] === 0) return wide ? 0n : 0;
    return wide ? BigInt(values[i]!) : Number(values[i]);
  });
}

/** A column of fixed width, value by value. */
function fixed(of: AnyType, rows: number, at: (i: number) => number | bigint): StoredColumn {
  const kind = storedAs(of);
  const values =
    kind === 'i32'
      ? new Int32Array(rows)
      : kind === 'i64'
        ? new BigInt64Array(rows)
        : new Float64Array(rows);
  for (let i = 0; i < rows; i++) (values as { [i: number]: number | bigint })[i] = at(i);
  return { data: new Uint8Array(values.buffer) };
}

function variable(data: Data, valid: Uint8Array | undefined): StoredColumn {
  const bytes = data.values as Uint8Array;
  // Of large types the offsets are int64.
  const from = data.valueOffsets as Numbers;
  const rows = data.length;
  const offsets = new Int32Array(rows + 1);
  const start = rows === 0 ? 0 : Number(from[0]);
  if (valid === undefined) {
    for (let i = 1; i <= rows; i++) offsets[i] = Number(from[i]) - start;
    return { data: bytes.subarray(start, start + offsets[rows]!), offsets };
  }
  const packed = new Uint8Array(rows === 0 ? 0 : Number(from[rows]) - start);
  for (let i = 0; i < rows; i++) {
    const value = valid[i] === 0 ? undefined : bytes.subarray(Number(from[i]), Number(from[i + 1]));
    if (value !== undefined) packed.set(value, offsets[i]);
    offsets[i + 1] = offsets[i]! + (value?.length ?? 0);
  }
  return { data: packed.subarray(0, offsets[rows]), offsets };
}

function decimals(
  of: AnyType,
  view: DataView,
  rows: number,
  valid: Uint8Array | undefined,
): StoredColumn {
  const present = (i: number) => valid === undefined || valid[i] !== 0;
  if (storedAs(of) === 'i64')
    return fixed(of, rows, i => (present(i) ? view.getBigInt64(16 * i, true) : 0n));
  const data = new Uint8Array(16 * rows);
  const offsets = new Int32Array(rows + 1);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    if (present(i)) for (let j = 15; j >= 0; j--) data[at++] = view.getUint8(16 * i + j);
    offsets[i + 1] = at;
  }
  return { data: data.subarray(0, at), offsets };
}

function lists(item: AnyType, data: Data, valid: Uint8Array | undefined): StoredColumn {
  const child = data.children[0]!;
  const items = columnOf(item, child);
  const from = data.valueOffsets as Int32Array;
  const rows = data.length;
  const slices = Array.from({ length: rows }, (_, i) =>
    valid !== undefined && valid[i] === 0
      ? undefined
      : {
          count: from[i + 1]! - from[i]!,
          column: sliceColumn(items, child.length, from[i]!, from[i + 1]!),
        },
  );
  const offsets = new Int32Array(rows + 1);
  slices.forEach((slice, i) => {
    offsets[i + 1] =
      offsets[i]! + (slice === undefined ? 0 : listBytes(item, slice.column, slice.count));
  });
  const bytes = new Uint8Array(offsets[rows]!);
  slices.forEach((slice, i) => {
    if (slice !== undefined) putList(bytes, offsets[i]!, item, slice.column, slice.count);
  });
  return { data: bytes, offsets };
}

/** A dictionary's values by their numbers. */
function decode(of: AnyType, data: Data, valid: Uint8Array | undefined): StoredColumn {
  const chunks = (data.dictionary as Vector).data;
  const words = { ...of, nullable: true } as AnyType;
  const field = { kind: storedAs(of), nullable: true };
  const columns = chunks.map(chunk => columnOf(words, chunk));
  const dictionary = concatColumns(
    columns,
    chunks.map(chunk => chunk.length),
    field,
  );
  const count = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const none = emptyOf(field.kind);
  const rows = Array.from({ length: data.length }, (_, i) => {
    if (valid !== undefined && valid[i] === 0) return none;
    const word = Number((data.values as Numbers)[i]);
    // A dictionary may itself hold null.
    if (dictionary.valid![word] === 0) {
      if (valid !== undefined) valid[i] = 0;
      return none;
    }
    return sliceColumn(dictionary, count, word, word + 1);
  });
  return concatColumns(
    rows,
    rows.map(() => 1),
    { kind: field.kind, nullable: false },
  );
}

function emptyOf(kind: ReturnType<typeof storedAs>): StoredColumn {
  if (kind === 'bytes') return { data: new Uint8Array(0), offsets: new Int32Array(2) };
  return { data: new Uint8Array(WIDTH[kind]) };
}

function validityOf(data: Data): Uint8Array {
  const valid = new Uint8Array(data.length).fill(1);
  const bitmap = data.nullBitmap as Uint8Array | undefined;
  if (data.nullCount === 0 || bitmap === undefined || bitmap.length === 0) return valid;
  for (let i = 0; i < data.length; i++) {
    const bit = data.offset + i;
    valid[i] = (bitmap[bit >>> 3]! >>> (bit & 7)) & 1;
  }
  return valid;
}
