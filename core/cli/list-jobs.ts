/** `superstep jobs`: what can be run, with inputs, parameters and columns. */
import {
  type Columns,
  describe,
  type DescribedParam,
  type Description,
  describeParams,
  isRunnable,
  type Runnable,
} from '../define/describe.ts';
import { GRAPH_PARAMS } from '../define/graph.ts';
import { printValue } from '../define/value.ts';
import { UsageError } from '../errors.ts';
import { builtIns, builtInUrl, fileUrl, importJob } from './find-job.ts';
import { print } from './standard-output.ts';

/** The built-in jobs, or all that a file exports. Throws UsageError JOB_NOT_FOUND, JOB_SYNTAX, JOB_NO_DEFAULT or
 *  MODULE_NOT_LOADED. */
export async function listJobs(
  file: string | undefined,
  flags: { readonly json?: true },
): Promise<void> {
  const urls = file === undefined ? builtIns().map(builtInUrl) : [fileUrl(file)];
  const jobs: Description[] = [];
  for (const url of urls) {
    const exports = await importJob(url);
    const found = file === undefined ? [exports['default']] : Object.values(exports);
    jobs.push(...[...new Set(found)].filter(isRunnable).map(described));
  }
  if (jobs.length === 0) {
    throw new UsageError('JOB_NO_DEFAULT', `${file}: it exports no job`, {
      remedy: 'Add: export default mapReduce({…}), or a job({…}) of several definitions',
    });
  }
  await print(flags.json ? `${toJson(jobs)}\n` : jobs.map(printJob).join('\n'));
}

/** With what the command lets one say of a graph. A parameter of the job's own hides one of these. */
function described(of: Runnable): Description {
  const description = describe(of);
  if (description.kind !== 'vertexProgram') return description;
  const more = describeParams(GRAPH_PARAMS).filter(({ name }) => !Object.hasOwn(of.params, name));
  return { ...description, params: [...description.params, ...more] };
}

/** JSON has no bigint: the default of such a parameter is text, as --param takes it. */
const toJson = (jobs: readonly Description[]): string =>
  JSON.stringify({ jobs }, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );

function printJob({ name, inputs, params, outputs = {} }: Description): string {
  const lines = [
    ...printTables('input', inputs),
    ...params.map(param => ['param', param.name, printParam(param)]),
    ...printTables('output', outputs),
  ];
  const width = Math.max(...lines.map(([, what]) => what!.length));
  return [
    name,
    ...lines.map(([kind, what, text]) => `  ${kind!.padEnd(6)}  ${what!.padEnd(width)}  ${text}`),
    '',
  ].join('\n');
}

function printParam(param: DescribedParam): string {
  if (!('default' in param)) return `${param.type}; must be given`;
  const { default: value } = param;
  const text = typeof value === 'string' && value !== '' ? value : printValue(value);
  return `${param.type}; default ${text}`;
}

const printTables = (kind: string, of: { readonly [table: string]: Columns }): string[][] =>
  Object.entries(of).map(([table, columns]) => [kind, table, printColumns(columns)]);

const printColumns = (columns: Columns): string =>
  Object.entries(columns)
    .map(([column, type]) => `${column}: ${type}`)
    .join(', ');
