/** Stored columns out of decoded pages, some rows at a time.
 *
 * A column is filled from where a cursor stands in a page; what is of the same kind and has no nulls is copied whole. A null
 * where the column has none, or a value that its type does not hold, stops it: the cursor stands there then.
 */
import {
  type AnyType,
  type Kind,
  loadCodec,
  storedAs,
  type StoredColumn,
} from 'superstep/internal';
import { GrowingBytes } from '../bytes/growing.ts';
import type { ByteValues, Decoded } from './decode.ts';
import type { Convert, Raw } from './types.ts';

const { builderOf } = await loadCodec();

/** A place in a page: the entry (a row, but of lists), and how many values came before it. */
export interface Cursor {
  page: Decoded;
  entry: number;
  value: number;
  /** Of a list column: its rows, which `entry` counts then. */
  rows?: readonly unknown[];
}

export interface Filled {
  readonly rows: number;
  readonly bytes: number;
  /** @returns whether all `count` rows were taken; they are in the page */
  fill(cursor: Cursor, count: number): boolean;
  column(): StoredColumn;
  clear(): void;
}

/** @param rows at most; @param convert of stored values, where they are not ours already */
export function filledColumn(of: AnyType, rows: number, convert: Convert | undefined): Filled {
  const kind = storedAs(of);
  if (of.type === 'list') return new ListColumn(of);
  return kind === 'bytes'
    ? new BytesColumn(of, rows, convert)
    : new FixedColumn(of, kind, rows, convert);
}

type Numbers = Int32Array | BigInt64Array | Float64Array;
const ARRAYS = { i32: Int32Array, i64: BigInt64Array, f64: Float64Array } as const;
type AnyConvert = ((value: unknown) => Raw | undefined) | undefined;

/** Value j of a page, as it is stored. */
function storedValue({ values: { numbers, bytes } }: Decoded, j: number): Raw {
  return numbers === undefined ? valueOf(bytes, j) : numbers[j]!;
}
const valueOf = ({ data, offsets }: ByteValues, j: number): Uint8Array =>
  data.subarray(offsets[j], offsets[j + 1]);

class FixedColumn implements Filled {
  rows = 0;
  readonly #kind: Exclude<Kind, 'bytes'>;
  readonly #values: Numbers;
  readonly #valid: Uint8Array | undefined;
  readonly #convert: AnyConvert;

  constructor(
    of: AnyType,
    kind: Exclude<Kind, 'bytes'>,
    rows: number,
    convert: Convert | undefined,
  ) {
    this.#kind = kind;
    this.#values = new ARRAYS[kind](rows);
    this.#valid = of.nullable === true ? new Uint8Array(rows) : undefined;
    this.#convert = convert as AnyConvert;
  }

  get bytes(): number {
    return this.rows * this.#values.BYTES_PER_ELEMENT;
  }

  fill(cursor: Cursor, count: number): boolean {
    const { page } = cursor;
    const { numbers } = page.values;
    const isWider = this.#kind === 'i64' && numbers instanceof Int32Array;
    if (this.#convert === undefined && page.definition === undefined && !isWider) {
      return this.#copy(cursor, numbers as Float64Array, count);
    }
    const { indices, definition } = page;
    const into = this.#values as { [i: number]: Raw };
    const valid = this.#valid;
    for (let i = 0; i < count; i++, cursor.entry++, this.rows++) {
      if (definition !== undefined && definition[cursor.entry] === 0) {
        if (valid === undefined) return false;
        valid[this.rows] = 0;
        into[this.rows] = this.#kind === 'i64' ? 0n : 0;
        continue;
      }
      const j = indices === undefined ? cursor.value : indices[cursor.value]!;
      const raw = this.#rawOf(page, j, isWider);
      if (raw === undefined) return false;
      into[this.rows] = raw;
      if (valid !== undefined) valid[this.rows] = 1;
      cursor.value++;
    }
    return true;
  }

  #rawOf(page: Decoded, j: number, isWider: boolean): Raw | undefined {
    const value = storedValue(page, j);
    if (this.#convert !== undefined) return this.#convert(value);
    if (isWider) return BigInt(value as number);
    return this.#kind === 'f64' && Number.isNaN(value as number) ? Number.NaN : value;
  }

