/** Ranks of merged ids: sorted dictionaries, each id at most once in one, become one ascending list of distinct ids with their
 * out-edges added up; and every dictionary learns the rank of each of its ids.
 *
 *   inputs   0: a c     1: a b c     out: a b c      ranks of 0: 0 2     ranks of 1: 0 1 2
 *
 * Order of calls: `take` each block that a Merger gives, `end` after the last. Whenever the output is full `flush` is called,
 * which writes `batch` away; the ranks of an input are taken out by `takeRanks`, before they are RANK_ROWS.
 * Invariant: an id is ranked when all its rows have been seen, which may be a block later.
 */
import { BATCH_BYTES, type StoredBatch, type StoredColumn } from '../batch/columns.ts';
import type { ColumnTable } from './gather.ts';
import { ID_ROWS } from './ids.ts';
import { type Kernels, outOfMemory } from './kernels.ts';

/** The state block, as in assembly/load.ts; in 4-byte words. */
const STATE = {
  keys: 0,
  degrees: 1,
  listed: 2,
  ranks: 3,
  outKeys: 4,
  outOffsets: 5,
  outDegrees: 6,
  outListed: 7,
  outRows: 8,
  maxRows: 9,
  outBytes: 10,
  maxBytes: 11,
  nextRank: 12,
  members: 13,
  memberCount: 14,
  keyLength: 15,
  onlyListed: 20,
  stop: 21,
  once: 22,
} as const;
const STATE_BYTES = 96;
const STOP_FULL = 1;
const STOP_TWICE = 2;

/** Rows of a block, at most; an input has at most so many ranks more after one, and one more. */
const BLOCK_ROWS = 4096;
/** Ranks of an input that wait to be taken, at most. */
const RANK_ROWS = 2 * BLOCK_ROWS + 2;
/** Of the keys of a batch: the other columns fit beside them. */
const KEY_BYTES = BATCH_BYTES - 3 * 4 * ID_ROWS;
/** What ranking takes of memory for each input, beside the merge's own. */
export const RANK_BYTES = 4 * RANK_ROWS + 128;
/** What it takes whatever the inputs. */
export const RANKER_BYTES = BATCH_BYTES + ID_ROWS * 3 * 4 + 1024;

/** An id that more than one row of vertices lists. */
export class ListedTwice extends Error {
  readonly key: Uint8Array;
  constructor(key: Uint8Array) {
    super('a vertex is listed twice');
    this.key = key;
  }
}
/** An id with more out-edges than int32 counts. */
export class TooManyEdges extends Error {
  readonly key: Uint8Array;
  constructor(key: Uint8Array) {
    super('a vertex has too many edges');
    this.key = key;
  }
}

export interface RankerOptions {
  /** Inputs say how often vertices list an id. */
  readonly listed: boolean;
  /** Ids that are not listed have no rank (−1), and do not come out. */
  readonly onlyListed: boolean;
  /** All inputs are here: an id that is listed more than once is a mistake. */
  readonly last: boolean;
}

/** A block of merged rows: addresses, as Merger has them. */
export interface MergedRowsBlock {
  readonly inputs: number;
  readonly rows: number;
  readonly ids: number;
}

export class Ranker {
  readonly inputs: number;
  readonly #kernels: Kernels;
  readonly #state: number;
  /** Ranks of each input, one after the other. */
  readonly #ranks: number;
  readonly #rankTable: number;
  readonly #members: number;
  readonly #columns: number;
  #keys: number;

