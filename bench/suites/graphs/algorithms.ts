/** The six algorithms of LDBC Graphalytics on a Kronecker graph, in edges and vertices per second (EVPS): the vertices and
 * edges of the graph, an undirected edge once, divided by the mean processing time (specification 1.0.1, section 2.5).
 *
 * Processing begins with the graph in memory and ends with the values in memory; what the jobs' own `verify` throws is what
 * is wrong with a result, whoever made it.
 */
import { createHash } from 'node:crypto';
import type { Schema, Table } from 'superstep';
import bfs, { verify as verifyBfs } from 'superstep/jobs/bfs';
import cdlp, { verify as verifyCdlp } from 'superstep/jobs/cdlp';
import lcc, { verify as verifyLcc } from 'superstep/jobs/lcc';
import pagerank, { verify as verifyPagerank } from 'superstep/jobs/pagerank';
import sssp, { verify as verifySssp } from 'superstep/jobs/sssp';
import wcc, { verify as verifyWcc } from 'superstep/jobs/wcc';
import * as baseline from '../../baseline/algorithms.ts';
import type { Graph } from '../../baseline/graph.ts';
import { pagerank as plainPagerank } from '../../baseline/pagerank.ts';
import { c, engine, plain } from '../../graph-variants.ts';
import {
  kronecker,
  type KroneckerData,
  plainGraph,
  simpleGraph,
  weightedGraph,
} from '../../kronecker.ts';
import { type AnySuite, type Context, suite, type Variant } from '../../suite.ts';
import { readValues } from '../../values.ts';

interface Data extends KroneckerData {
  /** The vertex of most edges, the first of several: its id, and its rank. */
  readonly source: number;
  readonly sourceRank: number;
  readonly vertices: number;
  readonly edges: number;
}
/** As `verify` of a job takes it. */
interface EdgeArrays {
  readonly directed: false;
  readonly ids: Float64Array;
  readonly sources: Int32Array;
  readonly targets: Int32Array;
  readonly weights?: Float64Array;
}
type Row = { readonly vertex: number; readonly value: number | null };

interface Algorithm {
  readonly name: string;
  readonly title: string;
  /** At which it takes seconds. */
  readonly scale: number;
  readonly weighted?: true;
  /** Values are vertices: plain arrays have their ranks. */
  readonly ofVertices?: true;
  table(data: Data): Table<Schema>;
  plain(graph: Graph, data: Data): Float64Array | Int32Array | Uint32Array;
  /** The program in C, where there is one. */
  readonly c?: Variant<Data>;
  verify(graph: EdgeArrays, rows: readonly Row[], data: Data): void;
}

const PLAIN = 'TypeScript';
/** As Graphalytics asks of its real graphs. */
const ITERATIONS = 10;

const ALGORITHMS: readonly Algorithm[] = [
  {
    name: 'bfs',
    title: 'Breadth-first search',
    scale: 18,
    table: ({ path, source }) => bfs(simpleGraph(path), { source }),
    plain: (graph, { sourceRank }) => baseline.bfs(graph, sourceRank),
    c: c('bfs', '.i32', ({ sourceRank }) => [String(sourceRank)]),
    verify: (graph, rows, { sourceRank }) =>
      verifyBfs(
        graph,
        rows.map(({ vertex, value: level }) => ({ vertex, level })),
        sourceRank,
      ),
  },
  {
    name: 'pagerank',
    title: `PageRank, ${ITERATIONS} iterations`,
    scale: 18,
    table: ({ path }) => pagerank(simpleGraph(path), { iterations: ITERATIONS }),
    plain: graph => plainPagerank(graph, ITERATIONS),
    c: c('pagerank', '.f64', () => [String(ITERATIONS)]),
    verify: (graph, rows) =>
      verifyPagerank(
        graph,
        rows.map(({ vertex, value }) => ({ vertex, rank: value! })),
        {
          iterations: ITERATIONS,
        },
      ),
  },
  {
    name: 'wcc',
    title: 'Connected components',
    scale: 18,
    ofVertices: true,
    table: ({ path }) => wcc(simpleGraph(path)),
    plain: baseline.wcc,
    c: c('wcc', '.u32', () => []),
    verify: (graph, rows) =>
      verifyWcc(
        graph,
        rows.map(({ vertex, value }) => ({ vertex, component: value! })),
      ),
  },
  {
    name: 'cdlp',
    title: `Communities by label propagation, ${ITERATIONS} iterations`,
    scale: 18,
    ofVertices: true,
    table: ({ path }) => cdlp(simpleGraph(path), { iterations: ITERATIONS }),
    plain: graph => baseline.cdlp(graph, ITERATIONS),
    verify: (graph, rows) =>
      verifyCdlp(
        graph,
        rows.map(({ vertex, value }) => ({ vertex, label: value! })),
        ITERATIONS,
      ),
  },
  {
    name: 'lcc',
    title: 'Local clustering coefficients',
    scale: 16,
    table: ({ path }) => lcc(simpleGraph(path)),
    plain: baseline.lcc,
    verify: (graph, rows) =>
      verifyLcc(
        graph,
        rows.map(({ vertex, value }) => ({ vertex, coefficient: value! })),
      ),
  },
  {
    name: 'sssp',
    title: 'Shortest paths, weights 1 to 255',
    scale: 18,
    weighted: true,
    table: ({ path, source }) => sssp(weightedGraph(path), { source }),
    plain: (graph, { sourceRank }) => baseline.sssp(graph, sourceRank),
    verify: (graph, rows, { sourceRank }) =>
      verifySssp(
        graph,
        rows.map(({ vertex, value }) => ({ vertex, distance: value })),
        sourceRank,
      ),
  },
];

