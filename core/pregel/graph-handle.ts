/** A graph that the job holds: what was loaded, what has been made of it since, and the slots that its partitions belong to. Driver side.
 *
 * Edges are arranged by target when a program that folds its messages begins, and turned round when one asks for the edges into a vertex: then
 * for all programs after it, too. Every change is a new version, and each thread takes its facts anew.
 */
import { randomBytes } from 'node:crypto';
import type { Executor } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import type { Run } from '../store/run.ts';
import type { Arranged } from './arranged.ts';
import type { InEdges, LoadedGraph } from './loaded.ts';
import type { GraphPart } from './parts.ts';
import { type GraphFacts, packFacts } from './resident.ts';
import { discard } from '../store/file.ts';

/** What runs hold: given back together. */
export interface Owned {
  readonly ranges: readonly Range[];
  readonly runs: readonly Run[];
}

export function release(executor: Executor, { ranges, runs }: Owned): void {
  executor.release(ranges);
  for (const { segment } of runs) if (segment !== undefined) discard(segment);
}

export class GraphHandle {
  readonly key = randomBytes(8).toString('hex');
  readonly #executor: Executor;
  readonly #owned: Owned[];
  readonly #old: Owned[] = [];
  #facts: GraphFacts;
  #packed: SharedArrayBuffer;
  /** Of each partition. */
  #slots: readonly number[];
  /** The weight that `out` is arranged with. */
  weight: string | undefined;

  constructor(executor: Executor, graph: LoadedGraph, owned: Owned) {
    this.#executor = executor;
    this.#owned = [owned];
    this.#facts = { key: this.key, version: 0, graph };
    this.#packed = packFacts(this.#facts);
    this.#slots = slotsFor(graph, executor.slots);
  }

  get graph(): LoadedGraph {
    return this.#facts.graph;
  }
  get facts(): GraphFacts {
    return this.#facts;
  }

  slotOf(partition: number): number {
    return this.#slots[partition]!;
  }
  part(partition: number): GraphPart {
    const { version } = this.#facts;
    return { key: this.key, version, facts: this.#packed, partition };
  }

  change(
    change: {
      readonly out?: readonly Arranged[];
      readonly in?: readonly Arranged[];
      readonly transposed?: readonly InEdges[];
    },
    owned: Owned,
  ): void {
    this.#owned.push(owned);
    this.#facts = { ...this.#facts, ...change, version: this.#facts.version + 1 };
    this.#packed = packFacts(this.#facts);
  }

  /** Another graph in the place of this one: nothing that was made of it is good any more. What it held is kept until `forget`. */
  replace(graph: LoadedGraph, owned: Owned): void {
    this.#old.push(...this.#owned.splice(0, this.#owned.length, owned));
    this.#facts = { key: this.key, version: this.#facts.version + 1, graph };
    this.#packed = packFacts(this.#facts);
    this.#slots = slotsFor(graph, this.#executor.slots);
    this.weight = undefined;
  }
  /** Kept as long as what a graph before this one held. */
  keepUntilChanged(owned: Owned): void {
    this.#old.push(owned);
  }
  forget(): void {
    for (const owned of this.#old.splice(0)) release(this.#executor, owned);
  }

  /** Frees all that the driver holds; what threads keep is closed by tasks (program.ts). */
  release(): void {
    this.forget();
    for (const owned of this.#owned.splice(0)) release(this.#executor, owned);
  }
}

/** A partition's work is its edges, and a vertex is worth so many (load/plan.ts). */
const VERTEX_WORK = 24;

/** The heaviest first, each to the slot that has least. */
function slotsFor({ partitions }: LoadedGraph, slots: number): number[] {
  const work = partitions.map(({ edges, vertices }) => edges + VERTEX_WORK * vertices);
  const loads = Array.from({ length: slots }, () => 0);
  const chosen = partitions.map(() => 1);
  const order = work.map((_, p) => p).toSorted((a, b) => work[b]! - work[a]! || a - b);
  for (const p of order) {
    const slot = loads.indexOf(Math.min(...loads));
    loads[slot]! += work[p]!;
    chosen[p] = slot + 1;
  }
  return chosen;
}
