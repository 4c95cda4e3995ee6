/** Kronecker graphs as the suites use them: generated once, read as undirected and simple, by the engine and by the
 *  baselines. */
import { edges, float64, graph, int64, read } from 'superstep';
import { makeFile } from '../datasets/make.ts';
import { type Graph, readGraph } from './baseline/graph.ts';
import type { Context } from './suite.ts';

export interface KroneckerData {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly scale: number;
}
/** Edges for each of the 2^scale ids, as Graph500 and GAP have it. */
export const DEGREE = 16;

/** @param weights as the generator has it: 0 is none. */
export function kronecker({ cache }: Context, scale: number, weights = 0): KroneckerData {
  const recipe = { kind: 'kronecker', scale, degree: DEGREE, seed: 1, weights } as const;
  return { ...makeFile(recipe, cache), scale };
}

const SIMPLE = { directed: false, selfLoops: 'drop', duplicateEdges: 'drop' } as const;
export const simpleGraph = (path: string) => graph(read(path, edges, { format: 'edges' }), SIMPLE);
export const weightedGraph = (path: string) =>
  graph(read(path, { source: int64, target: int64, weight: float64 }, { format: 'edges' }), SIMPLE);

let last: { readonly path: string; readonly graph: Graph } | undefined;

/** The graph as the baselines have it. The last one is kept: verifying asks for it after every trial. */
export function plainGraph(path: string, columns: 2 | 3 = 2): Graph {
  if (last?.path !== path) last = { path, graph: readGraph(path, columns) };
  return last.graph;
}
