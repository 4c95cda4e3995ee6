/** Numbers out of bytes, without a string where that can be: integers exact to 64 bits, doubles as JavaScript reads them.
 *
 * A `take…` reads from `from` on, at most to `to`, and answers where the number ended: there must be something that ends it,
 * and that is for the caller to look at. NOT_ONE: there is no number; TOO_LARGE: it is beyond what the column holds.
 * Invariant: nothing is made for each value, but for doubles of more than 15 digits or with large exponents.
 */
export const NOT_ONE = -1;
export const TOO_LARGE = -2;

const MINUS = 45;
const POINT = 46;
/** Digits that fit into 31 bits, whatever they are. */
const SMALL_DIGITS = 9;

/** An integer of up to 64 bits into halves[at] (low) and halves[at + 1] (high). */
export function takeInt64(
  bytes: Uint8Array,
  from: number,
  to: number,
  halves: Int32Array,
  at: number,
): number {
  const negative = from < to && bytes[from] === MINUS;
  const first = negative ? from + 1 : from;
  const small = to < first + SMALL_DIGITS ? to : first + SMALL_DIGITS;
  let value = 0;
  let i = first;
  for (; i < small; i++) {
    const digit = bytes[i]! - 48;
    if (digit >>> 0 > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  if (i === first) return NOT_ONE;
  if (i < first + SMALL_DIGITS || i === to || (bytes[i]! - 48) >>> 0 > 9) {
    halves[at] = negative ? -value : value;
    halves[at + 1] = negative && value > 0 ? -1 : 0;
    return i;
  }
  if (bytes[first] === 48) return takeZeros(bytes, from, to, halves, at);
  return takeLong(bytes, i, to, negative, value, halves, at);
}

/** 10^10 is below 2^34; an upper part of nine digits is taken as 15 bits and 15 bits. */
const TEN_TO = Float64Array.from({ length: 11 }, (_, i) => 10 ** i);

/** `upper`, nine digits that end at `from`, × 10^n + the n digits from there on, at most ten, in 32-bit halves. */
function takeLong(
  bytes: Uint8Array,
  from: number,
  to: number,
  negative: boolean,
  upper: number,
  halves: Int32Array,
  at: number,
): number {
  const small = to < from + SMALL_DIGITS ? to : from + SMALL_DIGITS;
  let lower = 0;
  let i = from;
  for (; i < small; i++) {
    const digit = bytes[i]! - 48;
    if (digit >>> 0 > 9) break;
    lower = (Math.imul(lower, 10) + digit) | 0;
  }
  let rest = lower;
  if (i === from + SMALL_DIGITS && i < to && isDigit(bytes[i]!)) {
    rest = lower * 10 + (bytes[i++]! - 48);
    if (i < to && isDigit(bytes[i]!)) return TOO_LARGE;
  }
  // All of these are whole numbers below 2^51.
  const power = TEN_TO[i - from]!;
  const product = (upper >>> 15) * power;
  const productHigh = Math.floor(product / 131_072);
  const low = (product - productHigh * 131_072) * 32_768 + (upper & 32_767) * power + rest;
  const carry = Math.floor(low / 4_294_967_296);
  const high = productHigh + carry;
  const bits = (low - carry * 4_294_967_296) | 0;
  if (high > 0x7fff_ffff && !(negative && high === 0x8000_0000 && bits === 0)) return TOO_LARGE;
  halves[at] = negative ? -bits : bits;
  halves[at + 1] = negative ? ~high + (bits === 0 ? 1 : 0) : high;
  return i;
}

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/** Many digits of which the first is 0: rare, so by way of BigInt. */
function takeZeros(
  bytes: Uint8Array,
  from: number,
  to: number,
  halves: Int32Array,
  at: number,
): number {
  let end = from + 1;
  while (end < to && isDigit(bytes[end]!)) end++;
  const value = BigInt(textOf(bytes, from, end));
  if (BigInt.asIntN(64, value) !== value) return TOO_LARGE;
  halves[at] = Number(BigInt.asIntN(32, value));
  halves[at + 1] = Number(value >> 32n);
  return end;
}

/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, i) => 10 ** i);
/** Below this a whole number is exact, and so is ten times it and a digit. */
const EXACT = 9e14;

/** A double into values[at]: `12`, `-0.5`, `.5`, `1e-7`; `NaN`, `Infinity` and `inf` in any case, with or without a sign. */
export function takeFloat64(
  bytes: Uint8Array,
  from: number,
  to: number,
  values: Float64Array,
  at: number,
): number {
  let i = from;
  const sign = i < to ? bytes[i]! : 0;
  if (sign === MINUS || sign === 43) i++;
  const first = i;
  let value = 0;
  let digits = 0;
  let scale = 0;
  let exact = true;
  let byte = 0;
  for (; i < to && (byte = bytes[i]! - 48) >= 0 && byte <= 9; i++) {
    exact &&= value < EXACT;
    value = value * 10 + byte;
    digits++;
  }
  if (i < to && bytes[i] === POINT) {
    i++;
    for (; i < to && (byte = bytes[i]! - 48) >= 0 && byte <= 9; i++) {
      exact &&= value < EXACT;
      value = value * 10 + byte;
      digits++;
      scale--;
    }
  }
  if (digits === 0) return i === first ? takeWord(bytes, from, to, values, at) : NOT_ONE;
  if (i < to && (bytes[i]! | 32) === 101) {
    const end = exponentEnd(bytes, i + 1, to);
    if (end < 0) return NOT_ONE;
    exact = false;
    i = end;
  }
  // Both are exact and the division is rounded once (Clinger 1990).
  if (exact && scale >= -22) {
    const positive = scale === 0 ? value : value / TENS[-scale]!;
    values[at] = sign === MINUS ? -positive : positive;
  } else values[at] = Number(textOf(bytes, from, i));
  return i;
}

/** After the digits of an exponent; −1 when there are none. */
function exponentEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  if (i < to && (bytes[i] === MINUS || bytes[i] === 43)) i++;
  const first = i;
  while (i < to && isDigit(bytes[i]!)) i++;
  return i === first ? -1 : i;
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');

/** The numbers that are words. */
function takeWord(
  bytes: Uint8Array,
  from: number,
  to: number,
  values: Float64Array,
  at: number,
): number {
  let end = from;
  if (end < to && (bytes[end] === MINUS || bytes[end] === 43)) end++;
  const first = end;
  while (end < to && (bytes[end]! | 32) >= 97 && (bytes[end]! | 32) <= 122) end++;
  const word = textOf(bytes, first, end).toLowerCase();
  if (word === 'nan') values[at] = Number.NaN;
  else if (word === 'inf' || word === 'infinity') {
    values[at] = bytes[from] === MINUS ? -Infinity : Infinity;
  } else return NOT_ONE;
  return end;
}
