/** Loads a graph: a table of edges, and perhaps one of vertices, to runs by ranges of ranks. Driver side.
 *
 *   walks ──▶ objects ──rank──▶ ranks ──distribute──▶ rows by partition ──arrange, complete──▶ LoadedGraph
 *
 * All of it is tasks of the engine, as a map and its reduce are: parallel, started again when a worker is lost, in bounded memory (none
 * needs more than every worker is always granted; what the budget gives beyond makes it faster), and what they make does not
 * depend on which was first.
 * Invariants: what is loaded is what core/serial/graph.ts says; whatever happens, what the load holds is the caller's or given back.
 */
import { valuesOf } from '../../batch/columns.ts';
import type { DefinitionRef } from '../../define/define.ts';
import { edgeDangling, type GraphFlags } from '../../define/graph.ts';
import type { AnyType, Schema } from '../../define/schema.ts';
import { Holdings } from '../../mapreduce/made.ts';
import { skipBadOf } from '../../mapreduce/read-split.ts';
import type { Part } from '../../mapreduce/stage.ts';
import { coverSplits } from '../../mapreduce/tasks.ts';
import { SharedCarrier } from '../../shuffle/carrier.ts';
import { KeySample } from '../../shuffle/key-sample.ts';
import { KeySorter } from '../../kernels/sorter.ts';
import { edgeFields, type LoadedGraph, OUT_DEGREE } from '../loaded.ts';
import {
  bandsOf,
  fileOf,
  inputsOf,
  type LoadTable,
  type PhaseRequest,
  roomToSort,
  runPhase,
  sliceOf,
  spreadRows,
  trimWorkers,
  valuesIn,
} from './phase.ts';
import { leastBufferBytes } from './partition-buffers.ts';
import { cutBands, cutPartitions, idsThatFit, partitionCount, smallIdsFor } from './plan.ts';
import { type RankedIds, rankIds } from './ranking.ts';
import { addPhase, emptyLoadStats, type LoadStats } from './stats.ts';
import {
  ARRANGE,
  type ArrangeArgument,
  type Arranged,
  COMPLETE,
  type CompleteArgument,
  type Completed,
  type Dangling,
  DISTRIBUTE,
  type DistributeArgument,
  type Distributed,
  type LoadObject,
  rankedFields,
  type RunPart,
  spreadFields,
  WALK,
  type Walked,
} from './tasks.ts';

export interface LoadRequest extends PhaseRequest {
  /** Columns `source`, `target` and values. */
  readonly edges: LoadTable;
  /** Columns `vertex` and values. */
  readonly vertices?: LoadTable | undefined;
  readonly flags: GraphFlags;
}

export interface Loading {
  readonly graph: LoadedGraph;
  /** Its runs, and what they hold: the caller's. */
  readonly parts: readonly Part[];
  readonly stats: LoadStats;
}

/** Throws DataError EDGE_DANGLING, VERTEX_TWICE, LimitError GRAPH_SIZE, MEMORY, and what readers throw. */
export async function loadGraph(request: LoadRequest): Promise<Loading> {
  const loader = new Loader(request);
  try {
    return await loader.load();
  } finally {
    loader.end();
  }
}

class Loader {
  readonly #request: LoadRequest;
  readonly #holdings: Holdings;
  readonly #stats = emptyLoadStats();
  readonly #edge: Schema;
  readonly #vertex: Schema;

  constructor(request: LoadRequest) {
    const { executor, edges, vertices } = request;
    this.#request = request;
    this.#holdings = new Holdings(executor);
    this.#edge = valuesIn(edges, 'source', 'target');
    this.#vertex = vertices === undefined ? {} : valuesIn(vertices, 'vertex');
  }

