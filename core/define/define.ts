/** Definitions: how a function is found again in a worker thread or on another machine.
 *
 * Functions never travel. A definition (map-reduce, vertex program, task, actor, job, connector) is named
 * data plus functions, made while a module is evaluated, and is known by { module, name }. A worker imports
 * the module and asks the registry for the name. So whatever a function closes over must be made by
 * evaluating its module, the same in every worker; what changes from run to run goes through `params`.
 *
 * Order of calls: `register` when a definition is made; `assertNotEntry` in the driver before any work;
 * `loadDefinition` (loader.ts) in a worker; `lookup` wherever the module is known to be there.
 *
 * The module is read off the call stack: the last frame before Node's module loader is the module being
 * evaluated, even when a helper in another file makes the definition. (Checked: ESM, CommonJS, factories,
 * Array.map, after a top-level await; Node 20, 22, 24, 26.) A bundler that moves code breaks this;
 * `module: import.meta.url` in the definition says it outright.
 *
 * Not here: serialising functions, decorators, instanceof (two copies of the package must still work; the
 * registry hangs on a global symbol).
 */
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.ts';

export type Kind = 'mapReduce' | 'vertexProgram' | 'task' | 'actor' | 'job' | 'connector';

/** What travels in place of a function. `module` is a URL; '' where there is no module to import (a REPL). */
export interface DefinitionRef {
  readonly module: string;
  readonly name: string;
}

const REGISTRY = Symbol.for('superstep.definitions.1');
const registry = ((globalThis as Record<symbol, unknown>)[REGISTRY] ??= new Map()) as Map<
  string,
  unknown
>;
const keyOf = (kind: Kind, ref: DefinitionRef): string => `${kind} ${ref.module} ${ref.name}`;

/** Remembers a definition under { module, name }. Throws UsageError DEFINITION_TWICE when the module has another
 *  one of that kind and name: a worker could not tell the two apart. */
export function register<T extends { readonly name: string; readonly module?: string }>(
  kind: Kind,
  spec: T,
): DefinitionRef {
  if (typeof spec.name !== 'string' || spec.name === '') {
    throw new UsageError('DEFINITION_INVALID', `a ${kind} needs a name, not ${String(spec.name)}`, {
      remedy: "Name it: name: '…'. Reports use the name, and workers find the definition by it.",
    });
  }
  const ref = { module: spec.module ?? evaluatingModule(), name: spec.name };
  const key = keyOf(kind, ref);
  const other = registry.get(key);
  if (other !== undefined && other !== spec) {
    throw new UsageError(
      'DEFINITION_TWICE',
      `${ref.module || 'this session'} makes two definitions named '${ref.name}' (${kind})`,
      { remedy: 'Give each a name of its own. Make them at the top level of a module, once each.' },
    );
  }
  registry.set(key, spec);
  return ref;
}

/** The definition, or undefined when the module has not been imported here or does not make it. */
export function lookup(kind: Kind, ref: DefinitionRef): unknown {
  return registry.get(keyOf(kind, ref));
}

/** The definition. Throws UsageError DEFINITION_NOT_FOUND: call it where the module has been imported. */
export function found(kind: Kind, ref: DefinitionRef): unknown {
  const spec = lookup(kind, ref);
  if (spec !== undefined) return spec;
  throw new UsageError(
    'DEFINITION_NOT_FOUND',
    `'${ref.name}' (${kind}) is not there when ${ref.module} is imported. It was probably made inside a function`,
    { remedy: 'Make it at the top level of a module, and pass values through params.' },
  );
}

/** Refuses a definition that no worker can import: one made in a REPL (DEFINITION_WITHOUT_MODULE), and one made in
 *  the program's entry file (DEFINITION_IN_ENTRY): a worker importing that would run the program again. Under
 *  `superstep run job.ts` the entry is the command, so a job is one file. */
export function assertNotEntry(ref: DefinitionRef): void {
  if (ref.module === '') {
    throw new UsageError(
      'DEFINITION_WITHOUT_MODULE',
      `'${ref.name}' was not made in a module, so no worker can import it`,
      {
        remedy:
          'Put it in a file of its own and import that, or run it here with collect() of superstep/testing.',
      },
    );
  }
  const entry = entryModule();
  if (entry !== undefined && ref.module.replace(/[?#].*$/, '') === entry) {
    throw new UsageError(
      'DEFINITION_IN_ENTRY',
      `'${ref.name}' is made while ${process.argv[1]} runs, and a worker that imports that file to find it ` +
        'would run the program again',
      {
        remedy:
          'Put the definition at the top level of a module of its own, and import it in the program.',
      },
    );
  }
}

/** URL of the program's entry file, if it is a file. `node ./program` leaves the extension to be found. */
function entryModule(): string | undefined {
  const entry = process.argv[1];
  if (entry === undefined) return undefined;
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(entry)).href;
  } catch {
    return undefined; // `-e`, `-`, or a file that is gone: no worker could import it by mistake.
  }
}

/** The module whose top level is running now, as a URL; '' if there is none that could be imported. */
export function evaluatingModule(): string {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  Error.prepareStackTrace = (_, sites) => sites;
  const sites = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  let module = '';
  for (const site of sites) {
    const file = site.getFileName();
    if (file?.startsWith('node:internal/modules')) break;
    if (file && !file.startsWith('node:')) module = file;
  }
  // CommonJS has paths; a REPL and --eval have names that are neither path nor file.
  if (isAbsolute(module)) return pathToFileURL(module).href;
  return module.includes(':') && !/\[eval\d*\]$/.test(module) ? module : '';
}
