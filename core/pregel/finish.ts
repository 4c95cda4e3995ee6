/** Two small tasks around a program: which vertices ids are, before it; its rows, after it.
 *
 * Rows come in order of rank, which is the order of ids; partition after partition they are the table.
 */
import { sliceBatch, type StoredColumn } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import type { Into, JobContext, Part } from '../mapreduce/stage.ts';
import { openTarget } from '../mapreduce/target.ts';
import { type Id, Ids } from './ids.ts';
import type { GraphPart } from './parts.ts';
import { Resident } from './resident.ts';
import { RunReader } from './run-reader.ts';
import type { State } from './state.ts';

export interface FindArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  readonly ids: readonly Id[];
}

/** The rank of each id; −1: it is no vertex. */
export function runFind({ context, part, ids }: FindArgument, worker: WorkerContext): number[] {
  const resident = Resident.of(worker, part.key, part.version, part.facts);
  const carrier = carrierOf(context, worker);
  try {
    const all = new Ids(resident.facts.graph, carrier);
    return ids.map(id => all.rankOf(id));
  } finally {
    carrier.close();
  }
}

export interface FinishArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  readonly state: State;
  /** Of the state columns, in the order of the output: the place among them, and whether it is of vertices. */
  readonly columns: readonly { readonly column: number; readonly vertices: boolean }[];
  /** Of the table: `vertex` first. */
  readonly output: Schema;
  readonly into: Into;
}

export async function runFinish(argument: FinishArgument, worker: WorkerContext): Promise<Part> {
  const { context, part, state, columns, output, into } = argument;
  const resident = Resident.of(worker, part.key, part.version, part.facts);
  const { graph } = resident.facts;
  const carrier = carrierOf(context, worker);
  // One of its own: reading ids of other partitions must not take the batch from under the rows.
  const others = carrierOf(context, worker);
  const { vertexRun, vertices } = graph.partitions[part.partition]!;
  const bytesHint = vertices * 8 * (columns.length + 1);
  const request = { context, into, columns: output, part: part.partition, name: 'out', bytesHint };
  const target = await openTarget(request, worker);
  try {
    const ids = new Ids(graph, others);
    const own = new RunReader(vertexRun, 0, carrier);
    for (const batch of new RunReader(state.run, 0, carrier)) {
      for (const piece of own.within(batch.first, batch.first + batch.rows)) {
        const from = Math.max(batch.first, piece.first);
        const to = Math.min(batch.first + batch.rows, piece.first + piece.rows);
        const names = sliceBatch(piece, from - piece.first, to - piece.first);
        const rows = sliceBatch(batch, from - batch.first, to - batch.first);
        const values = columns.map(({ column, vertices: isVertices }): StoredColumn => {
          const stored = rows.columns[column]!;
          return isVertices ? ids.translate(stored, rows.rows) : stored;
        });
        const out = { rows: rows.rows, columns: [names.columns[0]!, ...values] };
        await target.room(out);
        target.write(out);
        worker.heapCheck();
      }
    }
    return await target.finish();
  } catch (error) {
    await target.abort();
    throw error;
  } finally {
    carrier.close();
    others.close();
  }
}
