/** Makes one row of those that have one key, where every combiner is exact and not all of them run in kernels.
 *
 *   rows in key order ──equal natural keys──▶ folded, value by value ──▶ fewer rows in key order
 *
 * Order of calls: `add` batches in key order; `end`, after which a new sequence may begin. What they give is valid until the
 * next is asked for.
 * Invariants: exact combiners may run zero, one or many times, anywhere, so where a sequence begins and ends never shows.
 * A part that its column cannot hold (of a sum that comes back, of a text cut within a character) is not made: its rows
 * stay apart, and `reduce` decides by the total. Rows that come out carry their natural key and no more.
 */
import { builderOf, type ColumnReader, readerOf } from '../batch/codec.ts';
import {
  BATCH_BYTES,
  BATCH_ROWS,
  type StoredBatch,
  type StoredColumn,
  valuesOf,
} from '../batch/columns.ts';
import type { AnyType } from '../define/schema.ts';
import { fits, printType, printValue } from '../define/value.ts';
import { SuperstepError, TaskError } from '../errors.ts';
import type { Combine } from '../shuffle/seal.ts';
import type { MapReduceSpec } from './define.ts';
import { type ColumnMerge, mergesOf } from './fold.ts';
import { printKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { storableSum } from './sum-range.ts';

/** Columns before the values: the sort key, the natural key's length. */
const HIDDEN = 2;
/** Batches are cut at this, so that a row more leaves them within BATCH_BYTES, unless it is a large one. */
const CUT_BYTES = BATCH_BYTES / 2;

interface Column extends ColumnMerge {
  /** Among the values. */
  readonly at: number;
  /** undefined: whatever comes out of `merge` can be stored. */
  readonly storable: ((value: unknown) => boolean) | undefined;
  /** A function may have changed what it was given, so it cannot be taken back. */
  readonly mutable: boolean;
}

export interface Where {
  readonly job: string;
  /** 'counts map' */
  readonly stage: string;
  readonly partition?: number;
}

/** Says where by its key; where the map was when its rows left has nothing to do with it. */
export class CombineError extends TaskError {}

/** undefined: rows of one key cannot become one before they are reduced. */
export function combinerOf(
  spec: MapReduceSpec | undefined,
  layout: Layout,
  where: Where,
  heapCheck: () => void,
): RowCombiner | undefined {
  return layout.combines ? new RowCombiner(spec!, layout, where, heapCheck) : undefined;
}

export class RowCombiner implements Combine {
  readonly #name: string;
  readonly #layout: Layout;
  readonly #where: Where;
  readonly #heapCheck: () => void;
  /** In the order in which they are merged. */
  readonly #columns: readonly Column[];
  readonly #keys = builderOf({ type: 'binary' }, 'key');
  readonly #lengths = builderOf({ type: 'int32' }, 'natural');
  readonly #builders;
  #rows = 0;
  /** Of the group at hand; the key's length is −1 when there is none. */
  #key = new Uint8Array(256);
  #length = -1;
  #values: unknown[];
  /** What they are to be with one more row. */
  #merged: unknown[];

  /** For a layout that `combines`. `heapCheck`: called once a batch. */
  constructor(spec: MapReduceSpec, layout: Layout, where: Where, heapCheck: () => void) {
    this.#name = spec.name;
    this.#layout = layout;
    this.#where = where;
    this.#heapCheck = heapCheck;
    const merges = mergesOf(spec.combine as never, layout.values);
    this.#columns = merges
      .map((merge, at) => ({
        ...merge,
        at,
        storable: storableOf(merge),
        mutable: isMutable(merge),
      }))
      // What may change its arguments comes last, when all others are known to fit.
      .toSorted((a, b) => Number(a.mutable) - Number(b.mutable));
    this.#builders = merges.map(({ column, of }) => builderOf(of, column));
    this.#values = merges.map(() => undefined);
    this.#merged = [...this.#values];
  }

  /** Throws TaskError TASK_FAILED when a user's combiner throws, TYPE_MISMATCH when it gives what its column has no place
   *  for and has no way back. */
  *add({ rows, columns }: StoredBatch): Generator<StoredBatch> {
    const { data, offsets } = columns[0] as Required<StoredColumn>;
    const naturals = valuesOf(columns[1]!.data, 'i32');
    const readers = Object.entries(this.#layout.values).map(([column, of], i) =>
      readerOf(of, column, columns[HIDDEN + i]!, rows),
    );
    for (let row = 0; row < rows; row++) {
      const start = offsets[row]!;
      const length = naturals[row]!;
      if (this.#isKey(data, start, length) && this.#merge(readers, row)) continue;
      if (this.#leave()) yield this.#batch();
      this.#begin(data, start, length, readers, row);
    }
    this.#heapCheck();
  }

  *end(): Generator<StoredBatch> {
    this.#leave();
    if (this.#rows > 0) yield this.#batch();
  }

  #isKey(data: Uint8Array, start: number, length: number): boolean {
    if (length !== this.#length) return false;
    const key = this.#key;
    for (let i = 0; i < length; i++) if (key[i] !== data[start + i]) return false;
    return true;
  }

  #begin(
    data: Uint8Array,
    start: number,
    length: number,
    readers: readonly ColumnReader[],
    row: number,
  ): void {
    if (length > this.#key.length) this.#key = new Uint8Array(2 * length);
    // By hand: keys are short, and a view of each would be garbage.
    for (let i = 0; i < length; i++) this.#key[i] = data[start + i]!;
    this.#length = length;
    for (let i = 0; i < readers.length; i++) this.#values[i] = readers[i]!.at(row);
  }

  /** False when the row has to stay apart. */
  #merge(readers: readonly ColumnReader[], row: number): boolean {
    const merged = this.#merged;
    try {
      for (const { at, merge, storable, mutable, column, of } of this.#columns) {
        const value: unknown = merge(this.#values[at], readers[at]!.at(row));
        merged[at] = value;
        if (storable === undefined || storable(value)) continue;
        if (!mutable) return false;
        throw mismatch(column, of, value);
      }
    } catch (error) {
      throw this.#failed(error);
    }
    this.#merged = this.#values;
    this.#values = merged;
    return true;
  }

  /** The group at hand becomes a row. True when a batch is full. */
  #leave(): boolean {
    if (this.#length < 0) return false;
    this.#keys.pushBytes(this.#key, 0, this.#length);
    this.#lengths.push(this.#length);
    let bytes = this.#keys.bytes;
    for (let i = 0; i < this.#builders.length; i++) {
      const builder = this.#builders[i]!;
      builder.push(this.#values[i]);
      bytes += builder.bytes;
    }
    this.#length = -1;
    this.#rows++;
    // Beside the values, two offsets a row and more for columns of bytes.
    return bytes + 12 * this.#rows >= CUT_BYTES || this.#rows === BATCH_ROWS;
  }

  /** What has left, and room for more. */
  #batch(): StoredBatch {
    const builders = [this.#keys, this.#lengths, ...this.#builders];
    const batch = { rows: this.#rows, columns: builders.map(builder => builder.column()) };
    this.#rows = 0;
    for (const builder of builders) builder.truncate(0);
    return batch;
  }

  #failed(error: unknown): unknown {
    if (error instanceof SuperstepError && !(error instanceof TaskError)) return error;
    const key = printKey(this.#layout.key, this.#key.slice(0, this.#length));
    const message = error instanceof Error ? error.message : String(error);
    return new CombineError(
      error instanceof TaskError ? error.code : 'TASK_FAILED',
      `${this.#name}: combine failed at ${key}: ${message}`,
      this.#where,
      { cause: error },
    );
  }
}

/** One without its other half: UTF-8 cannot hold it. */
const SURROGATE = /\p{Surrogate}/u;

const isMutable = ({ name, of }: ColumnMerge): boolean =>
  name === undefined && (of.type === 'binary' || of.type === 'list');

function storableOf({ name, of }: ColumnMerge): Column['storable'] {
  if (name === 'sum') return storableSum(of);
  if (name !== undefined) return undefined;
  if (of.type === 'utf8') return value => typeof value === 'string' && !SURROGATE.test(value);
  return value => fits(value, of);
}

const mismatch = (column: string, of: AnyType, value: unknown): TaskError =>
  new TaskError(
    'TYPE_MISMATCH',
    `column '${column}' is ${printType(of)}, got ${printValue(value)}`,
    { remedy: 'A combiner gives what it takes: every column of value, in its type.' },
  );
