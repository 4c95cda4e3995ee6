/** Columns of merged rows: row j comes from input inputs[j], its row rows[j].
 *
 * A table has 16 bytes an input: u32 data, offsets, valid (0: none), unused.
 */
import { addTotal, into32, into64, intoF64 } from './aggregates';
import { addBits, addSum, b0, b1, b2, over, rounded, set, top } from './sums';

// @ts-ignore: decorator
@inline
function entry(table: usize, inputs: usize, j: usize): usize {
  return table + (usize(load<u32>(inputs + (j << 2))) << 4);
}

// @ts-ignore: decorator
@inline
function valueAt(table: usize, inputs: usize, rows: usize, j: usize, shift: usize): usize {
  return usize(load<u32>(entry(table, inputs, j))) + (usize(load<u32>(rows + (j << 2))) << shift);
}

export function gather32(table: usize, inputs: usize, rows: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) store<u32>(out + (j << 2), load<u32>(valueAt(table, inputs, rows, j, 2)));
}

export function gather64(table: usize, inputs: usize, rows: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) store<u64>(out + (j << 3), load<u64>(valueAt(table, inputs, rows, j, 3)));
}

/** Validity bytes; an input without them is all present. */
export function gatherValid(table: usize, inputs: usize, rows: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const valid: usize = load<u32>(entry(table, inputs, j), 8);
    store<u8>(out + j, valid == 0 ? 1 : load<u8>(valid + usize(load<u32>(rows + (j << 2)))));
  }
}

/** Offsets of the gathered bytes, for as many rows as have at most maxBytes, at least one; returns how many. */
export function gatherOffsets(table: usize, inputs: usize, rows: usize, n: u32, maxBytes: u32, offsets: usize): u32 {
  let bytes: u64 = 0;
  store<u32>(offsets, 0);
  for (let j: usize = 0; j < usize(n); j++) {
    const at = usize(load<u32>(entry(table, inputs, j), 4)) + (usize(load<u32>(rows + (j << 2))) << 2);
    bytes += u64(load<u32>(at, 4) - load<u32>(at));
    if (j != 0 && bytes > u64(maxBytes)) return u32(j);
    store<u32>(offsets + (j << 2), u32(bytes), 4);
  }
  return n;
}

export function gatherBytes(table: usize, inputs: usize, rows: usize, n: u32, offsets: usize, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const column = entry(table, inputs, j);
    const from = usize(load<u32>(usize(load<u32>(column, 4)) + (usize(load<u32>(rows + (j << 2))) << 2)));
    const to = load<u32>(offsets + (j << 2));
    memory.copy(out + usize(to), usize(load<u32>(column)) + from, load<u32>(offsets + (j << 2), 4) - to);
  }
}

/** Where the accumulator of row j is. */
// @ts-ignore: decorator
@inline
function target(accumulators: usize, ids: usize, j: usize, shift: usize): usize {
  return accumulators + (usize(load<u32>(ids + (j << 2))) << shift);
}

/** Folds gathered values into accumulators by id; the first row whose integer sum would overflow, or n. */
export function gatherFold32(op: i32, table: usize, inputs: usize, rows: usize, ids: usize, n: u32, accumulators: usize): u32 {
  for (let j: usize = 0; j < usize(n); j++) {
    if (!into32(op, target(accumulators, ids, j, 2), load<i32>(valueAt(table, inputs, rows, j, 2)))) return u32(j);
  }
  return n;
}

export function gatherFold64(op: i32, table: usize, inputs: usize, rows: usize, ids: usize, n: u32, accumulators: usize): u32 {
  for (let j: usize = 0; j < usize(n); j++) {
    if (!into64(op, target(accumulators, ids, j, 3), load<i64>(valueAt(table, inputs, rows, j, 3)))) return u32(j);
  }
  return n;
}

export function gatherFoldF64(op: i32, table: usize, inputs: usize, rows: usize, ids: usize, n: u32, accumulators: usize): u32 {
  for (let j: usize = 0; j < usize(n); j++) {
    intoF64(op, target(accumulators, ids, j, 3), load<f64>(valueAt(table, inputs, rows, j, 3)));
  }
  return n;
}

