/** Tasks that change a graph between supersteps: the vertices and edges of a partition as they are from then on; a partition of vertices that are
 * new.
 *
 * Every edge is read and written again, as values: programs that change their graph pay for it, others do not.
 */
import { join } from 'node:path';
import { rowBuilder, type RowBuilder, rowReader } from '../batch/codec.ts';
import { BATCH_BYTES, BATCH_ROWS, type StoredBatch, valuesOf } from '../batch/columns.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import type { JobContext } from '../mapreduce/stage.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import type { Run } from '../store/run.ts';
import { edgeFields, vertexFields } from './loaded.ts';
import { type Edge, inOrder } from './mutations.ts';
import type { GraphPart } from './parts.ts';
import { Resident } from './resident.ts';
import { RunReader } from './run-reader.ts';
import type { Holding } from './tasks.ts';
import { storedSchema } from './values.ts';

/** What becomes of one vertex's edges. Plain data. */
export interface Edit {
  readonly index: number;
  readonly removed: readonly number[];
  readonly added: readonly Edge[];
  /** By the other end, of an undirected graph: these do not take what the vertex has added itself. */
  readonly othersRemoved: readonly number[];
  readonly othersAdded: readonly Edge[];
}

export interface MutateArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  readonly edits: readonly Edit[];
  /** Ranks of vertices that are gone, of all partitions. */
  readonly gone: readonly number[];
  /** Columns that edges keep. */
  readonly edge: Schema;
}
export interface Mutated extends Holding {
  readonly vertexRun: Run;
  readonly edgeRun: Run;
  readonly edges: number;
  readonly loops: number;
}

/** All 64 bits. */
const exact = (columns: Schema): Schema =>
  Object.fromEntries(
    Object.entries(storedSchema(columns)).map(([name, of]) => [
      name,
      of.type === 'int64' ? ({ ...of, read: 'bigint' } as AnyType) : of,
    ]),
  );
/** A value as its exact column takes it. */
const exactly = (value: unknown, of: AnyType): unknown =>
  of.type === 'int64' && typeof value === 'number' ? BigInt(value) : value;

const INT32: AnyType = { type: 'int32' };

type Row = { readonly target: number };

export async function runMutate(argument: MutateArgument, worker: WorkerContext): Promise<Mutated> {
  const { context, part, edge } = argument;
  const { graph } = Resident.of(worker, part, context).facts;
  const { base, vertexRun, edgeRun } = graph.partitions[part.partition]!;
  const carrier = carrierOf(context, worker);
  const writers = writersOf(argument, worker, graph.id, graph.vertex);
  const edits = new Map(argument.edits.map(edit => [edit.index, edit]));
  const gone = new Set(argument.gone);
  const columns = exact({ target: INT32, ...edge });
  const builder = rowBuilder(columns);
  const edges = edgesIn(new RunReader(edgeRun, 0, carrier), columns, graph.edge);
  let [written, loops, vertex] = [0, 0, 0];
  try {
    const vertices = new RunReader(vertexRun, 0, carrier);
    for (let i = 0; i < vertices.batches; i++) {
      const batch = vertices.copy(i);
      const degrees = valuesOf(batch.columns[1]!.data, 'i32');
      for (let row = 0; row < batch.rows; row++, vertex++) {
        const own: Row[] = [];
        for (let n = degrees[row]!; n > 0; n--) own.push(edges.next().value as Row);
        const rank = base + vertex;
        const left = gone.has(rank) ? [] : edited(own, edits.get(vertex), edge);
        degrees[row] = 0;
        for (const each of left) {
          if (gone.has(each.target)) continue;
          builder.push(each);
          degrees[row]!++;
          written++;
          if (each.target === rank) loops++;
          await flush(builder, writers.edges, false);
        }
      }
      const data = new Uint8Array(degrees.buffer, degrees.byteOffset, batch.rows * 4);
      const after = batch.columns.map((column, k) => (k === 1 ? { data } : column));
      await write(writers.vertices, { rows: batch.rows, columns: after });
      worker.heapCheck();
    }
    await flush(builder, writers.edges, true);
    return { ...writers.finish(), edges: written, loops };
  } catch (error) {
    writers.abort();
    throw error;
  } finally {
    carrier.close();
  }
}

