/** Shortest paths from one vertex to all others over edges with weights.
 *
 * Usage:   superstep run sssp roads.csv --param source=17
 * Input:   edges with a column `weight`, 0 or more
 * Output:  vertex, distance; null what cannot be reached
 *
 * SSSP of LDBC Graphalytics (specification 1.0.1, section 2.3.7; there `infinity` stands for null), in doubles. Distances
 * are corrected until none becomes shorter (Bellman 1958, Ford 1956), which visits vertices again where a path of more
 * edges is shorter. A distance is the sum of its path from the source on, so its bits are Dijkstra's.
 *
 * The edge's weight is added where edges are folded, in a kernel: min and plus are a semiring.
 */
import { float64, min, nullable, plus, TaskError, vertexId, vertexProgram } from 'superstep';
import { adjacency, byVertex, type Id, mustEqual, type PlainGraph } from './check/plain-graph.ts';

const sssp = vertexProgram({
  name: 'sssp',
  params: { source: vertexId },
  edge: { weight: float64 },
  state: { distance: nullable(float64) },
  message: float64,
  combine: min,
  along: plus('weight'),
  maxSupersteps: Number.MAX_SAFE_INTEGER, // A shortest path has fewer edges than there are vertices.

  init(v) {
    v.distance = null;
    // With a negative cycle it would never end.
    for (const { value } of v.outEdges) {
      if (!(value.weight >= 0)) {
        throw new TaskError(
          'TASK_FAILED',
          `an edge out of it has the weight ${value.weight}, which is not 0 or more`,
          { remedy: 'Mend the weights, or leave such edges out.' },
        );
      }
    }
  },
  compute(v, nearest, { superstep, params }) {
    const distance = superstep === 0 && v.id === params.source ? 0 : nearest;
    if (distance < (v.distance ?? Infinity)) {
      v.distance = distance;
      v.sendToOut(distance);
    }
    v.voteToHalt();
  },
});
export default sssp;

export interface Distance {
  readonly vertex: Id;
  readonly distance: number | null;
}

/** Throws unless `output` has the distances of Dijkstra's algorithm (1959), to the bit. `source` is an index into
 *  `graph.ids`. */
export function verify(graph: PlainGraph, output: Iterable<Distance>, source: number): void {
  const { starts, others, weights } = adjacency(graph, 'out');
  const distances = new Float64Array(graph.ids.length).fill(Infinity);
  distances[source] = 0;
  const heap = new Heap();
  heap.push(0, source);
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    const [distance, v] = next;
    if (distance > distances[v]!) continue;
    for (let i = starts[v]!; i < starts[v + 1]!; i++) {
      const longer = distance + weights[i]!;
      if (longer >= distances[others[i]!]!) continue;
      distances[others[i]!] = longer;
      heap.push(longer, others[i]!);
    }
  }
  const rows = byVertex(graph, output);
  mustEqual(
    graph,
    'distance',
    rows.map(row => row.distance),
    Array.from(distances, d => (d === Infinity ? null : d)),
  );
}

/** A binary heap of vertices, the nearest first. */
class Heap {
  readonly #items: (readonly [distance: number, vertex: number])[] = [];
  push(distance: number, vertex: number): void {
    const items = this.#items;
    let at = items.push([distance, vertex]) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]![0] <= distance) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = [distance, vertex];
  }
  pop(): readonly [distance: number, vertex: number] | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (items.length === 0 || last === undefined) return first;
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && items[child + 1]![0] < items[child]![0]) child++;
      if (items[child]![0] >= last[0]) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return first;
  }
}
