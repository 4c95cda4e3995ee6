/** A program of a user's, for tests: jobs over graphs and one of words, all at once in one session and then one after the other, and
 *  what the process held at its worst. */
import { findJob } from '../cli/find-job.ts';
import { makeTables } from '../cli/make-tables.ts';
import { open } from '../index.ts';

const MEMORY_BYTES = 100 * 2 ** 20;
const JOBS = [
  ['pagerank', 'g.txt'],
  ['pagerank', 'h.txt'],
  ['cdlp', 'g.txt'],
  ['wcc', 'h.txt'],
  ['bfs', 'g.txt', 'source=0'],
  ['wordcount', 'h.txt'],
] as const;

const session = await open({ workers: 2, memory: MEMORY_BYTES });

/** @returns the peak until now */
async function run(out: string, [job, input, ...param]: (typeof JOBS)[number]): Promise<number> {
  const { tables } = await makeTables(await findJob(job), [input], { param });
  const { report } = await session.run(Object.values(tables)[0]!, { output: out });
  return report.memory.peak;
}

const idle = await run('idle.csv', ['wordcount', 'one.txt'] as never);
const together = Math.max(...(await Promise.all(JOBS.map((job, i) => run(`t${i}.csv`, job)))));
for (const [i, job] of JOBS.entries()) await run(`a${i}.csv`, job);
await session.close();
console.log(JSON.stringify({ idle, together }));
