/** The rows of a partition in order of their places, equal ones in order of arrival, whatever the memory.
 *
 *   batches, piece by piece in order of arrival ──▶ keys, sorted in memory                ──▶ blocks
 *                                               └─▶ too many: sorted chunks, runs, merged ──▶ blocks
 *
 * Order of calls: `prepare`, `next` until there is no block, `close` in any case. A block's values are where its tables say: row j is row
 * rows[j] of input inputs[j]. Without values only keys are held, and the order of arrival does not matter.
 */
import { discard } from '../../store/file.ts';
import { BATCH_BYTES, BATCH_ROWS, type Field, type StoredBatch } from '../../batch/columns.ts';
import { ColumnTable, gatherBytes, gatherOffsets } from '../../kernels/gather.ts';
import { type Kernels, outOfMemory } from '../../kernels/kernels.ts';
import type { KeyBits } from '../../kernels/radix.ts';
import {
  bytesAsKeys,
  KeySorter,
  keysAsBytes,
  MAX_PLACES,
  PLACE_ROWS,
  splitPlaces,
} from '../../kernels/sorter.ts';
import { lowerFanIn } from '../../mapreduce/fan-in.ts';
import type { Carrier, Slice } from '../../shuffle/carrier.ts';
import { BLOCK_ROWS, Merger } from '../../store/merge.ts';
import { arrivals } from './arrivals.ts';
import { Gathered } from './gathered.ts';
import { partOf, type RunPlace, runWriter } from './run-parts.ts';
import type { RunPart, SpreadRows } from './tasks.ts';

/** Rows in memory, at least: a batch. */
const LEAST_ROWS = BATCH_ROWS;
/** What sorted rows leave, for a block of them as it is written: keys, and each value column. */
const BLOCK_BYTES = 32 * BLOCK_ROWS;
const VALUE_BYTES = BATCH_BYTES + 10 * BLOCK_ROWS;
const KEY: Field = { name: 'key', kind: 'bytes', nullable: false };

export interface SortedBlock {
  readonly rows: number;
  /** Addresses: of the keys (u64), and of inputs and rows (u32) where there are values. */
  readonly keys: number;
  readonly inputs: number;
  readonly places: number;
  /** By value column. */
  readonly tables: readonly ColumnTable[];
}

export interface SortOptions extends RunPlace {
  readonly carrier: Carrier;
  readonly rows: SpreadRows;
  /** The key, then the values: as `spreadFields`. */
  readonly fields: readonly Field[];
  readonly bits: KeyBits;
  /** Names its files in the attempt. */
  readonly name: string;
  readonly partition: number;
}

export class SortedRows {
  readonly count: number;
  /** Of all rows, their keys included. */
  readonly bytes: number;
  spilledBytes = 0;
  readonly #options: SortOptions;
  readonly #kernels: Kernels;
  readonly #values: readonly Field[];
  readonly #chunks: RunPart[] = [];
  /** Keys of a block, and which rows of which batches they are. */
  readonly #block: number;
  #memory: InMemory | undefined;
  #merged: Merged | undefined;
  #from = 0;

  constructor(options: SortOptions) {
    const kernels = options.worker.kernels();
    this.#options = options;
    this.#kernels = kernels;
    this.#values = options.fields.slice(1);
    const batches = options.rows.slices.flatMap(slice => slice.batches);
    this.count = batches.reduce((sum, { rows }) => sum + rows, 0);
    this.bytes = batches.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#block = kernels.allocOrThrow(8 * BLOCK_ROWS, 'sorting edges');
  }

