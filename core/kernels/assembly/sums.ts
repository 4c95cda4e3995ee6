/** The reproducible sum of doubles: ARCHITECTURE.md, "Reproducible float sums". Five int64:
 *
 *   top    bits 0–15: the highest bin any value has touched, plus one (0: none); 16 NaN, 17 +∞, 18 −∞ seen
 *   over   three signed fields of 21 bits: how often 2^62 was taken out of bin top, top − 1, top − 2 (low field last)
 *   b0 b1 b2   what was added to bins top, top − 1, top − 2
 *
 * Bin b counts units of 2^(32 b − 1074). No carry ever goes from one bin to the next: what a lower bin holds must be
 * droppable without a trace. So a bin is over × 2^62 + b, good for 2^50 values.
 */
export const NAN: u64 = 1 << 16;
export const PLUS: u64 = 1 << 17;
export const MINUS: u64 = 1 << 18;
export const INDEX: u64 = 0xffff;
const FULL: i64 = 1 << 62;

/** The five words that the functions below work on. */
export let top: u64 = 0;
export let over: i64 = 0;
export let b0: i64 = 0;
export let b1: i64 = 0;
export let b2: i64 = 0;

export function set(t: u64, o: i64, x: i64, y: i64, z: i64): void {
  top = t;
  over = o;
  b0 = x;
  b1 = y;
  b2 = z;
}

/** Bins move down by n, the lowest fall out. */
function rise(n: u64): void {
  if (n == 1) {
    b2 = b1;
    b1 = b0;
    b0 = 0;
    over = (over >> 21) & 0x3ffffffffff;
  } else if (n == 2) {
    b2 = b0;
    b1 = b0 = 0;
    over = (over >> 42) & 0x1fffff;
  } else if (n > 2) {
    b0 = b1 = b2 = 0;
    over = 0;
  }
  top += n;
}

/** Takes 2^62 out of bins that hold more. */
function settle(): void {
  if (b0 >= FULL) { b0 -= FULL; over = bump(over, 42, 1); } else if (b0 < -FULL) { b0 += FULL; over = bump(over, 42, -1); }
  if (b1 >= FULL) { b1 -= FULL; over = bump(over, 21, 1); } else if (b1 < -FULL) { b1 += FULL; over = bump(over, 21, -1); }
  if (b2 >= FULL) { b2 -= FULL; over = bump(over, 0, 1); } else if (b2 < -FULL) { b2 += FULL; over = bump(over, 0, -1); }
}

/** One of the three fields, signed. */
export function field(word: i64, shift: i64): i64 {
  return (word << (43 - shift)) >> 43;
}

function bump(word: i64, shift: i64, by: i64): i64 {
  const mask: i64 = 0x1fffff << shift;
  return (word & ~mask) | (((field(word, shift) + by) << shift) & mask);
}

/** Adds a double, given as its bits. */
export function addBits(bits: u64): void {
  let exponent = (bits >> 52) & 0x7ff;
  let m = bits & 0xfffffffffffff;
  if (exponent == 0x7ff) {
    top |= m != 0 ? NAN : i64(bits) < 0 ? MINUS : PLUS;
    return;
  }
  if (exponent != 0) {
    m |= 0x10000000000000;
    exponent--;
  } else if (m == 0) return;
  const shift = exponent & 31;
  const bin = exponent >> 5;
  const sign = i64(bits) >> 63;
  let p0 = i64((m << shift) & 0xffffffff);
  let p1 = i64((m >> (32 - shift)) & 0xffffffff);
  let p2 = i64((m >> (63 - shift)) >> 1);
  const high = bin + 1 + (p2 != 0 ? 2 : u64(p1 != 0));
  let have = top & INDEX;
  if (high > have) {
    rise(high - have);
    have = high;
  }
  p0 = (p0 ^ sign) - sign;
  p1 = (p1 ^ sign) - sign;
  p2 = (p2 ^ sign) - sign;
  const below = have - 1 - bin;
  if (below == 2) {
    b0 += p2;
    b1 += p1;
    b2 += p0;
  } else if (below == 1) {
    b0 += p1;
    b1 += p0;
  } else if (below == 0) b0 += p0;
  else if (below == 3) {
    b1 += p2;
    b2 += p1;
  } else if (below == 4) b2 += p2;
  if (((b0 ^ (b0 << 1)) | (b1 ^ (b1 << 1)) | (b2 ^ (b2 << 1))) < 0) settle();
}

