/** JavaScript values into stored columns. A builder grows by pushes, in buffers that it keeps over `clear`.
 *
 * Invariants: a push either adds one row or throws TYPE_MISMATCH and adds none; null is stored as 0 or an empty value;
 * one NaN. What is pushed is what a reader of the same type gives back.
 */
import type { AnyType } from '../define/schema.ts';
import { printType, printValue } from '../define/value.ts';
import { LimitError, TaskError } from '../errors.ts';
import { daysOf } from './calendar.ts';
import { storedAs, type StoredColumn } from './columns.ts';
import { listBytes, putList } from './lists.ts';
import { writeString } from './strings.ts';

/** A column that grows; `Builder` of the public API is its typed form. */
export interface ColumnBuilder {
  readonly length: number;
  /** Bytes of the values so far. */
  readonly bytes: number;
  push(value: unknown): undefined;
  /** utf8 and binary: the bytes [start, end) as they are. */
  pushBytes(from: Uint8Array, start: number, end: number): undefined;
  /** The rows so far, as views that the next push or `clear` may overwrite. */
  column(): StoredColumn;
  /** Forgets all rows from `length` on. */
  truncate(length: number): void;
}

/** Rows that a new builder has room for: small, because lists make builders for their items. */
const INITIAL_ROWS = 64;
/** A column's data ends at 2^31 − 1 bytes (Arrow's offsets). */
const MAX_BYTES = 2 ** 31 - 1;

export function builderOf(of: AnyType, name: string): ColumnBuilder {
  switch (of.type) {
    case 'bool':
      return new Bools(of, name);
    case 'int32':
      return new Int32s(of, name);
    case 'int64':
      return 'read' in of
        ? new BigInts(of, name, -(2n ** 63n), 2n ** 63n - 1n)
        : new Int64s(of, name);
    case 'float64':
      return new Float64s(of, name);
    case 'date':
      return new Dates(of, name);
    case 'timestamp':
      return new Timestamps(of, name);
    case 'decimal': {
      const largest = 10n ** BigInt((of as unknown as { precision: number }).precision) - 1n;
      if (storedAs(of) === 'i64') return new BigInts(of, name, -largest, largest);
      return new LongDecimals(of, name, largest);
    }
    case 'utf8':
      return new Texts(of, name);
    case 'list':
      return new Lists(of, name, (of as unknown as { of: AnyType }).of);
    default:
      return new Binaries(of, name);
  }
}

abstract class Builder {
  length = 0;
  protected readonly of: AnyType;
  protected readonly name: string;
  #valid: Uint8Array | undefined;

  constructor(of: AnyType, name: string) {
    this.of = of;
    this.name = name;
    if (of.nullable === true) this.#valid = new Uint8Array(INITIAL_ROWS);
  }

  /** Writes the value that is not null as row `length`; makes room first. */
  protected abstract put(value: unknown): void;
  protected abstract putNull(): void;
  protected abstract data(): { readonly data: Uint8Array; readonly offsets?: Int32Array };
  abstract readonly bytes: number;

  push(value: unknown): undefined {
    const valid = this.#valid;
    if (valid === undefined) {
      this.put(value);
      this.length++;
      return;
    }
    if (value === null) this.putNull();
    else this.put(value);
    this.#mark(value === null ? 0 : 1);
  }

  pushBytes(_from: Uint8Array, _start: number, _end: number): undefined {
    throw new TaskError(
      'TYPE_MISMATCH',
      `column '${this.name}' takes ${printType(this.of)}, not bytes`,
      { remedy: 'Only utf8 and binary columns have pushBytes: push a value.' },
    );
  }

