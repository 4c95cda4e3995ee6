/** The suites by name. A module may hold several that belong together. */
import type { AnySuite } from '../suite.ts';

export const SUITES: { readonly [name: string]: URL } = {
  wordcount: new URL('./wordcount.js', import.meta.url),
  tasks: new URL('./tasks.js', import.meta.url),
  start: new URL('./start.js', import.meta.url),
  memory: new URL('./memory.js', import.meta.url),
  scaling: new URL('./scaling.js', import.meta.url),
  pagerank: new URL('./pagerank.js', import.meta.url),
  graphs: new URL('./graphs/index.js', import.meta.url),
  kernels: new URL('./kernels/index.js', import.meta.url),
};

/** The suites of a name, loaded, with the module they are found in again. */
export async function suitesOf(name: string): Promise<{ suite: AnySuite; module: string }[]> {
  const module = SUITES[name]!.href;
  const { default: suites } = (await import(module)) as {
    default: AnySuite | readonly AnySuite[];
  };
  return [suites].flat().map(suite => ({ suite, module }));
}
