/** Distributes rows over the partitions of a graph, edges over bands of these, in a worker: an object's edges and vertices by the ranks of their
 * numbers; or, to turn a graph round, the out-edges of a partition by their targets.
 *
 *   edges by number ──ranks──▶ edges by rank, one or two each ──▶ by band of the source ──▶ a run, in order of arrival
 *
 * Memory: four bytes for each number of the object (at most what every worker is always granted: see `maxIds`), and buffers.
 */
import type { Field } from '../../batch/columns.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { SPREAD_ROWS, Spreader } from '../../kernels/spread.ts';
import { carrierOf } from '../../mapreduce/carriers.ts';
import { hardened } from '../../mapreduce/hard-memory.ts';
import { measure } from '../../mapreduce/measure.ts';
import type { Carrier, Slice } from '../../shuffle/carrier.ts';
import type { RunWriter } from '../../shuffle/run-writer.ts';
import { BatchArea } from '../../store/batch-area.ts';
import { advanced } from '../../store/merge.ts';
import { largestBytes, type Run } from '../../store/run.ts';
import { printKey } from './keys.ts';
import {
  type Dangling,
  type DistributeArgument,
  type Distributed,
  idFields,
  type NumberedRows,
  NUMBERS,
  numberedEdges,
  numberedVertices,
  type OutEdges,
  type RunPart,
  type Spread,
  spreadFields,
} from './tasks.ts';
import { edgeFields, vertexFields } from '../loaded.ts';
import { PartitionBuffers } from './partition-buffers.ts';
import { fillRanks } from './rank-lists.ts';
import { partOf, runWriter } from './run-parts.ts';

interface Desk {
  readonly argument: DistributeArgument;
  readonly worker: WorkerContext;
  readonly kernels: Kernels;
  readonly carrier: Carrier;
  readonly area: BatchArea;
  readonly writers: RunWriter[];
}

export async function runDistribute(
  argument: DistributeArgument,
  given: WorkerContext,
): Promise<Distributed> {
  const worker = hardened(argument.context, given);
  const measured = measure();
  const kernels = worker.kernels();
  kernels.reset();
  const carrier = carrierOf(argument.context, worker);
  const area = new BatchArea(kernels);
  const writers: RunWriter[] = [];
  const desk: Desk = { argument, worker, kernels, carrier, area, writers };
  try {
    const { from } = argument;
    const made =
      from.kind === 'object' ? await ofObject(desk, from) : await ofPartition(desk, from);
    return { ...made, ...(await measured()) };
  } catch (error) {
    for (const writer of writers) writer.abort();
    throw error;
  } finally {
    carrier.close();
  }
}

type Made = Omit<Distributed, 'startedSeconds' | 'gcSeconds'>;

async function ofObject(desk: Desk, from: NumberedRows): Promise<Made> {
  const { object, merges, vertex } = from;
  const { kernels, carrier } = desk;
  const ranks = kernels.allocOrThrow(4 * object.size, `the ranks of ${object.size} ids`);
  fillRanks(kernels, carrier, sliceOf(object.numbers), object.ids.rows, merges, ranks);
  const edges = object.edges && (await distributeEdges(desk, from, object.edges, ranks));
  const vertices =
    object.vertices && (await distributeVertices(desk, object.vertices, vertex, ranks));
  return { ...edges, vertices };
}

