/** UTF-8, character by character: the slow path of words, and validation. */

/** The character that `decoded` read last. */
export let character: u32 = 0;
/** One bit a code point, 1 for letters and marks; the wrapper makes it from a RegExp on first use. */
let bitmap: usize = 0;

export function setLetters(pointer: usize): void {
  bitmap = pointer;
}

// @ts-ignore: decorator
@inline
function continues(byte: u32): bool {
  return (byte & 0xc0) == 0x80;
}

/** Bytes of the well-formed character at `at` (Unicode 15, table 3-7), 0 if there is none before `end`. */
export function decoded(at: usize, end: usize): usize {
  const a: u32 = load<u8>(at);
  if (a < 0x80) {
    character = a;
    return 1;
  }
  if (a < 0xc2 || a > 0xf4 || end - at < 2) return 0;
  const b: u32 = load<u8>(at, 1);
  if (!continues(b)) return 0;
  if (a < 0xe0) {
    character = ((a & 0x1f) << 6) | (b & 0x3f);
    return 2;
  }
  if (end - at < 3) return 0;
  const c: u32 = load<u8>(at, 2);
  if (!continues(c)) return 0;
  if (a < 0xf0) {
    character = ((a & 0x0f) << 12) | ((b & 0x3f) << 6) | (c & 0x3f);
    return character < 0x800 || (character >= 0xd800 && character < 0xe000) ? 0 : 3;
  }
  if (end - at < 4) return 0;
  const d: u32 = load<u8>(at, 3);
  if (!continues(d)) return 0;
  character = ((a & 0x07) << 18) | ((b & 0x3f) << 12) | ((c & 0x3f) << 6) | (d & 0x3f);
  return character < 0x10000 || character > 0x10ffff ? 0 : 4;
}

/** Where the run of letters and marks that starts at `at` ends; `at` if none does. */
export function letterEnd(at: usize, end: usize): usize {
  while (at < end) {
    const width = decoded(at, end);
    if (width == 0) break;
    if (!((load<u8>(bitmap + usize(character >> 3)) >> u8(character & 7)) & 1)) break;
    at += width;
  }
  return at;
}
