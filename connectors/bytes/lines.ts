/** Cuts a stream of bytes into chunks of whole lines, for the part of a file that a split owns.
 *
 *   cutter.room()  → where to put the next bytes, at file position `cutter.position`
 *   cutter.filled(n)   n bytes were put there; 0 is the end of the file
 *   cutter.take()  → a chunk, or undefined: then `finished`, or more bytes are needed
 *
 * Invariants. The rule is that of Hadoop's LineRecordReader: a split that does not start at 0 discards up to and with
 * the first newline; lines are read while they start at or before the split's end. So the lines of the splits of a
 * file, in order, are the lines of the file, wherever it is cut. A chunk has at most `chunkBytes`, unless it is one
 * longer line; nothing is held beyond the chunk and one line of `recordBytes`.
 *
 *             split 1      end│ split 2
 *   …one⏎two⏎three⏎fo|ur⏎five⏎      `four` is split 1's; split 2 discards `ur⏎`
 *   …one⏎two⏎three⏎|four⏎five⏎     `four` is split 1's too: it starts at the end; split 2 discards it
 *
 * Not here: reading (read.ts), encodings other than where a newline is (encoding.ts).
 */
import { DataError } from 'superstep/internal';

const LF = 10;

/** How far past its end a split reads at first: enough for the rest of most lines. */
const TAIL_BYTES = 64 * 1024;

/** A newline and a byte order mark, in the bytes of the file. */
export interface Alphabet {
  /** Bytes of a code unit: 2 for UTF-16. */
  readonly unit: 1 | 2;
  /** Which byte of a newline's unit is 0A; the other is 00. */
  readonly lf: 0 | 1;
  readonly bom: readonly number[];
}

export interface Cut {
  readonly file: string;
  /** The split, in bytes of the decompressed file. */
  readonly start: number;
  readonly end: number;
  readonly chunkBytes: number;
  readonly recordBytes: number;
  readonly alphabet: Alphabet;
}

export class LineCutter {
  /** All lines of the split have been taken. */
  finished = false;
  /** File offset of the chunk taken last. */
  offset = 0;
  readonly #cut: Cut;
  readonly #chunkBytes: number;
  readonly #usual: Buffer;
  #buffer: Buffer;
  /** Held: buffer[start] to buffer[end]; buffer[0] is at file offset base. */
  #start = 0;
  #end = 0;
  #base: number;
  /** No newline lies in buffer[start] to buffer[clean]. */
  #clean = 0;
  #skipping: boolean;
  #bomChecked: boolean;
  #ended = false;

  /** `buffer` is used again for the next file of a split. It must hold chunkBytes. */
  constructor(cut: Cut, buffer: Buffer) {
    this.#cut = cut;
    // So no window of one chunk can hide a line that is too long.
    this.#chunkBytes = Math.min(cut.chunkBytes, cut.recordBytes);
    this.#usual = this.#buffer = buffer;
    this.#base = cut.start;
    this.#skipping = cut.start > 0;
    this.#bomChecked = cut.start > 0;
  }

  /** File offset that the next bytes are read from. */
  get position(): number {
    return this.#base + this.#end;
  }

