/** The local clustering coefficient: how many of the edges that a vertex's neighbours could have among them are there.
 *
 * Usage:   superstep run lcc friends.txt
 * Output:  vertex, coefficient; between 0 and 1, and 0 with fewer than two neighbours
 *
 * LCC of LDBC Graphalytics (specification 1.0.1, section 2.3.6): with N the neighbours of v, whichever way their edges
 * point, the edges from N to N divided by |N|·(|N| − 1). So neighbours have no direction and edges between them have:
 * those both ways count twice, as do all in an undirected graph. Repeated edges count once, self-loops not.
 *
 * An edge between two neighbours of v is a side of a triangle: as in triangles.ts, each vertex tells its neighbours further
 * up (by number of edges, then by id) which others it has there, so that no list is longer than about √(4m), and all are
 * at most m·√(4m) vertices, in rounds of about `BATCH`. Each corner learns what the side across counts.
 */
import {
  float64,
  graphJob,
  int32,
  int64,
  list,
  sum,
  type VertexId,
  vertexProgram,
} from 'superstep';
import { adjacency, byVertex, type Id, neighbours, type PlainGraph } from './check/plain-graph.ts';

/** 256 MiB of lists. */
const BATCH = 2 ** 26;

/** A neighbour in a list is its rank, or the rank's complement (below 0) where edges lead both ways. */
const rankOf = (neighbour: number): number => (neighbour < 0 ? ~neighbour : neighbour);
const edgesTo = (neighbour: number): number => (neighbour < 0 ? 2 : 1);

/** Superstep 0: id and degree to every neighbour. 1: who is further up. Then by turns, a round each: lists (the sender, and
 *  who is further up than it), and how many edges were found. */
export const sides = vertexProgram({
  name: 'sides',
  params: { batch: BATCH },
  state: { coefficient: float64, neighbours: int32, edges: int64, higher: list(int32) },
  output: ['coefficient'],
  message: list(int32),
  aggregates: { listed: { type: int64, combine: sum, persistent: true } },

  init(v) {
    v.coefficient = 0;
    v.neighbours = 0;
    v.edges = 0;
    v.higher = [];
  },
  compute(v, messages, ctx) {
    const { superstep, directed } = ctx;
    const degree = directed ? v.outDegree + v.inDegree : v.outDegree;
    if (superstep === 0) {
      v.sendToOut([v.id, degree]);
      if (directed) v.sendToIn([v.id, degree]);
      return;
    }
    if (superstep === 1) {
      const targets = Array.from(v.outEdges, ({ target }) => target);
      const higher: number[] = [];
      // Messages come in ascending order of their senders, as edges do of their targets.
      for (let i = 0, j = 0; i < messages.length; ) {
        const [other, theirs] = messages.at(i) as [number, number];
        const [first, firstEdge] = [i, j];
        while (i < messages.length && messages.at(i)[0] === other) i++;
        while (j < targets.length && targets[j] === other) j++;
        if (other === v.id) continue;
        v.neighbours++;
        // Each edge between the two has brought a message: those out of v, and those into it.
        const both = directed && j > firstEdge && i - first > j - firstEdge;
        if (theirs > degree || (theirs === degree && other > v.id))
          higher.push(both ? ~other : other);
      }
      v.higher = higher;
      return ctx.aggregate('listed', higher.length ** 2);
    }
    const { higher } = v;
    const rounds = Math.ceil(ctx.aggregates.listed / ctx.params.batch);
    const own = rounds > 1 ? v.id % rounds : 0;
    const round = Math.floor(superstep / 2) - 1;
    if (superstep % 2 === 0) {
      for (let i = 0; i < messages.length; i++) v.edges += messages.at(i)[0]!;
      if (own === round && higher.length > 1) {
        const [named, namedByBoth] = [
          [v.id, ...higher],
          [~v.id, ...higher],
        ];
        for (const other of higher) {
          v.sendTo(rankOf(other) as VertexId, other < 0 ? namedByBoth : named);
        }
      }
    } else {
      const across = new Int32Array(higher.length);
      for (let i = 0; i < messages.length; i++) {
        const named = messages.at(i);
        const [here, there] = sidesOf(named, higher, across);
        if (here === 0) continue;
        v.edges += here;
        v.sendTo(rankOf(named[0]!) as VertexId, [there]);
      }
      for (let i = 0; i < across.length; i++) {
        if (across[i]! > 0) v.sendTo(rankOf(higher[i]!) as VertexId, [across[i]!]);
      }
    }
    const pairs = v.neighbours * (v.neighbours - 1);
    if (pairs > 0) v.coefficient = ((directed ? 1 : 2) * v.edges) / pairs;
    if (own <= round) v.voteToHalt();
  },
});

/** The triangles of a vertex, the sender of `named`, and a third that is both in `named` and in `higher`; both ascend by
 *  rank. Gives the edges across from the vertex, between sender and third, and those across from the sender; adds to
 *  `across` those across from each third. */
function sidesOf(
  named: readonly number[],
  higher: readonly number[],
  across: Int32Array,
): readonly [here: number, there: number] {
  const base = edgesTo(named[0]!);
  let here = 0;
  let there = 0;
  for (let i = 1, j = 0; i < named.length && j < higher.length; ) {
    const difference = rankOf(named[i]!) - rankOf(higher[j]!);
    if (difference === 0) {
      here += edgesTo(named[i]!);
      there += edgesTo(higher[j]!);
      across[j]! += base;
    }
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return [here, there];
}

export default graphJob({
  name: 'lcc',
  output: { coefficient: float64 },
  plan: graph => sides(graph),
});

export interface Coefficient {
  readonly vertex: Id;
  readonly coefficient: number;
}

/** Throws unless `output` has the coefficients by definition: all out-edges of all neighbours are looked at. */
export function verify(graph: PlainGraph, output: Iterable<Coefficient>): void {
  const lists = neighbours(graph);
  const { starts, others } = adjacency(graph, 'out');
  const targets = lists.map((_, v) => new Set(others.subarray(starts[v], starts[v + 1])));
  for (const [v, { vertex, coefficient }] of byVertex(graph, output).entries()) {
    const all = new Set(lists[v]);
    let found = 0;
    for (const u of all) for (const w of targets[u]!) if (w !== u && all.has(w)) found++;
    const expected = all.size < 2 ? 0 : found / (all.size * (all.size - 1));
    if (coefficient !== expected) {
      throw new Error(`vertex ${vertex}: coefficient is ${coefficient}, not ${expected}`);
    }
  }
}
