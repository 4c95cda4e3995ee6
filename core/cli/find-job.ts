/** From `<job>` to a definition: a built-in name, or a file whose default export is one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TransformFailure } from 'esbuild';
import { isRunnable, type Runnable } from '../define/describe.ts';
import { importModule } from '../define/loader.ts';
import { nearest } from '../define/nearest.ts';
import type { Schema } from '../define/schema.ts';
import type { Table, Tables } from '../define/table.ts';
import { UsageError } from '../errors.ts';

/** A default export that can be run: called with its input, or with its inputs by name when it is a job, and
 *  parameters. */
export interface Definition extends Runnable {
  (input: unknown, params: object): Table<Schema> | Tables;
  /** Of a job. */
  readonly inputs?: { readonly [name: string]: Schema };
  /** Of a map-reduce. */
  readonly input?: Schema;
  /** Of a job over a graph: columns of edges and vertices that it reads. */
  readonly edge?: Schema;
  readonly vertex?: Schema;
}

/** Throws UsageError JOB_NOT_FOUND, JOB_SYNTAX, JOB_NO_DEFAULT or MODULE_NOT_LOADED. */
export async function findJob(name: string): Promise<Definition> {
  const url = isFileName(name) ? fileUrl(name) : builtInUrl(name);
  const exports = await importJob(url);
  const { default: found } = exports;
  if (isRunnable(found)) return found as Definition;
  const others = Object.keys(exports).filter(key => isRunnable(exports[key]));
  const what =
    'default' in exports ? 'its default export is not a job' : 'it has no default export';
  throw new UsageError('JOB_NO_DEFAULT', `${name}: ${what}`, {
    file: name,
    remedy: others[0]
      ? `Add: export default ${others[0]}`
      : 'Add: export default mapReduce({…}), or a job({…}) of several definitions',
  });
}

/** Everything a job module exports. Throws UsageError JOB_SYNTAX or MODULE_NOT_LOADED. */
export async function importJob(url: string): Promise<{ readonly [name: string]: unknown }> {
  try {
    return await importModule(url);
  } catch (error) {
    throw (await syntaxError(url, error)) ?? error;
  }
}

export const isFileName = (name: string): boolean => /[/\\]|\.[a-z]+$/i.test(name);

/** The URL of a job file. Throws UsageError JOB_NOT_FOUND. */
export function fileUrl(name: string): string {
  const path = resolve(name);
  if (existsSync(path) && /\.m?[jt]s$/.test(path)) {
    // Before the file is loaded. Not for built-in jobs: reading the maps of all modules takes 20 ms.
    process.setSourceMapsEnabled(true);
    return pathToFileURL(path).href;
  }
  const what = existsSync(path) ? 'is not a .ts, .mts, .js or .mjs file' : 'does not exist';
  throw new UsageError('JOB_NOT_FOUND', `${name} ${what}`, {
    file: name,
    remedy: `Give the file of a job, or the name of a built-in one: ${builtIns().join(', ')}`,
  });
}

/** The URL of a built-in job. Throws UsageError JOB_NOT_FOUND. */
export function builtInUrl(name: string): string {
  if (builtIns().includes(name)) return import.meta.resolve(`superstep/jobs/${name}`);
  const meant = nearest(name, builtIns());
  const hint = meant === undefined ? '' : `Did you mean ${meant}? `;
  throw new UsageError('JOB_NOT_FOUND', `there is no job '${name}'`, {
    remedy: `${hint}Built-in jobs are ${builtIns().join(', ')}. A job of your own is named by its file: ./${name}.ts`,
  });
}

/** Names of the jobs in the package. */
export function builtIns(): string[] {
  const folder = fileURLToPath(new URL('.', import.meta.resolve('superstep/jobs/wordcount')));
  return readdirSync(folder)
    .filter(file => /^[a-z0-9-]+\.js$/.test(file))
    .map(file => file.slice(0, -'.js'.length))
    .toSorted();
}

/** Where a file does not parse, if that is why it was not loaded. Asked of esbuild, because Node does not say where, and
 *  because the answer is then the same on every Node. */
async function syntaxError(url: string, error: unknown): Promise<UsageError | undefined> {
  const path = fileURLToPath(url);
  const { transform } = await import('esbuild');
  try {
    await transform(readFileSync(path, 'utf8'), {
      loader: 'ts',
      format: 'esm',
      logLevel: 'silent',
    });
    return undefined;
  } catch (failure) {
    const [first] = (failure as Partial<TransformFailure>).errors ?? [];
    if (!first?.location) return undefined;
    const { text, location } = first;
    const file = relative('.', path);
    const message = `${file}:${location.line}:${location.column + 1}: ${text}`;
    const details = { file, remedy: `Mend line ${location.line} of ${file}` };
    return new UsageError('JOB_SYNTAX', message, details, { cause: error });
  }
}
