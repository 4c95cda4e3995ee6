/** superstep as suites run it: in a session that stays open, or by its command line. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  open,
  type OpenOptions,
  type Report,
  read,
  type Schema,
  type Table,
  type utf8,
} from 'superstep';
import { type Ran, run } from './command.ts';
import { ROOT } from './machine.ts';
import type { Running } from './suite.ts';

const COMMAND = join(ROOT, 'dist/core/cli/main.js');

/** A job applied to the lines of a text file. */
export type MakeTable = (lines: Table<{ readonly line: typeof utf8 }>) => Table<Schema>;
/** The trial's seconds, when the call to the committed file took `seconds`. */
export type Clock = (report: Report, seconds: number) => number;

/** Trials that run a table of a text file to a Parquet file: from the call to the committed file, or by `clock`. */
export function tableTrials(
  path: string,
  workers: number,
  makeTable: MakeTable,
  clock: Clock = (_, seconds) => seconds,
): Promise<Running> {
  return trials(
    { workers },
    () => makeTable(read(path)),
    clock,
    ({ shuffled }) => ({
      'bytes shuffled': shuffled.bytes,
    }),
  );
}

/** Trials that run a table over a graph, from its text to a Parquet file: load, process and the whole apart. */
export function graphTrials(
  options: OpenOptions,
  makeTable: () => Table<Schema>,
  clock: Clock,
): Promise<Running> {
  return trials(options, makeTable, clock, ({ seconds: { load, process }, graph }, seconds) => ({
    'load s': load,
    'process s': process,
    'arrange s': graph?.arrangeSeconds ?? 0,
    'makespan s': seconds,
  }));
}

async function trials(
  options: OpenOptions,
  makeTable: () => Table<Schema>,
  clock: Clock,
  figuresOf: (report: Report, seconds: number) => { readonly [name: string]: number },
): Promise<Running> {
  const session = await open(options);
  return {
    async trial(folder) {
      const output = join(folder, 'output.parquet');
      const began = performance.now();
      const result = await session.run(makeTable(), { output });
      const seconds = (performance.now() - began) / 1000;
      const { report } = result;
      await result.release();
      return {
        seconds: clock(report, seconds),
        result: output,
        figures: {
          'bytes out': statSync(output).size,
          ...figuresOf(report, seconds),
          'bytes spilled': report.spilled.bytes,
        },
      };
    },
    close: () => session.close(),
  };
}

/** `superstep …` in a process of its own. Throws an Error with its standard error if it fails. */
export function superstep(args: readonly string[], memory = true): Promise<Ran> {
  return run(process.execPath, [COMMAND, ...args], { memory });
}

/** What `--json` printed. */
export function reportOf({ stdout }: Ran): Report {
  return JSON.parse(stdout) as Report;
}

/** The rows of a csv file of words and counts, which need no quotes, without its header. */
export function csvCounts(path: string): [string, string][] {
  const [, ...lines] = readFileSync(path, 'latin1').trimEnd().split('\n');
  return lines.map(line => line.split(',') as [string, string]);
}