  /** `tables`: of the merge's columns key, degree and (if `listed`) listed. @throws LimitError MEMORY */
  constructor(
    kernels: Kernels,
    tables: readonly ColumnTable[],
    inputs: number,
    options: RankerOptions,
  ) {
    this.inputs = inputs;
    this.#kernels = kernels;
    this.#state = kernels.allocOrThrow(STATE_BYTES, 'ranks');
    this.#ranks = kernels.allocOrThrow(inputs * 4 * RANK_ROWS, 'ranks');
    this.#rankTable = kernels.allocOrThrow(inputs * 8, 'ranks');
    this.#members = kernels.allocOrThrow(inputs * 4, 'ranks');
    this.#columns = kernels.allocOrThrow(ID_ROWS * 3 * 4 + 64, 'ranks');
    this.#keys = kernels.allocOrThrow(KEY_BYTES, 'ranks');
    kernels.zero(this.#state, STATE_BYTES);
    for (let i = 0; i < inputs; i++) {
      kernels.u32.set([this.#ranks + i * 4 * RANK_ROWS, 0], (this.#rankTable >>> 2) + 2 * i);
    }
    const [keys, degrees, listed] = tables;
    const offsets = this.#columns;
    this.#write('keys', keys!.pointer);
    this.#write('degrees', degrees!.pointer);
    this.#write('listed', options.listed ? listed!.pointer : 0);
    this.#write('ranks', this.#rankTable);
    this.#write('outKeys', this.#keys);
    this.#write('outOffsets', offsets);
    this.#write('outDegrees', offsets + 4 * ID_ROWS + 64);
    this.#write('outListed', options.listed ? offsets + 8 * ID_ROWS + 64 : 0);
    this.#write('maxRows', ID_ROWS);
    this.#write('maxBytes', KEY_BYTES);
    this.#write('members', this.#members);
    this.#write('onlyListed', Number(options.onlyListed));
    this.#write('once', Number(options.last));
    kernels.u32[offsets >>> 2] = 0;
  }

  /** How many ids have a rank. */
  get count(): number {
    return this.#read('nextRank');
  }

  /** @throws ListedTwice, TooManyEdges, LimitError MEMORY */
  take(block: MergedRowsBlock, n: number, flush: () => void): void {
    const { raw } = this.#kernels;
    const { inputs, rows, ids } = block;
    for (let done = 0; done < n; ) {
      const id = done === 0 ? 0 : this.#kernels.u32[(ids >>> 2) + done - 1]!;
      done = raw.rankRows(this.#state, inputs, rows, ids, done, n, id);
      if (done < n) this.#goOn(flush);
    }
  }

  /** No block follows. */
  end(flush: () => void): void {
    while (!this.#kernels.raw.endId(this.#state)) this.#goOn(flush);
    if (this.#read('outRows') > 0) this.#flush(flush);
  }

  /** Columns key, degree and perhaps listed; views, for `flush`. */
  batch(): StoredBatch {
    const { u8 } = this.#kernels;
    const rows = this.#read('outRows');
    const view = (at: number, bytes: number) => u8.subarray(at, at + bytes);
    const keys: StoredColumn = {
      data: view(this.#keys, this.#read('outBytes')),
      offsets: new Int32Array(u8.buffer, this.#read('outOffsets'), rows + 1),
    };
    const listed = this.#read('outListed');
    return {
      rows,
      columns: [
        keys,
        { data: view(this.#read('outDegrees'), 4 * rows) },
        ...(listed === 0 ? [] : [{ data: view(listed, 4 * rows) }]),
      ],
    };
  }

  /** How many ranks of an input are waiting to be taken. */
  waiting(input: number): number {
    return this.#kernels.u32[(this.#rankTable >>> 2) + 2 * input + 1]!;
  }
  /** Whether an input's ranks have to be taken before the next block. */
  isFull(input: number): boolean {
    return this.waiting(input) > BLOCK_ROWS;
  }
  /** The ranks of an input in order of its ids, as a batch of one column; a view. They are not kept. */
  takeRanks(input: number): StoredBatch {
    const rows = this.waiting(input);
    const { u8, u32 } = this.#kernels;
    u32[(this.#rankTable >>> 2) + 2 * input + 1] = 0;
    const at = this.#ranks + input * 4 * RANK_ROWS;
    return { rows, columns: [{ data: u8.subarray(at, at + 4 * rows) }] };
  }

  free(): void {
    for (const at of [
      this.#state,
      this.#ranks,
      this.#rankTable,
      this.#members,
      this.#columns,
      this.#keys,
    ]) {
      this.#kernels.free(at);
    }
  }

  #goOn(flush: () => void): void {
    const stop = this.#read('stop');
    if (stop === STOP_FULL) {
      if (this.#read('outRows') > 0) this.#flush(flush);
      else this.#widen(this.#read('keyLength'));
      return;
    }
    const at = this.#keys + this.#read('outBytes');
    const key = this.#kernels.u8.slice(at, at + this.#read('keyLength'));
    throw stop === STOP_TWICE ? new ListedTwice(key) : new TooManyEdges(key);
  }

  #flush(flush: () => void): void {
    flush();
    this.#write('outRows', 0);
    this.#write('outBytes', 0);
  }

  /** Room for one key longer than a batch. */
  #widen(bytes: number): void {
    this.#kernels.free(this.#keys);
    this.#keys = this.#kernels.alloc(bytes);
    if (this.#keys === 0) throw outOfMemory(bytes, 'the id of a vertex');
    this.#write('outKeys', this.#keys);
    this.#write('maxBytes', bytes);
  }

  #read(word: keyof typeof STATE): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE[word]]!;
  }
  #write(word: keyof typeof STATE, value: number): void {
    this.#kernels.u32[(this.#state >>> 2) + STATE[word]] = value;
  }
}
