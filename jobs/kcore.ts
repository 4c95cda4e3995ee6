/** Core numbers: the largest k such that a vertex is among vertices that all have k neighbours among each other.
 *
 * Usage:   superstep run kcore friends.txt
 * Output:  vertex, core
 *
 * Cores after Seidman, "Network structure and minimum degree", 1983, found by peeling (Batagelj and Zaversnik, "An O(m)
 * Algorithm for Cores Decomposition of Networks", 2003): as long as there are vertices with at most k neighbours left, they
 * go; when there are none, k becomes the fewest that any vertex has left. Neighbours are those along edges of either
 * direction, each once however many edges lead there, and never the vertex itself.
 *
 * A superstep peels all that can go at once. It looks at each vertex that is left, and sends along the edges of those that
 * go: all in all 2m messages, folded in a kernel. In a long chain only the ends can go, so that it takes long.
 */
import { any, bool, graphJob, int32, max, min, simple, sum, vertexProgram } from 'superstep';
import { byVertex, type Id, mustEqual, neighbours, type PlainGraph } from './check/plain-graph.ts';

/** Over a simple graph. `left`: neighbours that have not gone. */
const peeling = vertexProgram({
  name: 'peeling',
  state: { core: int32, left: int32 },
  output: ['core'],
  message: int32,
  combine: sum,
  aggregates: {
    /** k, which master sets. */
    level: { type: int32, combine: max, persistent: true },
    going: { type: bool, combine: any },
    fewest: { type: int32, combine: min },
  },
  maxSupersteps: Number.MAX_SAFE_INTEGER, // Every other superstep removes a vertex.

  init(v) {
    v.core = -1; // Not known yet.
    v.left = v.outDegree;
  },
  compute(v, gone, ctx) {
    if (v.core >= 0) return v.voteToHalt();
    v.left -= gone;
    const { level } = ctx.aggregates;
    if (v.left > level) return ctx.aggregate('fewest', v.left);
    v.core = level;
    v.sendToOut(1);
    ctx.aggregate('going', true);
    v.voteToHalt();
  },
  master({ superstep, aggregates }) {
    if (superstep === 0) aggregates.level = 0;
    else if (!aggregates.going && aggregates.fewest < Infinity)
      aggregates.level = aggregates.fewest;
  },
});

export default graphJob({
  name: 'kcore',
  output: { core: int32 },
  plan: graph => peeling(simple(graph)),
});

export interface Core {
  readonly vertex: Id;
  readonly core: number;
}

/** Throws unless `output` has the cores of a serial peeling, one vertex after the other out of buckets by degree. */
export function verify(graph: PlainGraph, output: Iterable<Core>): void {
  const lists = neighbours(graph);
  const degrees = lists.map(list => list.length);
  const buckets: number[][] = [];
  const put = (v: number): void => void (buckets[degrees[v]!] ??= []).push(v);
  for (const v of lists.keys()) put(v);
  const cores = new Int32Array(lists.length).fill(-1);
  for (let level = 0, at = 0; at < buckets.length; at++) {
    for (let v = buckets[at]?.pop(); v !== undefined; v = buckets[at]?.pop()) {
      // One whose degree fell since it was put here is in a lower bucket as well.
      if (cores[v] !== -1 || degrees[v] !== at) continue;
      level = Math.max(level, at);
      cores[v] = level;
      for (const other of lists[v]!) {
        if (cores[other] !== -1) continue;
        degrees[other]!--;
        put(other);
        at = Math.min(at, degrees[other]!);
      }
    }
  }
  const rows = byVertex(graph, output);
  mustEqual(
    graph,
    'core',
    rows.map(({ core }) => core),
    cores,
  );
}
