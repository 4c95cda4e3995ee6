/** What a partition sends in one superstep, and what of it one partition receives. Plain data. */
import type { Field } from '../batch/columns.ts';
import type { NumberKind } from '../kernels/messages.ts';
import type { Slice } from '../shuffle/carrier.ts';
import type { Run } from '../store/run.ts';
import type { GraphFacts } from './resident.ts';

/** Messages of one channel: along out-edges, against in-edges, or to single targets. */
export interface Sent {
  readonly channel: 'out' | 'in' | 'to';
  /** `listed`: a value for each listed target of the channel's arrangement. `whole`: a value for each vertex of the sender, by place, which who
   *  receives it folds along the edges. `pairs`: target and value. `rows`: target and columns, not folded, in order of sending. */
  readonly form: 'listed' | 'whole' | 'pairs' | 'rows';
  /** By receiving partition; `whole`: one part, which is for all. */
  readonly run: Run;
  /** Of what it holds: a name of the attempt that made it. Of `whole` alone, which a thread keeps for all that receive it. */
  readonly id?: string | undefined;
}
/** In the order in which they are folded: out, in, to. */
export type Outbox = readonly Sent[];

/** The part of an outbox that is one partition's. */
export interface Received {
  readonly from: number;
  readonly channel: Sent['channel'];
  readonly form: Sent['form'];
  readonly id?: string | undefined;
  readonly fields: readonly Field[];
  readonly slice: Slice;
}

/** What has come for a partition, in order of the sending partition. `facts`: of the graph that it was sent over. */
export function receivedBy(
  partition: number,
  outboxes: readonly (Outbox | undefined)[],
  facts: GraphFacts,
): Received[] {
  return outboxes.flatMap((outbox, from) =>
    (outbox ?? []).flatMap((sent): Received[] => {
      const { channel, form, run } = sent;
      const to = form === 'whole' ? facts[channel as 'out' | 'in']![from]!.listing : run;
      // A partition that is new got nothing.
      if ((to.partitions[partition] ?? []).length === 0) return [];
      if (form !== 'whole') return [received(from, sent, partition)];
      const same = forAll.get(sent) ?? received(from, sent, 0);
      forAll.set(sent, same);
      return [same];
    }),
  );
}
/** One object for all that receive it: a message to a thread has it once. */
const forAll = new WeakMap<Sent, Received>();

function received(from: number, { channel, form, id, run }: Sent, part: number): Received {
  const { fields, segment } = run;
  const slice = { batches: run.partitions[part]!, ...(segment !== undefined && { segment }) };
  return { from, channel, form, id, fields, slice };
}

const TARGET: Field = { name: 'target', kind: 'i32', nullable: false };
export const listedFields = (kind: NumberKind, some: boolean): Field[] => [
  { name: 'value', kind, nullable: some },
];
export const pairFields = (kind: NumberKind): Field[] => [
  TARGET,
  { name: 'value', kind, nullable: false },
];
/** @param columns as they are stored */
export const rowFields = (columns: readonly Field[]): Field[] => [TARGET, ...columns];