  room(): Buffer {
    if (this.#start > 0) this.#compact();
    if (this.#end === this.#buffer.length) {
      // take() has refused a line longer than recordBytes, so this ends at that and its newline.
      const larger = Buffer.allocUnsafe(
        Math.min(this.#buffer.length * 2, this.#cut.recordBytes + TAIL_BYTES),
      );
      this.#buffer.copy(larger, 0, 0, this.#end);
      this.#buffer = larger;
    }
    const wanted = Math.max(this.#cut.end - this.position, 0) + TAIL_BYTES;
    return this.#buffer.subarray(this.#end, Math.min(this.#buffer.length, this.#end + wanted));
  }

  #compact(): void {
    const held = this.#end - this.#start;
    const into = held < this.#usual.length ? this.#usual : this.#buffer;
    this.#buffer.copy(into, 0, this.#start, this.#end);
    this.#buffer = into;
    this.#base += this.#start;
    this.#clean = Math.max(0, this.#clean - this.#start);
    this.#start = 0;
    this.#end = held;
  }

  filled(bytes: number): void {
    if (bytes === 0) this.#ended = true;
    this.#end += bytes;
  }

  /** Whole lines, valid until room() is called. Throws DataError RECORD_TOO_LONG. */
  take(): Uint8Array | undefined {
    if (this.finished || !this.#begun()) return undefined;
    const upto = this.#upto();
    if (upto < 0) return undefined;
    if (upto === this.#start) {
      this.finished = true; // The end of the file.
      return undefined;
    }
    const chunk = this.#buffer.subarray(this.#start, upto);
    this.offset = this.#base + this.#start;
    this.#start = this.#clean = upto;
    // A line that starts beyond the end is the next split's.
    this.finished = this.#base + upto > this.#cut.end;
    return chunk;
  }

  /** Whether buffer[start] is the first byte of a line of this split. */
  #begun(): boolean {
    if (!this.#bomChecked) {
      const { bom } = this.#cut.alphabet;
      if (this.#end < bom.length && !this.#ended) return false;
      if (this.#end >= bom.length && bom.every((byte, i) => this.#buffer[i] === byte)) {
        this.#start = bom.length;
      }
      this.#bomChecked = true;
    }
    if (!this.#skipping) return true;
    const after = this.#firstLineEnd(this.#start, this.#end);
    this.#start = this.#clean = after < 0 ? this.#keepUnit() : after;
    this.#skipping = after < 0;
    // Without a newline up to the end no line starts in this split.
    this.finished = this.#base + this.#start > this.#cut.end || (this.#skipping && this.#ended);
    return !this.#skipping && !this.finished;
  }

  /** The end of what is held, less a byte that may be half of a newline. */
  #keepUnit(): number {
    const odd = this.#cut.alphabet.unit === 2 && (this.#base + this.#end) % 2 === 1;
    return odd && !this.#ended ? Math.max(this.#start, this.#end - 1) : this.#end;
  }

  /** Where the chunk that starts at buffer[start] ends; −1: more bytes are needed. */
  #upto(): number {
    const { recordBytes, end } = this.#cut;
    const window = Math.min(this.#end, this.#start + this.#chunkBytes);
    // The last line of the split is the first that ends beyond the split's end.
    const last = Math.max(this.#start, end - this.#base);
    if (last < window) {
      const after = this.#firstLineEnd(Math.max(last, this.#clean), window);
      if (after >= 0) return after;
    }
    const from = Math.max(this.#clean, this.#start);
    const upto = this.#lastLineEnd(from, window);
    if (upto >= 0) return upto;
    // One line longer than the window, or not all here yet: perhaps half of its newline.
    const { unit } = this.#cut.alphabet;
    const after = this.#firstLineEnd(from, this.#end);
    const length = (after < 0 ? this.#end - unit + 1 : after - unit) - this.#start;
    if (length > recordBytes) throw this.tooLong(this.#base + this.#start);
    if (after >= 0) return after;
    this.#clean = this.#keepUnit();
    return this.#ended ? this.#end : -1;
  }

  tooLong(offset: number): DataError {
    const { file, recordBytes } = this.#cut;
    return new DataError(
      'RECORD_TOO_LONG',
      `${file}: the line at byte ${offset.toLocaleString('en')} is longer than ${recordBytes.toLocaleString('en')} bytes`,
      {
        file,
        offset,
        remedy:
          'Is it text, with lines that end in LF? The limit grows with the memory of a worker: a larger --memory, fewer --workers',
      },
    );
  }

  /** The index after the first newline that begins in buffer[from] to buffer[to]; −1 if there is none. */
  #firstLineEnd(from: number, to: number): number {
    const { unit, lf } = this.#cut.alphabet;
    for (let at = from; at < to; ) {
      const found = this.#buffer.subarray(at, to).indexOf(LF);
      if (found < 0) return -1;
      if (unit === 1) return at + found + 1;
      const end = this.#unitEnd(at + found, lf);
      if (end - unit >= from && end <= to) return end;
      at += found + 1;
    }
    return -1;
  }

  /** The index after the last newline that lies in buffer[from] to buffer[to]; −1 if there is none. */
  #lastLineEnd(from: number, to: number): number {
    const { unit, lf } = this.#cut.alphabet;
    for (let until = to; until > from; ) {
      const found = this.#buffer.subarray(from, until).lastIndexOf(LF);
      if (found < 0) return -1;
      if (unit === 1) return from + found + 1;
      const end = this.#unitEnd(from + found, lf);
      if (end - unit >= from && end <= to) return end;
      until = from + found;
    }
    return -1;
  }

  /** If the 0A at `at` is half of a UTF-16 newline: the index after it; otherwise −1. */
  #unitEnd(at: number, lf: 0 | 1): number {
    const first = at - lf;
    if (first < 0 || (this.#base + first) % 2 !== 0) return -1;
    return this.#buffer[lf === 0 ? at + 1 : first] === 0 ? first + 2 : -1;
  }
}
