/** Columns made of values as text: what csv writes of each type, read again.
 *
 *   values.take(bytes, from, to)    adds the value that these bytes are; false: they are none, and nothing was added
 *   values.takeNull()               adds null; false: the column may not be null
 *   values.column()                 what was added since `clear`, valid until the next one is
 *
 * bool is `true` or `false`; a date 2024-02-29; a timestamp 2024-02-29T12:00:00.123456Z, or with a blank for the T, another
 * offset than Z, or none, which is UTC; a decimal has at most the digits of its scale. Text and binary are bytes as they are.
 * Invariant: a column takes at most BATCH_ROWS rows; but for decimals and times before 1685 or after 2255 nothing is made for a
 * value.
 */
import { type AnyType, BATCH_ROWS, daysOf, storedAs, type StoredColumn } from 'superstep/internal';
import { GrowingBytes } from './growing.ts';
import { takeFloat64, takeInt64 } from './parse.ts';

export interface Values {
  rows: number;
  /** Of the values so far. */
  readonly bytes: number;
  take(bytes: Uint8Array, from: number, to: number): boolean;
  takeNull(): boolean;
  /** Takes the last row back. */
  drop(): void;
  column(): StoredColumn;
  clear(): void;
}

/** Undefined for types that no text is read as: lists. */
export function valuesReader(of: AnyType): Values | undefined {
  if (of.type === 'list') return undefined;
  switch (storedAs(of)) {
    case 'i32':
      return new Int32Values(of);
    case 'i64':
      return new Int64Values(of);
    case 'f64':
      return new Float64Values(of);
    case 'bytes':
      return of.type === 'decimal' ? new WideDecimals(of) : new BytesValues(of);
  }
}

/** What all have: rows, and which are there. */
abstract class Column implements Values {
  rows = 0;
  protected readonly of: AnyType;
  readonly #valid: Uint8Array | undefined;
  abstract readonly bytes: number;
  protected abstract put(bytes: Uint8Array, from: number, to: number): boolean;
  protected abstract putNull(): void;
  protected abstract data(): StoredColumn;

  constructor(of: AnyType) {
    this.of = of;
    this.#valid = of.nullable === true ? new Uint8Array(BATCH_ROWS) : undefined;
  }

