/** Lines and encodings of text in kernel memory. All lengths and positions are bytes. */
import type { Kernels } from './kernels.ts';
import { CHUNK_BYTES, SCRATCH } from './raw.ts';

const LF = 10;

/** Finds lines. A line ends at LF; a CR just before it is not part of the line.
 *
 *  Line i is bytes[from + starts[i], from + ends[i]): `starts` and `ends` are addresses of u32 arrays with room for
 *  `most`. What follows the last LF is a line too if `whole`, otherwise it is left. `consumed` is where the first line
 *  not delivered starts: with `most` reached, or not `whole`, it is less than `length`. */
export function lines(
  kernels: Kernels,
  from: number,
  length: number,
  starts: number,
  ends: number,
  most: number,
  whole = true,
): { lines: number; consumed: number } {
  const count = kernels.raw.lines(from, from, from + length, whole, starts, ends, most);
  return { lines: count, consumed: kernels.u32[SCRATCH >> 2]! };
}

/** How many lines there are; what follows the last LF is one too. */
export function countLines(kernels: Kernels, from: number, length: number): number {
  const end = from + length;
  let count = 0;
  for (let at = from; at < end; at += CHUNK_BYTES) {
    count += kernels.raw.countLf(at, Math.min(end, at + CHUNK_BYTES));
  }
  return length > 0 && kernels.u8[end - 1] !== LF ? count + 1 : count;
}

/** ASCII capitals become small, in place. */
export function lowerAscii(kernels: Kernels, from: number, length: number): void {
  const end = from + length;
  for (let at = from; at < end; at += CHUNK_BYTES) {
    kernels.raw.lowerAscii(at, Math.min(end, at + CHUNK_BYTES));
  }
}

/** How many bytes at the start are ASCII. */
export function asciiUpTo(kernels: Kernels, from: number, length: number): number {
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    const chunk = Math.min(length - at, CHUNK_BYTES);
    const valid = kernels.raw.asciiUpTo(from + at, from + at + chunk);
    if (valid < chunk) return at + valid;
  }
  return length;
}

/** How many bytes at the start are whole, well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF). */
export function validUtf8UpTo(kernels: Kernels, from: number, length: number): number {
  let at = 0;
  while (at < length) {
    const chunk = Math.min(length - at, CHUNK_BYTES);
    const valid = kernels.raw.validUtf8UpTo(from + at, from + at + chunk);
    at += valid;
    // A chunk may cut one character, of at most four bytes; anything more is wrong.
    if (valid < chunk && (chunk - valid > 3 || at + (chunk - valid) === length)) return at;
    if (valid === 0) return at;
  }
  return at;
}

const CODE_POINTS = 0x110000;
/** 139 KiB, made once a thread: it depends on nothing but Node. */
let bitmapOfLetters: Uint8Array | undefined;

/** One bit a code point, 1 for letters and marks, as this Node's Unicode has them. */
export function letters(): Uint8Array {
  bitmapOfLetters ??= makeLetters();
  return bitmapOfLetters;
}

/** Planes 4 to 13 are unassigned and 15 and 16 private: no letters there in any Unicode so far. */
const PLANES = [0, 1, 2, 3, 14];

function makeLetters(): Uint8Array {
  const bitmap = new Uint8Array(CODE_POINTS / 8);
  const units = new Uint16Array(2 * 4096);
  // In blocks, so that no string is long, and all characters of one take the same number of units.
  for (const plane of PLANES) {
    for (let block = plane << 16; block < (plane + 1) << 16; block += 4096) {
      const width = plane === 0 ? 1 : 2;
      for (let i = 0; i < 4096; i++) {
        if (plane === 0) units[i] = block + i;
        else {
          units[2 * i] = 0xd7c0 + ((block + i) >> 10);
          units[2 * i + 1] = 0xdc00 + (i & 0x3ff);
        }
      }
      // Lone surrogates, in the end of block D000, are not letters either.
      const characters = Buffer.from(units.buffer, 0, 4096 * 2 * width).toString('utf16le');
      for (const run of characters.matchAll(/[\p{L}\p{M}]+/gu)) {
        const first = block + run.index / width;
        const end = first + run[0].length / width;
        for (let point = first; point < end; point++) bitmap[point >> 3]! |= 1 << (point & 7);
      }
    }
  }
  return bitmap;
}
