/** A Parquet file of results, with logical types: what users read.
 *
 * Order of calls: write*, then close (the file is whole and on the device) or abort (there is none).
 * Invariants: the bytes depend on the rows alone. Row groups end after a number of rows, or before the row with
 * which their stored values would exceed a number of bytes; pages likewise (CUTS); neither sees how the rows were cut into
 * batches. A utf8 column is UTF-8, or INVALID_UTF8 is thrown. Memory is one row group and the row that ends it.
 * Types: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md. Deliberately not here: compression,
 * dictionaries, statistics; the file around it (parquet-file.ts).
 */
import { isUtf8 } from 'node:buffer';
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import { storedAs, WIDTH } from '../batch/columns.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { DataError } from '../errors.ts';
import { type Elements, ParquetFile } from './parquet-file.ts';
import { LeafPages, type Page, shapeOf } from './parquet-leaf.ts';
import { elementsOf, leafType, pathOf } from './parquet-types.ts';

/** Where row groups and pages end. A constant of the format, but for tests of the cuts themselves. */
export interface Cuts {
  readonly groupRows: number;
  readonly groupBytes: number;
  readonly pageBytes: number;
}
export const CUTS: Cuts = {
  // What DuckDB writes and reads by: its threads take a row group each.
  groupRows: 122_880,
  // A writer holds one row group; this much fits beside a merge within the floor of a small budget.
  groupBytes: 4 * 1024 * 1024,
  // The customary size: what a reader decodes at a time.
  pageBytes: 1024 * 1024,
};

export class ParquetOutput {
  readonly #columns: readonly OutputColumn[];
  readonly #cuts: Cuts;
  readonly #file: ParquetFile;
  #rows = 0;
  #groupRows = 0;
  #groupBytes = 0;

  /** Creates the file. Throws DISK_FULL or IO, as all methods do; the caller then calls `abort`. */
  constructor(path: string, columns: Schema, cuts = CUTS) {
    const entries = Object.entries(columns);
    this.#cuts = cuts;
    this.#columns = entries.map(([name, of]) => new OutputColumn(path, name, of, cuts.pageBytes));
    const elements: readonly Elements[] = entries.map(([name, of]) => elementsOf(name, of));
    const leaves = entries.map(([name, of]) => ({ path: pathOf(name, of), type: leafType(of) }));
    this.#file = new ParquetFile(path, elements, leaves);
  }

