/** Every graph of LDBC Graphalytics that is there, with every algorithm it has an expected output for; and the same form
 *  of larger real graphs. By the definition of the models: what runs the jobs is a parameter. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { bigint64, float64, graph, rows, type Schema, type Table } from 'superstep';
import { collect } from 'superstep/testing';
import {
  ALGORITHMS,
  type BenchmarkGraph,
  edgesOf,
  isThere,
  readGraph,
  readOutput,
  type Runner,
} from './check/graphalytics.ts';
import { differences } from './check/matching.ts';

const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

const serially: Runner = async (job, { directed, vertices, edges }, params) => {
  const { default: program } = (await import(`superstep/jobs/${job}`)) as {
    default: (of: unknown, params: object) => Table<Schema>;
  };
  const columns = { source: bigint64, target: bigint64, weight: float64 };
  const listed = rows(
    vertices.map(vertex => ({ vertex })),
    { vertex: bigint64 },
  );
  const given = graph(rows(edges, columns), { directed, vertices: listed });
  return collect(program(given, params)).map(({ vertex, ...values }) => {
    const [[column, value]] = Object.entries(values) as [[string, unknown]];
    if (value !== null) return [String(vertex), String(value)];
    return [String(vertex), column === 'level' ? '9223372036854775807' : 'infinity'];
  });
};

interface Case {
  readonly name: string;
  readonly graph: () => BenchmarkGraph;
  /** Of the expected output, without the algorithm. */
  readonly expected: string;
  readonly suffix?: string;
}

const folder = `${data}graphalytics/graphs/`;
const names = existsSync(folder)
  ? readdirSync(folder)
      .filter(file => file.endsWith('.properties'))
      .map(file => file.slice(0, -'.properties'.length))
  : [];
const small = names.map((name): Case => {
  const prefix = folder + name;
  return { name, graph: () => readGraph(prefix), expected: `${prefix}-` };
});

/** Of edges alone; the parameters are those that its expected output was made with. */
function snap(name: string, directed: boolean, source: string): Case {
  const file = `${data}snap-small/${name}.txt`;
  const load = (): BenchmarkGraph => {
    const edges = edgesOf(file);
    const vertices = new Set(edges.flatMap(edge => [edge.source, edge.target]));
    const properties = new Map([
      ['bfs.source-vertex', source],
      ['cdlp.max-iterations', '10'],
      ['pr.num-iterations', '20'],
      ['pr.damping-factor', '0.85'],
    ]);
    return { prefix: file, directed, vertices: [...vertices], edges, properties };
  };
  return { name, graph: load, expected: `${data}snap-small/expected/${name.split('_')[0]}-` };
}

const p2p = `${data}p2p-gnutella31/p2p-31`;
/** Not PR as the specification has it: vertices without out-edges receive nothing there, and ranks add up to 0.46. */
const OTHER = `${p2p}-PR-directed`;
const large: Case[] = [
  { name: 'p2p-31', graph: () => readGraph(p2p), expected: `${p2p}-` },
  {
    name: 'p2p-31 directed',
    graph: () => ({ ...readGraph(p2p), directed: true }),
    expected: `${p2p}-`,
    suffix: '-directed',
  },
  snap('facebook_combined', false, '0'),
  snap('wiki-Vote', true, '30'),
];

for (const { name, graph: load, expected, suffix = '' } of [...small, ...large]) {
  for (const [algorithm, { job, rule, params }] of Object.entries(ALGORITHMS)) {
    const path = `${expected}${algorithm}${suffix}`;
    if (!isThere(path) || path === OTHER) continue;
    test.serial(`${algorithm} of ${name}`, async t => {
      const of = load();
      const output = await serially(job, of, params(of.properties));
      t.deepEqual(differences(rule, readOutput(path), output), []);
    });
  }
}

(names.length > 0 ? test : test.skip)('all that was there has run', t => {
  t.is(names.length, 14);
});
