/** The writer of formats that are text, row by row: what is between the cells, and the cells. */
import type { BatchWriter, Schema, StoredBatch } from 'superstep/internal';
import { type Cell, cellOf, type Style } from './cells.ts';
import { OutputFile } from './output-file.ts';

export interface RowFormat {
  readonly style: Style;
  /** The file's first bytes. */
  readonly head: Uint8Array;
  /** Before the value of each column. */
  readonly before: readonly Uint8Array[];
  /** After a row. */
  readonly after: Uint8Array;
  /** Before all rows but the first. */
  readonly between?: Uint8Array;
  /** The file's last bytes. */
  readonly tail?: Uint8Array;
  /** Looks at a batch before any of it is written. `rows` were written before. */
  check?(batch: StoredBatch, rows: number): void;
}

export class RowWriter implements BatchWriter {
  readonly #out: OutputFile;
  readonly #format: RowFormat;
  readonly #cells: readonly Cell[];
  #rows = 0;

  constructor(path: string, columns: Schema, format: RowFormat) {
    this.#format = format;
    this.#cells = Object.values(columns).map(of => cellOf(of, format.style));
    this.#out = new OutputFile(path);
    this.#out.put(format.head);
  }

  write(batch: StoredBatch): void {
    const { before, after } = this.#format;
    const out = this.#out;
    const cells = this.#cells;
    this.#format.check?.(batch, this.#rows);
    cells.forEach((cell, column) => cell.bind(batch.columns[column]!, batch.rows));
    const { between } = this.#format;
    for (let row = 0; row < batch.rows; row++) {
      if (between !== undefined && this.#rows + row > 0) out.put(between);
      for (let column = 0; column < cells.length; column++) {
        out.put(before[column]!);
        cells[column]!.put(out, row);
      }
      out.put(after);
    }
    this.#rows += batch.rows;
  }

  close(): { readonly rows: number; readonly bytes: number } {
    if (this.#format.tail !== undefined) this.#out.put(this.#format.tail);
    return { bytes: this.#out.close(), rows: this.#rows };
  }

  abort(): void {
    this.#out.abort();
  }
}
