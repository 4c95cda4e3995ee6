/** CSV as a source: columns by the names of the header, of the types asked for.
 *
 * Bytes come as text does (found, decompressed, decoded); a file is never cut, because only from its beginning is it known
 * which line ends are inside quotes. An empty cell is null where that may be, otherwise '' (text) or an error; "" is ''. An
 * empty line is no record, unless there is just one column. Without a header (`header: false`) columns are c0, c1, ….
 * Rows are counted from 1, the header included: in a file without line ends inside quotes they are its lines.
 * Not here: where cells are (csv-records.ts), what a value looks like (values.ts).
 */
import {
  BATCH_BYTES,
  BATCH_ROWS,
  type BatchReader,
  DataError,
  type FileFact,
  type Limits,
  printType,
  type Schema,
  type Source,
  type SourceOptions,
  type Split,
  type StoredBatch,
  storedAs,
  type TextReader,
  UsageError,
} from 'superstep/internal';
import text, { HEADER_LIMITS, openLines, splitFiles } from '../text.ts';
import { CsvRecords, DOUBLED, PLAIN, undouble } from './csv-records.ts';
import { nameOf } from './input-files.ts';
import { type Values, valuesReader } from './values.ts';

/** Of a record that is wrong, so much is shown. */
const SHOWN_BYTES = 60;

/** Throws UsageError USAGE. */
function delimiterOf({ delimiter = ',' }: SourceOptions): number {
  const code = delimiter.length === 1 ? delimiter.charCodeAt(0) : 0;
  if (code > 0 && code < 128 && !'"\r\n'.includes(delimiter)) return code;
  throw new UsageError('USAGE', `csv: ${JSON.stringify(delimiter)} cannot be a delimiter`, {
    remedy: 'It is one ASCII character, and neither a quote nor a line end: "," or ";" or "\\t"',
  });
}

/** Cells of the record that was cut last, as text. */
function cellsOf(records: CsvRecords): string[] {
  const { bytes, starts, ends, quotes } = records;
  return Array.from({ length: records.cells }, (_, i) => {
    const cell = Buffer.from(bytes.subarray(starts[i], ends[i])).toString();
    return quotes[i] === DOUBLED ? cell.replaceAll('""', '"') : cell;
  });
}

/** Names of a file's columns: of its first record, or by number of its cells. */
function namesOf(cells: readonly string[], { header = true }: SourceOptions): string[] {
  return header ? [...cells] : cells.map((_, i) => `c${i}`);
}

/** What a file's header says. */
async function headerOf(fact: FileFact, options: SourceOptions): Promise<FileFact> {
  if (fact.kind === 'stdin' && fact.path === '-') return fact;
  const [split] = splitFiles([fact], Number.MAX_SAFE_INTEGER, false);
  const reader = openLines(split!, options);
  const records = new CsvRecords(delimiterOf(options));
  let held = Buffer.alloc(0);
  try {
    for (;;) {
      const chunk = await reader.next();
      held = chunk === undefined ? held : Buffer.concat([held, chunk]);
      records.begin(held);
      const found = records.next();
      if (found === 'record') return { ...fact, inside: namesOf(cellsOf(records), options) };
      // What is wrong is said where records are read.
      if (found === 'quote' || chunk === undefined || held.length > HEADER_LIMITS.recordBytes) {
        return { ...fact, inside: [] };
      }
    }
  } finally {
    reader.close();
  }
}

function check(facts: readonly FileFact[], _: SourceOptions, columns: Schema): void {
  for (const [name, of] of Object.entries(columns)) {
    if (of.type !== 'list') continue;
    throw new UsageError('COLUMN_TYPE', `${nameOf(facts)}: column '${name}' is a list`, {
      remedy: 'A cell of csv is one value: read it as utf8, or write parquet.',
    });
  }
  for (const { path, name = path, inside } of facts) {
    if (inside === undefined) continue;
    const missing = Object.keys(columns).find(column => !(inside as string[]).includes(column));
    if (missing === undefined) continue;
    throw new UsageError('COLUMN_MISSING', `${name}: no column '${missing}'`, {
      remedy: `There are: ${(inside as string[]).join(', ') || 'none'}. Rename one in the header.`,
    });
  }
}

