/** From a definition, inputs and parameters of the command line to tables: plans, of which nothing is read yet. */
import { parseParams } from '../define/params.ts';
import type { Schema } from '../define/schema.ts';
import { isTable, read, type ReadOptions, type Table, type Tables } from '../define/table.ts';
import { checkInputFormat, type Encoding, ENCODINGS, type SinkOptions } from '../io.ts';
import type { Definition } from './find-job.ts';
import { count, given, refuse, type RunFlags } from './flags.ts';
import { makeGraph } from './make-graph.ts';
import { parseSchema } from './schema-text.ts';

/** The one input of a definition that does not name its inputs. */
const ONLY = 'input';

/** What a command is to make, by name. */
export interface MadeTables {
  readonly tables: Tables;
  /** There is just one table, without a name of its own. */
  readonly single: boolean;
  /** How its rows are written. */
  readonly sink: SinkOptions;
}

/** The tables that a job makes of its inputs. Throws UsageError USAGE, PARAM_UNKNOWN, PARAM_MISSING, PARAM_INVALID and what
 *  `read`, a graph's format and the job's plan throw. */
export async function makeTables(
  definition: Definition,
  positional: readonly string[],
  flags: RunFlags,
): Promise<MadeTables> {
  const options = readOptions(flags);
  const columns = flags.schema === undefined ? undefined : parseSchema(flags.schema);
  if (definition.kind === 'vertexProgram') {
    const paths = pathsByInput(
      definition,
      [['edges'], ['vertices']],
      positional,
      flags.input ?? [],
    );
    const [edges, vertices] = [paths.get('edges')!, paths.get('vertices')!];
    const of = { texts: flags.param ?? [], schema: columns, options };
    const { graph, params, sink } = await makeGraph(definition, { edges, vertices }, of);
    return { ...named(definition, definition(graph, params)), sink };
  }
  const inputs = definition.inputs ?? { [ONLY]: definition.input! };
  const names = Object.keys(inputs);
  const paths = pathsByInput(definition, [names, []], positional, flags.input ?? []);
  const params = parseParams(definition.params, flags.param ?? []);
  const tables = Object.fromEntries(
    Object.entries(inputs).map(([name, asked]) => [
      name,
      read(paths.get(name)!, columns ?? asked, options),
    ]),
  );
  const made = definition(definition.kind === 'job' ? tables : tables[ONLY], params);
  return { ...named(definition, made), sink: {} };
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

/** @param names of the inputs: those that must be there, and then those that may. */
function pathsByInput(
  definition: Definition,
  [names, optional]: readonly [readonly string[], readonly string[]],
  positional: readonly string[],
  flags: readonly string[],
): Map<string, string[]> {
  const paths = new Map([...names, ...optional].map(name => [name, [] as string[]]));
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
  for (const name of names) {
    if (paths.get(name)!.length > 0) continue;
    if (names.length === 1) usage('no input is given', 'FILE…');
    usage(`input '${name}' is not given`, byName);
  }
  if ([...paths.values()].flat().filter(path => path === '-').length > 1) {
    usage("standard input ('-') can be read once", 'FILE…');
  }
  return paths;
}

function readOptions(flags: RunFlags): ReadOptions {
  const { inputFormat, inputEncoding } = flags;
  if (inputFormat !== undefined) checkInputFormat(inputFormat);
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
