/** The graph of one run, which its program may change. Driver side; core/serial/topology.ts is the definition.
 *
 * Order of calls: `settle` after each superstep, with what its tasks ask for: edges removed, vertices removed, vertices added, edges added.
 * Invariants: the graph as loaded stays as it is; the first change makes a graph of the run's own, each further one another version of it. A vertex
 * keeps its rank; those added in one superstep are a partition at the end, in order of id. Of the version before, what messages were
 * sent over is kept until the next `settle`.
 */
import type { Run } from '../store/run.ts';
import { LimitError, TaskError } from '../errors.ts';
import { printValue } from '../define/value.ts';
import type { ProgramSpec } from './define.ts';
import type { FindArgument } from './finish.ts';
import { GraphHandle, type Owned } from './graph-handle.ts';
import { compareIds, type Id } from './ids.ts';
import type { Arranged } from './arranged.ts';
import type { Restored } from './checkpoint-task.ts';
import type { GraphPartition, LoadedGraph } from './loaded.ts';
import type { BornArgument, Edit, MutateArgument, Mutated } from './mutate.ts';
import type { Requests } from './mutations.ts';
import { partitionOf } from './outbox-rows.ts';
import type { GraphFacts } from './resident.ts';
import { BORN, FIND, MUTATE, runPinned, type Tasking } from './tasks.ts';

/** They travel through the driver, and are held there. */
const MAX_CHANGES = 1_000_000;

interface Counts {
  readonly vertexCount: number;
  /** An undirected edge counts once. */
  readonly edgeCount: number;
}
type Edited = { -readonly [K in keyof Edit]: Edit[K] extends readonly (infer E)[] ? E[] : Edit[K] };

/** A graph that has changed, at a barrier: what it is besides its runs. Plain data. */
export interface Changed {
  readonly now: Counts;
  readonly before: Counts;
  /** Ranks. */
  readonly gone: readonly number[];
  readonly added: readonly (readonly [Id, number])[];
  readonly vertexCount: number;
  readonly edgeCount: number;
  readonly partitions: readonly Omit<GraphPartition, 'vertexRun' | 'edgeRun'>[];
}
/** Runs of it, as a checkpoint calls them: of each partition, and where messages are under way that were sent over the graph as it was before,
 *  how its edges were arranged then. */
const [VERTICES, EDGES] = ['vertices', 'edges'];
const CHANNELS = ['out', 'in'] as const;
const arrangedNames = (channel: 'out' | 'in') =>
  ({ listing: `${channel}-listing`, sources: `${channel}-sources` }) as const;

export class Topology {
  readonly #tasking: Tasking;
  readonly #spec: ProgramSpec;
  readonly #loaded: GraphHandle;
  #own: GraphHandle | undefined;
  #now: Counts;
  #before: Counts;
  /** Ranks. */
  readonly #gone = new Set<number>();
  /** Of vertices that were added: the latest of an id. */
  readonly #added = new Map<Id, number>();
  /** What the messages under way were sent over, if the graph has changed since. */
  #sentOver: GraphFacts | undefined;

  constructor(tasking: Tasking, spec: ProgramSpec, loaded: GraphHandle) {
    this.#tasking = tasking;
    this.#spec = spec;
    this.#loaded = loaded;
    const { vertexCount, edgeCount } = loaded.graph;
    this.#now = { vertexCount, edgeCount };
    this.#before = this.#now;
  }

  get handle(): GraphHandle {
    return this.#own ?? this.#loaded;
  }
  /** Of the graph that the superstep before had. */
  get counts(): Counts {
    return this.#before;
  }
  get sentOver(): GraphFacts | undefined {
    return this.#sentOver;
  }

