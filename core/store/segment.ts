/** A segment: intermediate batches in a Parquet file. One batch is one row group, one column one page. Behind the pages of a
 * group, where readers of Parquet do not look, lies where each page's body begins: 4 bytes a column.
 *
 * Order of calls: new SegmentWriter, write*, close (or abort); the places that `write` returns travel to whoever
 * reads; new SegmentReader, read*, close. `openSegment` finds the places again in the file alone.
 * Invariants: what is read is what was written, bit for bit, or SEGMENT_CORRUPT (a CRC-32 over each row group);
 * memory is the stage of the writer and one page, or one value where that is larger. Any Parquet reader opens a segment: stored
 * columns are INT32, INT64, DOUBLE and BYTE_ARRAY, nullable ones OPTIONAL.
 * Deliberately not here: logical types and output files (parquet-output.ts); which batches make a run (run.ts).
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  type Field,
  type Kind,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from '../batch/columns.ts';
import { DataError } from '../errors.ts';
import { closeQuietly, readAll, system } from './file.ts';
import {
  PageBuffer,
  putFixed,
  putLevels,
  putVariable,
  takeFixed,
  takeLevels,
  takeVariable,
  uint32,
} from './pages.ts';
import { type Leaf, MAGIC, ParquetFile, type SchemaElement, STAGE_BYTES } from './parquet-file.ts';
import { parquetjs, PHYSICAL, REPETITION } from './parquetjs.ts';

/** Where a batch is in a segment. Plain data, as little as can be: a run of 10 GB has 40,000 of them, and they lie on the
 *  heaps of workers and of the driver. */
export interface BatchPlace {
  readonly rows: number;
  /** Of the row group, with what lies behind its pages. */
  readonly bytes: number;
  /** CRC-32 of those. */
  readonly crc: number;
  /** Of the row group, in the file. */
  readonly offset: number;
}

/** Columns with more data than this hold a value larger than a batch; they are written value by value, not as a page
 *  body in memory. */
const BODY_BYTES = 1024 * 1024;

const TYPES: { readonly [K in Kind]: number } = {
  i32: PHYSICAL.INT32,
  i64: PHYSICAL.INT64,
  f64: PHYSICAL.DOUBLE,
  bytes: PHYSICAL.BYTE_ARRAY,
};
/** Key of the footer's metadata under which the checksums lie. */
const CHECKSUMS = 'superstep.checksums';
/** Of where a page's body begins. */
const BODY_WIDTH = 4;

/** What a thread's segments are written and read with, used again: each with its own would be a MiB of garbage a
 *  segment, and V8 lets tens of MiB of such lie. */
export class SegmentBuffers {
  readonly reading = new Buffers();
  readonly #idle: WriteBuffers[] = [];

  take(): WriteBuffers {
    return this.#idle.pop() ?? { stage: new Uint8Array(STAGE_BYTES), body: new PageBuffer() };
  }
  giveBack(buffers: WriteBuffers): void {
    this.#idle.push(buffers);
  }
}

interface WriteBuffers {
  readonly stage: Uint8Array<ArrayBuffer>;
  readonly body: PageBuffer;
}

export class SegmentWriter {
  readonly #fields: readonly Field[];
  readonly #file: ParquetFile;
  readonly #buffers: SegmentBuffers;
  readonly #body: PageBuffer;
  readonly #own: WriteBuffers;
  readonly #bodies: DataView<ArrayBuffer>;
  readonly #checksums: number[] = [];
  #ended = false;

  /** Creates the file. Throws DISK_FULL or IO, as all methods do; the caller then calls `abort`. */
  constructor(path: string, fields: readonly Field[], buffers = new SegmentBuffers()) {
    this.#fields = fields;
    this.#bodies = new DataView(new ArrayBuffer(BODY_WIDTH * fields.length));
    this.#buffers = buffers;
    this.#own = buffers.take();
    this.#body = this.#own.body;
    const { stage } = this.#own;
    this.#file = new ParquetFile(path, fields.map(elementsOf), fields.map(leafOf), stage);
  }

