/** Words of Zipf text, counted: from the call to the finished file. What others would use beside it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import wordcount from 'superstep/jobs/wordcount';
import { makeFile } from '../../datasets/make.ts';
import { countWords, writeCounts } from '../baseline/wordcount.ts';
import { type MakeTable, tableTrials } from '../engine.ts';
import { connect, wordCountSql } from '../rivals/duckdb.ts';
import { mawkWordCount } from '../rivals/mawk.ts';
import { suite, type Variant } from '../suite.ts';
import { kept } from '../truth.ts';
import { difference, ofText, ofLines, ofParquet } from '../word-table.ts';
import { wordCountByRow } from './definitions.ts';

interface Data {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

const superstep = (name: string, workers: number, job: MakeTable): Variant<Data> => ({
  name,
  start: ({ path }) => tableTrials(path, workers, job),
});

const duckdb = (threads: number): Variant<Data> => ({
  name: threads === 2 ? 'DuckDB' : `DuckDB ${threads} thread`,
  async start({ path }) {
    const connection = await connect(threads);
    return {
      async trial(folder) {
        const output = join(folder, 'counts.parquet');
        const began = performance.now();
        await connection.run(wordCountSql(path, output));
        return written(output, began);
      },
      close: async () => connection.closeSync(),
    };
  },
});

const mawk: Variant<Data> = {
  name: 'mawk',
  // A process each time: there is nothing to warm but the file's pages, which the others have read.
  warmups: 0,
  start: async ({ path }) => ({
    async trial(folder) {
      const output = join(folder, 'counts.txt');
      const { seconds, peakBytes } = await mawkWordCount(path, output);
      const trial = { seconds, result: output, figures: { 'bytes out': statSync(output).size } };
      return peakBytes === undefined ? trial : { ...trial, peakBytes };
    },
  }),
};

const script: Variant<Data> = {
  name: 'split and Map',
  // Twenty seconds of the same loop: the compiler has long done what it will do.
  warmups: 0,
  start: async ({ path }) => ({
    async trial(folder) {
      const output = join(folder, 'counts.txt');
      const began = performance.now();
      writeCounts(countWords(path), output);
      return written(output, began);
    },
  }),
};

function written(output: string, began: number) {
  const seconds = (performance.now() - began) / 1000;
  return { seconds, result: output, figures: { 'bytes out': statSync(output).size } };
}

export default suite({
  name: 'wordcount',
  title: 'WordCount of Zipf text, to a file',
  unit: 'words',
  rival: 'DuckDB',
  trials: 5,
  variants: [
    superstep('superstep', 2, wordcount),
    superstep('superstep 1 worker', 1, wordcount),
    superstep('superstep row function', 2, wordCountByRow),
    superstep('superstep row function 1 worker', 1, wordCountByRow),
    duckdb(2),
    duckdb(1),
    mawk,
    script,
  ],
  data({ cache, quick }): Data {
    const bytes = quick ? 40_000_000 : 400_000_000;
    return { ...makeFile({ kind: 'zipf', size: bytes, distinct: bytes / 800, seed: 1 }, cache) };
  },
  truth: ({ path, sha256 }, context) =>
    kept(context, `wordcount by split and Map of ${sha256}`, () => ofText(path)),
  units: ({ tokens }) => tokens,
  verify: async (result, truth) => {
    const path = String(result);
    return difference(path.endsWith('.parquet') ? await ofParquet(path) : ofLines(path), truth);
  },
});
