/** Which jobs checkpoints can be asked of: checked before anything is read. What they need is loaded for jobs over graphs only. */
import { parseCount } from '../config.ts';
import { UsageError } from '../errors.ts';
import type { CheckpointsRequest, JobCheckpoints } from './checkpoints.ts';
import type { JobPlan } from './plan.ts';

export interface CheckpointOptions {
  /** Programs are written down beside the output after so many supersteps. */
  readonly checkpointEvery?: number | undefined;
  /** From what is there, programs go on. */
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
  if (hasPrograms(stages)) return;
  throw new UsageError('USAGE', `${name} has no supersteps, so there are no checkpoints of it`, {
    remedy: 'Leave out --checkpoint and --resume: they are for jobs over graphs.',
  });
}

/** When the outputs are open. @throws what JobCheckpoints.open throws */
export async function openCheckpoints(
  request: CheckpointsRequest,
): Promise<JobCheckpoints | undefined> {
  if (!hasPrograms(request.plan.stages)) return undefined;
  return (await import('./checkpoints.ts')).JobCheckpoints.open(request);
}

const hasPrograms = (stages: JobPlan['stages']): boolean =>
  stages.some(({ kind }) => kind === 'program');
