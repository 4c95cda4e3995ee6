/** Groups: byte keys → dense group ids, and aggregates by id; or, fused, the counts of words.
 *
 * Order of calls: `add` (ids) and `aggregate` for each chunk of rows, or `countWords`; when one takes less than it was
 * given, memory was refused: `order`, write it away, `clear`, go on. `free` at the end.
 *
 * A table of 32-byte cells, open addressing, linear probing, at most 0.6 full: one cache line a lookup, keys of up to 16
 * bytes in the cell (37 to 53 ns a word where entries and keys elsewhere took 117). Cells and accumulators grow
 * together; while a table grows, old and new lie side by side.
 */
import type { Field, StoredColumn } from '../batch/columns.ts';
import {
  type Aggregate,
  accumulatorBytes,
  fieldsOfAggregate,
  fillNeutral,
  foldValues,
  widthOf,
  wordsOf,
} from './aggregates.ts';
import type { Kernels } from './kernels.ts';
import { CELL_BYTES, CellOrder, type Emitter, Layout, type Order, OrderBuffer } from './order.ts';
import { address, CHUNK_BYTES, CHUNK_ROWS, SCRATCH } from './raw.ts';
import { letters, lowerAscii } from './text.ts';

export { type Aggregate, KernelOverflow } from './aggregates.ts';

/** Of a fresh table: 128 KiB, which fits beside a chunk of input in a second-level cache. */
const SLOTS = 4096;
/** Tables below this grow by four: they will not stay there. */
const SMALL_BYTES = 1 << 20;
const LOAD = 0.6;
/** When memory for a larger table is refused, counting goes on in the old one up to this: a third more distinct words
 *  before a spill, for about two probes more a lookup. */
const CROWDED = 0.8;
/** Of the pool of keys longer than 16 bytes. */
const POOL_BYTES = 256 * 1024;

/** The state block that kernels share, as in assembly/groups.ts; in 4-byte words. */
const STATE = { table: 0, mask: 1, count: 2, limit: 3, pool: 4, poolEnd: 5, need: 6 } as const;
const STATE_BYTES = 64;
const NEED_TABLE = 0xffffffff;

export interface GroupsOptions {
  /** For `countWords`: counts are kept in the cells, and there is one int64 column of them. */
  readonly counting?: boolean;
  /** The id of each group is an int32 column behind its key. */
  readonly ids?: boolean;
  /** For tests: more groups are refused, as the budget would. */
  readonly maxRows?: number | undefined;
}

export class Groups {
  /** The key (bytes, named ''), the id where that was asked for, then the aggregates' columns: an f64 sum has five. */
  readonly fields: readonly Field[];
  readonly #kernels: Kernels;
  readonly #aggregates: readonly Aggregate[];
  readonly #counting: boolean;
  readonly #ids: boolean;
  readonly #maxRows: number;
  readonly #state: number;
  readonly #output: OrderBuffer;
  #table = 0;
  #slots = SLOTS;
  /** One buffer an aggregate, for `#capacity` groups. */
  #accumulators: number[] = [];
  #capacity = 0;
  #pool: number[] = [];

