/** Completes the vertices of a partition, in a worker: the id, the out-degree and the values of each, in order of rank.
 *
 *   ids, cut to the partition ──┐
 *   out-degrees ────────────────┼──▶ a run
 *   rows of vertices, sorted ───┘    (null where none lists a vertex)
 */
import {
  type Field,
  fieldsOf,
  sliceColumn,
  type StoredBatch,
  type StoredColumn,
  WIDTH,
} from '../../batch/columns.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { carrierOf } from '../../mapreduce/carriers.ts';
import { hardened } from '../../mapreduce/hard-memory.ts';
import { measure } from '../../mapreduce/measure.ts';
import type { Carrier, Slice } from '../../shuffle/carrier.ts';
import { OUT_DEGREE, vertexFields } from '../loaded.ts';
import { keyBits } from './arrange.ts';
import { Gathered } from './gathered.ts';
import { JoinedRun } from './run-parts.ts';
import { type SortedBlock, SortedRows } from './sorted-rows.ts';
import { type CompleteArgument, type Completed, rankedFields, spreadFields } from './tasks.ts';

export async function runComplete(
  argument: CompleteArgument,
  given: WorkerContext,
): Promise<Completed> {
  const worker = hardened(argument.context, given);
  const measured = measure();
  worker.kernels().reset();
  const { context, id, vertex } = argument;
  const place = { context, worker };
  const carrier = carrierOf(context, worker);
  const rows = argument.rows && sortedRows(argument, worker, carrier);
  const idBytes = argument.ids.reduce((sum, part) => sum + bytesOf(part), 0);
  const hint = (rows?.bytes ?? 0) + idBytes + 4096;
  const out = new JoinedRun(place, 'vertices', vertexFields(id, vertex), hint);
  try {
    await rows?.prepare();
    const columns = new Columns(argument, carrier);
    const values = rows && new Values(rows, worker, fieldsOf(vertex));
    for (let from = 0; from < argument.vertices; ) {
      // Ids and degrees are copies: what reads values may read the same buffers.
      const { ids, degrees, n } = columns.next();
      const own = values === undefined ? [] : values.next(n);
      const batch = { rows: n, columns: [ids, degrees, ...own] };
      await out.room(batch);
      out.add(batch);
      from += n;
      worker.heapCheck();
    }
    const spilledBytes = rows?.spilledBytes ?? 0;
    return { vertices: await out.finish(), spilledBytes, ...(await measured()) };
  } catch (error) {
    out.abort();
    throw error;
  } finally {
    rows?.close();
    carrier.close();
  }
}

/** What a part of a run of ids takes, about: the id, and a count. */
function bytesOf({ slice, from, to }: CompleteArgument['ids'][number]): number {
  const of = slice.batches.reduce(
    (sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }),
    { rows: 0, bytes: 0 },
  );
  return Math.ceil((of.bytes * (to - from)) / of.rows);
}

function sortedRows(
  { context, partition, vertices, vertex, rows }: CompleteArgument,
  worker: WorkerContext,
  carrier: Carrier,
): SortedRows {
  return new SortedRows({
    context,
    worker,
    carrier,
    rows: rows!,
    fields: spreadFields(vertex),
    bits: keyBits(vertices, 1),
    name: 'vertices-chunk',
    partition,
  });
}

/** Ids and degrees, as many at a time as lie together. */
class Columns {
  readonly #carrier: Carrier;
  readonly #ids: Iterator<{ readonly rows: number; readonly column: StoredColumn }>;
  readonly #degrees: Iterator<{ readonly rows: number; readonly column: StoredColumn }>;
  #id: Held = NOTHING;
  #degree: Held = NOTHING;

  constructor({ id, ids, degrees }: CompleteArgument, carrier: Carrier) {
    this.#carrier = carrier;
    this.#ids = this.#read(ids, rankedFields(id));
    const batches = degrees.partitions[0]!;
    const slice =
      degrees.segment === undefined ? { batches } : { batches, segment: degrees.segment };
    const to = batches.reduce((sum, { rows }) => sum + rows, 0);
    this.#degrees = this.#read([{ slice, from: 0, to }], [OUT_DEGREE]);
  }