  #copy(cursor: Cursor, from: Float64Array, count: number): boolean {
    const { indices } = cursor.page;
    const into = this.#values as Float64Array;
    const { rows } = this;
    if (indices === undefined) {
      into.set(from.subarray(cursor.value, cursor.value + count), rows);
    } else {
      for (let i = 0; i < count; i++) into[rows + i] = from[indices[cursor.value + i]!]!;
    }
    if (this.#kind === 'f64') {
      // Those of others may have other bits.
      for (let i = rows; i < rows + count; i++) if (Number.isNaN(into[i])) into[i] = Number.NaN;
    }
    this.#valid?.fill(1, rows, rows + count);
    this.rows += count;
    cursor.entry += count;
    cursor.value += count;
    return true;
  }

  column(): StoredColumn {
    const data = new Uint8Array(this.#values.buffer, 0, this.bytes);
    return this.#valid === undefined
      ? { data }
      : { data, valid: this.#valid.subarray(0, this.rows) };
  }
  clear(): void {
    this.rows = 0;
  }
}

/** Text, bytes, and decimals of 16 bytes. */
class BytesColumn implements Filled {
  rows = 0;
  readonly #data = new GrowingBytes();
  readonly #offsets: Int32Array;
  readonly #valid: Uint8Array | undefined;
  readonly #convert: AnyConvert;
  readonly #wide = new DataView(new ArrayBuffer(16));

  constructor(of: AnyType, rows: number, convert: Convert | undefined) {
    this.#offsets = new Int32Array(rows + 1);
    this.#valid = of.nullable === true ? new Uint8Array(rows) : undefined;
    this.#convert = convert as AnyConvert;
  }

  get bytes(): number {
    return this.#data.end;
  }

  fill(cursor: Cursor, count: number): boolean {
    const { page } = cursor;
    const { indices, definition } = page;
    const valid = this.#valid;
    for (let i = 0; i < count; i++, cursor.entry++) {
      if (definition !== undefined && definition[cursor.entry] === 0) {
        if (valid === undefined) return false;
        valid[this.rows] = 0;
      } else {
        const j = indices === undefined ? cursor.value : indices[cursor.value]!;
        if (!this.#take(page, j)) return false;
        if (valid !== undefined) valid[this.rows] = 1;
        cursor.value++;
      }
      this.#offsets[++this.rows] = this.#data.end;
    }
    return true;
  }

  #take(page: Decoded, j: number): boolean {
    if (this.#convert === undefined) {
      const { data, offsets } = page.values.bytes!;
      this.#data.end = this.#data.put(data, offsets[j]!, offsets[j + 1]!);
      return true;
    }
    const unscaled = this.#convert(storedValue(page, j)) as bigint | undefined;
    if (unscaled === undefined) return false;
    this.#wide.setBigInt64(0, unscaled >> 64n);
    this.#wide.setBigUint64(8, BigInt.asUintN(64, unscaled));
    this.#data.end = this.#data.put(new Uint8Array(this.#wide.buffer), 0, 16);
    return true;
  }

  column(): StoredColumn {
    const offsets = this.#offsets.subarray(0, this.rows + 1);
    const column = { data: this.#data.view(), offsets };
    return this.#valid === undefined
      ? column
      : { ...column, valid: this.#valid.subarray(0, this.rows) };
  }
  clear(): void {
    this.rows = this.#data.end = 0;
  }
}

/** The type whose values are stored ones: a list is built of them. */
function rawType(of: AnyType): AnyType {
  const nullable = of.nullable === true ? { nullable: true as const } : {};
  if (of.type === 'list') {
    return {
      type: 'list',
      of: rawType((of as AnyType & { of: AnyType }).of),
      ...nullable,
    } as unknown as AnyType;
  }
  if (of.type === 'decimal' && storedAs(of) === 'bytes') return of;
  switch (storedAs(of)) {
    case 'i32':
      return { type: 'int32', ...nullable };
    case 'i64':
      return { type: 'int64', read: 'bigint', ...nullable } as unknown as AnyType;
    case 'f64':
      return { type: 'float64', ...nullable };
    case 'bytes':
      return { type: 'binary', ...nullable };
  }
}

/** What a list's item is made of: value j of a page. @returns undefined where the type does not hold it */
export function itemOfPage(of: AnyType, convert: Convert | undefined) {
  const isLong = storedAs(of) === 'i64';
  return (page: Decoded, j: number): Raw | undefined => {
    const value = storedValue(page, j);
    if (convert !== undefined) return (convert as AnyConvert)!(value);
    return isLong && typeof value === 'number' ? BigInt(value) : value;
  };
}

/** Lists, which come as arrays of stored values. */
class ListColumn implements Filled {
  readonly #builder: ReturnType<typeof builderOf>;

  constructor(of: AnyType) {
    this.#builder = builderOf(rawType(of), 'list');
  }

  get rows(): number {
    return this.#builder.length;
  }
  get bytes(): number {
    return this.#builder.bytes;
  }

  fill(cursor: Cursor, count: number): boolean {
    for (let i = 0; i < count; i++, cursor.entry++) {
      try {
        this.#builder.push(cursor.rows![cursor.entry]);
      } catch {
        // A null, or a value, that the type does not hold.
        return false;
      }
    }
    return true;
  }

  column(): StoredColumn {
    return this.#builder.column();
  }
  clear(): void {
    this.#builder.truncate(0);
  }
}
