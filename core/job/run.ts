/** Runs tables on an executor: gather facts, plan, then stage after stage, then commit. Driver side.
 *
 * Order: `planJob` (pure) → `describe` each input → open the outputs (checked and locked before any work) → for each
 * stage `mapStage`, `reduceStage` → what the last stages made is committed, or kept as results.
 * Invariants: whatever happens, outputs are committed or aborted, ranges released and segments deleted before this
 * returns or throws; a stage's input is released when the last stage that reads it has finished.
 * Not here: what a table is (define/), threads (exec/), the format of files (connectors).
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { assertWanted } from '../exec/cancelled.ts';
import type { Executor } from '../exec/executor.ts';
import { discard, system } from '../store/file.ts';
import type { LoadTable } from '../pregel/load/phase.ts';
import { type Inputs, gatherInputs, type InputOptions } from '../mapreduce/inputs.ts';
import { findMapReduce } from '../mapreduce/define.ts';
import { type Destination, type OpenOutput, openOutput } from './outputs.ts';
import { Holdings, type Kept, keptOf, type Made, partsOf, slicesOf } from '../mapreduce/made.ts';
import { clockSeconds } from '../mapreduce/measure.ts';
import { inUsersPaths } from './users-paths.ts';
import {
  type Channel,
  channelKey,
  isRead,
  isSame,
  partitionsFor,
  type Stage,
  splitsOf,
} from '../mapreduce/plan.ts';
import { type CheckpointOptions, checkOptions, openCheckpoints } from './checkpoint-options.ts';
import type { JobCheckpoints } from './checkpoints.ts';
import type { Graphs } from './graphs.ts';
import {
  isLast,
  type JobPlan,
  type JobStage,
  type MapReduceStage,
  planJob,
  type ProgramStage,
  tableOf,
  withoutRows,
} from './plan.ts';
import { type ProgressListener, Watch } from './progress.ts';
import { planReduce } from '../mapreduce/reduce-tasks.ts';
import { addMapStats, addReduceStats, emptyStats, type JobStats } from '../mapreduce/stats.ts';
import type { TasksRequest } from '../mapreduce/tasks.ts';
import {
  type Into,
  type JobContext,
  mapStage,
  type Part,
  type ReduceArgument,
  type Reduced,
  reduceStage,
  type Refusals,
} from '../mapreduce/stage.ts';
import type { Schema } from '../define/schema.ts';
import type { Table } from '../define/table.ts';

export interface JobOptions extends InputOptions, CheckpointOptions {
  /** A thread is starting; it is ready when this resolves. */
  readonly warmed?: Promise<unknown> | undefined;
  /** What reports call the job; otherwise the name of its last stage. */
  readonly job?: string | undefined;
  /** Where a table goes; absent: its rows are kept. */
  readonly destinations: { readonly [table: string]: Destination | undefined };
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  readonly partitions?: number | undefined;
  readonly seed?: number | undefined;
  readonly chaos?: number | undefined;
  readonly taskTimeoutMs?: number | undefined;
  /** Starts of a task whose function throws. */
  readonly exceptions?: number | undefined;
  /** Segments go to the session's folder even where an output has a folder of its own. */
  readonly tempGiven: boolean;
  readonly onProgress?: ProgressListener | undefined;
  readonly splitRows?: number | undefined;
  readonly refuse?: Refusals | undefined;
}

export interface TableResult {
  readonly columns: Schema;
  readonly kept?: Kept;
  readonly committed?: { readonly path?: string; readonly bytes: number };
  readonly rows: number;
  readonly bytes: number;
}

/** Runs `tables`; throws the first failure, with nothing left behind. */
export async function runTables(
  executor: Executor,
  tables: { readonly [name: string]: Table<Schema> },
  options: JobOptions,
): Promise<{ readonly results: { [name: string]: TableResult }; readonly stats: JobStats }> {
  const job = new JobRun(executor, planJob(tables, options.job), options);
  try {
    return { results: await job.run(), stats: job.stats };
  } catch (error) {
    throw await job.abort(error);
  } finally {
    await job.end();
  }
}

