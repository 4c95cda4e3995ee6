/** The graph jobs by the definition of the models against published answers: small cases of textbooks and other libraries'
 *  tests, and what is known of a few real graphs. Cases of algorithms that are no job (hits, scc) are left out. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { float64, type Graph, graph, type IdType, int64, rows, simple, utf8 } from 'superstep';
import bfs from 'superstep/jobs/bfs';
import degrees from 'superstep/jobs/degrees';
import kcore from 'superstep/jobs/kcore';
import lcc from 'superstep/jobs/lcc';
import pagerank from 'superstep/jobs/pagerank';
import sssp from 'superstep/jobs/sssp';
import triangles from 'superstep/jobs/triangles';
import wcc from 'superstep/jobs/wcc';
import { collect } from 'superstep/testing';

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of many shapes.
type Any = any;
type Given = Graph<IdType, {}, { weight: typeof float64 }>;
type Values = { readonly [vertex: string]: number };

const folder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const read = (file: string): Any => JSON.parse(readFileSync(`${folder}${file}`, 'utf8'));
const isThere = existsSync(folder);
const cases: Any[] = isThere ? read('known-answers/cases.json') : [];
const facts: Any = isThere ? read('GRAPH-FACTS.json') : {};

function graphOf(edges: readonly Any[], directed: boolean): Given {
  const id: Any = typeof edges[0]![0] === 'string' ? utf8 : int64;
  const table = edges.map(([source, target, weight = 1]) => ({ source, target, weight }));
  const columns = { source: id, target: id, weight: float64 };
  return graph(rows(table, columns) as Any, { directed }) as Any;
}

/** The one column of an output, but for vertices that have null. */
function valuesOf(output: readonly Any[]): Values {
  const entries = output.map(({ vertex, ...rest }) => [vertex, Object.values(rest)[0]]);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
const meanOf = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

function isNear(t: ExecutionContext, got: Values, expected: Values, tolerance: number): void {
  t.deepEqual(Object.keys(got).toSorted(), Object.keys(expected).toSorted());
  for (const [vertex, value] of Object.entries(expected)) {
    t.true(Math.abs(got[vertex]! - value) <= tolerance, `${vertex}: ${got[vertex]}, not ${value}`);
  }
}

const SETTLED = { variant: 'tolerance', tolerance: 1e-12 } as const;
const ranksOf = (of: Given, params: object): Values =>
  valuesOf(collect(pagerank(of, { ...SETTLED, ...params })));

/** By what the file calls them. */
const CHECKS: { readonly [alg: string]: (t: ExecutionContext, of: Given, given: Any) => void } = {
  pagerank(t, of, { params, expected, exact = expected, tolerance }) {
    isNear(t, ranksOf(of, { damping: params.damping }), exact, tolerance);
  },
  // A weight is how often a vertex is named.
  'personalized-pagerank'(t, of, { params, expected, tolerance }) {
    const named = Object.entries(params.personalization as Values);
    const source = named.flatMap(([id, weight]) => Array.from({ length: weight }, () => id));
    isNear(t, ranksOf(of, { damping: params.damping, source }), expected, tolerance);
  },
  // Ranks that begin with 1 and add up to less than N: N times those of gap.
  'pagerank-unnormalised'(t, of, { params, exact }) {
    const ranks = ranksOf(of, { variant: 'gap', damping: params.damping });
    const times = Object.keys(exact).length;
    const scaled = Object.entries(ranks).map(([vertex, rank]) => [vertex, rank * times]);
    isNear(t, Object.fromEntries(scaled), exact, 1e-9);
  },
  wcc(t, of, { expected }) {
    for (const algorithm of ['union-find', 'propagation'] as const) {
      t.deepEqual(valuesOf(collect(wcc(of, { algorithm }))), expected);
    }
  },
  triangles: (t, of, { expected }) => t.deepEqual(valuesOf(collect(triangles(of))), expected),
  bfs(t, of, { params, expected }) {
    t.deepEqual(valuesOf(collect(bfs(of, params))), expected);
  },
  sssp(t, of, { params, expected }) {
    t.deepEqual(valuesOf(collect(sssp(of, params))), expected);
  },
  'sssp-negative-weights'(t, of, { params }) {
    t.throws(() => collect(sssp(of, params)), {
      message: /the weight -\d+, which is not 0 or more/,
    });
  },
  lcc: (t, of, { expected }) => isNear(t, valuesOf(collect(lcc(of))), expected, 1e-12),
  many(t, of, { expected, params, tolerance }) {
    const found = Object.values(valuesOf(collect(triangles(of))));
    t.is(
      found.reduce((a, b) => a + b, 0),
      3 * expected.triangles,
    );
    const coefficients = valuesOf(collect(lcc(of)));
    isNear(t, coefficients, expected.lcc, 1e-12);
    const ranks = expected.pagerank ?? expected.pagerankUnweighted;
    isNear(t, ranksOf(of, { damping: params.damping }), ranks, tolerance);
    if (expected.coreNumber === undefined) return;
    t.deepEqual(valuesOf(collect(kcore(of))), expected.coreNumber);
    t.deepEqual(valuesOf(collect(bfs(of, { source: 0 }))), expected.bfsFrom0);
    t.true(Math.abs(meanOf(Object.values(coefficients)) - expected.avgClustering) < 1e-12);
  },
};

/** PageRank whose sinks lead to vertices of their own choice: none of the variants. */
const isOther = ({ params }: Any): boolean => params.danglingWeights !== undefined;
for (const given of cases) {
  const check = CHECKS[given.alg];
  if (check === undefined || isOther(given)) continue;
  test(given.name, t => check(t, graphOf(given.edges, given.directed), given));
}

const lines = (file: string): string[][] =>
  gunzipSync(readFileSync(`${folder}${file}`))
    .toString('latin1')
    .split(/\r?\n/)
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(/\s+/));
const routes = (): string[][] =>
  readFileSync(`${folder}openflights/routes.dat`, 'utf8')
    .split('\n')
    .map(line => line.split(','))
    .filter(fields => fields.length > 4)
    .map(fields => [fields[2]!, fields[4]!]);

