/** Merged groups: equal keys are one row, their accumulators folded in kernels.
 *
 * Blocks of the merge are folded into output columns as they come; the group that is last in a block may go on in the
 * next, so it stays behind as row 0 when a batch is given out. Memory is the merge's and one batch.
 */
import { BATCH_BYTES, BATCH_ROWS, type Field, type StoredBatch, WIDTH } from '../batch/columns.ts';
import type { Aggregate } from '../kernels/groups.ts';
import { KernelOverflow } from '../kernels/groups.ts';
import {
  columnsOf,
  finishSums,
  finishTotals,
  foldColumn,
  gatherBytes,
  gatherOffsets,
  initAccumulators,
} from '../kernels/gather.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { Region } from './batch-area.ts';
import { BLOCK_ROWS, type MergeInput, Merger } from './merge.ts';

/** Groups of a batch, and those that one more block may begin. Even, as int32 accumulators ask. */
const CAPACITY = BATCH_ROWS + BLOCK_ROWS + 2;

/** An exact sum that left its type, while these keys were merged. */
export class GroupOverflow extends Error {
  readonly aggregate: number;
  readonly key: Uint8Array;
  constructor(aggregate: number, key: Uint8Array) {
    super('an exact sum left the range of its type');
    this.aggregate = aggregate;
    this.key = key;
  }
}

interface Folded {
  readonly aggregate: Aggregate;
  /** The first of its columns among the fields. */
  readonly field: number;
  /** Addresses of CAPACITY accumulators; five for a float sum, two for a total. */
  readonly columns: readonly number[];
  /** Of a value in each. */
  readonly width: number;
}

export class MergedGroups {
  readonly #kernels: Kernels;
  readonly #merger: Merger;
  readonly #folded: readonly Folded[];
  readonly #firsts: number;
  readonly #keyOffsets: number;
  readonly #finished: number;
  readonly #keyRegion: Region;
  #keys = new Uint8Array(2 * BATCH_BYTES);
  readonly #offsets = new Int32Array(CAPACITY + 1);
  #groups = 0;
  /** Of these, how many the last batch gave out. */
  #given = 0;
  #ended = false;