async function distributeEdges(
  desk: Desk,
  { object, edge, undirected, dropLoops, refuseDangling, ...names }: NumberedRows,
  part: RunPart,
  ranks: number,
): Promise<Made> {
  const { kernels } = desk;
  const ways = undirected ? 2 : 1;
  const fields = numberedEdges(edge);
  const fieldsOut = spreadFields(edge);
  const longest = reserveFor(desk, part, fields);
  const { bands } = desk.argument;
  const out = new Output(desk, 'edges', bands, fieldsOut, {
    rows: ways * part.rows,
    bytes: ways * part.bytes,
    longest,
  });
  const { spreader } = out;
  const { pieces } = object;
  const flags = { undirected, dropLoops };
  let piece = 0;
  let left = pieces[1] ?? 0;
  for (const { rows, columns } of copiesOf(desk, part, fields)) {
    const [sources, targets, ...values] = columns;
    for (let first = 0; first < rows; ) {
      const n = Math.min(SPREAD_ROWS, rows - first, left);
      const [source, target] = [sources!.data + 4 * first, targets!.data + 4 * first];
      const spread = spreader.edges(ranks, source, target, n, flags);
      const { dangling } = spreader;
      if (refuseDangling && dangling < n) {
        const ends = [source, target].map(at => kernels.u32[(at >>> 2) + dangling]!);
        const missing = ends.find(end => kernels.i32[(ranks >>> 2) + end]! < 0)!;
        const named = nameEdge(desk, { object, ...names }, ends, missing);
        return { edges: await out.finish(), dangling: { split: pieces[piece]!, ...named } };
      }
      out.from(values.map((column, i) => advanced(column, fields[2 + i]!, first)));
      await out.add(spread);
      first += n;
      left -= n;
      if (left > 0) continue;
      out.endPiece(pieces[piece]!);
      piece += 2;
      left = pieces[piece + 1] ?? 0;
    }
    desk.worker.heapCheck();
  }
  return { edges: await out.finish() };
}

async function distributeVertices(
  desk: Desk,
  part: RunPart,
  vertex: NumberedRows['vertex'],
  ranks: number,
): Promise<Spread> {
  const fields = numberedVertices(vertex);
  const longest = reserveFor(desk, part, fields);
  const { bases } = desk.argument;
  const out = new Output(desk, 'vertices', bases, spreadFields(vertex), {
    rows: part.rows,
    bytes: 2 * part.bytes,
    longest,
  });
  for (const { rows, columns } of copiesOf(desk, part, fields)) {
    const [numbers, ...values] = columns;
    for (let first = 0; first < rows; first += SPREAD_ROWS) {
      const n = Math.min(SPREAD_ROWS, rows - first);
      out.spreader.vertices(ranks, numbers!.data + 4 * first, n);
      out.from(values.map((column, i) => advanced(column, fields[1 + i]!, first)));
      await out.add(n);
    }
    desk.worker.heapCheck();
  }
  return out.finish();
}

/** In the order of the edges: by source, so nobody needs to know their pieces. */
async function ofPartition(desk: Desk, from: OutEdges): Promise<Made> {
  const { kernels, carrier } = desk;
  const { id, vertex, edge, base, vertexRun, edgeRun } = from;
  const rows = edgeRun.partitions[0]!.reduce((sum, ref) => sum + ref.rows, 0);
  const vertices = sliceOf({ run: vertexRun });
  const fields = vertexFields(id, vertex);
  const degrees = new BatchArea(kernels);
  degrees.reserve(vertices.batches.reduce((most, batch) => Math.max(most, 4 * batch.rows), 0));
  const longest = reserveFor(desk, { run: edgeRun }, edgeFields(edge));
  const out = new Output(desk, 'edges', desk.argument.bands, spreadFields({}), {
    rows,
    bytes: 8 * rows,
    longest,
  });
  const { spreader } = out;
  let next = 0;
  let rank = base;
  let held = { at: 0, rows: 0 };
  for (const batch of copiesOf(desk, { run: edgeRun }, edgeFields(edge))) {
    const targets = batch.columns[0]!.data;
    for (let first = 0; first < batch.rows; ) {
      const most = Math.min(SPREAD_ROWS, batch.rows - first);
      const n = spreader.inEdges(targets + 4 * first, held.at, held.rows, most);
      if (n === 0) {
        const read = carrier.read(vertices, next++, fields);
        const [copied] = degrees.copy({ rows: read.rows, columns: [read.columns[1]!] });
        spreader.beginSources(rank);
        rank += read.rows;
        held = { at: copied!.data, rows: read.rows };
        continue;
      }
      await out.add(n);
      first += n;
    }
    desk.worker.heapCheck();
  }
  return { edges: await out.finish() };
}

const sliceOf = ({ run }: { readonly run: Run }): Slice => ({
  batches: run.partitions[0]!,
  ...(run.segment !== undefined && { segment: run.segment }),
});

/** Room for the batches of a run, before buffers take what there is. Returns what the largest takes. */
function reserveFor({ area }: Desk, part: { readonly run: Run }, fields: readonly Field[]): number {
  const bytes = largestBytes(fields, part.run.partitions[0]!);
  area.reserve(bytes);
  return bytes;
}

