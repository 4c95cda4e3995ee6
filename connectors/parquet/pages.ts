/** The pages of one column chunk, decoded one after the other: what is held is a page and the dictionary.
 *
 * What a page is made of: decode.ts. A page's header is believed as far as the file, the row group and the bounds here allow: sizes before they are read, numbers of
 * values before they are decoded, the checksum where there is one.
 */
import type { ColumnMetaData, PageHeader, SchemaTree } from 'hyparquet/src/types.js';
import { crc32 } from 'node:zlib';
import type { PlainReader, Planned } from '../bytes/read.ts';
import { damaged, parsed, readBytes } from './footer.ts';
import {
  type Codec,
  type Decoded,
  decodeDictionary,
  decodePage,
  type Leaf,
  type Values,
} from './decode.ts';
import { type Library, PAGE_BYTES } from './library.ts';

/** Values of a page at most. Writers put some ten thousands into one; a row group of a million may be one. */
const PAGE_VALUES = 2 ** 24;
/** Read for a page's header at first; with statistics of long values they may be longer. */
const HEADER_BYTES = 4096;
/** Old writers leave the dictionary's header out of a chunk's size (PARQUET-816). */
const HEADER_SLACK = 100;
const LONG_HEADER_BYTES = 16 * 2 ** 20;

/** What all columns of a split share. */
export interface Opened {
  readonly lib: Library;
  readonly reader: PlainReader;
  readonly planned: Planned;
}

export interface Chunk {
  readonly meta: ColumnMetaData;
  /** From the root to the leaf. */
  readonly path: readonly SchemaTree[];
}

/** Where a chunk's bytes lie. (Some writers leave the dictionary's offset out.) */
export function rangeOf(meta: ColumnMetaData): { readonly from: number; readonly to: number } {
  const dictionary = Number(meta.dictionary_page_offset ?? 0);
  const data = Number(meta.data_page_offset);
  const from = dictionary > 0 && dictionary < data ? dictionary : data;
  return { from, to: from + Number(meta.total_compressed_size) };
}

/** A page as it is stored: its header, and its bytes. */
interface StoredPage {
  readonly header: PageHeader;
  readonly bytes: Buffer;
}

/** The pages of a chunk as they are stored, in order; undefined after the last. */
class PageReader {
  readonly #opened: Opened;
  readonly #end: number;
  /** Values that pages may still have. */
  #left: number;
  #at: number;

  constructor(opened: Opened, { meta }: Chunk, values: number) {
    this.#opened = opened;
    this.#left = values;
    const { from, to } = rangeOf(meta);
    this.#at = from;
    this.#end = Math.min(to + HEADER_SLACK, opened.planned.size);
  }

  next(): StoredPage | undefined {
    const { reader, planned } = this.#opened;
    if (this.#left === 0 || this.#at >= this.#end) return undefined;
    const { header, length } = this.#header(HEADER_BYTES);
    const size = header.compressed_page_size;
    const from = this.#at + length;
    if (!(isCount(size, PAGE_BYTES) && from + size <= this.#end)) {
      throw damaged(planned.name, `the page at byte ${this.#at} says that it has ${size} bytes`);
    }
    this.#checkValues(header);
    const bytes = readBytes(reader, planned, from, size);
    if (typeof header.crc === 'number' && crc32(bytes) !== header.crc >>> 0) {
      throw damaged(planned.name, `the checksum of the page at byte ${this.#at} differs`);
    }
    this.#at = from + size;
    return { header, bytes };
  }

  #header(bytes: number): { readonly header: PageHeader; readonly length: number } {
    const { lib, reader, planned } = this.#opened;
    const window = readBytes(reader, planned, this.#at, Math.min(bytes, this.#end - this.#at));
    const view = { view: new DataView(window.buffer, window.byteOffset, window.length), offset: 0 };
    try {
      const header = lib.parquetHeader(view);
      if (view.offset <= window.length) return { header, length: view.offset };
    } catch (error) {
      if (bytes >= LONG_HEADER_BYTES || window.length < bytes) {
        throw damaged(planned.name, `the header of the page at byte ${this.#at} is damaged`, error);
      }
    }
    return this.#header(bytes * 64);
  }

  #checkValues({
    type,
    data_page_header: v1,
    data_page_header_v2: v2,
    ...header
  }: PageHeader): void {
    const { name } = this.#opened.planned;
    if (type === 'DICTIONARY_PAGE') {
      const count = header.dictionary_page_header?.num_values;
      const most = header.uncompressed_page_size;
      if (isCount(most, PAGE_BYTES) && isCount(count, Math.min(PAGE_VALUES, most))) return;
      throw damaged(name, `the dictionary at byte ${this.#at} says that it has ${count} values`);
    }
    const count = (v1 ?? v2)?.num_values;
    if (!isCount(count, Math.min(PAGE_VALUES, this.#left))) {
      throw damaged(name, `the page at byte ${this.#at} says that it has ${count} values`);
    }
    if (v2 !== undefined) {
      const { num_nulls: nulls, ...levels } = v2;
      const sizes = [levels.definition_levels_byte_length, levels.repetition_levels_byte_length];
      const isWhole = isCount(nulls, count) && sizes.every(size => isCount(size, PAGE_BYTES));
      if (!isWhole) throw damaged(name, `the levels of the page at byte ${this.#at} cannot be`);
    }
    this.#left -= count;
  }
}

/** Of a damaged header a member may be anything. */
const isCount = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;

/** The values of a column, page by page. */
export class ColumnPages {
  readonly #opened: Opened;
  readonly #name: string;
  readonly #pages: PageReader;
  readonly #leaf: Leaf;
  readonly #codec: Codec;
  #dictionary: Values | undefined;

  /** @param values that the chunk has at most */
  constructor(opened: Opened, chunk: Chunk, values: number) {
    this.#opened = opened;
    this.#pages = new PageReader(opened, chunk, values);
    this.#leaf = leafOf(chunk);
    this.#codec = opened.lib.codecOf(chunk.meta.codec);
    this.#name = chunk.meta.path_in_schema.join('.');
  }

  /** The next page that has something; undefined after the last. Throws DataError PARQUET_INVALID. */
  next(): Decoded | undefined {
    const { lib, planned } = this.#opened;
    for (let page = this.#pages.next(); page !== undefined; page = this.#pages.next()) {
      const { header, bytes } = page;
      const decoded = parsed(planned.name, `a page of '${this.#name}' is damaged`, () => {
        if (header.type !== 'DICTIONARY_PAGE') {
          return decodePage(header, bytes, this.#leaf, this.#codec, this.#dictionary, lib);
        }
        this.#dictionary = decodeDictionary(header, bytes, this.#leaf, this.#codec);
        return undefined;
      });
      if (decoded !== undefined && decoded.entries > 0) return decoded;
    }
    return undefined;
  }
}

/** Levels of a column: one for each part of its path that may be missing, and for each that may be there again. */
function leafOf({ meta, path }: Chunk): Leaf {
  const parts = path.slice(1).map(({ element }) => element.repetition_type);
  const { type_length: length = 0 } = path.at(-1)!.element;
  return {
    type: meta.type,
    length: WIDTHS[meta.type] ?? length,
    maxDefinition: parts.filter(part => part !== 'REQUIRED').length,
    maxRepetition: parts.filter(part => part === 'REPEATED').length,
  };
}

const WIDTHS: { readonly [type: string]: number } = {
  BOOLEAN: 1,
  INT32: 4,
  FLOAT: 4,
  INT64: 8,
  DOUBLE: 8,
  INT96: 12,
};
