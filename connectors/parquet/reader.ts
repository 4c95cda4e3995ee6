/** Row groups of one Parquet file as batches of the columns that are wanted, and of no others.
 *
 * What is held of a column is a page and its dictionary; of a list, its whole chunk, because a row of it may go over several
 * pages. Rows are counted from 1, over all row groups.
 */
import type { ColumnMetaData, SchemaTree } from 'hyparquet/src/types.js';
import {
  type AnyType,
  BATCH_BYTES,
  BATCH_ROWS,
  type BatchReader,
  DataError,
  printType,
  type Schema,
  type Split,
  type StoredBatch,
  storedAs,
} from 'superstep/internal';
import { PlainReader, type Planned } from '../bytes/read.ts';
import { type Cursor, type Filled, filledColumn, itemOfPage } from './columns.ts';
import type { Decoded } from './decode.ts';
import { damaged, type Footer, footerOf, parsed } from './footer.ts';
import { library, type Library } from './library.ts';
import { ListBuilder, listLevels } from './lists.ts';
import { ColumnPages, type Opened, rangeOf } from './pages.ts';
import { converterOf, itemOf } from './types.ts';

/** What a split says. */
export interface Groups extends Planned {
  /** Row groups from, and up to but without. */
  readonly from: number;
  readonly to: number;
}

/** A batch ends before its text is longer than this: rows are taken so many at a time, until it is. */
const STEP_ROWS = 1024;

/** A column of the row group that is read, and where reading it has come to. */
interface Column {
  readonly name: string;
  readonly of: AnyType;
  readonly filled: Filled;
  readonly cursor: Cursor;
  /** Entries of what the cursor stands in. */
  entries: number;
  /** Puts the cursor into the next page. @returns its entries; 0: there is none */
  next(): number;
}

export class ParquetReader implements BatchReader {
  readonly kind = 'batches';
  readonly file: string;
  offset = 0;
  row: number | undefined;
  bytes = 0;
  readonly skipped = 0;
  readonly #groups: Groups;
  readonly #columns: Schema;
  #opened: Opened | undefined;
  #footer!: Footer;
  #group: number;
  /** Of the row group that is read. */
  #open: readonly Column[] = [];
  #left = 0;
  /** Rows of the file before the next one. */
  #before = 0;
  #closed = false;

  constructor({ where }: Split, columns: Schema) {
    this.#groups = where as unknown as Groups;
    this.#columns = columns;
    this.file = this.#groups.name;
    this.#group = this.#groups.from;
  }

