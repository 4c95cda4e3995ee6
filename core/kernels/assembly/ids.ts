/** Ids of vertices → dense numbers: int64 by a table of its own, small ones by themselves.
 *
 * A table slot is 16 bytes: u64 the id, u32 its number + 1 (0: empty). Open addressing, linear probing, at most half full, so
 * that sorting finds room in the other half. State, u32 each: table, mask, count, limit.
 */
import { swapBytes } from './cell';
import { BATCH, BATCH_END } from './static';

const TABLE = 0;
const MASK = 4;
const COUNT = 8;
const LIMIT = 12;
const SLOT: usize = 16;
const NUMBER: usize = 8;
/** Slots that are touched before any is compared, so that cache misses overlap. */
const AHEAD: u32 = 64;

const M0: u64 = 0x9e3779b97f4a7c15;
const SIGN: u64 = 0x8000000000000000;

// @ts-ignore: decorator
@inline
function place(table: usize, mask: u32, id: u64): usize {
  return table + (usize(u32(((id ^ (id >> 29)) * M0) >> 32) & mask) << 4);
}

/** Numbers of the ids first to end, to `out` (u32). Returns the first not taken: the table is at its limit. */
export function addIds(state: usize, ids: usize, first: u32, end: u32, out: usize): u32 {
  const table: usize = load<u32>(state, TABLE);
  const mask = load<u32>(state, MASK);
  const last = table + (usize(mask) << 4);
  while (first < end) {
    const n = min<u32>(end - first, AHEAD);
    let touched: u32 = 0;
    let at = ids + (usize(first) << 3);
    for (let i: u32 = 0; i < n; i++, at += 8) {
      const slot = place(table, mask, load<u64>(at));
      store<u32>(BATCH + (usize(i) << 2), u32(slot));
      touched ^= load<u32>(slot, NUMBER);
    }
    store<u32>(BATCH_END, touched);
    at = ids + (usize(first) << 3);
    for (let i: u32 = 0; i < n; i++, at += 8) {
      const id = load<u64>(at);
      let slot: usize = load<u32>(BATCH + (usize(i) << 2));
      let number = load<u32>(slot, NUMBER);
      while (number != 0 && load<u64>(slot) != id) {
        slot = slot == last ? table : slot + SLOT;
        number = load<u32>(slot, NUMBER);
      }
      if (number == 0) {
        number = load<u32>(state, COUNT);
        if (number == load<u32>(state, LIMIT)) return first + i;
        number++;
        store<u32>(state, number, COUNT);
        store<u64>(slot, id);
        store<u32>(slot, number, NUMBER);
      }
      store<u32>(out + (usize(first + i) << 2), number - 1);
    }
    first += n;
  }
  return first;
}

/** Moves the slots first to end into an empty table. */
export function rehashIds(first: usize, end: usize, table: usize, mask: u32): void {
  const last = table + (usize(mask) << 4);
  for (let from = first; from != end; from += SLOT) {
    if (load<u32>(from, NUMBER) == 0) continue;
    let slot = place(table, mask, load<u64>(from));
    while (load<u32>(slot, NUMBER) != 0) slot = slot == last ? table : slot + SLOT;
    v128.store(slot, v128.load(from));
  }
}

/** Moves the slots in use of first to end down to `to`; returns where the next one goes. */
export function compactIds(first: usize, end: usize, to: usize): usize {
  for (let from = first; from != end; from += SLOT) {
    if (load<u32>(from, NUMBER) == 0) continue;
    v128.store(to, v128.load(from));
    to += SLOT;
  }
  return to;
}

/** n slots as two columns: ids whose unsigned order is that of the signed ones, and numbers. */
export function splitIds(from: usize, n: u32, ids: usize, numbers: usize): void {
  for (let i: u32 = 0; i < n; i++, from += SLOT, ids += 8, numbers += 4) {
    store<u64>(ids, load<u64>(from) ^ SIGN);
    store<u32>(numbers, load<u32>(from, NUMBER) - 1);
  }
}

/** n numbers in unsigned order as keys: 8 bytes, big endian; and their n + 1 offsets. */
export function keysOfIds(ids: usize, n: u32, keys: usize, offsets: usize): void {
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(keys + (usize(i) << 3), swapBytes(load<u64>(ids + (usize(i) << 3))));
    store<u32>(offsets + (usize(i) << 2), (i + 1) << 3, 4);
  }
}

/** And back. */
export function idsOfKeys(keys: usize, n: u32, ids: usize): void {
  for (let i: usize = 0; i < usize(n) << 3; i += 8) store<u64>(ids + i, swapBytes(load<u64>(keys + i)));
}

/** Small ids are their own numbers: a bit each says which there are. Returns the first that is not below `limit`, or
 *  negative; or `end`. */
export function addSmall(bits: usize, limit: u32, ids: usize, first: u32, end: u32, out: usize): u32 {
  for (let i = first; i < end; i++) {
    const id = load<u64>(ids + (usize(i) << 3));
    if (id >= u64(limit)) return i;
    const at = bits + (usize(id) >> 3);
    const bit = u32(1) << (u32(id) & 7);
    const byte = u32(load<u8>(at));
    if ((byte & bit) == 0) store<u8>(at, byte | bit);
    store<u32>(out + (usize(i) << 2), u32(id));
  }
  return end;
}

/** Up to `most` of the bits from `from` on (a multiple of 64 ends the map); returns how many were found. */
export function listSmall(bits: usize, from: u32, end: u32, most: u32, out: usize): u32 {
  let n: u32 = 0;
  for (let word = from >> 6; word < end >> 6 && n < most; word++) {
    let left = load<u64>(bits + (usize(word) << 3));
    if (word == from >> 6) left &= u64.MAX_VALUE << u64(from & 63);
    for (; left != 0 && n < most; left &= left - 1, n++) {
      store<u32>(out + (usize(n) << 2), (word << 6) + u32(ctz(left)));
    }
  }
  return n;
}

/** Small ids as keys, as `keysOfIds` has them. */
export function keysOfSmall(numbers: usize, n: u32, keys: usize, offsets: usize): void {
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(keys + (usize(i) << 3), swapBytes(u64(load<u32>(numbers + (usize(i) << 2))) ^ SIGN));
    store<u32>(offsets + (usize(i) << 2), (i + 1) << 3, 4);
  }
}

/** One out-edge more for each source; of an undirected graph for each target too, but once for a self-loop. */
export function countEdges(degrees: usize, sources: usize, targets: usize, n: u32, undirected: bool): void {
  for (let i: usize = 0; i < usize(n); i++) {
    const source = load<u32>(sources + (i << 2));
    const at = degrees + (usize(source) << 2);
    store<u32>(at, load<u32>(at) + 1);
    if (!undirected) continue;
    const target = load<u32>(targets + (i << 2));
    if (target == source) continue;
    const other = degrees + (usize(target) << 2);
    store<u32>(other, load<u32>(other) + 1);
  }
}

/** How often each number was listed: 0, 1, or 2 for more. */
export function countListed(listed: usize, numbers: usize, n: u32): void {
  for (let i: usize = 0; i < usize(n); i++) {
    const at = listed + (usize(load<u32>(numbers + (i << 2))) << 2);
    store<u32>(at, min<u32>(load<u32>(at) + 1, 2));
  }
}
