/** The suites by name. A module may hold several that belong together. */
import type { AnySuite } from '../suite.ts';

export const SUITES: { readonly [name: string]: URL } = {
  wordcount: new URL('./wordcount.js', import.meta.url),
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
