/** Runs of small integers (RLE and bit-packed, the hybrid of Parquet's levels, dictionary indices and booleans).
 *
 * Reads bytes[from] to bytes[to] and no further, and writes `count` numbers and no more, whatever the bytes say.
 * Format: https://parquet.apache.org/docs/file-format/data-pages/encodings/ (RLE = 3).
 */
const TOO_SHORT = 'runs end before their values do';

/** @param width bits of a number, at most 32. Throws an Error. */
export function takeRuns(
  bytes: Uint8Array,
  from: number,
  to: number,
  width: number,
  into: Uint8Array | Int32Array,
  count: number,
): void {
  if (width > 32) throw new Error(`numbers of ${width} bits`);
  let at = from;
  let done = 0;
  while (done < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= to || shift > 28) throw new Error(TOO_SHORT);
      const byte = bytes[at++]!;
      header |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    const run = header >>> 1;
    if (run === 0) throw new Error('a run of no values');
    if ((header & 1) === 0) {
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) {
        if (at >= to) throw new Error(TOO_SHORT);
        value |= bytes[at++]! << shift;
      }
      if (width < 32 && value >>> width !== 0)
        throw new Error(`a number of more than ${width} bits`);
      const end = Math.min(count, done + run);
      into.fill(value, done, end);
      done = end;
    } else {
      const end = Math.min(count, done + run * 8);
      unpack(bytes, at, to, width, into, done, end);
      done = end;
      at += run * width;
    }
  }
}

/** Bit-packed, lowest bits first. */
function unpack(
  bytes: Uint8Array,
  from: number,
  to: number,
  width: number,
  into: Uint8Array | Int32Array,
  first: number,
  end: number,
): void {
  if (from + Math.ceil(((end - first) * width) / 8) > to) throw new Error(TOO_SHORT);
  if (width === 0) return void into.fill(0, first, end);
  // Up to 25 bits are in one word of 32, wherever they begin.
  const mask = width === 32 ? -1 : (1 << width) - 1;
  let bit = 0;
  for (let i = first; i < end; i++, bit += width) {
    const at = from + (bit >>> 3);
    const shift = bit & 7;
    let word =
      bytes[at]! |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    word >>>= shift;
    if (shift + width > 32) word |= (bytes[at + 4] ?? 0) << (32 - shift);
    into[i] = word & mask;
  }
}

/** Bits that the largest of these levels needs. */
export const bitsOf = (most: number): number => 32 - Math.clz32(most);