/** Real graphs, by their names among the facts. */
const REAL: { readonly [name: string]: () => Any[] } = {
  facebook_combined: () =>
    lines('snap-small/facebook_combined.txt.gz').map(ends => ends.map(Number)),
  'wiki-Vote': () => lines('snap-small/wiki-Vote.txt.gz').map(ends => ends.map(Number)),
  'email-Eu-core': () => lines('snap-small/email-Eu-core.txt.gz').map(ends => ends.map(Number)),
  'openflights-routes(by IATA code)': routes,
};

for (const [name, edges] of isThere ? Object.entries(REAL) : []) {
  test.serial(`facts of ${name}`, t => {
    const fact = facts[name];
    const all = edges();
    t.is(all.length, fact.edgeLines);
    const of = graphOf(all, fact.directed);

    const parts = new Map<unknown, number>();
    const components = collect(wcc(of));
    t.is(components.length, fact.vertices);
    for (const { component } of components) parts.set(component, (parts.get(component) ?? 0) + 1);
    t.is(parts.size, fact.wccCount);
    const sizes = [...parts.values()].toSorted((a, b) => b - a);
    t.deepEqual(sizes.slice(0, fact.wccTop.length), fact.wccTop);

    const { source, reached, levels } = fact.bfs;
    const found = Object.values(valuesOf(collect(bfs(of, { source }))));
    t.is(found.length, reached);
    t.deepEqual(
      levels.map((_: unknown, level: number) => found.filter(l => l === level).length),
      levels,
    );

    const counts = Object.values(valuesOf(collect(triangles(of))));
    t.is(
      counts.reduce((a, b) => a + b, 0),
      3 * fact.triangles,
    );
    const coefficients = Object.values(valuesOf(collect(lcc(simple(of)))));
    t.true(Math.abs(meanOf(coefficients) - fact.avgClusteringUndirected) < 1e-12);

    if (fact.maxCore !== undefined) {
      t.is(Math.max(...Object.values(valuesOf(collect(kcore(of))))), fact.maxCore);
    }
    const ends = collect(degrees(of));
    t.is(
      ends.reduce((total, row) => total + row.out, 0),
      fact.directed ? all.length : 2 * all.length,
    );
    if (fact.maxOut) t.is(Math.max(...ends.map(row => row.out)), fact.maxOut);
    if (fact.maxIn) t.is(Math.max(...ends.map(row => row.in)), fact.maxIn);
  });
}

for (const name of isThere ? ['email-Eu-core', 'openflights-routes(by IATA code)'] : []) {
  test.serial(`the ten highest ranks of ${name}`, t => {
    const fact = facts[name];
    const ranks = ranksOf(graphOf(REAL[name]!(), fact.directed), { tolerance: 1e-9 });
    const best = Object.entries(ranks).toSorted(([, a], [, b]) => b - a);
    const expected = fact['pagerankTop10_d0.85_converged'] as [string | number, number][];
    isNear(
      t,
      Object.fromEntries(best.slice(0, 10)),
      Object.fromEntries(expected.map(([id, rank]) => [String(id), rank])),
      1e-8,
    );
  });
}

if (!isThere) test.skip('the answers are not beside this folder', t => t.pass());
