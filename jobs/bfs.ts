/** Breadth-first search: how many edges away from one vertex each of the others is.
 *
 * Usage:   superstep run bfs web.txt --param source=17
 * Output:  vertex, level; level 0 is the source, null what cannot be reached
 *
 * BFS of LDBC Graphalytics (specification 1.0.1, section 2.3.2; there the largest int64 stands for null): along out-edges,
 * and both ways in an undirected graph. One superstep a level; a superstep costs the edges out of the level before.
 */
import { any, bool, int32, nullable, vertexId, vertexProgram } from 'superstep';
import { adjacency, byVertex, type Id, mustEqual, type PlainGraph } from './check/plain-graph.ts';

const bfs = vertexProgram({
  name: 'bfs',
  params: { source: vertexId },
  state: { level: nullable(int32) },
  message: bool, // That it comes says all: the level is the superstep.
  combine: any,
  maxSupersteps: Number.MAX_SAFE_INTEGER, // Each superstep but the last reaches a vertex.

  init(v) {
    v.level = null;
  },
  compute(v, _, { superstep, params }) {
    if (superstep === 0 ? v.id === params.source : v.level === null) {
      v.level = superstep;
      v.sendToOut(true);
    }
    v.voteToHalt();
  },
});
export default bfs;

export interface Level {
  readonly vertex: Id;
  readonly level: number | null;
}

/** Throws unless `output` has the levels of a serial search with a queue. `source` is an index into `graph.ids`. */
export function verify(graph: PlainGraph, output: Iterable<Level>, source: number): void {
  const { starts, others } = adjacency(graph, 'out');
  const levels = Array.from(graph.ids, (): number | null => null);
  levels[source] = 0;
  const queue = [source];
  for (const v of queue) {
    for (let i = starts[v]!; i < starts[v + 1]!; i++) {
      const other = others[i]!;
      if (levels[other] !== null) continue;
      levels[other] = levels[v]! + 1;
      queue.push(other);
    }
  }
  const rows = byVertex(graph, output);
  mustEqual(
    graph,
    'level',
    rows.map(({ level }) => level),
    levels,
  );
}