  /** Reads all, and writes sorted chunks where not all fits. @throws LimitError MEMORY, DISK_FULL */
  async prepare(): Promise<void> {
    const { rows, carrier, fields, worker } = this.#options;
    const memory = this.#makeRoom();
    this.#memory = memory;
    const valued = this.#values.length > 0;
    for (const { slice, batch, from, to } of arrivals(rows, valued)) {
      for (let at = from; at < to; ) {
        const taken = memory.add(slice, batch, at, to, () =>
          carrier.read(rows.slices[slice]!, batch, fields),
        );
        at += taken;
        if (taken > 0) continue;
        if (memory.count === 0) throw outOfMemory(0, 'the values of an edge or a vertex');
        await this.#spill(memory);
      }
      worker.heapCheck();
    }
    if (this.#chunks.length === 0) return memory.order();
    await this.#spill(memory);
    memory.free();
    this.#memory = undefined;
    this.#merged = new Merged(this.#options, this.#chunks, this.#values);
    this.spilledBytes += this.#merged.spilledBytes;
  }

  /** The next rows, in order; valid until the next block. */
  next(): SortedBlock | undefined {
    if (this.#merged !== undefined) return this.#merged.next();
    const memory = this.#memory!;
    const rows = Math.min(BLOCK_ROWS, memory.count - this.#from);
    if (rows === 0) return undefined;
    const block = memory.block(this.#from, rows, this.#block);
    this.#from += rows;
    return block;
  }

  /** Removes what was written. */
  close(): void {
    this.#merged?.close();
    for (const { run, ranges } of this.#chunks) {
      if (run.segment !== undefined) discard(run.segment);
      this.#options.worker.giveBack(ranges);
    }
    this.#chunks.length = 0;
  }

  /** For as many rows as there is memory for. */
  #makeRoom(): InMemory {
    const { rows, context, bits } = this.#options;
    const kernels = this.#kernels;
    const batches = rows.slices.flatMap(slice => slice.batches);
    const valued = this.#values.length > 0;
    const valueBytes = valued ? Math.ceil(this.bytes / Math.max(1, this.count)) : 0;
    const rowBytes = KeySorter.rowBytes(valued) + valueBytes;
    const spare = BLOCK_BYTES + VALUE_BYTES * this.#values.length;
    let capacity = Math.max(1, Math.min(this.count, context.refuse?.rows ?? Infinity));
    // What can be had at once can be had in parts.
    for (;;) {
      const probe = kernels.alloc(capacity * rowBytes + spare);
      kernels.free(probe);
      if (probe !== 0 || capacity <= LEAST_ROWS) break;
      capacity = Math.max(LEAST_ROWS, capacity >>> 1);
    }
    return new InMemory(kernels, capacity, this.#values, batches.length, bits);
  }

  /** What is in memory leaves, sorted. */
  async #spill(memory: InMemory): Promise<void> {
    if (memory.count === 0) return;
    memory.order();
    const { name } = this.#options;
    const fields = [KEY, ...this.#values];
    const writer = runWriter(this.#options, `${name}-${this.#chunks.length}`, fields);
    const values = new Gathered(this.#kernels, this.#values);
    const keys = this.#kernels.allocOrThrow(12 * BLOCK_ROWS + 64, 'sorting edges');
    try {
      for (let from = 0; from < memory.count; ) {
        const most = Math.min(BLOCK_ROWS, memory.count - from);
        const block = memory.block(from, most, this.#block);
        const rows = values.gather(block.tables, block.inputs, block.places, most);
        keysAsBytes(this.#kernels, block.keys, rows, keys, keys + 8 * BLOCK_ROWS);
        const batch = keyed(this.#kernels, keys, rows, values);
        await writer.reserve(batch);
        writer.write(0, batch);
        from += rows;
      }
    } catch (error) {
      writer.abort();
      throw error;
    } finally {
      values.free();
      this.#kernels.free(keys);
    }
    const part = partOf(writer);
    this.#chunks.push(part);
    this.spilledBytes += part.spilledBytes;
    memory.clear();
  }
}

function keyed(kernels: Kernels, keys: number, rows: number, values: Gathered): StoredBatch {
  const { u8 } = kernels;
  const offsets = new Int32Array(u8.buffer, keys + 8 * BLOCK_ROWS, rows + 1);
  const key = { data: u8.subarray(keys, keys + 8 * rows), offsets };
  return { rows, columns: [key, ...values.columns()] };
}

/** Kernels may read 16 bytes too far. */
const align = (bytes: number): number => Math.ceil((bytes + 16) / 64) * 64;

/** Keys, and the batches that have their values. */
class InMemory {
  readonly #kernels: Kernels;
  readonly #sorter: KeySorter;
  readonly #values: readonly Field[];
  readonly #tables: readonly ColumnTable[];
  /** By slice and batch: its number here. */
  readonly #known = new Map<string, number>();
  #held: number[] = [];

  constructor(
    kernels: Kernels,
    capacity: number,
    values: readonly Field[],
    batches: number,
    bits: KeyBits,
  ) {
    this.#kernels = kernels;
    this.#values = values;
    this.#sorter = new KeySorter(kernels, capacity, values.length > 0, bits);
    this.#tables = values.map(() => new ColumnTable(kernels, batches));
  }

  get count(): number {
    return this.#sorter.count;
  }

  /** Rows from … to of a batch; returns how many it took. `read` gives the batch. */
  add(slice: number, batch: number, from: number, to: number, read: () => StoredBatch): number {
    const n = Math.min(to - from, this.#sorter.room);
    if (n === 0) return 0;
    if (this.#values.length === 0) {
      this.#sorter.add(read().columns[0]!.data.subarray(8 * from), n, 0);
      return n;
    }
    const name = `${slice} ${batch}`;
    const stored = read();
    const known = this.#known.get(name) ?? this.#hold(name, stored);
    if (known === undefined) return 0;
    this.#sorter.add(stored.columns[0]!.data.subarray(8 * from), n, known * PLACE_ROWS + from);
    return n;
  }

  order(): void {
    this.#sorter.order();
  }

  /** n sorted rows; `places` has room for two u32 a row. */
  block(from: number, n: number, places: number): SortedBlock {
    const { keys, rows } = this.#sorter.at(from);
    const [inputs, own] = [places, places + 4 * BLOCK_ROWS];
    if (rows !== 0) splitPlaces(this.#kernels, rows, n, inputs, own);
    return { rows: n, keys, inputs, places: own, tables: this.#tables };
  }

  clear(): void {
    this.#sorter.clear();
    for (const at of this.#held) this.#kernels.free(at);
    this.#held = [];
    this.#known.clear();
  }

  free(): void {
    this.clear();
    this.#sorter.free();
    for (const table of this.#tables) table.free();
  }

  /** Copies a batch's values; undefined when memory is refused. */
  #hold(name: string, { columns }: StoredBatch): number | undefined {
    const kernels = this.#kernels;
    const values = columns.slice(1);
    const parts = values.flatMap(({ data, offsets, valid }) => [
      data,
      offsets && new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength),
      valid,
    ]);
    const bytes = parts.reduce(
      (sum, part) => sum + (part === undefined ? 0 : align(part.length)),
      0,
    );
    const number = this.#known.size;
    let at = number === MAX_PLACES ? 0 : kernels.alloc(bytes);
    if (at === 0) return undefined;
    this.#held.push(at);
    this.#known.set(name, number);
    const pointers = parts.map(part => {
      if (part === undefined) return 0;
      const pointer = at;
      kernels.copyIn(part, pointer);
      at += align(part.length);
      return pointer;
    });
    this.#tables.forEach((table, i) => {
      const [data, offsets, valid] = pointers.slice(3 * i, 3 * i + 3);
      table.set(number, { data: data!, offsets: offsets!, valid: valid! });
    });
    return number;
  }
}

/** Sorted chunks, merged. */
class Merged {
  readonly spilledBytes: number;
  readonly #kernels: Kernels;
  readonly #merger: Merger;
  readonly #keys: number;
  readonly #remove: () => void;

  constructor(options: SortOptions, chunks: readonly RunPart[], values: readonly Field[]) {
    const { worker, carrier, partition, context, name } = options;
    const kernels = worker.kernels();
    this.#kernels = kernels;
    this.#keys = kernels.allocOrThrow(20 * BLOCK_ROWS + 64, 'merging edges');
    const fields = [KEY, ...values];
    const slices = chunks.map(({ run }): Slice => {
      const batches = run.partitions[0]!;
      return run.segment === undefined ? { batches } : { batches, segment: run.segment };
    });
    const argument = { context, stage: { id: name }, partition, slices, fields };
    const { inputs, spilledBytes, remove } = lowerFanIn(argument, worker, carrier, 1);
    this.spilledBytes = spilledBytes;
    this.#remove = remove;
    this.#merger = new Merger(kernels, inputs, fields, { natural: false });
  }

  next(): SortedBlock | undefined {
    const rows = this.#merger.next();
    if (rows === 0) return undefined;
    const kernels = this.#kernels;
    const { inputs, rows: places, tables } = this.#merger;
    const [bytes, offsets] = [this.#keys + 8 * BLOCK_ROWS, this.#keys + 16 * BLOCK_ROWS];
    gatherOffsets(kernels, tables[0]!, inputs, places, rows, BATCH_BYTES, offsets);
    gatherBytes(kernels, tables[0]!, inputs, places, rows, offsets, bytes);
    bytesAsKeys(kernels, bytes, rows, this.#keys);
    return { rows, keys: this.#keys, inputs, places, tables: tables.slice(1) };
  }

  close(): void {
    this.#remove();
  }
}