export interface BornArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  /** Ascending. */
  readonly ids: readonly (bigint | string)[];
  readonly edge: Schema;
}

/** A partition of vertices without edges and values. */
export async function runBorn(argument: BornArgument, worker: WorkerContext): Promise<Mutated> {
  const { context, part, ids } = argument;
  const { graph } = Resident.of(worker, part, context).facts;
  const writers = writersOf(argument, worker, graph.id, graph.vertex);
  const builder = rowBuilder(exact({ id: graph.id, outDegree: INT32, ...graph.vertex }));
  const nothing = Object.fromEntries(Object.keys(graph.vertex).map(column => [column, null]));
  try {
    for (const id of ids) {
      builder.push({ ...nothing, id, outDegree: 0 });
      await flush(builder, writers.vertices, false);
    }
    await flush(builder, writers.vertices, true);
    return { ...writers.finish(), edges: 0, loops: 0 };
  } catch (error) {
    writers.abort();
    throw error;
  }
}

/** A vertex's edges with what was asked for: removed ones go before added ones come. */
function edited(own: readonly Row[], edit: Edit | undefined, edge: Schema): readonly Row[] {
  if (edit === undefined) return own;
  const removed = new Set([...edit.removed, ...edit.othersRemoved]);
  const rows = (edges: readonly Edge[]): Row[] =>
    edges.map(({ target, value }) => ({
      target,
      ...Object.fromEntries(Object.entries(edge).map(([c, of]) => [c, exactly(value[c], of)])),
    }));
  return inOrder([
    ...own.filter(({ target }) => !removed.has(target)),
    ...rows(edit.added),
    ...rows(edit.othersAdded),
  ] as unknown as (Row & Edge)[]);
}

/** Rows of an edge run, with the columns that are kept. */
function* edgesIn(reader: RunReader, columns: Schema, all: Schema): Generator<Row> {
  const names = ['target', ...Object.keys(all)];
  const rows = rowReader<Row>(columns);
  for (let i = 0; i < reader.batches; i++) {
    const batch = reader.copy(i);
    const kept = Object.keys(columns).map(name => batch.columns[names.indexOf(name)]!);
    rows.load({ rows: batch.rows, columns: kept });
    for (let row = 0; row < batch.rows; row++) yield rows.row(row);
  }
}

function writersOf(
  { context, edge }: { readonly context: JobContext; readonly edge: Schema },
  worker: WorkerContext,
  id: AnyType,
  vertex: Schema,
) {
  const open = (name: string, fields: RunWriter['fields']): RunWriter =>
    new RunWriter({
      fields,
      partitions: 1,
      segment: join(context.temp, `${worker.attempt}-${name}.parquet`),
      arena: worker,
    });
  const vertices = open('vertices', vertexFields(id, vertex));
  const edges = open('edges', edgeFields(edge));
  return {
    vertices,
    edges,
    finish: () => ({
      vertexRun: vertices.finish(),
      edgeRun: edges.finish(),
      ranges: [...vertices.ranges, ...edges.ranges],
    }),
    abort(): void {
      vertices.abort();
      edges.abort();
    },
  };
}

async function flush(builder: RowBuilder, writer: RunWriter, all: boolean): Promise<void> {
  if (!all && builder.length < BATCH_ROWS && builder.bytes < BATCH_BYTES) return;
  if (builder.length > 0) await write(writer, builder.batch());
  builder.clear();
}

async function write(writer: RunWriter, batch: StoredBatch): Promise<void> {
  await writer.reserve(batch);
  writer.write(0, batch);
}
