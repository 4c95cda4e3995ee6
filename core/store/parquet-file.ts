/** One Parquet file being written: magic, row groups of pages, footer. Synchronous.
 *
 * Order of calls: (beginGroup, (beginColumn, page…)+, endGroup)*, close; or abort at any time.
 * Invariants: bytes go out in the order of the calls, through a stage of fixed size, so the memory it takes does not
 * depend on what is written; the checksum of a group covers all its bytes, page headers included; a file holds no
 * time, host or version. Format: https://parquet.apache.org/docs/file-format/ (data pages v1, PLAIN, uncompressed).
 * Deliberately not here: how values become page bodies (pages.ts), which columns there are (segment.ts,
 * parquet-output.ts).
 */
import { fsyncSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { abandon, closeWhole, system, writeAll } from './file.ts';
import { PageBuffer } from './pages.ts';
import { DATA_PAGE, ENCODING, type Envelope, parquetjs, UNCOMPRESSED } from './parquetjs.ts';

/** Members of parquet.thrift's SchemaElement. */
export interface SchemaElement {
  readonly name: string;
  readonly type?: number;
  readonly type_length?: number;
  readonly repetition_type?: number;
  readonly num_children?: number;
  readonly converted_type?: number;
  readonly scale?: number;
  readonly precision?: number;
  readonly logicalType?: object;
}
/** One column in the footer's schema: itself, then what is nested in it, depth first. */
export type Elements = readonly SchemaElement[];
/** A column chunk's column: where it is in the schema, and its physical type. */
export interface Leaf {
  readonly path: readonly string[];
  readonly type: number;
}

export const MAGIC: Uint8Array = new TextEncoder().encode('PAR1');
/** Large enough that system calls do not show beside the copy, small enough for a core's second-level cache. */
export const STAGE_BYTES = 256 * 1024;

/** Of Thrift's compact protocol. */
const LIST = 9;
const STRUCT = 12;
const FIELD_AFTER_LAST = 0x10;

/** The head of a list of so many structs. */
function listOf(size: number): number[] {
  if (size < 15) return [(size << 4) | STRUCT];
  const bytes = [0xf0 | STRUCT];
  for (let left = size; ; left >>>= 7) {
    if (left < 128) return [...bytes, left];
    bytes.push((left & 127) | 128);
  }
}

interface Chunk {
  readonly start: number;
  values: number;
}

export class ParquetFile {
  readonly path: string;
  readonly #leaves: readonly Leaf[];
  readonly #columns: readonly Elements[];
  readonly #descriptor: number;
  readonly #envelope: Envelope;
  readonly #stage: Uint8Array;
  #staged = 0;
  #crc = 0;
  #groupStart = 0;
  /** Row groups as the footer will have them: as objects they would be 3 KB each, and a run of 10 GB has 40,000. */
  readonly #groups = new PageBuffer();
  #groupCount = 0;
  #chunks: Chunk[] = [];
  #open = true;

  /** Creates the file; one that exists is an error. `stage`: STAGE_BYTES, its own until it is closed or aborted. */
  constructor(
    path: string,
    columns: readonly Elements[],
    leaves: readonly Leaf[],
    stage = new Uint8Array(STAGE_BYTES),
  ) {
    this.#stage = stage;
    this.path = path;
    this.#columns = columns;
    this.#leaves = leaves;
    this.#descriptor = system(path, 'create', () => openSync(path, 'wx'));
    const write = (bytes: Uint8Array) => writeAll(this.#descriptor, bytes, path);
    this.#envelope = new (parquetjs().Envelope)({}, write, () => {}, 0, {});
    this.append(MAGIC);
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.#envelope.offset + this.#staged;
  }
  get rows(): number {
    return this.#envelope.rowCount;
  }

  beginGroup(): void {
    this.#flush();
    this.#crc = 0;
    this.#groupStart = this.position;
    this.#chunks = [];
  }
  beginColumn(): void {
    this.#chunks.push({ start: this.position, values: 0 });
  }

  /** The header of the next page; `append` the body after it.
   * @param values entries, nulls included. @returns where the body starts */
  page(values: number, bodyBytes: number): number {
    const { types, serialize } = parquetjs();
    const header = new types.PageHeader!({
      type: DATA_PAGE,
      uncompressed_page_size: bodyBytes,
      compressed_page_size: bodyBytes,
      data_page_header: new types.DataPageHeader!({
        num_values: values,
        encoding: ENCODING.PLAIN,
        definition_level_encoding: ENCODING.RLE,
        repetition_level_encoding: ENCODING.RLE,
      }),
    });
    this.append(serialize(header));
    this.#chunks.at(-1)!.values += values;
    return this.position;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length > STAGE_BYTES - this.#staged) this.#flush();
    if (bytes.length > STAGE_BYTES) {
      this.#crc = crc32(bytes, this.#crc);
      this.#envelope.writeSection(bytes);
    } else {
      this.#stage.set(bytes, this.#staged);
      this.#staged += bytes.length;
    }
  }

  /** @param trailer follows the pages, where readers of Parquet do not look; `bytes` and `crc` have it, too */
  endGroup(
    rows: number,
    trailer?: Uint8Array,
  ): { readonly offset: number; readonly bytes: number; readonly crc: number } {
    const { types, serialize } = parquetjs();
    const end = this.position;
    if (trailer !== undefined) this.append(trailer);
    this.#flush();
    const columns = this.#chunks.map(({ start, values }, i) => {
      const bytes = (this.#chunks[i + 1]?.start ?? end) - start;
      const meta = new types.ColumnMetaData!({
        type: this.#leaves[i]!.type,
        encodings: [ENCODING.PLAIN, ENCODING.RLE],
        path_in_schema: this.#leaves[i]!.path,
        codec: UNCOMPRESSED,
        num_values: values,
        total_uncompressed_size: bytes,
        total_compressed_size: bytes,
        data_page_offset: start,
      });
      // `file_offset` 0 where no copy of the metadata follows the chunk, as parquet.thrift asks.
      return Object.assign(new types.ColumnChunk!({ file_offset: 0 }), { meta_data: meta });
    });
    const group = new types.RowGroup!({
      total_byte_size: end - this.#groupStart,
      num_rows: rows,
    });
    this.#groups.append(serialize(Object.assign(group, { columns })));
    this.#groupCount++;
    this.#envelope.rowCount += rows;
    return { offset: this.#groupStart, bytes: this.position - this.#groupStart, crc: this.#crc };
  }

  /** Writes the footer, with `metadata` as its keys and values. @returns bytes of the file */
  close(metadata: { readonly [key: string]: string } = {}, sync = false): number {
    const start = this.position;
    this.#appendFooter(metadata);
    const tail = new Uint8Array(8);
    new DataView(tail.buffer).setUint32(0, this.position - start, true);
    tail.set(MAGIC, 4);
    this.append(tail);
    this.#flush();
    if (sync) system(this.path, 'write', () => fsyncSync(this.#descriptor));
    this.#open = false;
    closeWhole(this.#descriptor, this.path);
    return this.#envelope.offset;
  }

  /** FileMetaData, around row groups that are serialised already. Thrift's compact protocol: a field begins with
   *  (its number − the last one's) << 4 | type; a list with size << 4 | type of its items, or from 15 on with f0 | type and
   *  the size as a varint; a struct ends with 0. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
  #appendFooter(metadata: { readonly [key: string]: string }): void {
    const { types, serialize } = parquetjs();
    const root = { name: 'schema', num_children: this.#columns.length };
    const before = Object.assign(
      new types.FileMetaData!({ version: 1, num_rows: this.#envelope.rowCount }),
      { schema: [root, ...this.#columns.flat()].map(each => new types.SchemaElement!(each)) },
    );
    const pairs = Object.entries(metadata);
    const after = Object.assign(new types.FileMetaData!({ created_by: 'superstep' }), {
      row_groups: [],
      key_value_metadata: pairs.map(([key, value]) => new types.KeyValue!({ key, value })),
    });
    this.append(serialize(before).subarray(0, -1));
    this.append(Uint8Array.from([FIELD_AFTER_LAST | LIST, ...listOf(this.#groupCount)]));
    this.append(this.#groups.view());
    // Without the empty list it begins with: its field and its size, a byte each.
    this.append(serialize(after).subarray(2));
  }

  /** Removes the file, unless it is whole. Harmless when called again. */
  abort(): void {
    if (!this.#open) return;
    this.#open = false;
    abandon(this.#descriptor, this.path);
  }

  #flush(): void {
    if (this.#staged === 0) return;
    const bytes = this.#stage.subarray(0, this.#staged);
    this.#crc = crc32(bytes, this.#crc);
    this.#envelope.writeSection(bytes);
    this.#staged = 0;
  }
}
