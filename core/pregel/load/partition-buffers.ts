/** Rows on their way to partitions: a buffer of columns for each, in kernel memory; a full one leaves as a batch.
 *
 * Order of calls: `from` for each block of input; `append` for each partition's rows of it, `flush` whenever that takes fewer than it
 * was given; `finish`, `free`. Rows of a partition leave in the order they came in.
 * Memory: as many rows a partition as the budget gives at the start, less what the longest value takes: a value longer than a buffer
 * has one of its own until it leaves. What comes later and needs memory has to have it before.
 */
import {
  BATCH_BYTES,
  BATCH_ROWS,
  type Field,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from '../../batch/columns.ts';
import {
  ColumnTable,
  gatherBytes,
  gatherFixed,
  gatherOffsets,
  gatherValid,
} from '../../kernels/gather.ts';
import { type Kernels, outOfMemory } from '../../kernels/kernels.ts';
import type { RunWriter } from '../../shuffle/run-writer.ts';
import type { ColumnPointers } from '../../store/batch-area.ts';

/** Rows of a partition's buffer: fewer make batches that are not worth their place in a list. */
const LEAST_ROWS = 64;
/** Data of a row in a column of bytes, as it is guessed. */
const GUESSED_BYTES = 16;
/** All buffers together take no more, if they need not. */
const MOST_BYTES = 16 * 2 ** 20;

/** One value column in all partitions' buffers. */
interface Place {
  readonly field: Field;
  readonly table: ColumnTable;
  /** Of partition 0; those of the next are a stride further on. */
  readonly data: number;
  readonly valid: number;
  /** Of bytes, by partition: where its data is, how much there is of it, and how much it takes. */
  readonly pools: { at: number; used: number; bytes: number }[];
}

export class PartitionBuffers {
  readonly #kernels: Kernels;
  readonly #fields: readonly Field[];
  readonly #writer: RunWriter;
  readonly #filled: Uint32Array;
  /** Inputs of gathering, all 0; and offsets as they are gathered. */
  readonly #zeros: number;
  readonly #offsets: number;
  #rows = 0;
  #stride = 0;
  #area = 0;
  #poolBytes = 0;
  #places: readonly Place[] = [];

  /** `fields`: the first is the int64 that `append` is given, the others are gathered. `expected`: rows of all partitions;
   *  `block`: rows that are appended at once, at most; `longest`: bytes of a value, at most. @throws LimitError MEMORY */
  constructor(
    kernels: Kernels,
    fields: readonly Field[],
    partitions: number,
    expected: number,
    block: number,
    longest: number,
    writer: RunWriter,
  ) {
    this.#kernels = kernels;
    this.#fields = fields;
    this.#writer = writer;
    this.#filled = new Uint32Array(partitions);
    this.#zeros = kernels.allocOrThrow(8 * block + 64, 'the buffers of partitions');
    this.#offsets = this.#zeros + 4 * block;
    kernels.zero(this.#zeros, 4 * block);
    const width = fields.reduce((bytes, field) => bytes + rowBytes(field), 0);
    const most = Math.min(BATCH_ROWS, BATCH_BYTES / width, MOST_BYTES / width / partitions);
    let rows = Math.max(LEAST_ROWS, Math.floor(Math.min(most, (2 * expected) / partitions)));
    const kept = fields.some(({ kind }) => kind === 'bytes') ? kernels.alloc(longest) : 0;
    while (!this.#allocate(rows)) {
      if (rows === LEAST_ROWS)
        throw outOfMemory(rows * width * partitions, 'the buffers of partitions');
      // In small steps: larger buffers make fewer batches, whose places are lists that grow.
      rows = Math.max(LEAST_ROWS, Math.floor(rows * 0.8));
    }
    kernels.free(kept);
  }

  /** The rows that are appended until the next call are rows of these columns. */
  from(columns: readonly ColumnPointers[]): void {
    this.#places.forEach(({ table }, i) => table.set(0, columns[i]!));
  }

  /** Appends n rows to a partition: their int64, and which rows of the columns they are (u32). Returns how many it took; fewer:
   *  it has to be flushed first. */
  append(partition: number, keys: number, rows: number, n: number): number {
    const filled = this.#filled[partition]!;
    let taken = Math.min(n, this.#rows - filled);
    if (taken === 0) return 0;
    for (const place of this.#places) {
      if (place.field.kind !== 'bytes') continue;
      taken = this.#measure(place, partition, rows, taken);
      if (taken === 0) return 0;
    }
    const base = this.#area + this.#stride * partition;
    this.#kernels.u8.copyWithin(base + 8 * filled, keys, keys + 8 * taken);
    for (const place of this.#places) this.#gather(place, partition, filled, rows, taken);
    this.#filled[partition] = filled + taken;
    return taken;
  }

  /** What a partition's buffer holds leaves. */
  async flush(partition: number): Promise<void> {
    if (this.#filled[partition] === 0) return;
    const batch = this.#batch(partition);
    await this.#writer.reserve(batch);
    this.#writer.write(partition, batch);
    this.#filled[partition] = 0;
    for (const { pools } of this.#places) {
      const pool = pools[partition];
      if (pool === undefined) continue;
      pool.used = 0;
      if (pool.bytes > this.#poolBytes) this.#resize(pool, this.#poolBytes);
    }
  }

  async finish(): Promise<void> {
    for (let partition = 0; partition < this.#filled.length; partition++)
      await this.flush(partition);
  }

  free(): void {
    const kernels = this.#kernels;
    for (const { table, pools } of this.#places) {
      table.free();
      for (const { at } of pools) kernels.free(at);
    }
    kernels.free(this.#area);
    kernels.free(this.#zeros);
  }

  /** Buffers of so many rows; false, and nothing is held, when that is refused. */
  #allocate(rows: number): boolean {
    const kernels = this.#kernels;
    const partitions = this.#filled.length;
    const stride = strideOf(this.#fields, rows);
    const poolBytes = align(rows * GUESSED_BYTES);
    const held: number[] = [];
    const alloc = (bytes: number): number => {
      const at = kernels.alloc(bytes);
      if (at !== 0) held.push(at);
      return at;
    };
    const area = alloc(stride * partitions);
    const variable = this.#fields.filter(({ kind }) => kind === 'bytes').length;
    for (let i = 0; i < variable * partitions && held.length === i + 1; i++) alloc(poolBytes);
    if (held.length < 1 + variable * partitions) {
      for (const at of held) kernels.free(at);
      return false;
    }
    this.#rows = rows;
    this.#stride = stride;
    this.#area = area;
    this.#poolBytes = poolBytes;
    this.#places = this.#lay(held.slice(1));
    return true;
  }

  #lay(pools: number[]): Place[] {
    let end = this.#area + align(8 * this.#rows);
    const next = (bytes: number): number => {
      const at = end;
      end += align(bytes);
      return at;
    };
    return this.#fields.slice(1).map(field => {
      const bytes = field.kind === 'bytes' ? 4 * (this.#rows + 1) : WIDTH[field.kind] * this.#rows;
      const own = field.kind === 'bytes' ? pools.splice(0, this.#filled.length) : [];
      return {
        field,
        table: new ColumnTable(this.#kernels, 1),
        data: next(bytes),
        valid: field.nullable ? next(this.#rows) : 0,
        pools: own.map(at => ({ at, used: 0, bytes: this.#poolBytes })),
      };
    });
  }

  /** How many of n rows there is room for. */
  #measure({ table, pools }: Place, partition: number, rows: number, n: number): number {
    const pool = pools[partition]!;
    const room = pool.bytes - pool.used;
    const found = gatherOffsets(this.#kernels, table, this.#zeros, rows, n, room, this.#offsets);
    if (found.bytes <= room) return found.rows;
    // One row, which is longer than what is left.
    if (this.#filled[partition]! > 0) return 0;
    this.#resize(pool, found.bytes);
    return found.rows;
  }

  #resize(pool: Place['pools'][number], bytes: number): void {
    this.#kernels.free(pool.at);
    pool.at = this.#kernels.allocOrThrow(bytes, 'a value of an edge or a vertex');
    pool.bytes = bytes;
  }

  #gather(place: Place, partition: number, filled: number, rows: number, n: number): void {
    const kernels = this.#kernels;
    const { field, table, pools } = place;
    const shift = this.#stride * partition;
    const zeros = this.#zeros;
    if (field.nullable) gatherValid(kernels, table, zeros, rows, n, place.valid + shift + filled);
    const data = place.data + shift;
    if (field.kind !== 'bytes') {
      gatherFixed(kernels, field.kind, table, zeros, rows, n, data + WIDTH[field.kind] * filled);
      return;
    }
    const pool = pools[partition]!;
    const found = gatherOffsets(kernels, table, zeros, rows, n, 2 ** 31 - 1, this.#offsets);
    gatherBytes(kernels, table, zeros, rows, n, this.#offsets, pool.at + pool.used);
    const { u32 } = kernels;
    const [to, from] = [(data >>> 2) + filled, this.#offsets >>> 2];
    for (let i = 0; i <= n; i++) u32[to + i] = pool.used + u32[from + i]!;
    pool.used += found.bytes;
  }

  #batch(partition: number): StoredBatch {
    const rows = this.#filled[partition]!;
    const { u8 } = this.#kernels;
    const shift = this.#stride * partition;
    const view = (at: number, bytes: number) => u8.subarray(at, at + bytes);
    const values = this.#places.map(({ field, data, valid, pools }): StoredColumn => {
      const presence = field.nullable ? { valid: view(valid + shift, rows) } : {};
      if (field.kind !== 'bytes') {
        return { data: view(data + shift, WIDTH[field.kind] * rows), ...presence };
      }
      const { at, used } = pools[partition]!;
      const offsets = new Int32Array(u8.buffer, data + shift, rows + 1);
      return { data: view(at, used), offsets, ...presence };
    });
    return { rows, columns: [{ data: view(this.#area + shift, 8 * rows) }, ...values] };
  }
}

/** Kernels write up to 16 bytes too far. */
const align = (bytes: number): number => Math.ceil((bytes + 16) / 64) * 64;

/** What the smallest buffer of a partition takes, about. */
export const leastBufferBytes = (fields: readonly Field[]): number =>
  fields.reduce((bytes, field) => bytes + LEAST_ROWS * rowBytes(field) + 128, 0);

const rowBytes = ({ kind, nullable }: Field): number =>
  (kind === 'bytes' ? 4 + GUESSED_BYTES : WIDTH[kind]) + Number(nullable);

/** Bytes of one partition's columns, without the data of bytes. */
function strideOf(fields: readonly Field[], rows: number): number {
  return fields.reduce((bytes, { kind, nullable }) => {
    const column = kind === 'bytes' ? 4 * (rows + 1) : WIDTH[kind] * rows;
    return bytes + align(column) + (nullable ? align(rows) : 0);
  }, 0);
}
