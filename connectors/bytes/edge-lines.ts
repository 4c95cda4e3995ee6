/** Lines of an edge list into columns: two ids, and perhaps a weight; or one id, for a list of vertices.
 *
 *   # comment, or % comment          blank lines and comments are passed over
 *   1 2                              fields are separated by blanks or tabs, with one comma among them or none
 *   1,2,0.5,and more                 fields beyond those that are asked for are not looked at
 *
 * With utf8 ids a line that has a tab is separated by tabs alone, so that ids may have blanks. Lines end at LF or CRLF; the
 * last may lack its end.
 * Invariants: bytes go straight into column buffers, with nothing made for a line; a batch has at most BATCH_ROWS rows and
 * (about) BATCH_BYTES; `take` stops in front of a line that is none of these and says so, and what is before it counts.
 * Not here: files and chunks (edges.ts).
 */
import { BATCH_BYTES, BATCH_ROWS, type StoredBatch, type StoredColumn } from 'superstep/internal';
import { GrowingBytes } from './growing.ts';
import { takeFloat64, takeInt64, TOO_LARGE } from './parse.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const HASH = 35;
const PERCENT = 37;
const COMMA = 44;

/** Longer than the longest plain line: its bytes can be read without a look at the end. */
const PLAIN_BYTES = 32;
/** Lines that are not plain, until they are tried again. */
const OTHERS = 64;

/** What was wrong with the line where `take` stopped. */
export interface Wrong {
  readonly field: 'source' | 'target' | 'weight';
  readonly why: 'missing' | 'invalid' | 'large';
}

/** How a weight is read. */
export type WeightType = 'float64' | 'int64' | 'int32';

/** Separators: blanks and tabs, and one comma among them. */
function next(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === BLANK || bytes[at] === TAB)) at++;
  if (at === to || bytes[at] !== COMMA) return at;
  at++;
  while (at < to && (bytes[at] === BLANK || bytes[at] === TAB)) at++;
  return at;
}

/** Whether a field may end at `at`. */
function isEnd(bytes: Uint8Array, at: number, to: number): boolean {
  if (at === to) return true;
  const byte = bytes[at]!;
  return byte === LF || byte === BLANK || byte === TAB || byte === COMMA || byte === CR;
}

const isLineEnd = (bytes: Uint8Array, at: number, to: number): boolean =>
  at === to || bytes[at] === LF || (bytes[at] === CR && (at + 1 === to || bytes[at + 1] === LF));

/** The index after the line that `at` lies in. */
function lineEnd(bytes: Buffer, at: number): number {
  if (at < bytes.length && bytes[at] === LF) return at + 1;
  const found = bytes.indexOf(LF, at);
  return found < 0 ? bytes.length : found + 1;
}

/** What both kinds of ids share: where it is, and what a batch is made of. */
abstract class EdgeLines {
  rows = 0;
  /** Where the next line begins in `bytes`; after an error, the line that is wrong. */
  at = 0;
  /** Lines that ended before `at`, comments included. */
  lines = 0;
  wrong: Wrong | undefined;
  protected bytes: Buffer = Buffer.alloc(0);
  /** 1: vertices; 2: edges. */
  protected readonly ids: 1 | 2;
  readonly #weight: WeightType | undefined;
  readonly #nullable: boolean;
  readonly #valid = new Uint8Array(BATCH_ROWS);
  /** Two halves a row, or one double, or one int32. */
  readonly #halves = new Int32Array(2 * BATCH_ROWS);
  readonly #doubles = new Float64Array(this.#halves.buffer);

  constructor(ids: 1 | 2, weight: WeightType | undefined, nullable: boolean) {
    this.ids = ids;
    this.#weight = weight;
    this.#nullable = nullable;
  }

  /** Whole lines, to be taken from their beginning. */
  begin(chunk: Uint8Array): void {
    this.bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.at = 0;
  }

  get hasWeight(): boolean {
    return this.#weight !== undefined;
  }

  get finished(): boolean {
    return this.at === this.bytes.length;
  }

  /** Takes lines until there are none, the batch is full or one is wrong. */
  abstract take(): void;
  protected abstract idColumns(): StoredColumn[];

