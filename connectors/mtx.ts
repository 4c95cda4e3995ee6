/** Matrix Market: a sparse square matrix as a graph. Entry (i, j) is an edge from i to j, ids are 1 to n.
 *
 *   %%MatrixMarket matrix coordinate real|integer|pattern general|symmetric|skew-symmetric
 *   % comments
 *   n n entries
 *   i j value
 *
 * Columns: `source` and `target`, int64; `weight`, the value, which a pattern has none of; or `vertex`: 1 to n. Each entry is one
 * edge: those of a symmetric matrix have no direction (`graph` of this module says so). Of a skew-symmetric one each entry is
 * two edges, there and back, with opposite weights. A file is one split, since only a whole file can be held against its count.
 * Refused by name: dense, complex and Hermitian matrices, and those that are not square.
 * Format: https://math.nist.gov/MatrixMarket/formats.html.
 */
import { bigint64, type Graph, graph, read, type Schema } from 'superstep';
import {
  BATCH_ROWS,
  type BatchReader,
  checkColumns,
  DataError,
  type FileFact,
  type GraphInput,
  type GraphRequest,
  type Json,
  type Kind,
  type Limits,
  type Source,
  type SourceOptions,
  type Split,
  type StoredBatch,
  storedAs,
  UsageError,
  valuesOf,
} from 'superstep/internal';
import { EdgeReader } from './bytes/edge-reader.ts';
import text, { openLines, splitFiles } from './text.ts';

/** What a file says of its matrix. */
interface Header {
  readonly [key: string]: Json;
  readonly field: 'real' | 'integer' | 'pattern';
  readonly symmetry: 'general' | 'symmetric' | 'skew-symmetric';
  readonly size: number;
  readonly entries: number;
}

function invalid(file: string, what: string, remedy: string): DataError {
  return new DataError('GRAPH_INVALID', `${file}: ${what}`, { file, remedy });
}

const WANTED =
  'It begins: %%MatrixMarket matrix coordinate real general (or integer, pattern; symmetric, skew-symmetric)';

