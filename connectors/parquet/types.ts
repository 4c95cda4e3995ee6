/** What the columns of a Parquet file are in our types, and how their stored values become ours.
 *
 * A column is read as the type that it has, and as some that hold all of its values: int32 as int64, text as bytes and back,
 * a decimal as one with more digits. Columns may be optional whatever is asked for, since most writers declare all of them
 * so: a null that is met where none may be is an error then.
 * Types: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md.
 */
import type { SchemaElement, SchemaTree } from 'hyparquet/src/types.js';
import { type AnyType, printType } from 'superstep/internal';

/** One of our types, or the name of what none of ours is. Plain data. */
export type FileType = AnyType | { readonly foreign: string };
/** Of 64, 32 and 16 bits, of bytes that are big endian: what a stored value becomes. */
export type Raw = number | bigint | Uint8Array;

export const isForeign = (of: FileType): of is { readonly foreign: string } => 'foreign' in of;
export const printFileType = (of: FileType): string => (isForeign(of) ? of.foreign : printType(of));

const known = (type: string): AnyType => ({ type });
const foreign = (name: string): FileType => ({ foreign: name });

/** Throws for what no reader could read. */
export function fileTypeOf(node: SchemaTree): FileType {
  const { element, children } = node;
  if (element.repetition_type === 'REPEATED') return foreign('a repeated field');
  if (children.length === 0) return leafType(element);
  const { converted_type: converted, logical_type: logical } = element;
  if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical?.type === 'MAP') {
    return foreign('a map');
  }
  const item = converted === 'LIST' || logical?.type === 'LIST' ? itemOf(node) : undefined;
  if (item === undefined) return foreign(logical?.type.toLowerCase() ?? 'a struct');
  const of = fileTypeOf(item);
  if (isForeign(of)) return foreign(`a list of ${of.foreign}`);
  const nullable = item.element.repetition_type === 'OPTIONAL' ? { nullable: true } : {};
  return { type: 'list', of: { ...of, ...nullable } } as unknown as AnyType;
}

/** Of a list in its standard form of three levels: the element. Undefined for older forms. */
export function itemOf({ children }: SchemaTree): SchemaTree | undefined {
  const [repeated, another] = children;
  if (another !== undefined || repeated?.element.repetition_type !== 'REPEATED') return undefined;
  return repeated.children.length === 1 ? repeated.children[0] : undefined;
}

function leafType(element: SchemaElement): FileType {
  const { type, converted_type: converted, logical_type: logical } = element;
  const precision = element.precision ?? (logical as { precision?: number })?.precision;
  const scale = element.scale ?? (logical as { scale?: number })?.scale ?? 0;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    if (
      precision === undefined ||
      precision < 1 ||
      precision > 38 ||
      scale < 0 ||
      scale > precision
    ) {
      return foreign(`decimal(${precision}, ${scale})`);
    }
    return { type: 'decimal', precision, scale } as AnyType;
  }
  switch (type) {
    case 'BOOLEAN':
      return known('bool');
    case 'INT32':
    case 'INT64':
      return integerType(type, converted ?? '', logical);
    case 'INT96':
      return known('timestamp');
    case 'FLOAT':
    case 'DOUBLE':
      return known('float64');
    case 'FIXED_LEN_BYTE_ARRAY':
      if (logical?.type === 'FLOAT16') return known('float64');
      if (converted === 'INTERVAL') return foreign('an interval');
      return logical === undefined ? known('binary') : foreign(logical.type.toLowerCase());
    default:
      return bytesType(converted, logical);
  }
}

function bytesType(
  converted: SchemaElement['converted_type'],
  logical: SchemaElement['logical_type'],
): FileType {
  const text = ['UTF8', 'ENUM', 'JSON', 'STRING'];
  if (text.includes(converted ?? '') || text.includes(logical?.type ?? '')) return known('utf8');
  const name = converted ?? logical?.type;
  return name === undefined ? known('binary') : foreign(name.toLowerCase());
}

function integerType(
  type: 'INT32' | 'INT64',
  converted: string,
  logical: SchemaElement['logical_type'],
): FileType {
  if (converted === 'DATE' || logical?.type === 'DATE') return known('date');
  if (converted.startsWith('TIMESTAMP') || logical?.type === 'TIMESTAMP') return known('timestamp');
  if (converted.startsWith('TIME_') || logical?.type === 'TIME') return foreign('a time of day');
  if (isUnsigned(converted, logical, 64)) return foreign('uint64');
  if (isUnsigned(converted, logical, 32)) return known('int64');
  return known(type === 'INT32' ? 'int32' : 'int64');
}

