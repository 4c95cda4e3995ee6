/** Imports modules with definitions, TypeScript or JavaScript, the same way in the driver and in every worker.
 *
 * Installing hooks costs nothing on a Node that strips types (22.18 and later): they run in this thread. On Node 20
 * it starts a thread (20 ms), so hooks are installed by the first module that is not superstep's own; built-in jobs
 * need none, because a package may import itself by name.
 *
 * For a cluster, the driver will bundle the same module; that comes with the cluster.
 */
import * as node from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { SuperstepError, UsageError } from '../errors.ts';
import { type DefinitionRef, type Kind, found, lookup } from './define.ts';
import { resolve } from './hooks.ts';

/** Where this copy of the package lies; its modules are plain JavaScript and find it without hooks. */
const own = import.meta.url.replace(/core\/define\/loader\.js$/, '');
// Of this thread, as Node's hooks are.
let installed = false;

/** Hooks for job files, once a thread. */
export function installLoader(): void {
  if (installed) return;
  installed = true;
  // Where hooks compile, lines of stacks are those of the source: in threads of ours, and where the command says so; in
  // the thread of somebody's program that is theirs to decide.
  if (!isMainThread) process.setSourceMapsEnabled(true);
  const { registerHooks } = node as { registerHooks?: (hooks: object) => void };
  const strips = Boolean((process.features as { typescript?: unknown }).typescript);
  if (registerHooks !== undefined && strips) registerHooks({ resolve });
  else node.register('./hooks.js', import.meta.url); // until Node 22
}

/** Imports a module by URL, with hooks where it needs them. Throws UsageError MODULE_NOT_LOADED with the cause: the
 *  file is not there, does not parse, or throws while it is evaluated. */
export async function importModule(url: string): Promise<{ readonly [name: string]: unknown }> {
  if (!url.startsWith(own)) installLoader();
  try {
    return (await import(url)) as { readonly [name: string]: unknown };
  } catch (error) {
    // What superstep itself says about a definition in there is better than what we could add.
    if (error instanceof SuperstepError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      'MODULE_NOT_LOADED',
      `${url.replace(/^file:\/\//, '')} cannot be imported: ${why}`,
      {
        remedy: 'See the cause: the file is not there, does not parse, or throws at its top level.',
      },
      { cause: error },
    );
  }
}

/** The definition that a ref names, its module imported if need be. Throws UsageError MODULE_NOT_LOADED or
 *  DEFINITION_NOT_FOUND. */
export async function loadDefinition(kind: Kind, ref: DefinitionRef): Promise<unknown> {
  const known = lookup(kind, ref);
  if (known !== undefined) return known;
  await importModule(ref.module);
  return found(kind, ref);
}
