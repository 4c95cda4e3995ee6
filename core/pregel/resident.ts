/** What a thread keeps of a graph between tasks: kernel memory of its own, and in it what its partitions are made of.
 *
 * It is a cache: all of it is made again from runs when a thread is new. Where memory is refused, *optional* blocks (arranged edges, listings)
 * go first: those are then read from their runs, chunk by chunk, each time. Then go the blocks that the task has not asked for: columns of
 * other partitions.
 * Invariant: one task at a time uses it; a block's address is good until the task ends or, if optional, until the next `need`.
 */
import type { WorkerContext } from '../exec/executor.ts';
import { type Kernels, outOfMemory } from '../kernels/kernels.ts';
import { evenShareBytes } from '../memory/shares.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import type { Columns } from './columns.ts';
import type { Loop } from './cursor.ts';
import type { ProgramSpec } from './define.ts';
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

/** What lies in kernel memory under one name. */
interface Kept<T> {
  readonly of: T;
  /** The task that has asked for it last. */
  task: number;
}
interface Block {
  readonly pointer: number;
  readonly bytes: number;
}

export class Resident {
  readonly kernels: Kernels;
  facts: GraphFacts;
  /** Runs of programs. */
  readonly programs = new Map<string, unknown>();
  /** Generated, by program: of the thread, since it runs one task at a time. */
  readonly loops: WeakMap<ProgramSpec, Loop>;
  /** By partition, of the program that runs now. */
  readonly #states = new Map<number, Kept<HeldState & { readonly program: string }>>();
  readonly #needed = new Map<string, Kept<Block>>();
  readonly #columns = new Map<string, Kept<Columns>>();
  readonly #optional = new Map<string, readonly number[]>();
  /** Counts tasks. */
  #task = 0;
  /** What is optional leaves the pool to what others need. */
  readonly #optionalBytes: number;
  /** For tests: whether what is optional is ever there. */
  readonly #keeps: boolean;
  /** For tests: every block that is needed is one for which there is no memory as long as something can go. */
  readonly #drops: boolean;

  /** The one of this graph in this thread, for a task that begins. */
  static of(worker: WorkerContext, part: GraphPart, { refuse }: JobContext): Resident {
    const { key, version, facts } = part;
    const name = `graph ${key}`;
    const known = worker.residents.get(name) as Resident | undefined;
    if (known === undefined) {
      const made = new Resident(worker, unpackFacts(facts), refuse);
      worker.residents.set(name, made);
      return made;
    }
    known.#task++;
    if (known.facts.version !== version) known.#changed(unpackFacts(facts));
    return known;
  }

  static close(worker: WorkerContext, key: string): void {
    const name = `graph ${key}`;
    worker.residents.get(name)?.close();
    worker.residents.delete(name);
  }

  private constructor(worker: WorkerContext, facts: GraphFacts, refuse: Refusals | undefined) {
    this.kernels = worker.newKernels();
    this.loops = loopsOf(worker);
    this.#optionalBytes = evenShareBytes(worker.budget);
    this.#keeps = refuse?.residents !== true;
    this.#drops = refuse?.room === true;
    this.facts = facts;
    this.kernels.relief = () => this.#relieve();
  }

  /** A block with room for `bytes`, by name. What it holds is what was there last, if it is still there and was as large: see `known`. */
  need(name: string, bytes: number, what: string): number {
    const known = this.#used(this.#needed, name);
    if (known !== undefined && known.bytes >= bytes) return known.pointer;
    if (known !== undefined) this.kernels.free(known.pointer);
    this.#needed.delete(name);
    if (this.#drops) while (this.#relieve());
    const pointer = this.kernels.alloc(bytes);
    if (pointer === 0) throw outOfMemory(bytes, what);
    this.#keep(this.#needed, name, { pointer, bytes });
    return pointer;
  }

  known(name: string): number | undefined {
    return this.#used(this.#needed, name)?.pointer;
  }

  /** Blocks of these sizes; undefined when there is no memory for them. `fill` makes them the first time. */
  optional(
    name: string,
    sizes: readonly number[],
    fill: (pointers: readonly number[]) => void,
  ): readonly number[] | undefined {
    const known = this.#optional.get(name);
    if (known !== undefined) return known;
    const bytes = sizes.reduce((sum, size) => sum + size, this.kernels.usedBytes);
    if (!this.#keeps || bytes > this.#optionalBytes) return undefined;
    const { relief } = this.kernels;
    // What is optional drops nothing.
    this.kernels.relief = undefined;
    const pointers = sizes.map(size => (size === 0 ? 0 : this.kernels.alloc(size)));
    this.kernels.relief = relief;
    if (pointers.some((pointer, i) => pointer === 0 && sizes[i]! > 0)) {
      for (const pointer of pointers) this.kernels.free(pointer);
      return undefined;
    }
    fill(pointers);
    this.#optional.set(name, pointers);
    return pointers;
  }

  /** The state columns of a partition; those of a program before are dropped. */
  state(partition: number, program: string, make: () => HeldState): HeldState {
    const known = this.#used(this.#states, partition);
    if (known?.program === program) return known;
    if (known !== undefined) this.#dropState(partition, known);
    return this.#keep(this.#states, partition, Object.assign(make(), { program }));
  }
  #dropState(partition: number, { columns, awake }: HeldState): void {
    columns.free();
    this.kernels.free(awake);
    this.#states.delete(partition);
  }

  /** Columns by name, made and filled once. */
  columns(name: string, make: () => Columns): Columns {
    return this.#used(this.#columns, name) ?? this.#keep(this.#columns, name, make());
  }

  #used<K, T>(kept: Map<K, Kept<T>>, key: K): T | undefined {
    const known = kept.get(key);
    if (known !== undefined) known.task = this.#task;
    return known?.of;
  }
  #keep<K, T>(kept: Map<K, Kept<T>>, key: K, of: T): T {
    kept.set(key, { of, task: this.#task });
    return of;
  }

  /** Nothing of the graph as it was is good any more. */
  #changed(facts: GraphFacts): void {
    this.facts = facts;
    while (this.#relieve());
  }

  /** Frees what can be had again. False: there is nothing. */
  #relieve(): boolean {
    return this.#dropOptional() || this.#dropOthers();
  }

  #dropOptional(): boolean {
    const any = this.#optional.size > 0;
    for (const pointers of this.#optional.values()) {
      for (const pointer of pointers) this.kernels.free(pointer);
    }
    this.#optional.clear();
    return any;
  }

  /** All that this task has not asked for. */
  #dropOthers(): boolean {
    let any = false;
    const others = <K, T>(kept: Map<K, Kept<T>>, drop: (of: T, key: K) => void): void => {
      for (const [key, { of, task }] of kept) {
        if (task === this.#task) continue;
        any = true;
        kept.delete(key);
        drop(of, key);
      }
    };
    others(this.#needed, ({ pointer }) => this.kernels.free(pointer));
    others(this.#columns, columns => columns.free());
    others(this.#states, (state, partition) => this.#dropState(partition, state));
    return any;
  }

  close(): void {
    this.kernels.close();
  }
}

/** By thread, which a map of residents belongs to. */
const threads = new WeakMap<object, WeakMap<ProgramSpec, Loop>>();
function loopsOf({ residents }: WorkerContext): WeakMap<ProgramSpec, Loop> {
  const loops = threads.get(residents) ?? new WeakMap<ProgramSpec, Loop>();
  threads.set(residents, loops);
  return loops;
}

/** What tasks read with. */
export interface Reading {
  readonly resident: Resident;
  readonly carrier: Carrier;
}
