/** Keys back to values, one at a time: as rows for the user's functions, as words in messages. Columns of keys:
 *  key-decoder.ts. */
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import { rowReader } from '../batch/codec.ts';
import { decodeKey, type KeyValue } from '../define/keys.ts';
import type { AnyType } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import { DataError } from '../errors.ts';
import { GroupOverflow } from '../store/merged-groups.ts';
import type { KeyPart, Layout } from './layout.ts';

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

/** One key's columns, in plain code: for functions and messages, one key at a time. */
function oneRow(parts: readonly KeyPart[], key: Uint8Array): StoredBatch {
  const values = decodeKey(parts, key);
  return { rows: 1, columns: parts.map((part, i) => oneValue(part, values[i]!)) };
}

function oneValue({ kind }: KeyPart, value: KeyValue): StoredColumn {
  const valid = Uint8Array.of(Number(value !== null));
  switch (kind) {
    case 'bool':
    case 'i32':
      return { data: bytesOf(Int32Array.of(Number(value))), valid };
    case 'i64':
      return { data: bytesOf(BigInt64Array.of(BigInt((value as bigint | null) ?? 0n))), valid };
    case 'f64':
      return { data: bytesOf(Float64Array.of(Number(value))), valid };
    default: {
      const data = (value as Uint8Array | null) ?? new Uint8Array(0);
      return { data, offsets: Int32Array.of(0, data.length), valid };
    }
  }
}

const bytesOf = ({ buffer }: Int32Array | BigInt64Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer);

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
