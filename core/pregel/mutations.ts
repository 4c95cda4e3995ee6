/** What the vertices of a partition ask to be changed in the graph, in one superstep: recorded as they ask, and their own edges as they are from then
 *  on.
 *
 *  Invariants: `changed` vertices have a list of their own, by target and then as added; what a vertex has added and removed again is not asked for.
 */
import type { Schema } from '../define/schema.ts';
import { fits, printType, printValue } from '../define/value.ts';
import { TaskError, UsageError } from '../errors.ts';
import type { ProgramSpec } from './define.ts';

export interface Edge {
  readonly target: number;
  readonly value: { readonly [column: string]: unknown };
}
/** Of one vertex, by its place in the partition. Plain data. */
export interface EdgeRequests {
  readonly index: number;
  /** Targets that no edge is to lead to any more, but for those added since. */
  readonly removed: readonly number[];
  readonly added: readonly Edge[];
}
/** Plain data. */
export interface Requests {
  readonly edges: readonly EdgeRequests[];
  /** Places of vertices that are to go. */
  readonly removed: readonly number[];
  readonly added: readonly (number | bigint | string)[];
}

interface Own {
  list: Edge[];
  added: Edge[];
  readonly removed: Set<number>;
}

export class Mutations {
  readonly #spec: ProgramSpec;
  /** Vertices there have ever been. */
  readonly #beyond: number;
  /** The edges that a vertex has in the graph. */
  readonly #edgesOf: (index: number) => Edge[];
  readonly #mayChange: () => boolean;
  readonly #own = new Map<number, Own>();
  readonly #removed = new Set<number>();
  readonly #added: (number | bigint | string)[] = [];

  constructor(
    spec: ProgramSpec,
    beyond: number,
    edgesOf: (index: number) => Edge[],
    mayChange: () => boolean,
  ) {
    this.#spec = spec;
    this.#beyond = beyond;
    this.#edgesOf = edgesOf;
    this.#mayChange = mayChange;
  }

  edgesOf(index: number): readonly Edge[] | undefined {
    return this.#own.get(index)?.list;
  }

  addEdge(index: number, target: number, value: object): void {
    this.#open();
    this.#checkVertex(target, 'addEdge');
    const own = this.#ownOf(index);
    const edge = { target, value: this.#checked(value) };
    own.added.push(edge);
    own.list = inOrder([...own.list, edge]);
  }

  removeEdges(index: number, target: number): void {
    this.#open();
    this.#checkVertex(target, 'removeEdges');
    const own = this.#ownOf(index);
    own.list = own.list.filter(edge => edge.target !== target);
    own.added = own.added.filter(edge => edge.target !== target);
    own.removed.add(target);
  }

  remove(index: number): void {
    this.#open();
    this.#removed.add(index);
  }

  addVertex(id: unknown): void {
    const { name, vertex = {} } = this.#spec;
    const filled = Object.entries(vertex).find(([, of]) => !of.nullable);
    if (filled !== undefined) {
      throw new TaskError(
        'TYPE_MISMATCH',
        `addVertex: a vertex that is added has no '${filled[0]}', which is not nullable`,
        { remedy: `Declare ${filled[0]} nullable in vertex of ${name}.` },
      );
    }
    this.#added.push(id as number);
  }

  requests(): Requests | undefined {
    if (this.#own.size === 0 && this.#removed.size === 0 && this.#added.length === 0) {
      return undefined;
    }
    const edges = [...this.#own].map(([index, { added, removed }]) => {
      return { index, removed: [...removed], added };
    });
    return { edges, removed: [...this.#removed], added: this.#added };
  }

  #open(): void {
    if (this.#mayChange()) return;
    throw new UsageError('USAGE', `${this.#spec.name}: init may not change the graph`, {
      remedy: 'Change it from compute, at superstep 0.',
    });
  }

  #ownOf(index: number): Own {
    let own = this.#own.get(index);
    if (own === undefined) {
      own = { list: this.#edgesOf(index), added: [], removed: new Set() };
      this.#own.set(index, own);
    }
    return own;
  }

  #checkVertex(value: unknown, where: string): void {
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) < this.#beyond) return;
    throw new TaskError('TYPE_MISMATCH', `${where}: ${printValue(value)} is not a vertex`, {
      remedy: 'Vertices are v.id, targets of edges, messages and parameters of type vertexId.',
    });
  }

  #checked(value: object): Edge['value'] {
    const columns: Schema = this.#spec.edge ?? {};
    const row = value as { readonly [column: string]: unknown };
    for (const [column, of] of Object.entries(columns)) {
      if (fits(row?.[column], of)) continue;
      throw new TaskError(
        'TYPE_MISMATCH',
        `addEdge: column '${column}' is ${printType(of)}, got ${printValue(row?.[column])}`,
        { remedy: 'Give every column a value of its type.' },
      );
    }
    return Object.fromEntries(Object.keys(columns).map(column => [column, row[column]]));
  }
}

/** By target, then as they came. */
export const inOrder = <E extends Edge>(edges: readonly E[]): E[] =>
  edges.toSorted((a, b) => a.target - b.target);
