/** Least significant digit first: stable passes over u64 keys, each from one buffer to another, with or without a u32 that goes
 *  along. The wrapper (../radix.ts) chooses the digits and calls them chunk by chunk. */

/** Whether keys first to end (and the one before) do not ascend: bit 0 as a whole, bit 1 by their lower halves. */
export function descents(keys: usize, first: u32, end: u32): u32 {
  let found: u32 = 0;
  let last = load<u64>(keys + (usize(first == 0 ? 0 : first - 1) << 3));
  for (let i = first; i < end; i++) {
    const key = load<u64>(keys + (usize(i) << 3));
    found |= u32(key < last) | (u32(u32(key) < u32(last)) << 1);
    last = key;
  }
  return found;
}

// @ts-ignore: decorator
@inline
function digitOf(key: u64, shift: u32, mask: u32): usize {
  return usize(u32(key >> u64(shift)) & mask) << 2;
}

export function countDigits(keys: usize, first: u32, end: u32, shift: u32, mask: u32, counts: usize): void {
  for (let i = first; i < end; i++) {
    const at = counts + digitOf(load<u64>(keys + (usize(i) << 3)), shift, mask);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Counts become starts. Returns whether all n keys have one digit. */
export function startDigits(counts: usize, buckets: u32, n: u32): bool {
  let start: u32 = 0;
  let single = false;
  for (let i: u32 = 0; i < buckets; i++) {
    const at = counts + (usize(i) << 2);
    const count = load<u32>(at);
    if (count == n) single = true;
    store<u32>(at, start);
    start += count;
  }
  return single;
}

export function moveKeys(keys: usize, first: u32, end: u32, shift: u32, mask: u32, starts: usize, keysOut: usize): void {
  for (let i = first; i < end; i++) {
    const key = load<u64>(keys + (usize(i) << 3));
    const at = starts + digitOf(key, shift, mask);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u64>(keysOut + (usize(to) << 3), key);
  }
}

export function moveRows(
  keys: usize, rows: usize, first: u32, end: u32, shift: u32, mask: u32, starts: usize, keysOut: usize, rowsOut: usize,
): void {
  for (let i = first; i < end; i++) {
    const key = load<u64>(keys + (usize(i) << 3));
    const at = starts + digitOf(key, shift, mask);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u64>(keysOut + (usize(to) << 3), key);
    store<u32>(rowsOut + (usize(to) << 2), load<u32>(rows + (usize(i) << 2)));
  }
}
