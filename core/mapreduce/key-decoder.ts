/** Keys back to the columns that they were made of, a batch at a time, in a kernel.
 *
 * A key that is one text column is that column; everything else is copied in and decoded. What comes out are views,
 * valid until the next batch.
 */
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import type { KeyKind } from '../define/keys.ts';
import { decodeKeys, isPlain } from '../kernels/encode.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { BatchArea, Region } from '../store/batch-area.ts';
import type { KeyPart } from './layout.ts';

const WIDTHS: { readonly [K in KeyKind]: number } = {
  bool: 4,
  i32: 4,
  i64: 8,
  f64: 8,
  decimal: 16,
  bytes: 0,
};
/** Long decimals are stored as bytes. */
const isVariable = (kind: KeyKind): boolean => kind === 'bytes' || kind === 'decimal';
const align = (bytes: number): number => Math.ceil((bytes + 64) / 64) * 64;

export class KeyDecoder {
  readonly #kernels: Kernels;
  readonly #parts: readonly KeyPart[];
  readonly #area: BatchArea;
  readonly #out: Region;

  constructor(kernels: Kernels, parts: readonly KeyPart[]) {
    this.#kernels = kernels;
    this.#parts = parts;
    this.#area = new BatchArea(kernels);
    this.#out = new Region(kernels);
  }

  /** The key's columns, of rows whose sort keys, the first column of the batch, begin with it. `again`: the batch anew,
   *  should it lie in kernel memory, which this may move. Throws LimitError MEMORY. */
  decode(batch: StoredBatch, again?: () => StoredBatch): StoredColumn[] {
    const { rows } = batch;
    const keys = batch.columns[0]!;
    const parts = this.#parts;
    if (parts.length === 0) return [];
    if (isPlain(parts)) return [keys];
    const kernels = this.#kernels;
    const bytes = keys.offsets![rows]!;
    const only = ({ columns }: StoredBatch): StoredBatch => ({ rows, columns: [columns[0]!] });
    const [from] = this.#area.copy(only(batch), again && (() => only(again())));
    const sizes = parts.map(({ kind }) => {
      const data = kind === 'bytes' ? bytes : WIDTHS[kind] * rows;
      return { data: align(data), offsets: isVariable(kind) ? align(4 * (rows + 1)) : 0 };
    });
    const total = sizes.reduce((sum, { data, offsets }) => sum + data + offsets + align(rows), 0);
    let at = this.#out.fit(total);
    const places = parts.map((part, i) => {
      const data = at;
      const offsets = data + sizes[i]!.data;
      const valid = offsets + sizes[i]!.offsets;
      at = valid + align(rows);
      return { part, data, offsets, valid };
    });
    decodeKeys(kernels, places, from!.data, from!.offsets, 0, rows);
    return places.map(place => this.#view(place, rows));
  }

  #view(
    place: { readonly part: KeyPart; data: number; offsets: number; valid: number },
    rows: number,
  ): StoredColumn {
    const { u8 } = this.#kernels;
    const { part, data, valid } = place;
    const presence = part.nullable ? { valid: u8.subarray(valid, valid + rows) } : {};
    if (!isVariable(part.kind)) {
      return { data: u8.subarray(data, data + WIDTHS[part.kind] * rows), ...presence };
    }
    const offsets = new Int32Array(u8.buffer, place.offsets, rows + 1);
    return { data: u8.subarray(data, data + offsets[rows]!), offsets, ...presence };
  }
}
