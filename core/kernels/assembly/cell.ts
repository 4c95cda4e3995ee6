/** The cell: 32 bytes, half a cache line; what grouping, sorting and gathering pass around.
 *
 *   [0] u32 hash  [4] u32 length  [8] u32 a  [12] u32 b (together the payload)
 *   [16] the key, zero padded, if it has at most 16 bytes; otherwise its first 12 and [28] u32 where it lies in a pool
 *
 * A pool keeps keys 8-byte aligned and zero padded to a multiple of 16, so they can be read by whole words. A cell
 * whose first 8 bytes are 0 is empty: no key hashes to 0 with length 0.
 */
import { keep } from './static';

export const CELL: usize = 32;
export const INLINE: usize = 16;

const M0: u64 = 0x9e3779b97f4a7c15;
const M1: u64 = 0xc2b2ae3d27d4eb4f;
const M2: u64 = 0xd6e8feb86659fd93;
const M3: u64 = 0xa0761d6478bd642f;

/** The hash of a key, fixed for ever because it shapes output: it starts as (length + 1) × M3, takes the key in blocks of
 *  16 bytes, the last zero padded (at least one), and its high 32 bits are the result. */
// @ts-ignore: decorator
@inline
export function hashStart(length: usize): u64 {
  return (u64(length) + 1) * M3;
}

// @ts-ignore: decorator
@inline
export function hashBlock(h: u64, k0: u64, k1: u64): u64 {
  let x = ((k0 ^ h) * M0) ^ rotl<u64>((k1 ^ h) * M1, 32);
  x = (x ^ (x >> 29)) * M2;
  return x ^ (x >> 32);
}

export function hashKey(key: usize, length: usize): u32 {
  let h = hashStart(length);
  const end = key + length;
  do {
    const left = end - key;
    const block = left >= 16 ? v128.load(key) : v128.and(v128.load(key), keep(left));
    h = hashBlock(h, v128.extract_lane<u64>(block, 0), v128.extract_lane<u64>(block, 1));
    key += 16;
  } while (key < end);
  return u32(h >> 32);
}

/** Spreads a hash again, so that partitions say nothing about places in a table: murmur3's finaliser. */
export function mixHash(hash: u32): u32 {
  let x = hash ^ 0x5bd1e995;
  x = (x ^ (x >> 16)) * 0x85ebca6b;
  x = (x ^ (x >> 13)) * 0xc2b2ae35;
  return x ^ (x >> 16);
}

// @ts-ignore: decorator
@inline
export function partitionOf(hash: u32, partitions: u32): u32 {
  return u32((u64(mixHash(hash)) * u64(partitions)) >> 32);
}

/** Whether two stretches of `length` bytes are the same; reads up to 15 bytes beyond either. */
export function same(a: usize, b: usize, length: usize): bool {
  const end = a + length;
  for (; a + 16 <= end; a += 16, b += 16) {
    if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
  }
  return a >= end || !v128.any_true(v128.and(v128.xor(v128.load(a), v128.load(b)), keep(end - a)));
}

/** Copies by 16 bytes, zeroing the last block's rest. */
export function copyPadded(to: usize, from: usize, length: usize): void {
  const end = from + length;
  for (; from + 16 <= end; from += 16, to += 16) v128.store(to, v128.load(from));
  if (from < end) v128.store(to, v128.and(v128.load(from), keep(end - from)));
}

/** Bytes a key takes in a pool. */
// @ts-ignore: decorator
@inline
export function padded(length: usize): usize {
  return (length + 15) & ~15;
}

// @ts-ignore: decorator
@inline
export function swapBytes(word: u64): u64 {
  const v = i64x2.splat(word);
  return v128.extract_lane<u64>(
    v128.shuffle<u8>(v, v, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8), 0);
}
