/** Messages of vertex programs beside those that are pulled (pull.ts): pushed by few senders (`expand…`, `sortPairs`, `foldPairs…`) and folded in the same
 * order, and added to inboxes.
 *
 * Operations and ways are constants of each loop: `@inline` functions see them as such.
 */
import { MIN, SUM, MAX } from './aggregates';
import { addLeaves, leaves, masked, merged, via } from './pull';

/** Numbers below 2^16, in two bytes each: half as much to read for every superstep. */
export function narrowNumbers(numbers: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) store<u16>(out + (j << 1), u16(load<u32>(numbers + (j << 2))));
}

/** Reads from each cache line of these bytes, but for the last three. What it returns has no meaning: what nobody uses is not computed. */
export function touch(at: usize, bytes: u32): u32 {
  let a: u64 = 0;
  let b: u64 = 0;
  let c: u64 = 0;
  let d: u64 = 0;
  for (const end = at + usize(bytes); at + 256 <= end; at += 256) {
    a ^= load<u64>(at);
    b ^= load<u64>(at, 64);
    c ^= load<u64>(at, 128);
    d ^= load<u64>(at, 192);
  }
  return u32(a ^ b ^ c ^ d);
}

/** How many of n flags, a byte each, are 1. */
export function countFlags(flags: usize, n: u32): u32 {
  let count: u64 = 0;
  let j: usize = 0;
  for (; j + 8 <= usize(n); j += 8) count += popcnt(load<u64>(flags + j));
  for (; j < usize(n); j++) count += u64(load<u8>(flags + j));
  return u32(count);
}

/** Of vertices that have sent and have edges: the edges, as a double, and how many they are. */
export function countSent(flags: usize, degrees: usize, n: u32, out: usize): void {
  let j: usize = 0;
  // Four at a time.
  let many = i64x2.splat(0);
  let some = i32x4.splat(0);
  for (; j + 4 <= usize(n); j += 4) {
    const sent = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(flags + j)));
    const degree = i32x4.mul(sent, v128.load(degrees + (j << 2)));
    many = i64x2.add(many, i64x2.add(i64x2.extend_low_i32x4_u(degree), i64x2.extend_high_i32x4_u(degree)));
    some = i32x4.sub(some, i32x4.ne(degree, i32x4.splat(0)));
  }
  let edges = u64(i64x2.extract_lane(many, 0)) + u64(i64x2.extract_lane(many, 1));
  let senders = u32(i32x4.extract_lane(some, 0)) + u32(i32x4.extract_lane(some, 1)) +
    u32(i32x4.extract_lane(some, 2)) + u32(i32x4.extract_lane(some, 3));
  for (; j < usize(n); j++) {
    const degree = u32(load<u8>(flags + j)) * load<u32>(degrees + (j << 2));
    edges += u64(degree);
    senders += u32(degree != 0);
  }
  store<f64>(out, f64(edges));
  store<u32>(out, senders, 8);
}

/** The vertices that have sent and have edges, ascending, and for each where its edges begin among all. Returns how many. */
export function listSenders(flags: usize, degrees: usize, n: u32, senders: usize, starts: usize): u32 {
  let made: usize = 0;
  let edge: u32 = 0;
  // Of eights that have not sent, added up.
  let passed = i32x4.splat(0);
  for (let j: usize = 0; j < usize(n); ) {
    if (j + 8 <= usize(n) && load<u64>(flags + j) == 0) {
      passed = i32x4.add(passed, i32x4.add(v128.load(degrees + (j << 2)), v128.load(degrees + (j << 2), 16)));
      j += 8;
      continue;
    }
    edge += u32(i32x4.extract_lane(passed, 0)) + u32(i32x4.extract_lane(passed, 1)) +
      u32(i32x4.extract_lane(passed, 2)) + u32(i32x4.extract_lane(passed, 3));
    passed = i32x4.splat(0);
    for (const end = min<usize>(j + 8, usize(n)); j < end; j++) {
      const degree = load<u32>(degrees + (j << 2));
      store<u32>(senders + (made << 2), u32(j));
      store<u32>(starts + (made << 2), edge);
      made += usize(load<u8>(flags + j) != 0 && degree != 0);
      edge += degree;
    }
  }
  return u32(made);
}