const columnsOf = ({ weighted }: Algorithm): 2 | 3 => (weighted ? 3 : 2);

/** @param weights as the generator has it: 0 is none. */
export function graphData(context: Context, scale: number, weights: 0 | 255): Data {
  const made = kronecker(context, scale, weights);
  const { ids, offsets, neighbours } = plainGraph(made.path, weights === 0 ? 2 : 3);
  let sourceRank = 0;
  const degree = (v: number): number => offsets[v + 1]! - offsets[v]!;
  for (let v = 0; v < ids.length; v++) if (degree(v) > degree(sourceRank)) sourceRank = v;
  const [vertices, edges] = [ids.length, neighbours.length / 2];
  return { ...made, source: ids[sourceRank]!, sourceRank, vertices, edges };
}

/** Each edge once. */
function edgeArrays({ ids, offsets, neighbours, weights }: Graph): EdgeArrays {
  const edges = neighbours.length / 2;
  const [sources, targets] = [new Int32Array(edges), new Int32Array(edges)];
  const once = weights && new Float64Array(edges);
  for (let v = 0, put = 0; v < ids.length; v++) {
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) {
      if (neighbours[e]! < v) continue;
      sources[put] = v;
      targets[put] = neighbours[e]!;
      if (once !== undefined) once[put] = weights![e]!;
      put++;
    }
  }
  return {
    directed: false,
    ids: Float64Array.from(ids),
    sources,
    targets,
    ...(once && { weights: once }),
  };
}

/** Verdicts by checksum: what was verified once is not verified again when another trial gives the same to the bit. */
const verdicts = new Map<string, string | undefined>();

async function verify(algorithm: Algorithm, path: string, data: Data): Promise<string | undefined> {
  const { ids: named, values } = await readValues(path);
  const sum = createHash('sha256').update(algorithm.name).update(data.sha256);
  const key = sum
    .update(named ?? 'by rank')
    .update(values)
    .digest('hex');
  if (!verdicts.has(key)) {
    const graph = plainGraph(data.path, columnsOf(algorithm));
    const isRank = named === undefined && algorithm.ofVertices === true;
    const ids = named ?? Float64Array.from(graph.ids);
    const valueOf = (value: number): number | null =>
      Number.isNaN(value) ? null : isRank ? ids[value]! : value;
    const rows = Array.from(values, (value, v) => ({ vertex: ids[v]!, value: valueOf(value) }));
    verdicts.set(
      key,
      whatThrows(() => algorithm.verify(edgeArrays(graph), rows, data)),
    );
  }
  return verdicts.get(key);
}

function whatThrows(call: () => void): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const algorithms: readonly AnySuite[] = ALGORITHMS.map(algorithm =>
  suite<Data, null>({
    name: `graphs-${algorithm.name}`,
    title: ({ scale }) => `${algorithm.title}, on a Kronecker graph of scale ${scale}, in memory`,
    unit: 'edges and vertices',
    rival: PLAIN,
    trials: 3,
    meanRate: true,
    variants: [
      engine('superstep', { workers: 2 }, algorithm.table),
      engine('superstep 1 worker', { workers: 1 }, algorithm.table),
      plain(PLAIN, columnsOf(algorithm), algorithm.plain),
      ...(algorithm.c === undefined ? [] : [algorithm.c]),
    ],
    data: context =>
      graphData(context, context.quick ? 14 : algorithm.scale, algorithm.weighted ? 255 : 0),
    truth: () => null,
    units: (_, { vertices, edges }) => vertices + edges,
    verify: (result, _, data) => verify(algorithm, String(result), data),
  }),
);