/** The batches of a run of one partition, each in kernel memory until the next. */
function* copiesOf({ carrier, area }: Desk, part: { readonly run: Run }, fields: readonly Field[]) {
  const slice = sliceOf(part);
  for (let i = 0; i < slice.batches.length; i++) {
    const batch = carrier.read(slice, i, fields);
    yield { rows: batch.rows, columns: area.copy(batch) };
  }
}

type Columns = ReturnType<BatchArea['copy']>;

/** What alignment adds to the batches of a band or partition, where there are few rows. */
const PARTITION_BYTES = 1024;

/** What is going to be added. */
interface Expected {
  readonly rows: number;
  /** Of all, about. */
  readonly bytes: number;
  /** Of a value, at most. */
  readonly longest: number;
}

/** Where spread rows go. */
class Output {
  readonly spreader: Spreader;
  readonly #writer: RunWriter;
  readonly #buffers: PartitionBuffers;
  readonly #pieces: number[][];
  #ordered = false;
  /** Rows of each partition since the last piece ended. */
  readonly #rows: Uint32Array;

  constructor(
    desk: Desk,
    name: string,
    bases: readonly number[],
    fields: readonly Field[],
    expected: Expected,
  ) {
    const { kernels, writers, argument } = desk;
    const partitions = bases.length - 1;
    this.spreader = new Spreader(kernels, bases);
    const place = { ...desk, context: argument.context };
    this.#writer = runWriter(
      place,
      name,
      fields,
      partitions,
      expected.bytes + PARTITION_BYTES * partitions,
    );
    writers.push(this.#writer);
    const { block } = this.spreader;
    this.#buffers = new PartitionBuffers(
      kernels,
      fields,
      partitions,
      expected.rows,
      block,
      expected.longest,
      this.#writer,
    );
    this.#pieces = Array.from({ length: partitions }, () => []);
    this.#rows = new Uint32Array(partitions);
  }

  /** Values of the rows that are added until the next call. */
  from(columns: Columns): void {
    this.#buffers.from(columns);
  }

  /** The rows that the spreader holds. */
  async add(rows: number): Promise<void> {
    const { spreader } = this;
    spreader.spread(rows);
    const buffers = this.#buffers;
    let from = 0;
    for (let partition = 0; from < rows; partition++) {
      const end = spreader.end(partition);
      this.#rows[partition]! += end - from;
      while (from < end) {
        const [keys, places] = [spreader.keys + 8 * from, spreader.rows + 4 * from];
        from += buffers.append(partition, keys, places, end - from);
        if (from < end) await buffers.flush(partition);
      }
    }
  }

  endPiece(split: number): void {
    this.#ordered = true;
    this.#rows.forEach((rows, partition) => {
      if (rows > 0) this.#pieces[partition]!.push(split, rows);
    });
    this.#rows.fill(0);
  }

  async finish(): Promise<Spread> {
    await this.#buffers.finish();
    this.#buffers.free();
    this.spreader.free();
    return { part: partOf(this.#writer), ...(this.#ordered && { pieces: this.#pieces }) };
  }
}

/** What to call an edge whose ends have these numbers. */
function nameEdge(
  desk: Desk,
  of: Pick<NumberedRows, 'object' | 'id' | 'listed'>,
  ends: readonly number[],
  missing: number,
): Omit<Dangling, 'split'> {
  const [source, target, third] = [...ends, missing].map(number => nameOf(desk, of, number));
  return { source: source!, target: target!, missing: third! };
}

/** Looks for it: there is one such edge a task, at most. */
function nameOf(
  { carrier }: Desk,
  { object, id, listed }: Pick<NumberedRows, 'object' | 'id' | 'listed'>,
  number: number,
): string {
  const [numbers, ids] = [sliceOf(object.numbers), sliceOf(object.ids)];
  for (let i = 0; i < numbers.batches.length; i++) {
    const { data } = carrier.read(numbers, i, NUMBERS).columns[0]!;
    const row = new Int32Array(data.slice().buffer).indexOf(number);
    if (row < 0) continue;
    const { data: keys, offsets } = carrier.read(ids, i, idFields(listed)).columns[0]!;
    return printKey(keys.subarray(offsets![row], offsets![row + 1]), id);
  }
  throw new RangeError(`no id has the number ${number}`);
}