  async load(): Promise<Loading> {
    const { objects, sample } = await this.#walk();
    const ids = await this.#rank(objects, sample);
    const bases = this.#cut(ids);
    const bands = this.#bands(objects, bases);
    const spread = await this.#distribute(objects, ids, bases, bands);
    const { arranged, completed } = await this.#arrange(spread, ids, bases, bands);
    await trimWorkers(this.#request);
    const parts = [...arranged.map(({ edges }) => edges), ...completed.map(each => each.vertices)];
    this.#holdings.letGo(parts);
    return { graph: this.#graph(bases, arranged, completed), parts, stats: this.#stats };
  }

  /** Gives back what is still held. */
  end(): void {
    this.#holdings.release();
  }

  async #walk(): Promise<{ objects: LoadObject[]; sample: KeySample }> {
    const { edges, vertices, context, flags, executor, name, ...request } = this.#request;
    const began = performance.now();
    const splits = [...edges.splits, ...(vertices?.splits ?? [])];
    const maxIds = idsThatFit(executor.budget.floorBytes);
    const inputBytes = splits.reduce((sum, { bytes }) => sum + bytes, 0);
    const argument = {
      context,
      id: this.#id,
      edges: inputsOf(edges),
      vertices: vertices && inputsOf(vertices),
      splits,
      edgeSplits: edges.splits.length,
      undirected: flags.directed === false,
      inputBytes,
      smallIds: smallIdsFor(inputBytes, maxIds),
      maxIds,
    };
    const held = await coverSplits<Walked>({
      ...request,
      executor,
      ref: WALK,
      label: { job: context.job, stage: `${name} walk` },
      files: splits.map(({ label }) => label),
      argument,
      skipBad: Math.max(skipBadOf(edges), vertices === undefined ? 0 : skipBadOf(vertices)),
    });
    const walked = held.map(({ object }) => object);
    for (const { objects } of walked)
      for (const object of objects) this.#holdings.hold(partsOf(object));
    const sample = new KeySample();
    for (const each of walked) sample.addAll(each.sample);
    for (const { rowsIn, bytesIn, skipped } of walked) {
      this.#stats.skipped += skipped;
      this.#stats.rowsIn += rowsIn;
      this.#stats.bytesIn += bytesIn;
    }
    const objects = walked.flatMap(each => each.objects);
    addPhase(this.#stats, 'walk', walked, objects.flatMap(partsOf), began);
    return { objects, sample };
  }

  async #rank(objects: readonly LoadObject[], sample: KeySample): Promise<RankedIds> {
    const began = performance.now();
    const { vertices } = this.#request;
    const ids = await rankIds(
      {
        ...this.#request,
        id: this.#id,
        listed: vertices !== undefined,
        onlyListed: this.#refusesOthers,
        listFile: vertices?.splits.length === 1 ? fileOf(vertices.splits[0]!) : undefined,
      },
      this.#holdings,
      objects,
      sample,
    );
    addPhase(this.#stats, 'rank', ids.tasks, [], began);
    return ids;
  }

  /** Ids that no row of vertices lists are not vertices. */
  get #refusesOthers(): boolean {
    const { vertices, flags } = this.#request;
    return vertices !== undefined && flags.danglingEdges !== 'add';
  }

  get #id(): AnyType {
    return this.#request.edges.stage.input['source']!;
  }

  /** Where partitions begin. */
  #cut({ ranked }: RankedIds): number[] {
    const { executor } = this.#request;
    const fields = rankedFields(this.#id);
    const batches = ranked.flatMap(({ ids, degrees }) =>
      ids.run.partitions[0]!.map(({ rows }, batch) => ({
        ids,
        batch,
        rows,
        edges: degrees[batch]!,
      })),
    );
    const vertices = batches.reduce((sum, { rows }) => sum + rows, 0);
    const all = batches.reduce((sum, batch) => sum + batch.edges, 0);
    const carrier = new SharedCarrier({ view: range => executor.view(range) });
    try {
      return cutPartitions(batches, partitionCount(vertices, all), index => {
        const { ids, batch } = batches[index]!;
        return valuesOf(carrier.read(sliceOf(ids), batch, fields).columns[1]!.data, 'i32');
      });
    } finally {
      carrier.close();
    }
  }

