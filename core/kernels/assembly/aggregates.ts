/** Folding values into accumulators by dense id. Kinds and operations are constants of static loops, not calls. */
import { addBits, b0, b1, b2, over, set, top } from './sums';

export const SUM = 0;
export const MIN = 1;
export const MAX = 2;
const CANONICAL: u64 = 0x7ff8000000000000;

/** Folds a value into the accumulator at `at`; false when the sum would overflow. */
// @ts-ignore: decorator
@inline
export function into32(op: i32, at: usize, value: i32): bool {
  const held = load<i32>(at);
  if (op == SUM) {
    const sum = i64(held) + i64(value);
    if (sum != i64(i32(sum))) return false;
    store<i32>(at, i32(sum));
  } else if (op == MIN ? value < held : value > held) store<i32>(at, value);
  return true;
}

// @ts-ignore: decorator
@inline
export function into64(op: i32, at: usize, value: i64): bool {
  const held = load<i64>(at);
  if (op == SUM) {
    const sum = held + value;
    if (((held ^ sum) & (value ^ sum)) < 0) return false;
    store<i64>(at, sum);
  } else if (op == MIN ? value < held : value > held) store<i64>(at, value);
  return true;
}

/** Min and max of doubles: NaN above all, −0 below 0. The bits of a NaN that comes out of an instruction are not
 *  specified: none does here. */
// @ts-ignore: decorator
@inline
export function intoF64(op: i32, at: usize, value: f64): void {
  const held = load<f64>(at);
  if (op == MIN) {
    if (value == value) store<f64>(at, held == held ? min<f64>(held, value) : value);
  } else if (value != value) store<u64>(at, CANONICAL);
  else if (held == held) store<f64>(at, max<f64>(held, value));
}

/** Folds rows first to end; the first row whose sum would overflow, or `end`. */
export function fold32(op: i32, accumulators: usize, ids: usize, values: usize, first: u32, end: u32): u32 {
  for (let i = usize(first); i < usize(end); i++) {
    if (!into32(op, accumulators + (usize(load<u32>(ids + (i << 2))) << 2), load<i32>(values + (i << 2)))) return u32(i);
  }
  return end;
}

export function fold64(op: i32, accumulators: usize, ids: usize, values: usize, first: u32, end: u32): u32 {
  for (let i = usize(first); i < usize(end); i++) {
    if (!into64(op, accumulators + (usize(load<u32>(ids + (i << 2))) << 3), load<i64>(values + (i << 3)))) return u32(i);
  }
  return end;
}

export function foldF64(op: i32, accumulators: usize, ids: usize, values: usize, first: u32, end: u32): u32 {
  for (let i = usize(first); i < usize(end); i++) {
    intoF64(op, accumulators + (usize(load<u32>(ids + (i << 2))) << 3), load<f64>(values + (i << 3)));
  }
  return end;
}

/** Adds doubles to sums of 40 bytes each. */
export function sumF64(sums: usize, ids: usize, values: usize, first: u32, end: u32): u32 {
  for (let i = first; i < end; i++) {
    const at = sums + usize(load<u32>(ids + (usize(i) << 2))) * 40;
    set(load<u64>(at), load<i64>(at, 8), load<i64>(at, 16), load<i64>(at, 24), load<i64>(at, 32));
    addBits(load<u64>(values + (usize(i) << 3)));
    store<u64>(at, top);
    store<i64>(at, over, 8);
    store<i64>(at, b0, 16);
    store<i64>(at, b1, 24);
    store<i64>(at, b2, 32);
  }
  return end;
}

/** Every 8 bytes from at to end become the word (two halves, because an i64 in a signature is a BigInt in JavaScript). */
export function fill64(at: usize, end: usize, low: u32, high: u32): void {
  const word = u64(low) | (u64(high) << 32);
  for (; at < end; at += 8) store<u64>(at, word);
}

/** Adds an integer to the 128 bits whose halves are at `low` and `high`. */
// @ts-ignore: decorator
@inline
export function addTotal(low: usize, high: usize, value: i64): void {
  const held = load<i64>(low);
  const sum = held + value;
  store<i64>(low, sum);
  if (((held ^ sum) & (value ^ sum)) < 0) store<i64>(high, load<i64>(high) + (value < 0 ? -1 : 1));
}

/** Adds int64 (`wide`) or int32 to totals of 16 bytes each. */
export function total(wide: bool, totals: usize, ids: usize, values: usize, first: u32, end: u32): void {
  if (wide) {
    for (let i = usize(first); i < usize(end); i++) {
      const at = totals + (usize(load<u32>(ids + (i << 2))) << 4);
      addTotal(at, at + 8, load<i64>(values + (i << 3)));
    }
  } else {
    for (let i = usize(first); i < usize(end); i++) {
      const at = totals + (usize(load<u32>(ids + (i << 2))) << 4);
      addTotal(at, at + 8, i64(load<i32>(values + (i << 2))));
    }
  }
}
