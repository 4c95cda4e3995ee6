/** Messages that are pulled: folded along a partition's edges, per target.
 *
 * Edges come arranged: *listed* targets; of each the number of its edges, and where the values of their sources lie, in ascending order of
 * source. That order is the definition of a sum of doubles.
 * Each combination that is often used is a function of its own, with operation and way as constants: V8 compiles a small one well within
 * milliseconds, where all of them in one took 60, during which they ran as slowly as they do at first.
 */
import { MAX, MIN, SUM } from './aggregates';

const PLAIN = 0;
const PLUS = 1;
const TIMES = 2;
const LEAST = 3;
/** What a message becomes on an edge, whose weight lies at `weight`. */
// @ts-ignore: decorator
@inline
export function via<T>(along: i32, message: T, weight: usize): T {
  if (along == PLAIN) return message;
  const w = load<T>(weight);
  if (along == PLUS) return message + w;
  if (along == TIMES) return message * w;
  if (along == LEAST) return w < message ? w : message;
  return w > message ? w : message;
}

/** Whether integers leave their type on the edge. */
// @ts-ignore: decorator
@inline
export function leaves<T>(along: i32, message: T, at: usize): bool {
  if (isFloat<T>() || (along != PLUS && along != TIMES)) return false;
  const weight = load<T>(at);
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
export function addLeaves<T>(a: T, b: T): bool {
  if (isFloat<T>()) return false;
  if (sizeof<T>() == 4) return i64(a) + i64(b) != i64(i32(i64(a) + i64(b)));
  const sum = i64(a) + i64(b);
  return ((i64(a) ^ sum) & (i64(b) ^ sum)) < 0;
}

// @ts-ignore: decorator
@inline
export function merged<T>(op: i32, a: T, b: T): T {
  if (op == SUM) return a + b;
  // Where all have sent the least of some changes seldom: a branch is then guessed, and shorter.
  if (!isFloat<T>()) return op == MIN ? min<T>(a, b) : max<T>(a, b);
  // Of f64.min V8 makes branches, and what arrives is nothing that a processor could guess; of two at once it does not.
  const x = f64x2.splat(f64(a));
  const y = f64x2.splat(f64(b));
  return <T>f64x2.extract_lane(op == MIN ? f64x2.min(x, y) : f64x2.max(x, y), 0);
}

/** The same without any branch. Doubles are not NaN: then −0 and 0 are all that is equal and has other bits. */
// @ts-ignore: decorator
@inline
function mergedFlat<T>(op: i32, a: T, b: T): T {
  if (op == SUM) return a + b;
  if (isFloat<T>()) {
    const x = f64x2.splat(f64(a));
    const y = f64x2.splat(f64(b));
    const both = op == MIN
      ? v128.or(f64x2.pmin(x, y), f64x2.pmin(y, x))
      : v128.and(f64x2.pmax(x, y), f64x2.pmax(y, x));
    return <T>f64x2.extract_lane(both, 0);
  }
  if (sizeof<T>() == 4) {
    const more = i64(a) - i64(b);
    const sign = more >> 63;
    return <T>(op == MIN ? i64(b) + (more & sign) : i64(a) - (more & sign));
  }
  // The sign of a − b, had it a bit more (Warren, "Hacker's Delight", 2-12).
  const x = i64(a);
  const y = i64(b);
  const less = ((x & ~y) | (~(x ^ y) & (x - y))) >> 63;
  return <T>(op == MIN ? y ^ ((x ^ y) & less) : x ^ ((x ^ y) & less));
}

/** What nothing is folded to. */
// @ts-ignore: decorator
@inline
function nothing<T>(op: i32): T {
  if (op == SUM) return 0;
  if (isFloat<T>()) return op == MIN ? <T>Infinity : <T>-Infinity;
  if (sizeof<T>() == 4) return op == MIN ? <T>i32.MAX_VALUE : <T>i32.MIN_VALUE;
  return op == MIN ? <T>i64.MAX_VALUE : <T>i64.MIN_VALUE;
}

/** Targets with so few edges come in runs of as many each: then no loop over a target's edges has to be predicted. */
const FEW: usize = 4;
/** Targets with more are folded so many side by side: a sum alone would wait for each addition before the next. */
const ABREAST = 4;

/** The message of the k-th source of those whose places begin at `sources`. k is a constant below FEW, so that it is part of the instruction. */
// @ts-ignore: decorator
@inline
function sentBy<T, I>(values: usize, sources: usize, k: usize): T {
  if (k == 1) return load<T>(values + usize(load<I>(sources, sizeof<I>())) * sizeof<T>());
  if (k == 2) return load<T>(values + usize(load<I>(sources, 2 * sizeof<I>())) * sizeof<T>());
  if (k == 3) return load<T>(values + usize(load<I>(sources, 3 * sizeof<I>())) * sizeof<T>());
  return load<T>(values + usize(load<I>(sources)) * sizeof<T>());
}

/** What the k-th edge brings, folded in. */
// @ts-ignore: decorator
@inline
function met<T, I>(op: i32, along: i32, held: T, values: usize, sources: usize, weights: usize, k: usize): T {
  const message = via<T>(along, sentBy<T, I>(values, sources, k), weights + k * sizeof<T>());
  return isFloat<T>() && along == PLAIN ? mergedFlat<T>(op, held, message) : merged<T>(op, held, message);
}

/** Whether that leaves an integer's type. */
// @ts-ignore: decorator
@inline
function overflows<T, I>(op: i32, along: i32, held: T, values: usize, sources: usize, weights: usize, k: usize): bool {
  // No read is left out that nobody asks for: it might be out of bounds.
  if (isFloat<T>() || (op != SUM && along != PLUS && along != TIMES)) return false;
  const message = sentBy<T, I>(values, sources, k);
  const weight = weights + k * sizeof<T>();
  return leaves<T>(along, message, weight) || (op == SUM && addLeaves<T>(held, via<T>(along, message, weight)));
}

/** How many listed targets, `most` at most, have this count one after the other. */
// @ts-ignore: decorator
@inline
function runOf(counts: usize, count: usize, most: usize): usize {
  const same = i32x4.splat(i32(count));
  let n: usize = 0;
  while (n + 4 <= most && i32x4.all_true(i32x4.eq(v128.load(counts + (n << 2)), same))) n += 4;
  while (n < most && load<u32>(counts + (n << 2)) == u32(count)) n++;
  return n;
}

/** n whole targets that have `count` edges each. Returns 0, or how many are left where a value leaves its type. */
// @ts-ignore: decorator
@inline
function pullRun<T, I>(op: i32, along: i32, n: usize, count: usize, sources: usize, weights: usize, values: usize, out: usize): i32 {
  if (count == 1) return pullSame<T, I>(op, along, n, 1, sources, weights, values, out);
  if (count == 2) return pullSame<T, I>(op, along, n, 2, sources, weights, values, out);
  if (count == 3) return pullSame<T, I>(op, along, n, 3, sources, weights, values, out);
  return pullSame<T, I>(op, along, n, 4, sources, weights, values, out);
}

// @ts-ignore: decorator
@inline
function pullSame<T, I>(op: i32, along: i32, n: usize, count: usize, sources: usize, weights: usize, values: usize, out: usize): i32 {
  const end = out + n * sizeof<T>();
  for (; out < end; out += sizeof<T>()) {
    let held = nothing<T>(op);
    // Written out: no compiler here unrolls a loop.
    if (overflows<T, I>(op, along, held, values, sources, weights, 0)) return i32((end - out) / sizeof<T>());
    held = met<T, I>(op, along, held, values, sources, weights, 0);
    if (count > 1) {
      if (overflows<T, I>(op, along, held, values, sources, weights, 1)) return i32((end - out) / sizeof<T>());
      held = met<T, I>(op, along, held, values, sources, weights, 1);
    }
    if (count > 2) {
      if (overflows<T, I>(op, along, held, values, sources, weights, 2)) return i32((end - out) / sizeof<T>());
      held = met<T, I>(op, along, held, values, sources, weights, 2);
    }
    if (count > 3) {
      if (overflows<T, I>(op, along, held, values, sources, weights, 3)) return i32((end - out) / sizeof<T>());
      held = met<T, I>(op, along, held, values, sources, weights, 3);
    }
    store<T>(out, held);
    sources += count * sizeof<I>();
    weights += count * sizeof<T>();
  }
  return 0;
}

/** Where the edges end of four whole targets, doubles, which are folded: the first edges of each side by side, as many as the least has, then what is
 *  left. Returns `sources` where one of the four has few edges, or they end beyond `end`. */
// @ts-ignore: decorator
@inline
function pullAbreast<T, I>(op: i32, along: i32, counts: usize, sources: usize, weights: usize, end: usize, values: usize, out: usize): usize {
  const n0 = load<u32>(counts);
  const n1 = load<u32>(counts, 4);
  const n2 = load<u32>(counts, 8);
  const n3 = load<u32>(counts, 12);
  // Behind the last target are numbers of no meaning: then one at least is beyond the end, or few.
  const least = min(min(n0, n1), min(n2, n3));
  if (least <= u32(FEW) || (u64(n0) + u64(n1) + u64(n2) + u64(n3)) * sizeof<I>() > u64(end - sources)) return sources;
  let p0 = sources;
  let p1 = p0 + usize(n0) * sizeof<I>();
  let p2 = p1 + usize(n1) * sizeof<I>();
  let p3 = p2 + usize(n2) * sizeof<I>();
  const e0 = p1;
  const e1 = p2;
  const e2 = p3;
  const e3 = p3 + usize(n3) * sizeof<I>();
  let w0 = weights;
  let w1 = w0 + usize(n0) * sizeof<T>();
  let w2 = w1 + usize(n1) * sizeof<T>();
  let w3 = w2 + usize(n2) * sizeof<T>();
  let held0 = nothing<T>(op);
  let held1 = nothing<T>(op);
  let held2 = nothing<T>(op);
  let held3 = nothing<T>(op);
  // Two edges of each at a time: half as many pointers to move, and ends to look for.
  for (const stop = p0 + usize(least & ~1) * sizeof<I>(); p0 < stop; ) {
    held0 = met<T, I>(op, along, held0, values, p0, w0, 0);
    held1 = met<T, I>(op, along, held1, values, p1, w1, 0);
    held2 = met<T, I>(op, along, held2, values, p2, w2, 0);
    held3 = met<T, I>(op, along, held3, values, p3, w3, 0);
    held0 = met<T, I>(op, along, held0, values, p0, w0, 1);
    held1 = met<T, I>(op, along, held1, values, p1, w1, 1);
    held2 = met<T, I>(op, along, held2, values, p2, w2, 1);
    held3 = met<T, I>(op, along, held3, values, p3, w3, 1);
    p0 += 2 * sizeof<I>();
    p1 += 2 * sizeof<I>();
    p2 += 2 * sizeof<I>();
    p3 += 2 * sizeof<I>();
    if (along != PLAIN) {
      w0 += 2 * sizeof<T>();
      w1 += 2 * sizeof<T>();
      w2 += 2 * sizeof<T>();
      w3 += 2 * sizeof<T>();
    }
  }
  for (; p0 < e0; p0 += sizeof<I>(), w0 += sizeof<T>()) held0 = met<T, I>(op, along, held0, values, p0, w0, 0);
  for (; p1 < e1; p1 += sizeof<I>(), w1 += sizeof<T>()) held1 = met<T, I>(op, along, held1, values, p1, w1, 0);
  for (; p2 < e2; p2 += sizeof<I>(), w2 += sizeof<T>()) held2 = met<T, I>(op, along, held2, values, p2, w2, 0);
  for (; p3 < e3; p3 += sizeof<I>(), w3 += sizeof<T>()) held3 = met<T, I>(op, along, held3, values, p3, w3, 0);
  store<T>(out, held0);
  store<T>(out, held1, sizeof<T>());
  store<T>(out, held2, 2 * sizeof<T>());
  store<T>(out, held3, 3 * sizeof<T>());
  return e3;
}

/** Pulls edges [0, n) of a chunk, whose sources are of type I. `state` has the listed target that it begins in and how many of its edges are
 *  left (u32 each), and is moved on; `out` gets what each listed target's edges are folded to. Returns n, or −1 less the listed
 *  target whose value leaves its type. */
// @ts-ignore: decorator
@inline
function pull<T, I>(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, out: usize): i32 {
  let listed: usize = load<u32>(state);
  let left: usize = load<u32>(state, 4);
  const end = sources + usize(n) * sizeof<I>();
  while (sources < end) {
    const count: usize = load<u32>(counts + (listed << 2));
    const at = out + listed * sizeof<T>();
    if (left == count && count <= FEW) {
      const whole = runOf(counts + (listed << 2), count, ((end - sources) >> alignof<I>()) / count);
      if (whole != 0) {
        const bad = pullRun<T, I>(op, along, whole, count, sources, weights, values, at);
        if (bad != 0) return -1 - i32(listed + whole - bad);
        listed += whole;
        sources += whole * count * sizeof<I>();
        weights += whole * count * sizeof<T>();
        left = load<u32>(counts + (listed << 2));
        continue;
      }
    }
    // Integers are added in one step, and each addition is looked at.
    if (isFloat<T>() && left == count) {
      const next = pullAbreast<T, I>(op, along, counts + (listed << 2), sources, weights, end, values, at);
      if (next != sources) {
        weights += ((next - sources) >> alignof<I>()) * sizeof<T>();
        sources = next;
        listed += ABREAST;
        left = load<u32>(counts + (listed << 2));
        continue;
      }
    }
    const some = min<usize>(left, (end - sources) >> alignof<I>());
    let held = left == count ? nothing<T>(op) : load<T>(at);
    for (const stop = sources + some * sizeof<I>(); sources < stop; sources += sizeof<I>(), weights += sizeof<T>()) {
      if (overflows<T, I>(op, along, held, values, sources, weights, 0)) return -1 - i32(listed);
      held = met<T, I>(op, along, held, values, sources, weights, 0);
    }
    store<T>(at, held);
    left -= some;
    if (left == 0) left = load<u32>(counts + (++listed << 2));
  }
  store<u32>(state, u32(listed));
  store<u32>(state, u32(left), 4);
  return i32(n);
}

/** The message where `has` is 1, and what nothing is folded to where it is 0. Not by a branch: which sources have sent is nothing that a
 *  processor could guess, and each wrong guess costs as much as ten edges. */
// @ts-ignore: decorator
@inline
export function masked<T>(op: i32, message: T, has: u8): T {
  if (sizeof<T>() == 4) {
    const none = i32(nothing<T>(op));
    return <T>(none ^ ((i32(message) ^ none) & -i32(has)));
  }
  const none = isFloat<T>() ? reinterpret<i64>(f64(nothing<T>(op))) : i64(nothing<T>(op));
  const bits = isFloat<T>() ? reinterpret<i64>(f64(message)) : i64(message);
  const kept = none ^ ((bits ^ none) & -i64(has));
  return isFloat<T>() ? <T>reinterpret<f64>(kept) : <T>kept;
}

/** The same where some sources have not sent: `sent` has a byte for each, `has` gets one for each listed target. */
// @ts-ignore: decorator
@inline
function pullSomeBy<T, I>(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  let listed: usize = load<u32>(state);
  let left: usize = load<u32>(state, 4);
  const end = sources + usize(n) * sizeof<I>();
  while (sources < end) {
    const some = min<usize>(left, (end - sources) >> alignof<I>());
    const begins = left == usize(load<u32>(counts + (listed << 2)));
    let held = begins ? nothing<T>(op) : load<T>(out + listed * sizeof<T>());
    let any: u8 = begins ? 0 : load<u8>(has + listed);
    for (const stop = sources + some * sizeof<I>(); sources < stop; sources += sizeof<I>(), weights += sizeof<T>()) {
      const has = load<u8>(sent + usize(load<I>(sources)));
      if (has != 0 && overflows<T, I>(op, along, held, values, sources, weights, 0)) return -1 - i32(listed);
      const message = via<T>(along, sentBy<T, I>(values, sources, 0), weights);
      held = along == PLAIN
        ? mergedFlat<T>(op, held, masked<T>(op, message, has))
        : merged<T>(op, held, masked<T>(op, message, has));
      any |= has;
    }
    store<T>(out + listed * sizeof<T>(), held);
    store<u8>(has + listed, any);
    left -= some;
    if (left == 0) left = load<u32>(counts + (++listed << 2));
  }
  store<u32>(state, u32(listed));
  store<u32>(state, u32(left), 4);
  return i32(n);
}

/** With the usual operations as constants. */
// @ts-ignore: decorator
@inline
function pullSome<T, I>(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  if (op == SUM && along == PLAIN) return pullSomeBy<T, I>(SUM, PLAIN, state, counts, sources, weights, n, values, sent, out, has);
  if (op == MIN && along == PLAIN) return pullSomeBy<T, I>(MIN, PLAIN, state, counts, sources, weights, n, values, sent, out, has);
  if (op == MAX && along == PLAIN) return pullSomeBy<T, I>(MAX, PLAIN, state, counts, sources, weights, n, values, sent, out, has);
  if (op == MIN && along == PLUS) return pullSomeBy<T, I>(MIN, PLUS, state, counts, sources, weights, n, values, sent, out, has);
  return pullSomeBy<T, I>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}

// Operation and way are `op` and `along` where a name does not say them; `Some`: not all sources have sent.

export function pullSum32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u32>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMin32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u32>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMax32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u32>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinPlus32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u32>(MIN, PLUS, state, counts, sources, weights, n, values, out);
}
export function pullSumTimes32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u32>(SUM, TIMES, state, counts, sources, weights, n, values, out);
}
export function pullAny32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u32>(op, along, state, counts, sources, weights, n, values, out);
}
export function pullSome32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pullSome<i32, u32>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pullSum64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u32>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMin64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u32>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMax64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u32>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinPlus64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u32>(MIN, PLUS, state, counts, sources, weights, n, values, out);
}
export function pullSumTimes64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u32>(SUM, TIMES, state, counts, sources, weights, n, values, out);
}
export function pullAny64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u32>(op, along, state, counts, sources, weights, n, values, out);
}
export function pullSome64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pullSome<i64, u32>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pullSumF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u32>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u32>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMaxF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u32>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinPlusF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u32>(MIN, PLUS, state, counts, sources, weights, n, values, out);
}
export function pullSumTimesF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u32>(SUM, TIMES, state, counts, sources, weights, n, values, out);
}
export function pullAnyF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u32>(op, along, state, counts, sources, weights, n, values, out);
}
export function pullSomeF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pullSome<f64, u32>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pullSumNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u16>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u16>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMaxNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u16>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinPlusNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u16>(MIN, PLUS, state, counts, sources, weights, n, values, out);
}
export function pullSumTimesNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u16>(SUM, TIMES, state, counts, sources, weights, n, values, out);
}
export function pullAnyNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i32, u16>(op, along, state, counts, sources, weights, n, values, out);
}
export function pullSomeNarrow32(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pullSome<i32, u16>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pullSumNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u16>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u16>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMaxNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u16>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinPlusNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u16>(MIN, PLUS, state, counts, sources, weights, n, values, out);
}
export function pullSumTimesNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u16>(SUM, TIMES, state, counts, sources, weights, n, values, out);
}
export function pullAnyNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<i64, u16>(op, along, state, counts, sources, weights, n, values, out);
}
export function pullSomeNarrow64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pullSome<i64, u16>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
export function pullSumNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u16>(SUM, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u16>(MIN, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMaxNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u16>(MAX, PLAIN, state, counts, sources, weights, n, values, out);
}
export function pullMinPlusNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u16>(MIN, PLUS, state, counts, sources, weights, n, values, out);
}
export function pullSumTimesNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u16>(SUM, TIMES, state, counts, sources, weights, n, values, out);
}
export function pullAnyNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pull<f64, u16>(op, along, state, counts, sources, weights, n, values, out);
}
export function pullSomeNarrowF64(op: i32, along: i32, state: usize, counts: usize, sources: usize, weights: usize, n: u32, values: usize, sent: usize, out: usize, has: usize): i32 {
  return pullSome<f64, u16>(op, along, state, counts, sources, weights, n, values, sent, out, has);
}