  next(): { ids: StoredColumn; degrees: StoredColumn; n: number } {
    if (this.#id.at === this.#id.rows) this.#id = held(this.#ids);
    if (this.#degree.at === this.#degree.rows) this.#degree = held(this.#degrees);
    const n = Math.min(this.#id.rows - this.#id.at, this.#degree.rows - this.#degree.at);
    return { ids: take(this.#id, n), degrees: take(this.#degree, n), n };
  }

  /** The first column of rows from … to of each slice, batch after batch; copies. */
  *#read(
    parts: readonly { readonly slice: Slice; readonly from: number; readonly to: number }[],
    fields: readonly Field[],
  ): Generator<{ readonly rows: number; readonly column: StoredColumn }> {
    for (const { slice, from, to } of parts) {
      let at = 0;
      for (const [batch, { rows }] of slice.batches.entries()) {
        const [first, end] = [Math.max(0, from - at), Math.min(rows, to - at)];
        at += rows;
        if (first >= end) continue;
        const [column] = this.#carrier.read(slice, batch, fields).columns;
        const { data, offsets } = sliceColumn(column!, rows, first, end);
        const copy = { data: data.slice(), ...(offsets && { offsets: offsets.slice() }) };
        yield { rows: end - first, column: copy };
      }
    }
  }
}

interface Held {
  readonly rows: number;
  readonly column: StoredColumn;
  at: number;
}
const NOTHING: Held = { rows: 0, column: { data: new Uint8Array() }, at: 0 };

function held(of: Iterator<{ readonly rows: number; readonly column: StoredColumn }>): Held {
  const { value, done } = of.next();
  if (done === true) throw new RangeError('fewer rows than vertices');
  return { ...value, at: 0 };
}

function take(of: Held, n: number): StoredColumn {
  const { rows, column, at } = of;
  of.at += n;
  return sliceColumn(column, rows, at, at + n);
}

/** Values of vertices, vertex by vertex; null for those that are not listed. */
class Values {
  readonly #rows: SortedRows;
  readonly #worker: WorkerContext;
  readonly #fields: readonly Field[];
  readonly #gathered: Gathered;
  #block: SortedBlock | undefined;
  /** Of the block, the rows that are out. */
  #at = 0;
  /** Vertices that are out. */
  #vertex = 0;

  constructor(rows: SortedRows, worker: WorkerContext, fields: readonly Field[]) {
    this.#rows = rows;
    this.#worker = worker;
    this.#fields = fields;
    this.#gathered = new Gathered(worker.kernels(), fields);
    this.#block = rows.next();
  }

  /** Of the next n vertices. */
  next(n: number): StoredColumn[] {
    const parts: { readonly batch: StoredBatch; readonly vertices: Uint32Array }[] = [];
    const from = this.#vertex;
    this.#vertex += n;
    for (;;) {
      const block = this.#block;
      if (block === undefined) break;
      const most = this.#below(block, from + n);
      if (most === 0) break;
      parts.push(this.#gather(block, most, from));
      if (this.#at === block.rows) {
        this.#block = this.#rows.next();
        this.#at = 0;
      }
    }
    return this.#fields.map((field, i) =>
      scattered(
        parts.map(({ batch, vertices }) => ({ column: batch.columns[i]!, vertices })),
        n,
        field,
      ),
    );
  }

  /** How many more rows of the block are of vertices below this one. */
  #below({ rows, keys }: SortedBlock, vertex: number): number {
    const { u32 } = this.#worker.kernels();
    let n = 0;
    while (this.#at + n < rows && u32[(keys >>> 2) + 2 * (this.#at + n) + 1]! < vertex) n++;
    return n;
  }

  /** Up to `most` rows of the block, and of which vertices they are, counted from `from`; copies. */
  #gather({ keys, inputs, places, tables }: SortedBlock, most: number, from: number) {
    const at = this.#at;
    const n = this.#gathered.gather(tables, inputs + 4 * at, places + 4 * at, most);
    const { u32 } = this.#worker.kernels();
    const vertices = Uint32Array.from({ length: n }, (_, i) => {
      return u32[(keys >>> 2) + 2 * (at + i) + 1]! - from;
    });
    this.#at += n;
    const columns = this.#gathered.columns().map(({ data, offsets, valid }) => ({
      data: data.slice(),
      ...(offsets && { offsets: offsets.slice() }),
      ...(valid && { valid: valid.slice() }),
    }));
    return { batch: { rows: n, columns }, vertices };
  }
}

/** A column of n values, of which some are here: value i of a part is that of vertices[i]. The rest are null. */
function scattered(
  parts: readonly { readonly column: StoredColumn; readonly vertices: Uint32Array }[],
  n: number,
  { kind, nullable }: Field,
): StoredColumn {
  const valid = nullable ? new Uint8Array(n) : undefined;
  const present = valid === undefined ? {} : { valid };
  for (const { column, vertices } of parts) {
    if (valid !== undefined) vertices.forEach((vertex, i) => (valid[vertex] = column.valid![i]!));
  }
  if (kind !== 'bytes') {
    const words = WIDTH[kind] / 4;
    const data = new Uint32Array(n * words);
    for (const { column, vertices } of parts) {
      const from = new Uint32Array(column.data.buffer, 0, vertices.length * words);
      vertices.forEach((vertex, i) => {
        for (let word = 0; word < words; word++)
          data[vertex * words + word] = from[i * words + word]!;
      });
    }
    return { data: new Uint8Array(data.buffer), ...present };
  }
  // Vertices ascend, so the bytes lie as they are to lie.
  const data = Buffer.concat(parts.map(({ column }) => column.data));
  const offsets = new Int32Array(n + 1);
  for (const { column, vertices } of parts) {
    vertices.forEach((vertex, i) => {
      offsets[vertex + 1] = column.offsets![i + 1]! - column.offsets![i]!;
    });
  }
  for (let i = 0; i < n; i++) offsets[i + 1]! += offsets[i]!;
  return { data, offsets, ...present };
}
