/** Communities by label propagation: each vertex takes the label most of its neighbours have, for a number of rounds.
 *
 * Usage:   superstep run cdlp web.txt --param iterations=10
 * Output:  vertex, label; a label is the id of a vertex
 *
 * CDLP of LDBC Graphalytics (specification 1.0.1, section 2.3.5), after Raghavan, Albert and Kumara 2007, made
 * deterministic: all vertices change at once; of labels equally frequent the smallest; first of all each vertex has its own
 * id. Neighbours are those along out-edges and those along in-edges, so one connected both ways counts twice, and so does
 * a repeated edge. A vertex without neighbours keeps its label. The number of rounds is fixed: labels may swing for ever.
 *
 * Every label counts, so there is no combiner: a round sends a label along each edge, both ways.
 */
import { UsageError, graphJob, int32, vertexId, vertexProgram } from 'superstep';
import { adjacency, byVertex, type Id, mustEqual, type PlainGraph } from './check/plain-graph.ts';

const propagate = vertexProgram({
  name: 'propagate',
  params: { iterations: int32 },
  state: { label: vertexId },
  message: vertexId,
  maxSupersteps: Number.MAX_SAFE_INTEGER, // One more than there are iterations.

  init(v) {
    v.label = v.id;
  },
  compute(v, labels, { superstep, params, directed }) {
    labels.sort();
    let most = 0;
    for (let i = 0; i < labels.length; ) {
      const label = labels.at(i);
      const start = i;
      while (i < labels.length && labels.at(i) === label) i++;
      if (i - start > most) {
        most = i - start;
        v.label = label;
      }
    }
    if (superstep === params.iterations) return v.voteToHalt();
    v.sendToOut(v.label);
    if (directed) v.sendToIn(v.label);
  },
});

export default graphJob({
  name: 'cdlp',
  params: { iterations: 10 },
  output: { label: vertexId },
  plan(graph, { iterations }) {
    if (Number.isInteger(iterations) && iterations >= 0) return propagate(graph, { iterations });
    throw new UsageError('PARAM_INVALID', `iterations=${iterations}: not a number of rounds`, {
      remedy: 'Say how often labels are exchanged: --param iterations=10',
    });
  },
});

export interface Label {
  readonly vertex: Id;
  readonly label: Id;
}

/** Throws unless `output` has the labels of a serial run that counts in a Map. */
export function verify(graph: PlainGraph, output: Iterable<Label>, iterations = 10): void {
  const { starts, others } = adjacency(graph, graph.directed ? 'both' : 'out');
  let labels = Int32Array.from(graph.ids, (_, v) => v);
  for (let i = 0; i < iterations; i++) {
    labels = labels.map((own, v) => {
      const counts = new Map<number, number>();
      for (const other of others.subarray(starts[v], starts[v + 1])) {
        counts.set(labels[other]!, (counts.get(labels[other]!) ?? 0) + 1);
      }
      const most = Math.max(...counts.values());
      const best = [...counts].filter(([, count]) => count === most).map(([label]) => label);
      return best.length === 0 ? own : Math.min(...best);
    });
  }
  const rows = byVertex(graph, output);
  mustEqual(
    graph,
    'label',
    rows.map(({ label }) => label),
    Array.from(labels, label => graph.ids[label]!),
  );
}
