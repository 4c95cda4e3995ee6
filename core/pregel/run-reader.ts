/** Rows of one partition of a run, by number: which batch has a row, and the batch's columns through a carrier. */
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import type { Carrier, Slice } from '../shuffle/carrier.ts';
import type { Run } from '../store/run.ts';

export interface Batch extends StoredBatch {
  /** The run's row that its first row is. */
  readonly first: number;
}

const copyOf = ({ data, offsets, valid }: StoredColumn): StoredColumn => ({
  data: data.slice(),
  ...(offsets && { offsets: offsets.slice() }),
  ...(valid && { valid: valid.slice() }),
});

export class RunReader {
  readonly #run: Run;
  readonly #slice: Slice;
  readonly #carrier: Carrier;
  /** Rows before each batch, and of all. */
  readonly #starts: number[] = [0];

  constructor(run: Run, partition: number, carrier: Carrier) {
    const batches = run.partitions[partition]!;
    this.#run = run;
    this.#slice = { batches, ...(run.segment !== undefined && { segment: run.segment }) };
    this.#carrier = carrier;
    for (const { rows } of batches) this.#starts.push(this.#starts.at(-1)! + rows);
  }

  get rows(): number {
    return this.#starts.at(-1)!;
  }
  get batches(): number {
    return this.#slice.batches.length;
  }

  /** Batch `index`: valid until a batch is read, of whatever run. */
  batch(index: number): Batch {
    const { rows, columns } = this.#carrier.read(this.#slice, index, this.#run.fields);
    return { first: this.#starts[index]!, rows, columns };
  }

  /** Batch `index`, in buffers of its own. */
  copy(index: number): Batch {
    const { first, rows, columns } = this.batch(index);
    return { first, rows, columns: columns.map(copyOf) };
  }

  /** Which batch has a row. */
  batchOf(row: number): number {
    let low = 0;
    for (let high = this.batches; high - low > 1; ) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  /** All of it. */
  *[Symbol.iterator](): Generator<Batch> {
    for (let i = 0; i < this.batches; i++) yield this.batch(i);
  }

  /** The batches that have rows [from, to). */
  *within(from: number, to: number): Generator<Batch> {
    if (from >= to) return;
    for (let i = this.batchOf(from); i < this.batches && this.#starts[i]! < to; i++) {
      if (this.#starts[i + 1]! > from) yield this.batch(i);
    }
  }
}
