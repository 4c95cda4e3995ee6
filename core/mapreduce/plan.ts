/** From what a user says (tables: nested plans) and the facts of the inputs to stages. Pure: same tables, same facts, same
 * options, same plan; `superstep explain` prints it, golden files hold it.
 *
 * A stage is one map and one reduce. Its input is a list of *legs*, read in order: files, rows in memory, or the
 * output of an earlier stage, each with the columns renamed as `select` asks. Plans that are shared (by reference)
 * are one stage. A stage has *channels*: the table that it makes, and one for each further output. A table that is only read, selected or concatenated is a stage without a definition.
 *
 * Invariant: nothing here knows of workers or memory. Splits come from the facts; the number of partitions from their
 * bytes, or, where the input is another stage's output, from that output when it is there (`partitionsFor`).
 */
import type { DefinitionRef } from '../define/define.ts';
import type { Schema } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { UsageError } from '../errors.ts';
import type { Split } from '../io.ts';
import { findMapReduce, outputOf } from './define.ts';

/** Splits of plain files: large enough that opening one costs nothing, small enough to share among workers. */
export const SPLIT_BYTES = 16 * 2 ** 20;
/** Input bytes a partition: what a reduce task merges stays near this, however much comes in. */
const PARTITION_BYTES = 32 * 2 ** 20;
/** maps × partitions slices are listed by the driver: this keeps them under a million. */
const MAX_PARTITIONS = 1024;
/** Rows in memory are cut into splits of this many. */
const ROWS_PER_SPLIT = 65_536;

/** New column name: column of the input. */
export type Renamed = { readonly [column: string]: string };

export type Leg = { readonly renamed?: Renamed } & (
  | { readonly from: 'files'; readonly read: number; readonly columns: Schema }
  | { readonly from: 'rows'; readonly rows: readonly object[]; readonly columns: Schema }
  | ({ readonly from: 'stage'; readonly columns: Schema } & Channel)
);

/** What a stage makes: its own table, or one of its further outputs. */
export interface Channel {
  readonly stage: number;
  readonly output?: string;
}
export const isSame = (a: Channel, b: Channel): boolean =>
  a.stage === b.stage && a.output === b.output;
/** Names a channel in maps. */
export const channelKey = ({ stage, output }: Channel): string =>
  output === undefined ? String(stage) : `${stage} ${output}`;

export interface Stage {
  readonly id: number;
  readonly name: string;
  /** Absent: rows pass through as they are. */
  readonly use?: DefinitionRef;
  readonly params: { readonly [name: string]: unknown };
  readonly legs: readonly Leg[];
  readonly input: Schema;
  readonly output: Schema;
}

/** One `read` of the plan: what a source is asked to describe. */
export interface ReadPlan {
  readonly where: Plan & { op: 'read' };
}

export interface JobPlan {
  readonly name: string;
  readonly reads: readonly ReadPlan[];
  readonly stages: readonly Stage[];
  /** Where each table asked for is made. */
  readonly results: readonly ({ readonly name: string; readonly columns: Schema } & Channel)[];
}

/** What a stage's task reads: a split of files, a range of rows, or one part of what an earlier stage made. */
export interface StageSplit {
  readonly leg: number;
  readonly bytes: number;
  readonly label: string;
  readonly split?: Split;
  readonly rows?: readonly [from: number, to: number];
  readonly part?: number;
}

type Apply = Plan & { op: 'apply' };
/** Tables to stages. Throws UsageError for what threads here cannot run yet, naming it. */
export function planJob(
  tables: { readonly [name: string]: { plan: Plan; columns: Schema } },
  name?: string,
): JobPlan {
  const planner = new Planner();
  const results = Object.entries(tables).map(([table, { plan, columns }]) => ({
    name: table,
    columns,
    ...planner.channelFor(plan, columns),
  }));
  const last = planner.stages[results.at(-1)?.stage ?? 0];
  const { reads, stages } = planner;
  return { name: name ?? last?.name ?? 'job', reads, stages, results };
}

class Planner {
  readonly stages: Stage[] = [];
  readonly reads: ReadPlan[] = [];
  readonly #made = new Map<unknown, number>();

