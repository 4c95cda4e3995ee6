/** Values as JSON text (RFC 8259), for jsonl and for lists in csv. Bytes are passed on unchecked (utf8.ts checks). */
import type { Block } from './block.ts';
import type { Style } from './cells.ts';

const QUOTE = 34;
const BACKSLASH = 92;

/** For each byte: 0 stands for itself, 1 is \u00XX, another is the letter after a backslash (RFC 8259, 7). */
const ESCAPES = new Uint8Array(256);
ESCAPES.fill(1, 0, 32);
for (const [byte, letter] of [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const) {
  ESCAPES[byte] = letter.charCodeAt(0);
}
const HEX = Buffer.from('0123456789abcdef');

/** Bytes of a value written between two looks at the room in the block: of which each may become six. */
const PIECE_BYTES = 8192;

function putString(out: Block, data: Uint8Array, from: number, to: number): void {
  out.room(1);
  out.bytes[out.at++] = QUOTE;
  for (let start = from; start < to; start += PIECE_BYTES) {
    putPiece(out, data, start, Math.min(to, start + PIECE_BYTES));
  }
  out.room(1);
  out.bytes[out.at++] = QUOTE;
}

function putPiece(out: Block, data: Uint8Array, from: number, to: number): void {
  out.room(6 * (to - from));
  const into = out.bytes;
  let { at } = out;
  for (let i = from; i < to; i++) {
    const byte = data[i]!;
    const escape = ESCAPES[byte]!;
    if (escape === 0) into[at++] = byte;
    else if (escape > 1) {
      into[at++] = BACKSLASH;
      into[at++] = escape;
    } else {
      into[at++] = BACKSLASH;
      into[at++] = 117; // u
      into[at++] = 48;
      into[at++] = 48;
      into[at++] = HEX[byte >> 4]!;
      into[at++] = HEX[byte & 15]!;
    }
  }
  out.at = at;
}

/** Three bytes become four characters: pieces of a multiple of three join without padding between. */
const BASE64_BYTES = 49_152;

function putBase64(out: Block, data: Uint8Array, from: number, to: number): void {
  out.ascii('"');
  for (let start = from; start < to; start += BASE64_BYTES) {
    const length = Math.min(to - start, BASE64_BYTES);
    out.ascii(Buffer.from(data.buffer, data.byteOffset + start, length).toString('base64'));
  }
  out.ascii('"');
}

export const JSON_STYLE: Style = {
  absent: 'null',
  quote: '"',
  text: putString,
  binary: putBase64,
  list: 'json',
};
