/** One worker and two on the same file: what the second one brings. */
import wordcount from 'superstep/jobs/wordcount';
import { makeFile } from '../../datasets/make.ts';
import { tableTrials } from '../engine.ts';
import { suite, type Variant } from '../suite.ts';
import { kept } from '../truth.ts';
import { difference, ofText, ofParquet, type WordTable } from '../word-table.ts';

interface Data {
  readonly path: string;
  readonly sha256: string;
}

const variant = (name: string, workers: number): Variant<Data> => ({
  name,
  start: ({ path }) =>
    tableTrials(path, workers, wordcount, ({ seconds }) => seconds.map + seconds.reduce),
});

export default suite<Data, WordTable>({
  name: 'scaling',
  title: 'WordCount of Zipf text, map and reduce seconds of the report',
  unit: 'words',
  rival: '1 worker',
  trials: 3,
  variants: [variant('1 worker', 1), variant('2 workers', 2)],
  data({ cache, quick }) {
    const bytes = quick ? 200_000_000 : 2_000_000_000;
    return makeFile({ kind: 'zipf', size: bytes, distinct: 500_000, seed: 1 }, cache);
  },
  truth: ({ path, sha256 }, context) =>
    kept(context, `wordcount by split and Map of ${sha256}`, () => ofText(path)),
  units: ({ tokens }) => tokens,
  verify: async (result, truth) => difference(await ofParquet(String(result)), truth),
});
