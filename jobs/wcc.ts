/** Weakly connected components: which vertices are connected, whichever way the edges point.
 *
 * Usage:   superstep run wcc web.txt --param algorithm=union-find
 * Output:  vertex, component; a component is called after its smallest vertex, by either algorithm
 *
 * WCC of LDBC Graphalytics (specification 1.0.1, section 2.3.4).
 *
 * `propagation`: the smallest id spreads along edges. As many supersteps as the longest shortest path from a component's
 * smallest vertex, each as dear as the edges of the vertices that changed; all in kernels. Good where everything is near.
 *
 * `union-find`: trees of vertices, each under a smaller one; edges join trees and every second superstep halves their
 * height (Shiloach and Vishkin 1982). Some dozens of supersteps whatever the graph, each as dear as its vertices, since
 * two edges a vertex already join most of a large component, and who is in it need not look at the rest (Sutton,
 * Ben-Nun and Barak, "Optimizing Parallel Graph Connectivity Computation via Subgraph Sampling", 2018).
 */
import { any, bool, graphJob, int64, max, min, oneOf, vertexId, vertexProgram } from 'superstep';
import { byVertex, type Id, mustEqual, type PlainGraph } from './check/plain-graph.ts';

export const propagation = vertexProgram({
  name: 'propagation',
  state: { component: vertexId },
  message: vertexId,
  combine: min,
  maxSupersteps: Number.MAX_SAFE_INTEGER, // Each but the last changes a component.

  init(v) {
    v.component = v.id;
  },
  compute(v, smallest, { superstep, directed }) {
    if (smallest < v.component) v.component = smallest;
    else if (superstep > 0) return v.voteToHalt();
    v.sendToOut(v.component);
    if (directed) v.sendToIn(v.component);
    v.voteToHalt();
  },
});

/** Edges of a vertex that are looked at first. */
const SAMPLED = 2;

/** `v.component` is the vertex above in the tree, v itself at the root. That m was sent to v says: the two are connected.
 *
 *  Even supersteps: each asks the vertex above by sending its own id. Odd ones: who is asked and has moved up tells where
 *  to. When nobody had anything to tell, all trees are flat, and either all edges have been looked at, or the remaining
 *  ones now are: those of vertices outside the tree that holds more than half of all. */
export const unionFind = vertexProgram({
  name: 'union-find',
  state: { component: vertexId },
  message: vertexId,
  aggregates: {
    moving: { type: bool, combine: any },
    giant: { type: vertexId, combine: min },
    /** The superstep in which the remaining edges are looked at. */
    last: { type: int64, combine: max, persistent: true },
  },
  maxSupersteps: Number.MAX_SAFE_INTEGER, // Vertices only move towards smaller ones.

  init(v) {
    v.component = v.id;
  },
  compute(v, messages, ctx) {
    const { superstep, vertexCount, directed, aggregates } = ctx;
    if (superstep === 0) {
      let left = SAMPLED;
      for (const { target } of v.outEdges) {
        if (left-- === 0) break;
        if (target > v.id) v.sendTo(target, v.id);
        else v.sendTo(v.id, target);
      }
      return;
    }
    const above = v.component;
    let smallest = above;
    for (let i = 0; i < messages.length; i++) {
      const other = messages.at(i);
      if (other < smallest) smallest = other;
    }
    // A root has nothing to tell those below it; but what came along an edge may be unknown to the sender.
    if (smallest < v.id || superstep === aggregates.last + 1) {
      messages.sort();
      for (let i = 0; i < messages.length; i++) {
        const other = messages.at(i);
        if (other === smallest || other === v.id || (i > 0 && other === messages.at(i - 1)))
          continue;
        v.sendTo(other, smallest);
        ctx.aggregate('moving', true);
      }
    }
    if (smallest < above) {
      v.component = smallest;
      ctx.aggregate('moving', true);
      if (above !== v.id) v.sendTo(above, smallest);
    }
    if (superstep % 2 === 1) {
      if (2 * (messages.length + 1) > vertexCount) ctx.aggregate('giant', v.id);
    } else if (superstep !== aggregates.last) {
      if (smallest < v.id) v.sendTo(smallest, v.id);
    } else if (smallest !== aggregates.giant) {
      v.sendToOut(smallest);
      if (directed) v.sendToIn(smallest);
    }
  },
  master(ctx) {
    const { superstep, aggregates } = ctx;
    if (superstep === 0) aggregates.last = 0;
    if (superstep === 0 || superstep % 2 === 1 || aggregates.moving) return;
    if (aggregates.last > 0) ctx.halt();
    aggregates.last = superstep;
  },
});

export default graphJob({
  name: 'wcc',
  params: { algorithm: oneOf('union-find', 'propagation') },
  output: { component: vertexId },
  plan: (graph, { algorithm }) =>
    algorithm === 'union-find' ? unionFind(graph) : propagation(graph),
});

export interface Component {
  readonly vertex: Id;
  readonly component: Id;
}

/** Throws unless `output` has the components of a serial union-find over an array, each called after its smallest vertex. */
export function verify(graph: PlainGraph, output: Iterable<Component>): void {
  const parents = Int32Array.from(graph.ids, (_, v) => v);
  const rootOf = (vertex: number): number => {
    let root = vertex;
    while (parents[root] !== root) root = parents[root]!;
    for (let v = vertex; v !== root; ) {
      const next = parents[v]!;
      parents[v] = root;
      v = next;
    }
    return root;
  };
  for (let i = 0; i < graph.sources.length; i++) {
    const [a, b] = [rootOf(graph.sources[i]!), rootOf(graph.targets[i]!)];
    parents[Math.max(a, b)] = Math.min(a, b);
  }
  const rows = byVertex(graph, output);
  mustEqual(
    graph,
    'component',
    rows.map(({ component }) => component),
    Array.from(parents, (_, v) => graph.ids[rootOf(v)]!),
  );
}
