/** PageRank of real graphs on the engine, against graphology-metrics: another program, by other people. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { open } from 'superstep';
import pagerank from 'superstep/jobs/pagerank';
import { readGraph } from './baseline/graph.ts';
import { simpleGraph } from './kronecker.ts';
import { graphologyPagerank, toGraphology } from './rivals/graphology.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const GRAPHS = [
  join(root, 'datasets/graphs/p2p-gnutella31.txt.gz'),
  join(root, '../shared/data/snap-small/facebook_combined.txt.gz'),
  join(root, '../shared/data/snap-small/wiki-Vote.txt.gz'),
  join(root, '../shared/data/snap-small/email-Eu-core.txt.gz'),
];

for (const path of GRAPHS) {
  (existsSync(path) ? test : test.skip)(
    `ranks of ${basename(path)} are those of graphology-metrics`,
    async t => {
      const folder = mkdtempSync(join(tmpdir(), 'superstep-bench-'));
      t.teardown(() => rmSync(folder, { recursive: true }));
      const edges = join(folder, 'edges.txt');
      writeFileSync(edges, gunzipSync(readFileSync(path)));
      const graph = readGraph(edges, 2);
      // Its tolerance is for each vertex, ours for all together.
      const tolerance = 1e-12;
      const expected = graphologyPagerank(toGraphology(graph), 1000, tolerance / graph.ids.length);
      await using session = await open({ workers: 2 });
      const result = await session.run(
        pagerank(simpleGraph(edges), { variant: 'tolerance', tolerance }),
      );
      const rows = await result.toArray();
      t.is(rows.length, graph.ids.length);
      t.deepEqual(
        new Set(rows.map(({ vertex }) => String(vertex))),
        new Set(Object.keys(expected)),
      );
      for (const { vertex, rank } of rows) {
        const theirs = expected[String(vertex)]!;
        if (Math.abs(rank - theirs) > 1e-8 * theirs) t.fail(`${vertex}: ${rank}, not ${theirs}`);
      }
    },
  );
}
