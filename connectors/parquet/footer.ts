/** The footer of a Parquet file: its columns and its row groups, checked against the file before anything is believed.
 *
 * A footer is parsed once for all the splits of its file that one thread reads one after the other.
 */
import type { FileMetaData, SchemaTree } from 'hyparquet/src/types.js';
import { DataError, type FileFact, type Json } from 'superstep/internal';
import { PlainReader, type Planned } from '../bytes/read.ts';
import type { Library } from './library.ts';
import { fileTypeOf, type FileType } from './types.ts';

/** Rows of a group at most: they are counted before they are read, and a few bytes can say any number. */
const GROUP_ROWS = 2 ** 26;
const MAGIC = 'PAR1';

export interface Footer {
  readonly metadata: FileMetaData;
  /** Of each column at the top, by name. */
  readonly columns: ReadonlyMap<string, SchemaTree>;
  readonly types: { readonly [column: string]: FileType };
  /** Rows and stored bytes of each row group. */
  readonly groups: readonly { readonly rows: number; readonly bytes: number }[];
}

export function damaged(file: string, what: string, cause?: unknown): DataError {
  return new DataError(
    'PARQUET_INVALID',
    `${file}: ${what}`,
    { file, remedy: 'Get the file again, or write it again with what made it' },
    { cause },
  );
}

/** Calls what parses bytes of a file, which may throw anything at bytes that are not what they should be. */
export function parsed<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DataError) throw error;
    const said = error instanceof Error ? error.message.replace(/^parquet /, '') : String(error);
    throw damaged(file, `${what}: ${said}`, error);
  }
}

/** Bytes of a file, which must be there. */
export function readBytes(
  reader: PlainReader,
  { name, size }: Planned,
  from: number,
  length: number,
): Buffer {
  if (!(from >= 0 && length >= 0 && from + length <= size)) {
    throw damaged(name, `it speaks of bytes ${from} to ${from + length}, and has ${size}`);
  }
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const read = reader.read(bytes.subarray(done), from + done);
    if (read === 0) throw damaged(name, `it ends at byte ${from + done}`);
    done += read;
  }
  return bytes;
}

let last: { readonly key: string; readonly footer: Footer } | undefined;

/** Throws DataError PARQUET_INVALID, INPUT_CHANGED, INPUT_UNREADABLE. */
export function footerOf(reader: PlainReader, planned: Planned, lib: Library): Footer {
  const { path, name, size, mtimeMs } = planned;
  const key = `${path}\n${size}\n${mtimeMs}`;
  if (last?.key === key) return last.footer;
  if (size < 12) throw damaged(name, `it has ${size} bytes, which is no Parquet file`);
  const tail = readBytes(reader, planned, size - 8, 8);
  if (tail.toString('latin1', 4) !== MAGIC) {
    throw damaged(name, 'it does not end as a Parquet file');
  }
  const length = tail.readUInt32LE(0) + 8;
  if (length > size - 4) throw damaged(name, 'its footer is longer than the file');
  const bytes = readBytes(reader, planned, size - length, length);
  const footer = parsed(name, 'its footer is damaged', () => {
    const metadata = lib.parquetMetadata(new Uint8Array(bytes), { geoparquet: false });
    return checked(name, metadata, lib.parquetSchema(metadata));
  });
  last = { key, footer };
  return footer;
}

function checked(name: string, metadata: FileMetaData, schema: SchemaTree): Footer {
  const columns = new Map(schema.children.map(node => [node.element.name, node]));
  if (columns.size < schema.children.length) throw damaged(name, 'two columns have one name');
  const groups = metadata.row_groups.map(({ num_rows: count, columns: chunks }, i) => {
    const rows = Number(count);
    if (!(rows >= 0 && rows <= GROUP_ROWS)) {
      throw new DataError(
        'PARQUET_INVALID',
        `${name}: row group ${i} has ${rows.toLocaleString('en')} rows`,
        { file: name, remedy: `Write it again with row groups of at most ${GROUP_ROWS} rows` },
      );
    }
    let bytes = 0;
    for (const { meta_data: meta } of chunks) {
      if (meta === undefined) throw damaged(name, 'its columns are in other files');
      const size = Number(meta.total_compressed_size);
      const isWhole = Array.isArray(meta.path_in_schema) && size >= 0 && meta.data_page_offset >= 0;
      if (!isWhole) throw damaged(name, `a column of row group ${i} has no place`);
      bytes += size;
    }
    return { rows, bytes };
  });
  const types = [...columns].map(([column, node]) => [column, fileTypeOf(node)] as const);
  return { metadata, columns, types: Object.fromEntries(types), groups };
}

/** What planning has to know of a file. */
export async function factOf(fact: FileFact, lib: Library): Promise<FileFact> {
  const { path, name = path, bytes: size, mtimeMs, kind } = fact;
  if (kind === 'stdin' && path === '-') return fact;
  if (kind === 'gzip') throw damaged(name, 'it is compressed as a whole, and is read in pieces');
  const planned = { path, name, size, mtimeMs };
  const reader = new PlainReader(planned);
  try {
    const { types, groups } = footerOf(reader, planned, lib);
    const inside = { columns: types, groups: groups.map(group => group.bytes) };
    const plain = parsed(name, 'its footer is damaged', () => JSON.stringify(inside));
    return { ...fact, inside: JSON.parse(plain) as Json };
  } finally {
    reader.close();
  }
}
