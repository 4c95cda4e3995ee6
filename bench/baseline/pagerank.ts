/** PageRank by definition: fixed iterations, the rank of vertices without edges spread over all. One thread, plain typed
 *  arrays. Imports nothing of ours. */
import type { Graph } from './graph.ts';

export function pagerank(graph: Graph, iterations: number, damping = 0.85): Float64Array {
  const { offsets, neighbours } = graph;
  const n = graph.ids.length;
  const rank = new Float64Array(n).fill(1 / n);
  const share = new Float64Array(n);
  for (let i = 0; i < iterations; i++) iterate(offsets, neighbours, rank, share, damping);
  return rank;
}

/** A function of its own: V8 then compiles it once, and not in the middle of the first iteration. */
function iterate(
  offsets: Int32Array,
  neighbours: Uint32Array,
  rank: Float64Array,
  share: Float64Array,
  damping: number,
): void {
  const n = rank.length;
  let lost = 0;
  for (let v = 0; v < n; v++) {
    const degree = offsets[v + 1]! - offsets[v]!;
    if (degree === 0) lost += rank[v]!;
    else share[v] = rank[v]! / degree;
  }
  const base = (1 - damping) / n + (damping * lost) / n;
  for (let v = 0; v < n; v++) {
    let sum = 0;
    const end = offsets[v + 1]!;
    for (let e = offsets[v]!; e < end; e++) sum += share[neighbours[e]!]!;
    rank[v] = base + damping * sum;
  }
}
