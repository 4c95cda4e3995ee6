/** Runs tables on an executor: gather facts, plan, then stage after stage, then commit. Driver side.
 *
 * Order: `planJob` (pure) → `describe` each input → open the outputs (checked and locked before any work) → for each
 * stage `mapStage`, `reduceStage` → what the last stages made is committed, or kept as results.
 * Invariants: whatever happens, outputs are committed or aborted, ranges released and segments deleted before this
 * returns or throws; a stage's input is released when the last stage that reads it has finished.
 * Not here: what a table is (define/), threads (exec/), the format of files (connectors).
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assertWanted } from '../exec/cancelled.ts';
import type { Executor } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import { system } from '../store/file.ts';
import type { Run } from '../store/run.ts';
import { type Inputs, gatherInputs, type InputOptions } from './inputs.ts';
import { findMapReduce } from './define.ts';
import { isOrdered, keptOf, slicesOf, withoutRows } from './hand-over.ts';
import { layoutOf } from './layout.ts';
import { type Destination, type OpenOutput, openOutput } from './outputs.ts';
import { clockSeconds } from './measure.ts';
import { inUsersPaths } from './users-paths.ts';
import {
  isLast,
  isRead,
  type JobPlan,
  partitionsFor,
  planJob,
  type Stage,
  splitsOf,
} from './plan.ts';
import { type ProgressListener, Watch } from './progress.ts';
import { addMapStats, addReduceStats, emptyStats, type JobStats } from './stats.ts';
import {
  type HeldPart,
  type Into,
  type JobContext,
  type MapRequest,
  mapStage,
  type ReduceArgument,
  reduceStage,
  type Refusals,
} from './stage.ts';
import type { Schema } from '../define/schema.ts';
import type { Table } from '../define/table.ts';

export interface JobOptions extends InputOptions {
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

/** A table's rows in key order, kept until released. */
export interface Kept {
  readonly runs: readonly Run[];
  readonly ranges: readonly Range[];
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
  const job = new JobRun(executor, planJob(tables, options.job), tables, options);
  try {
    return { results: await job.run(), stats: job.stats };
  } catch (error) {
    throw await job.abort(error);
  } finally {
    job.end();
  }
}

/** What a stage made: a part a partition, with what they hold. */
interface StageOutput {
  readonly parts: readonly HeldPart[];
  /** Rows carry the key that orders them over all partitions. */
  readonly keyed: boolean;
  /** Parts are where they are to be: beside the output, or in the hands of a connector. */
  readonly written: boolean;
}

class JobRun {
  readonly stats: JobStats;
  readonly #executor: Executor;
  readonly #plan: JobPlan;
  readonly #tables: { readonly [name: string]: Table<Schema> };
  readonly #options: JobOptions;
  readonly #id = randomUUID();
  readonly #outputs = new Map<string, OpenOutput>();
  readonly #made: (StageOutput | undefined)[] = [];
  readonly #watch: Watch;
  /** Of this job's segments, where they are not beside its output. */
  #folder: string | undefined;
  #failed = false;
  /** Results whose rows stay, by stage. */
  readonly #kept = new Map<number, TableResult>();
  #context!: JobContext;
  #inputs: Inputs = { facts: [], paths: [], splits: [], sources: [] };

  constructor(
    executor: Executor,
    plan: JobPlan,
    tables: { readonly [name: string]: Table<Schema> },
    options: JobOptions,
  ) {
    this.#executor = executor;
    this.#plan = plan;
    this.#tables = tables;
    this.#options = options;
    this.#watch = new Watch(executor, options.onProgress);
    this.stats = emptyStats(plan.name);
  }