  /** Where this plan's rows are made. */
  channelFor(plan: Plan, columns: Schema): Channel {
    if (plan.op === 'apply') {
      const stage = this.#applied(plan);
      return plan.output === undefined ? { stage } : { stage, output: plan.output };
    }
    const stage = this.#once(plan, id => ({
      id,
      name: plan.op,
      params: {},
      legs: this.#legs(plan, columns),
      input: columns,
      output: columns,
    }));
    return { stage };
  }

  #applied(plan: Apply): number {
    if (plan.kind !== 'mapReduce') throw notYet('a vertex program', plan.use.name);
    const spec = findMapReduce(plan.use);
    // Each application resolves its parameters anew, and its further outputs share them.
    return this.#once(plan.params, id => ({
      id,
      name: spec.name,
      use: plan.use,
      params: plan.params,
      legs: this.#legs(plan.input, spec.input),
      input: spec.input,
      output: outputOf(spec),
    }));
  }

  /** Stages are numbered when complete, so that a stage comes after those it reads. */
  #once(plan: object, make: (id: number) => Stage): number {
    const made = this.#made.get(plan);
    if (made !== undefined) return made;
    const stage = make(-1);
    const id = this.stages.length;
    this.stages.push({ ...stage, id });
    this.#made.set(plan, id);
    return id;
  }

  #columnsOf({ stage, output }: Channel): Schema {
    const { use, output: own } = this.stages[stage]!;
    return output === undefined ? own : findMapReduce(use!).outputs![output]!;
  }

  #legs(plan: Plan, columns: Schema): Leg[] {
    switch (plan.op) {
      case 'read': {
        const known = this.reads.findIndex(read => read.where === plan);
        const read = known >= 0 ? known : this.reads.push({ where: plan }) - 1;
        return [{ from: 'files', read, columns: plan.columns }];
      }
      case 'rows':
        return [{ from: 'rows', rows: plan.rows, columns: plan.columns }];
      case 'apply': {
        const channel = this.channelFor(plan, columns);
        return [{ from: 'stage', ...channel, columns: this.#columnsOf(channel) }];
      }
      case 'concat':
        return plan.inputs.flatMap(input => this.#legs(input, columns));
      case 'select':
        return this.#legs(plan.input, columns).map(leg => ({
          ...leg,
          renamed: renamedAgain(plan.columns, leg.renamed),
        }));
      case 'join':
        throw notYet('join', plan.on.join(', '));
      case 'graph':
        throw new UsageError(
          'TYPE_MISMATCH',
          'a graph is not a table: apply a vertex program to it',
        );
    }
  }
}

function renamedAgain(outer: Renamed, inner: Renamed | undefined): Renamed {
  if (inner === undefined) return outer;
  return Object.fromEntries(Object.entries(outer).map(([to, from]) => [to, inner[from] ?? from]));
}

function notYet(what: string, name: string): UsageError {
  return new UsageError('NOT_YET', `${what} ('${name}') cannot be run yet`, {
    remedy:
      'It type-checks and runs under superstep/testing; the engine for it is not part of this version.',
  });
}

/** The splits of a stage, in order: all that a task needs to know of its input. `files` are the splits of each read;
 *  `outputs` the bytes of each part of what an earlier stage has made. */
export function splitsOf(
  stage: Stage,
  files: readonly (readonly Split[])[],
  outputs: (channel: Channel) => readonly number[],
  rowsPerSplit = ROWS_PER_SPLIT,
): StageSplit[] {
  return stage.legs.flatMap((leg, index): StageSplit[] => {
    switch (leg.from) {
      case 'files':
        return files[leg.read]!.map(split => ({
          leg: index,
          bytes: split.bytes,
          label: split.label,
          split,
        }));
      case 'rows':
        return Array.from({ length: Math.ceil(leg.rows.length / rowsPerSplit) }, (_, i) => {
          const from = i * rowsPerSplit;
          const to = Math.min(leg.rows.length, from + rowsPerSplit);
          // A row in memory has no size that is cheap to take and the same everywhere: 64 bytes is a guess.
          return {
            leg: index,
            bytes: 64 * (to - from),
            label: `rows ${from + 1} to ${to}`,
            rows: [from, to],
          };
        });
      case 'stage':
        return outputs(leg).map((bytes, part) => ({
          leg: index,
          bytes,
          label: `stage ${channelKey(leg)}, part ${part}`,
          part,
        }));
    }
  });
}

/** Whether the rows of a channel are read by one of these stages. */
export function isRead(channel: Channel, stages: readonly Stage[]): boolean {
  return stages.some(({ legs }) => legs.some(leg => leg.from === 'stage' && isSame(leg, channel)));
}

/** Whether the user's number of partitions is this stage's. Of a stage that another reads it is not: its partitions are
 *  the order in which its rows are read, and may not change with a flag. */
export function isLast({ results, stages }: JobPlan, stage: number): boolean {
  const reads = (leg: Leg): boolean => leg.from === 'stage' && leg.stage === stage;
  return results.some(result => result.stage === stage) && !stages.some(s => s.legs.some(reads));
}

/** From the bytes of the input, never from workers or memory. */
export function partitionsFor(splits: readonly StageSplit[], asked?: number): number {
  if (asked !== undefined) return asked;
  const bytes = splits.reduce((total, split) => total + split.bytes, 0);
  return Math.max(1, Math.min(MAX_PARTITIONS, Math.ceil(bytes / PARTITION_BYTES)));
}
