/** Columns → normalised keys and back; core/define/keys.ts is the definition, value by value.
 *
 * A part has 32 bytes, u32 each: [0] kind [4] flags [8] data [12] offsets [16] valid [20] used by decodeKeys.
 */
import { swapBytes } from './cell';
import { keep } from './static';

const DATA = 8;
const OFFSETS = 12;
const VALID = 16;
const FILLED = 20;
const PART: usize = 32;

const BOOL: u32 = 0;
const I32: u32 = 1;
const I64: u32 = 2;
const F64: u32 = 3;
const DECIMAL: u32 = 4;
/** The number of the row among all of its split: [8] split, [12] and [16] the low and high half of the first row's. */
const ROW: u32 = 6;

const NULLABLE: u32 = 1;
const DESCENDING: u32 = 2;
const RAW: u32 = 4;

const SIGN: u64 = 0x8000000000000000;

// @ts-ignore: decorator
@inline
function missing(part: usize, row: usize): bool {
  const valid: usize = load<u32>(part, VALID);
  return (load<u32>(part, 4) & NULLABLE) != 0 && valid != 0 && load<u8>(valid + row) == 0;
}

// @ts-ignore: decorator
@inline
function startOf(part: usize, row: usize): usize {
  return usize(load<u32>(part, DATA)) + usize(load<u32>(usize(load<u32>(part, OFFSETS)) + (row << 2)));
}

/** How many of the bytes are 0. */
function zeros(at: usize, end: usize): usize {
  let count: usize = 0;
  for (; at < end; at += 16) {
    // Bytes beyond the end are masked to FF... by leaving only lanes that exist.
    const lanes = end - at >= 16 ? 0xffff : (1 << i32(end - at)) - 1;
    count += usize(popcnt(i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0))) & lanes));
  }
  return count;
}

function bytesOf(part: usize, row: usize): usize {
  const flags = load<u32>(part, 4);
  const marker = usize(flags & NULLABLE);
  if (missing(part, row)) return marker;
  const kind = load<u32>(part);
  if (kind == BOOL) return marker + 1;
  if (kind == I32) return marker + 4;
  if (kind == I64 || kind == F64) return marker + 8;
  if (kind == DECIMAL) return marker + 16;
  if (kind == ROW) return 10;
  const from = startOf(part, row);
  const end = startOf(part, row + 1);
  return marker + (end - from) + ((flags & RAW) != 0 ? 0 : zeros(from, end) + 2);
}

/** Writes n + 1 offsets of keys, and the lengths of their first parts, up to naturalEnd (unless naturals is 0). */
export function measureKeys(parts: usize, naturalEnd: usize, end: usize, n: u32, offsets: usize, naturals: usize): void {
  let bytes: usize = 0;
  store<u32>(offsets, 0);
  for (let row: usize = 0; row < usize(n); row++) {
    const from = bytes;
    let part = parts;
    for (; part != naturalEnd; part += PART) bytes += bytesOf(part, row);
    if (naturals != 0) store<u32>(naturals + (row << 2), u32(bytes - from));
    for (; part != end; part += PART) bytes += bytesOf(part, row);
    store<u32>(offsets + (row << 2), u32(bytes), 4);
  }
}

/** Writes the keys end to end. */
export function writeKeys(parts: usize, end: usize, n: u32, out: usize): void {
  for (let row: usize = 0; row < usize(n); row++) {
    for (let part = parts; part != end; part += PART) {
      const to = writePart(part, row, out);
      if ((load<u32>(part, 4) & DESCENDING) != 0) flip(out, to);
      out = to;
    }
  }
}

function flip(at: usize, end: usize): void {
  for (; at < end; at++) store<u8>(at, ~load<u8>(at));
}

function writePart(part: usize, row: usize, out: usize): usize {
  const flags = load<u32>(part, 4);
  if ((flags & NULLABLE) != 0) {
    const absent = missing(part, row);
    store<u8>(out, u8(!absent));
    out++;
    if (absent) return out;
  }
  const kind = load<u32>(part);
  const data: usize = load<u32>(part, DATA);
  if (kind == BOOL) {
    store<u8>(out, load<u8>(data + (row << 2)));
    return out + 1;
  }
  if (kind == I32) {
    store<u32>(out, bswap<u32>(load<u32>(data + (row << 2)) ^ 0x80000000));
    return out + 4;
  }
  if (kind == I64) {
    store<u64>(out, swapBytes(load<u64>(data + (row << 3)) ^ SIGN));
    return out + 8;
  }
  if (kind == F64) {
    store<u64>(out, swapBytes(ordered(load<f64>(data + (row << 3)))));
    return out + 8;
  }
  if (kind == ROW) return writeRow(part, row, out);
  const from = startOf(part, row);
  const length = startOf(part, row + 1) - from;
  if (kind == DECIMAL) {
    memory.copy(out, from, 16);
    store<u8>(out, load<u8>(out) ^ 0x80);
    return out + 16;
  }
  if ((flags & RAW) == 0) return escape(from, from + length, out);
  memory.copy(out, from, length);
  return out + length;
}

