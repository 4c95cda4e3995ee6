/** The graph of one run, which its program may change.
 *
 * Order of calls: in a superstep `addEdge`, `removeEdges`, `remove`, `addVertex`, as the program asks; after it, whether
 * another one follows or not, `settle`. A vertex's own list of out-edges changes at once; what others see of it (edges into
 * them, the other end of an undirected edge), and which vertices there are, changes in `settle`: edges removed, vertices
 * removed, vertices added, edges added. So an edge that one end adds outlives the other end's removal of the same superstep.
 * Invariants: a vertex keeps its rank, and none is given twice; added vertices rank after all others, those of one
 * superstep in ascending order of id. An edge to a vertex that is gone is gone. The flags of `graph` are about loading:
 * loops and repeated edges may be added to any graph.
 */
import type { LoadedEdge, LoadedGraph } from './graph.ts';
import { type Any, type Row, compare } from './values.ts';

type Lists = readonly LoadedEdge[][];
interface Counts {
  readonly vertexCount: number;
  /** An undirected edge counts once. */
  readonly edgeCount: number;
}

export class Topology {
  readonly directed: boolean;
  /** As stored; a vertex is its index. */
  readonly ids: Any[];
  readonly values: Row[];
  readonly #present: boolean[];
  readonly #ranks: Map<Any, number>;
  readonly #unlisted: Row;
  #out: LoadedEdge[][];
  #in: Lists;
  #now: Counts;
  #before: Counts;
  /** What the superstep has asked for. */
  #added: { readonly source: number; readonly edge: LoadedEdge }[] = [];
  #removed: { readonly source: number; readonly target: number }[] = [];
  readonly #gone = new Set<number>();
  readonly #born = new Set<Any>();

  /** `unlisted`: the values of a vertex that is added. */
  constructor(graph: LoadedGraph, unlisted: Row) {
    this.directed = graph.directed;
    this.ids = [...graph.ids];
    this.values = [...graph.values];
    this.#present = graph.ids.map(() => true);
    this.#ranks = new Map(graph.ids.map((id, rank) => [id, rank]));
    this.#unlisted = unlisted;
    this.#out = [...graph.out];
    this.#in = graph.in;
    this.#now = { vertexCount: graph.ids.length, edgeCount: graph.edgeCount };
    this.#before = this.#now;
  }

  out = (vertex: number): readonly LoadedEdge[] => this.#out[vertex]!;
  in = (vertex: number): readonly LoadedEdge[] => this.#in[vertex]!;
  isPresent = (vertex: number): boolean => this.#present[vertex]!;
  /** Of the graph that the superstep before had. */
  counts = (): Counts => this.#before;
  rank(id: Any): number | undefined {
    const rank = this.#ranks.get(id);
    return rank !== undefined && this.#present[rank] ? rank : undefined;
  }

  addEdge(source: number, target: number, value: Row): void {
    const edge = { target, value };
    this.#added.push({ source, edge });
    this.#insert(source, edge);
  }

  removeEdges(source: number, target: number): void {
    this.#out[source] = this.#out[source]!.filter(edge => edge.target !== target);
    this.#added = this.#added.filter(of => of.source !== source || of.edge.target !== target);
    this.#removed.push({ source, target });
  }

  remove = (vertex: number): void => void this.#gone.add(vertex);
  addVertex = (id: Any): void => void this.#born.add(id);

  /** Gives the vertices that are new. */
  settle(): readonly number[] {
    this.#before = this.#now;
    const changes = [this.#added, this.#removed, [...this.#gone], [...this.#born]];
    if (changes.every(list => list.length === 0)) return [];
    if (!this.directed) this.#removeOtherEnds();
    for (const vertex of this.#gone) this.#present[vertex] = false;
    const fresh = this.#addVertices();
    if (!this.directed) this.#addOtherEnds();
    this.#out = this.#out.map((list, vertex) =>
      this.#present[vertex] ? list.filter(({ target }) => this.#present[target]) : [],
    );
    this.#in = this.directed ? reversed(this.#out) : [...this.#out];
    this.#now = this.#counted();
    this.#added = [];
    this.#removed = [];
    this.#gone.clear();
    this.#born.clear();
    return fresh;
  }

  /** After the edges to the same vertex. */
  #insert(source: number, edge: LoadedEdge): void {
    this.#out[source] = [...this.#out[source]!, edge].toSorted((a, b) => a.target - b.target);
  }

  #removeOtherEnds(): void {
    const added = new Set(this.#added.map(({ edge }) => edge));
    for (const { source, target } of this.#removed) {
      if (source === target) continue;
      this.#out[target] = this.#out[target]!.filter(e => e.target !== source || added.has(e));
    }
  }

  #addOtherEnds(): void {
    for (const { source, edge } of this.#added) {
      if (source !== edge.target) this.#insert(edge.target, { target: source, value: edge.value });
    }
  }

  #addVertices(): number[] {
    const ids = [...this.#born].filter(id => this.rank(id) === undefined).toSorted(compare);
    return ids.map(id => {
      const rank = this.ids.push(id) - 1;
      this.values.push(this.#unlisted);
      this.#present.push(true);
      this.#out.push([]);
      this.#ranks.set(id, rank);
      return rank;
    });
  }

  #counted(): Counts {
    const ends = this.#out.flatMap((list, vertex) => list.map(({ target }) => target === vertex));
    const loops = ends.filter(Boolean).length;
    const edgeCount = this.directed ? ends.length : (ends.length - loops) / 2 + loops;
    return { vertexCount: this.#present.filter(Boolean).length, edgeCount };
  }
}

/** The edges into each vertex, in order of the vertex they come from. */
function reversed(out: Lists): Lists {
  const into: LoadedEdge[][] = out.map(() => []);
  for (const [source, list] of out.entries()) {
    for (const { target, value } of list) into[target]!.push({ target: source, value });
  }
  return into;
}
