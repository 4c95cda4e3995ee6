/** Collects what a map emits: encodes keys, groups or appends, and spills when the budget refuses.
 *
 *   emitted batch ──copy in──▶ columns ──encode──▶ sort keys ──▶ Groups (combined) | Rows (kept)
 *                                                               └─ refused ─▶ spill: sort, one run, empty again
 *
 * Order of calls: `begin` a split; `add` or `addWords` any number of times; after the last split `order`, then `free`.
 * Invariants: when `add` returns, its rows are in the container or in a run, none lost and none twice. It never waits, so
 * `emit` may call it. Where rows go does not depend on when the budget refuses, only which run they are in.
 */
import { bytesOf as bytesIn, fieldsOf, type StoredBatch, WIDTH } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { TaskError } from '../errors.ts';
import {
  isPlain,
  type KeySource,
  measureKeys,
  type RowNumber,
  writeKeys,
} from '../kernels/encode.ts';
import { Groups } from '../kernels/groups.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { Order } from '../kernels/order.ts';
import { Rows } from '../kernels/rows.ts';
import { countLines } from '../kernels/text.ts';
import { BatchArea, type ColumnPointers, Region } from '../store/batch-area.ts';
import { advanced } from '../store/merge.ts';
import { largestRows, largestWords } from './largest-keys.ts';
import type { KeyPart, Layout } from './layout.ts';
import { isMemory, withKeys } from './no-room.ts';

export interface CollectorOptions {
  readonly kernels: Kernels;
  readonly layout: Layout;
  /** Columns of the batches that are added. */
  readonly emits: Schema;
  readonly partitions: number;
  /** Counting words in the kernel: nothing is added but through `addWords`. */
  readonly counting: boolean;
  /** For tests: memory for more is refused. */
  readonly maxRows?: number | undefined;
  /** Takes every row that is held, before the container is emptied. */
  readonly onSpill: (order: Order) => void;
  /** Memory was refused: one of all that a walk holds is to spill. */
  readonly relieve: () => void;
  /** Rows of the walk are on their way out: those that a combiner emits meanwhile are refused. */
  readonly isLeaving: () => boolean;
  /** Of each row of a batch, where the job decides. */
  readonly partitionOf?: ((batch: StoredBatch) => Uint32Array) | undefined;
}

export class Collector {
  rowsEmitted = 0;
  bytesEmitted = 0;
  readonly #options: CollectorOptions;
  readonly #kernels: Kernels;
  readonly #groups: Groups | undefined;
  readonly #rows: Rows | undefined;
  readonly #names: readonly string[];
  readonly #area: BatchArea;
  readonly #chunk: Region;
  readonly #work: Region;
  readonly #keys: Region;
  readonly #offsets: Region;
  #split = 0;
  #row = 0;

  constructor(options: CollectorOptions) {
    const { kernels, layout, emits, counting, maxRows } = options;
    this.#options = options;
    this.#kernels = kernels;
    this.#names = Object.keys(emits);
    this.#area = new BatchArea(kernels);
    this.#chunk = new Region(kernels);
    this.#work = new Region(kernels);
    this.#keys = new Region(kernels);
    this.#offsets = new Region(kernels);
    if (layout.mode === 'groups')
      this.#groups = new Groups(kernels, layout.aggregates, { counting, maxRows });
    else this.#rows = new Rows(kernels, fieldsOf(layout.values), maxRows);
  }

  /** Rows that follow are of this split; they are numbered from 0. */
  begin(split: number): void {
    this.#split = split;
    this.#row = 0;
  }

