/** `session.run` and `session.explain`: options checked, tables run, results and report made.
 *
 * Not here: how tables run (run.ts), what a session holds besides (core/session.ts).
 */
import { readFileSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { assertNotEntry } from '../define/define.ts';
import type { Place } from '../define/place.ts';
import type { Report, Result, RunOptions, Written } from '../define/session.ts';
import type { Schema } from '../define/schema.ts';
import { isTable, type Plan, type Table, type Tables } from '../define/table.ts';
import { LimitError, UsageError } from '../errors.ts';
import type { Executor } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import { outputFormat, type SinkOptions, type SourceOptions } from '../io.ts';
import { version } from '../define/version.ts';
import { KeptRows } from './result.ts';
import type { Destination } from './outputs.ts';
import type { Kept } from '../mapreduce/made.ts';
import { runTables, type TableResult } from './run.ts';
import type { Explained } from './explain.ts';
import { gatherInputs } from '../mapreduce/inputs.ts';
import { planJob } from './plan.ts';
import type { Refusals } from '../mapreduce/stage.ts';
import type { JobStats } from '../mapreduce/stats.ts';
import { discard } from '../store/file.ts';

/** What the session gives a run, beside its executor. */
export interface RunHost {
  /** A thread is starting; it is ready when this resolves. */
  warmed?: Promise<unknown>;
  readonly executor: Executor;
  readonly config: Config;
  view(range: Range): Uint8Array;
  /** Aborted when the session closes. */
  readonly closing: AbortSignal;
  /** `temp` was named by the user. */
  readonly tempGiven: boolean;
  readonly chaos?: number | undefined;
  /** Runs `release` when the session closes, unless the handle it returns is called first. */
  onClose(release: () => void): () => void;
}

/** Options of the command line that are not yet of the library. */
export interface InternalRunOptions {
  /** What reports call the job; otherwise the name of its last stage. */
  readonly job?: string;
  readonly source?: SourceOptions;
  /** How rows are written to files. */
  readonly sink?: SinkOptions;
  /** For tests: files are cut into splits of this size, rows in memory into splits of so many. */
  readonly splitBytes?: number;
  readonly splitRows?: number;
  readonly refuse?: Refusals;
}

type AnyOptions = RunOptions<Table<Schema>> & InternalRunOptions;

/** One name stands for "the table" where there is only one. */
const ONLY = '';

export function tablesOf(what: Table<Schema> | Tables): Tables {
  const tables = isTable(what) ? { [ONLY]: what } : what;
  for (const [name, each] of Object.entries(tables)) {
    if (isTable(each)) continue;
    throw new UsageError('USAGE', `run takes a table, or tables by name; '${name}' is not one`, {
      remedy: 'Apply the definition to its input first: run(wordcount(read("books/*.txt")))',
    });
  }
  return tables;
}

export async function runOnSession(
  host: RunHost,
  what: Table<Schema> | Tables,
  options: AnyOptions,
): Promise<Result<Schema> | { [name: string]: Result<Schema> }> {
  const started = performance.now();
  const tables = tablesOf(what);
  for (const { plan } of Object.values(tables)) checkDefinitions(plan);
  const limit = timeLimit(options.timeLimitMs);
  const signals = [host.closing, options.signal, limit.signal].filter(s => s !== undefined);
  try {
    const { results, stats } = await runTables(host.executor, tables, {
      warmed: host.warmed,
      job: options.job,
      destinations: destinationsOf(tables, options),
      overwrite: options.overwrite ?? false,
      signal: AbortSignal.any(signals),
      partitions: options.partitions,
      seed: options.seed,
      checkpointEvery: options.checkpointEvery,
      resume: options.resume,
      chaos: host.chaos,
      taskTimeoutMs: options.taskTimeoutMs,
      exceptions: 1 + (options.retries ?? 0),
      tempGiven: host.tempGiven,
      onProgress: options.onProgress,
      source: options.source,
      splitBytes: options.splitBytes,
      splitRows: options.splitRows,
      refuse: options.refuse,
    });
    const seconds = (performance.now() - started) / 1000;
    const report = reportOf(host, results, stats, seconds);
    // Two names of one table are one result: it is released once.
    const shared = new Map<TableResult, Result<Schema>>();
    const made = Object.entries(results).map(([name, result]) => {
      const known = shared.get(result) ?? resultOf(host, result, report(name));
      shared.set(result, known);
      return [name, known] as const;
    });
    return ONLY in results ? made[0]![1] : Object.fromEntries(made);
  } finally {
    limit.clear();
  }
}

/** The plan of tables. Reads names, sizes and times only. */
export async function explainOnSession(
  host: RunHost,
  what: Table<Schema> | Tables,
  { partitions, job }: { readonly partitions?: number | undefined; readonly job?: string },
): Promise<Explained> {
  const plan = planJob(tablesOf(what), job);
  const inputs = await gatherInputs(plan.reads, {});
  const { workers, memoryBytes } = host.config;
  const settings = [
    { name: 'workers', value: String(workers.value), from: workers.from },
    { name: 'memory', value: `${memoryBytes.value} bytes`, from: memoryBytes.from },
  ];
  const { explainPlan } = await import('./explain.ts');
  return explainPlan(plan, inputs, settings, partitions);
}

/** Rows of a result that went to a file are in the file. */
function resultOf(host: RunHost, result: TableResult, report: Report): Result<Schema> {
  const { kept = { runs: [], ranges: [] }, columns } = result;
  const release = (held: Kept): void => {
    host.executor.release(held.ranges);
    const segments = held.runs.flatMap(({ segment }) => segment ?? []);
    for (const segment of segments) discard(segment);
    for (const folder of new Set(segments.map(segment => dirname(segment)))) removeIfEmpty(folder);
  };
  const forget = host.onClose(() => release(kept));
  return new KeptRows(columns, report, kept, host, held => {
    forget();
    release(held);
  });
}

/** Another result of the same run may have rows there: then the last one removes it. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // See above. What is left goes with the session's folder.
  }
}

/** Every definition of a plan must be found again in workers. */
function checkDefinitions(plan: Plan): void {
  switch (plan.op) {
    case 'apply':
      assertNotEntry(plan.use);
      return checkDefinitions(plan.input);
    case 'read':
      if ('connector' in plan.where) assertNotEntry(plan.where.connector);
      return;
    case 'select':
      return checkDefinitions(plan.input);
    case 'concat':
      for (const input of plan.inputs) checkDefinitions(input);
      return;
    case 'join':
    case 'graph':
    case 'rows':
      return;
  }
}

function destinationsOf(
  tables: Tables,
  { output, format, sink }: AnyOptions,
): { [table: string]: Destination | undefined } {
  if (output === undefined) return {};
  const given = typeof output === 'string' || 'connector' in output ? { [ONLY]: output } : output;
  return Object.fromEntries(
    Object.entries(given as { [name: string]: string | Place }).map(([name, to]) => {
      if (!Object.hasOwn(tables, name)) {
        const known = Object.keys(tables).map(table => `'${table}'`);
        throw new UsageError(
          'USAGE',
          `no table '${name}' to write; there are: ${known.join(', ')}`,
        );
      }
      return [name, destinationOf(to, format, sink)];
    }),
  );
}

/** `name.ext` is one file, everything else a folder of part files. */
function destinationOf(
  to: string | Place,
  format: string | undefined,
  options: SinkOptions = {},
): Destination {
  if (typeof to !== 'string') {
    assertNotEntry(to.connector);
    return { kind: 'place', place: to };
  }
  const single = /\.[A-Za-z0-9]+$/.test(to) && !to.endsWith('/');
  return {
    kind: 'files',
    path: to,
    single,
    format: single || format !== undefined ? outputFormat(to, format) : 'parquet',
    options,
  };
}

function timeLimit(limitMs: number | undefined): { signal?: AbortSignal; clear(): void } {
  if (limitMs === undefined) return { clear() {} };
  const controller = new AbortController();
  const error = new LimitError('TIME_LIMIT', `the job took longer than ${limitMs / 1000} s`, {
    remedy: 'Give it more with --time-limit',
  });
  const timer = setTimeout(() => controller.abort(error), limitMs);
  timer.unref();
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

function written({ rows, bytes, committed }: TableResult): Written {
  return {
    rows,
    bytes: committed?.bytes ?? bytes,
    ...(committed?.path !== undefined && { path: committed.path }),
  };
}

function reportOf(
  host: RunHost,
  results: { readonly [name: string]: TableResult },
  stats: JobStats,
  total: number,
): (table: string) => Report {
  const all = Object.values(results).map(written);
  const { seconds } = stats;
  const common = {
    job: stats.job,
    version: version(),
    input: { files: stats.files, bytes: stats.bytesIn, rows: stats.rowsIn },
    counters: { ...stats.counters },
    shuffled: { bytesBeforeCombine: stats.bytesEmitted, bytes: stats.bytesShuffled },
    spilled: { bytes: stats.bytesSpilled, segments: stats.segments },
    memory: { limit: host.executor.budget.limitBytes, peak: peakBytes() },
    gcSeconds: stats.gcSeconds,
    seconds: {
      start: seconds.start,
      load: seconds.plan + seconds.load,
      map: seconds.map,
      reduce: seconds.reduce,
      process: seconds.process,
      commit: seconds.commit,
      total,
    },
    tasks: { total: stats.tasks, retried: stats.retried, speculated: 0 },
    partitions: stats.partitions,
    ...(stats.programs > 0 && {
      graph: {
        supersteps: stats.supersteps,
        messages: stats.messages,
        pulled: stats.pulled,
        pushed: stats.pushed,
        arrangeSeconds: stats.arrangeSeconds,
      },
    }),
    warnings: [...stats.warnings, ...(stats.skipped === 0 ? [] : [leftOut(stats.skipped)])],
  };
  const outputs = Object.fromEntries(Object.entries(results).map(([n, r]) => [n, written(r)]));
  return table => ({
    ...common,
    output: ONLY in results ? all[0]! : written(results[table]!),
    ...(!(ONLY in results) && { outputs }),
  });
}

const leftOut = (records: number): string =>
  `${records.toLocaleString('en')} ${records === 1 ? 'record was' : 'records were'} left out (--skip-bad)`;

/** Most memory this process has ever had resident. */
function peakBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))!;
    return Number(kilobytes) * 1024;
  } catch {
    // Not Linux: what the system says of the process at its largest, in kilobytes.
    return process.resourceUsage().maxRSS * 1024;
  }
}
