/** Cuts CSV into records and cells, in bytes: RFC 4180, with LF or CRLF and any one-byte delimiter.
 *
 *   records.begin(bytes)      whole lines, of which the last may go on in the next lines
 *   records.next()            → 'record': cells of it are in starts, ends and quotes; 'more': bytes are needed, or there are
 *                               none; otherwise what is wrong
 *
 * A cell that begins with a quote ends at the next single quote, whatever is in it; quotes in other cells are characters. What
 * is between starts[i] and ends[i] is the cell without its quotes; where quotes[i] is DOUBLED, quotes in it are doubled.
 * Invariant: nothing is made for a record; a record that is not here to its end is not looked at.
 */
const LF = 10;
const CR = 13;
const QUOTE = 34;

/** Of a cell: no quotes around it, quotes around it, and quotes doubled inside. */
export const PLAIN = 0;
export const QUOTED = 1;
export const DOUBLED = 2;

/** Cells of a record that there is room for at first. */
const CELLS = 64;

export class CsvRecords {
  starts = new Int32Array(CELLS);
  ends = new Int32Array(CELLS);
  quotes = new Uint8Array(CELLS);
  /** Cells of the record. */
  cells = 0;
  /** Where the record begins, and where the next one does. */
  start = 0;
  at = 0;
  bytes: Uint8Array = new Uint8Array(0);
  readonly #delimiter: number;

  constructor(delimiter: number) {
    this.#delimiter = delimiter;
  }

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.start = this.at = 0;
  }

  /** 'quote': something other than a delimiter follows a closing quote. */
  next(): 'record' | 'more' | 'quote' {
    const { bytes } = this;
    const to = bytes.length;
    const delimiter = this.#delimiter;
    let { at: i } = this;
    if (i === to) return 'more';
    let cells = 0;
    for (;;) {
      if (cells === this.starts.length) this.#grow();
      if (i < to && bytes[i] === QUOTE) {
        const from = i + 1;
        let end = from;
        let quotes = QUOTED;
        for (; ; end += 2) {
          while (end < to && bytes[end] !== QUOTE) end++;
          if (end === to) return 'more';
          if (end + 1 === to || bytes[end + 1] !== QUOTE) break;
          quotes = DOUBLED;
        }
        this.starts[cells] = from;
        this.ends[cells] = end;
        this.quotes[cells++] = quotes;
        i = end + 1;
        if (i < to && bytes[i] === CR && (i + 1 === to || bytes[i + 1] === LF)) i++;
        if (i < to && bytes[i] !== delimiter && bytes[i] !== LF) return 'quote';
      } else {
        const from = i;
        let byte = 0;
        while (i < to && (byte = bytes[i]!) !== delimiter && byte !== LF) i++;
        const isLast = i === to || byte === LF;
        this.starts[cells] = from;
        this.ends[cells] = isLast && i > from && bytes[i - 1] === CR ? i - 1 : i;
        this.quotes[cells++] = PLAIN;
      }
      if (i === to || bytes[i] === LF) break;
      i++;
    }
    this.cells = cells;
    this.start = this.at;
    this.at = Math.min(to, i + 1);
    return 'record';
  }

  /** Whether the record is an empty line. */
  get isEmpty(): boolean {
    return this.cells === 1 && this.quotes[0] === PLAIN && this.starts[0] === this.ends[0];
  }

  /** Leaves the line behind in which something is wrong. */
  skipLine(): void {
    const found = this.bytes.indexOf(LF, this.at);
    this.at = found < 0 ? this.bytes.length : found + 1;
  }

  #grow(): void {
    const length = 2 * this.starts.length;
    this.starts = grown(this.starts, new Int32Array(length));
    this.ends = grown(this.ends, new Int32Array(length));
    this.quotes = grown(this.quotes, new Uint8Array(length));
  }
}

function grown<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** bytes[from] to bytes[to] with doubled quotes made single, in `into`, which has room for them. @returns their number */
export function undouble(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let at = 0;
  for (let i = from; i < to; i++) {
    into[at++] = bytes[i]!;
    if (bytes[i] === QUOTE) i++;
  }
  return at;
}
