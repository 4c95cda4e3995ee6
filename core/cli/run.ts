/** `superstep run`: a job on files, its progress on standard error, its rows in files or on standard output. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Report, RunOptions, Session } from '../define/session.ts';
import type { Schema } from '../define/schema.ts';
import type { Table, Tables } from '../define/table.ts';
import { makeTemp } from '../exec/temp.ts';
import { extensionOf, type SinkOptions } from '../io.ts';
import { system } from '../store/file.ts';
import { findJob } from './find-job.ts';
import { type Destinations, findOutputs } from './find-outputs.ts';
import { count, openOptions, refuse, type RunFlags, runOptions } from './flags.ts';
import { Interrupts } from './interrupts.ts';
import { errorAsJson } from './print-error.ts';
import { makeTables } from './make-tables.ts';
import { openSession } from './open.ts';
import { printTable } from './print-table.ts';
import { type ProgressPrinter, progressBars, progressLines } from './progress.ts';
import { print, printFile } from './standard-output.ts';
import { formatBytes, formatCounted, formatSeconds } from './units.ts';

/** Rows of a table on a terminal, unless --limit says otherwise: a screenful. */
const ROWS_SHOWN = 20;

type Options = Omit<RunOptions<Tables>, 'output'> & {
  readonly job: string;
  readonly sink: SinkOptions;
};

/** Throws what the job throws; then nothing has been written, apart from --report. */
export async function run(name: string, paths: readonly string[], flags: RunFlags): Promise<void> {
  const options = runOptions(flags);
  const opening = openOptions(flags);
  const limit = count('--limit', flags.limit);
  const interrupts = new Interrupts(flags.checkpoint !== undefined || flags.resume === true);
  const progress = flags.quiet ? undefined : progressPrinter();
  try {
    // First of all: its thread starts while the job is found.
    await using session = await openSession({ ...opening, warm: true });
    const definition = await findJob(name);
    const { tables, single, sink } = await makeTables(definition, paths, flags);
    const destinations = findOutputs(flags.out ?? [], Object.keys(tables), single);
    const style = styleOf(destinations, flags);
    refuseMixed(style, flags);
    const task: Work = {
      session,
      tables,
      single,
      options: {
        ...options,
        job: definition.ref.name,
        sink,
        signal: interrupts.signal,
        ...(progress && { onProgress: p => progress.update(p) }),
      },
    };
    const report = await write(task, destinations, style, limit ?? ROWS_SHOWN, flags);
    progress?.end();
    const written = { ok: true, ...report };
    if (flags.report !== undefined) writeReport(flags.report, written);
    if (flags.json) await print(`${JSON.stringify(written)}\n`);
    if (!flags.quiet) process.stderr.write(`superstep: ${summary(report, style)}\n`);
  } catch (error) {
    const failure = interrupts.because(error);
    if (flags.report !== undefined) writeReport(flags.report, errorAsJson(failure));
    throw failure;
  } finally {
    progress?.end();
    interrupts.end();
  }
}

interface Work {
  readonly session: Session;
  readonly tables: Tables;
  /** There is one table, without a name of its own. */
  readonly single: boolean;
  readonly options: Options;
}

type Style = 'files' | 'table' | 'stream';

function styleOf({ to }: Destinations, { format }: RunFlags): Style {
  if (to === 'files') return 'files';
  return format === 'table' || (format === undefined && process.stdout.isTTY) ? 'table' : 'stream';
}

function refuseMixed(style: Style, flags: RunFlags): void {
  if (flags.json && style !== 'files') {
    refuse(
      '--json and the rows would both go to standard output',
      'Write the rows to a file: --out PATH',
    );
  }
  if (style !== 'files' && (flags.checkpoint !== undefined || flags.resume)) {
    refuse(
      'checkpoints lie beside the output, and these rows go to standard output',
      'Write the rows to a file: --out PATH',
    );
  }
  if (flags.limit !== undefined && style !== 'table') {
    refuse(
      '--limit is for the table on a terminal',
      'Ask for the table with --format table, or cut the rows with | head',
    );
  }
}