  /** Sources have the key first, then the aggregates' columns. Throws LimitError MEMORY. */
  constructor(
    kernels: Kernels,
    sources: readonly MergeInput[],
    fields: readonly Field[],
    aggregates: readonly Aggregate[],
  ) {
    this.#kernels = kernels;
    this.#merger = new Merger(kernels, sources, fields, { natural: false });
    let field = 1;
    this.#folded = aggregates.map(aggregate => {
      const columns = Array.from({ length: columnsOf(aggregate) }, () =>
        kernels.allocOrThrow(8 * CAPACITY, 'a merge'),
      );
      const first = field;
      field += columns.length;
      const width = columns.length > 1 ? 8 : WIDTH[aggregate.kind];
      return { aggregate, field: first, columns, width };
    });
    this.#firsts = kernels.allocOrThrow(2 * 4 * BLOCK_ROWS, 'a merge');
    this.#keyOffsets = kernels.allocOrThrow(4 * (BLOCK_ROWS + 1), 'a merge');
    this.#finished = kernels.allocOrThrow(8 * CAPACITY * Math.max(1, aggregates.length), 'a merge');
    this.#keyRegion = new Region(kernels);
    for (const { aggregate, columns } of this.#folded) {
      initAccumulators(kernels, aggregate, columns, 0, CAPACITY);
    }
  }

  /** The next groups, in key order: the key, and each aggregate as one finished column. Views, valid until the next
   *  call. Throws GroupOverflow. */
  next(): StoredBatch | undefined {
    if (this.#given > 0) this.#drop(this.#given);
    while (!this.#ended && !this.#full) {
      const rows = this.#merger.next();
      if (rows > 0) this.#fold(rows);
      else this.#ended = true;
    }
    this.#given = this.#ended ? this.#groups : this.#groups - 1;
    if (this.#given === 0) return undefined;
    this.#finish(this.#given);
    return this.view();
  }

  close(): void {
    this.#merger.free();
    this.#keyRegion.free();
    for (const { columns } of this.#folded) for (const at of columns) this.#kernels.free(at);
    for (const at of [this.#firsts, this.#keyOffsets, this.#finished]) this.#kernels.free(at);
  }

  get #full(): boolean {
    const complete = this.#groups - 1;
    return complete >= BATCH_ROWS || (complete > 0 && this.#offsets[complete]! >= BATCH_BYTES);
  }

  #fold(rows: number): void {
    const kernels = this.#kernels;
    const { inputs, rows: at, ids } = this.#merger;
    // The last group goes on where the block's number is 0.
    const base = Math.max(0, this.#groups - 1);
    const begun = this.#findFirsts(rows);
    this.#appendKeys(begun);
    this.#groups += begun;
    for (const [index, { aggregate, field, columns, width }] of this.#folded.entries()) {
      const tables = this.#merger.tables.slice(field, field + columns.length);
      const places = columns.map(column => column + base * width);
      try {
        foldColumn(kernels, aggregate, tables, inputs, at, ids, rows, places);
      } catch (error) {
        if (!(error instanceof KernelOverflow)) throw error;
        throw this.#overflow(index, base + error.id);
      }
    }
  }

  /** Writes (input, row) of the first row of each group that begins in the block. @returns how many */
  #findFirsts(rows: number): number {
    const { u32 } = this.#kernels;
    const ids = this.#merger.ids >>> 2;
    const inputs = this.#merger.inputs >>> 2;
    const at = this.#merger.rows >>> 2;
    const firstInputs = this.#firsts >>> 2;
    const firstRows = firstInputs + BLOCK_ROWS;
    let last = this.#groups > 0 ? 0 : -1;
    let begun = 0;
    for (let i = 0; i < rows; i++) {
      const id = u32[ids + i]!;
      if (id === last) continue;
      last = id;
      u32[firstInputs + begun] = u32[inputs + i]!;
      u32[firstRows + begun] = u32[at + i]!;
      begun++;
    }
    return begun;
  }

  /** Copies out the keys of groups that begin: their windows are about to go. */
  #appendKeys(begun: number): void {
    const kernels = this.#kernels;
    const table = this.#merger.tables[0]!;
    for (let done = 0; done < begun; ) {
      const inputs = this.#firsts + 4 * done;
      const rows = inputs + 4 * BLOCK_ROWS;
      const left = begun - done;
      const offsets = this.#keyOffsets;
      const taken = gatherOffsets(kernels, table, inputs, rows, left, BATCH_BYTES, offsets);
      const from = this.#keyRegion.fit(taken.bytes);
      gatherBytes(kernels, table, inputs, rows, taken.rows, offsets, from);
      const group = this.#groups + done;
      const end = this.#offsets[group]!;
      this.#makeRoom(end + taken.bytes);
      this.#keys.set(kernels.u8.subarray(from, from + taken.bytes), end);
      const { u32 } = kernels;
      for (let i = 1; i <= taken.rows; i++) {
        this.#offsets[group + i] = end + u32[(offsets >>> 2) + i]!;
      }
      done += taken.rows;
    }
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#keys.length) return;
    const larger = new Uint8Array(2 * bytes);
    larger.set(this.#keys);
    this.#keys = larger;
  }

  #finish(rows: number): void {
    const kernels = this.#kernels;
    for (const [i, { aggregate, columns }] of this.#folded.entries()) {
      if (columns.length === 1) continue;
      const out = this.#placeOf(i);
      if (aggregate.op !== 'total') {
        finishSums(kernels, columns, rows, out);
        continue;
      }
      const fit = finishTotals(kernels, aggregate, columns, rows, out);
      if (fit < rows) throw this.#overflow(i, fit);
    }
  }

  #overflow(aggregate: number, group: number): GroupOverflow {
    return new GroupOverflow(
      aggregate,
      this.#keys.slice(this.#offsets[group], this.#offsets[group + 1]),
    );
  }

  /** Where the finished column of an aggregate is. */
  #placeOf(index: number): number {
    const { columns } = this.#folded[index]!;
    return columns.length > 1 ? this.#finished + 8 * CAPACITY * index : columns[0]!;
  }

  /** The batch given last, anew: whoever has made room in kernel memory since may have moved it. */
  view(): StoredBatch {
    const rows = this.#given;
    const { u8 } = this.#kernels;
    const places = this.#folded.map(({ aggregate }, i) => {
      return { at: this.#placeOf(i), bytes: WIDTH[aggregate.kind] * rows };
    });
    const key = {
      data: this.#keys.subarray(0, this.#offsets[rows]!),
      offsets: this.#offsets.subarray(0, rows + 1),
    };
    return {
      rows,
      columns: [key, ...places.map(({ at, bytes }) => ({ data: u8.subarray(at, at + bytes) }))],
    };
  }

  /** Forgets the first groups; the one that may follow them becomes the first. */
  #drop(groups: number): void {
    const kept = this.#groups > groups;
    const start = this.#offsets[groups]!;
    const length = kept ? this.#offsets[groups + 1]! - start : 0;
    this.#keys.copyWithin(0, start, start + length);
    this.#offsets[1] = length;
    for (const { aggregate, columns, width } of this.#folded) {
      const { u8 } = this.#kernels;
      const states = columns.map(at => u8.slice(at + width * groups, at + width * (groups + 1)));
      initAccumulators(this.#kernels, aggregate, columns, 0, CAPACITY);
      if (kept) columns.forEach((at, i) => this.#kernels.u8.set(states[i]!, at));
    }
    this.#groups = kept ? 1 : 0;
    this.#given = 0;
  }
}
