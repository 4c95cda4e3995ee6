/** From the encodings text comes in to UTF-8, a chunk of whole lines at a time.
 *
 * Lines are cut before they are decoded, so no character is cut: in all of these encodings a newline is never part of
 * another character. What is not valid becomes U+FFFD, one for each maximal invalid part (WHATWG Encoding Standard,
 * 4.1); only `utf8` passes bytes on as they are. latin1 is ISO 8859-1: byte n is U+00n, nothing is invalid.
 */
import { isUtf8 } from 'node:buffer';
import { type Encoding, ENCODINGS, UsageError } from 'superstep/internal';
import type { Alphabet } from './lines.ts';

const UTF8_BOM = [0xef, 0xbb, 0xbf];

interface Decoder extends Alphabet {
  /** Bytes of UTF-8 that a byte of input can become, at most. */
  readonly growth: number;
  decode(chunk: Uint8Array): Uint8Array;
}

/** Decoding forgets nothing between calls, so one instance serves. */
const by =
  (label: string) =>
  (chunk: Uint8Array): Uint8Array =>
    Buffer.from(new TextDecoder(label, { ignoreBOM: true }).decode(chunk), 'utf8');
const replaceInvalid = by('utf-8');

const DECODERS: { readonly [E in Encoding]: Decoder } = {
  utf8: { unit: 1, lf: 0, bom: UTF8_BOM, growth: 1, decode: chunk => chunk },
  'utf8-replace': {
    unit: 1,
    lf: 0,
    bom: UTF8_BOM,
    growth: 3,
    decode: chunk => (isUtf8(chunk) ? chunk : replaceInvalid(chunk)),
  },
  latin1: {
    unit: 1,
    lf: 0,
    bom: [],
    growth: 2,
    decode: chunk =>
      Buffer.from(
        Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1'),
        'utf8',
      ),
  },
  utf16le: { unit: 2, lf: 0, bom: [0xff, 0xfe], growth: 1.5, decode: by('utf-16le') },
  utf16be: { unit: 2, lf: 1, bom: [0xfe, 0xff], growth: 1.5, decode: by('utf-16be') },
};

/** Throws UsageError USAGE. */
export function decoderOf(encoding: string = 'utf8'): Decoder {
  if (!Object.hasOwn(DECODERS, encoding)) {
    throw new UsageError('USAGE', `--input-encoding ${encoding}: there is no such encoding`, {
      remedy: `Encodings are ${ENCODINGS.join(', ')}`,
    });
  }
  return DECODERS[encoding as Encoding];
}