  /** Undefined: the graph is as it was loaded. */
  get changed(): Changed | undefined {
    if (this.#own === undefined) return undefined;
    const { vertexCount, edgeCount, partitions } = this.#own.graph;
    return {
      now: this.#now,
      before: this.#before,
      gone: [...this.#gone],
      added: [...this.#added],
      vertexCount,
      edgeCount,
      partitions: partitions.map(({ base, vertices, edges }) => ({ base, vertices, edges })),
    };
  }
  /** What a checkpoint holds of a partition of a graph that has changed. */
  runsOf(partition: number): { [name: string]: Run } {
    if (this.#own === undefined) return {};
    const { vertexRun, edgeRun } = this.#own.graph.partitions[partition]!;
    const runs: { [name: string]: Run } = { [VERTICES]: vertexRun, [EDGES]: edgeRun };
    for (const channel of CHANNELS) {
      const arranged = this.#sentOver?.[channel]?.[partition];
      if (arranged === undefined) continue;
      const { listing, sources } = arrangedNames(channel);
      runs[listing] = arranged.listing;
      runs[sources] = arranged.sources;
    }
    return runs;
  }

  /** The graph of a checkpoint. */
  restore(changed: Changed, more: readonly Restored['more'][]): void {
    const { executor } = this.#tasking;
    const of = (p: number, name: string): Run => more[p]![name]!.run;
    const graph: LoadedGraph = {
      ...this.#loaded.graph,
      edge: this.#spec.edge ?? {},
      vertexCount: changed.vertexCount,
      edgeCount: changed.edgeCount,
      partitions: changed.partitions.map((partition, p) => ({
        ...partition,
        vertexRun: of(p, VERTICES),
        edgeRun: of(p, EDGES),
      })),
    };
    const ownedOf = (names: readonly string[]): Owned => {
      const all = more.flatMap(runs => names.flatMap(name => runs[name] ?? []));
      return { ranges: all.flatMap(({ ranges }) => ranges), runs: all.map(({ run }) => run) };
    };
    this.#own = new GraphHandle(executor, graph, ownedOf([VERTICES, EDGES]));
    const before = CHANNELS.flatMap(channel => Object.values(arrangedNames(channel)));
    this.#own.keepUntilChanged(ownedOf(before));
    this.#now = changed.now;
    this.#before = changed.before;
    for (const rank of changed.gone) this.#gone.add(rank);
    for (const [id, rank] of changed.added) this.#added.set(id, rank);
    let sentOver: GraphFacts | undefined;
    for (const channel of CHANNELS) {
      const { listing, sources } = arrangedNames(channel);
      const arranged = more.flatMap((runs): Arranged[] =>
        runs[listing] === undefined
          ? []
          : [{ listing: runs[listing].run, sources: runs[sources]!.run }],
      );
      if (arranged.length > 0) sentOver = { ...(sentOver ?? this.#own.facts), [channel]: arranged };
    }
    this.#sentOver = sentOver;
  }

  /** Places of a partition's vertices that are gone. */
  goneOf(partition: number): number[] {
    const { base, vertices } = this.handle.graph.partitions[partition]!;
    if (this.#gone.size === 0) return [];
    const ranks = [...this.#gone].filter(rank => rank >= base && rank < base + vertices);
    return ranks.map(rank => rank - base).toSorted((a, b) => a - b);
  }

  /** @returns whether the graph has changed. @throws LimitError TASKS */
  async settle(
    asked: readonly (readonly [partition: number, Requests | undefined])[],
  ): Promise<boolean> {
    this.#before = this.#now;
    this.#sentOver = undefined;
    this.#own?.forget();
    const all = asked.flatMap(([p, requests]) =>
      requests === undefined ? [] : [[p, requests] as const],
    );
    if (all.length === 0) return false;
    this.#checkLimit(all.map(([, requests]) => requests));
    const { partitions } = this.handle.graph;
    const edits = editsOf(this.handle.graph, all);
    const goes: number[] = [];
    for (const [p, { removed }] of all) {
      for (const index of removed) {
        const rank = partitions[p]!.base + index;
        if (!this.#gone.has(rank)) goes.push(rank);
        this.#gone.add(rank);
      }
    }
    const born = await this.#born(all.flatMap(([, { added }]) => added));
    await this.#rewrite(edits, [...this.#gone], born);
    const made = this.#own!.graph;
    this.#now = {
      vertexCount: this.#now.vertexCount - goes.length + born.length,
      edgeCount: made.edgeCount,
    };
    return true;
  }

  /** Gives back the graph of the run's own. */
  async end(close: (handle: GraphHandle) => Promise<void>): Promise<void> {
    if (this.#own === undefined) return;
    await close(this.#own);
    this.#own.release();
  }

  #checkLimit(all: readonly Requests[]): void {
    let changes = 0;
    for (const { edges, removed, added } of all) {
      changes += removed.length + added.length;
      for (const edge of edges) changes += edge.removed.length + edge.added.length;
    }
    if (changes <= MAX_CHANGES) return;
    throw new LimitError(
      'TASKS',
      `${this.#spec.name} asks for ${changes} changes of its graph in one superstep, at most ${MAX_CHANGES} are made`,
      { remedy: 'Spread them over several supersteps, or keep what has changed in state.' },
    );
  }

  /** Ids that are not there, ascending, each once. */
  async #born(asked: readonly (number | bigint | string)[]): Promise<Id[]> {
    if (asked.length === 0) return [];
    const ids = [...new Set(asked.map(id => this.#idOf(id)))];
    const { handle } = this;
    const { graph } = this.#loaded;
    const argument: FindArgument = {
      context: this.#tasking.context,
      part: this.#loaded.part(0),
      ids,
    };
    const find = [{ task: 0, slot: handle.slotOf(0), argument }];
    const ranks =
      graph.vertexCount === 0
        ? ids.map(() => -1)
        : (await runPinned<number[]>(this.#tasking, FIND, `${this.#spec.name} find`, find))[0]!;
    const isThere = (rank: number | undefined): boolean =>
      rank !== undefined && rank >= 0 && !this.#gone.has(rank);
    return ids
      .filter((id, i) => !isThere(this.#added.get(id)) && !isThere(ranks[i]))
      .toSorted(compareIds);
  }

  #idOf(id: unknown): Id {
    const { type } = this.#loaded.graph.id;
    if (type !== 'int64') return String(id);
    if (typeof id === 'bigint' && BigInt.asIntN(64, id) === id) return id;
    if (typeof id === 'number' && Number.isInteger(id)) return BigInt(id);
    if (typeof id === 'string' && /^-?\d+$/.test(id)) return BigInt(id);
    throw new TaskError(
      'TYPE_MISMATCH',
      `${this.#spec.name}: addVertex: ${printValue(id)} is not an int64, as the ids of the graph`,
    );
  }

  async #rewrite(
    edits: readonly ReadonlyMap<number, Edit>[],
    gone: readonly number[],
    born: readonly Id[],
  ): Promise<void> {
    const { context, executor } = this.#tasking;
    const { handle } = this;
    const { graph } = handle;
    const edge = this.#spec.edge ?? {};
    const mutated = await runPinned<Mutated>(
      this.#tasking,
      MUTATE,
      `${this.#spec.name} changes`,
      graph.partitions.map((_, p) => ({
        task: p,
        slot: handle.slotOf(p),
        argument: {
          context,
          part: handle.part(p),
          edits: [...edits[p]!.values()],
          gone,
          edge,
        } satisfies MutateArgument,
      })),
    );
    if (born.length > 0) {
      const argument: BornArgument = { context, part: handle.part(0), ids: born, edge };
      const task = { task: graph.partitions.length, slot: handle.slotOf(0), argument };
      mutated.push(
        ...(await runPinned<Mutated>(this.#tasking, BORN, `${this.#spec.name} changes`, [task])),
      );
    }
    born.forEach((id, i) => this.#added.set(id, graph.vertexCount + i));
    const made = changedGraph(graph, mutated, born.length, edge);
    const owned: Owned = {
      ranges: mutated.flatMap(({ ranges }) => ranges),
      runs: mutated.flatMap(({ vertexRun, edgeRun }) => [vertexRun, edgeRun]),
    };
    this.#sentOver = handle.facts;
    if (this.#own === undefined) this.#own = new GraphHandle(executor, made, owned);
    else this.#own.replace(made, owned);
  }
}

function changedGraph(
  graph: LoadedGraph,
  mutated: readonly Mutated[],
  born: number,
  edge: LoadedGraph['edge'],
): LoadedGraph {
  const ends = mutated.reduce((sum, { edges }) => sum + edges, 0);
  const loops = mutated.reduce((sum, each) => sum + each.loops, 0);
  return {
    ...graph,
    edge,
    vertexCount: graph.vertexCount + born,
    edgeCount: graph.directed ? ends : (ends - loops) / 2 + loops,
    partitions: mutated.map(({ vertexRun, edgeRun, edges }, p) => {
      const { base = graph.vertexCount, vertices = born } = graph.partitions[p] ?? {};
      return { base, vertices, edges, vertexRun, edgeRun };
    }),
  };
}

/** What becomes of edges, by partition and place. Of an undirected graph the other end has them, too. */
function editsOf(
  { partitions, directed }: LoadedGraph,
  all: readonly (readonly [number, Requests])[],
): Map<number, Edited>[] {
  const edits = partitions.map(() => new Map<number, Edited>());
  const at = (p: number, index: number): Edited => {
    let edit = edits[p]!.get(index);
    if (edit === undefined) {
      edit = { index, removed: [], added: [], othersRemoved: [], othersAdded: [] };
      edits[p]!.set(index, edit);
    }
    return edit;
  };
  const other = (rank: number): Edited => {
    const p = partitionOf(partitions, rank);
    return at(p, rank - partitions[p]!.base);
  };
  for (const [p, { edges }] of all) {
    for (const { index, removed, added } of edges) {
      const own = at(p, index);
      own.removed.push(...removed);
      own.added.push(...added);
      const source = partitions[p]!.base + index;
      if (directed) continue;
      for (const target of removed) if (target !== source) other(target).othersRemoved.push(source);
      for (const { target, value } of added) {
        if (target !== source) other(target).othersAdded.push({ target: source, value });
      }
    }
  }
  return edits;
}
