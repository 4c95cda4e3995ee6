/** Columns of a partition's vertices (state, values) or edges, as functions read and write them: whole, at an index.
 *
 * Numbers and flags lie in kernel memory as they are stored, and the generated loop (cursor.ts) reads and writes them there; any other type is an
 * array of values, decoded when it is read from its run and encoded when it goes back.
 * Order of calls: new, then `load` or `zero`; `arrays` for the loop, `batches` for a run; `free`.
 * Invariant: `arrays` are views, good until kernels are called.
 */
import { builderOf, readerOf } from '../batch/codec.ts';
import {
  BATCH_BYTES,
  BATCH_ROWS,
  storedAs,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from '../batch/columns.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { storedType, zeroOf } from './values.ts';

/** Types whose values the generated loop reads from memory. */
const DIRECT = ['bool', 'int32', 'vertexId', 'int64', 'float64'];
export const isDirect = (of: AnyType): boolean => DIRECT.includes(of.type);

type Numbers = Int32Array | BigInt64Array | Float64Array;
/** A column to the generated loop. */
export interface ColumnArrays {
  /** Numbers of a direct column (int64 as halves), or values. */
  readonly values: Numbers | unknown[];
  /** Of a direct nullable column: 1 where there is a value. */
  readonly valid?: Uint8Array;
}

interface Direct {
  readonly of: AnyType;
  readonly kind: 'i32' | 'i64' | 'f64';
  readonly pointer: number;
  /** 0: never null. */
  readonly valid: number;
}
interface Decoded {
  readonly of: AnyType;
  readonly name: string;
  readonly values: unknown[];
}

/** One value, as a function reads it. */
export function valueIn(of: AnyType, { values, valid }: ColumnArrays, at: number): unknown {
  if (valid !== undefined && valid[at] === 0) return null;
  if (of.type === 'bool') return values[at] !== 0;
  if (of.type !== 'int64' || 'read' in of || !isDirect(of)) return values[at];
  const halves = values as Int32Array;
  return halves[2 * at + 1]! * 2 ** 32 + (halves[2 * at]! >>> 0);
}

/** Rows of a batch of numbers that lie as they are stored: many, because of each batch something is said, sent and kept. */
export const plainRows = (columns: number): number =>
  Math.max(BATCH_ROWS, Math.floor(PLAIN_BYTES / (columns * 8)));
const PLAIN_BYTES = 2 ** 20;

export class Columns {
  readonly rows: number;
  readonly #kernels: Kernels;
  readonly #columns: (Direct | Decoded)[] = [];

  /** @throws LimitError MEMORY */
  constructor(kernels: Kernels, schema: Schema, rows: number) {
    this.#kernels = kernels;
    this.rows = rows;
    for (const [name, of] of Object.entries(schema)) {
      if (!isDirect(of)) {
        this.#columns.push({ of, name, values: [] });
        continue;
      }
      const kind = storedAs(storedType(of)) as Direct['kind'];
      const pointer = kernels.allocOrThrow(rows * WIDTH[kind], `column '${name}' of ${rows} rows`);
      const valid = of.nullable
        ? kernels.allocOrThrow(rows, `column '${name}' of ${rows} rows`)
        : 0;
      this.#columns.push({ of, kind, pointer, valid });
    }
  }

  /** What columns hold that nobody has set. */
  zero(): void {
    for (const column of this.#columns) {
      if ('values' in column) {
        column.values.length = 0;
        const { of } = column;
        for (let i = 0; i < this.rows; i++) column.values.push(zeroOf(of));
        continue;
      }
      this.#kernels.zero(column.pointer, this.rows * WIDTH[column.kind]);
      if (column.valid !== 0) this.#kernels.zero(column.valid, this.rows);
    }
  }

  /** Takes rows [at, at + batch.rows) from a batch whose columns, `first` on, are these. */
  load(batch: StoredBatch, first: number, at: number): void {
    this.#columns.forEach((column, i) => {
      const from = batch.columns[first + i]!;
      if ('values' in column) {
        const reader = readerOf(storedType(column.of), column.name, from, batch.rows);
        for (let row = 0; row < batch.rows; row++) column.values[at + row] = reader.at(row);
        return;
      }
      const width = WIDTH[column.kind];
      this.#kernels.copyIn(from.data.subarray(0, batch.rows * width), column.pointer + at * width);
      if (column.valid !== 0) {
        this.#kernels.copyIn(from.valid!.subarray(0, batch.rows), column.valid + at);
      }
    });
  }

  arrays(): ColumnArrays[] {
    const { rows } = this;
    const { buffer } = this.#kernels.u8;
    return this.#columns.map(column => {
      if ('values' in column) return { values: column.values };
      const { kind, pointer } = column;
      const big = 'read' in column.of;
      const values =
        kind === 'f64'
          ? new Float64Array(buffer, pointer, rows)
          : kind === 'i64' && big
            ? new BigInt64Array(buffer, pointer, rows)
            : new Int32Array(buffer, pointer, kind === 'i64' ? rows * 2 : rows);
      const valid = column.valid === 0 ? {} : { valid: new Uint8Array(buffer, column.valid, rows) };
      return { values, ...valid };
    });
  }

  /** The address of a direct column's numbers. */
  pointerOf(column: number): number {
    return (this.#columns[column] as Direct).pointer;
  }

  /** All rows, cut by rows and bytes. Views: each good until the next, and until kernels are called. */
  *batches(): Generator<StoredBatch> {
    const decoded = this.#columns.map(column =>
      'values' in column ? builderOf(storedType(column.of), column.name) : undefined,
    );
    const encodes = decoded.some(builder => builder !== undefined);
    const most = encodes ? BATCH_ROWS : plainRows(this.#columns.length);
    for (let from = 0; from < this.rows; ) {
      let to = Math.min(this.rows, from + most);
      if (encodes) to = this.#encode(decoded, from, to);
      yield {
        rows: to - from,
        columns: this.#columns.map((_, i) => this.#column(i, decoded[i], from, to)),
      };
      from = to;
    }
  }

  /** Pushes decoded values, row by row, until a batch has enough bytes. @returns the row behind the last one */
  #encode(
    builders: readonly (ReturnType<typeof builderOf> | undefined)[],
    from: number,
    most: number,
  ): number {
    for (const builder of builders) builder?.truncate(0);
    let bytes = 0;
    let row = from;
    for (; row < most && (row === from || bytes < BATCH_BYTES); row++) {
      bytes = 0;
      this.#columns.forEach((column, i) => {
        if (!('values' in column)) return;
        builders[i]!.push(column.values[row]);
        bytes += builders[i]!.bytes;
      });
    }
    return row;
  }

  #column(
    i: number,
    builder: ReturnType<typeof builderOf> | undefined,
    from: number,
    to: number,
  ): StoredColumn {
    if (builder !== undefined) return builder.column();
    const { kind, pointer, valid } = this.#columns[i] as Direct;
    const { u8 } = this.#kernels;
    const width = WIDTH[kind];
    return {
      data: u8.subarray(pointer + from * width, pointer + to * width),
      ...(valid !== 0 && { valid: u8.subarray(valid + from, valid + to) }),
    };
  }

  free(): void {
    for (const column of this.#columns) {
      if ('values' in column) continue;
      this.#kernels.free(column.pointer);
      this.#kernels.free(column.valid);
    }
  }
}
