/** PageRank: how likely a walk along random edges, which now and then jumps, is at each vertex (Page, Brin, Motwani and
 * Winograd, "The PageRank Citation Ranking", 1999).
 *
 * Usage:   superstep run pagerank web.txt --param iterations=20
 *          superstep run pagerank web.txt --param variant=tolerance --param source=17 --param source=4
 * Output:  vertex, rank
 *
 * With N vertices, damping d and L the rank at sinks, the vertices without out-edges, one update is
 *
 *   rank'(v) = (1 − d)/N + d · Σ over edges u → v of rank(u)/outdegree(u)  [ + d · L/N ]
 *
 * ldbc       rank at sinks is spread, so ranks add up to 1; ends after `iterations` updates, 20 unless given
 * gap        rank at sinks is lost; ends when Σ |rank' − rank| < `tolerance`, 0.0001 unless given
 * tolerance  spreads as ldbc and ends as gap, with 0.000001
 *
 * ldbc is PR of LDBC Graphalytics (specification 1.0.1, section 2.3.3), gap that of the GAP benchmark (Beamer, Asanović and
 * Patterson 2015), in doubles. In gap and tolerance `iterations` is a limit, 1,000 unless given: at it gap ends as it is,
 * and tolerance fails. All begin with 1/N, and iterations=k is k updates. A repeated edge counts as often as it is there.
 *
 * `source`, personalised: who jumps lands on one of these vertices, so 1/N becomes its share of the list (twice as much if
 * it is there twice) and 0 elsewhere; so does where a walk begins and where the rank at sinks goes.
 */
import {
  float64,
  graphJob,
  int32,
  LimitError,
  list,
  nullable,
  oneOf,
  sum,
  UsageError,
  vertexId,
  vertexProgram,
} from 'superstep';
import { adjacency, byVertex, type Id, type PlainGraph } from './check/plain-graph.ts';

/** Of gap and tolerance. */
const MOST_ITERATIONS = 1000;

interface Start {
  readonly vertexCount: number;
  readonly params: { readonly source: readonly number[] };
}
/** `jump`: how likely a jump lands on the vertex. */
function start(
  v: { readonly id: number; jump: number; rank: number },
  { vertexCount, params: { source } }: Start,
): undefined {
  let named = source.length === 0 ? 1 : 0;
  for (const id of source) if (id === v.id) named++;
  v.jump = named / (source.length || vertexCount);
  v.rank = v.jump;
}

const ldbc = vertexProgram({
  name: 'ldbc',
  params: { iterations: int32, damping: float64, source: list(vertexId) },
  state: { rank: float64, jump: float64 },
  output: ['rank'],
  message: float64,
  combine: sum,
  aggregates: { sinks: { type: float64, combine: sum } },
  maxSupersteps: Number.MAX_SAFE_INTEGER, // One more than there are iterations.

  init: start,
  compute(v, received, ctx) {
    const { superstep, params, aggregates } = ctx;
    const { damping, iterations } = params;
    const jumps = 1 - damping + damping * aggregates.sinks;
    const rank = superstep === 0 ? v.rank : jumps * v.jump + damping * received;
    v.rank = rank;
    if (superstep === iterations) return;
    // Read once: the compiler cannot know that nothing else writes a column.
    const { outDegree } = v;
    if (outDegree > 0) v.sendToOut(rank / outDegree);
    else ctx.aggregate('sinks', rank);
  },
  // Not by votes: a call that no vertex has made before would have the loop compiled again for the last superstep.
  master(ctx) {
    if (ctx.superstep > ctx.params.iterations) ctx.halt();
  },
});

const gap = vertexProgram({
  name: 'gap',
  params: { iterations: int32, damping: float64, tolerance: float64, source: list(vertexId) },
  state: { rank: float64, jump: float64 },
  output: ['rank'],
  message: float64,
  combine: sum,
  aggregates: { moved: { type: float64, combine: sum } },

  init: start,
  compute(v, received, ctx) {
    const { superstep, params } = ctx;
    if (superstep > 0) {
      const rank = (1 - params.damping) * v.jump + params.damping * received;
      ctx.aggregate('moved', Math.abs(rank - v.rank));
      v.rank = rank;
    }
    if (v.outDegree > 0) v.sendToOut(v.rank / v.outDegree);
  },
  master(ctx) {
    const updates = ctx.superstep - 1;
    const { iterations, tolerance } = ctx.params;
    if (updates === iterations || (updates > 0 && ctx.aggregates.moved < tolerance)) ctx.halt();
  },
});

