/** A graph by definition: vertices ranked by id, and for each the edges out of it and into it, in order of the vertex
 *  at the other end; edges between the same two in the order they came. */
import { edgeDangling, type GraphFlags, vertexTwice } from '../define/graph.ts';
import { type Any, type Ran, type Row, compare } from './values.ts';

export interface LoadedEdge {
  /** The vertex at the other end. */
  readonly target: number;
  readonly value: Row;
}
export interface LoadedGraph {
  /** Ids, ascending: a vertex is its index. */
  readonly ids: readonly Any[];
  readonly values: readonly Row[];
  readonly out: readonly LoadedEdge[][];
  readonly in: readonly LoadedEdge[][];
  readonly directed: boolean;
  /** An undirected edge counts once. */
  readonly edgeCount: number;
  rank(id: Any): number | undefined;
}

/** Throws DataError EDGE_DANGLING or VERTEX_TWICE. */
export function load(edges: Ran, vertices: Ran | undefined, flags: GraphFlags): LoadedGraph {
  const { directed = true, selfLoops = 'keep', duplicateEdges = 'keep' } = flags;
  const { ids, values, rank, kept } = loadVertices(edges, vertices, flags);
  const out: LoadedEdge[][] = ids.map(() => []);
  const into: LoadedEdge[][] = ids.map(() => []);
  const had = new Set<string>();
  let edgeCount = 0;
  for (const { source, target, ...value } of kept) {
    const [s, t] = [rank(source)!, rank(target)!];
    const pair = directed || s < t ? `${s} ${t}` : `${t} ${s}`;
    if (s === t && selfLoops === 'drop') continue;
    if (duplicateEdges === 'drop' && had.has(pair)) continue;
    had.add(pair);
    edgeCount++;
    out[s]!.push({ target: t, value });
    into[t]!.push({ target: s, value });
    if (directed || s === t) continue;
    out[t]!.push({ target: s, value });
    into[s]!.push({ target: t, value });
  }
  for (const list of [...out, ...into]) list.sort((a, b) => a.target - b.target);
  return { ids, values, out, in: into, directed, edgeCount, rank };
}

function loadVertices(edges: Ran, vertices: Ran | undefined, { danglingEdges }: GraphFlags) {
  const listed = new Map<Any, Row>();
  for (const { vertex, ...value } of vertices?.rows ?? []) {
    if (listed.has(vertex)) throw vertexTwice(String(vertex));
    listed.set(vertex, value);
  }
  const kept: Row[] = [];
  const { vertex: _, ...columns } = vertices?.columns ?? {};
  const missing = Object.fromEntries(Object.keys(columns).map(c => [c, null]));
  for (const edge of edges.rows) {
    const ends = [edge['source'], edge['target']];
    const unknown = ends.filter(id => !listed.has(id));
    if (vertices !== undefined && unknown.length > 0) {
      if (danglingEdges === 'drop') continue;
      if (danglingEdges !== 'add') {
        throw edgeDangling(String(ends[0]), String(ends[1]), String(unknown[0]));
      }
    }
    for (const id of unknown) listed.set(id, missing);
    kept.push(edge);
  }
  const ids = [...listed.keys()].toSorted(compare);
  const ranks = new Map(ids.map((id, i) => [id, i]));
  return { ids, values: ids.map(id => listed.get(id)!), kept, rank: (id: Any) => ranks.get(id) };
}