/** Adds another accumulator. */
export function addSum(t: u64, o: i64, x: i64, y: i64, z: i64): void {
  top |= t & ~INDEX;
  const theirs = t & INDEX;
  let have = top & INDEX;
  if (theirs > have) {
    rise(theirs - have);
    have = theirs;
  }
  const below = have - theirs;
  let o0 = field(o, 42);
  let o1 = field(o, 21);
  let o2 = field(o, 0);
  if (below == 1) {
    z = y;
    y = x;
    x = 0;
    o2 = o1;
    o1 = o0;
    o0 = 0;
  } else if (below == 2) {
    z = x;
    x = y = 0;
    o2 = o0;
    o0 = o1 = 0;
  } else if (below > 2) return;
  // Each side is within ±2^62, so their sum fits.
  b0 += x;
  b1 += y;
  b2 += z;
  if (o != 0) over = bump(bump(bump(over, 42, o0), 21, o1), 0, o2);
  if (((b0 ^ (b0 << 1)) | (b1 ^ (b1 << 1)) | (b2 ^ (b2 << 1))) < 0) settle();
}

/** The sum as the bits of the nearest double, ties to even. */
export function rounded(): u64 {
  if ((top & NAN) != 0 || (top & (PLUS | MINUS)) == (PLUS | MINUS)) return 0x7ff8000000000000;
  if ((top & PLUS) != 0) return 0x7ff0000000000000;
  if ((top & MINUS) != 0) return 0xfff0000000000000;
  if ((top & INDEX) == 0) return 0;
  // Six digits of 32 bits, signed until the carries have run; digit 0 counts units of bin top − 2.
  let d0 = b2 & 0xffffffff;
  let d1 = (b2 >> 32) + (field(over, 0) << 30) + (b1 & 0xffffffff);
  let d2 = (b1 >> 32) + (field(over, 21) << 30) + (b0 & 0xffffffff);
  let d3 = (b0 >> 32) + (field(over, 42) << 30);
  d1 += d0 >> 32;
  d2 += d1 >> 32;
  d3 += d2 >> 32;
  const negative = d3 < 0;
  d0 &= 0xffffffff;
  d1 &= 0xffffffff;
  d2 &= 0xffffffff;
  if (negative) {
    d0 = (d0 ^ 0xffffffff) + 1;
    d1 = (d1 ^ 0xffffffff) + (d0 >> 32);
    d2 = (d2 ^ 0xffffffff) + (d1 >> 32);
    d3 = ~d3 + (d2 >> 32);
  }
  // The 160-bit magnitude: high is bits 64 and up (at most 83 of them), low the rest.
  let low = u64(d0 & 0xffffffff) | (u64(d1) << 32);
  let mid = u64(d2 & 0xffffffff) | (u64(d3) << 32);
  let high = u64(d3) >> 32;
  const bits = nearest(high, mid, low, i64((top & INDEX) - 1) * 32 - 64);
  return negative && bits != 0 ? bits | 0x8000000000000000 : bits;
}

/** high × 2^128 + mid × 2^64 + low, in units of 2^(scale − 1074), as bits of a double without sign. */
function nearest(high: u64, mid: u64, low: u64, scale: i64): u64 {
  // Bins below 0 do not exist and hold nothing: with a small top the units are finer than any double.
  while (scale < 0) {
    low = (low >> 32) | (mid << 32);
    mid = (mid >> 32) | (high << 32);
    high >>= 32;
    scale += 32;
  }
  const lead: i64 = high != 0 ? 191 - i64(clz(high)) : mid != 0 ? 127 - i64(clz(mid)) : low != 0 ? 63 - i64(clz(low)) : -1;
  if (lead < 0) return 0;
  // Bits to drop: down to 53, and never below 2^−1074.
  const drop = lead - 52;
  if (drop <= 0) {
    const up = scale < -drop ? scale : -drop;
    const m = low << up;
    const exponent = scale - up;
    // exponent > 0 only with a full mantissa.
    return exponent >= 2045 ? 0x7ff0000000000000 : (u64(exponent) << 52) + m;
  }
  let sticky = false;
  let n = drop - 1;
  while (n >= 64) {
    sticky = sticky || low != 0;
    low = mid;
    mid = high;
    high = 0;
    n -= 64;
  }
  if (n > 0) {
    sticky = sticky || (low << (64 - n)) != 0;
    low = (low >> n) | (mid << (64 - n));
    mid = (mid >> n) | (high << (64 - n));
  }
  // low now has 54 bits: the mantissa and the half.
  let m = low >> 1;
  if ((low & 1) != 0 && (sticky || (m & 1) != 0)) m++;
  const exponent = drop + scale;
  const bits = (u64(exponent) << 52) + m;
  return exponent >= 2046 || bits >= 0x7ff0000000000000 ? 0x7ff0000000000000 : bits;
}
