/** For tests only: graphs of rows in memory, loaded by the engine and by definition, both as plain lists. */
import { rowsOf } from '../../batch/codec.ts';
import type { AnyType, Schema } from '../../define/schema.ts';
import type { GraphFlags } from '../../define/graph.ts';
import type { Plan, Table } from '../../define/table.ts';
import type { Executor } from '../../exec/executor.ts';
import { type Stage, splitsOf } from '../../mapreduce/plan.ts';
import type { Refusals } from '../../mapreduce/stage.ts';
import { SharedCarrier } from '../../shuffle/carrier.ts';
import type { Run } from '../../store/run.ts';
import type { InEdges, LoadedGraph } from '../loaded.ts';
import { type Loading, loadGraph, type LoadRequest } from './load.ts';
import type { LoadTable } from './phase.ts';
import { transposeGraph } from './transpose.ts';

export interface Tables {
  readonly edges: Table<Schema>;
  readonly vertices?: Table<Schema> | undefined;
  readonly flags: GraphFlags;
}

export interface Options {
  readonly splitRows?: number;
  readonly refuse?: Refusals | undefined;
  readonly chaos?: number | undefined;
  readonly signal?: AbortSignal;
}

export type PlainEdge = readonly [vertex: number, values: object];
export interface PlainGraph {
  readonly ids: readonly unknown[];
  readonly values: readonly object[];
  readonly out: readonly (readonly PlainEdge[])[];
  /** Sources of the edges into each vertex. */
  readonly in: readonly (readonly number[])[];
  readonly edgeCount: number;
}

export function tableOf({ plan }: Table<Schema>, splitRows: number): LoadTable {
  const { rows, columns } = plan as Plan & { readonly op: 'rows' };
  const stage: Stage = {
    id: 0,
    name: 'rows',
    params: {},
    legs: [{ from: 'rows', rows: [], columns }],
    input: columns,
    output: columns,
  };
  const whole = { ...stage, legs: [{ from: 'rows', rows, columns } as const] };
  const splits = splitsOf(whole, [], () => [], splitRows);
  return { stage, rows: [rows], sources: [], inputs: [[]], splits };
}

export function requestOf(
  executor: Executor,
  { edges, vertices, flags }: Tables,
  { splitRows = 3, refuse, chaos, signal = new AbortController().signal }: Options,
): LoadRequest {
  return {
    executor,
    signal,
    onRetried: () => {},
    context: { job: 'test', temp: executor.temp(), seed: 0, chaos, refuse },
    name: 'graph',
    edges: tableOf(edges, splitRows),
    vertices: vertices && tableOf(vertices, splitRows),
    flags,
  };
}

/** Loads, reads all of it back, and lets go. */
export async function loadPlain(
  executor: Executor,
  tables: Tables,
  options: Options,
  look: (loading: Loading) => void = () => {},
): Promise<PlainGraph> {
  const request = requestOf(executor, tables, options);
  const loading = await loadGraph(request);
  const { graph, parts } = loading;
  look(loading);
  const turned = graph.directed ? await transposeGraph({ ...request, graph }) : undefined;
  try {
    return readGraph(executor, graph, turned?.inEdges);
  } finally {
    for (const { ranges } of [...parts, ...(turned?.parts ?? [])]) executor.release(ranges);
  }
}

/** `inEdges` absent: the graph is undirected. Throws if what it says of itself does not hold. */
export function readGraph(
  executor: Executor,
  graph: LoadedGraph,
  inEdges: readonly InEdges[] | undefined,
): PlainGraph {
  const carrier = new SharedCarrier({ view: range => executor.view(range) });
  const int32: AnyType = { type: 'int32' };
  const read = (run: Run, columns: Schema): object[] => {
    const batches = run.partitions[0]!;
    const slice = run.segment === undefined ? { batches } : { batches, segment: run.segment };
    return batches.flatMap((_, i) => rowsOf(carrier.read(slice, i, run.fields), columns));
  };
  const ids: unknown[] = [];
  const values: object[] = [];
  const out: PlainEdge[][] = [];
  const into: number[][] = [];
  const exactId =
    graph.id.type === 'int64' ? ({ ...graph.id, read: 'bigint' } as AnyType) : graph.id;
  for (const [p, partition] of graph.partitions.entries()) {
    assertSame(partition.base, ids.length, 'base');
    const vertices = read(partition.vertexRun, { id: exactId, outDegree: int32, ...graph.vertex });
    const edges = read(partition.edgeRun, { target: int32, ...graph.edge });
    assertSame(partition.vertices, vertices.length, 'vertices');
    assertSame(partition.edges, edges.length, 'edges');
    for (const { id, outDegree, ...value } of vertices as { id: unknown; outDegree: number }[]) {
      ids.push(id);
      values.push(value);
      const own = edges.splice(0, outDegree) as { target: number }[];
      out.push(own.map(({ target, ...rest }): PlainEdge => [target, rest]));
    }
    assertSame(edges.length, 0, 'edges beyond the degrees');
    if (inEdges === undefined) continue;
    const { vertexRun, edgeRun } = inEdges[p]!;
    const sources = read(edgeRun, { source: int32 }) as { source: number }[];
    assertSame(inEdges[p]!.edges, sources.length, 'in-edges');
    for (const { inDegree } of read(vertexRun, { inDegree: int32 }) as { inDegree: number }[]) {
      into.push(sources.splice(0, inDegree).map(({ source }) => source));
    }
    assertSame(sources.length, 0, 'in-edges beyond the degrees');
  }
  carrier.close();
  assertSame(graph.vertexCount, ids.length, 'vertexCount');
  const same = out.map(edges => edges.map(([target]) => target));
  return { ids, values, out, in: inEdges === undefined ? same : into, edgeCount: graph.edgeCount };
}

function assertSame(a: unknown, b: unknown, what: string): void {
  if (a !== b) throw new Error(`${what}: ${String(a)} is not ${String(b)}`);
}
