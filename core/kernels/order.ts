/** Rows of Groups or Rows in (partition, key bytes) order, and out of there as batches.
 *
 * Everything happens in place: cells are compacted, swapped into their partitions and sorted where they lie, so an
 * order needs no memory that a tight budget could refuse. Its working space and the batches of `take` share one
 * buffer, which the container holds from its start and makes longer before it takes a row that needs it.
 */
import { BATCH_BYTES, type StoredBatch, type StoredColumn } from '../batch/columns.ts';
import { UsageError } from '../errors.ts';
import type { Kernels } from './kernels.ts';
import { CHUNK_ROWS, address } from './raw.ts';

export const CELL_BYTES = 32;
/** Every partition costs a run's slice and 12 bytes of working space; the plan's own bound is 1,024. */
export const MAX_PARTITIONS = 16_384;
/** Of the buffer for working space and output: a batch, its offsets' first entries, and alignment. */
const OUTPUT_BYTES = BATCH_BYTES + 8192;
/** What alignment adds to a column of a batch. */
const COLUMN_BYTES = 256;
/** Room for a sort's stack of segments: 64 of 16 bytes. */
const STACK_BYTES = 1024;

export interface Order {
  readonly rows: number;
  readonly partitionRows: Uint32Array;
  /** Rows from, … as a batch of views in kernel memory, valid until the next kernel call: as many as fit both limits
   *  (and BATCH_BYTES), at least one. */
  take(from: number, maxRows: number, maxBytes: number): StoredBatch;
}

/** The buffer of a container's orders. */
export class OrderBuffer {
  readonly #kernels: Kernels;
  readonly #columns: number;
  #pointer: number;
  #bytes: number;

  /** @throws LimitError MEMORY */
  constructor(kernels: Kernels, columns: number, what: string) {
    this.#kernels = kernels;
    this.#columns = columns;
    this.#bytes = OUTPUT_BYTES + columns * COLUMN_BYTES;
    this.#pointer = kernels.allocOrThrow(this.#bytes, what);
  }

  get pointer(): number {
    return this.#pointer;
  }

  /** Room for a row of so many bytes by itself. False when that is refused; it is then as it was. */
  widen(rowBytes: number): boolean {
    const bytes = rowBytes + OUTPUT_BYTES - BATCH_BYTES + this.#columns * COLUMN_BYTES;
    if (bytes <= this.#bytes) return true;
    // It holds nothing between orders; what is given up here is there to be had again.
    this.#kernels.free(this.#pointer);
    const wider = this.#kernels.alloc(bytes);
    this.#pointer = wider || this.#kernels.allocOrThrow(this.#bytes, 'the output of rows');
    if (wider !== 0) this.#bytes = bytes;
    return wider !== 0;
  }

  free(): void {
    this.#kernels.free(this.#pointer);
  }
}

/** How a container writes its cells as columns. */
export interface Emitter {
  /** How many cells from `first` on fit, at least one. */
  measure(first: number, end: number, maxBytes: number): number;
  /** Writes the columns of `rows` cells at `out`; returns how to see them once all is written. */
  emit(first: number, rows: number, out: number): () => StoredColumn[];
}

export class CellOrder implements Order {
  readonly rows: number;
  readonly partitionRows: Uint32Array;
  readonly #cells: number;
  readonly #emitter: Emitter;
  readonly #output: number;

  /** Takes compacted cells. `chosen`: partitions are in the payload, otherwise by hash. `output`: of an OrderBuffer.
   *  @throws UsageError USAGE for more than MAX_PARTITIONS. */
  constructor(
    kernels: Kernels,
    cells: number,
    rows: number,
    partitions: number,
    chosen: boolean,
    output: number,
    emitter: Emitter,
  ) {
    if (!(partitions >= 1 && partitions <= MAX_PARTITIONS)) {
      throw new UsageError(
        'USAGE',
        `${partitions} partitions: between 1 and ${MAX_PARTITIONS} are possible`,
      );
    }
    this.#cells = cells;
    this.#emitter = emitter;
    this.#output = output;
    this.rows = rows;
    this.partitionRows = split(kernels, cells, rows, partitions, chosen, output);
    let first = cells;
    for (const count of this.partitionRows) {
      const end = first + count * CELL_BYTES;
      sort(kernels, first, end, output);
      first = end;
    }
  }

  take(from: number, maxRows: number, maxBytes: number): StoredBatch {
    const first = this.#cells + from * CELL_BYTES;
    const end = first + Math.min(maxRows, this.rows - from) * CELL_BYTES;
    const rows = this.#emitter.measure(first, end, Math.min(maxBytes, BATCH_BYTES));
    return { rows, columns: this.#emitter.emit(first, rows, this.#output)() };
  }
}

/** Swaps cells into their partitions; returns the rows of each. */
function split(
  kernels: Kernels,
  cells: number,
  rows: number,
  partitions: number,
  chosen: boolean,
  space: number,
): Uint32Array {
  if (partitions === 1) return Uint32Array.of(rows);
  const { raw } = kernels;
  const end = cells + rows * CELL_BYTES;
  const chunk = CHUNK_ROWS * CELL_BYTES;
  kernels.zero(space, partitions * 4);
  for (let at = cells; at < end; at += chunk) {
    raw.countPartitions(at, Math.min(end, at + chunk), partitions, chosen, space);
  }
  const counts = kernels.u32.slice(space >>> 2, (space >>> 2) + partitions);
  const next = space + partitions * 4;
  const ends = next + partitions * 4;
  const { u32 } = kernels;
  for (let i = 0, at = cells; i < partitions; i++) {
    u32[(next >>> 2) + i] = at;
    at += counts[i]! * CELL_BYTES;
    u32[(ends >>> 2) + i] = at;
  }
  for (let at = 0; at < partitions; ) {
    at = raw.splitPartitions(next, ends, at, partitions, chosen, CHUNK_ROWS);
  }
  return counts;
}

function sort(kernels: Kernels, first: number, end: number, stack: number): void {
  const { raw } = kernels;
  let at = address(raw.sortStart(stack, first, end));
  while (at !== stack) at = address(raw.sortStep(stack, at, CHUNK_ROWS));
}

/** Where columns go in one buffer: each at the next multiple of 64, and 16 bytes that a kernel may write too far. */
export class Layout {
  bytes = 0;
  add(bytes: number): number {
    const at = this.bytes;
    this.bytes = Math.ceil((at + bytes + 16) / 64) * 64;
    return at;
  }
}

if (STACK_BYTES > OUTPUT_BYTES || MAX_PARTITIONS * 12 > OUTPUT_BYTES) {
  throw new Error('the output buffer is too small to sort in');
}
