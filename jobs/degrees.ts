/** How many edges lead into and out of each vertex.
 *
 * Usage:   superstep run degrees web.txt
 * Output:  vertex, in, out
 *
 * Every edge of the graph counts, a repeated one as often as it is there (`duplicates=drop`: once); a self-loop is an edge
 * in and an edge out. In an undirected graph both columns are the number of edges at the vertex, a self-loop once.
 */
import { int64, vertexProgram } from 'superstep';
import { adjacency, byVertex, type Id, mustEqual, type PlainGraph } from './check/plain-graph.ts';

const degrees = vertexProgram({
  name: 'degrees',
  state: { in: int64, out: int64 },

  compute(v) {
    v.in = v.inDegree;
    v.out = v.outDegree;
    v.voteToHalt();
  },
});
export default degrees;

export interface Degrees {
  readonly vertex: Id;
  readonly in: number;
  readonly out: number;
}

/** Throws unless `output` counts the ends of the edges. */
export function verify(graph: PlainGraph, output: Iterable<Degrees>): void {
  const rows = byVertex(graph, output);
  for (const column of ['in', 'out'] as const) {
    const { starts } = adjacency(graph, column);
    mustEqual(
      graph,
      column,
      rows.map(row => row[column]),
      Array.from(rows, (_, v) => starts[v + 1]! - starts[v]!),
    );
  }
}
