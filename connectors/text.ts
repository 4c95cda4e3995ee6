/** Text: a row is a line, in the one column `line`; written, columns joined by tabs.
 *
 * Writing: values as in csv, but raw: nothing is quoted, there is no header, null and '' are both empty; so one utf8 or
 * binary column comes out as its bytes. LF ends a row.
 *
 * Reading: lines end at LF, a CR before it belongs to the end; the last line of a file needs none. A byte order mark at
 * the start of a file is not text. Files are cut at the hint into splits, of which a line belongs to exactly one
 * (lines.ts); smaller files are packed into one split in order; what cannot be cut (gzip) is one split.
 */
import type {
  FileFact,
  Limits,
  Schema,
  Sink,
  SinkOptions,
  Source,
  SourceOptions,
  Split,
  TextReader,
} from 'superstep/internal';
import { checkColumns } from 'superstep/internal';
import type { PutBytes } from './bytes/cells.ts';
import { decoderOf } from './bytes/encoding.ts';
import { describeFiles, nameOf } from './bytes/input-files.ts';
import { LineCutter } from './bytes/lines.ts';
import { type ByteReader, GzipReader, PlainReader, type Planned } from './bytes/read.ts';
import { RowWriter } from './bytes/row-writer.ts';

const COLUMNS = { line: { type: 'utf8' } } as const;
/** The last split of a file may be this much larger than the hint, so that none is tiny (Hadoop's SPLIT_SLOP). */
const SLOP = 1.1;
/** Files in one split, so that no message of a plan grows without bound. */
const FILES = 4096;

/** A part of a file; a gzip file has no end that is known before it is read. */
interface Piece extends Planned {
  readonly start: number;
  readonly end: number;
  readonly gzip: boolean;
}

/** Files in splits of about the hint: the large ones cut, the small ones packed together. @param cuts whether files may be cut */
export function splitFiles(facts: readonly FileFact[], hintBytes: number, cuts = true): Split[] {
  // Cuts lie between the code units of every encoding.
  const hint = Math.max(4, hintBytes - (hintBytes % 4));
  const splits: Split[] = [];
  let packed: Piece[] = [];
  let packedBytes = 0;
  const pack = (): void => {
    if (packed.length > 0) splits.push(splitOf(packed, packedBytes));
    packed = [];
    packedBytes = 0;
  };
  for (const { path, name = path, bytes, mtimeMs, kind } of facts) {
    const piece = (start: number, end: number): Piece => ({
      path,
      name,
      size: bytes,
      mtimeMs,
      start,
      end,
      gzip: kind === 'gzip',
    });
    if (kind === 'gzip' || bytes > hint * SLOP) {
      pack();
      let start = 0;
      const cuttable = kind === 'gzip' || !cuts ? 0 : bytes;
      for (; cuttable - start > hint * SLOP; start += hint) {
        splits.push(splitOf([piece(start, start + hint)], hint));
      }
      splits.push(splitOf([piece(start, bytes)], bytes - start));
      continue;
    }
    if (packedBytes + bytes > hint * SLOP || packed.length === FILES) pack();
    packed.push(piece(0, bytes));
    packedBytes += bytes;
  }
  pack();
  return splits;
}

function splitOf(pieces: readonly Piece[], bytes: number): Split {
  const { name, start, end, size } = pieces[0]!;
  const more = pieces.length > 1 ? ` and ${pieces.length - 1} more` : '';
  const range = start > 0 || end < size ? ` ${start}–${end}` : '';
  return { bytes, label: name + range + more, where: pieces.map(piece => ({ ...piece })) };
}

const putRaw: PutBytes = (out, data, from, to) => out.put(data, from, to);

class TextSplitReader implements TextReader {
  readonly kind = 'text';
  file = '';
  offset = 0;
  readonly #pieces: Iterator<Piece>;
  readonly #limits: Limits;
  readonly #decoder: ReturnType<typeof decoderOf>;
  readonly #buffer: Buffer;
  #reader: ByteReader | undefined;
  #cutter: LineCutter | undefined;
  #closed = false;

  constructor({ where }: Split, { encoding }: SourceOptions, limits: Limits) {
    this.#pieces = (where as unknown as readonly Piece[]).values();
    this.#decoder = decoderOf(encoding);
    // What decoding makes longer has to keep to the limits as well.
    const decodedBytes = Math.min(limits.chunkBytes, limits.recordBytes);
    const chunkBytes = Math.max(1, Math.floor(decodedBytes / this.#decoder.growth));
    this.#limits = { ...limits, chunkBytes };
    this.#buffer = limits.buffer?.subarray(0, chunkBytes) ?? Buffer.allocUnsafeSlow(chunkBytes);
  }

  next(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#closed || (this.#cutter === undefined && !this.#openNext())) return undefined;
      const cutter = this.#cutter!;
      const chunk = cutter.take();
      if (chunk !== undefined) {
        this.offset = cutter.offset;
        const decoded = this.#decoder.decode(chunk);
        if (decoded.length > this.#limits.recordBytes + 1) throw cutter.tooLong(cutter.offset);
        return decoded;
      }
      if (cutter.finished) {
        this.#reader!.check();
        this.#closePiece();
        continue;
      }
      const read = this.#reader!.read(cutter.room(), cutter.position);
      if (typeof read !== 'number') return this.#resume(read);
      cutter.filled(read);
    }
  }

  async #resume(read: Promise<number>): Promise<Uint8Array | undefined> {
    const bytes = await read;
    this.#cutter!.filled(bytes);
    return this.next();
  }

  #openNext(): boolean {
    const { value: piece } = this.#pieces.next() as { value?: Piece };
    if (piece === undefined) return false;
    this.file = piece.name;
    this.#reader = piece.gzip ? new GzipReader(piece) : new PlainReader(piece);
    this.#cutter = new LineCutter(
      {
        ...this.#limits,
        file: piece.name,
        start: piece.start,
        end: piece.gzip ? Number.MAX_SAFE_INTEGER : piece.end,
        alphabet: this.#decoder,
      },
      this.#buffer,
    );
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#closePiece();
  }

  #closePiece(): void {
    this.#reader?.close();
    this.#reader = this.#cutter = undefined;
  }
}

const source: Source = {
  async describe(where, options, planning) {
    decoderOf(options.encoding);
    return describeFiles(where, planning);
  },
  split: splitFiles,
  check(facts, _options, columns) {
    checkColumns(COLUMNS, columns, nameOf(facts));
  },
  open: (piece, options, limits) => new TextSplitReader(piece, options, limits),
};

/** For the header of a file, while a plan is made. */
export const HEADER_LIMITS: Limits = { chunkBytes: 64 * 1024, recordBytes: 1 << 20 };

/** The text of a split in chunks of whole lines, for formats that are made of lines. */
export function openLines(
  split: Split,
  options: SourceOptions,
  limits: Limits = HEADER_LIMITS,
): TextReader {
  return new TextSplitReader(split, options, limits);
}

/** Values of a row with a separator between. */
export function writeValues(
  path: string,
  columns: Schema,
  separator: string,
  nulls: SinkOptions['nulls'] = {},
): RowWriter {
  return new RowWriter(path, columns, {
    style: { absent: '', nulls, quote: '', text: putRaw, binary: putRaw, list: 'text' },
    head: Buffer.alloc(0),
    before: Object.keys(columns).map((_, i) => Buffer.from(i === 0 ? '' : separator)),
    after: Buffer.from('\n'),
  });
}

const sink: Sink = {
  extension: '.txt',
  open: (path, columns, { nulls } = {}) => writeValues(path, columns, '\t', nulls),
};

export default { source, sink };
