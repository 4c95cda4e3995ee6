/** Commands and flags, by commander; each command's own code is imported when that command is given.
 *
 * Invariants: every failure leaves here as one printed error (print-error.ts) and one exit code; with `--json`, also
 * as one object on standard output.
 */
import { Command, CommanderError } from 'commander';
import { version } from '../define/version.ts';
import { UsageError } from '../errors.ts';
import type { MakeFlags } from './dataset.ts';
import type { RunFlags } from './flags.ts';
import { errorAsJson, EXIT, exitCodeOf, printError } from './print-error.ts';
import { print, tolerateGoneReaders } from './standard-output.ts';

/** Runs a command line (without `node` and script) and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  tolerateGoneReaders();
  try {
    await program().parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const known = error instanceof CommanderError ? asUsageError(error) : error;
    process.stderr.write(`${printError(known, argv.includes('--verbose'))}\n`);
    if (argv.includes('--json')) await print(`${JSON.stringify(errorAsJson(known))}\n`);
    return (known as { readonly exitCode?: number }).exitCode ?? exitCodeOf(known);
  }
}

/** Commander says 'error: unknown option '--memroy'\n(Did you mean --memory?)'. */
function asUsageError(error: CommanderError): UsageError {
  const [first = '', hint] = error.message.replace(/^error: /, '').split('\n');
  if (error.code === 'commander.help') {
    return new UsageError('USAGE', 'no command is given', {
      remedy: 'Say: superstep run JOB FILE…, or superstep help',
    });
  }
  const remedy = hint?.replace(/^\((.*)\)$/, '$1') ?? 'See: superstep help';
  return new UsageError('USAGE', first, { remedy });
}

function program(): Command {
  const root = new Command('superstep')
    .description('A batch engine for TypeScript: MapReduce and Pregel over files.')
    .version(version(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  job(root.command('run'), 'run a job on files')
    .optionsGroup('Report:')
    .option('--report <file>', 'write the report to a file, as JSON')
    .option('--json', 'print the report on standard output, as JSON')
    .option('--quiet', 'print nothing but errors')
    .action(async (name: string, inputs: string[], flags: RunFlags) => {
      await (await import('./run.ts')).run(name, inputs, flags);
    });
  job(root.command('explain'), 'print the plan of a job; reads sizes, headers and footers only')
    .option('--json', 'print it as JSON')
    .action(async (name: string, inputs: string[], flags: RunFlags) => {
      await (await import('./explain.ts')).explain(name, inputs, flags);
    });
  root
    .command('jobs')
    .description('list jobs: their inputs, parameters and columns')
    .argument('[file]', 'a file with jobs; the built-in ones when absent')
    .option('--json', 'print them as JSON')
    .option('--verbose', 'print stacks with errors')
    .action(async (file: string | undefined, flags: { readonly json?: true }) => {
      await (await import('./list-jobs.ts')).listJobs(file, flags);
    });
  datasets(root.command('dataset'));
  root
    .command('clean')
    .description(
      'delete what dead jobs left in the temporary folder and beside outputs in this folder; checkpoints only with --older',
    )
    .option('--older <time>', 'only what is older than, for example, 7d')
    .option('--temp <dir>', 'the temporary folder')
    .option('--dry-run', 'only print what would be deleted')
    .option('--verbose', 'print stacks with errors')
    .action(
      async (flags: {
        readonly older?: string;
        readonly temp?: string;
        readonly dryRun?: true;
      }) => {
        await (await import('./clean.ts')).clean(flags);
      },
    );
  return root;
}

function datasets(group: Command): void {
  group.description('data to try things on: generated, or from the package');
  group
    .command('list')
    .description('list the data sets')
    .option('--json', 'print them as JSON')
    .action(async (flags: { readonly json?: true }) => {
      await (await import('./dataset.ts')).listDatasets(flags);
    });
  group
    .command('make')
    .description('generate a data set: the same bytes on every machine')
    .argument('<name>', 'see superstep dataset list, which has the parameters of each')
    .requiredOption('--out <file>', 'the file to write')
    .option('--seed <n>', 'of the random numbers (default 1)')
    .option('--size <size>', '400MB: bytes of a text')
    .option('--words <n>', 'words of a text')
    .option('--distinct <n>', 'distinct words')
    .option('--scale <n>', 'the graph has at most 2^n vertices')
    .option('--degree <n>', 'edges for each vertex (default 16)')
    .option('--ids <kind>', 'what vertices are called: dense, sparse or words')
    .option('--weights <n>', 'weights of edges: whole numbers from 1 to n')
    .option('--overwrite', 'replace the file')
    .option('--quiet', 'print nothing but errors')
    .option('--verbose', 'print stacks with errors')
    .action(async (name: string, flags: MakeFlags) => {
      await (await import('./dataset.ts')).makeDataset(name, flags);
    });
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** The flags that `run` and `explain` share. */
function job(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<job>', 'a built-in job (see superstep jobs), or the file of one: ./job.ts')
    .argument('[input...]', 'files, folders, globs, or - for standard input')
    .optionsGroup('Input:')
    .option('--input <[name=]path>', 'an input, by name where the job has several', collect)
    .option(
      '--input-format <format>',
      'text, csv, parquet, edges, mtx, graphology, graphalytics; default by extension, else text (edges, for a job over a graph)',
    )
    .option('--input-encoding <encoding>', 'utf8, utf8-replace, latin1, utf16le, utf16be')
    .option('--schema <columns>', "columns of the input: 'id:int64,total:decimal(12,2)?'")
    .option('--skip-bad <n>', 'skip up to n bad records')
    .option('--param <name=value>', 'a parameter of the job; repeat it for a list', collect)
    .optionsGroup('Output:')
    .option(
      '--out <[name=]path>',
      'a file (by extension) or a folder; - is standard output',
      collect,
      [],
    )
    .option('--format <format>', 'csv, jsonl, parquet, text, graphology, graphalytics, or table')
    .option('--overwrite', 'replace an output that superstep could have written')
    .option('--limit <n>', 'rows of the table on a terminal (default 20)')
    .optionsGroup('Resources:')
    .option('--workers <n>', 'worker threads; default: the CPUs of this process')
    .option('--memory <size>', '512MB, 4GiB; default: half of what there is')
    .option('--temp <dir>', 'for spilled data; default: beside the output')
    .option('--partitions <n>', 'of the last stage')
    .option('--time-limit <time>', 'fail after, for example, 2h')
    .option('--task-timeout <time>', 'limit of one task, for example 10m')
    .option('--retries <n>', 'further attempts of a task that throws (default 0)')
    .option('--checkpoint <n>', 'graphs: written down beside the output every n supersteps')
    .option('--resume', 'graphs: go on from the last checkpoint beside the output')
    .option('--seed <n>', 'for random numbers (default 0)')
    .option('--chaos <seed>', 'kill workers and lose frames, to test: the output is the same')
    .option('--verbose', 'print stacks with errors')
    .addHelpText(
      'after',
      '\nResources and limits may also be set in the environment: SUPERSTEP_WORKERS=2; flags win.',
    );
}
