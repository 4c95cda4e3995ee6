/** PageRank: processing time of 20 iterations over a Kronecker graph, loaded anew for every trial. An iteration's time is that divided by
 *  the iterations, without what the engine does once a graph: arranging edges by target, as they lie for the others when they are loaded. */
import pagerank from 'superstep/jobs/pagerank';
import { type Graph, readGraph } from '../baseline/graph.ts';
import { pagerank as plainPagerank } from '../baseline/pagerank.ts';
import { c, engine, plain } from '../graph-variants.ts';
import { kronecker, type KroneckerData, simpleGraph } from '../kronecker.ts';
import { rankTruth, type RankTruth, verifyRanks } from '../rank-truth.ts';
import { graphologyPagerank, toGraphology, toleranceOf } from '../rivals/graphology.ts';
import { type AnySuite, suite, type Variant } from '../suite.ts';
import { pagerankByHand } from './definitions.ts';

const ITERATIONS = 20;
/** Of the engine: what a task calls once or twice is compiled over several runs of a session, beside supersteps, on the cores where they compute. */
const WARMUPS = 3;
const table = ({ path }: KroneckerData) => pagerank(simpleGraph(path), { iterations: ITERATIONS });
const two = engine('superstep', { workers: 2 }, table, WARMUPS);
const one = engine('superstep 1 worker', { workers: 1 }, table, WARMUPS);
const byHand = engine(
  'superstep own combiner',
  { workers: 2 },
  ({ path }: KroneckerData) => pagerankByHand(simpleGraph(path), { iterations: ITERATIONS }),
  WARMUPS,
);
const inC = c<KroneckerData>('pagerank', '.f64', () => [String(ITERATIONS)]);
const typescript = plain<KroneckerData>('TypeScript', 2, graph => plainPagerank(graph, ITERATIONS));
const convert = (of: Graph) => ({ ids: of.ids, loaded: toGraphology(of) });
const graphology: Variant<KroneckerData> = {
  name: 'graphology-metrics',
  // Seconds of the same loops: the compiler has long done what it will do.
  warmups: 0,
  heapMb: 12_000,
  async start(data, folder) {
    const graph = readGraph(data.path);
    const ranks = [2, 1, 0].map(left => plainPagerank(graph, ITERATIONS - left));
    const tolerance = toleranceOf(ranks[0]!, ranks[1]!, ranks[2]!);
    const run = ({ ids, loaded }: ReturnType<typeof convert>) => {
      const byNode = graphologyPagerank(loaded, ITERATIONS, tolerance);
      return Float64Array.from(ids, id => byNode[id]!);
    };
    return plain(this.name, 2, run, { convert }).start(data, folder);
  },
};

function withIteration(variant: Variant<KroneckerData>): Variant<KroneckerData> {
  return {
    ...variant,
    async start(data, folder) {
      const running = await variant.start(data, folder);
      return {
        ...running,
        async trial(at) {
          const trial = await running.trial(at);
          const { 'process s': process = 0, 'arrange s': arrange = 0 } = trial.figures ?? {};
          const ms = ((process - arrange) / ITERATIONS) * 1000;
          return { ...trial, figures: { ...trial.figures, 'iteration ms': ms } };
        },
      };
    },
  };
}

function over(
  name: string,
  scales: readonly [scale: number, quick: number],
  rival: string,
  trials: number,
  variants: readonly Variant<KroneckerData>[],
): AnySuite {
  return suite<KroneckerData, RankTruth>({
    name,
    title: ({ scale }) =>
      `PageRank of a Kronecker graph of scale ${scale}, ${ITERATIONS} iterations in memory`,
    unit: 'edges',
    rival,
    trials,
    variants: variants.map(withIteration),
    data: context => kronecker(context, context.quick ? scales[1] : scales[0]),
    truth: (data, context) => rankTruth(context, data, ITERATIONS),
    // Both ways, in every iteration.
    units: ({ edges }) => 2 * edges * ITERATIONS,
    verify: (result, truth) => verifyRanks(String(result), truth),
  });
}

export default [
  over('pagerank', [20, 16], inC.name, 5, [two, one, inC, typescript]),
  over('pagerank-graphology', [18, 14], graphology.name, 3, [
    two,
    one,
    inC,
    typescript,
    graphology,
  ]),
  // More than 2^24 edges, which graphology cannot hold.
  over('pagerank-large', [21, 17], inC.name, 3, [two, inC]),
  over('pagerank-combiner', [18, 14], two.name, 3, [two, byHand]),
];
