/** Words as rows (word, 1), for jobs that do more with them than count them by key: an order of their own, a partition,
 * a reduce over each. Slower than the kernel, which only counts. */
import type { Schema } from '../define/schema.ts';
import type { Collector } from './collector.ts';
import { Emitter } from './emitter.ts';
import type { TakeWords } from './mappers.ts';

/** Rows of a batch, as emit.ts has them. */
const ROWS = 1024;
const LF = 10;

/** `job` begins the errors. */
export function wordRows(emits: Schema, collector: Collector, job: string): TakeWords {
  const emitter = new Emitter(emits, `${job}: words`, batch => collector.add(batch));
  const { word, count } = emitter.builders;
  return (bytes, split, lower) => {
    const lines = countLines(bytes);
    if (lower) lowerAscii(bytes);
    const text = split === 'bytes' ? bytes : lettersOf(bytes);
    for (let at = 0, start = 0; at <= text.length; at++) {
      if (at < text.length && !isWhite(text[at]!)) continue;
      if (at > start) {
        (
          word as unknown as { pushBytes(from: Uint8Array, start: number, end: number): void }
        ).pushBytes(text, start, at);
        count!.push(1);
        if (word!.length === ROWS) emitter.flushBuilt();
      }
      start = at + 1;
    }
    emitter.flushBuilt();
    return lines;
  };
}

const isWhite = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === LF) lines++;
  return bytes.length > 0 && bytes.at(-1) !== LF ? lines + 1 : lines;
}

function lowerAscii(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i]! >= 65 && bytes[i]! <= 90) bytes[i]! += 32;
  }
}

/** Runs of letters and marks, with a space between. What is not UTF-8 is U+FFFD, which is neither. */
function lettersOf(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  return Buffer.from((text.match(/[\p{L}\p{M}]+/gu) ?? []).join(' '));
}