  async run(): Promise<{ [name: string]: TableResult }> {
    const { stats } = this;
    const started = performance.now();
    const startedSeconds = clockSeconds();
    this.#inputs = await gatherInputs(this.#plan.reads, this.#options, () => this.#executor.temp());
    stats.files = this.#inputs.facts.flat().length;
    assertWanted(this.#options.signal);
    this.#openOutputs();
    this.#context = {
      job: this.#plan.name,
      temp: this.#tempFolder(),
      seed: this.#options.seed ?? 0,
      chaos: this.#options.chaos,
      refuse: this.#options.refuse,
    };
    stats.seconds.plan = since(started);
    for (const stage of this.#plan.stages) {
      assertWanted(this.#options.signal);
      this.#made[stage.id] = await this.#runStage(stage);
      this.#releaseReadBy(stage);
    }
    assertWanted(this.#options.signal);
    const committing = performance.now();
    const results: { [name: string]: TableResult } = {};
    for (const { name, stage } of this.#plan.results)
      results[name] = await this.#finish(name, stage);
    stats.seconds.commit = since(committing);
    // A job without input and without rows has no tasks.
    if (stats.tasks > 0) stats.seconds.start = stats.firstTaskSeconds - startedSeconds;
    return results;
  }

  /** Undoes what outputs hold, after a failure. Returns that, in words of the user's paths; if something cannot be undone
   *  the next run on the path does it, and the failure is still the one to report. */
  async abort(failure: unknown): Promise<unknown> {
    this.#failed = true;
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

  /** Gives back what stages still hold. */
  end(): void {
    this.#watch.end();
    for (const [stage, made] of this.#made.entries()) {
      // Rows that were kept as they are belong to the result now.
      const kept = !this.#failed && this.#kept.get(stage)?.kept?.runs[0];
      if (kept !== made?.parts[0]?.part.run) this.#release(made);
    }
    for (const { name, path } of this.#inputs.facts.flat()) {
      // Standard input, as it was copied.
      if (name !== undefined && path !== '-') rmSync(path, { force: true });
    }
    if (this.#folder !== undefined && (this.#failed || this.#kept.size === 0)) {
      rmSync(this.#folder, { recursive: true, force: true });
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

  async #runStage(stage: Stage): Promise<StageOutput> {
    const { stats } = this;
    const { splitRows } = this.#options;
    const splits = splitsOf(stage, this.#inputs.splits, this.#outputBytes(), splitRows);
    const layout = layoutOf(
      stage.use === undefined ? { value: stage.output } : findMapReduce(stage.use),
    );
    const asked = isLast(this.#plan, stage.id) ? this.#options.partitions : undefined;
    const partitions = isOrdered(stage) ? 1 : partitionsFor(splits, asked);
    const request = this.#request();
    const mapping = performance.now();
    this.#watch.begin(`${stage.name} map`, splits);
    const held = await mapStage({
      ...request,
      files: splits.map(split => split.label),
      argument: {
        context: this.#context,
        stage: withoutRows(stage),
        rows: stage.legs.map(leg => (leg.from === 'rows' ? leg.rows : [])),
        splits,
        sources: this.#inputs.sources,
        inputs: this.#runsRead(stage),
        partitions,
      },
    });
    stats.seconds.map += since(mapping);
    const reducing = performance.now();
    const into = this.#intoFor(stage, partitions);
    const runs = held.flatMap(({ object }) => object.runs);
    for (const { object } of held) addMapStats(stats, object);
    this.#watch.begin(`${stage.name} reduce`, []);
    try {
      const parts = await reduceStage(
        request,
        Array.from(
          { length: partitions },
          (_, partition): ReduceArgument => ({
            context: this.#context,
            stage: withoutRows(stage),
            fields: layout.fields,
            finished: false,
            partition,
            slices: slicesOf(runs, partition),
            into,
          }),
        ),
      );
      for (const { part } of parts) addReduceStats(stats, part);
      stats.tasks += partitions;
      stats.partitions = partitions;
      const keyed = into.kind === 'run' && into.keyed;
      return { parts, keyed, written: into.kind !== 'run' };
    } finally {
      for (const { ranges } of held) this.#executor.release(ranges);
      for (const { segment } of runs) if (segment !== undefined) rmSync(segment, { force: true });
      stats.seconds.reduce += since(reducing);
    }
  }

  #request(): Omit<MapRequest, 'argument' | 'files'> {
    const { signal, taskTimeoutMs, exceptions } = this.#options;
    const onRetried = (times: number): void => void (this.stats.retried += times);
    return { executor: this.#executor, signal, timeoutMs: taskTimeoutMs, exceptions, onRetried };
  }

  /** Straight to files where partitions are the parts; otherwise to runs, keyed where they are to be merged. */
  #intoFor(stage: Stage, partitions: number): Into {
    const result = this.#plan.results.filter(r => r.stage === stage.id);
    const read = isRead(this.#plan, stage.id);
    const [only] = result;
    const output = only && this.#outputs.get(only.name);
    if (result.length === 1 && !read && output && (!output.single || partitions === 1)) {
      return output.into;
    }
    return { kind: 'run', keyed: result.length > 0 && partitions > 1 };
  }

  /** The table's output in its place, or its rows in order. */
  async #finish(name: string, stageId: number): Promise<TableResult> {
    const known = this.#kept.get(stageId);
    if (known !== undefined && !this.#outputs.has(name)) return known;
    const { parts, keyed, written } = this.#made[stageId]!;
    const { columns } = this.#tables[name]!;
    const output = this.#outputs.get(name);
    const rows = parts.reduce((total, { part }) => total + part.rows, 0);
    const bytes = parts.reduce((total, { part }) => total + part.bytes, 0);
    if (output !== undefined) {
      const last = written ? parts : await this.#merge(stageId, output.into);
      const committed = await output.commit(last.map(({ part }) => part));
      return { columns, rows, bytes, committed };
    }
    const last = keyed ? await this.#merge(stageId, { kind: 'run', keyed: false }) : parts;
    const kept = { columns, rows, bytes, kept: keptOf(last) };
    this.#kept.set(stageId, kept);
    return kept;
  }

  /** All partitions of a stage as one, in key order. */
  #merge(stageId: number, into: Into): Promise<HeldPart[]> {
    const stage = this.#plan.stages[stageId]!;
    const runs = this.#made[stageId]!.parts.map(({ part }) => part.run!);
    return reduceStage(this.#request(), [
      {
        context: this.#context,
        stage: withoutRows(stage),
        fields: runs[0]!.fields,
        finished: true,
        partition: 0,
        slices: slicesOf(runs, 0),
        into,
      },
    ]);
  }

  #outputBytes(): number[][] {
    return this.#made.map(made => made?.parts.map(({ part }) => part.bytes) ?? []);
  }

  #runsRead(stage: Stage): { [stage: number]: readonly Run[] } {
    const read: { [stage: number]: readonly Run[] } = {};
    for (const leg of stage.legs) {
      if (leg.from === 'stage')
        read[leg.stage] = this.#made[leg.stage]!.parts.map(p => p.part.run!);
    }
    return read;
  }

  /** Frees the output of stages whose last reader `stage` was. */
  #releaseReadBy(stage: Stage): void {
    for (const leg of stage.legs) {
      if (leg.from !== 'stage') continue;
      const later = this.#plan.stages.some(
        other =>
          other.id > stage.id && other.legs.some(l => l.from === 'stage' && l.stage === leg.stage),
      );
      if (later || this.#plan.results.some(result => result.stage === leg.stage)) continue;
      this.#release(this.#made[leg.stage]);
      this.#made[leg.stage] = undefined;
    }
  }

  #release(made: StageOutput | undefined): void {
    for (const { part, ranges } of made?.parts ?? []) {
      this.#executor.release(ranges);
      if (part.run?.segment !== undefined) rmSync(part.run.segment, { force: true });
    }
  }
}

const since = (start: number): number => (performance.now() - start) / 1000;
