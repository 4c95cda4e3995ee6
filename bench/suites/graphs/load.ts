/** From text to a graph that is ready to run, by what its vertices are called: edges a second. The program that runs over
 *  it then counts degrees, so that there is something to verify. */
import { join } from 'node:path';
import { edges, graph, read, utf8 } from 'superstep';
import degrees from 'superstep/jobs/degrees';
import { makeFile } from '../../../datasets/make.ts';
import { loadByMap, writeDegrees } from '../../baseline/degrees.ts';
import { graphTrials } from '../../engine.ts';
import { DEGREE } from '../../kronecker.ts';
import { query, quoted } from '../../rivals/duckdb.ts';
import { type AnySuite, suite, type Variant } from '../../suite.ts';
import { kept } from '../../truth.ts';

interface Data {
  readonly path: string;
  readonly sha256: string;
  readonly lines: number;
}
/** How many vertices, and the sum of what DuckDB's hash makes of each row. */
type Truth = { readonly vertices: number; readonly hash: string };
type Ids = 'dense' | 'sparse' | 'words';

const NAMES = { source: utf8, target: utf8 };
const tableOf = (path: string, ids: Ids) =>
  ids === 'words'
    ? degrees(graph(read(path, NAMES, { format: 'edges' })))
    : degrees(graph(read(path, edges, { format: 'edges' })));

const superstep = (name: string, workers: number, ids: Ids): Variant<Data> => ({
  name,
  start: ({ path }) =>
    graphTrials(
      { workers },
      () => tableOf(path, ids),
      ({ seconds }) => seconds.load,
    ),
});

const byMap: Variant<Data> = {
  name: 'split and Map',
  // Many seconds of the same loop: the compiler has long done what it will do.
  warmups: 0,
  start: async ({ path }) => ({
    async trial(folder) {
      const began = performance.now();
      const loaded = loadByMap(path);
      const seconds = (performance.now() - began) / 1000;
      const result = join(folder, 'degrees.csv');
      writeDegrees(loaded, result);
      return { seconds, result };
    },
  }),
};

/** Of a table with columns vertex, in and out. */
async function summary(table: string): Promise<Truth> {
  const [row] = await query(
    `select count(*)::double as n, sum(hash(vertex::varchar || ' ' || "in" || ' ' || "out"))::varchar as h
     from ${table}`,
  );
  return { vertices: Number(row!['n']), hash: String(row!['h']) };
}

const csv = (path: string, columns: string, options: string): string =>
  `read_csv(${quoted(path)}, auto_detect = false, quote = '', escape = '', columns = ${columns}, ${options})`;

/** Every line of the text counted at both its ends, by DuckDB. */
const counted = (path: string): string => {
  const lines = csv(path, "{'s': 'VARCHAR', 't': 'VARCHAR'}", "delim = ' ', header = false");
  return `(
    select v as vertex, sum(i)::bigint as "in", sum(o)::bigint as "out" from (
      select s as v, 0 as i, 1 as o from ${lines} union all select t, 1, 0 from ${lines}
    ) group by v)`;
};
const written = (path: string): string =>
  path.endsWith('.parquet')
    ? `read_parquet(${quoted(path)})`
    : csv(
        path,
        "{'vertex': 'VARCHAR', 'in': 'BIGINT', 'out': 'BIGINT'}",
        "delim = ',', header = true",
      );

export const loading: readonly AnySuite[] = (['dense', 'sparse', 'words'] as const).map(ids =>
  suite<Data, Truth>({
    name: `graphs-load-${ids}`,
    title: `A graph loaded from text, ids ${ids}`,
    unit: 'edges',
    rival: byMap.name,
    trials: 3,
    variants: [superstep('superstep', 2, ids), superstep('superstep 1 worker', 1, ids), byMap],
    data({ cache, quick }) {
      const scale = quick ? 16 : 20;
      const recipe = { kind: 'kronecker', scale, degree: DEGREE, seed: 1, ids } as const;
      return { ...makeFile(recipe, cache), lines: DEGREE * 2 ** scale };
    },
    truth: ({ path, sha256 }, context) =>
      kept(context, `degrees by DuckDB of ${sha256}`, () => summary(counted(path))),
    units: (_, { lines }) => lines,
    async verify(result, truth) {
      const got = await summary(written(String(result)));
      if (got.vertices !== truth.vertices) {
        return `${got.vertices} vertices instead of ${truth.vertices}`;
      }
      return got.hash === truth.hash ? undefined : 'degrees or names differ';
    },
  }),
);
