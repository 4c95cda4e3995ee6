import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import * as fc from 'fast-check';
import { makeFile } from '../datasets/make.ts';
import { bfs, cdlp, lcc, sssp, wcc } from './baseline/algorithms.ts';
import { type Graph, readGraph, readNumbers } from './baseline/graph.ts';
import { pagerank } from './baseline/pagerank.ts';
import { compile } from './rivals/c.ts';
import { graphologyPagerank, toGraphology, toleranceOf } from './rivals/graphology.ts';
import { Absent } from './suite.ts';
import { canonical, firstDifference, readValues, writeValues } from './values.ts';

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'superstep-bench-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Weighted edges among few vertices: repeated ones, loops and vertices without edges among them. */
const lines = fc.array(
  fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }), fc.integer({ min: 1, max: 9 })),
  { maxLength: 40 },
);
type Edge = readonly [source: number, target: number, weight: number];

/** The same by definition: what is between each two vertices. */
function byDefinition(edges: readonly Edge[]) {
  const ids = [...new Set(edges.flatMap(([a, b]) => [a, b]))].toSorted((a, b) => a - b);
  const n = ids.length;
  const weight = ids.map(() => ids.map(() => Infinity));
  for (const [a, b, w] of edges) {
    const [s, t] = [ids.indexOf(a), ids.indexOf(b)];
    if (s !== t && weight[s]![t] === Infinity) weight[s]![t] = weight[t]![s] = w;
  }
  const isEdge = (s: number, t: number): boolean => weight[s]![t]! < Infinity;
  const around = ids.map((_, v) => [...ids.keys()].filter(u => isEdge(v, u)));
  return { ids, n, weight, isEdge, around };
}

function shortest(weight: readonly (readonly number[])[]): number[][] {
  const all = weight.map((row, v) => row.map((w, u) => (u === v ? 0 : w)));
  for (const [k] of all.entries()) {
    for (const row of all) {
      for (const [j] of row.entries()) row[j] = Math.min(row[j]!, row[k]! + all[k]![j]!);
    }
  }
  return all;
}

test('the baselines do what the definitions say', t => {
  const path = join(folder(t), 'edges');
  const check = (edges: readonly Edge[]): void => {
    writeFileSync(path, `# a comment of 3 numbers 1 2\n${edges.map(e => e.join('\t')).join('\n')}`);
    const graph = readGraph(path, 3);
    const { ids, n, weight, isEdge, around } = byDefinition(edges);
    t.deepEqual([...graph.ids], ids);
    t.deepEqual(
      [...graph.offsets].slice(1),
      around.map((_, v) => around.slice(0, v + 1).flat().length),
    );
    t.deepEqual([...graph.neighbours], around.flat());
    if (n === 0) return;
    const hops = shortest(weight.map(row => row.map(w => (w < Infinity ? 1 : w))))[0]!;
    t.deepEqual(
      [...bfs(graph, 0)],
      hops.map(h => (h < Infinity ? h : -1)),
    );
    t.deepEqual([...sssp(graph, 0)], shortest(weight)[0]);
    t.deepEqual(
      [...wcc(graph)],
      shortest(weight).map(row => row.findIndex(d => d < Infinity)),
    );
    t.deepEqual(
      [...lcc(graph)],
      around.map(near => {
        const pairs = near.flatMap(a => near.filter(b => a < b).map(b => isEdge(a, b)));
        return pairs.length === 0 ? 0 : pairs.filter(Boolean).length / pairs.length;
      }),
    );
    t.deepEqual([...cdlp(graph, 3)], labelsAfter(around, 3));
    const ranks = ranksAfter(around, 5);
    for (const [v, rank] of pagerank(graph, 5).entries())
      t.true(Math.abs(rank - ranks[v]!) < 1e-15);
  };
  fc.assert(fc.property(lines, check), { numRuns: 200 });
});

function labelsAfter(around: readonly (readonly number[])[], iterations: number): number[] {
  let labels = around.map((_, v) => v);
  for (let i = 0; i < iterations; i++) {
    labels = around.map((near, v) => {
      const of = near.map(u => labels[u]!);
      const times = (label: number): number => of.filter(l => l === label).length;
      return of.toSorted((a, b) => times(b) - times(a) || a - b)[0] ?? labels[v]!;
    });
  }
  return labels;
}

function ranksAfter(around: readonly (readonly number[])[], iterations: number): number[] {
  const n = around.length;
  let ranks = around.map(() => 1 / n);
  for (let i = 0; i < iterations; i++) {
    const lost = around.reduce((sum, near, v) => sum + (near.length === 0 ? ranks[v]! : 0), 0);
    ranks = around.map(near => {
      const received = near.reduce((sum, u) => sum + ranks[u]! / around[u]!.length, 0);
      return 0.15 / n + 0.85 * (received + lost / n);
    });
  }
  return ranks;
}

