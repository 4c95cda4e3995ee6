/** The price of starting: a whole `superstep run` of a small file, beside a Node that does nothing. */
import { join } from 'node:path';
import { makeFile } from '../../datasets/make.ts';
import { run } from '../command.ts';
import { csvCounts, superstep } from '../engine.ts';
import { suite } from '../suite.ts';
import { difference, ofEntries, ofText, type WordTable } from '../word-table.ts';

interface Data {
  readonly path: string;
}

export default suite<Data, WordTable>({
  name: 'start',
  title: 'superstep run wordcount of 10 kB to csv, the whole process',
  unit: 'runs',
  rival: 'node -e 0',
  trials: 11,
  memory: false,
  variants: [
    {
      name: 'superstep run',
      start: async ({ path }) => ({
        async trial(folder) {
          const result = join(folder, 'counts.csv');
          const args = ['run', 'wordcount', path, '--out', result, '--workers', '2', '--quiet'];
          const { seconds } = await superstep(args, false);
          return { seconds, result };
        },
      }),
    },
    {
      name: 'node -e 0',
      start: async () => ({
        async trial() {
          const { seconds } = await run(process.execPath, ['-e', '0'], { memory: false });
          return { seconds, result: null };
        },
      }),
    },
  ],
  data({ cache }) {
    return makeFile({ kind: 'zipf', size: 10_000, distinct: 300, seed: 1 }, cache);
  },
  truth: ({ path }) => ofText(path),
  units: () => 1,
  // Node that does nothing has no result but its exit code, which has been looked at.
  verify: (result, truth) =>
    result === null ? undefined : difference(ofEntries(csvCounts(String(result))), truth),
});
