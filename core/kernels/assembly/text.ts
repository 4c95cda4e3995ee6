/** Lines, ASCII and UTF-8 in bytes. */
import { decoded } from './letters';
import { BATCH } from './static';

/** Starts and ends (from `base`) of lines in at to end, at most `most` of them. `whole`: what follows the last LF is a line
 *  too. Returns the count; the start of the first line not taken, from `base`, is left in BATCH. */
export function lines(base: usize, at: usize, end: usize, whole: bool, starts: usize, ends: usize, most: u32): u32 {
  let count: u32 = 0;
  let line = at;
  for (; at < end; at += 16) {
    let found = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x0a)));
    while (found != 0) {
      const lf = at + usize(ctz(found));
      if (lf >= end) break;
      if (count == most) {
        store<u32>(BATCH, u32(line - base));
        return count;
      }
      found &= found - 1;
      store<u32>(starts, u32(line - base));
      store<u32>(ends, u32(lf - base - usize(lf > line && load<u8>(lf - 1) == 0x0d)));
      starts += 4;
      ends += 4;
      count++;
      line = lf + 1;
    }
  }
  if (whole && line < end && count < most) {
    store<u32>(starts, u32(line - base));
    store<u32>(ends, u32(end - base));
    count++;
    line = end;
  }
  store<u32>(BATCH, u32(line - base));
  return count;
}

/** LFs. */
export function countLf(at: usize, end: usize): u32 {
  let count: u32 = 0;
  for (; at + 16 <= end; at += 16) {
    count += popcnt(u32(i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x0a)))));
  }
  for (; at < end; at++) count += u32(load<u8>(at) == 0x0a);
  return count;
}

/** Bytes at the start that are ASCII. */
export function asciiUpTo(from: usize, end: usize): usize {
  for (let at = from; at < end; at += 16) {
    const high = i8x16.bitmask(v128.load(at));
    if (high != 0) return min<usize>(end, at + usize(ctz(high))) - from;
  }
  return end - from;
}

/** Bytes at the start that are whole, well-formed UTF-8 characters. */
export function validUtf8UpTo(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    if (end - at >= 16 && i8x16.bitmask(v128.load(at)) == 0) {
      at += 16;
      continue;
    }
    const width = decoded(at, end);
    if (width == 0) break;
    at += width;
  }
  return at - from;
}
