/** From a table or a list of cells to cells in partition order, in place: no memory is asked for when it is short. */
import { CELL, INLINE, partitionOf, swapBytes } from './cell';

/** Moves the cells of slots first to end down to `to`, and turns key words into numbers (big endian) for the sort.
 *  Returns where the next one goes. */
export function compact(first: usize, end: usize, to: usize): usize {
  for (let cell = first; cell != end; cell += CELL) {
    if (load<u64>(cell) == 0) continue;
    const head = load<u64>(cell);
    const payload = load<u64>(cell, 8);
    const k0 = swapBytes(load<u64>(cell, 16));
    let k1 = load<u64>(cell, 24);
    if (load<u32>(cell, 4) <= u32(INLINE)) k1 = swapBytes(k1);
    store<u64>(to, head);
    store<u64>(to, payload, 8);
    store<u64>(to, k0, 16);
    store<u64>(to, k1, 24);
    to += CELL;
  }
  return to;
}

/** The partition of a cell: its payload b where rows chose one, otherwise by hash. */
// @ts-ignore: decorator
@inline
function partitionAt(cell: usize, partitions: u32, chosen: bool): u32 {
  return chosen ? load<u32>(cell, 12) : partitionOf(load<u32>(cell), partitions);
}

/** Adds the cells first to end to counts (u32 a partition). */
export function countPartitions(first: usize, end: usize, partitions: u32, chosen: bool, counts: usize): void {
  for (let cell = first; cell != end; cell += CELL) {
    const at = counts + (usize(partitionAt(cell, partitions, chosen)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** American flag: `next` and `ends` hold two addresses a partition; every cell is swapped to where its partition goes on.
 *  Does about `most` cells from partition `at`; returns the partition to go on with. */
export function splitPartitions(next: usize, ends: usize, at: u32, partitions: u32, chosen: bool, most: u32): u32 {
  for (; at < partitions; at++) {
    const end: usize = load<u32>(ends + (usize(at) << 2));
    let cell: usize = load<u32>(next + (usize(at) << 2));
    while (cell < end) {
      const partition = partitionAt(cell, partitions, chosen);
      if (partition == at) cell += CELL;
      else {
        const place = next + (usize(partition) << 2);
        const to: usize = load<u32>(place);
        store<u32>(place, u32(to) + u32(CELL));
        const a = v128.load(cell);
        const b = v128.load(cell, 16);
        v128.store(cell, v128.load(to));
        v128.store(cell, v128.load(to, 16), 16);
        v128.store(to, a);
        v128.store(to, b, 16);
      }
      if (most-- == 0) {
        store<u32>(next + (usize(at) << 2), u32(cell));
        return at;
      }
    }
    store<u32>(next + (usize(at) << 2), u32(cell));
  }
  return at;
}
