/** Which jobs checkpoints can be asked of: checked before anything is read. */
import { parseCount } from '../config.ts';
import { UsageError } from '../errors.ts';
import type { JobPlan } from './plan.ts';

export interface CheckpointOptions {
  /** Supersteps. */
  readonly checkpointEvery?: number | undefined;
  readonly resume?: boolean | undefined;
}

/** Throws UsageError USAGE for a job that no checkpoint can be made of, and for what is no interval. */
export function checkOptions(
  { name, stages }: JobPlan,
  { checkpointEvery, resume }: CheckpointOptions,
): void {
  if (checkpointEvery !== undefined) {
    parseCount(checkpointEvery, 'checkpointEvery', 1, Number.MAX_SAFE_INTEGER);
  }
  if (checkpointEvery === undefined && resume !== true) return;
  if (stages.some(({ kind }) => kind === 'program')) return;
  throw new UsageError('USAGE', `${name} has no supersteps, so there are no checkpoints of it`, {
    remedy: 'Leave out --checkpoint and --resume: they are for jobs over graphs.',
  });
}
