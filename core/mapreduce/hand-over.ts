/** What one stage hands to the next, to a merge, or to the program: small pure steps of run.ts. */
import type { Slice } from '../shuffle/carrier.ts';
import type { Run } from '../store/run.ts';
import { findMapReduce } from './define.ts';
import type { Stage } from './plan.ts';
import type { Kept } from './run.ts';
import type { HeldPart } from './stage.ts';

/** A total order over all partitions: one partition, whose reduce writes while it merges. */
export function isOrdered(stage: Stage): boolean {
  return stage.use !== undefined && findMapReduce(stage.use).partition === 'range';
}

/** Rows in memory go with the splits that have them, not with every task. */
export function withoutRows(stage: Stage): Stage {
  return {
    ...stage,
    legs: stage.legs.map(leg => (leg.from === 'rows' ? { ...leg, rows: [] } : leg)),
  };
}

export function slicesOf(runs: readonly Run[], partition: number): Slice[] {
  return runs.flatMap(({ segment, partitions }) => {
    const batches = partitions[partition]!;
    return batches.length === 0 ? [] : [{ batches, ...(segment !== undefined && { segment }) }];
  });
}

export function keptOf(parts: readonly HeldPart[]): Kept {
  return {
    runs: parts.map(({ part }) => part.run!),
    ranges: parts.flatMap(({ ranges }) => ranges),
  };
}