function isUnsigned(
  converted: string,
  logical: SchemaElement['logical_type'],
  bits: 32 | 64,
): boolean {
  if (logical?.type === 'INTEGER') return !logical.isSigned && logical.bitWidth === bits;
  return converted === `UINT_${bits}`;
}

type Parts = { readonly of?: AnyType; readonly precision?: number; readonly scale?: number };

/** Whether a column of the file can be read as the type asked for; whether it may be null is another question. */
export function readsAs(have: FileType, want: AnyType): boolean {
  if (isForeign(have)) return false;
  const [from, to] = [have as Parts, want as Parts];
  if (have.type === 'decimal' && want.type === 'decimal') {
    const whole = (of: Parts): number => of.precision! - of.scale!;
    return to.scale! >= from.scale! && whole(to) >= whole(from);
  }
  if (have.type === 'list' && want.type === 'list') return readsAs(from.of!, to.of!);
  if (have.type === want.type) return true;
  const pair = `${have.type} ${want.type}`;
  return ['int32 int64', 'utf8 binary', 'binary utf8'].includes(pair);
}

/** A stored value as ours; undefined where ours does not hold it. Absent: it is ours already. */
export type Convert = (value: never) => Raw | undefined;

/** For values of one leaf, to be read as `want`. */
export function converterOf(element: SchemaElement, want: AnyType): Convert | undefined {
  const { logical_type: logical, converted_type: converted = '' } = element;
  switch (want.type) {
    case 'int64':
      // 32 bits are made 64 where they are read.
      return isUnsigned(converted, logical, 32)
        ? (((value: number | bigint) => BigInt.asUintN(32, BigInt(value))) as Convert)
        : undefined;
    case 'float64':
      return logical?.type === 'FLOAT16' ? (half as Convert) : undefined;
    case 'timestamp':
      return timestampConverter(element);
    case 'decimal':
      return decimalConverter(element, want as AnyType & { precision: number; scale: number });
    default:
      return undefined;
  }
}

function timestampConverter({
  type,
  logical_type: logical,
  converted_type: converted,
}: SchemaElement): Convert | undefined {
  const unit = logical?.type === 'TIMESTAMP' ? logical.unit : undefined;
  if (unit === 'MILLIS' || converted === 'TIMESTAMP_MILLIS') {
    return ((value: bigint) => within64(value * 1000n)) as Convert;
  }
  // A microsecond is the least that we have.
  if (unit === 'NANOS') return micros as Convert;
  if (type === 'INT96') return ((value: Uint8Array) => micros(nanosOf(value))) as Convert;
  return undefined;
}

const micros = (nanos: bigint): bigint | undefined =>
  nanos % 1000n === 0n ? within64(nanos / 1000n) : undefined;

const DAY_NANOS = 86_400_000_000_000n;
/** The Julian day of 1970-01-01. */
const EPOCH = 2_440_588n;

/** 96 bits, little endian: nanoseconds of the day, then the Julian day. */
function nanosOf(value: Uint8Array): bigint {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return (BigInt(view.getInt32(8, true)) - EPOCH) * DAY_NANOS + view.getBigUint64(0, true);
}

const within64 = (value: bigint): bigint | undefined =>
  BigInt.asIntN(64, value) === value ? value : undefined;

function decimalConverter(
  { scale = 0 }: SchemaElement,
  want: { readonly precision: number; readonly scale: number },
): Convert {
  const factor = 10n ** BigInt(want.scale - scale);
  const end = 10n ** BigInt(want.precision);
  return ((value: number | bigint | Uint8Array) => {
    const unscaled = (value instanceof Uint8Array ? bigEndian(value) : BigInt(value)) * factor;
    return unscaled < end && unscaled > -end ? unscaled : undefined;
  }) as Convert;
}

/** Two's complement. */
function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}

/** IEEE 754 of 16 bits, little endian. */
function half(bytes: Uint8Array): number {
  const bits = bytes[0]! | (bytes[1]! << 8);
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * 2 ** -14 * fraction : sign * 2 ** (exponent - 15) * (1 + fraction);
}
