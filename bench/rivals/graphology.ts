/** graphology and its PageRank: what a Node program uses today. Its nodes and edges are objects in `Map`s, which end at 2^24
 *  entries: it holds no graph of more edges. */
import { createRequire } from 'node:module';
import type { Graph } from '../baseline/graph.ts';

// By require: its own types say what an `import` of it would give under a bundler, not under Node.
const require = createRequire(import.meta.url);
interface Graphology {
  addNode(node: string): string;
  addUndirectedEdge(source: string, target: string): string;
}
const { UndirectedGraph } = require('graphology') as {
  readonly UndirectedGraph: new () => Graphology;
};
const metric = require('graphology-metrics/centrality/pagerank') as (
  graph: Graphology,
  options: {
    readonly alpha: number;
    readonly maxIterations: number;
    readonly tolerance: number;
    readonly getEdgeWeight: null;
  },
) => { readonly [node: string]: number };

/** The same graph, node by node and edge by edge. */
export function toGraphology({ ids, offsets, neighbours }: Graph): Graphology {
  const graph = new UndirectedGraph();
  const names = Array.from(ids, String);
  for (const name of names) graph.addNode(name);
  for (let v = 0; v < names.length; v++) {
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) {
      if (neighbours[e]! > v) graph.addUndirectedEdge(names[v]!, names[neighbours[e]!]!);
    }
  }
  return graph;
}

/** Ranks by node after so many iterations: it stops by a tolerance, which `toleranceOf` finds. */
export function graphologyPagerank(
  graph: Graphology,
  iterations: number,
  tolerance: number,
): { readonly [node: string]: number } {
  return metric(graph, { alpha: 0.85, maxIterations: iterations, tolerance, getEdgeWeight: null });
}

/** A tolerance that is met after these iterations and not before, from the ranks of the last three of them. */
export function toleranceOf(before: Float64Array, last: Float64Array, final: Float64Array): number {
  const [larger, smaller] = [change(before, last), change(last, final)];
  if (smaller >= larger) throw new Error('the ranks no longer change: ask for fewer iterations');
  return (larger + smaller) / 2 / final.length;
}

function change(from: Float64Array, to: Float64Array): number {
  let sum = 0;
  for (let v = 0; v < from.length; v++) sum += Math.abs(to[v]! - from[v]!);
  return sum;
}
