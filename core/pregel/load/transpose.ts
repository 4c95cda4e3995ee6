/** The edges of a directed graph turned round: for each partition those into its vertices. Driver side.
 *
 *   out-edges of each partition ──distribute by target──▶ arrange ──▶ in-edges by (target, source, arrival), in-degrees
 *
 * For programs that send against edges or ask for in-degrees; of an undirected graph the edges are the same either way.
 */
import { KeySorter } from '../../kernels/sorter.ts';
import { Holdings } from '../../mapreduce/made.ts';
import type { Part } from '../../mapreduce/stage.ts';
import { IN_DEGREE, IN_EDGE, type InEdges, type LoadedGraph } from '../loaded.ts';
import { leastBufferBytes } from './partition-buffers.ts';
import { bandsOf, type PhaseRequest, roomToSort, runPhase, trimWorkers } from './phase.ts';
import { cutBands } from './plan.ts';
import { addPhase, emptyLoadStats, type LoadStats } from './stats.ts';
import {
  ARRANGE,
  type ArrangeArgument,
  type Arranged,
  DISTRIBUTE,
  type DistributeArgument,
  type Distributed,
  spreadFields,
} from './tasks.ts';

export interface Transposed {
  /** By partition. */
  readonly inEdges: readonly InEdges[];
  /** Their runs, and what they hold: the caller's. */
  readonly parts: readonly Part[];
  readonly stats: LoadStats;
}

export async function transposeGraph(
  request: PhaseRequest & { readonly graph: LoadedGraph },
): Promise<Transposed> {
  const { context, executor, graph } = request;
  const { partitions, vertexCount } = graph;
  const bases = [...partitions.map(({ base }) => base), vertexCount];
  const bands = cutBands(bases, {
    rows: partitions.reduce((sum, { edges }) => sum + edges, 0),
    bytes: KeySorter.rowBytes(false),
    room: roomToSort(request),
    bufferBytes: leastBufferBytes(spreadFields({})),
  });
  const holdings = new Holdings(executor);
  const stats = emptyLoadStats();
  try {
    let began = performance.now();
    const made = await runPhase<Distributed>(
      request,
      DISTRIBUTE,
      'turn round',
      partitions.map((partition): DistributeArgument => {
        const { id, vertex, edge } = graph;
        const { base, vertexRun, edgeRun } = partition;
        return {
          context,
          bands,
          bases,
          from: { kind: 'partition', id, vertex, edge, base, vertexRun, edgeRun },
        };
      }),
    );
    const spread = made.flatMap(({ edges }) => edges?.part ?? []);
    holdings.hold(spread);
    addPhase(stats, 'distribute', made, spread, began);
    began = performance.now();
    const arranged = await runPhase<Arranged>(
      request,
      ARRANGE,
      'arrange',
      partitions.map(
        ({ base, vertices }, partition): ArrangeArgument => ({
          context,
          partition,
          bands: bandsOf(
            made.map(({ edges }) => edges),
            bands,
            [base, base + vertices],
          ),
          vertexCount,
          edge: {},
          fields: IN_EDGE,
          degreeFields: IN_DEGREE,
          dropDuplicates: false,
        }),
      ),
    );
    const parts = arranged.flatMap(({ edges, degrees }) => [edges, degrees]);
    holdings.hold(parts);
    await trimWorkers(request);
    holdings.letGo(parts);
    addPhase(stats, 'arrange', arranged, parts, began);
    const inEdges = arranged.map(({ edges, degrees }) => {
      return { vertexRun: degrees.run, edgeRun: edges.run, edges: edges.rows };
    });
    return { inEdges, parts, stats };
  } finally {
    holdings.release();
  }
}
