/** A data page as values: levels, and the values that are there, end to end.
 *
 * The encodings that everybody writes are decoded here, into typed arrays; the rare ones by hyparquet. Whatever the bytes say,
 * nothing is read beyond the page or written beyond the number of values that its header was allowed to have.
 * Format: https://parquet.apache.org/docs/file-format/data-pages/encodings/.
 */
import type { PageHeader, ParquetType } from 'hyparquet/src/types.js';
import { type Library, PAGE_BYTES } from './library.ts';
import { bitsOf, takeRuns } from './levels.ts';

/** Bytes of values, one after the other: value i is data[offsets[i]] to data[offsets[i + 1]]. */
export interface ByteValues {
  readonly data: Uint8Array;
  readonly offsets: Int32Array;
}
export type NumberValues = Int32Array | BigInt64Array | Float64Array | Float32Array | Uint8Array;

/** Values of one physical type. */
export type Values =
  | { readonly numbers: NumberValues; readonly bytes?: undefined }
  | { readonly bytes: ByteValues; readonly numbers?: undefined };

/** Values that are there; of a dictionary, which of its values. */
export interface Decoded {
  readonly count: number;
  readonly values: Values;
  readonly indices?: Int32Array | undefined;
  /** One of each entry, where they are not all the same. */
  readonly definition?: Uint8Array | undefined;
  readonly repetition?: Uint8Array | undefined;
  /** Entries: values, and nulls or empty lists. */
  readonly entries: number;
}

/** What is known of a column before its pages. */
export interface Leaf {
  readonly type: ParquetType;
  /** Of fixed length. */
  readonly length: number;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

const TOO_SHORT = 'it ends before its values do';

export type Codec = (bytes: Uint8Array, size: number) => Uint8Array;

/** The dictionary of a chunk. Throws an Error for bytes that are not what they should be. */
export function decodeDictionary(
  { uncompressed_page_size: size, dictionary_page_header: header }: PageHeader,
  bytes: Uint8Array,
  leaf: Leaf,
  codec: Codec,
): Values {
  const page = codec(bytes, size);
  return plain(page, 0, header!.num_values, leaf);
}

/** Throws an Error for bytes that are not what they should be. */
export function decodePage(
  header: PageHeader,
  bytes: Uint8Array,
  leaf: Leaf,
  codec: Codec,
  dictionary: Values | undefined,
  lib: Library,
): Decoded {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const entries = (v1 ?? v2)!.num_values;
  const { maxDefinition, maxRepetition } = leaf;
  const levels = (most: number): Uint8Array | undefined =>
    most === 0 ? undefined : new Uint8Array(entries);
  const repetition = levels(maxRepetition);
  const definition = levels(maxDefinition);
  let page: Uint8Array;
  let at = 0;
  if (v2 === undefined) {
    page = codec(bytes, header.uncompressed_page_size);
    for (const [into, most] of [
      [repetition, maxRepetition],
      [definition, maxDefinition],
    ] as const) {
      if (into === undefined) continue;
      const end = at + 4 + wordAt(page, at);
      takeRuns(page, at + 4, Math.min(end, page.length), bitsOf(most), into, entries);
      at = end;
    }
  } else {
    const [first, second] = [v2.repetition_levels_byte_length, v2.definition_levels_byte_length];
    const end = first + second;
    if (end > bytes.length) throw new Error('its levels are longer than the page');
    if (repetition) takeRuns(bytes, 0, first, bitsOf(maxRepetition), repetition, entries);
    if (definition) takeRuns(bytes, first, end, bitsOf(maxDefinition), definition, entries);
    const rest = bytes.subarray(end);
    const size = header.uncompressed_page_size - end;
    page = v2.is_compressed === false || size === 0 ? rest : codec(rest, size);
  }
  let count = entries;
  if (definition) for (const level of definition) if (level !== maxDefinition) count--;
  const encoding = (v1 ?? v2)!.encoding;
  const made = valuesOf({ page, at, count, encoding }, leaf, dictionary, lib);
  const isFull = count === entries && maxRepetition === 0;
  return { count, entries, ...made, definition: isFull ? undefined : definition, repetition };
}

/** Where the values of a page begin, and how many there are. */
interface Body {
  readonly page: Uint8Array;
  readonly at: number;
  readonly count: number;
  readonly encoding: string;
}

function valuesOf(
  { page, at, count, encoding }: Body,
  leaf: Leaf,
  dictionary: Values | undefined,
  lib: Library,
): Pick<Decoded, 'values' | 'indices'> {
  switch (encoding) {
    case 'PLAIN':
      return { values: plain(page, at, count, leaf) };
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === undefined) throw new Error('there is no dictionary');
      const indices = new Int32Array(count);
      if (count > 0) takeRuns(page, at + 1, page.length, page[at] ?? 0, indices, count);
      const size = dictionary.bytes?.offsets.length ?? dictionary.numbers!.length + 1;
      for (const index of indices) {
        if (index < 0 || index >= size - 1)
          throw new Error(`a value, ${index}, that is in no dictionary`);
      }
      return { values: dictionary, indices };
    }
    case 'RLE': {
      // Booleans; their length in four bytes before them, in newer pages too.
      const numbers = new Uint8Array(count);
      if (leaf.type !== 'BOOLEAN') throw new Error('RLE is for booleans');
      if (count > 0) takeRuns(page, at + 4, page.length, 1, numbers, count);
      return { values: { numbers } };
    }
    default:
      return { values: rare({ page, at, count, encoding }, leaf, lib) };
  }
}

