/** Groups of merged rows, lazily: a key and its values, which may be iterated more than once and need not be read to
 * their end.
 *
 * The rows of a group pass by in blocks, and only the block at hand is in memory. The first pass over a group that does
 * not fit in one block moves the merge on; another pass merges again from where the group began.
 * Invariants: values are fresh objects, in the order of the merge; those of a group that is over throw EMIT_LATE.
 */
import { rowReader, type RowReader } from '../batch/codec.ts';
import type { StoredBatch } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { TaskError } from '../errors.ts';

/** Merged rows with a group number each: 0 is the group of the row before the block, 1 the next, and so on. */
export interface Block {
  /** Columns: the sort key, the natural key's length, the values. Valid until the next block of its sequence. */
  readonly batch: StoredBatch;
  readonly ids: Uint32Array;
}

/** A sequence of blocks, and the way back into it. */
export interface Blocks {
  next(): Block | undefined;
  /** The batch of the block given last, anew: opening a sequence may have moved the memory it lies in. */
  view(): StoredBatch;
  /** Opens further sequences that begin with the block that `next` gave last. */
  mark(): () => Blocks;
  close(): void;
}

const HIDDEN = 2;

/** A block, readable by row. */
class Page {
  readonly rows: number;
  readonly ids: Uint32Array;
  readonly #blocks: Blocks;
  readonly #reader: RowReader;
  #batch: StoredBatch;

  constructor({ batch, ids }: Block, blocks: Blocks, reader: RowReader) {
    this.rows = batch.rows;
    this.ids = ids;
    this.#blocks = blocks;
    this.#batch = batch;
    this.#reader = reader;
    this.#load(batch);
  }

  value(row: number): object {
    // Views of memory that has moved are empty; the offsets of n keys are n + 1.
    if (this.#batch.columns[0]!.offsets!.length === 0) this.#load(this.#blocks.view());
    return this.#reader.row(row);
  }

  #load(batch: StoredBatch): void {
    this.#batch = batch;
    this.#reader.load({ rows: batch.rows, columns: batch.columns.slice(HIDDEN) });
  }

  /** The natural key's bytes, copied. */
  key(row: number): Uint8Array {
    if (this.#batch.columns[0]!.offsets!.length === 0) this.#load(this.#blocks.view());
    const { data, offsets } = this.#batch.columns[0]!;
    const natural = this.#batch.columns[1]!.data;
    const length = new DataView(natural.buffer, natural.byteOffset).getInt32(4 * row, true);
    const start = offsets![row]!;
    return data.slice(start, start + length);
  }
}

export class GroupRows {
  readonly #blocks: Blocks;
  readonly #values: Schema;
  readonly #reader: RowReader;
  readonly #heapCheck: () => void;
  #page: Page | undefined;
  #row = 0;
  /** Whether `#row` is the first of a group nobody has been given. */
  #fresh = true;
  #group = 0;
  /** Where the group at hand began, once its first page has gone. */
  #origin: { readonly open: () => Blocks; readonly start: number } | undefined;

  /** `heapCheck`: called before each block of rows, since whoever reads them may keep them. */
  constructor(blocks: Blocks, values: Schema, heapCheck: () => void = () => {}) {
    this.#blocks = blocks;
    this.#values = values;
    this.#heapCheck = heapCheck;
    this.#reader = rowReader(values);
    this.#turn();
  }

  /** The next group, whatever was read of the last. */
  next(): { readonly key: Uint8Array; readonly values: Iterable<object> } | undefined {
    this.#skip();
    const page = this.#page;
    if (page === undefined) return undefined;
    const group = ++this.#group;
    const start = this.#row;
    this.#fresh = false;
    this.#origin = undefined;
    return {
      key: page.key(start),
      values: { [Symbol.iterator]: () => this.#pass(group, page, start) },
    };
  }

  /** Ends the group at hand: its values throw from now on. */
  end(): void {
    this.#group++;
  }

  /** Moves to the first row of another group. */
  #skip(): void {
    while (!this.#fresh && this.#page !== undefined) {
      const { ids, rows } = this.#page;
      const id = ids[this.#row];
      while (this.#row < rows && ids[this.#row] === id) this.#row++;
      if (this.#row < rows) this.#fresh = true;
      else this.#turn();
    }
  }

  #turn(): void {
    this.#heapCheck();
    const block = this.#blocks.next();
    this.#row = 0;
    this.#page = block && new Page(block, this.#blocks, this.#reader);
    this.#fresh = this.#page === undefined || this.#page.ids[0] !== 0 || this.#group === 0;
  }

  *#pass(group: number, first: Page, start: number): Generator<object> {
    this.#check(group);
    if (this.#page !== first) return yield* this.#passAgain(group, 0);
    let page = first;
    let given = 0;
    for (let row = start, id = first.ids[start]; ; row = 0, id = 0) {
      for (; row < page.rows && page.ids[row] === id; row++) {
        given++;
        yield page.value(row);
        this.#check(group);
        // Another pass has moved the merge on: this one goes its own way.
        if (this.#page !== page) return yield* this.#passAgain(group, given);
      }
      if (row < page.rows) return;
      if (page === first) this.#origin = { open: this.#blocks.mark(), start };
      this.#turn();
      if (this.#fresh) return;
      page = this.#page!;
    }
  }

  *#passAgain(group: number, skip: number): Generator<object> {
    const { open, start } = this.#origin!;
    const blocks = open();
    const reader = rowReader(this.#values);
    try {
      let block = blocks.next();
      let id = block!.ids[start];
      for (let row = start, left = skip; block !== undefined; row = 0, id = 0) {
        const page = new Page(block, blocks, reader);
        for (; row < page.rows && page.ids[row] === id; row++) {
          if (left-- > 0) continue;
          yield page.value(row);
          this.#check(group);
        }
        if (row < page.rows) return;
        this.#heapCheck();
        block = blocks.next();
      }
    } finally {
      blocks.close();
    }
  }

  #check(group: number): void {
    if (this.#group === group) return;
    throw new TaskError('EMIT_LATE', 'the values of a group were read after its reduce had ended', {
      remedy: 'Read them in the function that gets them; to keep them, copy them: [...values]',
    });
  }
}