/** Ranges, [from, to) as u32 each, in which all of n lie that have either flag: of sixteen at a time. Returns how many. */
export function flaggedRanges(a: usize, b: usize, n: u32, out: usize): u32 {
  let made: usize = 0;
  let inside = false;
  for (let j: usize = 0; j < usize(n); j += 16) {
    let any: bool;
    if (j + 16 <= usize(n)) any = v128.any_true(v128.or(v128.load(a + j), v128.load(b + j)));
    else {
      let some: u8 = 0;
      for (let k = j; k < usize(n); k++) some |= load<u8>(a + k) | load<u8>(b + k);
      any = some != 0;
    }
    if (any == inside) continue;
    if (any) store<u32>(out + (made << 3), u32(j));
    else store<u32>(out + (made++ << 3), u32(j), 4);
    inside = any;
  }
  if (inside) store<u32>(out + (made++ << 3), n, 4);
  return u32(made);
}

/** n bytes as u32 each. */
export function widenFlags(flags: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) store<u32>(out + (j << 2), load<u8>(flags + j));
}

/** Adds n arrived values to the inbox of their targets, which have two bytes each (`narrow`) or four, and marks who got one (`got` 0: nobody asks).
 *  `has`: which have a value; 0: all. Returns n, or −1 less the row whose sum leaves its type. */
// @ts-ignore: decorator
@inline
function receive<T>(op: i32, narrow: bool, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  for (let j: usize = 0; j < usize(n); j++) {
    const target: usize = narrow ? load<u16>(targets + (j << 1)) : load<u32>(targets + (j << 2));
    const at = inbox + target * sizeof<T>();
    const is: u8 = has == 0 ? 1 : load<u8>(has + j);
    const value = has == 0 ? load<T>(values + j * sizeof<T>()) : masked<T>(op, load<T>(values + j * sizeof<T>()), is);
    if (op == SUM && addLeaves<T>(load<T>(at), value)) return -1 - i32(j);
    store<T>(at, merged<T>(op, load<T>(at), value));
    if (got != 0) store<u8>(got + target, has == 0 ? 1 : load<u8>(got + target) | is);
  }
  return i32(n);
}

export function receive32(op: i32, narrow: bool, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  return receive<i32>(op, narrow, targets, values, has, n, inbox, got);
}
export function receive64(op: i32, narrow: bool, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  return receive<i64>(op, narrow, targets, values, has, n, inbox, got);
}
export function receiveF64(op: i32, narrow: bool, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  if (op == SUM && has == 0 && got == 0 && narrow) return receive<f64>(SUM, true, targets, values, 0, n, inbox, 0);
  if (op == SUM && has == 0 && got == 0) return receive<f64>(SUM, false, targets, values, 0, n, inbox, 0);
  if (op == SUM && has == 0) return receive<f64>(SUM, narrow, targets, values, 0, n, inbox, got);
  if (op == SUM) return receive<f64>(SUM, narrow, targets, values, has, n, inbox, got);
  if (op == MIN) return receive<f64>(MIN, narrow, targets, values, has, n, inbox, got);
  return receive<f64>(MAX, narrow, targets, values, has, n, inbox, got);
}

/** The edges of senders (ascending), as pairs of target and value. Returns how many, or −1 less the sender's place whose value leaves
 *  its type. */
// @ts-ignore: decorator
@inline
function expand<T>(along: i32, senders: usize, n: u32, offsets: usize, targets: usize, weights: usize, values: usize, targetsOut: usize, valuesOut: usize): i32 {
  let pairs: usize = 0;
  for (let j: usize = 0; j < usize(n); j++) {
    const sender: usize = load<u32>(senders + (j << 2));
    const message = load<T>(values + sender * sizeof<T>());
    const end: usize = load<u32>(offsets + (sender << 2), 4);
    for (let edge: usize = load<u32>(offsets + (sender << 2)); edge < end; edge++, pairs++) {
      const weight = weights + edge * sizeof<T>();
      if (leaves<T>(along, message, weight)) return -1 - i32(j);
      store<u32>(targetsOut + (pairs << 2), load<u32>(targets + (edge << 2)));
      store<T>(valuesOut + pairs * sizeof<T>(), via<T>(along, message, weight));
    }
  }
  return i32(pairs);
}

