/** Rows: rows that are not combined, appended, then in (partition, key bytes) order.
 *
 * Order of calls as in groups.ts: `add` until it takes less than it was given; `order`, write away, `clear`, go on.
 *
 * A row is a 32-byte cell, which is what gets sorted, and a record in a pool with its values side by side: taking a
 * row out of order then costs one cache miss, not one a column.
 */
import { type Field, type StoredColumn, WIDTH } from '../batch/columns.ts';
import { LimitError } from '../errors.ts';
import type { Kernels } from './kernels.ts';
import { CELL_BYTES, CellOrder, type Emitter, Layout, type Order, OrderBuffer } from './order.ts';
import { CHUNK_ROWS, SCRATCH } from './raw.ts';

/** Where n new values of a column lie in kernel memory: addresses. */
export interface ColumnPointers {
  readonly data: number;
  /** Of bytes columns: n + 1 u32. */
  readonly offsets?: number;
  /** A byte a row, 1 for present; none: all are. */
  readonly valid?: number;
}

/** Cells to begin with: 128 KiB. */
const CELLS = 4096;
/** Doubling ends here; larger ones grow by half, since old and new lie side by side. */
const DOUBLE_BYTES = 8 << 20;
const POOL_BYTES = 256 * 1024;

/** The state block, as in assembly/rows.ts; in 4-byte words. */
const STATE = {
  cells: 0,
  count: 1,
  limit: 2,
  pool: 3,
  poolEnd: 4,
  need: 5,
  fixed: 6,
  columns: 7,
} as const;
const STATE_BYTES = 32;
const COLUMN = {
  kind: 0,
  data: 1,
  offsets: 2,
  valid: 3,
  place: 4,
  validPlace: 5,
  total: 6,
} as const;
const COLUMN_BYTES = 32;
const NEED_TABLE = 0xffffffff;
const KINDS = { i32: 0, i64: 1, f64: 2, bytes: 3 } as const;
/** One record, its key included: its bytes must have 31-bit offsets in a batch. */
const MAX_RECORD_BYTES = 2 ** 31 - 1;

/** Where a column's values are in a record. */
interface Place {
  readonly field: Field;
  readonly place: number;
  readonly validPlace: number;
}

export class Rows {
  /** key (bytes, ''), natural (i32: how long the natural key is), then the value columns. */
  readonly fields: readonly Field[];
  readonly #kernels: Kernels;
  readonly #places: readonly Place[];
  /** For tests: more rows are refused, as the budget would. */
  readonly #maxRows: number;
  readonly #state: number;
  readonly #output: OrderBuffer;
  #cells: number;
  #limit = CELLS;
  #pool: number[] = [];
  #poolBytes = 0;
  #chosen = false;

