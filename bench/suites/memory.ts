/** All-distinct words in a fraction of the memory they need: does it finish, how much longer, and what does it hold? */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFile } from '../../datasets/make.ts';
import { reportOf, superstep } from '../engine.ts';
import { linesSql, query, quoted } from '../rivals/duckdb.ts';
import { suite, type Variant } from '../suite.ts';

interface Data {
  readonly path: string;
  readonly words: number;
  /** As --memory takes it. */
  readonly tight: string;
}
const AMPLE = '8GB';
/** Two workers read four splits of it, and find eight words: what a job holds that has next to nothing to hold. */
const IDLE_BYTES = 64 * 2 ** 20;

const variant = (name: string, memoryOf: (data: Data) => string): Variant<Data> => ({
  name,
  warmups: 0,
  async start(data, scratch) {
    const wordcount = async (input: string, folder: string) => {
      const output = join(folder, 'counts.parquet');
      const limits = ['--workers', '2', '--memory', memoryOf(data), '--temp', folder];
      const args = ['run', 'wordcount', input, '--out', output, ...limits, '--json', '--quiet'];
      return { output, ran: await superstep(args) };
    };
    const fewWords = join(scratch, 'few-words.txt');
    writeFileSync(fewWords, Buffer.alloc(IDLE_BYTES, 'a b c d e f g h\n'));
    const idle = (await wordcount(fewWords, scratch)).ran.peakBytes ?? 0;
    return {
      async trial(folder) {
        const { output, ran } = await wordcount(data.path, folder);
        const { spilled, memory } = reportOf(ran);
        const peakBytes = ran.peakBytes ?? 0;
        return {
          seconds: ran.seconds,
          result: output,
          peakBytes,
          figures: {
            'limit bytes': memory.limit,
            'peak less idle': peakBytes - idle,
            'bytes spilled': spilled.bytes,
          },
        };
      },
    };
  },
});

export default suite<Data, { readonly hash: string }>({
  name: 'memory',
  title: 'All-distinct words counted in tight memory, the whole process',
  unit: 'words',
  rival: 'ample',
  trials: 3,
  variants: [variant('tight', ({ tight }) => tight), variant('ample', () => AMPLE)],
  data({ cache, quick }) {
    const words = quick ? 4_000_000 : 20_000_000;
    const recipe = { kind: 'uniform-words', words, distinct: words, seed: 1 } as const;
    return { path: makeFile(recipe, cache).path, words, tight: quick ? '192MB' : '512MB' };
  },
  // Every word once: the generator's own promise, which its tests hold. DuckDB sums what the words hash to.
  async truth({ path }) {
    const [row] = await query(
      `select sum(hash(w || ' 1'))::varchar as hash from (
         select unnest(string_split(l, ' ')) as w from ${linesSql(path)})`,
    );
    return { hash: String(row!.hash) };
  },
  units: (_, { words }) => words,
  async verify(result, { hash }, { words }) {
    const [row] = await query(
      `select count(*)::double as n, sum(hash(word || ' ' || "count"))::varchar as hash
       from read_parquet(${quoted(String(result))})`,
    );
    if (row!.n !== words) return `${row!.n} rows instead of ${words}`;
    return row!.hash === hash ? undefined : `words or counts differ (${row!.hash}, not ${hash})`;
  },
});
