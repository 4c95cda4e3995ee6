/** Keys → dense ids, by open addressing over cells with linear probing. The state block is laid out in groups.ts of
 *  the wrappers; here it is only read and advanced. */
import { CELL, INLINE, copyPadded, hashBlock, hashKey, hashStart, padded, same } from './cell';
import { BATCH, BATCH_END, keep } from './static';

export const TABLE = 0;
export const MASK = 4;
export const COUNT = 8;
export const LIMIT = 12;
export const POOL = 16;
export const POOL_END = 20;
/** What stopped the last call: bytes of pool for one key; or NEED_TABLE. */
export const NEED = 24;
export const NEED_TABLE: u32 = 0xffffffff;

/** The slot that holds the key or the empty one where it belongs. `key` is where it lies whole; its first 16 bytes, zero
 *  padded, are given. */
// @ts-ignore: decorator
@inline
export function slotOf(table: usize, mask: u32, head: u64, k0: u64, k1: u64, key: usize): usize {
  const last = table + (usize(mask) << 5);
  let slot = table + (usize(u32(head) & mask) << 5);
  const length = usize(head >> 32);
  let found = load<u64>(slot);
  while (found != 0) {
    if (found == head) {
      if (length <= INLINE) {
        if (load<u64>(slot, 16) == k0 && load<u64>(slot, 24) == k1) return slot;
      } else if (load<u64>(slot, 16) == k0 && same(load<u32>(slot, 28), key, length)) return slot;
    }
    slot = slot == last ? table : slot + CELL;
    found = load<u64>(slot);
  }
  return slot;
}

/** Fills an empty slot; false when the table is at its limit or the pool is short, and then NEED says which. */
export function insert(state: usize, slot: usize, head: u64, k0: u64, k1: u64, key: usize, payload: u64): bool {
  const count = load<u32>(state, COUNT);
  if (count == load<u32>(state, LIMIT)) {
    store<u32>(state, NEED_TABLE, NEED);
    return false;
  }
  const length = usize(head >> 32);
  if (length > INLINE) {
    const pool = load<u32>(state, POOL);
    if (load<u32>(state, POOL_END) - pool < u32(padded(length))) {
      store<u32>(state, u32(padded(length)), NEED);
      return false;
    }
    copyPadded(pool, key, length);
    store<u32>(state, pool + u32(padded(length)), POOL);
    store<u32>(slot, pool, 28);
    store<u32>(slot, u32(k1), 24);
  } else store<u64>(slot, k1, 24);
  store<u64>(slot, k0, 16);
  store<u64>(slot, payload, 8);
  store<u64>(slot, head);
  store<u32>(state, count + 1, COUNT);
  return true;
}

/** Adds keys first to end; their ids go to `ids`. Returns the first key not taken; NEED says why. Keys go in batches:
 *  all of one are hashed and their slots touched before any is compared, so that cache misses overlap. */
export function addKeys(state: usize, keys: usize, offsets: usize, first: u32, end: u32, ids: usize): u32 {
  const table: usize = load<u32>(state, TABLE);
  const mask = load<u32>(state, MASK);
  while (first < end) {
    const n = min<u32>(end - first, u32((BATCH_END - BATCH) / CELL));
    let touched: u32 = 0;
    let at = offsets + (usize(first) << 2);
    for (let i: u32 = 0, t = BATCH; i < n; i++, t += CELL, at += 4) {
      const key = keys + usize(load<u32>(at));
      const length = usize(load<u32>(at, 4) - load<u32>(at));
      const block = v128.and(v128.load(key), keep(min<usize>(length, 16)));
      const hash = length <= INLINE
        ? u32(hashBlock(hashStart(length), v128.extract_lane<u64>(block, 0), v128.extract_lane<u64>(block, 1)) >> 32)
        : hashKey(key, length);
      store<u32>(t, hash);
      store<u32>(t, u32(length), 4);
      store<u32>(t, u32(key), 8);
      v128.store(t, block, 16);
      touched ^= load<u32>(table + (usize(hash & mask) << 5));
    }
    store<u32>(BATCH_END, touched);
    for (let i: u32 = 0, t = BATCH; i < n; i++, t += CELL) {
      const head = load<u64>(t);
      const k0 = load<u64>(t, 16);
      const k1 = load<u64>(t, 24);
      const key: usize = load<u32>(t, 8);
      const slot = slotOf(table, mask, head, k0, k1, key);
      if (load<u64>(slot) == 0) {
        const id = load<u32>(state, COUNT);
        if (!insert(state, slot, head, k0, k1, key, u64(id))) return first + i;
      }
      store<u32>(ids + (usize(first + i) << 2), load<u32>(slot, 8));
    }
    first += n;
  }
  return first;
}

/** Moves the cells of slots first to end into an empty table. */
export function rehash(first: usize, end: usize, table: usize, mask: u32): void {
  const last = table + (usize(mask) << 5);
  for (let cell = first; cell != end; cell += CELL) {
    if (load<u64>(cell) == 0) continue;
    let slot = table + (usize(load<u32>(cell) & mask) << 5);
    while (load<u64>(slot) != 0) slot = slot == last ? table : slot + CELL;
    v128.store(slot, v128.load(cell));
    v128.store(slot, v128.load(cell, 16), 16);
  }
}

/** The slot of an id, or 0: by looking at all, for error messages. */
export function findId(first: usize, end: usize, id: u32): usize {
  for (let cell = first; cell != end; cell += CELL) {
    if (load<u64>(cell) != 0 && load<u32>(cell, 8) == id) return cell;
  }
  return 0;
}
