/** The parts of parquetjs-lite that we use, typed and loaded on first use (16 ms that a job which writes no Parquet
 * does not pay): the envelope writer, and the thrift types of headers and footers.
 *
 * Deliberately not used: its schemas (no decimals, and a column named `__proto__` breaks them), its rows, its encodings.
 */
import { createRequire } from 'node:module';

/** Keeps the position and the row count of a file. Synchronous when `write` is. */
export interface Envelope {
  readonly offset: number;
  rowCount: number;
  writeHeader(): void;
  writeSection(bytes: Uint8Array): void;
}
type Struct = new (members: object) => object;

export interface Parquetjs {
  readonly Envelope: new (
    schema: object,
    write: (bytes: Uint8Array) => void,
    close: () => void,
    offset: number,
    options: object,
  ) => Envelope;
  readonly types: { readonly [struct: string]: Struct };
  serialize(struct: object): Uint8Array;
  /** Reads a struct of a type from bytes; its members as parquet.thrift names them. */
  decode(struct: Struct, bytes: Uint8Array): Record<string, unknown>;
}

let loaded: Parquetjs | undefined;

export function parquetjs(): Parquetjs {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const util = require('parquetjs-lite/lib/util.js');
  const types = require('parquetjs-lite/gen-nodejs/parquet_types.js');
  loaded = {
    Envelope: require('parquetjs-lite/lib/writer.js').ParquetEnvelopeWriter,
    types,
    serialize: util.serializeThrift,
    decode(struct, bytes) {
      const value = new struct({});
      util.decodeThrift(value, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      return value as Record<string, unknown>;
    },
  };
  return loaded;
}

/** Numbers of parquet.thrift's enums, of those members that we write. */
export const PHYSICAL = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED: 7,
} as const;
export const REPETITION = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const;
export const CONVERTED = { UTF8: 0, LIST: 3, DECIMAL: 5, DATE: 6, TIMESTAMP_MICROS: 10 } as const;
export const ENCODING = { PLAIN: 0, RLE: 3 } as const;
export const DATA_PAGE = 0;
export const UNCOMPRESSED = 0;