const converged = vertexProgram({
  name: 'tolerance',
  params: { iterations: int32, damping: float64, tolerance: float64, source: list(vertexId) },
  state: { rank: float64, jump: float64 },
  output: ['rank'],
  message: float64,
  combine: sum,
  aggregates: {
    sinks: { type: float64, combine: sum },
    moved: { type: float64, combine: sum },
  },

  init: start,
  compute(v, received, ctx) {
    const { superstep, params, aggregates } = ctx;
    if (superstep > 0) {
      const { damping } = params;
      const rank = (1 - damping + damping * aggregates.sinks) * v.jump + damping * received;
      ctx.aggregate('moved', Math.abs(rank - v.rank));
      v.rank = rank;
    }
    if (v.outDegree > 0) v.sendToOut(v.rank / v.outDegree);
    else ctx.aggregate('sinks', v.rank);
  },
  master(ctx) {
    const updates = ctx.superstep - 1;
    if (updates < 1) return;
    const { moved } = ctx.aggregates;
    if (moved < ctx.params.tolerance) return ctx.halt();
    if (updates < ctx.params.iterations) return;
    throw new LimitError(
      'SUPERSTEPS',
      `pagerank: after ${updates} updates ranks still move by ${moved}, which is not below ${ctx.params.tolerance}`,
      { remedy: 'Raise iterations or tolerance, or lower damping.' },
    );
  },
});

export default graphJob({
  name: 'pagerank',
  params: {
    variant: oneOf('ldbc', 'gap', 'tolerance'),
    iterations: nullable(int32),
    damping: 0.85,
    tolerance: nullable(float64),
    source: list(vertexId),
  },
  output: { rank: float64 },
  plan(graph, { variant, iterations, ...given }) {
    const { damping, source } = given;
    check('damping', damping, damping >= 0 && damping <= 1, 'a number from 0 to 1');
    check('iterations', iterations, (iterations ?? 0) >= 0, 'a number of updates');
    if (variant === 'ldbc') {
      const none = given.tolerance === null;
      check('tolerance', given.tolerance, none, 'of variant=ldbc, which ends after `iterations`');
      return ldbc(graph, { damping, source, iterations: iterations ?? 20 });
    }
    check('tolerance', given.tolerance, (given.tolerance ?? 1) > 0, 'a number above 0');
    const rest = { damping, source, iterations: iterations ?? MOST_ITERATIONS };
    return variant === 'gap'
      ? gap(graph, { ...rest, tolerance: given.tolerance ?? 1e-4 })
      : converged(graph, { ...rest, tolerance: given.tolerance ?? 1e-6 });
  },
});

function check(name: string, value: unknown, holds: boolean, what: string): void {
  if (holds) return;
  throw new UsageError('PARAM_INVALID', `${name}=${String(value)}: it is not ${what}`);
}

export interface Rank {
  readonly vertex: Id;
  readonly rank: number;
}
export interface RankRules {
  readonly variant?: 'ldbc' | 'gap' | 'tolerance';
  readonly iterations?: number;
  readonly damping?: number;
  readonly tolerance?: number;
  /** Indices into `graph.ids`. */
  readonly source?: readonly number[];
}

/** Float sums depend on their order: by so much, relatively, may they differ. */
const ROUNDING = 1e-9;

/** Throws unless `output` has the ranks of a serial run (ldbc), or ranks that one more update, by pushing, moves by less than
 *  the tolerance (gap and tolerance: GAP's own check), and that add up to 1 (tolerance). */
export function verify(graph: PlainGraph, output: Iterable<Rank>, rules: RankRules = {}): void {
  const { variant = 'ldbc', iterations = 20, damping = 0.85, source = [] } = rules;
  const got = Float64Array.from(byVertex(graph, output), ({ rank }) => rank);
  const n = got.length;
  const jumps = new Float64Array(n).fill(source.length > 0 ? 0 : 1 / n);
  for (const v of source) jumps[v]! += 1 / source.length;
  const { starts, others } = adjacency(graph, 'out');
  const update = (ranks: Float64Array): Float64Array => {
    const next = new Float64Array(n);
    let sinks = 0;
    for (const [v, rank] of ranks.entries()) {
      const [from, to] = [starts[v]!, starts[v + 1]!];
      if (from === to) sinks += rank;
      for (let i = from; i < to; i++) next[others[i]!]! += (damping * rank) / (to - from);
    }
    const all = 1 - damping + (variant === 'gap' ? 0 : damping * sinks);
    return next.map((rank, v) => rank + all * jumps[v]!);
  };
  if (variant === 'ldbc') {
    let ranks: Float64Array = jumps;
    for (let i = 0; i < iterations; i++) ranks = update(ranks);
    for (const [v, rank] of ranks.entries()) {
      if (Math.abs(got[v]! - rank) <= ROUNDING * rank) continue;
      throw new Error(`vertex ${graph.ids[v]}: rank is ${got[v]}, not ${rank}`);
    }
    return;
  }
  const { tolerance: most = variant === 'gap' ? 1e-4 : 1e-6 } = rules;
  const moved = update(got).reduce((total, rank, v) => total + Math.abs(rank - got[v]!), 0);
  if (!(moved < most))
    throw new Error(`one more update moves ranks by ${moved}, not below ${most}`);
  const total = got.reduce((a, b) => a + b, 0);
  if (variant === 'gap' || n === 0 || Math.abs(total - 1) <= ROUNDING) return;
  throw new Error(`ranks add up to ${total}, not to 1`);
}
