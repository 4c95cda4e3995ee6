/** Keys back to values: as stored columns, as rows for the user's functions, as words in messages. */
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import { rowReader } from '../batch/codec.ts';
import { decodeKey, type KeyValue } from '../define/keys.ts';
import type { AnyType } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import { DataError } from '../errors.ts';
import { GroupOverflow } from '../store/merged-groups.ts';
import type { KeyPart, Layout } from './layout.ts';

/** The columns of the key, from the sort keys of `rows` rows. Buffers may be those of `keys`. */
export function decodeKeys(
  parts: readonly KeyPart[],
  keys: StoredColumn,
  rows: number,
): StoredColumn[] {
  if (parts.length === 0) return [];
  const [only] = parts;
  if (parts.length === 1 && only!.raw && !only!.nullable) return [keys];
  const columns = parts.map((): KeyValue[] => []);
  const { data, offsets } = keys;
  for (let i = 0; i < rows; i++) {
    const values = decodeKey(parts, data.subarray(offsets![i], offsets![i + 1]));
    for (let part = 0; part < parts.length; part++) columns[part]!.push(values[part]!);
  }
  return parts.map((part, i) => storedColumn(part, columns[i]!));
}

function storedColumn({ kind, nullable }: KeyPart, values: readonly KeyValue[]): StoredColumn {
  const valid = nullable ? { valid: Uint8Array.from(values, v => Number(v !== null)) } : {};
  switch (kind) {
    case 'bool':
    case 'i32':
      return { data: bytesOf(Int32Array.from(values, v => Number(v))), ...valid };
    case 'i64':
      return {
        data: bytesOf(BigInt64Array.from(values, v => BigInt((v ?? 0) as bigint))),
        ...valid,
      };
    case 'f64':
      return { data: bytesOf(Float64Array.from(values, v => Number(v))), ...valid };
    default: {
      const offsets = new Int32Array(values.length + 1);
      values.forEach((v, i) => {
        offsets[i + 1] = offsets[i]! + ((v as Uint8Array | null)?.length ?? 0);
      });
      const data = new Uint8Array(offsets[values.length]!);
      values.forEach((v, i) => v !== null && data.set(v as Uint8Array, offsets[i]));
      return { data, offsets, ...valid };
    }
  }
}

const bytesOf = ({ buffer }: Int32Array | BigInt64Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer);

/** Keys as the objects that `reduce` gets. */
export function keyReader(
  parts: readonly KeyPart[],
): (key: Uint8Array) => { readonly [column: string]: unknown } {
  const reader = rowReader<{ [column: string]: unknown }>(
    Object.fromEntries(parts.map(({ column, of }) => [column, of])),
  );
  return key => {
    reader.load(oneRow(parts, key));
    return reader.row(0);
  };
}

function oneRow(parts: readonly KeyPart[], key: Uint8Array): StoredBatch {
  const keys = { data: key, offsets: Int32Array.of(0, key.length) };
  return { rows: 1, columns: decodeKeys(parts, keys, 1) };
}

/** `word 'the'`, for messages. */
export function printKey(parts: readonly KeyPart[], key: Uint8Array): string {
  const row = keyReader(parts)(key);
  return Object.entries(row)
    .map(([column, value]) => `${column} ${printValue(value)}`)
    .join(', ');
}

/** What a kernel knows by number, in the user's words. */
export function overflowOf(error: unknown, layout: Layout): unknown {
  return error instanceof GroupOverflow ? sumOverflow(layout, error.aggregate, error.key) : error;
}

export function sumOverflow({ key, values }: Layout, index: number, bytes: Uint8Array): DataError {
  const [column, of] = Object.entries(values)[index] as [string, AnyType];
  return new DataError(
    'SUM_OVERFLOW',
    `the sum of column '${column}' for ${printKey(key, bytes)} leaves the range of ${of.type}`,
    { remedy: 'Sum in float64 where a rounded result will do, or split the key' },
  );
}
