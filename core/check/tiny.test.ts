/** One graph in every format that is read (datasets/graphs/tiny): the same results, which were computed apart from us. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ava from 'ava';
import { findJob } from '../cli/find-job.ts';
import type { RunFlags } from '../cli/flags.ts';
import { makeTables } from '../cli/make-tables.ts';
import { open } from '../index.ts';

const test = ava.serial;
const folder = fileURLToPath(new URL('../../../datasets/graphs/tiny/', import.meta.url));
const path = (name: string): string => join(folder, name);
const VERTICES = { input: [`vertices=${path('tiny.v')}`] };

const FORMATS: { readonly [format: string]: readonly [path: string, flags: RunFlags] } = {
  edges: [path('tiny.txt'), VERTICES],
  csv: [path('tiny.csv'), VERTICES],
  parquet: [path('tiny.parquet'), VERTICES],
  mtx: [path('tiny.mtx'), {}],
  graphalytics: [path('tiny'), { inputFormat: 'graphalytics' }],
  graphology: [path('tiny.json'), { inputFormat: 'graphology' }],
};
/** Parameters that Graphalytics' properties give by themselves. */
const JOBS = { bfs: ['source=1'], sssp: ['source=1'], pagerank: [], wcc: [] } as const;

const session = await open({ workers: 1, memory: '256MiB' });
test.after.always(() => session.close());

for (const [job, params] of Object.entries(JOBS)) {
  const expected = readFileSync(path(`expected/${job}.csv`), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1);
  for (const [format, [input, flags]] of Object.entries(FORMATS)) {
    test(`${job} of ${format}`, async t => {
      const given = format === 'graphalytics' ? flags : { ...flags, param: [...params] };
      const { tables } = await makeTables(await findJob(job), [input], given);
      await using result = await session.run(Object.values(tables)[0]!);
      const rows = (await result.toArray()).map(row => Object.values(row));
      t.is(rows.length, expected.length);
      rows.forEach(([vertex, value], i) => {
        const [id, should] = expected[i]!.split(',') as [string, string];
        t.is(String(vertex), id);
        if (value === null || should === '') t.is(value === null ? '' : String(value), should);
        else t.true(Math.abs(Number(value) - Number(should)) < 1e-12, `${id}: ${String(value)}`);
      });
    });
  }
}