function ordered(value: f64): u64 {
  const bits = value != value ? 0x7ff8000000000000 : reinterpret<u64>(value + 0.0);
  return (bits & SIGN) != 0 ? ~bits : bits | SIGN;
}

function writeRow(part: usize, row: usize, out: usize): usize {
  store<u32>(out, bswap<u32>(load<u32>(part, DATA)));
  const number = (u64(load<u32>(part, 12)) | (u64(load<u32>(part, 16)) << 32)) + u64(row);
  store<u16>(out, bswap<u16>(u16(number >> 32)), 4);
  store<u32>(out, bswap<u32>(u32(number)), 6);
  return out + 10;
}

/** 00 becomes 00 FF, and 00 00 ends it. Blocks without a 0 are copied whole. */
function escape(at: usize, end: usize, out: usize): usize {
  while (at < end) {
    const block = v128.load(at);
    const left = min<usize>(end - at, 16);
    const clean = usize(ctz(i8x16.bitmask(i8x16.eq(block, i8x16.splat(0))) | 0x10000));
    if (clean >= left) {
      storeFirst(out, block, left);
      at += left;
      out += left;
    } else {
      storeFirst(out, block, clean);
      out += clean;
      store<u16>(out, 0xff00);
      out += 2;
      at += clean + 1;
    }
  }
  store<u16>(out, 0);
  return out + 2;
}

/** Stores the block's first n bytes, with zeros behind them: what comes next is written over, or is padding. */
// @ts-ignore: decorator
@inline
function storeFirst(out: usize, block: v128, n: usize): void {
  v128.store(out, v128.and(block, keep(n)));
}

/** Keys that begin with these parts → columns: data, offsets, valid of each part say where they go (its bytes have room for all
 *  the keys'). A raw part ends with the natural key, or with the key if naturals is 0. */
export function decodeKeys(parts: usize, end: usize, keys: usize, offsets: usize, naturals: usize, n: u32): void {
  for (let part = parts; part != end; part += PART) {
    store<u32>(part, 0, FILLED);
    const ends: usize = load<u32>(part, OFFSETS);
    if (ends != 0) store<u32>(ends, 0);
  }
  for (let row: usize = 0; row < usize(n); row++) {
    const from = load<u32>(offsets + (row << 2));
    const length = naturals != 0 ? load<u32>(naturals + (row << 2)) : load<u32>(offsets + (row << 2), 4) - from;
    let at = keys + usize(from);
    const last = at + usize(length);
    for (let part = parts; part != end; part += PART) at = readPart(part, row, at, last);
  }
}

function readPart(part: usize, row: usize, at: usize, last: usize): usize {
  const flags = load<u32>(part, 4);
  const mask: u64 = (flags & DESCENDING) != 0 ? 0xffffffffffffffff : 0;
  let present = true;
  if ((flags & NULLABLE) != 0) {
    present = (load<u8>(at) ^ u8(mask)) != 0;
    store<u8>(usize(load<u32>(part, VALID)) + row, u8(present));
    at++;
  }
  const kind = load<u32>(part);
  const data: usize = load<u32>(part, DATA);
  if (kind == BOOL) {
    store<u32>(data + (row << 2), present ? load<u8>(at) ^ u8(mask) : 0);
    return at + usize(present);
  }
  if (kind == I32) {
    store<u32>(data + (row << 2), present ? bswap<u32>(load<u32>(at) ^ u32(mask)) ^ 0x80000000 : 0);
    return at + (usize(present) << 2);
  }
  if (kind == I64) {
    store<u64>(data + (row << 3), present ? swapBytes(load<u64>(at) ^ mask) ^ SIGN : 0);
    return at + (usize(present) << 3);
  }
  if (kind == F64) {
    const bits = swapBytes(load<u64>(at) ^ mask);
    store<u64>(data + (row << 3), present ? ((bits & SIGN) != 0 ? bits ^ SIGN : ~bits) : 0);
    return at + (usize(present) << 3);
  }
  const out = data + usize(load<u32>(part, FILLED));
  let filled = out;
  if (present) {
    if (kind == DECIMAL) {
      v128.store(out, v128.xor(v128.load(at), i64x2.splat(i64(mask))));
      store<u8>(out, load<u8>(out) ^ 0x80);
      filled = out + 16;
      at += 16;
    } else if ((flags & RAW) != 0) {
      memory.copy(out, at, last - at);
      filled = out + (last - at);
      at = last;
    } else {
      at = unescape(at, last, out, u8(mask));
      filled = out + unescaped;
    }
  }
  store<u32>(part, u32(filled - data), FILLED);
  store<u32>(usize(load<u32>(part, OFFSETS)) + (row << 2), u32(filled - data), 4);
  return at;
}

/** Bytes that `unescape` wrote last. */
let unescaped: usize = 0;

function unescape(at: usize, last: usize, out: usize, mask: u8): usize {
  const start = out;
  while (at < last) {
    const byte = load<u8>(at) ^ mask;
    at++;
    if (byte == 0) {
      const next = load<u8>(at) ^ mask;
      at++;
      if (next == 0) break;
    }
    store<u8>(out, byte);
    out++;
  }
  unescaped = out - start;
  return at;
}