  #bands(objects: readonly LoadObject[], bases: readonly number[]): number[] {
    const { flags } = this.#request;
    const ways = flags.directed === false ? 2 : 1;
    let [rows, bytes] = [0, 0];
    for (const { edges } of objects) {
      rows += ways * (edges?.rows ?? 0);
      bytes += ways * (edges?.bytes ?? 0);
    }
    const valued = Object.keys(this.#edge).length > 0;
    const values = valued ? Math.max(0, bytes / Math.max(1, rows) - 8) : 0;
    return cutBands(bases, {
      rows,
      bytes: KeySorter.rowBytes(valued) + values,
      room: roomToSort(this.#request),
      bufferBytes: leastBufferBytes(spreadFields(this.#edge)),
    });
  }

  async #distribute(
    objects: readonly LoadObject[],
    { merges }: RankedIds,
    bases: readonly number[],
    bands: readonly number[],
  ) {
    const { context, vertices, flags } = this.#request;
    const began = performance.now();
    const kind = {
      kind: 'object',
      id: this.#id,
      listed: vertices !== undefined,
      edge: this.#edge,
      vertex: this.#vertex,
      undirected: flags.directed === false,
      dropLoops: flags.selfLoops === 'drop',
      refuseDangling: this.#refusesOthers && flags.danglingEdges !== 'drop',
    } as const;
    const tasks = objects.map((object, i): DistributeArgument => {
      return { context, bands, bases, from: { ...kind, object, merges: merges[i]! } };
    });
    const made = await this.#run<Distributed>(DISTRIBUTE, 'distribute', tasks, i => {
      this.#holdings.release(partsOf(objects[i]!));
    });
    const parts = made.flatMap(each => [each.edges, each.vertices].flatMap(of => of?.part ?? []));
    this.#holdings.hold(parts);
    addPhase(this.#stats, 'distribute', made, parts, began);
    const dangling = made.flatMap(each => each.dangling ?? []);
    if (dangling.length > 0) throw danglingError(dangling, this.#request.edges);
    return made;
  }

  async #arrange(
    spread: readonly Distributed[],
    ids: RankedIds,
    bases: readonly number[],
    bands: readonly number[],
  ): Promise<{ arranged: Arranged[]; completed: Completed[] }> {
    const began = performance.now();
    const { context, flags } = this.#request;
    const vertexCount = bases.at(-1)!;
    const partitions = bases.slice(0, -1).map((base, partition) => {
      return { context, partition, base, vertices: bases[partition + 1]! - base };
    });
    const arranged = await this.#run<Arranged>(
      ARRANGE,
      'arrange',
      partitions.map(({ partition, base, vertices }): ArrangeArgument => {
        const made = spread.map(each => each.edges);
        return {
          context,
          partition,
          bands: bandsOf(made, bands, [base, base + vertices]),
          vertexCount,
          edge: this.#edge,
          fields: edgeFields(this.#edge),
          degreeFields: [OUT_DEGREE],
          dropDuplicates: flags.duplicateEdges === 'drop',
        };
      }),
    );
    for (const each of arranged) this.#holdings.hold([each.edges, each.degrees]);
    this.#holdings.release(spread.flatMap(each => each.edges?.part ?? []));
    const valued = Object.keys(this.#vertex).length > 0;
    const completed = await this.#run<Completed>(
      COMPLETE,
      'complete',
      partitions.map(({ context: own, partition, base, vertices }): CompleteArgument => {
        const rows = spreadRows(
          spread.map(each => each.vertices),
          partition,
        );
        return {
          context: own,
          partition,
          vertices,
          id: this.#id,
          vertex: this.#vertex,
          ids: idsWithin(ids, base, base + vertices),
          degrees: arranged[partition]!.degrees.run,
          ...(valued && { rows }),
        };
      }),
    );
    for (const each of completed) this.#holdings.hold([each.vertices]);
    const parts = [...arranged.map(each => each.edges), ...completed.map(each => each.vertices)];
    addPhase(this.#stats, 'arrange', [...arranged, ...completed], parts, began);
    for (const { spilledBytes } of [...arranged, ...completed])
      this.#stats.spilledBytes += spilledBytes;
    return { arranged, completed };
  }

  #graph(
    bases: readonly number[],
    arranged: readonly Arranged[],
    completed: readonly Completed[],
  ): LoadedGraph {
    const directed = this.#request.flags.directed !== false;
    const stored = arranged.reduce((sum, each) => sum + each.edges.rows, 0);
    const loops = arranged.reduce((sum, each) => sum + each.loops, 0);
    return {
      id: this.#id,
      vertex: this.#vertex,
      edge: this.#edge,
      directed,
      vertexCount: bases.at(-1)!,
      // Each but a self-loop is stored twice.
      edgeCount: directed ? stored : (stored + loops) / 2,
      partitions: arranged.map((each, p) => ({
        base: bases[p]!,
        vertices: bases[p + 1]! - bases[p]!,
        edges: each.edges.rows,
        vertexRun: completed[p]!.vertices.run,
        edgeRun: each.edges.run,
      })),
    };
  }

  /** One task for each argument, in order; `done` is told of each. */
  #run<R>(
    ref: DefinitionRef,
    phase: string,
    tasks: readonly unknown[],
    done?: (task: number) => void,
  ): Promise<R[]> {
    return runPhase<R>(this.#request, ref, phase, tasks, done);
  }
}

function partsOf({ ids, numbers, edges, vertices }: LoadObject): RunPart[] {
  return [ids, numbers, edges, vertices].flatMap(part => part ?? []);
}

/** The ids of ranks from … to, and where they are. */
function idsWithin(
  { ranked, bases }: RankedIds,
  from: number,
  to: number,
): CompleteArgument['ids'] {
  return ranked.flatMap(({ ids }, i) => {
    const base = bases[i]!;
    const [first, end] = [Math.max(0, from - base), Math.min(ids.rows, to - base)];
    return first < end ? [{ slice: sliceOf(ids), from: first, to: end }] : [];
  });
}

/** The first in the order of the input; of those of one split the first object's. */
function danglingError(found: readonly Dangling[], edges: LoadTable) {
  const first = found.reduce((a, b) => (b.split < a.split ? b : a));
  const { source, target, missing } = first;
  return edgeDangling(source, target, missing, fileOf(edges.splits[first.split]!));
}
