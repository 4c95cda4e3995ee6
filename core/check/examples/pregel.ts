/** Vertex programs as users write them: what the tests of types, of the serial runner and of the engine run. */
import {
  any,
  bool,
  combiner,
  float64,
  int32,
  int64,
  list,
  min,
  plus,
  sum,
  utf8,
  vertexId,
  vertexProgram,
} from '../../index.ts';

/** PageRank as LDBC Graphalytics defines it: rank lost at sinks is shared by all; a fixed number of iterations. */
export const pagerank = vertexProgram({
  name: 'pagerank',
  params: { damping: 0.85, iterations: 20 },
  state: { rank: float64 },
  message: float64,
  combine: sum,
  aggregates: { lost: { type: float64, combine: sum } },

  init(v, { vertexCount }) {
    v.rank = 1 / vertexCount;
  },
  compute(v, received, ctx) {
    if (ctx.superstep > 0) {
      const { vertexCount, params, aggregates } = ctx;
      v.rank =
        (1 - params.damping) / vertexCount +
        params.damping * (received + aggregates.lost / vertexCount);
    }
    if (v.outDegree === 0) ctx.aggregate('lost', v.rank);
    else v.sendToOut(v.rank / v.outDegree);
  },
  master(ctx) {
    if (ctx.superstep > ctx.params.iterations) ctx.halt();
  },
});

/** Shortest paths from one source over non-negative weights. */
export const sssp = vertexProgram({
  name: 'sssp',
  params: { source: vertexId },
  edge: { weight: float64 },
  state: { distance: float64 },
  message: float64,
  combine: min,
  along: plus('weight'),

  init(v) {
    v.distance = Infinity;
  },
  compute(v, nearest, ctx) {
    const distance = ctx.superstep === 0 && v.id === ctx.params.source ? 0 : nearest;
    if (distance < v.distance) {
      v.distance = distance;
      v.sendToOut(distance);
    }
    v.voteToHalt();
  },
});

/** Community detection by label propagation: the most frequent label among neighbours, the smallest on a tie. */
export const cdlp = vertexProgram({
  name: 'cdlp',
  params: { iterations: 10, directed: true },
  state: { label: vertexId },
  message: vertexId, // No combiner: every label counts.

  init(v) {
    v.label = v.id;
  },
  compute(v, labels, ctx) {
    if (labels.length > 0) {
      labels.sort();
      let best = 0;
      for (let i = 0; i < labels.length; ) {
        const start = i;
        while (i < labels.length && labels.at(i) === labels.at(start)) i++;
        if (i - start > best) {
          best = i - start;
          v.label = labels.at(start);
        }
      }
    }
    v.sendToOut(v.label);
    if (ctx.params.directed) v.sendToIn(v.label);
  },
  master(ctx) {
    if (ctx.superstep > ctx.params.iterations) ctx.halt();
  },
});

/** Personalised ranks, a custom combiner, edges walked one by one, a persistent aggregate. */
export const trust = vertexProgram({
  name: 'trust',
  params: { seeds: list(vertexId), decay: 0.5 },
  vertex: { name: utf8 },
  edge: { weight: float64, blocked: bool },
  state: { trust: float64, hops: int32 },
  output: ['trust'],
  message: float64,
  combine: combiner(0, (a, b) => Math.hypot(a, b)),
  aggregates: {
    changed: { type: bool, combine: any },
    sent: { type: int64, combine: sum, persistent: true },
  },

  init(v, ctx) {
    v.trust = ctx.params.seeds.includes(v.id) || v.name === 'root' ? 1 : 0;
  },
  compute(v, received, ctx) {
    const now = ctx.superstep === 0 ? v.trust : received * ctx.params.decay;
    if (ctx.superstep > 0 && now <= v.trust) return v.voteToHalt();
    v.trust = now;
    v.hops = ctx.superstep;
    for (const { target, value } of v.outEdges) {
      if (!value.blocked) v.sendTo(target, now * value.weight);
    }
    ctx.aggregate('changed', true);
    ctx.aggregate('sent', v.outDegree);
  },
  master(ctx) {
    if (ctx.superstep > 0 && !ctx.aggregates.changed) ctx.halt();
  },
});
