/** Values of rows that lie in several batches, as columns of one: row j is row rows[j] of batch inputs[j].
 *
 * Order of calls: `gather` as many rows as it takes, then `columns`, valid until the next `gather`.
 */
import { BATCH_BYTES, type Field, type StoredColumn, WIDTH } from '../../batch/columns.ts';
import {
  type ColumnTable,
  gatherBytes,
  gatherFixed,
  gatherOffsets,
  gatherValid,
} from '../../kernels/gather.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { Region } from '../../store/batch-area.ts';

interface Place {
  readonly data: number;
  readonly offsets: number;
  readonly valid: number;
}

export class Gathered {
  readonly #kernels: Kernels;
  readonly #fields: readonly Field[];
  readonly #fixed: Region;
  readonly #bytes: readonly Region[];
  #places: readonly Place[] = [];
  #rows = 0;

  constructor(kernels: Kernels, fields: readonly Field[]) {
    this.#kernels = kernels;
    this.#fields = fields;
    this.#fixed = new Region(kernels);
    this.#bytes = fields.map(() => new Region(kernels));
  }

  /** Of at most n rows: fewer where a column of bytes would be longer than a batch, at least one. Returns how many.
   *  @throws LimitError MEMORY */
  gather(tables: readonly ColumnTable[], inputs: number, rows: number, n: number): number {
    const kernels = this.#kernels;
    // Values or offsets, and presence, of each column; kernels may write a little further.
    const width = Math.ceil((9 * (n + 1) + 128) / 64) * 64;
    const fixed = this.#fixed.fit(width * this.#fields.length);
    let taken = n;
    this.#fields.forEach(({ kind }, i) => {
      if (kind !== 'bytes') return;
      const at = fixed + i * width;
      taken = gatherOffsets(kernels, tables[i]!, inputs, rows, taken, BATCH_BYTES, at).rows;
    });
    this.#places = this.#fields.map(({ kind, nullable }, i): Place => {
      const at = fixed + i * width;
      const valid = at + Math.ceil((8 * (n + 1)) / 64) * 64;
      if (nullable) gatherValid(kernels, tables[i]!, inputs, rows, taken, valid);
      if (kind !== 'bytes') {
        gatherFixed(kernels, kind, tables[i]!, inputs, rows, taken, at);
        return { data: at, offsets: 0, valid };
      }
      const data = this.#bytes[i]!.fit(kernels.u32[(at >>> 2) + taken]!);
      gatherBytes(kernels, tables[i]!, inputs, rows, taken, at, data);
      return { data, offsets: at, valid };
    });
    this.#rows = taken;
    return taken;
  }

  columns(): StoredColumn[] {
    const { u8, u32 } = this.#kernels;
    const rows = this.#rows;
    return this.#fields.map(({ kind, nullable }, i) => {
      const { data, offsets, valid } = this.#places[i]!;
      const bytes = kind === 'bytes' ? u32[(offsets >>> 2) + rows]! : WIDTH[kind] * rows;
      return {
        data: u8.subarray(data, data + bytes),
        ...(kind === 'bytes' && { offsets: new Int32Array(u8.buffer, offsets, rows + 1) }),
        ...(nullable && { valid: u8.subarray(valid, valid + rows) }),
      };
    });
  }

  free(): void {
    this.#fixed.free();
    for (const region of this.#bytes) region.free();
  }
}
