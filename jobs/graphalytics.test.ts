/** Every graph of LDBC Graphalytics that is there, with every algorithm it has an expected output for: by the definition of
 *  the models, and through the command line, which runs larger real graphs of the same form as well. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { bigint64, float64, graph, rows, type Schema, type Table } from 'superstep';
import { collect } from 'superstep/testing';
import { folderOf, superstep } from '../core/cli/child.ts';
import {
  ALGORITHMS,
  isThere,
  type Place,
  propertiesOf,
  readGraph,
  readOutput,
  type Runner,
} from './check/graphalytics.ts';
import { differences } from './check/matching.ts';

const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** What null is, where a job gives nothing else. */
const unreached = (job: string): string => (job === 'bfs' ? '9223372036854775807' : 'infinity');

const serially: Runner = async ({ job, params, given: more }, place) => {
  const { default: program } = (await import(`superstep/jobs/${job}`)) as {
    default: (of: unknown, params: object) => Table<Schema>;
  };
  const { directed, vertices, edges } = readGraph(place);
  const columns = { source: bigint64, target: bigint64, weight: float64 };
  const listed = rows(
    vertices.map(vertex => ({ vertex })),
    { vertex: bigint64 },
  );
  const given = graph(rows(edges, columns), { directed, vertices: listed });
  const values = { ...params(propertiesOf(place)), ...more };
  return collect(program(given, values)).map(({ vertex, ...rest }) => {
    const [value] = Object.values(rest) as [unknown];
    return [String(vertex), value === null ? unreached(job) : String(value)];
  });
};

/** A graph of the benchmark as it asks: parameters from its properties, results in its form. An edge list to csv. */
const byCommand =
  (t: ExecutionContext): Runner =>
  async ({ job, params, given: more }, place) => {
    const { path, directed, properties } = place;
    const isList = properties !== undefined;
    const file = join(folderOf(t), isList ? 'out.csv' : 'out.txt');
    const given = {
      ...(directed !== undefined && { directed }),
      ...(isList && params(propertiesOf(place))),
      ...more,
    };
    const input = isList ? `${path}.gz` : path;
    const format = isList ? 'edges' : 'graphalytics';
    const texts = Object.entries(given).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
    const flags = ['--input-format', format, '--out', file, '--workers', '2', ...texts];
    const { code, stderr } = await superstep(['run', job, input, ...flags]);
    t.is(code, 0, stderr);
    if (!isList) return readOutput(file);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(1);
    return lines.map(line => {
      const [vertex, value] = line.split(',') as [string, string];
      return [vertex, value === '' ? unreached(job) : value];
    });
  };

interface Case {
  readonly name: string;
  readonly place: Place;
  /** Of the expected output: before and behind the name of the algorithm. */
  readonly expected: readonly [before: string, behind: string];
}

const folder = `${data}graphalytics/graphs/`;
const names = existsSync(folder)
  ? readdirSync(folder)
      .filter(file => file.endsWith('.properties'))
      .map(file => file.slice(0, -'.properties'.length))
  : [];
const small = names.map((name): Case => {
  const path = folder + name;
  return { name, place: { path }, expected: [`${path}-`, ''] };
});

/** The parameters are those that the expected output was made with. */
function snap(name: string, directed: boolean, source: string): Case {
  const properties = {
    'bfs.source-vertex': source,
    'cdlp.max-iterations': '10',
    'pr.num-iterations': '20',
    'pr.damping-factor': '0.85',
  };
  const expected = `${data}snap-small/expected/${name.split('_')[0]}-`;
  const path = `${data}snap-small/${name}.txt`;
  return { name, place: { path, directed, properties }, expected: [expected, ''] };
}

const p2p = `${data}p2p-gnutella31/p2p-31`;
/** Not PR as the specification has it: vertices without out-edges receive nothing there, and ranks add up to 0.46. */
const OTHER = `${p2p}-PR-directed`;
const large: Case[] = [
  { name: 'p2p-31', place: { path: p2p }, expected: [`${p2p}-`, ''] },
  {
    name: 'p2p-31 directed',
    place: { path: p2p, directed: true },
    expected: [`${p2p}-`, '-directed'],
  },
  snap('facebook_combined', false, '0'),
  snap('wiki-Vote', true, '30'),
];

const PROPAGATION = { ...ALGORITHMS['WCC']!, given: { algorithm: 'propagation' } };
const all = [...Object.entries(ALGORITHMS), ['WCC', PROPAGATION] as const];
for (const { name, place, expected } of [...small, ...large]) {
  for (const [named, algorithm] of all) {
    const path = expected.join(named);
    if (!isThere(path) || path === OTHER) continue;
    const check = async (t: ExecutionContext, run: Runner): Promise<void> => {
      const output = await run(algorithm, place);
      t.deepEqual(differences(algorithm.rule, readOutput(path), output), []);
    };
    const title = [named, ...Object.values(algorithm.given ?? {}), `of ${name}`].join(' ');
    test.serial(`${title}, by command`, async t => check(t, byCommand(t)));
    if (names.includes(name)) test(title, async t => check(t, serially));
  }
}

(names.length > 0 ? test : test.skip)('all that was there has run', t => {
  t.is(names.length, 14);
  t.is(large.filter(({ expected }) => isThere(expected.join('BFS'))).length, large.length);
});
