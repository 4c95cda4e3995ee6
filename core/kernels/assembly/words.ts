/** The fused WordCount: find words, hash, count in the cell's payload. Words go in batches of 64, like keys in
 *  groups.ts: find and hash all and touch their slots, then compare and count. */
import { CELL, INLINE, hashBlock, hashKey, hashStart } from './cell';
import { MASK, TABLE, insert, slotOf } from './groups';
import { BATCH, BATCH_END, keep } from './static';
import { decoded, letterEnd } from './letters';

/** How many words the last fill found, as an end address. */
let filled: usize = 0;

/** Lanes that hold 09 to 0D or 20. */
// @ts-ignore: decorator
@inline
function separators(v: v128): i32 {
  return i8x16.bitmask(v128.or(
    i8x16.eq(v, i8x16.splat(0x20)),
    i8x16.lt_u(i8x16.sub(v, i8x16.splat(9)), i8x16.splat(5))));
}

// @ts-ignore: decorator
@inline
function letters(v: v128): i32 {
  return i8x16.bitmask(
    i8x16.lt_u(i8x16.sub(v128.or(v, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26)));
}

function separatorAfter(at: usize, end: usize): usize {
  for (; at < end; at += 16) {
    const found = separators(v128.load(at));
    if (found != 0) return min<usize>(end, at + usize(ctz(found)));
  }
  return end;
}

// @ts-ignore: decorator
@inline
function put(t: usize, word: usize, length: usize, first16: v128, table: usize, mask: u32): u32 {
  let hash: u32;
  if (length <= INLINE) {
    const k = v128.and(first16, keep(length));
    v128.store(t, k, 16);
    hash = u32(hashBlock(hashStart(length), v128.extract_lane<u64>(k, 0), v128.extract_lane<u64>(k, 1)) >> 32);
  } else {
    v128.store(t, first16, 16);
    hash = hashKey(word, length);
  }
  store<u32>(t, hash);
  store<u32>(t, u32(length), 4);
  store<u32>(t, u32(word), 8);
  return load<u32>(table + (usize(hash & mask) << 5));
}

function fillBytes(at: usize, end: usize, table: usize, mask: u32): usize {
  let t = BATCH;
  let touched: u32 = 0;
  while (t != BATCH_END && at < end) {
    const v = v128.load(at);
    let length = usize(ctz(separators(v) | 0x10000));
    if (length == 0) {
      at++;
      continue;
    }
    if (length == 16) length = separatorAfter(at + 16, end) - at;
    length = min<usize>(length, end - at);
    touched ^= put(t, at, length, v, table, mask);
    t += CELL;
    at += length + 1;
  }
  store<u32>(BATCH_END, touched);
  filled = t;
  return at;
}

function fillUnicode(at: usize, end: usize, table: usize, mask: u32): usize {
  let t = BATCH;
  let touched: u32 = 0;
  while (t != BATCH_END && at < end) {
    const v = v128.load(at);
    const ascii = letters(v);
    const high = i8x16.bitmask(v);
    const skip = ctz((ascii | high) | 0x10000);
    if (skip != 0) {
      at += usize(skip);
      continue;
    }
    let length = usize(ctz(~ascii | 0x10000));
    // A run of ASCII letters that ends at an ASCII byte is a word; anything else is read letter by letter.
    if (length == 16 || (high >> i32(length)) & 1) {
      length = letterEnd(at, end) - at;
      if (length == 0) {
        at += max<usize>(1, decoded(at, end));
        continue;
      }
    }
    length = min<usize>(length, end - at);
    touched ^= put(t, at, length, v, table, mask);
    t += CELL;
    at += length;
  }
  store<u32>(BATCH_END, touched);
  filled = t;
  return at;
}

/** Counts the batch; the first word there is no memory for, or 0. */
function countBatch(state: usize, table: usize, mask: u32): usize {
  for (let t = BATCH; t != filled; t += CELL) {
    const head = load<u64>(t);
    const k0 = load<u64>(t, 16);
    const k1 = load<u64>(t, 24);
    const word: usize = load<u32>(t, 8);
    const slot = slotOf(table, mask, head, k0, k1, word);
    if (load<u64>(slot) != 0) store<u64>(slot, load<u64>(slot, 8) + 1, 8);
    else if (!insert(state, slot, head, k0, k1, word, 1)) return word;
  }
  return 0;
}

/** Counts words of bytes at to end, at least up to `stop`; returns where it stopped: the start of a word (or separators). */
export function countBytes(state: usize, at: usize, stop: usize, end: usize): usize {
  const table: usize = load<u32>(state, TABLE);
  const mask = load<u32>(state, MASK);
  while (at < stop) {
    at = fillBytes(at, end, table, mask);
    const stopped = countBatch(state, table, mask);
    if (stopped != 0) return stopped;
  }
  return min<usize>(at, end);
}

export function countUnicode(state: usize, at: usize, stop: usize, end: usize): usize {
  const table: usize = load<u32>(state, TABLE);
  const mask = load<u32>(state, MASK);
  while (at < stop) {
    at = fillUnicode(at, end, table, mask);
    const stopped = countBatch(state, table, mask);
    if (stopped != 0) return stopped;
  }
  return min<usize>(at, end);
}

/** ASCII capitals become small, in place. */
export function lowerAscii(at: usize, end: usize): void {
  for (; at + 16 <= end; at += 16) {
    const v = v128.load(at);
    const capital = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x41)), i8x16.splat(26));
    v128.store(at, v128.or(v, v128.and(capital, i8x16.splat(0x20))));
  }
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte - 0x41 < 26) store<u8>(at, byte | 0x20);
  }
}