  /** The rows taken since the last call: valid until lines are taken again. */
  batch(): StoredBatch {
    const { rows } = this;
    const columns = this.idColumns();
    if (this.#weight !== undefined) {
      const width = this.#weight === 'int32' ? 4 : 8;
      const data = new Uint8Array(this.#halves.buffer, 0, rows * width);
      columns.push(this.#nullable ? { data, valid: this.#valid.subarray(0, rows) } : { data });
    }
    this.rows = 0;
    return { rows, columns };
  }

  /** If the line at `from` has no fields: where the next begins; otherwise −1. */
  protected pass(from: number): number {
    const { bytes } = this;
    const to = bytes.length;
    const byte = bytes[from]!;
    const is = byte === HASH || byte === PERCENT || isLineEnd(bytes, from, to);
    return is ? lineEnd(bytes, from) : -1;
  }

  /** The third field of the line, which begins at `from`, into the row's weight. @returns its end; −1: `wrong` says why */
  protected takeWeight(from: number, row: number): number {
    const { bytes } = this;
    const to = bytes.length;
    if (this.#weight === undefined) return from;
    if (isLineEnd(bytes, from, to)) {
      if (!this.#nullable) return this.stop('weight', 'missing');
      this.#valid[row] = 0;
      if (this.#weight === 'int32') this.#halves[row] = 0;
      else this.#doubles[row] = 0;
      return from;
    }
    const end = this.takeNumber(from, row);
    return end < 0 || !isEnd(bytes, end, to) ? this.stop('weight', end) : end;
  }

  /** @returns the number's end; NOT_ONE or TOO_LARGE */
  protected takeNumber(from: number, row: number): number {
    const { bytes } = this;
    const to = bytes.length;
    this.#valid[row] = 1;
    if (this.#weight === 'float64') return takeFloat64(bytes, from, to, this.#doubles, row);
    if (this.#weight === 'int64') return takeInt64(bytes, from, to, this.#halves, 2 * row);
    // The upper half goes where the next row will be.
    const end = takeInt64(bytes, from, to, this.#halves, row);
    if (end < 0) return end;
    return this.#halves[row + 1] === this.#halves[row]! >> 31 ? end : TOO_LARGE;
  }

  /** @param why or what a number's parser has answered. @returns −1 */
  protected stop(field: Wrong['field'], why: Wrong['why'] | number): -1 {
    const said = why === TOO_LARGE ? 'large' : 'invalid';
    this.wrong = { field, why: typeof why === 'string' ? why : said };
    return -1;
  }

  /** The line at `at`, or as much of it. */
  show(bytes: number): string {
    const end = lineEnd(this.bytes, this.at);
    return this.bytes.toString('utf8', this.at, Math.min(end, this.at + bytes)).trimEnd();
  }

  /** Leaves comments and one more line behind. @returns false if they go on in the next chunk */
  skipHeading(): boolean {
    while (!this.finished) {
      const passed = this.pass(next(this.bytes, this.at, this.bytes.length));
      this.at = passed < 0 ? lineEnd(this.bytes, this.at) : passed;
      this.lines++;
      if (passed < 0) return true;
    }
    return false;
  }

  /** Leaves a line that is wrong behind. */
  skip(): void {
    this.wrong = undefined;
    this.at = lineEnd(this.bytes, this.at);
    this.lines++;
  }
}

/** Ids are integers of 64 bits. */
export class IntegerLines extends EdgeLines {
  readonly #source = new Int32Array(2 * BATCH_ROWS);
  readonly #target = new Int32Array(2 * BATCH_ROWS);

  take(): void {
    const plain = this.ids === 2;
    let others = 0;
    while (!this.finished && this.rows < BATCH_ROWS && this.wrong === undefined) {
      // Where lines are of another kind, they are not all tried.
      if (plain && others === 0 && !this.#takePlain()) others = OTHERS;
      if (this.finished || this.rows === BATCH_ROWS) return;
      this.#takeLine();
      if (others > 0) others--;
    }
  }

  /** Two numbers of at most nine digits with a blank or a tab between, and the weight that is asked for, until there is
   *  another line. @returns whether there were any */
  #takePlain(): boolean {
    const { bytes } = this;
    const to = bytes.length - PLAIN_BYTES;
    const source = this.#source;
    const target = this.#target;
    const weighted = this.hasWeight;
    const before = this.rows;
    let { rows, at } = this;
    while (at < to && rows < BATCH_ROWS) {
      let i = at;
      let first = 0;
      let digit = bytes[i]! - 48;
      while (digit >= 0 && digit <= 9) {
        first = (Math.imul(first, 10) + digit) | 0;
        digit = bytes[++i]! - 48;
      }
      const length = i - at;
      if (length === 0 || length > 9 || (digit !== TAB - 48 && digit !== BLANK - 48)) break;
      const start = ++i;
      let second = 0;
      digit = bytes[i]! - 48;
      while (digit >= 0 && digit <= 9) {
        second = (Math.imul(second, 10) + digit) | 0;
        digit = bytes[++i]! - 48;
      }
      if (i === start || i > start + 9) break;
      if (weighted) {
        if (digit !== TAB - 48 && digit !== BLANK - 48) break;
        i = this.takeNumber(i + 1, rows);
        if (i < 0) break;
        digit = bytes[i]! - 48;
      }
      if (digit === CR - 48) digit = bytes[++i]! - 48;
      if (digit !== LF - 48) break;
      source[2 * rows] = first;
      source[2 * rows + 1] = 0;
      target[2 * rows] = second;
      target[2 * rows + 1] = 0;
      rows++;
      at = i + 1;
    }
    this.rows = rows;
    this.at = at;
    this.lines += rows - before;
    return rows > before;
  }

  #takeLine(): void {
    const { bytes, ids, rows, at } = this;
    const to = bytes.length;
    let i = next(bytes, at, to);
    const passed = this.pass(i);
    if (passed >= 0) {
      this.at = passed;
      this.lines++;
      return;
    }
    i = takeInt64(bytes, i, to, this.#source, 2 * rows);
    if (i < 0 || !isEnd(bytes, i, to)) return void this.stop('source', i);
    i = next(bytes, i, to);
    if (ids === 2) {
      if (isLineEnd(bytes, i, to)) return void this.stop('target', 'missing');
      i = takeInt64(bytes, i, to, this.#target, 2 * rows);
      if (i < 0 || !isEnd(bytes, i, to)) return void this.stop('target', i);
      i = this.takeWeight(next(bytes, i, to), rows);
      if (i < 0) return;
    }
    this.at = lineEnd(bytes, i);
    this.lines++;
    this.rows++;
  }

  protected idColumns(): StoredColumn[] {
    const bytes = 8 * this.rows;
    const columns = [{ data: new Uint8Array(this.#source.buffer, 0, bytes) }];
    if (this.ids === 2) columns.push({ data: new Uint8Array(this.#target.buffer, 0, bytes) });
    return columns;
  }
}

/** Ids are text: bytes as they are. */
export class TextLines extends EdgeLines {
  readonly #columns: readonly Ids[];

  constructor(ids: 1 | 2, weight: WeightType | undefined, nullable: boolean) {
    super(ids, weight, nullable);
    this.#columns = Array.from({ length: ids }, () => new Ids());
  }

  take(): void {
    const { bytes } = this;
    const to = bytes.length;
    const [source, target] = this.#columns;
    while (this.at < to && this.rows < BATCH_ROWS && source!.bytes < BATCH_BYTES) {
      if (target !== undefined && target.bytes >= BATCH_BYTES) break;
      const passed = this.pass(next(bytes, this.at, to));
      if (passed >= 0) {
        this.at = passed;
        this.lines++;
        continue;
      }
      if (!this.#takeLine(source!, target)) break;
      for (const ids of this.#columns) ids.keep(this.rows);
      this.lines++;
      this.rows++;
    }
  }

  /** @returns whether there was an edge, and `at` is behind it */
  #takeLine(source: Ids, target: Ids | undefined): boolean {
    const { bytes, at } = this;
    const to = bytes.length;
    const first = next(bytes, at, to);
    // Up to the first tab, or where there is none in the line, to the first separator.
    let end = -1;
    let i = at;
    while (i < to && bytes[i] !== TAB && bytes[i] !== LF) {
      if (end < 0 && i > first && (bytes[i] === BLANK || bytes[i] === COMMA)) end = i;
      i++;
    }
    const tabs = i < to && bytes[i] === TAB;
    const from = tabs ? at : first;
    if (tabs) end = i;
    else if (end < 0) end = bytes[i - 1] === CR ? i - 1 : i;
    if (end === from) return this.stop('source', 'missing') > 0;
    source.put(bytes, from, end);
    if (target !== undefined) {
      i = this.#after(end, tabs);
      if (isLineEnd(bytes, i, to)) return this.stop('target', 'missing') > 0;
      end = this.#fieldEnd(i, tabs);
      if (end === i) return this.stop('target', 'missing') > 0;
      target.put(bytes, i, end);
      i = this.takeWeight(this.#after(end, tabs), this.rows);
      if (i < 0) return false;
    }
    this.at = lineEnd(bytes, i);
    return true;
  }

  /** Where the field after the one that ends at `end` begins. */
  #after(end: number, tabs: boolean): number {
    const { bytes } = this;
    if (!tabs) return next(bytes, end, bytes.length);
    return end < bytes.length && bytes[end] === TAB ? end + 1 : end;
  }

  #fieldEnd(from: number, tabs: boolean): number {
    const { bytes } = this;
    const to = bytes.length;
    let i = from;
    if (tabs) while (i < to && bytes[i] !== TAB && bytes[i] !== LF) i++;
    else while (i < to && !isEnd(bytes, i, to)) i++;
    return i > from && bytes[i - 1] === CR ? i - 1 : i;
  }

  protected idColumns(): StoredColumn[] {
    return this.#columns.map(ids => ids.column(this.rows));
  }
}

/** A column of text that grows. What was put counts when it is kept. */
class Ids {
  #put = 0;
  readonly #data = new GrowingBytes(BATCH_BYTES);
  readonly #offsets = new Int32Array(BATCH_ROWS + 1);

  /** Bytes of the rows that are kept. */
  get bytes(): number {
    return this.#data.end;
  }

  put(bytes: Uint8Array, from: number, to: number): void {
    this.#put = this.#data.put(bytes, from, to);
  }

  keep(row: number): void {
    this.#data.end = this.#offsets[row + 1] = this.#put;
  }

  column(rows: number): StoredColumn {
    const data = this.#data.view();
    this.#data.end = 0;
    return { data, offsets: this.#offsets.subarray(0, rows + 1) };
  }
}
