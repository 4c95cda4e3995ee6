/** Numbers and times as text, straight into a block of bytes.
 *
 * int64 in full; doubles the shortest text that reads back as the same double (ECMA-262, Number::toString), −0 as `-0`;
 * timestamps ISO 8601 in UTC to the millisecond, or the microsecond where there is one: `2024-03-01T12:00:00.000Z`.
 * Years outside 0000 to 9999 have a sign and at least six digits, as ISO 8601 and ECMA-262 have it.
 */
import { dateOf } from 'superstep/internal';
import type { Block } from './block.ts';

/** Digits and sign of any int64. */
const LONGEST = 20;
const digits = new Uint8Array(LONGEST);

/** An integer within ±(2^53 − 1). */
export function putInteger(out: Block, value: number): void {
  out.room(LONGEST);
  let rest = Math.abs(value);
  let first = LONGEST;
  // Beyond 2^31 division is slow: nine digits at a time, of which the rest fits in 31 bits.
  while (rest > 0x7fff_ffff) {
    const high = Math.floor(rest / 1e9);
    let low = (rest - high * 1e9) | 0;
    for (let i = 0; i < 9; i++) {
      const tenth = (low / 10) | 0;
      digits[--first] = 48 + low - tenth * 10;
      low = tenth;
    }
    rest = high;
  }
  let low = rest | 0;
  do {
    const tenth = (low / 10) | 0;
    digits[--first] = 48 + low - tenth * 10;
    low = tenth;
  } while (low > 0);
  let { at } = out;
  const { bytes } = out;
  if (value < 0) bytes[at++] = 45;
  for (let i = first; i < LONGEST; i++) bytes[at++] = digits[i]!;
  out.at = at;
}

/** Upper halves for which the whole is within ±2^53, where a double is exact. */
const EXACT = 2 ** 21;

/** An int64 as its two halves. */
export function putLong(out: Block, high: number, low: number): void {
  if (high < EXACT && high >= -EXACT) putInteger(out, high * 2 ** 32 + (low >>> 0));
  else out.ascii(String((BigInt(high) << 32n) | BigInt(low >>> 0)));
}

export function putDouble(out: Block, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) putInteger(out, value);
  else out.ascii(Object.is(value, -0) ? '-0' : String(value));
}

/** Days of 400 years, after which the calendar repeats. */
const CYCLE = 146_097;

export function putDate(out: Block, days: number): void {
  const usual = dateOf(days);
  if (usual !== undefined) return out.ascii(usual);
  const cycles = Math.floor(days / CYCLE);
  const [year, month, day] = dateOf(days - cycles * CYCLE)!.split('-');
  const full = Number(year) + cycles * 400;
  out.ascii(`${full < 0 ? '-' : '+'}${String(Math.abs(full)).padStart(6, '0')}-${month}-${day}`);
}

const DAY_MICROS = 86_400_000_000;

/** Microseconds since 1970 as an int64's two halves. */
export function putTimestamp(out: Block, high: number, low: number): void {
  let days: number;
  let rest: number;
  if (high < EXACT && high >= -EXACT) {
    const micros = high * 2 ** 32 + (low >>> 0);
    days = Math.floor(micros / DAY_MICROS);
    rest = micros - days * DAY_MICROS;
  } else {
    const micros = (BigInt(high) << 32n) | BigInt(low >>> 0);
    const within = ((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
    days = Number((micros - within) / 86_400_000_000n);
    rest = Number(within);
  }
  putDate(out, days);
  const seconds = Math.floor(rest / 1e6);
  const micros = rest - seconds * 1e6;
  out.room(20);
  out.bytes[out.at++] = 84; // T
  putDigits(out, Math.floor(seconds / 3600), 2, 58);
  putDigits(out, Math.floor(seconds / 60) % 60, 2, 58);
  putDigits(out, seconds % 60, 2, 46);
  if (micros % 1000 === 0) putDigits(out, micros / 1000, 3, 90);
  else putDigits(out, micros, 6, 90);
}

/** So many digits, then one character. There is room. */
function putDigits(out: Block, value: number, count: number, after: number): void {
  let rest = value;
  for (let i = count - 1; i >= 0; i--) {
    out.bytes[out.at + i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  out.at += count;
  out.bytes[out.at++] = after;
}

/** An unscaled decimal: all digits of its scale, `12.30`. */
export function putDecimal(out: Block, unscaled: bigint, scale: number): void {
  const text = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = text.length - scale;
  out.ascii(
    (unscaled < 0n ? '-' : '') +
      (scale === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`),
  );
}

/** 16 bytes, big endian, two's complement. */
export function wideDecimal(data: Uint8Array, from: number): bigint {
  const view = new DataView(data.buffer, data.byteOffset + from, 16);
  return (view.getBigInt64(0) << 64n) | view.getBigUint64(8);
}
