/** Joins small batches to batches of the usual size.
 *
 * A merge gives a block whenever a window of one of its inputs is used up, so it gives more batches than it read, and each
 * costs its reader a place in memory and a window. What is merged to be merged again goes through here.
 * Order of calls: `add` any number of times, then `flush`. Memory: one batch.
 */
import {
  BATCH_BYTES,
  BATCH_ROWS,
  bytesOf,
  type Field,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from '../batch/columns.ts';
import { PageBuffer } from './pages.ts';

/** A batch of this much is handed on as it is. */
const LARGE_BYTES = BATCH_BYTES / 2;

interface Column {
  readonly field: Field;
  readonly data: PageBuffer;
  readonly offsets: Int32Array;
  readonly valid: Uint8Array;
}

export class BatchJoiner {
  readonly #columns: readonly Column[];
  readonly #give: (batch: StoredBatch) => void;
  #rows = 0;
  #bytes = 0;

  /** `give` must have taken the batch when it returns. */
  constructor(fields: readonly Field[], give: (batch: StoredBatch) => void) {
    this.#give = give;
    this.#columns = fields.map(field => ({
      field,
      data: new PageBuffer(),
      offsets: new Int32Array(field.kind === 'bytes' ? BATCH_ROWS + 1 : 0),
      valid: new Uint8Array(field.nullable ? BATCH_ROWS : 0),
    }));
  }

  /** What is joined and not yet given. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Buffers of the batch are not kept. */
  add(batch: StoredBatch): void {
    const bytes = bytesOf(batch);
    if (this.#bytes + bytes > BATCH_BYTES || this.#rows + batch.rows > BATCH_ROWS) this.flush();
    if (this.#rows === 0 && bytes >= LARGE_BYTES) return this.#give(batch);
    this.#columns.forEach((column, i) => append(column, batch.columns[i]!, this.#rows, batch.rows));
    this.#rows += batch.rows;
    this.#bytes += bytes;
  }

  flush(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    this.#give({ rows, columns: this.#columns.map(column => view(column, rows)) });
    for (const { data } of this.#columns) data.length = 0;
    this.#rows = 0;
    this.#bytes = 0;
  }
}

function append(into: Column, { data, offsets, valid }: StoredColumn, at: number, rows: number) {
  const { field } = into;
  if (field.kind === 'bytes') {
    const before = into.data.length;
    for (let row = 1; row <= rows; row++) into.offsets[at + row] = before + offsets![row]!;
    into.data.append(data.subarray(0, offsets![rows]!));
  } else {
    into.data.append(data.subarray(0, rows * WIDTH[field.kind]));
  }
  if (field.nullable) into.valid.set(valid!.subarray(0, rows), at);
}

function view({ field, data, offsets, valid }: Column, rows: number): StoredColumn {
  return {
    data: data.view(),
    ...(field.kind === 'bytes' && { offsets: offsets.subarray(0, rows + 1) }),
    ...(field.nullable && { valid: valid.subarray(0, rows) }),
  };
}