  next(): StoredBatch | undefined | Promise<StoredBatch | undefined> {
    if (this.#closed) return undefined;
    return this.#opened === undefined ? library().then(lib => this.#begin(lib)) : this.#next();
  }

  #begin(lib: Library): StoredBatch | undefined {
    if (this.#closed) return undefined;
    const reader = new PlainReader(this.#groups);
    this.#opened = { lib, reader, planned: this.#groups };
    this.#footer = footerOf(reader, this.#groups, lib);
    for (const { rows } of this.#footer.groups.slice(0, this.#group)) this.#before += rows;
    return this.#next();
  }

  #next(): StoredBatch | undefined {
    while (this.#left === 0) {
      if (this.#group >= this.#groups.to) {
        this.#opened!.reader.check();
        return undefined;
      }
      const group = this.#group++;
      parsed(this.file, `row group ${group} is damaged`, () => this.#openGroup(group));
    }
    this.row = this.#before + 1;
    let rows = 0;
    for (const { filled } of this.#open) filled.clear();
    const most = Math.min(BATCH_ROWS, this.#left);
    while (rows < most && !this.#isLarge()) {
      const step = Math.min(STEP_ROWS, most - rows);
      for (const column of this.#open) this.#fill(column, step);
      this.#before += step;
      rows += step;
    }
    this.#left -= rows;
    return { rows, columns: this.#open.map(({ filled }) => filled.column()) };
  }

  #isLarge(): boolean {
    return this.#open.some(
      ({ of, filled }) => storedAs(of) === 'bytes' && filled.bytes >= BATCH_BYTES,
    );
  }

  #fill(column: Column, count: number): void {
    const { filled, cursor, name } = column;
    for (let left = count; left > 0; ) {
      if (cursor.entry === column.entries) {
        cursor.entry = cursor.value = 0;
        column.entries = column.next();
        if (column.entries === 0) throw damaged(this.file, `column '${name}' has too few values`);
      }
      const from = cursor.entry;
      const part = Math.min(left, column.entries - from);
      const isWhole = filled.fill(cursor, part);
      left -= cursor.entry - from;
      if (!isWhole) throw this.#refuse(column, this.#before + count - left + 1);
    }
  }

  #refuse({ name, of, cursor }: Column, row: number): DataError {
    const { rows, page, entry } = cursor;
    const isNull = rows === undefined ? page.definition?.[entry] === 0 : rows[entry] === null;
    const type = printType({ ...of, nullable: undefined } as never);
    const what = isNull ? `has no ${name}` : `has a ${name} that ${type} does not hold`;
    return new DataError('PARQUET_VALUE', `${this.file}: row ${row.toLocaleString('en')} ${what}`, {
      file: this.file,
      row,
      remedy: isNull
        ? `Say that it may be null: --schema '${name}:${type}?', or nullable(…) in the columns that are read`
        : 'Declare a type that holds it: more digits, int64; of a timestamp, nothing beyond microseconds',
    });
  }

  #openGroup(index: number): void {
    const { rows, bytes } = this.#footer.groups[index]!;
    const chunks = this.#footer.metadata.row_groups[index]!.columns.map(chunk => chunk.meta_data!);
    this.#open = Object.entries(this.#columns).map(([name, of]) => {
      const node = this.#footer.columns.get(name);
      const meta = chunks.find(({ path_in_schema: [top] }) => top === name);
      if (node === undefined || meta === undefined) throw damaged(this.file, `no column '${name}'`);
      return this.#openColumn(name, of, node, meta, rows);
    });
    this.#left = rows;
    this.bytes += bytes;
    this.offset = Math.min(...chunks.map(meta => rangeOf(meta).from));
  }

  #openColumn(
    name: string,
    of: AnyType,
    node: SchemaTree,
    meta: ColumnMetaData,
    rows: number,
  ): Column {
    const path = [this.#opened!.lib.parquetSchema(this.#footer.metadata), node];
    let item = of;
    while (item.type === 'list') {
      const leaf = itemOf(path.at(-1)!)!;
      path.push(path.at(-1)!.children[0]!, leaf);
      item = (item as AnyType & { of: AnyType }).of;
    }
    const { element } = path.at(-1)!;
    if (element.type !== meta.type) throw damaged(this.file, `column '${name}' is of two types`);
    const convert = converterOf(element, item);
    const filled = filledColumn(of, BATCH_ROWS, convert);
    const isList = of.type === 'list';
    // Of a list, entries are its items too.
    const values = isList ? Number(meta.num_values) : rows;
    const pages = new ColumnPages(this.#opened!, { meta, path }, values);
    const cursor: Cursor = { page: NO_PAGE, entry: 0, value: 0 };
    let isRead = false;
    const next = (): number => {
      if (isList) {
        if (isRead) return 0;
        isRead = true;
        const lists = parsed(this.file, `column '${name}' is damaged`, () =>
          listsOf(pages, path, itemOfPage(item, convert)),
        );
        if (lists.length !== rows) {
          throw damaged(this.file, `column '${name}' has ${lists.length} rows of ${rows}`);
        }
        cursor.rows = lists;
        return rows;
      }
      cursor.page = pages.next() ?? NO_PAGE;
      return cursor.page.entries;
    };
    return { name, of, filled, cursor, entries: 0, next };
  }

  close(): void {
    this.#closed = true;
    this.#opened?.reader.close();
  }
}

const NO_PAGE: Decoded = { entries: 0, count: 0, values: { numbers: new Uint8Array(0) } };

/** All lists of a chunk. */
function listsOf(
  pages: ColumnPages,
  path: readonly SchemaTree[],
  item: ReturnType<typeof itemOfPage>,
): readonly unknown[] {
  const { levels, most } = listLevels(path);
  const builder = new ListBuilder(levels, most);
  for (let page = pages.next(); page !== undefined; page = pages.next()) {
    const of = page;
    builder.add(of, i => item(of, of.indices === undefined ? i : of.indices[i]!));
  }
  return builder.rows;
}