  /** Takes a batch of any size, its columns in the order of the schema. Its buffers are not kept. */
  write(batch: StoredBatch): void {
    const { groupRows, groupBytes } = this.#cuts;
    for (let i = 0; i < this.#columns.length; i++) {
      this.#columns[i]!.begin(batch.columns[i]!, this.#rows, batch.rows);
    }
    for (let from = 0; from < batch.rows; ) {
      const most = Math.min(batch.rows, from + groupRows - this.#groupRows);
      let to = lastThatFits(this.#columns, from, most, groupBytes - this.#groupBytes);
      if (to === from && this.#groupRows > 0) {
        this.#endGroup();
        continue;
      }
      to = Math.max(to, from + 1);
      for (const column of this.#columns) column.append(from, to);
      this.#groupRows += to - from;
      this.#groupBytes += bytesOfRows(this.#columns, from, to);
      from = to;
      if (this.#groupRows === groupRows) this.#endGroup();
    }
    this.#rows += batch.rows;
  }

  /** @returns bytes and rows of the file */
  close(): { readonly rows: number; readonly bytes: number } {
    if (this.#groupRows > 0) this.#endGroup();
    return { bytes: this.#file.close({}, true), rows: this.#rows };
  }

  /** Removes the file if it is not whole. Harmless at any time. */
  abort(): void {
    this.#file.abort();
  }

  #endGroup(): void {
    this.#file.beginGroup();
    for (const column of this.#columns) {
      this.#file.beginColumn();
      for (const { entries, body } of column.takePages()) {
        this.#file.page(entries, body.length);
        this.#file.append(body);
      }
    }
    this.#file.endGroup(this.#groupRows);
    this.#groupRows = 0;
    this.#groupBytes = 0;
  }
}

/** One column: the batch's rows of it, and its pages of the row group so far. */
class OutputColumn {
  readonly #path: string;
  readonly #name: string;
  readonly #of: AnyType;
  readonly #leaf: LeafPages;
  readonly #most: number;
  #column: StoredColumn = { data: new Uint8Array(0) };
  #pageBytes = 0;

  constructor(path: string, name: string, of: AnyType, pageBytes: number) {
    this.#path = path;
    this.#most = pageBytes;
    this.#name = name;
    this.#of = of;
    this.#leaf = new LeafPages(shapeOf(of), (bytes, offsets, from, to, row) =>
      this.#check(bytes, offsets, from, to, row),
    );
  }

  /** The batch that `append` and `bytes` speak of. @param before rows of all batches before it */
  begin(column: StoredColumn, before: number, rows: number): void {
    this.#column = column;
    this.#leaf.begin(column, before);
    if (this.#of.type === 'utf8') this.#check(column.data, column.offsets!, 0, rows, before);
  }

  /** Stored bytes of rows [from, to): what cuts are made by. */
  bytes(from: number, to: number): number {
    const kind = storedAs(this.#of);
    if (kind !== 'bytes') return (to - from) * WIDTH[kind];
    const offsets = this.#column.offsets!;
    return 4 * (to - from) + offsets[to]! - offsets[from]!;
  }

  append(first: number, end: number): void {
    for (let from = first; from < end; ) {
      let to = lastThatFits([this], from, end, this.#most - this.#pageBytes);
      if (to === from && this.#pageBytes > 0) {
        this.#endPage();
        continue;
      }
      to = Math.max(to, from + 1);
      this.#leaf.append(from, to);
      this.#pageBytes += this.bytes(from, to);
      from = to;
    }
  }

  takePages(): Page[] {
    if (this.#pageBytes > 0) this.#endPage();
    return this.#leaf.take();
  }

  #endPage(): void {
    this.#leaf.endPage();
    this.#pageBytes = 0;
  }

  /** All of them at once, which is fast; then that none begins in the middle of a character. */
  #check(data: Uint8Array, offsets: Int32Array, from: number, to: number, before: number): void {
    let whole = isUtf8(data.subarray(offsets[from], offsets[to]));
    for (let row = from; whole && row < to; row++) {
      whole = offsets[row] === offsets[row + 1] || (data[offsets[row]!]! & 0xc0) !== 0x80;
    }
    if (whole) return;
    let row = from;
    while (isUtf8(data.subarray(offsets[row], offsets[row + 1]))) row++;
    const place = this.#of.type === 'list' ? before : before + row;
    throw new DataError(
      'INVALID_UTF8',
      `${this.#path}: row ${(place + 1).toLocaleString('en')}: ${this.#name} is not UTF-8, which parquet has to be`,
      {
        row: place + 1,
        remedy:
          'Say how the input is encoded (--input-encoding latin1), replace what is invalid (--input-encoding utf8-replace), or write csv (--format csv), which carries any bytes',
      },
    );
  }
}

interface Sized {
  bytes(from: number, to: number): number;
}

function bytesOfRows(columns: readonly Sized[], from: number, to: number): number {
  let bytes = 0;
  for (const column of columns) bytes += column.bytes(from, to);
  return bytes;
}

/** The last `to` ≤ end for which rows [from, to) have at most so many bytes; `from` when not even one has. */
function lastThatFits(columns: readonly Sized[], from: number, end: number, bytes: number): number {
  if (bytesOfRows(columns, from, end) <= bytes) return end;
  let low = from;
  let high = end;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (bytesOfRows(columns, from, middle) <= bytes) low = middle;
    else high = middle;
  }
  return low;
}
