/** What the vertices of a partition ask to be changed in the graph, in one superstep. */
export interface Edge {
  readonly target: number;
  readonly value: object;
}

/** Plain data. */
export interface Requests {
  /** Places of vertices in the partition, and their edges from now on. */
  readonly edges: readonly { readonly index: number; readonly edges: readonly Edge[] }[];
  readonly removed: readonly number[];
  readonly added: readonly (number | bigint | string)[];
}

export class Mutations {
  readonly #edges = new Map<number, Edge[]>();
  readonly #removed: number[] = [];
  readonly #added: (number | bigint | string)[] = [];
  /** The edges that a vertex has in the graph. */
  readonly #edgesOf: (index: number) => Edge[];

  constructor(edgesOf: (index: number) => Edge[]) {
    this.#edgesOf = edgesOf;
  }

  edgesOf(index: number): readonly Edge[] | undefined {
    return this.#edges.get(index);
  }

  #own(index: number): Edge[] {
    let edges = this.#edges.get(index);
    if (edges === undefined) {
      edges = this.#edgesOf(index);
      this.#edges.set(index, edges);
    }
    return edges;
  }

  addEdge(index: number, target: number, value: object): void {
    this.#own(index).push({ target, value });
  }
  removeEdges(index: number, target: number): void {
    const own = this.#own(index);
    const left = own.filter(edge => edge.target !== target);
    own.splice(0, own.length, ...left);
  }
  remove(index: number): void {
    this.#removed.push(index);
  }
  addVertex(id: unknown): void {
    this.#added.push(id as number);
  }

  requests(): Requests | undefined {
    if (this.#edges.size === 0 && this.#removed.length === 0 && this.#added.length === 0)
      return undefined;
    return {
      edges: [...this.#edges].map(([index, edges]) => ({ index, edges })),
      removed: this.#removed,
      added: this.#added,
    };
  }
}