  take(bytes: Uint8Array, from: number, to: number): boolean {
    if (!this.put(bytes, from, to)) return false;
    if (this.#valid !== undefined) this.#valid[this.rows] = 1;
    this.rows++;
    return true;
  }

  takeNull(): boolean {
    if (this.#valid === undefined) return false;
    this.putNull();
    this.#valid[this.rows++] = 0;
    return true;
  }

  drop(): void {
    this.rows--;
  }

  column(): StoredColumn {
    const data = this.data();
    return this.#valid === undefined
      ? data
      : { ...data, valid: this.#valid.subarray(0, this.rows) };
  }

  clear(): void {
    this.rows = 0;
  }
}

/** bool, int32, date. */
class Int32Values extends Column {
  /** One more: a 64-bit integer is read first. */
  readonly #values = new Int32Array(BATCH_ROWS + 1);
  get bytes(): number {
    return 4 * this.rows;
  }

  protected put(bytes: Uint8Array, from: number, to: number): boolean {
    const values = this.#values;
    const { rows } = this;
    if (this.of.type === 'int32') {
      const end = takeInt64(bytes, from, to, values, rows);
      return end === to && values[rows + 1] === values[rows]! >> 31;
    }
    const value = this.of.type === 'bool' ? boolOf(bytes, from, to) : dateIn(bytes, from, to);
    if (value === undefined) return false;
    values[rows] = value;
    return true;
  }

  protected putNull(): void {
    this.#values[this.rows] = 0;
  }
  protected data(): StoredColumn {
    return { data: new Uint8Array(this.#values.buffer, 0, this.bytes) };
  }
}

/** int64, timestamp, decimals of at most 18 digits. */
class Int64Values extends Column {
  readonly #halves = new Int32Array(2 * BATCH_ROWS);
  readonly #wide = new BigInt64Array(this.#halves.buffer);
  get bytes(): number {
    return 8 * this.rows;
  }

  protected put(bytes: Uint8Array, from: number, to: number): boolean {
    const { rows } = this;
    if (this.of.type === 'int64') return takeInt64(bytes, from, to, this.#halves, 2 * rows) === to;
    const value =
      this.of.type === 'decimal'
        ? decimalIn(bytes, from, to, this.of)
        : timestampIn(bytes, from, to);
    if (value === undefined) return false;
    if (typeof value === 'bigint') this.#wide[rows] = value;
    else {
      const high = Math.floor(value / 2 ** 32);
      this.#halves[2 * rows] = value - high * 2 ** 32;
      this.#halves[2 * rows + 1] = high;
    }
    return true;
  }

  protected putNull(): void {
    this.#halves[2 * this.rows] = this.#halves[2 * this.rows + 1] = 0;
  }
  protected data(): StoredColumn {
    return { data: new Uint8Array(this.#halves.buffer, 0, this.bytes) };
  }
}

class Float64Values extends Column {
  readonly #values = new Float64Array(BATCH_ROWS);
  get bytes(): number {
    return 8 * this.rows;
  }
  protected put(bytes: Uint8Array, from: number, to: number): boolean {
    return takeFloat64(bytes, from, to, this.#values, this.rows) === to;
  }
  protected putNull(): void {
    this.#values[this.rows] = 0;
  }
  protected data(): StoredColumn {
    return { data: new Uint8Array(this.#values.buffer, 0, this.bytes) };
  }
}

/** utf8, binary. */
class BytesValues extends Column {
  readonly #data = new GrowingBytes();
  readonly #offsets = new Int32Array(BATCH_ROWS + 1);
  get bytes(): number {
    return this.#data.end;
  }

  protected put(bytes: Uint8Array, from: number, to: number): boolean {
    this.#data.end = this.#offsets[this.rows + 1] = this.#data.put(bytes, from, to);
    return true;
  }

  protected putNull(): void {
    this.#offsets[this.rows + 1] = this.#data.end;
  }
  protected data(): StoredColumn {
    return { data: this.#data.view(), offsets: this.#offsets.subarray(0, this.rows + 1) };
  }
  override drop(): void {
    super.drop();
    this.#data.end = this.#offsets[this.rows]!;
  }
  override clear(): void {
    super.clear();
    this.#data.end = 0;
  }
}

/** Decimals of more than 18 digits: 16 bytes each, big endian, two's complement. */
class WideDecimals extends BytesValues {
  readonly #value = new DataView(new ArrayBuffer(16));
  protected override put(bytes: Uint8Array, from: number, to: number): boolean {
    const value = decimalIn(bytes, from, to, this.of);
    if (value === undefined) return false;
    this.#value.setBigInt64(0, value >> 64n);
    this.#value.setBigUint64(8, BigInt.asUintN(64, value));
    return super.put(new Uint8Array(this.#value.buffer), 0, 16);
  }
}

const textIn = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');

function boolOf(bytes: Uint8Array, from: number, to: number): number | undefined {
  const text = to - from <= 5 ? textIn(bytes, from, to) : '';
  return text === 'true' ? 1 : text === 'false' ? 0 : undefined;
}

/** Days of 400 years, after which the calendar repeats. */
const CYCLE = 146_097;
/** A date is 32 bits of days. */
const LAST_DAY = 2 ** 31;

/** 2024-02-29; +012024-02-29 and −000001-12-31 beyond the years 0000 to 9999. */
function daysIn(text: string): number | undefined {
  if (text.length === 10) return daysOf(text);
  const [, sign, digits, rest] = /^([+-])(\d{6,})(-\d\d-\d\d)$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  const year = sign === '-' ? -Number(digits) : Number(digits);
  const cycles = Math.floor(year / 400);
  const within = daysOf(`${String(year - cycles * 400).padStart(4, '0')}${rest}`);
  return within === undefined ? undefined : within + cycles * CYCLE;
}

function dateIn(bytes: Uint8Array, from: number, to: number): number | undefined {
  const days = daysIn(textIn(bytes, from, to));
  return days === undefined || days >= LAST_DAY || days < -LAST_DAY ? undefined : days;
}

const DAY_MICROS = 86_400_000_000;
const ZONE = /^(?:[zZ]|([+-])(\d\d):?(\d\d))?$/;

/** Microseconds since 1970, UTC: a bigint where a number does not hold them. */
function timestampIn(bytes: Uint8Array, from: number, to: number): number | bigint | undefined {
  const [, day, hour, minute, second = 0, fraction = '', zone] =
    /^([+-]?\d+-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(.*)$/.exec(
      textIn(bytes, from, to),
    ) ?? [];
  const days = day === undefined ? undefined : daysIn(day);
  const [offset, sign, hours = 0, minutes = 0] = ZONE.exec(zone ?? '?') ?? [];
  if (days === undefined || offset === undefined) return undefined;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  const shift = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const seconds = h * 3600 + (m - shift) * 60 + s;
  const rest = seconds * 1e6 + Number(fraction.padEnd(6, '0'));
  const micros = days * DAY_MICROS + rest;
  if (Number.isSafeInteger(micros)) return micros;
  const exact = BigInt(days) * BigInt(DAY_MICROS) + BigInt(rest);
  return BigInt.asIntN(64, exact) === exact ? exact : undefined;
}

/** Unscaled. */
function decimalIn(bytes: Uint8Array, from: number, to: number, of: AnyType): bigint | undefined {
  const { precision, scale } = of as AnyType & { precision: number; scale: number };
  const [, sign, whole, part = ''] =
    /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(textIn(bytes, from, to)) ?? [];
  if (whole === undefined || part.length > scale) return undefined;
  const unscaled = BigInt(whole + part.padEnd(scale, '0'));
  if (unscaled >= 10n ** BigInt(precision)) return undefined;
  return sign === '-' ? -unscaled : unscaled;
}
