/** What a connector implements: where tables come from and where they go.
 *
 * Order of calls. A source: `describe` on the driver, the only planning I/O; `split`, pure; then, in workers, `open` for
 * one split and `next` until it is undefined, `close` in any case; `check`, pure, whenever the columns asked for are known.
 * A sink: `open` for one file, `write` batches, then either `close`, after which the file is whole and on the device, or
 * `abort`, after which there is none.
 *
 * Invariants: facts and splits are plain JSON, since they travel and are printed; the same facts and hint give the same
 * splits in the same order, because results depend on it; the bytes a sink writes depend on the rows and not on how they
 * were cut into batches.
 *
 * Not here: what users declare (`connector` of the public API), the formats themselves. Those are in connectors/, found
 * by name when they are first needed, so that there is no arrow from core to them.
 */
import type { StoredBatch } from './batch/columns.ts';
import type { Json } from './define/place.ts';
import type { AnyType, Schema } from './define/schema.ts';
import { ENCODINGS, type ReadOptions, type Table } from './define/table.ts';
import { UsageError } from './errors.ts';

/** One input as it was when the plan was made. */
export interface FileFact {
  /** As the user gave it, or as found below a folder; of standard input, the spooled copy. */
  readonly path: string;
  /** As stored: compressed bytes of a gzip file. */
  readonly bytes: number;
  readonly mtimeMs: number;
  /** A `stdin` without a copy has not been read, for a plan that is only shown. */
  readonly kind: 'plain' | 'gzip' | 'stdin' | 'rows';
  /** What errors call it, where that is not its path. */
  readonly name?: string;
  /** What its format says in a header or a footer: columns, row groups. For its own `check` and `split`. */
  readonly inside?: Json;
}

/** A piece of an input that one task reads. */
export interface Split {
  /** As stored, for progress and estimates. */
  readonly bytes: number;
  /** Said in every error about a record of this split. */
  readonly label: string;
  /** All that `open` needs, the size and time of the files included. */
  readonly where: Json;
}

export { ENCODINGS };
export type Encoding = (typeof ENCODINGS)[number];

/** What the user said about an input. Plain data: travels with every split. */
export interface SourceOptions {
  /** By extension when absent. */
  readonly format?: string;
  /** `utf8` when absent: bytes as they are. */
  readonly encoding?: Encoding;
  /** Of csv: whether the first row has names; true when absent. */
  readonly header?: boolean;
  /** Of csv: one character; a comma when absent. */
  readonly delimiter?: string;
  /** A reader leaves out so many records that are not what they should be, and counts them; 0 when absent. */
  readonly skipBad?: number;
}

/** What planning may use besides the files themselves. */
export interface Planning {
  /** The folder that owns spooled standard input, asked for when there is some. Absent: it is not read. */
  readonly spoolFolder?: () => string;
  /** Standard input; the process's own when absent. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Ends the wait for what standard input has not said yet. */
  readonly signal?: AbortSignal | undefined;
}

export interface Limits {
  /** A chunk holds at most so many bytes, unless it is one longer record. */
  readonly chunkBytes: number;
  /** A line, without its LF, that is longer is a DataError RECORD_TOO_LONG. Bounds what a reader holds. */
  readonly recordBytes: number;
  /** Of chunkBytes, for the reader to use until it is closed; absent: it makes its own. */
  readonly buffer?: Buffer;
}

export interface Source {
  /** The files behind what the user named, sorted by path bytes. Throws UsageError INPUT_MISSING, INPUT_NO_MATCH,
   *  INPUT_EMPTY_FOLDER, DataError INPUT_UNREADABLE. */
  describe(
    where: readonly string[],
    options: SourceOptions,
    planning?: Planning,
  ): Promise<readonly FileFact[]>;
  /** Pure. `hintBytes` is the size to aim at. */
  split(facts: readonly FileFact[], hintBytes: number): readonly Split[];
  /** Whether the files have these columns, as far as facts say. Pure. Throws UsageError COLUMN_MISSING, which lists those
   *  there are, or COLUMN_TYPE. */
  check(facts: readonly FileFact[], options: SourceOptions, columns: Schema): void;
  /** @param columns that are wanted, and no others */
  open(split: Split, options: SourceOptions, limits: Limits, columns: Schema): Reader;
}

export type Reader = TextReader | RowReader | BatchReader;