  column(): StoredColumn {
    const data = this.data();
    return this.#valid === undefined
      ? data
      : { ...data, valid: this.#valid.subarray(0, this.length) };
  }

  truncate(length: number): void {
    this.length = length;
  }

  /** Ends a row of a nullable column. */
  #mark(present: number): void {
    this.#valid = roomFor(this.#valid!, this.length + 1);
    this.#valid[this.length++] = present;
  }
  /** Ends a row that is present. */
  protected end(): void {
    if (this.#valid === undefined) this.length++;
    else this.#mark(1);
  }

  protected refuse(value: unknown, remedy: string = remedyFor(value, this.of)): never {
    throw new TaskError(
      'TYPE_MISMATCH',
      `column '${this.name}' takes ${printType(this.of)}, not ${printValue(value)}`,
      { remedy },
    );
  }
}

function remedyFor(value: unknown, of: AnyType): string {
  if (value === undefined)
    return 'Give every column a value; for none, null in a nullable(…) column.';
  if (value === null) return `Declare the column nullable(${printType(of)}) if it may be null.`;
  if (of.type === 'int64' && typeof value === 'bigint') return 'Declare the column bigint64.';
  if (of.type === 'int64' && Number.isInteger(value))
    return 'Declare the column bigint64 and emit bigints.';
  if (of.type === 'date') return "Write a day as 'YYYY-MM-DD'.";
  return 'Emit a value of the type that the column declares.';
}

function roomFor<T extends Uint8Array | Int32Array | BigInt64Array | Float64Array>(
  array: T,
  length: number,
): T {
  if (length <= array.length) return array;
  const Type = array.constructor as new (length: number) => T;
  const grown = new Type(Math.max(length, array.length * 2));
  grown.set(array as never);
  return grown;
}

const asBytes = (array: Int32Array | BigInt64Array | Float64Array, rows: number): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, rows * array.BYTES_PER_ELEMENT);

class Int32s extends Builder {
  protected values = new Int32Array(INITIAL_ROWS);
  get bytes(): number {
    return this.length * 4;
  }
  protected put(value: unknown): void {
    if (typeof value !== 'number' || value !== (value | 0)) this.refuse(value);
    this.set(value);
  }
  protected putNull(): void {
    this.set(0);
  }
  protected set(value: number): void {
    if (this.length === this.values.length) this.values = roomFor(this.values, this.length + 1);
    this.values[this.length] = value;
  }
  protected data() {
    return { data: asBytes(this.values, this.length) };
  }
}

class Bools extends Int32s {
  protected override put(value: unknown): void {
    if (typeof value !== 'boolean') this.refuse(value);
    this.set(value ? 1 : 0);
  }
}

class Dates extends Int32s {
  protected override put(value: unknown): void {
    const days = typeof value === 'string' ? daysOf(value) : undefined;
    if (days === undefined) this.refuse(value);
    this.set(days);
  }
}

