/** Messages of vertex programs, folded on their way: values of a partition's vertices, along its edges, per target.
 *
 * Edges come arranged: *listed* targets, ascending; of each the number of its edges, and the edges' sources, ascending. That order is
 * the definition of a sum of doubles, whether edges are pulled by target (`gather…`) or pushed by few senders (`expand…`,
 * `sortPairs`, `foldPairs…`).
 * Operations and ways are constants of each loop: `@inline` functions see them as such.
 */
import { MAX, MIN, SUM } from './aggregates';

const PLAIN = 0;
const PLUS = 1;
const TIMES = 2;
const LEAST = 3;
/** What a message becomes on an edge of weight w. */
// @ts-ignore: decorator
@inline
function via<T>(along: i32, message: T, weights: usize, edge: usize): T {
  if (along == PLAIN) return message;
  const w = load<T>(weights + edge * sizeof<T>());
  if (along == PLUS) return message + w;
  if (along == TIMES) return message * w;
  if (along == LEAST) return w < message ? w : message;
  return w > message ? w : message;
}

/** Whether integers leave their type on the edge. */
// @ts-ignore: decorator
@inline
function leaves<T>(along: i32, message: T, weights: usize, edge: usize): bool {
  if (isFloat<T>() || (along != PLUS && along != TIMES)) return false;
  const weight = load<T>(weights + edge * sizeof<T>());
  if (along == PLUS) return addLeaves<T>(message, weight);
  const m = i64(message);
  const w = i64(weight);
  if (sizeof<T>() == 4) return m * w != i64(i32(m * w));
  if (m == 0 || w == 0) return false;
  const product = m * w;
  return (m == -1 && w == i64.MIN_VALUE) || (w == -1 && m == i64.MIN_VALUE) || product / w != m;
}

// @ts-ignore: decorator
@inline
function addLeaves<T>(a: T, b: T): bool {
  if (isFloat<T>()) return false;
  if (sizeof<T>() == 4) return i64(a) + i64(b) != i64(i32(i64(a) + i64(b)));
  const sum = i64(a) + i64(b);
  return ((i64(a) ^ sum) & (i64(b) ^ sum)) < 0;
}

// @ts-ignore: decorator
@inline
function merged<T>(op: i32, a: T, b: T): T {
  if (op == SUM) return a + b;
  if (op == MIN) return min<T>(a, b);
  return max<T>(a, b);
}

/** Targets with so few edges come in runs of as many each: then no loop over a target's edges has to be predicted. */
const FEW: usize = 4;

/** How many listed targets, `most` at most, have this count one after the other. */
// @ts-ignore: decorator
@inline
function runOf(counts: usize, listed: usize, count: usize, most: usize): usize {
  let n: usize = 0;
  while (n < most && load<u32>(counts + ((listed + n) << 2)) == u32(count)) n++;
  return n;
}

/** Whole targets that have `count` edges each. Returns 0, or −1 less the listed target whose value leaves its type. */
// @ts-ignore: decorator
@inline
function pullRun<T>(op: i32, along: i32, listed: usize, n: usize, count: usize, sources: usize, weights: usize, values: usize, out: usize): i32 {
  if (count == 1) return pullSame<T>(op, along, listed, n, 1, sources, weights, values, out);
  if (count == 2) return pullSame<T>(op, along, listed, n, 2, sources, weights, values, out);
  if (count == 3) return pullSame<T>(op, along, listed, n, 3, sources, weights, values, out);
  return pullSame<T>(op, along, listed, n, 4, sources, weights, values, out);
}

// @ts-ignore: decorator
@inline
function pullSame<T>(op: i32, along: i32, listed: usize, n: usize, count: usize, sources: usize, weights: usize, values: usize, out: usize): i32 {
  for (let target = listed; target < listed + n; target++) {
    let held = load<T>(out + target * sizeof<T>());
    for (let k: usize = 0; k < count; k++) {
      const message = load<T>(values + usize(load<u32>(sources + (k << 2))) * sizeof<T>());
      if (leaves<T>(along, message, weights, k)) return -1 - i32(target);
      const value = via<T>(along, message, weights, k);
      if (op == SUM && addLeaves<T>(held, value)) return -1 - i32(target);
      held = merged<T>(op, held, value);
    }
    store<T>(out + target * sizeof<T>(), held);
    sources += count << 2;
    weights += count * sizeof<T>();
  }
  return 0;
}

/** Pulls edges [0, n) of a chunk. `state` has the listed target that it begins in and how many of its edges are left (u32 each), and
 *  is moved on; accumulators hold the identity of targets that are not begun. Returns n, or −1 less the listed target whose
 *  value leaves its type. */