class JobRun {
  readonly stats: JobStats;
  readonly #executor: Executor;
  readonly #plan: JobPlan;
  readonly #options: JobOptions;
  readonly #id = randomUUID();
  readonly #outputs = new Map<string, OpenOutput>();
  /** By channel. */
  readonly #made = new Map<string, Made>();
  readonly #holdings: Holdings;
  readonly #watch: Watch;
  /** Of a job that has any: what they need is loaded only then. */
  #graphs: Graphs | undefined;
  #checkpoints: JobCheckpoints | undefined;
  /** Of this job's segments, where they are not beside its output. */
  #folder: string | undefined;
  /** Results whose rows stay, by channel, and the parts that they lie in. */
  readonly #kept = new Map<
    string,
    { readonly result: TableResult; readonly parts: readonly Part[] }
  >();
  #context!: JobContext;
  #inputs: Inputs = { facts: [], paths: [], splits: [], sources: [] };

  constructor(executor: Executor, plan: JobPlan, options: JobOptions) {
    this.#executor = executor;
    this.#plan = plan;
    this.#options = options;
    this.#holdings = new Holdings(executor);
    this.#watch = new Watch(executor, options.onProgress);
    this.stats = emptyStats(plan.name);
  }

  async run(): Promise<{ [name: string]: TableResult }> {
    const { stats } = this;
    const started = performance.now();
    const startedSeconds = clockSeconds();
    checkOptions(this.#plan, this.#options);
    this.#inputs = await gatherInputs(this.#plan.reads, this.#options, () => this.#executor.temp());
    stats.files = this.#inputs.facts.flat().length;
    assertWanted(this.#options.signal);
    this.#openOutputs();
    const asked = { ...this.#options, plan: this.#plan, inputs: this.#inputs, stats };
    this.#checkpoints = await openCheckpoints({ ...asked, outputs: [...this.#outputs.values()] });
    this.#context = {
      job: this.#plan.name,
      temp: this.#tempFolder(),
      seed: this.#options.seed ?? 0,
      chaos: this.#options.chaos,
      refuse: this.#options.refuse,
    };
    // A stage begins where what is before it ends: no time is in neither.
    let began = performance.now();
    stats.seconds.plan = (began - started) / 1000;
    for (const stage of this.#plan.stages) {
      assertWanted(this.#options.signal);
      await this.#runStage(stage, began);
      this.#releaseReadBy(stage);
      await this.#graphs?.releaseReadBy(stage);
      began = performance.now();
    }
    assertWanted(this.#options.signal);
    const committing = performance.now();
    const results: { [name: string]: TableResult } = {};
    const ready: (() => Promise<TableResult>)[] = [];
    for (const result of this.#plan.results) ready.push(await this.#prepare(result));
    // The last moment: from here on outputs appear, one after the other.
    assertWanted(this.#options.signal);
    for (const [i, { name }] of this.#plan.results.entries()) results[name] = await ready[i]!();
    this.#checkpoints?.committed();
    stats.seconds.commit += since(committing);
    // A job without input and without rows has no tasks.
    if (stats.tasks > 0) stats.seconds.start = stats.firstTaskSeconds - startedSeconds;
    return results;
  }

  /** Undoes what outputs hold, after a failure. Returns that, in words of the user's paths; if something cannot be undone
   *  the next run on the path does it, and the failure is still the one to report. */
  async abort(failure: unknown): Promise<unknown> {
    this.#kept.clear();
    for (const output of this.#outputs.values()) {
      try {
        await output.abort();
      } catch {
        // See above.
      }
    }
    const staged = [...this.#outputs].flatMap(([name, { staging }]) => {
      const to = this.#options.destinations[name]!;
      return staging !== undefined && to.kind === 'files' ? [{ staging, path: to.path }] : [];
    });
    return inUsersPaths(failure, staged);
  }

  /** Gives back what is still held; rows that were kept belong to their results now. */
  async end(): Promise<void> {
    await this.#graphs?.end();
    this.#watch.end();
    for (const { parts } of this.#kept.values()) this.#holdings.letGo(parts);
    this.#holdings.release();
    for (const { name, path } of this.#inputs.facts.flat()) {
      // Standard input, as it was copied.
      if (name !== undefined && path !== '-') discard(path);
    }
    const inFiles = [...this.#kept.values()].some(({ result }) =>
      result.kept?.runs.some(run => run.segment !== undefined),
    );
    if (this.#folder !== undefined && !inFiles) {
      discard(this.#folder);
    }
  }

  #openOutputs(): void {
    for (const [i, { name }] of this.#plan.results.entries()) {
      const destination = this.#options.destinations[name];
      if (destination === undefined) continue;
      const request = {
        overwrite: this.#options.overwrite,
        inputs: this.#inputs.paths,
        id: i === 0 ? this.#id : `${this.#id}-${i}`,
        job: this.#plan.name,
      };
      this.#outputs.set(name, openOutput(destination, request));
    }
  }

  /** Beside the output, where there is room for it: the user chose that device for data of this size. A staging folder
   *  ends with its output, so only where nothing outlives that one. */
  #tempFolder(): string {
    const [output, another] = this.#outputs.values();
    const alone = another === undefined && this.#plan.results.length === 1;
    const staging = output?.staging;
    if (staging !== undefined && alone && !this.#options.tempGiven) return staging;
    this.#folder = join(this.#executor.temp(), this.#id);
    system(this.#folder, 'create', () => mkdirSync(this.#folder!));
    return this.#folder;
  }

  async #runStage(stage: JobStage, began: number): Promise<void> {
    if (stage.kind === 'mapReduce') return this.#runMapReduce(stage, began);
    if (stage.kind === 'program') return this.#runProgram(stage);
    const { Graphs } = await import('./graphs.ts');
    this.#graphs ??= new Graphs({
      plan: this.#plan,
      stats: this.stats,
      watch: this.#watch,
      context: () => this.#context,
      request: () => this.#request(),
      table: of => this.#table(of),
      checkpoint: of => this.#checkpoints?.of(of),
    });
    return this.#graphs.load(stage);
  }

  async #runProgram(stage: ProgramStage): Promise<void> {
    const channel = { stage: stage.id };
    let kind = '';
    const parts = await this.#graphs!.run(stage, count => {
      const into = this.#intoFor(channel, count, false);
      ({ kind } = into);
      return into;
    });
    this.#holdings.hold(parts);
    // Rows lie in the order of vertices, one part after the other.
    const sections = [{ parts, keyed: false }];
    this.#made.set(channelKey(channel), { sections, written: kind !== 'run' });
    this.stats.partitions = parts.length;
  }

  async #runMapReduce(stage: MapReduceStage, began: number): Promise<void> {
    const { stats } = this;
    const table = this.#table(stage);
    const { splits } = table;
    const asked = isLast(this.#plan, stage.id) ? this.#options.partitions : undefined;
    const partitions = partitionsFor(splits, asked);
    const spec = stage.use && findMapReduce(stage.use);
    const ranged = spec?.partition === 'range' && partitions > 1;
    const isWanted = (output: string): boolean => this.#isWanted({ stage: stage.id, output });
    const sides = Object.keys(spec?.outputs ?? {}).filter(isWanted);
    const common = {
      context: this.#context,
      stage: table.stage,
      partitions,
      ranged,
      sides,
    };
    this.#watch.begin(`${stage.name} map`, splits);
    // One task: a thread that is nearly there is sooner ready than another that begins.
    if (splits.length === 1) await this.#options.warmed;
    const held = await mapStage({
      ...this.#request(),
      files: splits.map(split => split.label),
      argument: { ...table, ...common },
    });
    stats.seconds.map += since(began);
    const reducing = performance.now();
    for (const { object } of held) addMapStats(stats, object);
    this.#watch.begin(`${stage.name} reduce`, []);
    try {
      const plan = planReduce({
        ...common,
        spec,
        objects: held.map(({ object }) => object),
        intoFor: (output, parts, keyed) => {
          const channel = output === undefined ? {} : { output };
          return this.#intoFor({ stage: stage.id, ...channel }, parts, keyed);
        },
      });
      const made = plan.made(await this.#runTasks(plan.tasks));
      for (const [channel, each] of made) this.#made.set(channel, each);
      stats.partitions = plan.partitions;
    } finally {
      for (const { object, ranges } of held) {
        this.#executor.release(ranges);
        for (const { segment } of [object.runs, ...object.sideRuns].flat())
          if (segment !== undefined) discard(segment);
      }
      stats.seconds.reduce += since(reducing);
    }
  }

  /** What a stage reads, and the splits of it. */
  #table(stage: Stage): LoadTable {
    return {
      stage: withoutRows(stage),
      rows: stage.legs.map(leg => (leg.from === 'rows' ? leg.rows : [])),
      splits: splitsOf(
        stage,
        this.#inputs.splits,
        channel => this.#partsOf(channel).map(({ bytes }) => bytes),
        this.#options.splitRows,
      ),
      sources: this.#inputs.sources,
      inputs: stage.legs.map(leg =>
        leg.from === 'stage' ? this.#partsOf(leg).map(({ run }) => run!) : [],
      ),
    };
  }

  /** Holds what they make. */
  async #runTasks(tasks: readonly ReduceArgument[]): Promise<Reduced[]> {
    const reduced = await reduceStage(this.#request(), tasks);
    for (const each of reduced) {
      addReduceStats(this.stats, each);
      this.#holdings.hold([each.part, ...each.sideParts]);
    }
    return reduced;
  }

  #request(): TasksRequest {
    const { signal, taskTimeoutMs, exceptions } = this.#options;
    const onRetried = (times: number): void => void (this.stats.retried += times);
    return { executor: this.#executor, signal, timeoutMs: taskTimeoutMs, exceptions, onRetried };
  }

  /** Straight to the output where it takes as many parts; otherwise to runs, keyed where they are to be merged. */
  #intoFor(channel: Channel, parts: number, keyed: boolean): Into {
    if (!this.#isWanted(channel)) return { kind: 'none' };
    const [only, another] = this.#plan.results.filter(result => isSame(result, channel));
    const output = only && this.#outputs.get(only.name);
    const alone = another === undefined && !isRead(channel, this.#plan.stages);
    if (output !== undefined && alone && (!output.single || parts === 1)) return output.into;
    return { kind: 'run', keyed: keyed && only !== undefined };
  }

  /** All of a table but its commit: its output beside its place, or its rows in order. */
  async #prepare(result: JobPlan['results'][number]): Promise<() => Promise<TableResult>> {
    const { name, columns } = result;
    const key = channelKey(result);
    const output = this.#outputs.get(name);
    const known = this.#kept.get(key);
    if (known !== undefined && output === undefined) return async () => known.result;
    const made = this.#made.get(key)!;
    const all = partsOf(made);
    const rows = all.reduce((total, part) => total + part.rows, 0);
    const bytes = all.reduce((total, part) => total + part.bytes, 0);
    if (output !== undefined) {
      const last = made.written ? all : [await this.#write(result, made, output.into)];
      // What a further output got from a partition may be nothing: that is no part.
      const parts =
        result.output === undefined ? last : last.filter((part, i) => i === 0 || part.rows > 0);
      return async () => ({ columns, rows, bytes, committed: await output.commit(parts) });
    }
    const parts = await this.#inOrder(result, made);
    const kept = { columns, rows, bytes, kept: keptOf(parts) };
    this.#kept.set(key, { result: kept, parts });
    return async () => kept;
  }

  /** All sections of a channel as one part. */
  async #write(channel: Channel, made: Made, into: Into): Promise<Part> {
    const [only, another] = made.sections;
    if (only!.keyed && another === undefined)
      return this.#join(channel, 'merge', only!.parts, into);
    return this.#join(channel, 'concat', await this.#inOrder(channel, made), into);
  }

  /** Parts whose rows, one after the other, are those of the channel in order. */
  async #inOrder(channel: Channel, { sections }: Made): Promise<readonly Part[]> {
    const all: Part[] = [];
    for (const { parts, keyed } of sections) {
      const run = { kind: 'run', keyed: false } as const;
      if (keyed) all.push(await this.#join(channel, 'merge', parts, run));
      else all.push(...parts);
    }
    return all;
  }

  async #join(
    { stage, output }: Channel,
    how: 'merge' | 'concat',
    parts: readonly Part[],
    into: Into,
  ): Promise<Part> {
    const runs = parts.map(({ run }) => run!);
    const [joined] = await this.#runTasks([
      {
        context: this.#context,
        stage: withoutRows(tableOf(this.#plan.stages[stage]!)),
        output,
        fields: runs[0]!.fields,
        how,
        partition: 0,
        slices: slicesOf(runs, 0),
        into,
        sides: [],
      },
    ]);
    return joined!.part;
  }

  #partsOf(channel: Channel): Part[] {
    return partsOf(this.#made.get(channelKey(channel))!);
  }

  #isResult(channel: Channel): boolean {
    return this.#plan.results.some(result => isSame(result, channel));
  }
  #isWanted(channel: Channel): boolean {
    return this.#isResult(channel) || isRead(channel, this.#plan.stages);
  }

  /** Frees what `stage` was the last to read. */
  #releaseReadBy(stage: JobStage): void {
    const later = this.#plan.stages.filter(({ id }) => id > stage.id);
    for (const leg of stage.legs) {
      if (leg.from !== 'stage' || isRead(leg, later) || this.#isResult(leg)) continue;
      this.#holdings.release(this.#partsOf(leg));
    }
  }
}

const since = (start: number): number => (performance.now() - start) / 1000;