class CsvReader implements BatchReader {
  readonly kind = 'batches';
  file = '';
  offset = 0;
  row: number | undefined;
  bytes = 0;
  skipped = 0;
  readonly #options: SourceOptions;
  readonly #limits: Limits;
  readonly #text: TextReader;
  readonly #records: CsvRecords;
  readonly #names: readonly string[];
  readonly #columns: Schema;
  readonly #values: readonly Values[];
  /** Those whose values may be long. */
  readonly #texts: readonly Values[];
  /** Which cell each column is; undefined until the first record of the file has been read. */
  #cells: readonly number[] | undefined;
  #width = 0;
  /** Records of the file until now. */
  #count = 0;
  /** Offset of the records' bytes. */
  #base = 0;
  #chunkAt = 0;
  /** The batch has records that do not follow one another. */
  #gaps = false;
  #scratch = Buffer.alloc(1024);
  #closed = false;

  constructor(split: Split, options: SourceOptions, limits: Limits, columns: Schema) {
    this.#options = options;
    this.#limits = limits;
    this.#columns = columns;
    this.#names = Object.keys(columns);
    this.#values = Object.values(columns).map(of => valuesReader(of)!);
    this.#texts = this.#values.filter((_, i) => storedAs(columns[this.#names[i]!]!) === 'bytes');
    this.#records = new CsvRecords(delimiterOf(options));
    this.#text = openLines(split, options, limits);
  }