/** Whole records as raw UTF-8 (or, with encoding utf8, whatever bytes there are). */
export interface TextReader {
  readonly kind: 'text';
  /** Whole lines of one file, line ends included; only the last line of a file may lack one. Lines end at LF; a CR
   *  before it belongs to the end. The bytes are the caller's until the next call, to change too. A promise only where
   *  they have to be waited for (gzip). */
  next(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Of the chunk that `next` returned last: the file, as the user named it, */
  readonly file: string;
  /** and the offset of its first byte, in the decompressed but not transcoded file. */
  readonly offset: number;
  /** Frees what is held; may be called at any time, more than once. */
  close(): void;
}

/** Rows, for a source that has those anyway. */
export interface RowReader {
  readonly kind: 'rows';
  next(): Promise<readonly object[] | undefined>;
  close(): void;
}

/** Columns, in the order of those that were asked for. */
export interface BatchReader {
  readonly kind: 'batches';
  /** At most BATCH_ROWS rows, and at least one. The buffers are the caller's until the next call, to change too. A
   *  promise only where they have to be waited for. */
  next(): StoredBatch | undefined | Promise<StoredBatch | undefined>;
  /** Of the batch that `next` returned last: the file, as the user named it, */
  readonly file: string;
  /** the offset of its first record, in the decompressed file, */
  readonly offset: number;
  /** and that record's row, counted from 1, where it is known. */
  readonly row?: number | undefined;
  /** Of the input, read until now. */
  readonly bytes: number;
  /** Records that were left out until now, because they are not what they should be (SourceOptions.skipBad). */
  readonly skipped: number;
  /** Frees what is held; may be called at any time, more than once. */
  close(): void;
}

/** What a format that holds a whole graph says of one: tables, of which nothing is read yet, and what goes with them. */
export interface GraphInput {
  readonly edges: Table<Schema>;
  readonly vertices?: Table<Schema>;
  readonly directed?: boolean;
  /** Parameters that are not given otherwise, by name of the job; as text, as `--param` takes them. */
  readonly params?: { readonly [job: string]: { readonly [param: string]: string } };
  /** How the results of a job over this graph are written. */
  readonly sink?: SinkOptions;
}
export interface GraphRequest {
  readonly where: readonly string[];
  /** Of what type ids are, where that was said. */
  readonly id?: AnyType | undefined;
  /** Values that are wanted of edges, and of vertices. */
  readonly edges: Schema;
  readonly vertices: Schema;
  readonly options: ReadOptions;
}
/** Reads headers only. Throws UsageError INPUT_MISSING, COLUMN_MISSING and so on; DataError for a header that is wrong. */
export type GraphOf = (request: GraphRequest) => Promise<GraphInput>;

/** What a user may want otherwise of any format. Plain data: travels to the tasks that write. */
export interface SinkOptions {
  /** What null is in csv and text, by column type; empty where there is none. */
  readonly nulls?: { readonly [type: string]: string };
}

export interface Sink {
  /** With the dot. */
  readonly extension: string;
  /** Creates `path`, which must not exist. */
  open(path: string, columns: Schema, options?: SinkOptions): BatchWriter;
}

/** One file being written. Synchronous: `emit` may write before it returns. */
export interface BatchWriter {
  /** The batch's columns in the order of the schema; its buffers are not kept. Throws LimitError DISK_FULL, DataError
   *  INVALID_UTF8 where the format is UTF-8 by definition. After an error only `abort` may follow. */
  write(batch: StoredBatch): void;
  /** Completes the file and fsyncs it. */
  close(): { readonly rows: number; readonly bytes: number };
  /** Leaves no file; harmless after `close` or an error, and then keeps what `close` completed. */
  abort(): void;
}

/** The built-in formats, and what can be done with each today: `reads` tables, `graph`s with more than a table of edges. */
const FORMATS: {
  readonly [format: string]: {
    readonly extensions: readonly string[];
    readonly reads: boolean;
    readonly writes: boolean;
    readonly graph?: true;
  };
} = {
  text: { extensions: ['.txt'], reads: true, writes: true },
  csv: { extensions: ['.csv'], reads: true, writes: true },
  jsonl: { extensions: ['.jsonl', '.ndjson'], reads: false, writes: true },
  parquet: { extensions: ['.parquet'], reads: true, writes: true },
  // No extension is its own: a table of edges makes edges of what would be text.
  edges: { extensions: [], reads: true, writes: false },
  mtx: { extensions: ['.mtx'], reads: true, writes: false, graph: true },
  graphology: { extensions: [], reads: true, writes: true, graph: true },
  graphalytics: { extensions: [], reads: false, writes: true, graph: true },
};

const formatsThat = (can: 'reads' | 'writes'): string =>
  Object.keys(FORMATS)
    .filter(name => FORMATS[name]![can])
    .join(', ');

/** The format that a path's extension names, if it names one. */
function byExtension(path: string): string | undefined {
  const lower = path.toLowerCase();
  return Object.keys(FORMATS).find(name => FORMATS[name]!.extensions.some(e => lower.endsWith(e)));
}

/** The format that the name of an input file tells, if it tells one; `.gz` apart. */
export const formatByName = (path: string): string | undefined =>
  byExtension(path.replace(/\.gz$/i, ''));

/** The format of input files: the one asked for, else that of their extensions, else text; where ends of edges (or
 *  vertices) are wanted of text, its lines are edges. Throws UsageError FORMAT_UNKNOWN, FORMAT_NOT_READ, FORMAT_MIXED. */
export function inputFormat(
  paths: readonly string[],
  asked?: string,
  columns: Schema = {},
): string {
  if (asked !== undefined) {
    checkReads(asked, `--input-format ${asked}`);
    return asked;
  }
  const has = (name: string): boolean => Object.hasOwn(columns, name);
  const isGraph = !has('line') && (has('vertex') || (has('source') && has('target')));
  const formats = paths.map(path => {
    const named = formatByName(path) ?? 'text';
    const format = named === 'text' && isGraph ? 'edges' : named;
    checkReads(format, path);
    return format;
  });
  const other = formats.findIndex(format => format !== formats[0]);
  if (other > 0) {
    const said = `${paths[0]} is ${formats[0]}, ${paths[other]} is ${formats[other]}`;
    throw new UsageError('FORMAT_MIXED', `inputs of one table have one format: ${said}`, {
      remedy: 'Say what all of them are with --input-format, or read them as tables of their own',
    });
  }
  return formats[0] ?? (isGraph ? 'edges' : 'text');
}

/** The format of an output: the one asked for, else that of its extension; parquet for a folder.
 *  Throws UsageError FORMAT_UNKNOWN, FORMAT_NOT_WRITTEN. */
export function outputFormat(path: string, asked?: string): string {
  if (asked !== undefined) {
    checkWrites(asked, `--format ${asked}`);
    return asked;
  }
  const extension = /\.[^./\\]*$/.exec(path)?.[0];
  const format = byExtension(path);
  if (format !== undefined) {
    checkWrites(format, path);
    return format;
  }
  if (extension === undefined || path.endsWith('/')) return 'parquet';
  throw new UsageError(
    'FORMAT_UNKNOWN',
    `${path}: no output format has the extension "${extension}"`,
    {
      remedy: `Name it .txt, .csv, .jsonl or .parquet, or say --format ${formatsThat('writes').replaceAll(', ', '|')}`,
    },
  );
}

/** Of files of a built-in format, with the dot. Throws UsageError FORMAT_UNKNOWN, FORMAT_NOT_WRITTEN. */
export function extensionOf(format: string): string {
  checkWrites(format, `format ${format}`);
  return FORMATS[format]!.extensions[0]!;
}

function known(format: string, can: 'reads' | 'writes', said: string): boolean {
  if (Object.hasOwn(FORMATS, format)) return FORMATS[format]![can];
  throw new UsageError('FORMAT_UNKNOWN', `${said}: there is no format "${format}"`, {
    remedy: `Formats are ${formatsThat(can)}`,
  });
}

/** A format that something is read as: of tables or of graphs. Throws UsageError FORMAT_UNKNOWN. */
export function checkInputFormat(asked: string): void {
  if (Object.hasOwn(FORMATS, asked)) return;
  const all = Object.keys(FORMATS).filter(name => FORMATS[name]!.reads || FORMATS[name]!.graph);
  throw new UsageError('FORMAT_UNKNOWN', `--input-format ${asked}: there is no format "${asked}"`, {
    remedy: `Formats are ${all.join(', ')}`,
  });
}

function checkReads(format: string, said: string): void {
  if (known(format, 'reads', said)) return;
  if (FORMATS[format]!.graph === true) {
    throw new UsageError('FORMAT_NOT_READ', `${said}: ${format} is a graph, not a table`, {
      remedy: 'Give it to a job over a graph, such as pagerank',
    });
  }
  throw new UsageError('FORMAT_NOT_READ', `${said}: ${format} cannot be read yet`, {
    remedy: `Formats that can be read: ${formatsThat('reads')}. To read its lines as text: --input-format text`,
  });
}

function checkWrites(format: string, said: string): void {
  if (known(format, 'writes', said)) return;
  throw new UsageError('FORMAT_NOT_WRITTEN', `${said}: ${format} cannot be written`, {
    remedy: `Formats that can be written: ${formatsThat('writes')}`,
  });
}

/** The module of a built-in format: `superstep/connectors/<format>`. The package names itself, so that core needs no
 *  path to a folder above it. */
async function load(format: string): Promise<FormatModule> {
  const module = (await import(`superstep/connectors/${format}`)) as {
    readonly default: FormatModule;
  };
  return module.default;
}
interface FormatModule {
  readonly source?: Source;
  readonly sink?: Sink;
  readonly graph?: GraphOf;
}

/** What makes a graph of such inputs, where their format (asked for, or by extension) holds more of one than a table of
 *  edges; undefined where it does not. */
export async function loadGraph(
  paths: readonly string[],
  asked?: string,
): Promise<GraphOf | undefined> {
  const named = asked === undefined ? paths.map(formatByName) : [asked];
  const format = named.find(each => each !== undefined && FORMATS[each]?.graph === true);
  return format === undefined ? undefined : (await load(format)).graph;
}

/** Throws UsageError FORMAT_UNKNOWN, FORMAT_NOT_READ. */
export async function loadSource(format: string): Promise<Source> {
  checkReads(format, 'input');
  return (await load(format)).source!;
}

/** Throws UsageError FORMAT_UNKNOWN, FORMAT_NOT_WRITTEN. */
export async function loadSink(format: string): Promise<Sink> {
  checkWrites(format, 'output');
  return (await load(format)).sink!;
}
