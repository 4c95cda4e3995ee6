/** Sorted cells → columns of a batch. */
import { CELL, INLINE, swapBytes } from './cell';

/** How many of the cells first to end fit into maxBytes, at least one; each costs `fixed` bytes and its key. The bytes of
 *  their keys are left at `bytesOut`. */
export function measure(first: usize, end: usize, maxBytes: u32, fixed: u32, bytesOut: usize): u32 {
  let keys: u64 = 0;
  let rows: u32 = 0;
  for (let cell = first; cell != end; cell += CELL) {
    const length = u64(load<u32>(cell, 4));
    if (rows != 0 && keys + length + u64(rows + 1) * u64(fixed) > u64(maxBytes)) break;
    keys += length;
    rows++;
  }
  store<u32>(bytesOut, u32(keys));
  return rows;
}

/** Keys as a bytes column: rows + 1 offsets, and data, which is written up to 15 bytes beyond its end. */
export function takeKeys(first: usize, rows: u32, offsets: usize, data: usize): void {
  let at = data;
  store<u32>(offsets, 0);
  const end = first + usize(rows) * CELL;
  for (let cell = first; cell != end; cell += CELL) {
    const length: usize = load<u32>(cell, 4);
    if (length <= INLINE) {
      store<u64>(at, swapBytes(load<u64>(cell, 16)));
      store<u64>(at, swapBytes(load<u64>(cell, 24)), 8);
    } else memory.copy(at, load<u32>(cell, 28), length);
    at += length;
    offsets += 4;
    store<u32>(offsets, u32(at - data));
  }
}

/** The payloads, as an int64 column. */
export function takeCounts(first: usize, rows: u32, out: usize): void {
  const end = first + usize(rows) * CELL;
  for (let cell = first; cell != end; cell += CELL, out += 8) store<u64>(out, load<u64>(cell, 8));
}

/** The ids of groups, as an int32 column. */
export function takeIds(first: usize, rows: u32, out: usize): void {
  const end = first + usize(rows) * CELL;
  for (let cell = first; cell != end; cell += CELL, out += 4) store<u32>(out, load<u32>(cell, 8));
}

/** Accumulators of 4 or 8 bytes by the cells' ids. */
export function takeFixed(first: usize, rows: u32, accumulators: usize, width: u32, out: usize): void {
  const end = first + usize(rows) * CELL;
  if (width == 4) {
    for (let cell = first; cell != end; cell += CELL, out += 4) {
      store<u32>(out, load<u32>(accumulators + (usize(load<u32>(cell, 8)) << 2)));
    }
  } else {
    for (let cell = first; cell != end; cell += CELL, out += 8) {
      store<u64>(out, load<u64>(accumulators + (usize(load<u32>(cell, 8)) << 3)));
    }
  }
}

/** Word `word` of the float sums by the cells' ids. */
export function takeSums(first: usize, rows: u32, sums: usize, width: u32, word: u32, out: usize): void {
  const end = first + usize(rows) * CELL;
  for (let cell = first; cell != end; cell += CELL, out += 8) {
    store<u64>(out, load<u64>(sums + usize(load<u32>(cell, 8)) * usize(width) + (usize(word) << 3)));
  }
}