export function expand32(along: i32, senders: usize, n: u32, offsets: usize, targets: usize, weights: usize, values: usize, targetsOut: usize, valuesOut: usize): i32 {
  return expand<i32>(along, senders, n, offsets, targets, weights, values, targetsOut, valuesOut);
}
export function expand64(along: i32, senders: usize, n: u32, offsets: usize, targets: usize, weights: usize, values: usize, targetsOut: usize, valuesOut: usize): i32 {
  return expand<i64>(along, senders, n, offsets, targets, weights, values, targetsOut, valuesOut);
}
export function expandF64(along: i32, senders: usize, n: u32, offsets: usize, targets: usize, weights: usize, values: usize, targetsOut: usize, valuesOut: usize): i32 {
  return expand<f64>(along, senders, n, offsets, targets, weights, values, targetsOut, valuesOut);
}

const DIGITS: usize = 1 << 11;

/** Pairs by target, stably: one pass over 11 bits of the targets. `counters` has 8 KiB. Values have 4 or 8 bytes (shift 2 or 3). */
export function sortPairs(targets: usize, values: usize, shift: usize, n: u32, bit: u32, targetsOut: usize, valuesOut: usize, counters: usize): void {
  memory.fill(counters, 0, DIGITS << 2);
  for (let j: usize = 0; j < usize(n); j++) {
    const at = counters + (usize((load<u32>(targets + (j << 2)) >> bit) & u32(DIGITS - 1)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let next: u32 = 0;
  for (let at = counters; at < counters + (DIGITS << 2); at += 4) {
    const count = load<u32>(at);
    store<u32>(at, next);
    next += count;
  }
  for (let j: usize = 0; j < usize(n); j++) {
    const target = load<u32>(targets + (j << 2));
    const at = counters + (usize((target >> bit) & u32(DIGITS - 1)) << 2);
    const place: usize = load<u32>(at);
    store<u32>(at, u32(place) + 1);
    store<u32>(targetsOut + (place << 2), target);
    if (shift == 2) store<u32>(valuesOut + (place << 2), load<u32>(values + (j << 2)));
    else store<u64>(valuesOut + (place << 3), load<u64>(values + (j << 3)));
  }
}

/** Sorted pairs, one a target: folded in place from the identity that accumulators begin with. Returns how many are left, or −1 less
 *  the pair whose sum leaves its type. */
// @ts-ignore: decorator
@inline
function foldPairs<T>(op: i32, identity: usize, targets: usize, values: usize, n: u32): i32 {
  let made: usize = 0;
  for (let j: usize = 0; j < usize(n); made++) {
    const target = load<u32>(targets + (j << 2));
    let held = load<T>(identity);
    for (; j < usize(n) && load<u32>(targets + (j << 2)) == target; j++) {
      const value = load<T>(values + j * sizeof<T>());
      if (op == SUM && addLeaves<T>(held, value)) return -1 - i32(j);
      held = merged<T>(op, held, value);
    }
    store<u32>(targets + (made << 2), target);
    store<T>(values + made * sizeof<T>(), held);
  }
  return i32(made);
}

export function foldPairs32(op: i32, identity: usize, targets: usize, values: usize, n: u32): i32 {
  return foldPairs<i32>(op, identity, targets, values, n);
}
export function foldPairs64(op: i32, identity: usize, targets: usize, values: usize, n: u32): i32 {
  return foldPairs<i64>(op, identity, targets, values, n);
}
export function foldPairsF64(op: i32, identity: usize, targets: usize, values: usize, n: u32): i32 {
  return foldPairs<f64>(op, identity, targets, values, n);
}