/** Runs the job with its rows on their way; returns the report of all tables. */
function write(
  work: Work,
  destinations: Destinations,
  style: Style,
  rows: number,
  flags: RunFlags,
): Promise<Report> {
  if (destinations.to === 'files') return toFiles(work, destinations.paths);
  const [table] = Object.values(work.tables);
  return style === 'table' ? asTable(work, table!, rows) : asStream(work, table!, flags);
}

async function toFiles(
  { session, tables, single, options }: Work,
  paths: { readonly [table: string]: string },
): Promise<Report> {
  const [name] = Object.keys(tables);
  if (single) {
    const result = await session.run(tables[name!]!, { ...options, output: paths[name!]! });
    return result.report;
  }
  const results = await session.run(tables, { ...options, output: paths });
  const { report } = Object.values(results)[0]!;
  const written = Object.values(report.outputs ?? {});
  const total = (of: 'rows' | 'bytes'): number => written.reduce((sum, each) => sum + each[of], 0);
  return { ...report, output: { rows: total('rows'), bytes: total('bytes') } };
}

async function asTable(
  { session, options }: Work,
  table: Table<Schema>,
  limit: number,
): Promise<Report> {
  const { format: _, ...rest } = options;
  await using result = await session.run(table, rest);
  const rows: object[] = [];
  if (limit > 0) {
    for await (const row of result.rows()) {
      rows.push(row);
      if (rows.length === limit) break;
    }
  }
  const all = result.report.output.rows;
  const counted =
    rows.length < all
      ? `${rows.length} of ${formatCounted(all, 'row')}`
      : formatCounted(all, 'row');
  await print(`${printTable(table.columns, rows as never)}\n(${counted})\n`);
  return result.report;
}

/** By way of a file: its bytes are then those of `--out`, and no reader, however slow, holds the job up. */
async function asStream(
  { session, options }: Work,
  table: Table<Schema>,
  { format = 'csv', temp = tmpdir() }: RunFlags,
): Promise<Report> {
  const extension = extensionOf(format);
  // Named or not: what goes to standard output is seldom large, and it is not what memory had no room for.
  const folder = makeTemp(temp, true);
  try {
    const path = join(folder.path, `rows${extension}`);
    const { report } = await session.run(table, { ...options, format, output: path });
    await printFile(path, options.signal!);
    const { rows, bytes } = report.output;
    return { ...report, output: { rows, bytes } };
  } finally {
    folder.remove();
  }
}

/** Throws LimitError DISK_FULL or IO. */
function writeReport(path: string, report: object): void {
  system(path, 'write', () => writeFileSync(path, `${JSON.stringify(report)}\n`));
}

function progressPrinter(): ProgressPrinter {
  const { stderr } = process;
  return stderr.isTTY
    ? progressBars(stderr, () => performance.now())
    : progressLines(
        line => stderr.write(line),
        () => performance.now(),
      );
}

/** 'wordcount: 17,227 rows to counts.parquet (310 kB) in 0.4 s, from 1 file (1.2 MB); peak memory 98 MB of 4 GB'. */
function summary(report: Report, style: Style): string {
  const { job, input, output, spilled, memory, seconds, warnings, graph } = report;
  const to =
    style !== 'files'
      ? ' to standard output'
      : output.path === undefined
        ? ''
        : ` to ${relative('.', output.path) || '.'}`;
  const parts = [
    `${job}: ${formatCounted(output.rows, 'row')}${to} (${formatBytes(output.bytes)})`,
    ` in ${formatSeconds(seconds.total)}, from ${formatCounted(input.files, 'file')} (${formatBytes(input.bytes)})`,
    `; peak memory ${formatBytes(memory.peak)} of ${formatBytes(memory.limit)}`,
    graph === undefined
      ? ''
      : `; ${formatCounted(graph.supersteps, 'superstep')} in ${formatSeconds(seconds.process)}, load ${formatSeconds(seconds.load)}`,
    spilled.bytes > 0 ? `, ${formatBytes(spilled.bytes)} spilled` : '',
  ];
  return [parts.join(''), ...warnings.map(warning => `  warning: ${warning}`)].join('\n');
}
