/** Normalised keys: values as bytes whose order is the values' order. The table is in ARCHITECTURE.md, "Everything is
 *  bytes in key order"; this is its definition in plain code, one value at a time (for bounds and messages).
 *  Columns at a time: kernels/encode.ts.
 *
 * Invariants: values are those of stored columns (see batch/columns.ts); an encoded value is no prefix of another, but
 * for `raw` ones, which only the last part of a key may be. So a key of several parts is its parts end to end, and
 * the first parts of a key are a key.
 */
import type { AnyType } from './schema.ts';

/** How a column is encoded. `decimal` is the 16 bytes of one beyond 18 digits. */
export type KeyKind = 'bool' | 'i32' | 'i64' | 'f64' | 'decimal' | 'bytes';

export interface KeyPart {
  readonly kind: KeyKind;
  readonly nullable: boolean;
  readonly descending: boolean;
  /** The bytes themselves, without an end: only for the last part, kind `bytes`, ascending. */
  readonly raw: boolean;
}

/** What a part is encoded from and decoded to: 0 or 1 for bool, bigint for i64, stored bytes for decimal and bytes. */
export type KeyValue = number | bigint | Uint8Array | null;

const WIDTHS = { bool: 1, i32: 4, i64: 8, f64: 8, decimal: 16 } as const;

/** How a column type is encoded in a key; undefined for a list, which is no key. */
export function keyKindOf(of: AnyType): KeyKind | undefined {
  switch (of.type) {
    case 'bool':
      return 'bool';
    case 'int32':
    case 'date':
      return 'i32';
    case 'int64':
    case 'timestamp':
      return 'i64';
    case 'float64':
      return 'f64';
    case 'decimal':
      return (of as { precision?: number }).precision! <= 18 ? 'i64' : 'decimal';
    case 'utf8':
    case 'binary':
      return 'bytes';
    default:
      return undefined;
  }
}

/** The most bytes a value may take. */
export function keyPartBytes(part: KeyPart, value: KeyValue): number {
  const bytes = part.kind !== 'bytes' ? WIDTHS[part.kind] : encodedBytes(part, value);
  return bytes + Number(part.nullable);
}
const encodedBytes = (part: KeyPart, value: KeyValue): number => {
  const { length } = (value ?? []) as Uint8Array;
  return part.raw ? length : 2 * length + 2;
};

/** Writes a value at `at`, where there is room for `keyPartBytes`; returns where the next one goes.
 *  @throws TypeError for a null in a part that is not nullable. */
export function encodeKeyPart(part: KeyPart, value: KeyValue, out: Uint8Array, at: number): number {
  let end = at;
  if (part.nullable) out[end++] = value === null ? 0 : 1;
  else if (value === null) throw new TypeError('null in a key column that is not nullable');
  if (value !== null) end = encodeValue(part, value, out, end);
  if (part.descending) flip(out, at, end);
  return end;
}

function encodeValue(
  { kind, raw }: KeyPart,
  value: number | bigint | Uint8Array,
  out: Uint8Array,
  at: number,
): number {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  switch (kind) {
    case 'bool':
      out[at] = Number(value);
      break;
    case 'i32':
      view.setInt32(at, Number(value) ^ 0x8000_0000);
      break;
    case 'i64':
      view.setBigUint64(at, BigInt(value as bigint) ^ SIGN);
      break;
    case 'f64':
      view.setBigUint64(at, orderedBits(value as number));
      break;
    case 'decimal':
      out.set(value as Uint8Array, at);
      out[at]! ^= 0x80;
      break;
    case 'bytes':
      return raw ? copy(value as Uint8Array, out, at) : escape(value as Uint8Array, out, at);
  }
  return at + WIDTHS[kind];
}

const SIGN = 1n << 63n;
const ALL = (1n << 64n) - 1n;
const NAN = 0x7ff8_0000_0000_0000n;

/** A double's bits, so that unsigned order is its order: −0 is 0, one NaN above all. */
function orderedBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value + 0);
  const bits = Number.isNaN(value) ? NAN : view.getBigUint64(0);
  return bits & SIGN ? bits ^ ALL : bits | SIGN;
}

function copy(value: Uint8Array, out: Uint8Array, at: number): number {
  out.set(value, at);
  return at + value.length;
}

function escape(value: Uint8Array, out: Uint8Array, at: number): number {
  let end = at;
  for (const byte of value) {
    out[end++] = byte;
    if (byte === 0) out[end++] = 0xff;
  }
  out[end++] = 0;
  out[end++] = 0;
  return end;
}

function flip(bytes: Uint8Array, from: number, end: number): void {
  for (let at = from; at < end; at++) bytes[at]! ^= 0xff;
}

/** The values of a key that begins with these parts. A raw part ends where `key` does.
 *  @throws RangeError when the bytes are not such a key. */
export function decodeKey(parts: readonly KeyPart[], key: Uint8Array): KeyValue[] {
  let at = 0;
  return parts.map(part => {
    const { value, end } = decodePart(part, key, at);
    at = end;
    return value;
  });
}

/** Where the first `parts` of a key end: what a natural key is of a sort key. */
export function keyLength(parts: readonly KeyPart[], key: Uint8Array): number {
  return parts.reduce((at, part) => decodePart(part, key, at).end, 0);
}

function decodePart(
  part: KeyPart,
  key: Uint8Array,
  from: number,
): { value: KeyValue; end: number } {
  const mask = part.descending ? 0xff : 0;
  let at = from;
  if (part.nullable && ((key[at++] ?? 0) ^ mask) === 0) return { value: null, end: at };
  const { kind } = part;
  if (kind === 'bytes') {
    return part.raw ? { value: key.slice(at), end: key.length } : unescape(key, at, mask);
  }
  const end = at + WIDTHS[kind];
  if (end > key.length) throw new RangeError(`a key of ${key.length} bytes ends within a value`);
  const bytes = key.slice(at, end);
  flip(bytes, 0, part.descending ? bytes.length : 0);
  return { value: decodeFixed(kind, bytes), end };
}

function decodeFixed(kind: Exclude<KeyKind, 'bytes'>, bytes: Uint8Array): KeyValue {
  const view = new DataView(bytes.buffer);
  switch (kind) {
    case 'bool':
      return bytes[0]!;
    case 'i32':
      return view.getInt32(0) ^ 0x8000_0000;
    case 'i64':
      return BigInt.asIntN(64, view.getBigUint64(0) ^ SIGN);
    case 'f64': {
      const bits = view.getBigUint64(0);
      view.setBigUint64(0, bits & SIGN ? bits ^ SIGN : bits ^ ALL);
      return view.getFloat64(0);
    }
    case 'decimal':
      bytes[0]! ^= 0x80;
      return bytes;
  }
}

function unescape(key: Uint8Array, from: number, mask: number): { value: Uint8Array; end: number } {
  const value = new Uint8Array(key.length - from);
  let length = 0;
  for (let at = from; at + 1 < key.length; at++) {
    const byte = key[at]! ^ mask;
    if (byte === 0) {
      if ((key[at + 1]! ^ mask) === 0) return { value: value.slice(0, length), end: at + 2 };
      at++;
    }
    value[length++] = byte;
  }
  throw new RangeError(`a key of ${key.length} bytes ends within a value`);
}
