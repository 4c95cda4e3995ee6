/** The rivals in C (*.c beside this file's source): compiled where there is a `cc`, absent otherwise. */
import { join } from 'node:path';
import { run } from '../command.ts';
import { ROOT } from '../machine.ts';

/** As the programs are said to be compiled. `-march=native` changes neither their time nor their bits: gathers are loads
 *  one by one, and sums of doubles stay in order. */
export const C_FLAGS = ['-O3'];

export interface CRan {
  /** Seconds from the text to the graph. */
  readonly load: number;
  /** Seconds of the algorithm. */
  readonly process: number;
  readonly vertices: number;
  /** Neighbours of all vertices together: twice the edges. */
  readonly edges: number;
  /** Seconds of the whole process. */
  readonly seconds: number;
  readonly peakBytes: number | undefined;
}

/** Compiles bench/rivals/<name>.c into `folder` and returns what runs it. Throws Absent where there is no cc. */
export async function compile(
  name: 'pagerank' | 'bfs' | 'wcc',
  folder: string,
): Promise<(...args: readonly string[]) => Promise<CRan>> {
  const program = join(folder, name);
  const source = join(ROOT, 'bench/rivals', `${name}.c`);
  await run('cc', [...C_FLAGS, '-o', program, source], { memory: false });
  return async (...args) => {
    const { stdout, seconds, peakBytes } = await run(program, args);
    return { ...(JSON.parse(stdout) as CRan), seconds, peakBytes };
  };
}