/** Accumulator `id` of five columns, whose addresses are at `columns`. */
// @ts-ignore: decorator
@inline
function loadSum(columns: usize, id: usize): void {
  const at = id << 3;
  set(
    load<u64>(usize(load<u32>(columns)) + at), load<i64>(usize(load<u32>(columns, 4)) + at),
    load<i64>(usize(load<u32>(columns, 8)) + at), load<i64>(usize(load<u32>(columns, 12)) + at),
    load<i64>(usize(load<u32>(columns, 16)) + at));
}

// @ts-ignore: decorator
@inline
function storeSum(columns: usize, id: usize): void {
  const at = id << 3;
  store<u64>(usize(load<u32>(columns)) + at, top);
  store<i64>(usize(load<u32>(columns, 4)) + at, over);
  store<i64>(usize(load<u32>(columns, 8)) + at, b0);
  store<i64>(usize(load<u32>(columns, 12)) + at, b1);
  store<i64>(usize(load<u32>(columns, 16)) + at, b2);
}

/** Adds sums to sums: five tables, five columns. */
export function gatherSums(tables: usize, inputs: usize, rows: usize, ids: usize, n: u32, columns: usize): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const id = usize(load<u32>(ids + (j << 2)));
    loadSum(columns, id);
    addSum(
      load<u64>(valueAt(load<u32>(tables), inputs, rows, j, 3)),
      load<i64>(valueAt(load<u32>(tables, 4), inputs, rows, j, 3)),
      load<i64>(valueAt(load<u32>(tables, 8), inputs, rows, j, 3)),
      load<i64>(valueAt(load<u32>(tables, 12), inputs, rows, j, 3)),
      load<i64>(valueAt(load<u32>(tables, 16), inputs, rows, j, 3)));
    storeSum(columns, id);
  }
}

/** Adds doubles to sums. */
export function gatherDoubles(table: usize, inputs: usize, rows: usize, ids: usize, n: u32, columns: usize): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const id = usize(load<u32>(ids + (j << 2)));
    loadSum(columns, id);
    addBits(load<u64>(valueAt(table, inputs, rows, j, 3)));
    storeSum(columns, id);
  }
}

/** Sums as the nearest doubles. */
export function finishSums(columns: usize, n: u32, out: usize): void {
  for (let id: usize = 0; id < usize(n); id++) {
    loadSum(columns, id);
    store<u64>(out + (id << 3), rounded());
  }
}

/** Adds totals to totals: two tables, two columns. */
export function gatherTotals(tables: usize, inputs: usize, rows: usize, ids: usize, n: u32, columns: usize): void {
  const lows: usize = load<u32>(columns);
  const highs: usize = load<u32>(columns, 4);
  for (let j: usize = 0; j < usize(n); j++) {
    const high = target(highs, ids, j, 3);
    addTotal(target(lows, ids, j, 3), high, load<i64>(valueAt(load<u32>(tables), inputs, rows, j, 3)));
    store<i64>(high, load<i64>(high) + load<i64>(valueAt(load<u32>(tables, 4), inputs, rows, j, 3)));
  }
}

/** Totals as int64 (`wide`) or int32 of at most so many decimal digits (0: any); the first that does not fit, or n. */
export function finishTotals(columns: usize, n: u32, wide: bool, digits: i32, out: usize): u32 {
  const lows: usize = load<u32>(columns);
  const highs: usize = load<u32>(columns, 4);
  let limit: i64 = digits == 0 ? i64.MAX_VALUE : 1;
  for (let i = 0; i < digits; i++) limit *= 10;
  for (let id: usize = 0; id < usize(n); id++) {
    const value = load<i64>(lows + (id << 3));
    if (load<i64>(highs + (id << 3)) != 0) return u32(id);
    if (digits != 0 && (value >= limit || value <= -limit)) return u32(id);
    if (wide) store<i64>(out + (id << 3), value);
    else if (value != i64(i32(value))) return u32(id);
    else store<i32>(out + (id << 2), i32(value));
  }
  return n;
}
