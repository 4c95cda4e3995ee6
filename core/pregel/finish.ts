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
  const resident = Resident.of(worker, part, context);
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
  /** Places of vertices that are gone, ascending. */
  readonly gone: readonly number[];
}

export async function runFinish(argument: FinishArgument, worker: WorkerContext): Promise<Part> {
  const { context, part, state, columns, output, into, gone } = argument;
  const resident = Resident.of(worker, part, context);
  const { graph } = resident.facts;
  const carrier = carrierOf(context, worker);
  const { vertexRun, vertices } = graph.partitions[part.partition]!;
  const bytesHint = vertices * 8 * (columns.length + 1);
  const request = { context, into, columns: output, part: part.partition, name: 'out', bytesHint };
  const target = await openTarget(request, worker);
  try {
    const ids = new Ids(graph, carrier);
    const own = new RunReader(vertexRun, 0, carrier);
    const states = new RunReader(state.run, 0, carrier);
    let skipped = 0;
    for (let i = 0; i < states.batches; i++) {
      const batch = states.copy(i);
      const end = batch.first + batch.rows;
      for (let at = batch.first; at < end; ) {
        if (gone[skipped] === at) {
          skipped++;
          at++;
          continue;
        }
        // Ids of other vertices are read before the rows are written.
        const piece = own.copy(own.batchOf(at));
        const to = Math.min(end, piece.first + piece.rows, gone[skipped] ?? end);
        const names = sliceBatch(piece, at - piece.first, to - piece.first);
        const rows = sliceBatch(batch, at - batch.first, to - batch.first);
        const values = columns.map(({ column, vertices: isVertices }): StoredColumn => {
          const stored = rows.columns[column]!;
          return isVertices ? ids.translate(stored, rows.rows) : stored;
        });
        const out = { rows: rows.rows, columns: [names.columns[0]!, ...values] };
        await target.room(out);
        target.write(out);
        worker.heapCheck();
        at = to;
      }
    }
    return await target.finish();
  } catch (error) {
    await target.abort();
    throw error;
  } finally {
    carrier.close();
  }
}