  /** @throws LimitError MEMORY when there is no room for an empty one (about 0.5 MiB). */
  constructor(kernels: Kernels, fields: readonly Field[], maxRows = Infinity) {
    this.#kernels = kernels;
    this.#maxRows = maxRows;
    this.fields = [
      { name: '', kind: 'bytes', nullable: false },
      { name: 'natural', kind: 'i32', nullable: false },
      ...fields,
    ];
    const { places, bytes } = placesOf(fields);
    this.#places = places;
    const stateBytes = STATE_BYTES + fields.length * COLUMN_BYTES;
    this.#state = kernels.allocOrThrow(stateBytes, 'rows');
    this.#output = new OrderBuffer(kernels, this.fields.length, 'the output of rows');
    this.#cells = kernels.allocOrThrow(CELLS * CELL_BYTES, 'rows');
    kernels.zero(this.#state, stateBytes);
    this.#write('fixed', bytes);
    this.#write('columns', fields.length);
    places.forEach(({ field, place, validPlace }, i) => {
      const { u32 } = kernels;
      const at = columnAt(this.#state, i);
      u32[at + COLUMN.kind] = KINDS[field.kind];
      u32[at + COLUMN.place] = place;
      u32[at + COLUMN.validPlace] = validPlace;
    });
    this.clear();
  }

  /** How many rows there are. */
  get count(): number {
    return this.#read('count');
  }

  /** Bytes of kernel memory in use. */
  get bytes(): number {
    return this.#limit * CELL_BYTES + this.#poolBytes;
  }

  /** Appends n rows: whole sort keys keys[offsets[i], offsets[i + 1]); u32 lengths of the natural keys they begin with, which
   *  are hashed for the partition; `partitions`: 0, or the address of each row's own partition (u32: then `order` must
   *  be asked for more than the largest). `columns`: the values' addresses, one entry a value column.
   *
   *  Returns the rows taken: fewer than n when memory was refused.
   *  @throws LimitError MEMORY for a row of 2 GiB. */
  add(
    keys: number,
    offsets: number,
    naturals: number,
    partitions: number,
    n: number,
    columns: readonly ColumnPointers[],
  ): number {
    const { raw, u32 } = this.#kernels;
    this.#chosen ||= partitions !== 0;
    columns.forEach((pointers, i) => {
      const at = columnAt(this.#state, i);
      u32[at + COLUMN.data] = pointers.data;
      u32[at + COLUMN.offsets] = pointers.offsets ?? 0;
      u32[at + COLUMN.valid] = pointers.valid ?? 0;
    });
    let first = 0;
    while (first < n) {
      const end = Math.min(n, first + CHUNK_ROWS);
      first = raw.addRows(this.#state, keys, offsets, naturals, partitions, first, end);
      if (first < end && !this.#provide()) break;
    }
    return first;
  }

  /** Sorts, by partition and key bytes. Afterwards only `clear` and `free` may be called. */
  order(partitions: number): Order {
    const { raw } = this.#kernels;
    const rows = this.count;
    const end = this.#cells + rows * CELL_BYTES;
    const chunk = CHUNK_ROWS * CELL_BYTES;
    // Nothing to squeeze out here, but keys become numbers.
    for (let at = this.#cells; at < end; at += chunk)
      raw.compact(at, Math.min(end, at + chunk), at);
    const emitter = new RowEmitter(this.#kernels, this.#state, this.#places);
    return new CellOrder(
      this.#kernels,
      this.#cells,
      rows,
      partitions,
      this.#chosen,
      this.#output.pointer,
      emitter,
    );
  }

  /** Empty again; the cells' space is kept, the pool's is free for others. */
  clear(): void {
    for (const chunk of this.#pool) this.#kernels.free(chunk);
    this.#pool = [];
    this.#poolBytes = 0;
    this.#chosen = false;
    this.#write('cells', this.#cells);
    this.#write('limit', Math.min(this.#limit, this.#maxRows));
    for (const word of ['count', 'pool', 'poolEnd', 'need'] as const) this.#write(word, 0);
  }

  free(): void {
    for (const pointer of [...this.#pool, this.#cells, this.#state]) this.#kernels.free(pointer);
    this.#output.free();
  }

  #read(word: keyof typeof STATE): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE[word]]!;
  }
  #write(word: keyof typeof STATE, value: number): void {
    this.#kernels.u32[(this.#state >>> 2) + STATE[word]] = value;
  }

  /** Gives the kernel what it stopped for; false when that was refused. */
  #provide(): boolean {
    const need = this.#read('need');
    this.#write('need', 0);
    return need === NEED_TABLE ? this.#growCells() : this.#addPool(need);
  }

  #addPool(bytes: number): boolean {
    if (bytes > MAX_RECORD_BYTES) {
      throw new LimitError('MEMORY', `a row of ${bytes} bytes: 2 GiB is the most`);
    }
    const size = Math.max(bytes, POOL_BYTES);
    if (bytes > POOL_BYTES && !this.#output.widen(bytes)) return false;
    const pointer = this.#kernels.alloc(size);
    if (pointer === 0) return false;
    this.#pool.push(pointer);
    this.#poolBytes += size;
    this.#write('pool', pointer);
    this.#write('poolEnd', pointer + size);
    return true;
  }

  #growCells(): boolean {
    if (this.count >= this.#maxRows) return false;
    const kernels = this.#kernels;
    const held = this.#limit * CELL_BYTES;
    const limit = Math.floor(this.#limit * (held < DOUBLE_BYTES ? 2 : 1.5));
    const cells = kernels.alloc(limit * CELL_BYTES);
    if (cells === 0) return false;
    kernels.u8.copyWithin(cells, this.#cells, this.#cells + held);
    kernels.free(this.#cells);
    this.#cells = cells;
    this.#limit = limit;
    this.#write('cells', cells);
    this.#write('limit', Math.min(limit, this.#maxRows));
    return true;
  }
}

const columnAt = (state: number, index: number): number =>
  (state + STATE_BYTES + index * COLUMN_BYTES) >>> 2;

/** The natural length first, then columns: all but i32 take 8 bytes; validity bytes last. */
function placesOf(fields: readonly Field[]): { places: Place[]; bytes: number } {
  let bytes = 4;
  const places = fields.map(field => {
    const place = bytes;
    bytes += field.kind === 'i32' ? 4 : 8;
    return { field, place, validPlace: 0 };
  });
  for (const place of places) if (place.field.nullable) place.validPlace = bytes++;
  return { places, bytes };
}

const isBytes = ({ field }: Place): boolean => field.kind === 'bytes';
const widthOf = ({ field }: Place): number => (field.kind === 'bytes' ? 0 : WIDTH[field.kind]);

/** Rows as columns. */
class RowEmitter implements Emitter {
  readonly #kernels: Kernels;
  readonly #state: number;
  readonly #places: readonly Place[];
  /** A row's bytes in a batch, but for its key and bytes. */
  readonly #fixed: number;

  constructor(kernels: Kernels, state: number, places: readonly Place[]) {
    this.#kernels = kernels;
    this.#state = state;
    this.#places = places;
    this.#fixed = places.reduce(
      (bytes, place) =>
        bytes + (isBytes(place) ? 4 : widthOf(place)) + Number(place.field.nullable),
      8,
    );
  }

  measure(first: number, end: number, maxBytes: number): number {
    return this.#kernels.raw.measureRows(this.#state, first, end, maxBytes, this.#fixed, SCRATCH);
  }

  #lay(rows: number) {
    const { u32 } = this.#kernels;
    const layout = new Layout();
    const keyBytes = u32[SCRATCH >> 2]!;
    const key = {
      offsets: layout.add((rows + 1) * 4),
      data: layout.add(keyBytes),
      bytes: keyBytes,
    };
    const natural = layout.add(rows * 4);
    const columns = this.#places.map((place, i) => {
      const bytes = isBytes(place)
        ? u32[columnAt(this.#state, i) + COLUMN.total]!
        : rows * widthOf(place);
      return {
        place,
        bytes,
        offsets: isBytes(place) ? layout.add((rows + 1) * 4) : 0,
        data: layout.add(bytes),
        valid: place.field.nullable ? layout.add(rows) : 0,
      };
    });
    return { key, natural, columns };
  }

  emit(first: number, rows: number, out: number): () => StoredColumn[] {
    const { raw } = this.#kernels;
    const { key, natural, columns } = this.#lay(rows);
    raw.takeKeys(first, rows, out + key.offsets, out + key.data);
    raw.takePlace(first, rows, 0, 4, out + natural);
    for (const { place, offsets, data, valid } of columns) {
      if (isBytes(place)) raw.takeBytes(first, rows, place.place, out + offsets, out + data);
      else raw.takePlace(first, rows, place.place, widthOf(place), out + data);
      if (place.field.nullable) raw.takePlace(first, rows, place.validPlace, 1, out + valid);
    }
    return () => {
      const { u8 } = this.#kernels;
      const view = (at: number, bytes: number) => u8.subarray(out + at, out + at + bytes);
      const ends = (at: number) => new Int32Array(u8.buffer, out + at, rows + 1);
      return [
        { data: view(key.data, key.bytes), offsets: ends(key.offsets) },
        { data: view(natural, rows * 4) },
        ...columns.map(({ place, bytes, offsets, data, valid }) => ({
          data: view(data, bytes),
          ...(isBytes(place) && { offsets: ends(offsets) }),
          ...(place.field.nullable && { valid: view(valid, rows) }),
        })),
      ];
    };
  }
}
