/** Strings from and to UTF-8 bytes, fast for the short ASCII ones that most columns are made of.
 *
 * Bytes that are not UTF-8 become U+FFFD in the string; the column keeps the bytes. A string with a lone surrogate is
 * refused when written: it has no UTF-8 form, and U+FFFD in its place would make different keys equal in silence.
 */

/** Buffer's own methods without the checks of toString: no documentation, but in every Node that we support. */
interface Slices {
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, at: number): number;
}
/** In every Node that we support, not yet in the types of ES2023. */
interface MaybeMalformed {
  isWellFormed(): boolean;
}

/** Up to here making a string from character codes beats a call into V8 (46 against 62 ns at 7 bytes). */
const SHORT = 16;
const code = String.fromCharCode;

/** A column's bytes, to be sliced into strings. */
export class Strings {
  readonly #bytes: Uint8Array;
  readonly #slices: Slices;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#slices = buffer as unknown as Slices;
  }
  slice(start: number, end: number): string {
    const b = this.#bytes;
    if (end - start > SHORT) return this.#slices.utf8Slice(start, end);
    let i = start;
    let seen = 0;
    while (i < end) seen |= b[i++]!;
    if (seen > 127) return this.#slices.utf8Slice(start, end);
    let text = '';
    for (i = start; i + 4 <= end; i += 4) text += code(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!);
    for (; i < end; i++) text += code(b[i]!);
    return text;
  }
}

/** Writes a string at `at`, where there is room for 3 bytes a character. @returns the end, or −1 for a lone
 *  surrogate, in which case nothing that counts was written. */
export function writeString(into: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > 64) return writeAny(into, text, at);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return writeAny(into, text, at);
    into[at + i] = unit;
  }
  return at + length;
}

function writeAny(into: Buffer, text: string, at: number): number {
  if (!(text as unknown as MaybeMalformed).isWellFormed()) return -1;
  return at + (into as unknown as Slices).utf8Write(text, at);
}
