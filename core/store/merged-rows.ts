/** Merged rows as batches, in key order, each with the group it belongs to; and the way back to where a batch began.
 *
 * Invariant: a sequence that is opened by `mark` begins with the same rows: blocks are cut at windows and at BLOCK_ROWS,
 * both counted from where a sequence begins.
 */
import {
  BATCH_BYTES,
  type Field,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from '../batch/columns.ts';
import { gatherBytes, gatherFixed, gatherOffsets, gatherValid } from '../kernels/gather.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { Region } from './batch-area.ts';
import { BLOCK_ROWS, type MergeInput, Merger, type Position } from './merge.ts';

export interface MergedBlock {
  /** Views in kernel memory, valid until the next block of any sequence. */
  readonly batch: StoredBatch;
  /** 0 is the group of the row before the block, 1 the next, and so on. */
  readonly ids: Uint32Array;
}

interface Place {
  readonly at: number;
  readonly data: number;
  readonly valid: number;
}

export class MergedRows {
  readonly #kernels: Kernels;
  readonly #sources: readonly MergeInput[];
  readonly #fields: readonly Field[];
  readonly #natural: boolean;
  readonly #merger: Merger;
  readonly #fixed: Region;
  readonly #bytes: readonly Region[];
  /** Rows of the merger's block, and how many of them were delivered. */
  #rows = 0;
  #given = 0;
  /** Group of the last row given, as the merger numbers them. */
  #lastId = 0;
  /** Where each input goes on: after, and before the block given last. */
  readonly #next: Position[];
  #began: readonly Position[];
  /** Where the batch given last is, by field. */
  #places: readonly Place[] = [];
  #placed = 0;

  /** Throws LimitError MEMORY. */
  constructor(
    kernels: Kernels,
    sources: readonly MergeInput[],
    fields: readonly Field[],
    options: { readonly natural: boolean; readonly from?: readonly Position[] },
  ) {
    this.#kernels = kernels;
    this.#sources = sources;
    this.#fields = fields;
    this.#natural = options.natural;
    this.#merger = new Merger(kernels, sources, fields, options);
    this.#fixed = new Region(kernels);
    this.#bytes = fields.filter(({ kind }) => kind === 'bytes').map(() => new Region(kernels));
    this.#next = sources.map((_, i) => options.from?.[i] ?? { batch: 0, row: 0 });
    this.#began = [...this.#next];
  }

  next(): MergedBlock | undefined {
    if (this.#given === this.#rows) {
      this.#rows = this.#merger.next();
      this.#given = 0;
      this.#lastId = 0;
      if (this.#rows === 0) return undefined;
    }
    this.#began = [...this.#next];
    const block = this.#gather(this.#given, this.#rows - this.#given);
    this.#advance(this.#given, block.batch.rows);
    this.#given += block.batch.rows;
    return block;
  }

  /** Opens further sequences that begin with the block given last, each with memory of its own. */
  mark(): () => MergedRows {
    const from = this.#began;
    const options = { natural: this.#natural, from };
    return () => new MergedRows(this.#kernels, this.#sources, this.#fields, options);
  }

  close(): void {
    this.#merger.free();
    this.#fixed.free();
    for (const region of this.#bytes) region.free();
  }

  /** Rows from, … of the merger's block: as many as have BATCH_BYTES in no column, at least one. */
  #gather(from: number, most: number): MergedBlock {
    const kernels = this.#kernels;
    const { tables } = this.#merger;
    const inputs = this.#merger.inputs + 4 * from;
    const rows = this.#merger.rows + 4 * from;
    // Every column's offsets or values, and its validity: 9 bytes a row are the most.
    const width = 16 * BLOCK_ROWS + 64;
    const fixed = this.#fixed.fit(this.#fields.length * width);
    let n = most;
    this.#fields.forEach(({ kind }, i) => {
      if (kind !== 'bytes') return;
      const at = fixed + i * width;
      n = gatherOffsets(kernels, tables[i]!, inputs, rows, n, BATCH_BYTES, at).rows;
    });
    let variable = 0;
    const places = this.#fields.map(({ kind, nullable }, i) => {
      const at = fixed + i * width;
      let data = at;
      if (kind === 'bytes') {
        data = this.#bytes[variable++]!.fit(kernels.u32[(at >>> 2) + n]!);
        gatherBytes(kernels, tables[i]!, inputs, rows, n, at, data);
      } else gatherFixed(kernels, kind, tables[i]!, inputs, rows, n, at);
      const valid = at + 8 * (BLOCK_ROWS + 1);
      if (nullable) gatherValid(kernels, tables[i]!, inputs, rows, n, valid);
      return { at, data, valid };
    });
    this.#places = places;
    this.#placed = n;
    return { batch: this.view(), ids: this.#idsOf(from, n) };
  }

  /** The batch given last, anew: whoever has made room in kernel memory since may have moved it. */
  view(): StoredBatch {
    const rows = this.#placed;
    const { u8, u32 } = this.#kernels;
    const columns = this.#fields.map(({ kind, nullable }, i): StoredColumn => {
      const { at, data, valid } = this.#places[i]!;
      const bytes = kind === 'bytes' ? u32[(at >>> 2) + rows]! : WIDTH[kind] * rows;
      return {
        data: u8.subarray(data, data + bytes),
        ...(kind === 'bytes' && { offsets: new Int32Array(u8.buffer, at, rows + 1) }),
        ...(nullable && { valid: u8.subarray(valid, valid + rows) }),
      };
    });
    return { rows, columns };
  }

  /** Group numbers counted from the row before `from`. */
  #idsOf(from: number, rows: number): Uint32Array {
    const start = (this.#merger.ids >>> 2) + from;
    const ids = this.#kernels.u32.slice(start, start + rows);
    const base = this.#lastId;
    this.#lastId = ids[rows - 1]!;
    if (base > 0) for (let i = 0; i < rows; i++) ids[i]! -= base;
    return ids;
  }

  #advance(from: number, rows: number): void {
    const { u32 } = this.#kernels;
    const inputs = (this.#merger.inputs >>> 2) + from;
    const at = (this.#merger.rows >>> 2) + from;
    const last = new Int32Array(this.#sources.length).fill(-1);
    for (let i = 0; i < rows; i++) last[u32[inputs + i]!] = u32[at + i]!;
    for (let input = 0; input < last.length; input++) {
      if (last[input]! >= 0) this.#next[input] = this.#merger.after(input, last[input]!);
    }
  }
}
