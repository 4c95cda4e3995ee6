/** Columns to and from the bodies of Parquet pages: levels and PLAIN values.
 *
 * A body is [repetition levels] [definition levels] values; null values are absent from the last part. Levels are
 * in the hybrid of run lengths and bit-packed groups, with their length in 4 bytes before them.
 * Format: https://parquet.apache.org/docs/file-format/data-pages/encodings/ (PLAIN = 0, RLE = 3).
 *
 * Invariants: bodies depend on the values alone; loops are over typed arrays, with no object a value.
 */

/** Below this a loop over bytes beats a call of `set` or `copyWithin`. */
const SHORT = 24;

/** A buffer that grows, reused from page to page. */
export class PageBuffer {
  bytes: Uint8Array = new Uint8Array(4096);
  length = 0;

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
  /** Makes room for so many more bytes. */
  room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.view());
    this.bytes = grown;
  }
  append(from: Uint8Array): void {
    this.room(from.length);
    this.bytes.set(from, this.length);
    this.length += from.length;
  }
}

/** Levels, one byte each, of `width` bits: one run where all are equal, otherwise bit-packed. */
export function putLevels(into: PageBuffer, levels: Uint8Array, width: number): void {
  const groups = Math.ceil(levels.length / 8);
  into.room(16 + groups * width);
  const at = into.length;
  into.length += 4;
  if (allEqual(levels)) {
    putVarint(into, levels.length * 2);
    into.bytes[into.length++] = levels[0] ?? 0;
  } else {
    putVarint(into, groups * 2 + 1);
    packBits(into, levels, groups, width);
  }
  putUint32(into.bytes, at, into.length - at - 4);
}

/** Bit-packs groups of eight, lowest bits first; the last group is filled with zeros. */
function packBits(into: PageBuffer, levels: Uint8Array, groups: number, width: number): void {
  let held = 0;
  let bits = 0;
  for (let i = 0; i < groups * 8; i++) {
    held |= (i < levels.length ? levels[i]! : 0) << bits;
    bits += width;
    while (bits >= 8) {
      into.bytes[into.length++] = held & 255;
      held >>>= 8;
      bits -= 8;
    }
  }
}

/** Reads `count` levels of one bit from the front of a page body into `valid`. @returns where the values begin. */
export function takeLevels(
  body: Uint8Array,
  from: number,
  valid: Uint8Array,
  count: number,
): number {
  const end = from + 4 + uint32(body, from);
  let at = from + 4;
  let done = 0;
  while (done < count && at < end) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++]!;
      header |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    const run = header >>> 1;
    if ((header & 1) === 0) {
      valid.fill(body[at++]!, done, Math.min(count, done + run));
      done += run;
    } else {
      const stop = Math.min(count, done + run * 8);
      for (let bit = 0; done < stop; bit++)
        valid[done++] = (body[at + (bit >>> 3)]! >>> (bit & 7)) & 1;
      at += run;
    }
  }
  return end;
}

/** Rows [from, to) of fixed width, without the absent ones. */
export function putFixed(
  into: PageBuffer,
  data: Uint8Array,
  width: number,
  valid: Uint8Array | undefined,
  from: number,
  to: number,
): void {
  if (valid === undefined) return into.append(data.subarray(from * width, to * width));
  into.room((to - from) * width);
  const { bytes } = into;
  let at = into.length;
  for (let row = from; row < to; row++) {
    if (valid[row] === 0) continue;
    for (let i = row * width; i < (row + 1) * width; i++) bytes[at++] = data[i]!;
  }
  into.length = at;
}

/** Rows [from, to) of variable width: each its length in 4 bytes, then itself. */
export function putVariable(
  into: PageBuffer,
  data: Uint8Array,
  offsets: Int32Array,
  valid: Uint8Array | undefined,
  from: number,
  to: number,
): void {
  into.room(offsets[to]! - offsets[from]! + 4 * (to - from));
  const { bytes } = into;
  let at = into.length;
  for (let row = from; row < to; row++) {
    if (valid !== undefined && valid[row] === 0) continue;
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    putUint32(bytes, at, end - start);
    at += 4;
    if (end - start < SHORT) {
      for (let i = start; i < end; i++) bytes[at++] = data[i]!;
    } else {
      bytes.set(data.subarray(start, end), at);
      at += end - start;
    }
  }
  into.length = at;
}

/** Spreads present values of fixed width over all rows; absent rows are zeros. */
export function takeFixed(
  body: Uint8Array,
  from: number,
  width: number,
  valid: Uint8Array,
  rows: number,
  into: Uint8Array,
): void {
  let at = from;
  for (let row = 0; row < rows; row++) {
    const present = valid[row] !== 0;
    for (let to = row * width; to < (row + 1) * width; to++) into[to] = present ? body[at++]! : 0;
  }
}

/** Takes the lengths out from between the values, in place: values move to `from` and follow one another.
 * @returns bytes of all values */
export function takeVariable(
  body: Uint8Array,
  from: number,
  valid: Uint8Array | undefined,
  rows: number,
  offsets: Int32Array,
): number {
  let at = from;
  let to = from;
  offsets[0] = 0;
  for (let row = 0; row < rows; row++) {
    if (valid === undefined || valid[row] !== 0) {
      const length = uint32(body, at);
      at += 4;
      if (length < SHORT) {
        for (const end = at + length; at < end; ) body[to++] = body[at++]!;
      } else {
        body.copyWithin(to, at, at + length);
        at += length;
        to += length;
      }
    }
    offsets[row + 1] = to - from;
  }
  return to - from;
}

export function uint32(bytes: Uint8Array, at: number): number {
  const high = (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return (bytes[at]! | (bytes[at + 1]! << 8) | high) >>> 0;
}
function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
function putVarint(into: PageBuffer, value: number): void {
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) into.bytes[into.length++] = left | 128;
  into.bytes[into.length++] = left;
}
function allEqual(levels: Uint8Array): boolean {
  for (let i = 1; i < levels.length; i++) if (levels[i] !== levels[0]) return false;
  return true;
}