/** Throws DataError GRAPH_INVALID. */
function headerOf(file: string, banner: string, size: string): Header {
  const [tag, object, format, field = '', symmetry = ''] = banner.trim().toLowerCase().split(/\s+/);
  if (tag !== '%%matrixmarket') {
    throw invalid(file, 'it does not begin as a Matrix Market file', WANTED);
  }
  if (object !== 'matrix') throw invalid(file, `it holds a ${object}, not a matrix`, WANTED);
  if (format !== 'coordinate') {
    throw invalid(file, `its matrix is ${format === 'array' ? 'dense' : format}`, WANTED);
  }
  if (field !== 'real' && field !== 'integer' && field !== 'pattern') {
    throw invalid(file, `its values are ${field || 'of no kind'}`, WANTED);
  }
  if (symmetry !== 'general' && symmetry !== 'symmetric' && symmetry !== 'skew-symmetric') {
    throw invalid(file, `its symmetry is ${symmetry || 'not said'}`, WANTED);
  }
  const [, rows, columns, entries] =
    /^\s*(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s*$/.exec(size) ?? [];
  if (rows === undefined) {
    const said = JSON.stringify(size.trim().slice(0, 60));
    throw invalid(file, `the line of its size is ${said}`, 'It is: rows, columns, entries');
  }
  if (rows !== columns) {
    throw invalid(
      file,
      `its matrix is ${rows} × ${columns}, and that of a graph is square`,
      'Edges between two sets of vertices may be read as an edge list, with ids that differ',
    );
  }
  return { field, symmetry, size: Number(rows), entries: Number(entries) };
}

async function withHeader(fact: FileFact, options: SourceOptions): Promise<FileFact> {
  const { path, name = path } = fact;
  if (fact.kind === 'stdin' && path === '-') return fact;
  const [split] = splitFiles([fact], Number.MAX_SAFE_INTEGER, false);
  const reader = openLines(split!, options);
  let banner: string | undefined;
  try {
    for (;;) {
      const chunk = await reader.next();
      if (chunk === undefined) return { ...fact, inside: headerOf(name, banner ?? '', '') };
      for (const line of Buffer.from(chunk).toString('latin1').split('\n')) {
        banner ??= line;
        if (!/^\s*(%|$)/.test(line)) return { ...fact, inside: headerOf(name, banner, line) };
      }
    }
  } finally {
    reader.close();
  }
}

function check(facts: readonly FileFact[], _: SourceOptions, columns: Schema): void {
  for (const { path, name = path, inside } of facts) {
    const { field = 'real' } = (inside ?? {}) as Partial<Header>;
    const { weight = { type: 'float64' } } = columns;
    const isWhole = weight.type === 'int64' || weight.type === 'int32';
    const value = isWhole && field === 'integer' ? weight : { type: 'float64' };
    const have: Schema = Object.hasOwn(columns, 'vertex')
      ? { vertex: bigint64 }
      : { source: bigint64, target: bigint64, ...(field !== 'pattern' && { weight: value }) };
    const otherwise =
      field === 'pattern'
        ? 'Entries of a pattern have no values: write them as real, or run a job without weights.'
        : "The values are called 'weight'.";
    checkColumns(have, columns, name, otherwise);
  }
}

/** The entries of one file as edges, held against its header. */
class MatrixReader implements BatchReader {
  readonly kind = 'batches';
  readonly #edges: EdgeReader;
  readonly #header: Header;
  readonly #weight: Exclude<Kind, 'bytes'> | undefined;
  /** Of the columns that lines are read as, the place of each that was asked for. */
  readonly #order: readonly number[];
  #entries = 0;
  #back: StoredBatch | undefined;
  #closed = false;

  constructor(split: Split, options: SourceOptions, limits: Limits, columns: Schema) {
    const { pieces, header } = split.where as { pieces: Json; header: Header };
    // Ids always, to be looked at.
    const all: Schema = { source: bigint64, target: bigint64, ...columns };
    const { weight } = columns;
    this.#header = header;
    this.#weight = weight && (storedAs(weight) as 'f64');
    this.#edges = new EdgeReader({ ...split, where: pieces }, options, limits, all, true);
    this.#order = Object.keys(columns).map(name => Object.keys(all).indexOf(name));
  }

  get file(): string {
    return this.#edges.file;
  }
  get offset(): number {
    return this.#edges.offset;
  }
  get bytes(): number {
    return this.#edges.bytes;
  }
  get skipped(): number {
    return this.#edges.skipped;
  }

  next(): StoredBatch | undefined | Promise<StoredBatch | undefined> {
    const back = this.#back;
    this.#back = undefined;
    if (back !== undefined && !this.#closed) return back;
    const batch = this.#edges.next();
    return batch instanceof Promise
      ? batch.then(each => this.#checked(each))
      : this.#checked(batch);
  }

  #checked(batch: StoredBatch | undefined): StoredBatch | undefined {
    if (this.#closed) return undefined;
    if (batch === undefined) {
      this.#checkCount();
      return undefined;
    }
    this.#checkEnds(batch);
    this.#entries += batch.rows;
    const columns = this.#order.map(i => batch.columns[i]!);
    if (this.#header.symmetry === 'skew-symmetric') this.#back = this.#mirrored(batch);
    return { rows: batch.rows, columns };
  }

  #checkEnds({ rows, columns }: StoredBatch): void {
    const { size, symmetry } = this.#header;
    // Halves of 64 bits.
    const from = valuesOf(columns[0]!.data, 'i32');
    const to = valuesOf(columns[1]!.data, 'i32');
    for (let row = 0; row < rows; row++) {
      const i = from[2 * row + 1]! * 2 ** 32 + (from[2 * row]! >>> 0);
      const j = to[2 * row + 1]! * 2 ** 32 + (to[2 * row]! >>> 0);
      const isOut = i < 1 || j < 1 || i > size || j > size;
      if (!isOut && (i !== j || symmetry !== 'skew-symmetric')) continue;
      const where = isOut ? `outside of its ${size} × ${size}` : 'on the diagonal, which is 0';
      throw invalid(
        this.file,
        `entry ${count(this.#entries + row + 1)}, (${i}, ${j}), lies ${where}`,
        'Rows and columns count from 1; mend the file, or its header',
      );
    }
  }

  #checkCount(): void {
    const [have, said] = [this.#entries + this.skipped, this.#header.entries];
    if (have === said) return;
    throw invalid(
      this.file,
      `it has ${count(have)} entries, its header says ${count(said)}`,
      'Get the file again if it was cut short; otherwise mend the header',
    );
  }

  /** The edges back, in buffers of their own: the caller may change those of the edges there. */
  #mirrored({ rows, columns }: StoredBatch): StoredBatch {
    const copies = columns.map(({ data, ...rest }) => ({ data: data.slice(), ...rest }));
    const [source, target, weight] = copies;
    if (weight !== undefined) {
      const values = valuesOf(weight.data, this.#weight!);
      for (let row = 0; row < rows; row++) values[row] = -values[row]!;
    }
    const turned = [target!, source!, ...copies.slice(2)];
    return { rows, columns: this.#order.map(i => turned[i]!) };
  }

  close(): void {
    this.#closed = true;
    this.#edges.close();
  }
}

const count = (n: number): string => n.toLocaleString('en');

/** All vertices of one matrix: 1 to n. */
class NumberReader implements BatchReader {
  readonly kind = 'batches';
  readonly file: string;
  readonly offset = 0;
  readonly bytes = 0;
  readonly skipped = 0;
  readonly #size: number;
  #given = 0;

  constructor({ where, label }: Split) {
    this.file = label;
    this.#size = (where as { header: Header }).header.size;
  }

  next(): StoredBatch | undefined {
    const rows = Math.min(BATCH_ROWS, this.#size - this.#given);
    if (rows <= 0) return undefined;
    const ids = new BigInt64Array(rows);
    for (let row = 0; row < rows; row++) ids[row] = BigInt(++this.#given);
    return { rows, columns: [{ data: new Uint8Array(ids.buffer) }] };
  }

  close(): void {
    this.#given = this.#size;
  }
}

const source: Source = {
  async describe(where, options, planning) {
    const facts: FileFact[] = [];
    for (const fact of await text.source.describe(where, options, planning)) {
      facts.push(await withHeader(fact, options));
    }
    return facts;
  },
  split: facts =>
    facts.flatMap(fact =>
      splitFiles([fact], Number.MAX_SAFE_INTEGER, false).map(split => ({
        ...split,
        where: { pieces: split.where, header: fact.inside ?? null },
      })),
    ),
  check,
  open: (split, options, limits, columns) =>
    Object.hasOwn(columns, 'vertex')
      ? new NumberReader(split)
      : new MatrixReader(split, options, limits, columns),
};

async function graphOf(request: GraphRequest): Promise<GraphInput> {
  const { where, id = bigint64, edges, vertices, options } = request;
  const [path, another] = where;
  if (path === undefined || another !== undefined || path === '-') {
    const what = path === '-' ? 'standard input is given' : `${where.length} matrices are given`;
    throw new UsageError('USAGE', `mtx: ${what}`, {
      remedy: 'Name one file: a graph is one matrix, and its header is read first',
    });
  }
  const [fact] = await source.describe([path], options);
  const { symmetry } = fact!.inside as Header;
  const files = { ...options, format: 'mtx' } as const;
  return {
    edges: read(path, { source: id, target: id, ...edges }, files),
    // Values of vertices are in none of these files.
    ...(Object.keys(vertices).length === 0 && { vertices: read(path, { vertex: id }, files) }),
    directed: symmetry !== 'symmetric',
  };
}

/** A matrix as a graph, with its values as weights if these are wanted: `matrix('g.mtx', { weight: float64 })`. Throws
 *  UsageError INPUT_MISSING, COLUMN_MISSING; DataError GRAPH_INVALID. */
export async function matrix<E extends Schema = {}>(
  path: string,
  values: E = {} as E,
): Promise<Graph<typeof bigint64, {}, E>> {
  const { edges, vertices, directed } = await graphOf({
    where: [path],
    edges: values,
    vertices: {},
    options: {},
  });
  return graph(edges as never, { directed: directed!, vertices: vertices! as never }) as never;
}

export default { source, graph: graphOf };