// @ts-ignore: decorator
@inline
function pull<T>(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, out: usize): i32 {
  let listed: usize = load<u32>(state);
  let left: usize = load<u32>(state, 4);
  let edge: usize = 0;
  const end: usize = n;
  while (edge < end) {
    if (left <= FEW) {
      const count: usize = load<u32>(counts + (listed << 2));
      if (left == count) {
        const whole = runOf(counts, listed, count, (end - edge) / count);
        if (whole != 0) {
          const bad = pullRun<T>(op, along, listed, whole, count, sources + (edge << 2), weights + edge * sizeof<T>(), values, out);
          if (bad != 0) return bad;
          listed += whole;
          edge += whole * count;
          left = load<u32>(counts + (listed << 2));
          continue;
        }
      }
    }
    const stop = min<usize>(edge + left, end);
    left -= stop - edge;
    let held = load<T>(out + listed * sizeof<T>());
    for (; edge < stop; edge++) {
      const message = load<T>(values + usize(load<u32>(sources + (edge << 2))) * sizeof<T>());
      if (leaves<T>(along, message, weights, edge)) return -1 - i32(listed);
      const value = via<T>(along, message, weights, edge);
      if (op == SUM && addLeaves<T>(held, value)) return -1 - i32(listed);
      held = merged<T>(op, held, value);
    }
    store<T>(out + listed * sizeof<T>(), held);
    if (left == 0) left = load<u32>(counts + (++listed << 2));
  }
  store<u32>(state, u32(listed));
  store<u32>(state, u32(left), 4);
  return i32(n);
}

/** The same where some sources have not sent: `sent` has a byte for each, `has` gets one for each listed target. */
// @ts-ignore: decorator
@inline
function pullSome<T>(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  let listed: usize = load<u32>(state);
  let left: usize = load<u32>(state, 4);
  let edge: usize = 0;
  const end: usize = n;
  while (edge < end) {
    const stop = min<usize>(edge + left, end);
    left -= stop - edge;
    let held = load<T>(out + listed * sizeof<T>());
    let any: u8 = load<u8>(has + listed);
    for (; edge < stop; edge++) {
      const source: usize = load<u32>(sources + (edge << 2));
      if (load<u8>(sent + source) == 0) continue;
      const message = load<T>(values + source * sizeof<T>());
      if (leaves<T>(along, message, weights, edge)) return -1 - i32(listed);
      const value = via<T>(along, message, weights, edge);
      if (op == SUM && addLeaves<T>(held, value)) return -1 - i32(listed);
      held = merged<T>(op, held, value);
      any = 1;
    }
    store<T>(out + listed * sizeof<T>(), held);
    store<u8>(has + listed, any);
    if (left == 0) left = load<u32>(counts + (++listed << 2));
  }
  store<u32>(state, u32(listed));
  store<u32>(state, u32(left), 4);
  return i32(n);
}

// @ts-ignore: decorator
@inline
function gather<T>(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  if (sent != 0) return pullSome<T>(op, along, state, counts, sources, weights, n, values, sent, out, has);
  if (along == PLAIN) {
    if (op == SUM) return pull<T>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
    if (op == MIN) return pull<T>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
    return pull<T>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
  }
  if (along == PLUS && op == MIN) return pull<T>(MIN, PLUS, state, counts, sources, weights, n, values, out);
  if (along == TIMES && op == SUM) return pull<T>(SUM, TIMES, state, counts, sources, weights, n, values, out);
  return pull<T>(op, along, state, counts, sources, weights, n, values, out);
}

export function pull32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return gather<i32>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pull64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return gather<i64>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pullF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return gather<f64>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}

/** Adds n arrived values to the inbox of their targets, and marks who got one. `has`: which have a value; 0: all. Returns n, or −1
 *  less the row whose sum leaves its type. */
// @ts-ignore: decorator
@inline
function receive<T>(op: i32, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  for (let j: usize = 0; j < usize(n); j++) {
    if (has != 0 && load<u8>(has + j) == 0) continue;
    const target: usize = load<u32>(targets + (j << 2));
    const at = inbox + target * sizeof<T>();
    const value = load<T>(values + j * sizeof<T>());
    if (op == SUM && addLeaves<T>(load<T>(at), value)) return -1 - i32(j);
    store<T>(at, merged<T>(op, load<T>(at), value));
    store<u8>(got + target, 1);
  }
  return i32(n);
}

export function receive32(op: i32, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  return receive<i32>(op, targets, values, has, n, inbox, got);
}
export function receive64(op: i32, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  return receive<i64>(op, targets, values, has, n, inbox, got);
}
export function receiveF64(op: i32, targets: usize, values: usize, has: usize, n: u32, inbox: usize, got: usize): i32 {
  if (op == SUM) return receive<f64>(SUM, targets, values, has, n, inbox, got);
  if (op == MIN) return receive<f64>(MIN, targets, values, has, n, inbox, got);
  return receive<f64>(MAX, targets, values, has, n, inbox, got);
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
      if (leaves<T>(along, message, weights, edge)) return -1 - i32(j);
      store<u32>(targetsOut + (pairs << 2), load<u32>(targets + (edge << 2)));
      store<T>(valuesOut + pairs * sizeof<T>(), via<T>(along, message, weights, edge));
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