test('numbers are read across the borders of chunks, and at the end without a line end', t => {
  const path = join(folder(t), 'edges');
  const numbers = Array.from({ length: 400_000 }, (_, i) => (i * 7_919) % 2_000_003);
  const text = numbers.map((n, i) => `${n}${i % 2 === 0 ? ' ' : '\r\n'}`).join('');
  writeFileSync(path, `# 1 2\n${text}# 3 4\n5 6`);
  t.deepEqual([...readNumbers(path)], [...numbers, 5, 6]);
});

/** A Kronecker graph of 1,024 ids, as text and as the baseline reads it. */
function small(t: ExecutionContext): { at: string; path: string; graph: Graph } {
  const at = folder(t);
  const { path } = makeFile({ kind: 'kronecker', scale: 10, degree: 8, seed: 1 }, at);
  return { at, path, graph: readGraph(path) };
}

test('the programs in C find what the baselines find', async t => {
  const { at, path, graph } = small(t);
  const same = async (output: string, truth: Float64Array, tolerance = 0): Promise<unknown> =>
    t.is(firstDifference(await readValues(output), truth, graph.ids, tolerance), undefined);
  try {
    const ran = await (await compile('pagerank', at))(path, '20', join(at, 'out.f64'));
    t.is(ran.vertices, graph.ids.length);
    t.is(ran.edges, graph.neighbours.length);
    t.true(ran.seconds >= ran.load + ran.process);
    await same(join(at, 'out.f64'), pagerank(graph, 20), 1e-12);
    await (await compile('bfs', at))(path, '3', join(at, 'out.i32'));
    const levels = Float64Array.from(bfs(graph, 3), level => (level < 0 ? Number.NaN : level));
    await same(join(at, 'out.i32'), levels);
    await (await compile('wcc', at))(path, join(at, 'out.u32'));
    await same(join(at, 'out.u32'), Float64Array.from(wcc(graph)));
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    t.log(`not compared: ${error.message}`);
  }
});

test('graphology’s PageRank stops after as many iterations as asked, with the same ranks', t => {
  const { graph } = small(t);
  const loaded = toGraphology(graph);
  for (const iterations of [3, 20]) {
    const truth = pagerank(graph, iterations);
    const tolerance = toleranceOf(
      pagerank(graph, iterations - 2),
      pagerank(graph, iterations - 1),
      truth,
    );
    const ranks = graphologyPagerank(loaded, iterations, tolerance);
    const values = Float64Array.from(graph.ids, id => ranks[id]!);
    t.is(firstDifference({ ids: undefined, values }, truth, graph.ids, 1e-9), undefined);
    t.not(
      firstDifference({ ids: undefined, values }, pagerank(graph, iterations - 1), graph.ids, 1e-9),
      undefined,
    );
  }
});

test('values are written and read, and one that is off shows', async t => {
  const at = join(folder(t), 'values');
  const read = (values: Float64Array | Int32Array | Uint32Array) =>
    readValues(writeValues(at, values));
  const of = async (values: Float64Array | Int32Array | Uint32Array) => (await read(values)).values;
  t.deepEqual([...(await of(new Float64Array([0.1, Infinity])))], [0.1, Number.NaN]);
  t.deepEqual([...(await of(new Int32Array([7, -1])))], [7, Number.NaN]);
  t.deepEqual([...(await of(new Uint32Array([7, 2 ** 32 - 1])))], [7, 2 ** 32 - 1]);
  t.deepEqual([...canonical(new Float64Array([9, 4, 9, 4, 1]))], [0, 1, 0, 1, 4]);

  const [truth, ids] = [new Float64Array([1, Number.NaN, 3]), [10, 20, 30]];
  const differs = (values: number[], tolerance = 0, named?: number[]) =>
    firstDifference(
      { ids: named && new Float64Array(named), values: new Float64Array(values) },
      truth,
      ids,
      tolerance,
    );
  t.is(differs([1, Number.NaN, 3], 0, ids), undefined);
  t.is(differs([1, Number.NaN, 3.0000001], 1e-6), undefined);
  t.is(differs([1, Number.NaN, 3.0000001], 1e-9), 'vertex 30: 3.0000001 instead of 3');
  t.is(differs([1, 2, 3]), 'vertex 20: 2 instead of NaN');
  t.is(differs([Number.NaN, Number.NaN, 3]), 'vertex 10: NaN instead of 1');
  t.is(differs([1, Number.NaN]), '2 vertices instead of 3');
  t.is(differs([1, Number.NaN, 3], 0, [10, 21, 30]), 'vertex 21 instead of 20');
});
