/** CSV: RFC 4180 with a header, LF at the end of every row, quotes only where they are needed.
 *
 *   null       an empty cell              int64      in full
 *   ''         ""                         float64    shortest round trip, NaN, Infinity
 *   utf8       its bytes, any             timestamp  2024-03-01T12:00:00.000Z, or to the microsecond
 *   binary     its bytes, any             decimal    all digits of its scale
 *   bool       true, false                list       JSON, as in jsonl
 *
 * Quotes are needed by a value that has a comma, a quote, CR or LF, or is empty. A row of one null column is an empty
 * line. Not here: reading (bytes/csv-reader.ts).
 */
import type { Schema, Sink } from 'superstep/internal';
import type { Block } from './bytes/block.ts';
import { csvSource } from './bytes/csv-reader.ts';
import { RowWriter } from './bytes/row-writer.ts';

const QUOTE = 34;
const COMMA = 44;

const NEEDS_QUOTES = new Uint8Array(256);
for (const character of '",\r\n') NEEDS_QUOTES[character.charCodeAt(0)] = 1;

/** Longer values are looked at as a whole first and copied in pieces: they need not fit into the block. */
const SHORT = 4096;

function putCell(out: Block, data: Uint8Array, from: number, to: number): void {
  if (from === to) out.ascii('""');
  else if (to - from > SHORT) putLongCell(out, data, from, to);
  else {
    out.room(2 * (to - from) + 2);
    const into = out.bytes;
    let { at } = out;
    for (let i = from; i < to; i++) {
      const byte = data[i]!;
      if (NEEDS_QUOTES[byte] === 1) return putQuoted(out, data, from, to);
      into[at++] = byte;
    }
    out.at = at;
  }
}

/** There is room for twice the bytes and two quotes at `out.at`. */
function putQuoted(out: Block, data: Uint8Array, from: number, to: number): void {
  const into = out.bytes;
  let { at } = out;
  into[at++] = QUOTE;
  for (let i = from; i < to; i++) {
    const byte = data[i]!;
    if (byte === QUOTE) into[at++] = QUOTE;
    into[at++] = byte;
  }
  into[at++] = QUOTE;
  out.at = at;
}

function putLongCell(out: Block, data: Uint8Array, from: number, to: number): void {
  let plain = true;
  for (let i = from; plain && i < to; i++) plain = NEEDS_QUOTES[data[i]!] === 0;
  if (plain) return out.put(data, from, to);
  out.ascii('"');
  let start = from;
  for (;;) {
    const quote = data.subarray(0, to).indexOf(QUOTE, start);
    if (quote < 0) break;
    out.put(data, start, quote + 1);
    out.ascii('"');
    start = quote + 1;
  }
  out.put(data, start, to);
  out.ascii('"');
}

/** A name is a cell like any other, so that what reads the file finds it again. */
function headOf(columns: Schema): Buffer {
  const cells = Object.keys(columns).map(name =>
    name === '' || /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return Buffer.from(`${cells.join(',')}\n`);
}

const sink: Sink = {
  extension: '.csv',
  open: (path, columns, { nulls = {} } = {}) =>
    new RowWriter(path, columns, {
      style: { absent: '', nulls, quote: '', text: putCell, binary: putCell, list: 'text' },
      head: headOf(columns),
      before: Object.keys(columns).map((_, i) => Uint8Array.of(...(i === 0 ? [] : [COMMA]))),
      after: Buffer.from('\n'),
    }),
};

export default { source: csvSource, sink };
