/** Reads lines of edges (edge-lines.ts) out of files, chunk by chunk, and says what is wrong with one. */
import {
  type AnyType,
  type BatchReader,
  DataError,
  type Limits,
  type Schema,
  type SourceOptions,
  type Split,
  type StoredBatch,
  type TextReader,
} from 'superstep/internal';
import { openLines } from '../text.ts';
import { IntegerLines, TextLines, type WeightType, type Wrong } from './edge-lines.ts';

/** Of a line that is wrong, so much is shown. */
const SHOWN_BYTES = 60;
/** A file's first line may begin after a byte order mark. */
const BOM_BYTES = 3;

export class EdgeReader implements BatchReader {
  readonly kind = 'batches';
  file = '';
  offset = 0;
  bytes = 0;
  skipped = 0;
  readonly #lines: IntegerLines | TextLines;
  readonly #text: TextReader;
  /** Of the columns that lines have (ids, weight), the place of each that was asked for. */
  readonly #order: readonly number[];
  readonly #columns: Schema;
  readonly #skipBad: number;
  /** The chunk that lines are taken from: its offset, and the lines of the file before it, where they are known. */
  #chunkAt = 0;
  #before: number | undefined;

  /** The first line of a file is none of an edge. */
  readonly #hasHeading: boolean;
  /** Lines are vertices. */
  readonly #isList: boolean;
  /** That line has not come yet. */
  #heading = false;

  constructor(
    split: Split,
    options: SourceOptions,
    limits: Limits,
    columns: Schema,
    hasHeading = false,
  ) {
    this.#hasHeading = hasHeading;
    this.#columns = columns;
    this.#skipBad = options.skipBad ?? 0;
    this.#text = openLines(split, options, limits);
    const isList = Object.hasOwn(columns, 'vertex');
    const have = isList ? ['vertex'] : ['source', 'target', 'weight'];
    this.#isList = isList;
    this.#order = Object.keys(columns).map(name => have.indexOf(name));
    const id: AnyType = columns['vertex'] ??
      columns['source'] ??
      columns['target'] ?? { type: 'int64' };
    const weight = columns['weight'];
    const Lines = id.type === 'utf8' ? TextLines : IntegerLines;
    const type = weight?.type as WeightType | undefined;
    this.#lines = new Lines(isList ? 1 : 2, type, weight?.nullable === true);
  }

  next(): StoredBatch | undefined | Promise<StoredBatch | undefined> {
    const lines = this.#lines;
    for (;;) {
      if (this.#heading) this.#heading = !lines.skipHeading();
      if (!lines.finished) {
        this.offset = this.#chunkAt + lines.at;
        lines.take();
        if (lines.wrong !== undefined) {
          // Rows before it are not handed out: the job ends here.
          if (this.skipped === this.#skipBad) throw this.#invalid(lines.wrong);
          this.skipped++;
          lines.skip();
        }
        if (lines.rows > 0) return this.#batch();
        continue;
      }
      const chunk = this.#text.next();
      if (chunk instanceof Promise) return this.#resume(chunk);
      if (chunk === undefined) return undefined;
      this.#begin(chunk);
    }
  }

  async #resume(asked: Promise<Uint8Array | undefined>): Promise<StoredBatch | undefined> {
    const chunk = await asked;
    if (chunk === undefined) return undefined;
    this.#begin(chunk);
    return this.next();
  }

  #begin(chunk: Uint8Array): void {
    const { file, offset } = this.#text;
    // In a file the offsets of chunks rise.
    if (file !== this.file || offset <= this.#chunkAt) {
      this.#before = offset <= BOM_BYTES ? 0 : undefined;
      this.#heading = this.#hasHeading;
    } else if (this.#before !== undefined) this.#before += this.#lines.lines;
    this.#lines.lines = 0;
    this.#lines.begin(chunk);
    this.file = file;
    this.#chunkAt = offset;
    this.bytes += chunk.length;
  }

  #batch(): StoredBatch {
    const { rows, columns } = this.#lines.batch();
    return { rows, columns: this.#order.map(i => columns[i]!) };
  }

  #invalid({ field, why }: Wrong): DataError {
    const name = this.#isList && field === 'source' ? 'vertex' : field;
    const { file } = this;
    const offset = this.#chunkAt + this.#lines.at;
    const row = this.#before === undefined ? undefined : this.#before + this.#lines.lines + 1;
    const of = this.#columns[name] ?? { type: 'float64' };
    const where = row === undefined ? `the line at byte ${count(offset)}` : `row ${count(row)}`;
    const what = {
      missing: `has no ${name}`,
      invalid: `has a ${name} that is no ${of.type === 'float64' ? 'number' : 'integer'}`,
      large: `has a ${name} beyond ${of.type === 'int32' ? 32 : 64} bits`,
    }[why];
    return new DataError('EDGE_INVALID', `${file}: ${where} ${what}`, {
      file,
      offset,
      ...(row !== undefined && { row }),
      record: this.#lines.show(SHOWN_BYTES),
      remedy: this.#hasHeading ? MEND : remedyFor(field, why),
    });
  }

  close(): void {
    this.#text.close();
    this.#lines.begin(new Uint8Array(0));
  }
}

const count = (n: number): string => n.toLocaleString('en');

/** Of a matrix, whose ids are numbers whatever is said. */
const MEND = 'Mend the file, or leave such lines out with --skip-bad N';

function remedyFor(field: Wrong['field'], why: Wrong['why']): string {
  if (field === 'weight') {
    if (why === 'large') return 'Read weights as doubles: --schema with weight:float64';
    return 'Every edge needs a number as its third field; mend the file, or leave such lines out with --skip-bad N';
  }
  if (why === 'missing') {
    return 'A line is two ids, with blanks, a tab or a comma between. Leave such lines out with --skip-bad N';
  }
  return "If ids are text, say so: --schema 'source:utf8,target:utf8'. Leave such lines out with --skip-bad N";
}
