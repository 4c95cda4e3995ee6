/** A graph as plain arrays, for what checks the jobs: each `verify` works on one and shares no code with its program. */

export type Id = number | bigint | string;

/** A vertex is its index in `ids`; edge i goes from `sources[i]` to `targets[i]`. */
export interface PlainGraph {
  readonly directed: boolean;
  /** Ascending (text by bytes), none twice. */
  readonly ids: ArrayLike<Id>;
  readonly sources: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

export interface PlainEdge {
  readonly source: Id;
  readonly target: Id;
  readonly weight?: number;
}

/** Of edges by id, and perhaps vertices that have none. Ids of one type. */
export function plainGraph(
  edges: readonly PlainEdge[],
  { directed = true, vertices = [] }: { directed?: boolean; vertices?: Iterable<Id> } = {},
): PlainGraph {
  const all = new Set<Id>(vertices);
  for (const { source, target } of edges) all.add(source).add(target);
  const ids = [...all].toSorted((a, b) => {
    if (typeof a === 'string') return Buffer.from(a).compare(Buffer.from(String(b)));
    return typeof b !== 'string' && a < b ? -1 : 1;
  });
  const index = new Map(ids.map((id, i) => [id, i]));
  return {
    directed,
    ids,
    sources: Int32Array.from(edges, ({ source }) => index.get(source)!),
    targets: Int32Array.from(edges, ({ target }) => index.get(target)!),
    weights: Float64Array.from(edges, ({ weight = 1 }) => weight),
  };
}

/** Edges by the vertex at one end: those of v are `[starts[v], starts[v + 1])`. */
export interface Adjacency {
  readonly starts: Int32Array;
  readonly others: Int32Array;
  readonly weights: Float64Array;
}

/** `out` and `in` are the same of an undirected graph, whose self-loops count once. `both`: out, then in, of a directed
 *  graph: an edge is there at both its ends. */
export function adjacency(graph: PlainGraph, which: 'out' | 'in' | 'both'): Adjacency {
  const { directed, ids, sources, targets, weights } = graph;
  const starts = new Int32Array(ids.length + 1);
  const visit = (each: (vertex: number, other: number, edge: number) => void): void => {
    const forward = which !== 'in' || !directed;
    const backward = which !== 'out' || !directed;
    for (let i = 0; i < sources.length; i++) {
      const [s, t] = [sources[i]!, targets[i]!];
      if (forward) each(s, t, i);
      if (backward && (directed || s !== t)) each(t, s, i);
    }
  };
  visit(vertex => starts[vertex + 1]!++);
  for (let v = 0; v < ids.length; v++) starts[v + 1]! += starts[v]!;
  const next = starts.slice();
  const others = new Int32Array(starts[ids.length]!);
  const out = new Float64Array(others.length);
  visit((vertex, other, edge) => {
    const at = next[vertex]!++;
    others[at] = other;
    out[at] = weights?.[edge] ?? 1;
  });
  return { starts, others, weights: out };
}

/** The vertices next to each, whichever way the edge points: each once, without itself, ascending. */
export function neighbours(graph: PlainGraph): Int32Array[] {
  const { starts, others } = adjacency(graph, graph.directed ? 'both' : 'out');
  return Array.from(graph.ids, (_, v) =>
    Int32Array.from(new Set(others.subarray(starts[v], starts[v + 1])))
      .filter(other => other !== v)
      .toSorted(),
  );
}

/** The rows of an output by vertex. Throws unless there is one for each vertex, in ascending order. */
export function byVertex<R extends { readonly vertex: Id }>(
  { ids }: PlainGraph,
  output: Iterable<R>,
): R[] {
  const rows: R[] = [];
  for (const row of output) {
    const expected = ids[rows.length];
    // An int64 is a number or a bigint, as it was declared.
    if (expected === undefined || String(row.vertex) !== String(expected)) {
      throw new Error(`row ${rows.length + 1} is of vertex ${row.vertex}, not ${expected}`);
    }
    rows.push(row);
  }
  if (rows.length < ids.length) throw new Error(`vertex ${ids[rows.length]} is missing`);
  return rows;
}

/** Throws unless each value is the one expected; numbers to the bit, but for −0. */
export function mustEqual(
  { ids }: PlainGraph,
  column: string,
  got: ArrayLike<Id | null>,
  expected: ArrayLike<Id | null>,
): void {
  for (let v = 0; v < ids.length; v++) {
    if (String(got[v]) === String(expected[v])) continue;
    throw new Error(`vertex ${ids[v]}: ${column} is ${got[v]}, not ${expected[v]}`);
  }
}
