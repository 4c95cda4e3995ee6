/** For tests of checkpoints: a graph of several partitions, and jobs that stop at a superstep. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Place, placeOf, run } from './command.ts';

/** Edges of a graph with isolated parts, loops, repeated edges and vertices of many: the same ones every time. */
export function edgesText(edges: number, vertices: number): string {
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let text = '';
  for (let i = 0; i < edges; i++) text += `${next(next(vertices) + 1)} ${next(vertices)}\n`;
  return text;
}

/** Until there is a file `go` it fails in superstep 5. It sends both ways and looks at edges, counts, and has aggregates of
 *  every kind: one that stays, one that is infinite where nobody gives to it. */
export const STOPS = `import { existsSync } from 'node:fs';
import { float64, int64, max, min, sum, vertexProgram } from 'superstep';
export default vertexProgram({
  name: 'stops',
  params: { weight: 0.5 },
  state: { value: float64, seen: int64 },
  message: float64,
  combine: sum,
  aggregates: {
    total: { type: float64, combine: sum, persistent: true },
    least: { type: int64, combine: min },
    most: { type: float64, combine: max },
  },
  init(v) {
    v.value = 1;
    v.seen = 0;
  },
  compute(v, sent, ctx) {
    const { superstep, params, aggregates } = ctx;
    if (superstep === 5 && !existsSync('go')) throw new Error('not yet');
    ctx.count('computed');
    ctx.aggregate('total', v.value);
    if (superstep === 2) ctx.aggregate('least', v.outDegree);
    for (const edge of v.outEdges) if (edge.target === v.id) v.seen += 1;
    const least = Number.isFinite(aggregates.least) ? 1 : 2;
    v.value = params.weight * (sent + least) + aggregates.total * 1e-12;
    if (superstep === 8) return v.voteToHalt();
    v.sendToOut(v.value / (v.outDegree + 1));
    if (superstep % 2 === 1) v.sendToIn(v.value / 7);
  },
});
`;

/** Two programs over one graph, the second of them STOPS. */
export const TWO = `import { edges, graph, int32, job, sum, float64, vertexProgram } from 'superstep';
import stops from './job.ts';
const spread = vertexProgram({
  name: 'spread',
  params: { rounds: int32 },
  state: { rank: float64 },
  message: float64,
  combine: sum,
  compute(v, sent, { superstep, params }) {
    v.rank = superstep === 0 ? 1 : 0.1 + 0.9 * sent;
    if (superstep === params.rounds) v.voteToHalt();
    else v.sendToOut(v.rank / v.outDegree);
  },
});
export default job({
  name: 'two',
  inputs: { links: edges },
  plan({ links }) {
    const loaded = graph(links);
    return { ranks: spread(loaded, { rounds: 5 }), stops: stops(loaded, {}) };
  },
});
`;

/** Changes its graph in every superstep, with messages under way; until there is a file `go` it fails in superstep 4. */
export const CHANGES = `import { existsSync } from 'node:fs';
import { float64, int64, sum, vertexProgram } from 'superstep';
export default vertexProgram({
  name: 'changes',
  state: { edges: int64, value: float64 },
  message: float64,
  combine: sum,
  compute(v, sent, ctx) {
    const { superstep } = ctx;
    if (superstep === 4 && !existsSync('go')) throw new Error('not yet');
    v.edges = v.outDegree;
    v.value = v.value / 2 + sent + 1;
    if (superstep === 6) return v.voteToHalt();
    v.sendToOut(v.value / (v.outDegree + 1));
    if (v.id % 7 === superstep) for (const { target } of v.outEdges) if (target % 3 === 0) v.removeEdges(target);
    if (v.id % 1000 === superstep) v.addEdge(v.id === 0 ? 1 : v.id - 1, {});
    if (v.id === 10 * superstep + 5) v.remove();
    if (v.id === 3) ctx.addVertex(1000000 + superstep);
  },
});
`;

/** Two partitions, by its edges (pregel/load/plan.ts): vertices would make more of what each run writes. */
export const GRAPH = edgesText(265_000, 7_000);
export const FOLDER = '.x.csv.superstep-checkpoint';

export function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

export async function succeeds(
  t: ExecutionContext,
  place: Place,
  args: readonly string[],
): Promise<string> {
  const { code, stderr } = await run(place, args);
  t.is(code, 0, stderr);
  return stderr;
}

/** A job that has failed in superstep 5, with its checkpoint. */
export async function stopped(t: ExecutionContext, args: readonly string[] = []): Promise<Place> {
  const place = placeOf(t, { 'g.txt': GRAPH, 'job.ts': STOPS });
  const asked = ['./job.ts', 'g.txt', '--out', 'x.csv', '--checkpoint', '2', ...args];
  const { code, stderr } = await run(place, asked);
  t.is(code, 1, stderr);
  t.true(existsSync(join(place.folder, FOLDER, 'program-1.json')), stderr);
  return place;
}
export const RESUME = ['./job.ts', 'g.txt', '--out', 'x.csv', '--resume'];
