/** From a definition, inputs and parameters of the command line to tables: plans, of which nothing is read yet. */
import { edges, graph } from '../define/graph.ts';
import { parseParams } from '../define/params.ts';
import type { Schema } from '../define/schema.ts';
import { isTable, read, type ReadOptions, type Table, type Tables } from '../define/table.ts';
import { type Encoding, ENCODINGS } from '../io.ts';
import type { Definition } from './find-job.ts';
import { count, given, refuse, type RunFlags } from './flags.ts';
import { parseSchema } from './schema-text.ts';

/** The one input of a definition that does not name its inputs. */
const ONLY = 'input';

/** The tables that a job makes of its inputs, by name, and whether there is just one of them, without a name. Throws
 *  UsageError USAGE, PARAM_UNKNOWN, PARAM_MISSING, PARAM_INVALID and what `read` and the job's plan throw. */
export function makeTables(
  definition: Definition,
  positional: readonly string[],
  flags: RunFlags,
): { readonly tables: Tables; readonly single: boolean } {
  const inputs = definition.inputs ?? { [ONLY]: definition.input ?? edges };
  const paths = pathsByInput(definition, Object.keys(inputs), positional, flags.input ?? []);
  const params = parseParams(definition.params, flags.param ?? []);
  const columns = flags.schema === undefined ? undefined : parseSchema(flags.schema);
  const options = readOptions(flags);
  const tables = Object.fromEntries(
    Object.entries(inputs).map(([name, asked]) => [
      name,
      read(paths.get(name)!, columns ?? asked, options),
    ]),
  );
  return named(definition, apply(definition, tables, params));
}

function apply(definition: Definition, tables: Tables, params: object): Table<Schema> | Tables {
  switch (definition.kind) {
    case 'job':
      return definition(tables, params);
    case 'mapReduce':
      return definition(tables[ONLY], params);
    case 'vertexProgram':
      return definition(graph(tables[ONLY] as never), params);
  }
}

/** What came out as tables by name: a map-reduce with further outputs gives its own table its own name. */
function named(
  definition: Definition,
  made: Table<Schema> | Tables,
): { readonly tables: Tables; readonly single: boolean } {
  if (!isTable(made)) return { tables: made, single: false };
  const { outputs = {} } = made as { readonly outputs?: Tables };
  const single = Object.keys(outputs).length === 0;
  return { tables: { [definition.ref.name]: made, ...outputs }, single };
}

function pathsByInput(
  definition: Definition,
  names: readonly string[],
  positional: readonly string[],
  flags: readonly string[],
): Map<string, string[]> {
  const paths = new Map(names.map(name => [name, [] as string[]]));
  const job = definition.ref.name;
  const usage = (message: string, example: string): never =>
    refuse(`${job}: ${message}`, `Say: superstep run ${job} ${example}`);
  const [only] = names;
  const byName = names.map(name => `--input ${name}=PATH`).join(' ');
  if (positional.length > 0 && names.length !== 1) {
    usage(`it has ${names.length} inputs, and ${positional[0]} could be any`, byName);
  }
  if (names.length === 1) paths.get(only!)!.push(...positional);
  for (const flag of flags) {
    const at = flag.indexOf('=');
    // `a=b.txt` may be the name of a file, where the job has no input `a`.
    const name = at > 0 && paths.has(flag.slice(0, at)) ? flag.slice(0, at) : undefined;
    if (name === undefined && names.length !== 1) {
      usage(`--input ${flag}: which of ${names.join(', ')} is it?`, byName);
    }
    paths.get(name ?? only!)!.push(name === undefined ? flag : flag.slice(at + 1));
  }
  for (const [name, list] of paths) {
    if (list.length === 0) {
      if (names.length === 1) usage('no input is given', 'FILE…');
      usage(`input '${name}' is not given`, byName);
    }
  }
  if ([...paths.values()].flat().filter(path => path === '-').length > 1) {
    usage("standard input ('-') can be read once", 'FILE…');
  }
  return paths;
}

function readOptions(flags: RunFlags): ReadOptions {
  const { inputFormat, inputEncoding } = flags;
  if (inputEncoding !== undefined && !ENCODINGS.includes(inputEncoding as Encoding)) {
    refuse(
      `--input-encoding ${inputEncoding}: there is no such encoding`,
      `Encodings are ${ENCODINGS.join(', ')}`,
    );
  }
  return given({
    format: inputFormat as ReadOptions['format'],
    encoding: inputEncoding as ReadOptions['encoding'],
    skipBad: count('--skip-bad', flags.skipBad),
  }) as ReadOptions;
}
