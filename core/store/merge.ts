/** Merges sorted inputs by key bytes, in bounded memory.
 *
 *        input 0   a a c │ f …         window: one batch an input, in kernel memory
 *        input 1   a b   │ c …         merged: (0,0) (0,1) (1,0) (1,1), then input 1 needs its next window
 *
 * Order of calls: `next` until it answers 0, `free` in any case. The rows of a block are gathered or folded (`tables`,
 * `inputs`, `rows`, `ids`) before the next `next`, which may replace the windows that they lie in.
 * Invariants: an input's batches ascend by key; equal keys come in the order of inputs. Memory is a batch an input, so the
 * fan-in is bounded (MAX_FAN_IN) and whoever has more runs merges some of them first.
 */
import { type Field, type StoredBatch, WIDTH } from '../batch/columns.ts';
import { ColumnTable } from '../kernels/gather.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { MergeKernel } from '../kernels/merge-kernel.ts';
import { BatchArea, type ColumnPointers } from './batch-area.ts';

/** 64 windows of at most 256 KiB and some: within every floor. */
export const MAX_FAN_IN = 64;
/** Rows of a block: enough that the calls around it do not show, few enough for a first-level cache. */
export const BLOCK_ROWS = 4096;

/** One sorted input: batches that can be read in any order. A batch is valid until the next `read`. */
export interface MergeInput {
  readonly batches: number;
  read(batch: number): StoredBatch;
}

/** A row of an input. */
export interface Position {
  readonly batch: number;
  readonly row: number;
}

export class Merger {
  /** Of the block: u32 each, `length` of them. Addresses in kernel memory. */
  readonly inputs: number;
  readonly rows: number;
  readonly ids: number;
  /** By column. */
  readonly tables: readonly ColumnTable[];
  readonly #kernels: Kernels;
  readonly #fields: readonly Field[];
  readonly #sources: readonly MergeInput[];
  readonly #areas: readonly BatchArea[];
  readonly #merge: MergeKernel;
  /** The window of each input: its batch, and the batch's row where it begins. */
  readonly #windows: { batch: number; row: number }[];
  #needs = -1;

  /** Throws LimitError MEMORY. `from`: where to begin in each input. */
  constructor(
    kernels: Kernels,
    sources: readonly MergeInput[],
    fields: readonly Field[],
    options: { readonly natural: boolean; readonly from?: readonly Position[] },
  ) {
    this.#kernels = kernels;
    this.#fields = fields;
    this.#sources = sources;
    this.#merge = new MergeKernel(kernels, sources.length, options);
    this.#areas = sources.map(() => new BatchArea(kernels));
    this.tables = fields.map(() => new ColumnTable(kernels, sources.length));
    this.inputs = kernels.allocOrThrow(3 * 4 * BLOCK_ROWS, 'a merge');
    this.rows = this.inputs + 4 * BLOCK_ROWS;
    this.ids = this.rows + 4 * BLOCK_ROWS;
    this.#windows = sources.map((_, i) => ({ batch: -1, row: 0, ...options.from?.[i] }));
    for (const [i, window] of this.#windows.entries()) {
      if (options.from === undefined) window.batch = 0;
      this.#open(i, window.row);
    }
  }

  /** Merges the next block. @returns its rows; 0 at the end */
  next(): number {
    if (this.#sources.length === 0) return 0;
    for (;;) {
      if (this.#needs >= 0) {
        this.#windows[this.#needs]!.batch++;
        this.#open(this.#needs, 0);
      }
      const { rows, needs } = this.#merge.next(BLOCK_ROWS, this.inputs, this.rows, this.ids);
      this.#needs = needs;
      if (rows > 0 || needs < 0) return rows;
    }
  }

  /** The row after row `row` of the window of `input`, as a position in the input. */
  after(input: number, row: number): Position {
    const window = this.#windows[input]!;
    return { batch: window.batch, row: window.row + row + 1 };
  }

  free(): void {
    this.#merge.free();
    for (const area of this.#areas) area.free();
    for (const table of this.tables) table.free();
    this.#kernels.free(this.inputs);
  }

  #open(input: number, row: number): void {
    const window = this.#windows[input]!;
    const source = this.#sources[input]!;
    window.row = row;
    if (window.batch >= source.batches) {
      this.#merge.window(input, 0, 0, 0, 0);
      return;
    }
    const batch = source.read(window.batch);
    if (row === batch.rows) {
      // A position behind a batch's last row is the first of the next.
      window.batch++;
      return this.#open(input, 0);
    }
    const columns = this.#areas[input]!.copy(batch).map((column, i) => {
      return advanced(column, this.#fields[i]!, row);
    });
    columns.forEach((column, i) => this.tables[i]!.set(input, column));
    const [keys, naturals] = columns;
    const lengths = naturals?.data ?? 0;
    this.#merge.window(input, keys!.data, keys!.offsets, lengths, batch.rows - row);
  }
}

/** A column without its first rows. */
export function advanced(column: ColumnPointers, { kind }: Field, rows: number): ColumnPointers {
  const { data, offsets, valid } = column;
  const presence = valid === 0 ? 0 : valid + rows;
  if (kind === 'bytes') return { data, offsets: offsets + 4 * rows, valid: presence };
  return { data: data + WIDTH[kind] * rows, offsets: 0, valid: presence };
}
