/** What a stage is: one map and one reduce over a list of *legs*, read in order: files, rows in memory, or the output of an
 * earlier stage, each with the columns renamed as `select` asks. Pure.
 *
 * Invariant: nothing here knows of workers or memory. Splits come from the facts; the number of partitions from their
 * bytes, or, where the input is another stage's output, from that output when it is there (`partitionsFor`).
 * Not here: how tables become stages (job/plan.ts).
 */
import type { DefinitionRef } from '../define/define.ts';
import type { Schema } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import type { Split } from '../io.ts';

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

/** What a stage's task reads: a split of files, a range of rows, or one part of what an earlier stage made. */
export interface StageSplit {
  readonly leg: number;
  readonly bytes: number;
  readonly label: string;
  readonly split?: Split;
  readonly rows?: readonly [from: number, to: number];
  readonly part?: number;
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
export function isRead(
  channel: Channel,
  stages: readonly { readonly legs: readonly Leg[] }[],
): boolean {
  return stages.some(({ legs }) => legs.some(leg => leg.from === 'stage' && isSame(leg, channel)));
}

/** From the bytes of the input, never from workers or memory. */
export function partitionsFor(splits: readonly StageSplit[], asked?: number): number {
  if (asked !== undefined) return asked;
  const bytes = splits.reduce((total, split) => total + split.bytes, 0);
  return Math.max(1, Math.min(MAX_PARTITIONS, Math.ceil(bytes / PARTITION_BYTES)));
}