  /** Counts the words of whole lines. The bytes may be changed. Returns the number of lines. */
  addWords(bytes: Uint8Array, split: 'bytes' | 'unicode', lower: boolean): number {
    this.bytesEmitted += bytes.length;
    try {
      return this.#count(bytes, split, lower);
    } catch (error) {
      if (!isMemory(error)) throw error;
      throw withKeys(error, largestWords(bytes, this.#options.layout.key[0]!.column));
    }
  }

  #count(bytes: Uint8Array, split: 'bytes' | 'unicode', lower: boolean): number {
    const from = this.#chunk.fit(bytes.length);
    this.#kernels.copyIn(bytes, from);
    const lines = countLines(this.#kernels, from, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const taken = this.#groups!.countWords(from + done, bytes.length - done, split, lower);
      done += taken;
      if (done < bytes.length) this.#options.relieve();
    }
    return lines;
  }

  /** Adds the rows of a batch of the emitted columns; its buffers are not kept. Throws TaskError EMIT_LATE. */
  add(batch: StoredBatch): void {
    if (batch.rows === 0) return;
    if (this.#options.isLeaving()) throw emittedInCombiner();
    this.rowsEmitted += batch.rows;
    this.bytesEmitted += bytesIn(batch);
    try {
      if (this.#groups !== undefined) this.#fold(this.#groups, batch);
      else this.#append(this.#rows!, batch);
    } catch (error) {
      if (!isMemory(error)) throw error;
      const { emits, layout } = this.#options;
      throw withKeys(
        error,
        largestRows(
          batch,
          emits,
          layout.key.map(({ column }) => column),
        ),
      );
    }
  }

  get held(): number {
    return this.#groups?.count ?? this.#rows!.count;
  }

  /** Of the container, empty or not. */
  get bytes(): number {
    return this.#groups?.bytes ?? this.#rows!.bytes;
  }

  order(): Order {
    const { partitions } = this.#options;
    return this.#groups?.order(partitions) ?? this.#rows!.order(partitions);
  }

  free(): void {
    this.#groups?.free();
    this.#rows?.free();
    this.#area.free();
    this.#chunk.free();
    this.#work.free();
    this.#keys.free();
    this.#offsets.free();
  }

  #fold(groups: Groups, batch: StoredBatch): void {
    const { layout } = this.#options;
    const columns = this.#area.copy(batch);
    const { keys, offsets } = this.#encode(layout.key, columns, batch.rows);
    const ids = this.#work.fit(4 * batch.rows);
    const values = layout.aggregates.map((aggregate, i) => {
      const name = Object.keys(layout.values)[i]!;
      return { pointer: columns[this.#names.indexOf(name)]!.data, width: WIDTH[aggregate.kind] };
    });
    for (let done = 0; done < batch.rows; ) {
      const taken = groups.add(keys, offsets + 4 * done, batch.rows - done, ids);
      values.forEach(({ pointer, width }, i) => {
        groups.aggregate(i, ids, pointer + width * done, taken);
      });
      done += taken;
      if (done < batch.rows) this.#options.relieve();
    }
  }

  #append(rows: Rows, batch: StoredBatch): void {
    const { layout, partitionOf } = this.#options;
    const n = batch.rows;
    const partitions = partitionOf?.(batch);
    const chosen = partitions === undefined ? [] : [{ data: bytesOf(partitions) }];
    const columns = this.#area.copy({ rows: n, columns: [...batch.columns, ...chosen] });
    const number = { split: this.#split, first: this.#row };
    this.#row += n;
    const parts = [...layout.key, ...layout.order];
    const { keys, offsets, naturals } = this.#encode(parts, columns, n, number);
    const own = partitions === undefined ? 0 : columns.at(-1)!.data;
    const values = Object.keys(layout.values).map(name => columns[this.#names.indexOf(name)]!);
    const fields = fieldsOf(layout.values);
    for (let done = 0; done < n; ) {
      const taken = rows.add(
        keys,
        offsets + 4 * done,
        naturals + 4 * done,
        own === 0 ? 0 : own + 4 * done,
        n - done,
        values.map((column, i) => advanced(column, fields[i]!, done)),
      );
      done += taken;
      if (done < n) this.#options.relieve();
    }
  }

  #encode(
    parts: readonly KeyPart[],
    columns: readonly ColumnPointers[],
    rows: number,
    number?: RowNumber,
  ): { keys: number; offsets: number; naturals: number } {
    const { layout } = this.#options;
    const kernels = this.#kernels;
    const columnOf = ({ column }: KeyPart): ColumnPointers => columns[this.#names.indexOf(column)]!;
    if (number === undefined && isPlain(parts)) {
      const { data, offsets } = columnOf(parts[0]!);
      return { keys: data, offsets, naturals: 0 };
    }
    const sources: KeySource[] = parts.map(part => ({ part, ...columnOf(part) }));
    if (number !== undefined) sources.push(number);
    const offsets = this.#offsets.fit(8 * (rows + 1));
    const naturals = offsets + 4 * (rows + 1);
    const bytes = measureKeys(kernels, sources, layout.key.length, rows, offsets, naturals);
    const keys = this.#keys.fit(bytes);
    writeKeys(kernels, sources, rows, keys);
    return { keys, offsets, naturals };
  }

  /** Empties the container into a run. */
  spill(): void {
    try {
      this.#options.onSpill(this.order());
    } finally {
      // What could not leave is lost, and the walk with it: but an order is in place, and nothing can be added to it.
      this.#groups?.clear();
      this.#rows?.clear();
    }
  }
}

const emittedInCombiner = (): TaskError =>
  new TaskError('EMIT_LATE', 'rows were emitted by a combiner', {
    remedy: 'A combiner makes one value of two, and nothing else.',
  });

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
