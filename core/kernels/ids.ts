/** Distinct ids of vertices, each with a dense number: three ways to hold them, and out of there in ascending order.
 *
 * Order of calls: `add` any number of times; when it takes less than it was given, memory was refused (or an id is none of those
 * that SmallIds holds): `sorted`, its blocks to their end, then `clear` and go on, or `free`.
 *
 *   SmallIds   int64 from 0 up to a bound: an id is its own number; a bit each
 *   Int64Ids   any int64: a table of 16 bytes a slot, half full; the other half is where they are sorted
 *   ByteIds    utf8: Groups
 *
 * Invariant: what sorting needs is held from the start, so a budget that refuses can refuse it nothing.
 */
import { BATCH_BYTES } from '../batch/columns.ts';
import { Groups } from './groups.ts';
import { type Kernels, outOfMemory } from './kernels.ts';
import type { Order } from './order.ts';
import { COUNTER_BYTES, sortKeys } from './radix.ts';
import { address, CHUNK_ROWS } from './raw.ts';

/** Ids of a block, at most: small windows, so that many runs are merged at once. */
export const ID_ROWS = 8192;

/** Ids as they come: addresses. */
export interface IdColumn {
  readonly data: number;
  /** Of utf8: u32. */
  readonly offsets: number;
}

/** Ids in ascending order, as keys that order them, and their numbers (u32). Addresses, valid until the next block. */
export interface IdBlock {
  readonly rows: number;
  readonly keys: number;
  readonly keyBytes: number;
  readonly offsets: number;
  readonly numbers: number;
}

/** Asked before numbers reach a size: whether there is room for what is kept by number. */
export type Room = (size: number) => boolean;

export interface Ids {
  /** Numbers are below this. */
  readonly size: number;
  /** Writes the numbers of the ids first to end to `out`, at their places. Returns the first id not taken, or `end`. */
  add(ids: IdColumn, first: number, end: number, out: number): number;
  /** Nothing may be added until `clear`. */
  sorted(): { next(): IdBlock | undefined };
  clear(): void;
  free(): void;
}

/** Keys of 8 bytes, as blocks. */
class BlockBuffer {
  readonly keys: number;
  readonly offsets: number;
  readonly numbers: number;

  constructor(kernels: Kernels) {
    this.keys = kernels.allocOrThrow(ID_ROWS * 16 + 64, 'ids');
    this.offsets = this.keys + ID_ROWS * 8;
    this.numbers = this.offsets + ID_ROWS * 4 + 64;
  }
}

/** Of a bitmap, to begin with; a multiple of 64. */
const SMALL_LIMIT = 1 << 16;

export class SmallIds implements Ids {
  readonly #kernels: Kernels;
  readonly #room: Room;
  readonly #most: number;
  readonly #block: BlockBuffer;
  #limit: number;
  #bits: number;