  next(): StoredBatch | undefined | Promise<StoredBatch | undefined> {
    for (const values of this.#values) values.clear();
    while (!this.#closed) {
      const rows = this.#take();
      if (rows > 0) return { rows, columns: this.#values.map(values => values.column()) };
      const chunk = this.#text.next();
      if (chunk instanceof Promise) return this.#resume(chunk);
      if (!this.#begin(chunk)) return undefined;
    }
    return undefined;
  }

  async #resume(asked: Promise<Uint8Array | undefined>): Promise<StoredBatch | undefined> {
    return this.#begin(await asked) ? this.next() : undefined;
  }

  /** The bytes that records are cut from: what is left of those before, and the chunk. */
  #begin(chunk: Uint8Array | undefined): boolean {
    const records = this.#records;
    const left = records.bytes.subarray(records.at);
    const { file, offset } = this.#text;
    // In a file the offsets of chunks rise.
    const isNew = chunk !== undefined && (file !== this.file || offset <= this.#chunkAt);
    if (
      left.length > 0 &&
      (chunk === undefined || isNew || left.length > this.#limits.recordBytes)
    ) {
      throw this.#wrong('CSV_QUOTE', UNCLOSED);
    }
    if (chunk === undefined) return false;
    if (isNew) {
      this.#cells = undefined;
      this.#count = 0;
      this.file = file;
    }
    this.#chunkAt = offset;
    this.#base = left.length > 0 ? this.#base + records.at : offset;
    records.begin(left.length > 0 ? Buffer.concat([left, chunk]) : chunk);
    this.bytes += chunk.length;
    return true;
  }

  /** Records into values, until the batch is full or there are no more. @returns how many */
  #take(): number {
    const records = this.#records;
    let rows = 0;
    this.#gaps = false;
    while (rows < BATCH_ROWS && !this.#isLarge()) {
      const found = records.next();
      if (found === 'more') break;
      this.#count++;
      if (found === 'quote') {
        this.#refuse('CSV_QUOTE', 'has something after a closing quote');
        records.skipLine();
        continue;
      }
      if (this.#cells === undefined && this.#isHeader()) continue;
      if (records.isEmpty && this.#width > 1) this.#gaps = true;
      else if (this.#record() && rows++ === 0) {
        this.offset = this.#base + records.start;
        this.row = this.#count;
        this.#gaps = false;
      }
    }
    if (this.#gaps) this.row = undefined;
    return rows;
  }

  #isLarge(): boolean {
    for (const { bytes } of this.#texts) if (bytes >= BATCH_BYTES) return true;
    return false;
  }

  /** Learns from the first record of a file which cell each column is. @returns whether that is all that it says */
  #isHeader(): boolean {
    const names = namesOf(cellsOf(this.#records), this.#options);
    this.#width = names.length;
    this.#cells = this.#names.map(name => names.indexOf(name));
    const missing = this.#cells.indexOf(-1);
    if (missing >= 0) throw this.#wrong('CSV_HEADER', `has no column '${this.#names[missing]}'`);
    const twice = this.#names.find(name => names.indexOf(name) !== names.lastIndexOf(name));
    if (twice !== undefined) throw this.#wrong('CSV_HEADER', `has two columns '${twice}'`);
    return this.#options.header !== false;
  }

  /** @returns whether it is a row */
  #record(): boolean {
    const { cells } = this.#records;
    if (cells !== this.#width) {
      const have = `has ${count(cells)} ${cells === 1 ? 'column' : 'columns'}`;
      return this.#refuse('CSV_WIDTH', `${have}, the ${this.#model} has ${count(this.#width)}`);
    }
    for (let i = 0; i < this.#values.length; i++) {
      if (this.#cell(this.#values[i]!, this.#cells![i]!)) continue;
      for (let done = 0; done < i; done++) this.#values[done]!.drop();
      return this.#refuse('CSV_VALUE', this.#whyNot(i), i);
    }
    return true;
  }

  #cell(values: Values, cell: number): boolean {
    const { bytes, starts, ends, quotes } = this.#records;
    const from = starts[cell]!;
    const to = ends[cell]!;
    if (quotes[cell] === PLAIN && from === to && values.takeNull()) return true;
    if (quotes[cell] !== DOUBLED) return values.take(bytes, from, to);
    if (this.#scratch.length < to - from) this.#scratch = Buffer.alloc(2 * (to - from));
    return values.take(this.#scratch, 0, undouble(bytes, from, to, this.#scratch));
  }

  /** What all other records are held against. */
  get #model(): string {
    return this.#options.header === false ? 'first row' : 'header';
  }

  #whyNot(column: number): string {
    const name = this.#names[column]!;
    const cell = cellsOf(this.#records)[this.#cells![column]!]!;
    if (cell === '') return `has no ${name}`;
    const shown = cell.length > SHOWN_BYTES ? `${cell.slice(0, SHOWN_BYTES)}…` : cell;
    return `has ${JSON.stringify(shown)} for ${name}, which is ${printType(this.#columns[name]!)}`;
  }

  /** Leaves the record out, while that is allowed. Throws what is wrong with it. */
  #refuse(code: CsvCode, what: string, column = 0): false {
    if (this.skipped === (this.#options.skipBad ?? 0)) throw this.#wrong(code, what, column);
    this.skipped++;
    this.#gaps = true;
    return false;
  }

  /** The record that was cut last, or, where none could be, the one that begins next. */
  #wrong(code: CsvCode, what: string, column = 0): DataError {
    const { bytes, start, at } = this.#records;
    const from = code === 'CSV_QUOTE' ? at : start;
    const shown = Buffer.from(bytes.subarray(from, from + SHOWN_BYTES)).toString();
    const row = this.#count + (what === UNCLOSED ? 1 : 0);
    return new DataError(code, `${this.file}: row ${count(row)} ${what}`, {
      file: this.file,
      row,
      offset: this.#base + from,
      record: shown.split(/\r?\n/, 1)[0]!,
      remedy: code === 'CSV_VALUE' ? this.#otherType(column) : REMEDIES[code],
    });
  }

  #otherType(column: number): string {
    const name = this.#names[column]!;
    const { type } = this.#columns[name]!;
    return `Mend the file, or leave such rows out with --skip-bad N. Where the job takes another type, say so: --schema '${name}:utf8', or ${name}:${type}? where a cell may be empty`;
  }

  close(): void {
    this.#closed = true;
    this.#text.close();
  }
}

type CsvCode = keyof typeof REMEDIES | 'CSV_VALUE';
const REMEDIES = {
  CSV_HEADER:
    'Every file of an input has the columns that are asked for, each once; read others as inputs of their own',
  CSV_QUOTE:
    'Quotes inside quotes are doubled, and a delimiter follows. Leave such rows out with --skip-bad N',
  CSV_WIDTH:
    'A cell with a delimiter or a line end in it needs quotes. Leave such rows out with --skip-bad N',
} as const;
const UNCLOSED = 'opens a quote that is never closed';

const count = (n: number): string => n.toLocaleString('en');

export const csvSource: Source = {
  async describe(where, options, planning) {
    delimiterOf(options);
    const facts = await text.source.describe(where, options, planning);
    const known: FileFact[] = [];
    for (const fact of facts) known.push(await headerOf(fact, options));
    return known;
  },
  split: (facts, hintBytes) => splitFiles(facts, hintBytes, false),
  check,
  open: (split, options, limits, columns) => new CsvReader(split, options, limits, columns),
};
