/** Node's module hooks: what makes a job file that lies anywhere meet this copy of superstep.
 *
 *  - `superstep` and `superstep/…` resolve as if imported from here, so by this package's own exports: a lone
 *    job.ts in /tmp works, and a job never meets a second copy of the package;
 *  - .ts and .mts are compiled file by file, where Node cannot strip types itself. `import.meta.url`, stack traces
 *    and breakpoints are those of the source. No bundle, no cache of paths.
 *
 * Nothing is imported but Node: on Node 20 this file runs in a thread of its own, beside each thread that has hooks.
 * esbuild is loaded by the first .ts file. tsx and ts-node do not work in workers on Node 20.
 * Jobs are written in erasable syntax: newer Nodes strip types themselves, and refuse enums.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

type Next<R> = (specifier: string, context: object) => R;
interface Source {
  readonly format: string;
  readonly source?: string;
  readonly shortCircuit?: boolean;
}

export function resolve<R>(specifier: string, context: object, next: Next<R>): R {
  const own = specifier === 'superstep' || specifier.startsWith('superstep/');
  return next(specifier, own ? { ...context, parentURL: import.meta.url } : context);
}

export async function load(
  url: string,
  context: object,
  next: Next<Promise<Source>>,
): Promise<Source> {
  const file = url.replace(/[?#].*$/, '');
  if (!file.startsWith('file:') || !/\.m?ts$/.test(file)) return next(url, context);
  // The synchronous form starts a process that ends with the call, and leaves nothing to close.
  const { transformSync } = await import('esbuild');
  const path = fileURLToPath(file);
  const { code } = transformSync(readFileSync(path, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcefile: path,
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