/** Throws where bytes end before the values. */
function plain(page: Uint8Array, at: number, count: number, { type, length }: Leaf): Values {
  const bytes = (width: number): Uint8Array => {
    if (at + count * width > page.length) throw new Error(TOO_SHORT);
    // In a buffer of their own: they lie at any address.
    const own = new Uint8Array(count * width);
    own.set(page.subarray(at, at + count * width));
    return own;
  };
  switch (type) {
    case 'BOOLEAN': {
      if (at + Math.ceil(count / 8) > page.length) throw new Error(TOO_SHORT);
      const numbers = new Uint8Array(count);
      for (let i = 0; i < count; i++) numbers[i] = (page[at + (i >>> 3)]! >>> (i & 7)) & 1;
      return { numbers };
    }
    case 'INT32':
      return { numbers: new Int32Array(bytes(4).buffer) };
    case 'INT64':
      return { numbers: new BigInt64Array(bytes(8).buffer) };
    case 'FLOAT':
      return { numbers: new Float32Array(bytes(4).buffer) };
    case 'DOUBLE':
      return { numbers: new Float64Array(bytes(8).buffer) };
    case 'INT96':
      return { bytes: fixed(bytes(12), 12, count) };
    case 'FIXED_LEN_BYTE_ARRAY':
      return { bytes: fixed(bytes(length), length, count) };
    default:
      return { bytes: variable(page, at, count) };
  }
}

function fixed(data: Uint8Array, length: number, count: number): ByteValues {
  const offsets = new Int32Array(count + 1);
  for (let i = 1; i <= count; i++) offsets[i] = i * length;
  return { data, offsets };
}

/** Each value with its length before it. The lengths are taken out. */
function variable(page: Uint8Array, from: number, count: number): ByteValues {
  const offsets = new Int32Array(count + 1);
  const data = Buffer.allocUnsafeSlow(Math.max(0, page.length - from));
  let at = from;
  let end = 0;
  for (let i = 1; i <= count; i++) {
    const length = wordAt(page, at);
    at += 4;
    if (at + length > page.length) throw new Error(TOO_SHORT);
    if (length <= 32) for (let j = 0; j < length; j++) data[end + j] = page[at + j]!;
    else data.set(page.subarray(at, at + length), end);
    at += length;
    offsets[i] = end += length;
  }
  return { data, offsets };
}

function wordAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw new Error(TOO_SHORT);
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

/** Encodings that few writers use unasked. */
function rare({ page, at, count, encoding }: Body, { type, length }: Leaf, lib: Library): Values {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const reader = { view, offset: at };
  switch (encoding) {
    case 'DELTA_BINARY_PACKED': {
      const numbers = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      if (count > 0) lib.deltaBinaryUnpack(reader, count, numbers);
      return { numbers };
    }
    case 'DELTA_LENGTH_BYTE_ARRAY':
    case 'DELTA_BYTE_ARRAY': {
      const lengths = (): Int32Array => {
        const numbers = new Int32Array(count);
        if (count > 0) lib.deltaBinaryUnpack(reader, count, numbers);
        return numbers;
      };
      const shared = encoding === 'DELTA_BYTE_ARRAY' ? lengths() : undefined;
      const own = lengths();
      return { bytes: incremental(page, reader.offset, shared, own) };
    }
    case 'BYTE_STREAM_SPLIT': {
      if (count * length > page.length - at) throw new Error(TOO_SHORT);
      const split = lib.byteStreamSplit(reader, count, type, length);
      if (!Array.isArray(split)) return { numbers: split as NumberValues };
      return { bytes: fixed(Buffer.concat(split as Uint8Array[]), length, count) };
    }
    default:
      throw new Error(`the encoding ${encoding} is not read`);
  }
}

/** Each value begins as the one before it did, so far; then come bytes of its own. */
function incremental(
  page: Uint8Array,
  from: number,
  shared: Int32Array | undefined,
  own: Int32Array,
): ByteValues {
  const count = own.length;
  const offsets = new Int32Array(count + 1);
  let total = 0;
  for (let i = 0, before = 0; i < count; i++) {
    const begins = shared?.[i] ?? 0;
    if (begins < 0 || begins > before || own[i]! < 0) throw new Error(TOO_SHORT);
    before = begins + own[i]!;
    total += before;
    if (total > PAGE_BYTES) throw new Error(`values of ${total} bytes`);
    offsets[i + 1] = total;
  }
  const data = Buffer.allocUnsafeSlow(total);
  for (let i = 0, at = from; i < count; i++) {
    const start = offsets[i]!;
    const begins = shared?.[i] ?? 0;
    if (at + own[i]! > page.length) throw new Error(TOO_SHORT);
    if (begins > 0) data.copyWithin(start, offsets[i - 1]!, offsets[i - 1]! + begins);
    data.set(page.subarray(at, at + own[i]!), start + begins);
    at += own[i]!;
  }
  return { data, offsets };
}