  /** Ids below `most`, which is at most 2^31. @throws LimitError MEMORY */
  constructor(kernels: Kernels, room: Room, most: number) {
    this.#kernels = kernels;
    this.#room = room;
    this.#most = Math.max(64, Math.ceil(most / 64) * 64);
    this.#block = new BlockBuffer(kernels);
    this.#limit = Math.min(SMALL_LIMIT, this.#most);
    assertRoom(room, this.#limit);
    this.#bits = kernels.allocOrThrow(this.#limit / 8, 'ids');
    this.clear();
  }

  get size(): number {
    return this.#limit;
  }

  add({ data }: IdColumn, first: number, end: number, out: number): number {
    let at = first;
    while (at < end) {
      const { raw } = this.#kernels;
      const most = Math.min(end, at + CHUNK_ROWS);
      at = raw.addSmall(this.#bits, this.#limit, data, at, most, out);
      if (at < most && !this.#grow(data + 8 * at)) break;
    }
    return at;
  }

  sorted(): { next(): IdBlock | undefined } {
    const { keys, offsets, numbers } = this.#block;
    let from = 0;
    return {
      next: () => {
        const { raw } = this.#kernels;
        const rows = raw.listSmall(this.#bits, from, this.#limit, ID_ROWS, numbers);
        if (rows === 0) return undefined;
        raw.keysOfSmall(numbers, rows, keys, offsets);
        from = this.#kernels.u32[(numbers >>> 2) + rows - 1]! + 1;
        return { rows, keys, keyBytes: 8 * rows, offsets, numbers };
      },
    };
  }

  clear(): void {
    this.#kernels.zero(this.#bits, this.#limit / 8);
  }

  free(): void {
    this.#kernels.free(this.#bits);
    this.#kernels.free(this.#block.keys);
  }

  /** Room for the id at `at`; false when it is not one of these, or memory is refused. */
  #grow(at: number): boolean {
    const kernels = this.#kernels;
    const [low, high] = kernels.u32.subarray(at >>> 2, (at >>> 2) + 2);
    if (high !== 0 || low! >= this.#most) return false;
    let limit = this.#limit;
    while (limit <= low!) limit = Math.min(2 * limit, this.#most);
    const bits = this.#room(limit) ? kernels.alloc(limit / 8) : 0;
    if (bits === 0) return false;
    const { u8 } = kernels;
    u8.copyWithin(bits, this.#bits, this.#bits + this.#limit / 8);
    u8.fill(0, bits + this.#limit / 8, bits + limit / 8);
    kernels.free(this.#bits);
    this.#bits = bits;
    this.#limit = limit;
    return true;
  }
}

function assertRoom(room: Room, size: number): void {
  if (!room(size)) throw outOfMemory(0, 'the first ids of vertices');
}

const SLOT_BYTES = 16;
/** Of a fresh table: 64 KiB. */
const SLOTS = 4096;
/** Tables below this grow by four: they will not stay there. */
const SMALL_BYTES = 1 << 20;
/** The state block, as in assembly/ids.ts; in 4-byte words. */
const STATE = { table: 0, mask: 1, count: 2, limit: 3 } as const;

export class Int64Ids implements Ids {
  readonly #kernels: Kernels;
  readonly #room: Room;
  readonly #maxRows: number;
  readonly #state: number;
  readonly #block: BlockBuffer;
  readonly #counters: number;
  #table: number;
  #slots = SLOTS;

  /** `maxRows`: for tests, more ids are refused, as the budget would. @throws LimitError MEMORY */
  constructor(kernels: Kernels, room: Room, maxRows = Infinity) {
    this.#kernels = kernels;
    this.#room = room;
    this.#maxRows = maxRows;
    assertRoom(room, SLOTS / 2);
    this.#state = kernels.allocOrThrow(4 * 4, 'ids');
    this.#block = new BlockBuffer(kernels);
    this.#counters = kernels.allocOrThrow(COUNTER_BYTES, 'ids');
    this.#table = kernels.allocOrThrow(SLOTS * SLOT_BYTES, 'ids');
    this.clear();
  }

  get size(): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE.count]!;
  }

  add({ data }: IdColumn, first: number, end: number, out: number): number {
    const { raw } = this.#kernels;
    let at = first;
    while (at < end) {
      const most = Math.min(end, at + CHUNK_ROWS);
      at = raw.addIds(this.#state, data, at, most, out);
      if (at < most && !this.#grow()) break;
    }
    return at;
  }

  sorted(): { next(): IdBlock | undefined } {
    const kernels = this.#kernels;
    const { raw } = kernels;
    const n = this.size;
    const table = this.#table;
    this.#eachChunk((first, end, to) => address(raw.compactIds(first, end, to)));
    // A table has room for twice as many; each half holds the ids and numbers of all.
    const half = (this.#slots / 2) * SLOT_BYTES;
    const place = (at: number) => ({ keys: at, rows: at + half / 2 });
    const [lower, upper] = [place(table), place(table + half)];
    for (let at = 0; at < n; at += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, n - at);
      raw.splitIds(table + at * SLOT_BYTES, rows, upper.keys + at * 8, upper.rows + at * 4);
    }
    const all = { low: 32, high: 32 };
    const sorted = sortKeys(kernels, n, upper, lower, all, this.#counters);
    const { keys, offsets } = this.#block;
    let from = 0;
    return {
      next: () => {
        const rows = Math.min(ID_ROWS, n - from);
        if (rows === 0) return undefined;
        raw.keysOfIds(sorted.keys + from * 8, rows, keys, offsets);
        const numbers = sorted.rows + from * 4;
        from += rows;
        return { rows, keys, keyBytes: 8 * rows, offsets, numbers };
      },
    };
  }

  clear(): void {
    const kernels = this.#kernels;
    kernels.zero(this.#table, this.#slots * SLOT_BYTES);
    const limit = Math.min(this.#slots / 2, this.#maxRows);
    kernels.u32.set([this.#table, this.#slots - 1, 0, limit], this.#state >>> 2);
  }

  free(): void {
    for (const at of [this.#state, this.#block.keys, this.#counters, this.#table]) {
      this.#kernels.free(at);
    }
  }

  #grow(): boolean {
    const kernels = this.#kernels;
    const { size } = this;
    if (size >= this.#maxRows) return false;
    const slots = this.#slots * (this.#slots * SLOT_BYTES < SMALL_BYTES ? 4 : 2);
    const table = this.#room(slots / 2) ? kernels.alloc(slots * SLOT_BYTES) : 0;
    if (table === 0) return false;
    kernels.zero(table, slots * SLOT_BYTES);
    this.#eachChunk((first, end) => {
      kernels.raw.rehashIds(first, end, table, slots - 1);
      return 0;
    });
    kernels.free(this.#table);
    this.#table = table;
    this.#slots = slots;
    const limit = Math.min(slots / 2, this.#maxRows);
    kernels.u32.set([table, slots - 1, size, limit], this.#state >>> 2);
    return true;
  }

  /** `work` is told where the chunk before has got to. */
  #eachChunk(work: (first: number, end: number, to: number) => number): void {
    const end = this.#table + this.#slots * SLOT_BYTES;
    const chunk = CHUNK_ROWS * SLOT_BYTES;
    let to = this.#table;
    for (let at = this.#table; at < end; at += chunk) to = work(at, Math.min(end, at + chunk), to);
  }
}

export class ByteIds implements Ids {
  readonly #groups: Groups;
  readonly #room: Room;

  /** `maxRows`: for tests, more ids are refused, as the budget would. @throws LimitError MEMORY */
  constructor(kernels: Kernels, room: Room, maxRows = Infinity) {
    this.#room = room;
    this.#groups = new Groups(kernels, [], { ids: true, maxRows });
  }

  get size(): number {
    return this.#groups.count;
  }

  add({ data, offsets }: IdColumn, first: number, end: number, out: number): number {
    let n = end - first;
    while (n > 0 && !this.#room(this.size + n)) n >>>= 1;
    return first + this.#groups.add(data, offsets + 4 * first, n, out + 4 * first);
  }

  sorted(): { next(): IdBlock | undefined } {
    const order: Order = this.#groups.order(1);
    let from = 0;
    return {
      next: () => {
        if (from === order.rows) return undefined;
        const most = Math.min(ID_ROWS, order.rows - from);
        const { rows, columns } = order.take(from, most, BATCH_BYTES);
        from += rows;
        const [key, number] = columns;
        return {
          rows,
          keys: key!.data.byteOffset,
          keyBytes: key!.data.length,
          offsets: key!.offsets!.byteOffset,
          numbers: number!.data.byteOffset,
        };
      },
    };
  }

  clear(): void {
    this.#groups.clear();
  }

  free(): void {
    this.#groups.free();
  }
}