  write(batch: StoredBatch): BatchPlace {
    const { rows } = batch;
    if (rows === 0) return { rows, bytes: 0, crc: 0, offset: this.#file.position };
    this.#file.beginGroup();
    const start = this.#file.position;
    for (let i = 0; i < this.#fields.length; i++) {
      this.#file.beginColumn();
      const body = this.#writeColumn(this.#fields[i]!, batch.columns[i]!, rows) - start;
      this.#bodies.setUint32(BODY_WIDTH * i, body, true);
    }
    const { bytes, crc, offset } = this.#file.endGroup(rows, new Uint8Array(this.#bodies.buffer));
    this.#checksums.push(crc);
    return { rows, bytes, crc, offset };
  }

  /** Writes the footer. @returns bytes and rows of the file */
  close(): { readonly bytes: number; readonly rows: number } {
    const bytes = this.#file.close({ [CHECKSUMS]: JSON.stringify(this.#checksums) });
    this.#end();
    return { bytes, rows: this.#file.rows };
  }

  /** Removes the file if it is not whole. Harmless at any time. */
  abort(): void {
    this.#file.abort();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#buffers.giveBack(this.#own);
  }

  /** @returns where the page's body starts */
  #writeColumn(field: Field, column: StoredColumn, rows: number): number {
    const { data, offsets } = column;
    const valid = field.nullable ? column.valid : undefined;
    const body = this.#body;
    body.length = 0;
    if (field.nullable) putLevels(body, valid!.subarray(0, rows), 1);
    if (field.kind === 'bytes' && data.length > BODY_BYTES) {
      return this.#writeValues(data, offsets!, valid, rows);
    }
    if (field.kind === 'bytes') {
      putVariable(body, data, offsets!, valid, 0, rows);
    } else if (valid !== undefined) {
      putFixed(body, data, WIDTH[field.kind], valid, 0, rows);
    } else {
      const bytes = rows * WIDTH[field.kind];
      const start = this.#file.page(rows, bytes);
      this.#file.append(data.subarray(0, bytes));
      return start;
    }
    const start = this.#file.page(rows, body.length);
    this.#file.append(body.view());
    return start;
  }

  /** The levels are in the body already; large values go to the file as they are. */
  #writeValues(
    data: Uint8Array,
    offsets: Int32Array,
    valid: Uint8Array | undefined,
    rows: number,
  ): number {
    let present = rows;
    if (valid !== undefined) for (let row = 0; row < rows; row++) present -= valid[row]! ^ 1;
    const start = this.#file.page(rows, this.#body.length + 4 * present + offsets[rows]!);
    this.#file.append(this.#body.view());
    const length = new DataView(new ArrayBuffer(4));
    for (let row = 0; row < rows; row++) {
      if (valid !== undefined && valid[row] === 0) continue;
      length.setUint32(0, offsets[row + 1]! - offsets[row]!, true);
      this.#file.append(new Uint8Array(length.buffer));
      this.#file.append(data.subarray(offsets[row], offsets[row + 1]));
    }
    return start;
  }
}

/** Reads batches of one segment into buffers that it uses again: a batch is valid until the next `read` of a reader with
 *  the same buffers. */
export class SegmentReader {
  readonly path: string;
  readonly #fields: readonly Field[];
  readonly #descriptor: number;
  readonly #buffers: Buffers;
  #open = true;

  /** `buffers`: to be shared with other readers. */
  constructor(path: string, fields: readonly Field[], buffers = new Buffers()) {
    this.path = path;
    this.#fields = fields;
    this.#buffers = buffers;
    this.#descriptor = system(path, 'open', () => openSync(path, 'r'));
  }

  /** Bytes that the reader holds: of the largest batch read so far. */
  get heldBytes(): number {
    return this.#buffers.heldBytes;
  }

  /** One batch, checked. `keep`: in buffers of its own, valid for ever. Data of fixed width may lie at any address
   *  (`valuesOf` in columns.ts aligns it). Throws SEGMENT_CORRUPT, IO. */
  read(place: BatchPlace, keep = false): StoredBatch {
    const buffers = keep ? new Buffers() : this.#buffers;
    const bytes = buffers.take('group', place.bytes);
    readAll(this.#descriptor, bytes, place.offset, this.path);
    if (crc32(bytes) !== place.crc) throw corrupt(this.path, place.offset, 'its checksum differs');
    const bodies = place.bytes - BODY_WIDTH * this.#fields.length;
    const columns = this.#fields.map((field, i) => {
      const start = place.rows === 0 ? 0 : uint32(bytes, bodies + BODY_WIDTH * i);
      return readColumn(field, i, bytes, start, place, buffers);
    });
    return { rows: place.rows, columns };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeQuietly(this.#descriptor);
  }
}

