/** The parts of hyparquet and its compressors that we use, loaded when the first Parquet file is read: footers, headers, codecs,
 * and encodings that few writers use (hence the exact version in package.json).
 *
 * Not used: its readers of pages and columns. They make an object a value, and one bit that is wrong in a run's length ends the
 * process, because an array grows without bound.
 */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

/** A page is this large at most, compressed or not. Writers cut them at a MiB or so; a value may be larger. */
export const PAGE_BYTES = 256 * 2 ** 20;

type Decompress = (input: Uint8Array, bytes: number) => Uint8Array;

export type Library = Awaited<ReturnType<typeof load>>;

async function load() {
  const { parquetMetadata, parquetSchema } = await import('hyparquet');
  const { parquetHeader } = await import('hyparquet/src/column.js');
  const { deltaBinaryUnpack } = await import('hyparquet/src/delta.js');
  const { byteStreamSplit } = await import('hyparquet/src/encoding.js');
  const { compressors } = await import('hyparquet-compressors');
  const codecs: { readonly [codec: string]: Decompress | undefined } = {
    ...compressors,
    UNCOMPRESSED: input => input,
    GZIP: (input, bytes) => gunzipSync(input, { maxOutputLength: bytes }),
    BROTLI: (input, bytes) => brotliDecompressSync(input, { maxOutputLength: bytes }),
  };
  /** Throws an Error, for a size before anything of it is allocated. */
  const codecOf =
    (name: string): Decompress =>
    (input, bytes) => {
      const decompress = codecs[name];
      if (decompress === undefined) throw new Error(`the codec ${name} is not read`);
      if (!(bytes >= 0 && bytes <= PAGE_BYTES)) throw new Error(`it has ${bytes} bytes`);
      const page = bytes === 0 ? new Uint8Array(0) : decompress(input, bytes);
      if (page.length !== bytes) throw new Error(`it has ${page.length} bytes, not ${bytes}`);
      return page;
    };
  return {
    parquetMetadata,
    parquetSchema,
    parquetHeader,
    deltaBinaryUnpack,
    byteStreamSplit,
    codecOf,
  };
}

let loading: Promise<Library> | undefined;
export const library = (): Promise<Library> => (loading ??= load());
