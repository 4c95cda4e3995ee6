/** PageRank of a graph four times as large as the memory that it is given: does it finish, how much longer does it
 *  take, and what does the process hold? */
import pagerank from 'superstep/jobs/pagerank';
import { graphTrials } from '../../engine.ts';
import { kronecker, type KroneckerData, plainGraph, simpleGraph } from '../../kronecker.ts';
import { rankTruth, type RankTruth, verifyRanks } from '../../rank-truth.ts';
import { suite, type Variant } from '../../suite.ts';
import { kept } from '../../truth.ts';

interface Data extends KroneckerData {
  /** Of the graph as it is stored. */
  readonly graphBytes: number;
  /** As `memory` of a session. */
  readonly tight: number;
  readonly edges: number;
}

const ITERATIONS = 10;
const AMPLE = '8GB';
/** What two workers need for anything. */
const LEAST_BYTES = 63e6;
/** The other end of an edge is an int32, stored at both its ends. */
const EDGE_BYTES = 2 * 4;
/** An id and a degree. */
const VERTEX_BYTES = 8 + 4;

const variant = (name: string, memoryOf: (data: Data) => number | string): Variant<Data> => ({
  name,
  warmups: 0,
  async start(data, temp) {
    const memory = memoryOf(data);
    const running = await graphTrials(
      { workers: 2, memory, temp },
      () => pagerank(simpleGraph(data.path), { iterations: ITERATIONS }),
      (_, seconds) => seconds,
    );
    return {
      ...running,
      async trial(folder) {
        const trial = await running.trial(folder);
        const limit = typeof memory === 'number' ? { 'limit bytes': memory } : {};
        return { ...trial, figures: { ...limit, ...trial.figures } };
      },
    };
  },
});

export const outOfCore = suite<Data, RankTruth>({
  name: 'graphs-out-of-core',
  title: ({ graphBytes, tight }) =>
    `PageRank of a graph ${(graphBytes / tight).toFixed(1)} times the memory, ${ITERATIONS} iterations, text to file`,
  unit: 'edges',
  rival: 'ample',
  trials: 3,
  variants: [variant('tight', ({ tight }) => tight), variant('ample', () => AMPLE)],
  async data(context) {
    const made = kronecker(context, context.quick ? 18 : 21);
    const counted = await kept(context, `vertices and edges of ${made.sha256}`, () => {
      const { ids, neighbours } = plainGraph(made.path);
      return { vertices: ids.length, edges: neighbours.length / 2 };
    });
    const { vertices, edges } = counted;
    const graphBytes = edges * EDGE_BYTES + vertices * VERTEX_BYTES;
    return { ...made, graphBytes, tight: Math.max(LEAST_BYTES, Math.ceil(graphBytes / 4)), edges };
  },
  truth: (data, context) => rankTruth(context, data, ITERATIONS),
  units: (_, { edges }) => 2 * edges * ITERATIONS,
  verify: (result, truth) => verifyRanks(String(result), truth),
});