/** Named buffers that grow. */
export class Buffers {
  readonly #named = new Map<string, Uint8Array>();
  get heldBytes(): number {
    let bytes = 0;
    for (const buffer of this.#named.values()) bytes += buffer.length;
    return bytes;
  }
  take(name: string, bytes: number): Uint8Array {
    let buffer = this.#named.get(name);
    if (buffer === undefined || buffer.length < bytes) {
      buffer = new Uint8Array(bytes);
      this.#named.set(name, buffer);
    }
    return buffer.subarray(0, bytes);
  }
}

function readColumn(
  field: Field,
  index: number,
  group: Uint8Array,
  start: number,
  { rows }: BatchPlace,
  buffers: Buffers,
): StoredColumn {
  let from = start;
  let valid: Uint8Array | undefined;
  if (field.nullable) {
    valid = buffers.take(`valid ${index}`, rows);
    if (rows > 0) from = takeLevels(group, start, valid, rows);
  }
  if (field.kind === 'bytes') {
    const space = buffers.take(`offsets ${index}`, (rows + 1) * 4);
    const offsets = new Int32Array(space.buffer, space.byteOffset, rows + 1);
    const bytes = takeVariable(group, from, valid, rows, offsets);
    const data = group.subarray(from, from + bytes);
    return valid === undefined ? { data, offsets } : { data, offsets, valid };
  }
  const width = WIDTH[field.kind];
  if (valid === undefined) return { data: group.subarray(from, from + rows * width) };
  const data = buffers.take(`data ${index}`, rows * width);
  takeFixed(group, from, width, valid, rows, data);
  return { data, valid };
}

/** Fields and places of a segment, from its footer alone; only of files that SegmentWriter wrote.
 *  Throws SEGMENT_CORRUPT, IO. */
export function openSegment(path: string): {
  readonly fields: readonly Field[];
  readonly places: readonly BatchPlace[];
} {
  const footer = readFooter(path);
  const kinds = Object.fromEntries(Object.entries(TYPES).map(([kind, type]) => [type, kind]));
  const fields = footer.schema.slice(1).map(element => ({
    name: element.name,
    kind: kinds[element.type!] as Kind,
    nullable: element.repetition_type === REPETITION.OPTIONAL,
  }));
  const written = footer.key_value_metadata?.find(({ key }) => key === CHECKSUMS)?.value;
  if (written === undefined) throw corrupt(path, 0, 'superstep did not write it');
  const checksums = JSON.parse(written) as number[];
  const places = footer.row_groups.map((group, i) => {
    const rows = Number(group.num_rows);
    const offset = Number(group.columns[0]!.meta_data.data_page_offset);
    const { data_page_offset: last, total_compressed_size: length } =
      group.columns.at(-1)!.meta_data;
    const bytes = Number(last) + Number(length) - offset + BODY_WIDTH * fields.length;
    return { rows, bytes, crc: checksums[i]!, offset };
  });
  return { fields, places };
}

interface Footer {
  readonly schema: readonly SchemaElement[];
  readonly key_value_metadata?: readonly { readonly key: string; readonly value: string }[];
  readonly row_groups: readonly {
    readonly num_rows: unknown;
    readonly columns: readonly {
      readonly meta_data: {
        readonly data_page_offset: unknown;
        readonly total_compressed_size: unknown;
      };
    }[];
  }[];
}

function readFooter(path: string): Footer {
  const descriptor = system(path, 'open', () => openSync(path, 'r'));
  try {
    const { size } = fstatSync(descriptor);
    const tail = new Uint8Array(8);
    if (size < 12) throw corrupt(path, 0, 'it is too short');
    readAll(descriptor, tail, size - 8, path);
    const length = new DataView(tail.buffer).getUint32(0, true);
    if (!MAGIC.every((byte, i) => tail[4 + i] === byte) || length > size - 12) {
      throw corrupt(path, size - 8, 'it does not end as a Parquet file');
    }
    const bytes = new Uint8Array(length);
    readAll(descriptor, bytes, size - 8 - length, path);
    return parquetjs().decode(parquetjs().types.FileMetaData!, bytes) as unknown as Footer;
  } finally {
    closeSync(descriptor);
  }
}

function corrupt(path: string, offset: number, why: string): DataError {
  return new DataError(
    'SEGMENT_CORRUPT',
    `${path}: the segment at byte ${offset} is damaged: ${why}`,
    {
      file: path,
      offset,
      remedy:
        'Run the job again. If it comes back, look at the disk, or use another with --temp DIR.',
    },
  );
}

/** A column without a name (the key of a group table) is called after its place. */
function nameOf(field: Field, index: number): string {
  return field.name === '' ? `column ${index}` : field.name;
}
function elementsOf(field: Field, index: number): readonly SchemaElement[] {
  const repetition_type = field.nullable ? REPETITION.OPTIONAL : REPETITION.REQUIRED;
  return [{ name: nameOf(field, index), type: TYPES[field.kind], repetition_type }];
}
function leafOf(field: Field, index: number): Leaf {
  return { path: [nameOf(field, index)], type: TYPES[field.kind] };
}
