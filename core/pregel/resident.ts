/** What a thread keeps of a graph between tasks: kernel memory of its own, and in it what its partitions are made of.
 *
 * It is a cache: all of it is made again from runs when a thread is new. *Needed* blocks (columns, inboxes) are taken with `need`, which
 * drops *optional* ones (arranged edges) when memory is refused; those are then read from their runs, chunk by chunk, each time.
 * Invariant: one task at a time uses it; a block's address is good until it is freed or, if optional, until the next `need`.
 */
import type { WorkerContext } from '../exec/executor.ts';
import { type Kernels, outOfMemory } from '../kernels/kernels.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import type { Columns } from './columns.ts';
import type { InEdges, LoadedGraph } from './loaded.ts';
import type { JobContext, Refusals } from '../mapreduce/stage.ts';
import type { Arranged } from './arranged.ts';
import type { GraphPart } from './parts.ts';
import type { HeldState } from './state.ts';

/** All that tasks know of a graph. Plain data, as JSON in shared memory: sent with every task, parsed once a thread. */
export interface GraphFacts {
  /** Of the graph, and of what it has become: another version is another text. */
  readonly key: string;
  readonly version: number;
  readonly graph: LoadedGraph;
  /** Of each partition, where messages are folded: edges by target. `in`: edges into vertices, by source. */
  readonly out?: readonly Arranged[];
  readonly in?: readonly Arranged[];
  /** Edges into vertices, by partition; absent until a program asks. */
  readonly transposed?: readonly InEdges[];
}

export function packFacts(facts: GraphFacts): SharedArrayBuffer {
  const bytes = Buffer.from(JSON.stringify(facts));
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}

export const unpackFacts = (facts: SharedArrayBuffer): GraphFacts =>
  JSON.parse(Buffer.from(new Uint8Array(facts)).toString()) as GraphFacts;

/** A block of kernel memory that may be dropped. */
interface Optional {
  readonly pointers: readonly number[];
}

export class Resident {
  readonly kernels: Kernels;
  facts: GraphFacts;
  /** Programs that have run here, with what is generated for them. */
  readonly programs = new Map<string, unknown>();
  /** By partition, of the program that runs now. */
  readonly #states = new Map<number, HeldState & { readonly program: string }>();
  readonly #needed = new Map<string, { pointer: number; bytes: number }>();
  readonly #optional = new Map<string, Optional>();
  /** For tests: whether what is optional is ever there. */
  readonly #keeps: boolean;
  /** For tests: every block that is needed is one for which there is no memory as long as something optional is there. */
  readonly #drops: boolean;
  readonly #columns = new Map<string, Columns>();

  /** The one of this graph in this thread. Others are closed: a thread works on one graph at a time. */
  static of(worker: WorkerContext, part: GraphPart, { refuse }: JobContext): Resident {
    const { key, version, facts } = part;
    const name = `graph ${key}`;
    const known = worker.residents.get(name) as Resident | undefined;
    if (known?.facts.version === version) return known;
    const parsed = unpackFacts(facts);
    if (known !== undefined) {
      known.#changed(parsed);
      return known;
    }
    const made = new Resident(worker.newKernels(), parsed, refuse);
    worker.residents.set(name, made);
    return made;
  }

  static close(worker: WorkerContext, key: string): void {
    const name = `graph ${key}`;
    worker.residents.get(name)?.close();
    worker.residents.delete(name);
  }

  private constructor(kernels: Kernels, facts: GraphFacts, refuse: Refusals | undefined) {
    this.kernels = kernels;
    this.#keeps = refuse?.residents !== true;
    this.#drops = refuse?.room === true;
    this.facts = facts;
    kernels.relief = () => this.#relieve();
  }

  /** A block with room for `bytes`, by name: whatever is optional may be gone afterwards. What it holds is what was there last if it was as large. */
  need(name: string, bytes: number, what: string): number {
    const known = this.#needed.get(name);
    if (known !== undefined && known.bytes >= bytes) return known.pointer;
    if (known !== undefined) this.kernels.free(known.pointer);
    this.#needed.delete(name);
    if (this.#drops) this.#relieve();
    const pointer = this.kernels.alloc(bytes);
    if (pointer === 0) throw outOfMemory(bytes, what);
    this.#needed.set(name, { pointer, bytes });
    return pointer;
  }

  known(name: string): number | undefined {
    return this.#needed.get(name)?.pointer;
  }

  /** Blocks of these sizes; undefined when there is no memory for them. `fill` makes them the first time. */
  optional(
    name: string,
    sizes: readonly number[],
    fill: (pointers: readonly number[]) => void,
  ): readonly number[] | undefined {
    const known = this.#optional.get(name);
    if (known !== undefined) return known.pointers;
    if (!this.#keeps) return undefined;
    const { relief } = this.kernels;
    // One that is optional drops no other.
    this.kernels.relief = undefined;
    const pointers = sizes.map(bytes => (bytes === 0 ? 0 : this.kernels.alloc(bytes)));
    this.kernels.relief = relief;
    if (pointers.some((pointer, i) => pointer === 0 && sizes[i]! > 0)) {
      for (const pointer of pointers) this.kernels.free(pointer);
      return undefined;
    }
    fill(pointers);
    this.#optional.set(name, { pointers });
    return pointers;
  }

  /** The state columns of a partition; those of a program before are dropped. */
  state(partition: number, program: string, make: () => HeldState): HeldState {
    const known = this.#states.get(partition);
    if (known?.program === program) return known;
    if (known !== undefined) this.#dropState(partition, known);
    const made = Object.assign(make(), { program });
    this.#states.set(partition, made);
    return made;
  }
  #dropState(partition: number, { columns, awake }: HeldState): void {
    columns.free();
    this.kernels.free(awake);
    this.#states.delete(partition);
  }

  /** Columns by name, made and filled once. */
  columns(name: string, make: () => Columns): Columns {
    const known = this.#columns.get(name) ?? make();
    this.#columns.set(name, known);
    return known;
  }

  /** Nothing of the graph as it was is good any more. */
  #changed(facts: GraphFacts): void {
    this.facts = facts;
    this.#relieve();
    for (const columns of this.#columns.values()) columns.free();
    this.#columns.clear();
    for (const { pointer } of this.#needed.values()) this.kernels.free(pointer);
    this.#needed.clear();
    for (const [partition, state] of this.#states) this.#dropState(partition, state);
  }

  #relieve(): boolean {
    const any = this.#optional.size > 0;
    for (const { pointers } of this.#optional.values()) {
      for (const pointer of pointers) this.kernels.free(pointer);
    }
    this.#optional.clear();
    return any;
  }

  close(): void {
    this.kernels.close();
  }
}

/** What tasks read with. */
export interface Reading {
  readonly resident: Resident;
  readonly carrier: Carrier;
}
