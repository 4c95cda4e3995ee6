/** Values of stored columns as text: one cell a column, told each batch's buffers, then asked row by row.
 *
 * A cell is chosen once a file by column type, so that a row costs one call a column and makes no object or string
 * (wide decimals, lists and fractions of doubles apart). What formats write differently is their `Style`; the rest is
 * numbers.ts. Cells of one kind share one class, so their loops see one shape.
 */
import {
  type AnyType,
  openList,
  type SinkOptions,
  type StoredColumn,
  storedAs,
  valuesOf,
  WIDTH,
} from 'superstep/internal';
import { Block } from './block.ts';
import { JSON_STYLE } from './json.ts';
import {
  putDate,
  putDecimal,
  putDouble,
  putInteger,
  putLong,
  putTimestamp,
  wideDecimal,
} from './numbers.ts';

export type PutBytes = (out: Block, data: Uint8Array, from: number, to: number) => void;

/** What formats write each in its own way. */
export interface Style {
  readonly absent: string;
  /** Instead of `absent`, for columns of a type. */
  readonly nulls?: SinkOptions['nulls'];
  /** Around what is not a number of the format itself: dates, timestamps, NaN, Infinity. */
  readonly quote: string;
  readonly text: PutBytes;
  readonly binary: PutBytes;
  /** A list is JSON; in a format that is not, it is text that holds JSON. */
  readonly list: 'json' | 'text';
}

export interface Cell {
  /** The column's buffers, until the next call. */
  bind(column: StoredColumn, rows: number): void;
  put(out: Block, row: number): void;
}

type PutNumber = (out: Block, value: number) => void;
type PutLong = (out: Block, high: number, low: number) => void;

class Int32Cell implements Cell {
  readonly #absent: string;
  readonly #write: PutNumber;
  #valid: Uint8Array | undefined;
  #values: Int32Array = new Int32Array();
  constructor(absent: string, write: PutNumber) {
    this.#absent = absent;
    this.#write = write;
  }
  bind({ data, valid }: StoredColumn, rows: number): void {
    this.#valid = valid;
    this.#values = valuesOf(data.subarray(0, rows * WIDTH.i32), 'i32');
  }
  put(out: Block, row: number): void {
    if (this.#valid !== undefined && this.#valid[row] === 0) out.ascii(this.#absent);
    else this.#write(out, this.#values[row]!);
  }
}

class Int64Cell implements Cell {
  readonly #absent: string;
  readonly #write: PutLong;
  #valid: Uint8Array | undefined;
  /** Lower and upper halves in turn: a bigint a value would cost ten times the digits. */
  #halves: Int32Array = new Int32Array();
  constructor(absent: string, write: PutLong) {
    this.#absent = absent;
    this.#write = write;
  }
  bind({ data, valid }: StoredColumn, rows: number): void {
    this.#valid = valid;
    this.#halves = valuesOf(data.subarray(0, rows * WIDTH.i64), 'i32');
  }
  put(out: Block, row: number): void {
    if (this.#valid !== undefined && this.#valid[row] === 0) out.ascii(this.#absent);
    else this.#write(out, this.#halves[2 * row + 1]!, this.#halves[2 * row]!);
  }
}

class Float64Cell implements Cell {
  readonly #absent: string;
  readonly #write: PutNumber;
  #valid: Uint8Array | undefined;
  #values: Float64Array = new Float64Array();
  constructor(absent: string, write: PutNumber) {
    this.#absent = absent;
    this.#write = write;
  }
  bind({ data, valid }: StoredColumn, rows: number): void {
    this.#valid = valid;
    this.#values = valuesOf(data.subarray(0, rows * WIDTH.f64), 'f64');
  }
  put(out: Block, row: number): void {
    if (this.#valid !== undefined && this.#valid[row] === 0) out.ascii(this.#absent);
    else this.#write(out, this.#values[row]!);
  }
}

class BytesCell implements Cell {
  readonly #absent: string;
  readonly #write: PutBytes;
  #valid: Uint8Array | undefined;
  #data: Uint8Array = new Uint8Array();
  #offsets: Int32Array = new Int32Array();
  constructor(absent: string, write: PutBytes) {
    this.#absent = absent;
    this.#write = write;
  }
  bind({ data, offsets, valid }: StoredColumn): void {
    this.#valid = valid;
    this.#data = data;
    this.#offsets = offsets!;
  }
  put(out: Block, row: number): void {
    if (this.#valid !== undefined && this.#valid[row] === 0) out.ascii(this.#absent);
    else this.#write(out, this.#data, this.#offsets[row]!, this.#offsets[row + 1]!);
  }
}

export function cellOf(of: AnyType, style: Style): Cell {
  const { absent: usual, nulls = {} } = style;
  const absent = Object.hasOwn(nulls, of.type) ? nulls[of.type]! : usual;
  switch (storedAs(of)) {
    case 'i32':
      return new Int32Cell(absent, int32Writer(of, style));
    case 'i64':
      return new Int64Cell(absent, int64Writer(of, style));
    case 'f64':
      return new Float64Cell(absent, (out, value) => {
        if (Number.isFinite(value)) putDouble(out, value);
        else out.ascii(style.quote + String(value) + style.quote);
      });
    case 'bytes':
      return new BytesCell(absent, bytesWriter(of, style));
  }
}

function int32Writer({ type }: AnyType, { quote }: Style): PutNumber {
  if (type === 'bool') return (out, value) => out.ascii(value === 0 ? 'false' : 'true');
  if (type !== 'date') return putInteger;
  return (out, days) => {
    out.ascii(quote);
    putDate(out, days);
    out.ascii(quote);
  };
}

function int64Writer(of: AnyType, { quote }: Style): PutLong {
  if (of.type === 'decimal') {
    const { scale } = of as AnyType & { scale: number };
    return (out, high, low) => putDecimal(out, (BigInt(high) << 32n) | BigInt(low >>> 0), scale);
  }
  if (of.type !== 'timestamp') return putLong;
  return (out, high, low) => {
    out.ascii(quote);
    putTimestamp(out, high, low);
    out.ascii(quote);
  };
}

function bytesWriter(of: AnyType, style: Style): PutBytes {
  if (of.type === 'decimal') {
    const { scale } = of as AnyType & { scale: number };
    return (out, data, from) => putDecimal(out, wideDecimal(data, from), scale);
  }
  if (of.type === 'list') {
    const put = listWriter((of as AnyType & { of: AnyType }).of);
    if (style.list === 'json') return put;
    const text = new Block(1024);
    return (out, data, from, to) => {
      text.at = 0;
      put(text, data, from, to);
      style.text(out, text.bytes, 0, text.at);
    };
  }
  return of.type === 'binary' ? style.binary : style.text;
}

function listWriter(of: AnyType): PutBytes {
  const item = cellOf(of, JSON_STYLE);
  return (out, data, from, to) => {
    const { count, column } = openList(data.subarray(from, to), of);
    item.bind(column, count);
    out.ascii('[');
    for (let i = 0; i < count; i++) {
      if (i > 0) out.ascii(',');
      item.put(out, i);
    }
    out.ascii(']');
  };
}