  /** @throws LimitError MEMORY when there is no room for an empty one (about 0.5 MiB). */
  constructor(kernels: Kernels, aggregates: readonly Aggregate[], options: GroupsOptions = {}) {
    this.#kernels = kernels;
    this.#counting = options.counting === true;
    this.#ids = options.ids === true;
    this.#maxRows = options.maxRows ?? Infinity;
    this.#aggregates = this.#counting ? [{ op: 'sum', kind: 'i64' }] : aggregates;
    this.fields = [
      { name: '', kind: 'bytes', nullable: false },
      ...(this.#ids ? [{ name: 'id', kind: 'i32', nullable: false } as const] : []),
      ...this.#aggregates.flatMap(fieldsOfAggregate),
    ];
    this.#state = kernels.allocOrThrow(STATE_BYTES, 'a group table');
    this.#output = new OrderBuffer(kernels, this.fields.length, 'the output of a group table');
    this.#table = kernels.allocOrThrow(SLOTS * CELL_BYTES, 'a group table');
    this.#capacity = Math.floor(SLOTS * LOAD);
    if (!this.#counting) {
      this.#accumulators = this.#aggregates.map(aggregate =>
        kernels.allocOrThrow(accumulatorBytes(aggregate, this.#capacity), 'aggregates'),
      );
    }
    this.clear();
  }

  /** How many groups there are. */
  get count(): number {
    return this.#read('count');
  }

  /** Bytes of kernel memory in use. */
  get bytes(): number {
    const accumulators = this.#accumulators.length === 0 ? 0 : this.#capacity * this.#rowBytes();
    return this.#slots * CELL_BYTES + accumulators + this.#pool.length * POOL_BYTES;
  }

  /** Key i is keys[offsets[i], offsets[i + 1]): addresses in kernel memory, offsets u32. Writes the keys' ids (u32).
   *  Returns how many keys it took: fewer than n when memory to grow was refused. */
  add(keys: number, offsets: number, n: number, ids: number): number {
    const { raw } = this.#kernels;
    let first = 0;
    while (first < n) {
      const end = Math.min(n, first + CHUNK_ROWS);
      first = raw.addKeys(this.#state, keys, offsets, first, end, ids);
      if (first < end && !this.#provide()) break;
    }
    return first;
  }

  /** Folds values (as wide as the aggregate's kind) of n rows into aggregate `index`.
   *  @throws KernelOverflow with the id, when an int32 or int64 sum (not a total) leaves its type. */
  aggregate(index: number, ids: number, values: number, n: number): void {
    const aggregate = this.#aggregates[index]!;
    foldValues(this.#kernels, aggregate, this.#accumulators[index]!, ids, values, n);
  }

  /** Counts the words of bytes[from, from + length), which must end where a word may: a word never goes on beyond. Only
   *  with `counting`. Returns the bytes done: fewer than `length`, up to the start of a word, when memory was refused.
   *
   *  `split`: 'bytes' takes runs of bytes other than 09 to 0D and 20; 'unicode' maximal runs of letters and marks
   *  (\p{L}\p{M}), where bytes that are not UTF-8 separate. `lower` turns ASCII capitals small, in place. */
  countWords(from: number, length: number, split: 'bytes' | 'unicode', lower: boolean): number {
    const { raw } = this.#kernels;
    const end = from + length;
    if (split === 'unicode' && !this.#kernels.withLetters(letters)) return 0;
    const count = split === 'bytes' ? raw.countBytes : raw.countUnicode;
    if (lower) lowerAscii(this.#kernels, from, length);
    let at = from;
    while (at < end) {
      at = address(count(this.#state, at, Math.min(end, at + CHUNK_BYTES), end));
      if (this.#read('need') !== 0 && !this.#provide()) break;
    }
    return at - from;
  }

  /** Sorts, by partition (of the key's hash) and key bytes. Afterwards only `clear` and `free` may be called. */
  order(partitions: number): Order {
    const { raw } = this.#kernels;
    const end = this.#table + this.#slots * CELL_BYTES;
    const chunk = CHUNK_ROWS * CELL_BYTES;
    let to = this.#table;
    for (let at = this.#table; at < end; at += chunk) {
      to = address(raw.compact(at, Math.min(end, at + chunk), to));
    }
    const rows = (to - this.#table) / CELL_BYTES;
    const emitter = new GroupEmitter(
      this.#kernels,
      this.#aggregates,
      this.#counting ? undefined : this.#accumulators,
      this.#ids,
    );
    return new CellOrder(
      this.#kernels,
      this.#table,
      rows,
      partitions,
      false,
      this.#output.pointer,
      emitter,
    );
  }

  /** The key of a group, copied: for messages, since it searches. Not after `order`, and not with `counting`. */
  key(id: number): Uint8Array {
    const { raw } = this.#kernels;
    const chunk = CHUNK_ROWS * CELL_BYTES;
    const end = this.#table + this.#slots * CELL_BYTES;
    for (let at = this.#table; at < end; at += chunk) {
      const cell = address(raw.findId(at, Math.min(end, at + chunk), id));
      if (cell === 0) continue;
      const { u8, u32 } = this.#kernels;
      const length = u32[(cell >>> 2) + 1]!;
      const from = length <= 16 ? cell + 16 : u32[(cell >>> 2) + 7]!;
      return u8.slice(from, from + length);
    }
    throw new RangeError(`no group ${id}`);
  }

  /** Empty again. The table stays as large as it has become: what comes next is likely to be as much, and kernel
   *  memory cannot be returned anyway. The pool's chunks are free for others. */
  clear(): void {
    const kernels = this.#kernels;
    for (const chunk of this.#pool) kernels.free(chunk);
    this.#pool = [];
    kernels.zero(this.#state, STATE_BYTES);
    kernels.zero(this.#table, this.#slots * CELL_BYTES);
    this.#accumulators.forEach((pointer, i) => {
      fillNeutral(kernels, this.#aggregates[i]!, pointer, 0, this.#capacity);
    });
    this.#write('table', this.#table);
    this.#write('mask', this.#slots - 1);
    this.#write('limit', Math.min(this.#capacity, this.#maxRows));
  }

  free(): void {
    const kernels = this.#kernels;
    for (const pointer of [...this.#pool, ...this.#accumulators]) kernels.free(pointer);
    kernels.free(this.#table);
    this.#output.free();
    kernels.free(this.#state);
  }

  #read(word: keyof typeof STATE): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE[word]]!;
  }
  #write(word: keyof typeof STATE, value: number): void {
    this.#kernels.u32[(this.#state >>> 2) + STATE[word]] = value;
  }

  /** Bytes of a group's accumulators. */
  #rowBytes(): number {
    return this.#aggregates.reduce((bytes, aggregate) => bytes + widthOf(aggregate), 0);
  }

  /** Gives the kernel what it stopped for; false when that was refused. */
  #provide(): boolean {
    const need = this.#read('need');
    this.#write('need', 0);
    if (need !== NEED_TABLE) return this.#addPool(need);
    if (this.count >= this.#maxRows) return false;
    if (this.#growTable()) return true;
    const crowded = Math.floor(this.#slots * CROWDED);
    if (!this.#counting || this.#read('limit') >= crowded) return false;
    this.#write('limit', crowded);
    return true;
  }

  #addPool(bytes: number): boolean {
    const size = Math.max(bytes, POOL_BYTES);
    if (bytes > POOL_BYTES && !this.#output.widen(bytes)) return false;
    const pointer = this.#kernels.alloc(size);
    if (pointer === 0) return false;
    this.#pool.push(pointer);
    this.#write('pool', pointer);
    this.#write('poolEnd', pointer + size);
    return true;
  }

  #growTable(): boolean {
    const kernels = this.#kernels;
    const slots = this.#slots * (this.#slots * CELL_BYTES < SMALL_BYTES ? 4 : 2);
    const capacity = Math.floor(slots * LOAD);
    const table = kernels.alloc(slots * CELL_BYTES);
    if (table === 0) return false;
    if (!this.#growAccumulators(capacity)) {
      kernels.free(table);
      return false;
    }
    kernels.zero(table, slots * CELL_BYTES);
    const end = this.#table + this.#slots * CELL_BYTES;
    const chunk = CHUNK_ROWS * CELL_BYTES;
    for (let at = this.#table; at < end; at += chunk) {
      kernels.raw.rehash(at, Math.min(end, at + chunk), table, slots - 1);
    }
    kernels.free(this.#table);
    this.#table = table;
    this.#slots = slots;
    this.#capacity = capacity;
    this.#write('table', table);
    this.#write('mask', slots - 1);
    this.#write('limit', Math.min(capacity, this.#maxRows));
    return true;
  }

  /** All or none. */
  #growAccumulators(capacity: number): boolean {
    const kernels = this.#kernels;
    const larger: number[] = [];
    for (const [i] of this.#accumulators.entries()) {
      const pointer = kernels.alloc(accumulatorBytes(this.#aggregates[i]!, capacity));
      if (pointer === 0) {
        for (const taken of larger) kernels.free(taken);
        return false;
      }
      larger.push(pointer);
    }
    larger.forEach((pointer, i) => {
      const aggregate = this.#aggregates[i]!;
      const old = this.#accumulators[i]!;
      fillNeutral(kernels, aggregate, pointer, 0, capacity);
      kernels.u8.copyWithin(pointer, old, old + this.#capacity * widthOf(aggregate));
      kernels.free(old);
    });
    this.#accumulators = larger;
    return true;
  }
}

/** Groups as columns: key, perhaps the id, then the aggregates. */
class GroupEmitter implements Emitter {
  readonly #kernels: Kernels;
  readonly #aggregates: readonly Aggregate[];
  /** None when the cells hold counts. */
  readonly #accumulators: readonly number[] | undefined;
  readonly #ids: boolean;
  readonly #fixed: number;
  #keyBytes = 0;

  constructor(
    kernels: Kernels,
    aggregates: readonly Aggregate[],
    accumulators: readonly number[] | undefined,
    ids: boolean,
  ) {
    this.#kernels = kernels;
    this.#aggregates = aggregates;
    this.#accumulators = accumulators;
    this.#ids = ids;
    const fixed = ids ? 8 : 4;
    this.#fixed = aggregates.reduce((bytes, aggregate) => bytes + widthOf(aggregate), fixed);
  }

  measure(first: number, end: number, maxBytes: number): number {
    const rows = this.#kernels.raw.measure(first, end, maxBytes, this.#fixed, SCRATCH);
    this.#keyBytes = this.#kernels.u32[SCRATCH >> 2]!;
    return rows;
  }

  #lay(rows: number): { data: number; offsets: number; ids: number; columns: number[][] } {
    const layout = new Layout();
    const offsets = layout.add((rows + 1) * 4);
    const data = layout.add(this.#keyBytes);
    const ids = this.#ids ? layout.add(rows * 4) : 0;
    const columns = this.#aggregates.map(aggregate => {
      const words = wordsOf(aggregate);
      return words.length > 0
        ? words.map(() => layout.add(rows * 8))
        : [layout.add(rows * widthOf(aggregate))];
    });
    return { data, offsets, ids, columns };
  }

  emit(first: number, rows: number, out: number): () => StoredColumn[] {
    const { raw } = this.#kernels;
    const { data, offsets, ids, columns } = this.#lay(rows);
    raw.takeKeys(first, rows, out + offsets, out + data);
    if (this.#ids) raw.takeIds(first, rows, out + ids);
    this.#aggregates.forEach((aggregate, i) => {
      const places = columns[i]!;
      if (this.#accumulators === undefined) raw.takeCounts(first, rows, out + places[0]!);
      else if (places.length > 1) {
        places.forEach((at, word) => {
          raw.takeSums(first, rows, this.#accumulators![i]!, widthOf(aggregate), word, out + at);
        });
      } else {
        raw.takeFixed(first, rows, this.#accumulators[i]!, widthOf(aggregate), out + places[0]!);
      }
    });
    const keyBytes = this.#keyBytes;
    return () => {
      const { u8 } = this.#kernels;
      const view = (at: number, bytes: number) => u8.subarray(out + at, out + at + bytes);
      return [
        {
          data: view(data, keyBytes),
          offsets: new Int32Array(u8.buffer, out + offsets, rows + 1),
        },
        ...(this.#ids ? [{ data: view(ids, rows * 4) }] : []),
        ...this.#aggregates.flatMap((aggregate, i) =>
          columns[i]!.map(at => ({
            data: view(at, rows * (columns[i]!.length > 1 ? 8 : widthOf(aggregate))),
          })),
        ),
      ];
    };
  }
}
