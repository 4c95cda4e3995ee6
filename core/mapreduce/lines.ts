/** A chunk of text as a batch of the one column `line`, and where each of its lines was. */
import { isUtf8 } from 'node:buffer';
import type { StoredBatch } from '../batch/columns.ts';
import { DataError } from '../errors.ts';

const LF = 10;
const CR = 13;

export interface Lines {
  readonly batch: StoredBatch;
  /** Where each line began in the chunk. */
  readonly starts: Uint32Array;
}

/** Cuts chunks into lines, with arrays that it uses again: lines are valid until the next chunk. */
export class LineIndex {
  #starts = new Uint32Array(1024);
  #offsets = new Int32Array(1025);

  /** Cuts whole lines. The chunk is changed: line ends are squeezed out of it. */
  cut(chunk: Uint8Array): Lines {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let starts = this.#starts;
    let offsets = this.#offsets;
    let rows = 0;
    let to = 0;
    for (let from = 0; from < bytes.length; ) {
      const found = bytes.indexOf(LF, from);
      const next = found < 0 ? bytes.length : found + 1;
      let end = found < 0 ? bytes.length : found;
      if (found > from && bytes[found - 1] === CR) end--;
      if (rows === starts.length) {
        this.#starts = starts = grown(starts, new Uint32Array(2 * rows));
        this.#offsets = offsets = grown(offsets, new Int32Array(2 * rows + 1));
      }
      starts[rows] = from;
      if (to !== from) bytes.copyWithin(to, from, end);
      to += end - from;
      offsets[++rows] = to;
      from = next;
    }
    const data = bytes.subarray(0, to);
    return {
      batch: { rows, columns: [{ data, offsets: offsets.subarray(0, rows + 1) }] },
      starts: starts.subarray(0, rows),
    };
  }
}

function grown<T extends Uint32Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Throws DataError INVALID_UTF8 at the first line that is not UTF-8. To be called before the chunk is cut. */
export function checkUtf8(chunk: Uint8Array, file: string, offset: number): void {
  if (isUtf8(chunk)) return;
  for (let from = 0; from < chunk.length; ) {
    const found = chunk.indexOf(LF, from);
    const end = found < 0 ? chunk.length : found;
    if (!isUtf8(chunk.subarray(from, end))) {
      throw new DataError(
        'INVALID_UTF8',
        `${file}: a line is not UTF-8, from byte ${offset + from}`,
        {
          file,
          offset: offset + from,
          remedy:
            'Say what it is with --input-encoding latin1, or let bad bytes be replaced with utf8-replace',
        },
      );
    }
    from = end + 1;
  }
}
