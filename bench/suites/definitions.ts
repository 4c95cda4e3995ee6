/** Definitions that the suites run: in a module of their own, because workers import it. */
import {
  actor,
  combiner,
  float64,
  int64,
  mapReduce,
  sum,
  task,
  utf8,
  vertexProgram,
} from 'superstep';

/** WordCount as a user writes it: a function for each line, an object for each word. */
export const wordCountByRow = mapReduce({
  name: 'wordcount-by-row',
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  map({ line }, emit) {
    for (const word of line.split(' ')) if (word !== '') emit({ word, count: 1 });
  },
  combine: { count: sum },
});

/** The smallest task there is: gives its argument back. */
export const echo = task('echo', (n: number) => n);

/** The same as an actor. */
export const Echo = actor(
  'echo',
  class {
    echo(n: number): number {
      return n;
    }
  },
);

/** PageRank whose sum is the user's own function, which no kernel knows. Of a graph in which every vertex has an edge. */
export const pagerankByHand = vertexProgram({
  name: 'pagerank-by-hand',
  params: { iterations: 20 },
  state: { rank: float64 },
  message: float64,
  combine: combiner(0, (a, b) => a + b),

  init(v, { vertexCount }) {
    v.rank = 1 / vertexCount;
  },
  compute(v, received, { superstep, vertexCount, params }) {
    if (superstep > 0) v.rank = 0.15 / vertexCount + 0.85 * received;
    if (superstep < params.iterations) v.sendToOut(v.rank / v.outDegree);
    else v.voteToHalt();
  },
});