class Float64s extends Builder {
  #values = new Float64Array(INITIAL_ROWS);
  get bytes(): number {
    return this.length * 8;
  }
  protected put(value: unknown): void {
    if (typeof value !== 'number') this.refuse(value);
    // Through NaN itself: a NaN of the user's may carry other bits.
    this.#set(Number.isNaN(value) ? Number.NaN : value);
  }
  protected putNull(): void {
    this.#set(0);
  }
  #set(value: number): void {
    if (this.length === this.#values.length) this.#values = roomFor(this.#values, this.length + 1);
    this.#values[this.length] = value;
  }
  protected data() {
    return { data: asBytes(this.#values, this.length) };
  }
}

const HIGH = 2 ** 32;

/** Numbers into int64, as two halves. */
class Int64s extends Builder {
  #halves = new Int32Array(INITIAL_ROWS * 2);
  get bytes(): number {
    return this.length * 8;
  }
  protected put(value: unknown): void {
    if (!Number.isSafeInteger(value)) this.refuse(value);
    this.set(value as number);
  }
  protected putNull(): void {
    this.set(0);
  }
  protected set(value: number): void {
    const high = Math.floor(value / HIGH);
    this.setHalves(value - high * HIGH, high);
  }
  protected setHalves(low: number, high: number): void {
    const at = this.length * 2;
    if (at === this.#halves.length) this.#halves = roomFor(this.#halves, at + 2);
    this.#halves[at] = low;
    this.#halves[at + 1] = high;
  }
  protected data() {
    return { data: asBytes(this.#halves, this.length * 2) };
  }
}

/** The range of Date; in microseconds it is within int64. */
const DATE_MILLIS = 8.64e15;

/** Milliseconds into microseconds. Half a microsecond is rounded away from the past, as Math.round does. */
class Timestamps extends Int64s {
  protected override put(value: unknown): void {
    if (typeof value !== 'number' || !(Math.abs(value) <= DATE_MILLIS)) this.refuse(value);
    const micros = Math.round(value * 1000);
    if (Number.isSafeInteger(micros)) return this.set(micros);
    const whole = Math.floor(value);
    const exact = BigInt(whole) * 1000n + BigInt(Math.round((value - whole) * 1000));
    this.setHalves(Number(BigInt.asIntN(32, exact)), Number(exact >> 32n));
  }
}

class BigInts extends Builder {
  #values = new BigInt64Array(INITIAL_ROWS);
  readonly #least: bigint;
  readonly #most: bigint;
  constructor(of: AnyType, name: string, least: bigint, most: bigint) {
    super(of, name);
    this.#least = least;
    this.#most = most;
  }
  get bytes(): number {
    return this.length * 8;
  }
  protected put(value: unknown): void {
    if (typeof value !== 'bigint' || value < this.#least || value > this.#most) this.refuse(value);
    this.#set(value);
  }
  protected putNull(): void {
    this.#set(0n);
  }
  #set(value: bigint): void {
    if (this.length === this.#values.length) this.#values = roomFor(this.#values, this.length + 1);
    this.#values[this.length] = value;
  }
  protected data() {
    return { data: asBytes(this.#values, this.length) };
  }
}

/** Values of variable width: a pool of bytes, and where each value ends in it. */
abstract class Variable extends Builder {
  protected pool = Buffer.alloc(1024);
  protected offsets = new Int32Array(INITIAL_ROWS + 1);
  get bytes(): number {
    return this.offsets[this.length]!;
  }
  /** Where the next value starts, with room for so many bytes behind it. */
  protected reserve(bytes: number): number {
    const start = this.offsets[this.length]!;
    if (this.length + 2 > this.offsets.length)
      this.offsets = roomFor(this.offsets, this.length + 2);
    const end = start + bytes;
    if (end > this.pool.length) this.#grow(end);
    return start;
  }
  protected close(end: number): void {
    this.offsets[this.length + 1] = end;
  }
  protected putNull(): void {
    this.close(this.reserve(0));
  }
  protected data() {
    const data = new Uint8Array(this.pool.buffer, this.pool.byteOffset, this.bytes);
    return { data, offsets: this.offsets.subarray(0, this.length + 1) };
  }
  #grow(end: number): void {
    if (end > MAX_BYTES) {
      throw new LimitError(
        'MEMORY',
        `column '${this.name}': a value of a batch beyond 2^31 − 1 bytes`,
        {
          remedy: 'Cut the value into smaller ones before it is emitted.',
        },
      );
    }
    const grown = Buffer.alloc(Math.min(MAX_BYTES, Math.max(end, this.pool.length * 2)));
    grown.set(this.pool.subarray(0, this.bytes));
    this.pool = grown;
  }
}

class Binaries extends Variable {
  protected put(value: unknown): void {
    if (!(value instanceof Uint8Array)) this.refuse(value);
    const start = this.reserve(value.length);
    this.pool.set(value, start);
    this.close(start + value.length);
  }
  override pushBytes(from: Uint8Array, start: number, end: number): undefined {
    const at = this.reserve(end - start);
    this.pool.set(from.subarray(start, end), at);
    this.close(at + end - start);
    this.end();
  }
}

class Texts extends Binaries {
  protected override put(value: unknown): void {
    if (typeof value !== 'string') this.refuse(value);
    const start = this.reserve(value.length * 3);
    const end = writeString(this.pool, value, start);
    if (end < 0) {
      this.refuse(
        value,
        'The string has a lone surrogate, which UTF-8 cannot hold: emit text.toWellFormed().',
      );
    }
    this.close(end);
  }
}

class LongDecimals extends Variable {
  readonly #largest: bigint;
  constructor(of: AnyType, name: string, largest: bigint) {
    super(of, name);
    this.#largest = largest;
  }
  protected put(value: unknown): void {
    if (typeof value !== 'bigint' || value > this.#largest || value < -this.#largest)
      this.refuse(value);
    const start = this.reserve(16);
    this.pool.writeBigInt64BE(value >> 64n, start);
    this.pool.writeBigUInt64BE(BigInt.asUintN(64, value), start + 8);
    this.close(start + 16);
  }
}

class Lists extends Variable {
  readonly #item: AnyType;
  readonly #items: ColumnBuilder;
  constructor(of: AnyType, name: string, item: AnyType) {
    super(of, name);
    this.#item = item;
    this.#items = builderOf(item, name);
  }
  protected put(value: unknown): void {
    if (!Array.isArray(value)) this.refuse(value);
    this.#items.truncate(0);
    for (const item of value) this.#items.push(item);
    const items = this.#items.column();
    const start = this.reserve(listBytes(this.#item, items, value.length));
    this.close(putList(this.pool, start, this.#item, items, value.length));
  }
}
