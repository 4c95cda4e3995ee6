/** How often a task is started again: one rule, pure. The numbers are a job's to change; these are the defaults. */
import type { Attempts } from './executor.ts';

/** Why an attempt ended without a result. */
export type Failure = 'lost' | 'memory' | 'exception' | 'final';

/** Attempts in all, by the reason the last one ended. */
export const ATTEMPTS: Required<Attempts> = {
  /** A worker that vanishes is bad luck once, twice; a task whose worker vanishes each time is the reason for it. */
  lost: 4,
  /** The second runs alone in its slot with twice the share; if that is not enough, no third will be. */
  memory: 2,
  /** Code that threw throws again on the same input, unless its author says otherwise (`retries`). */
  exception: 1,
};

/** Attempts of one task that have failed, by reason. */
export interface Failures {
  lost: number;
  memory: number;
  exception: number;
}
export const noFailures = (): Failures => ({ lost: 0, memory: 0, exception: 0 });

/** Counts a failure and says what follows. `final` (cancelled, over its time limit, not found) never comes back. */
export function afterFailure(
  failures: Failures,
  failure: Failure,
  allowed: Attempts | undefined,
): 'again' | 'again-alone' | 'fail' {
  if (failure === 'final') return 'fail';
  failures[failure] += 1;
  if (failures[failure] >= (allowed?.[failure] ?? ATTEMPTS[failure])) return 'fail';
  return failure === 'memory' ? 'again-alone' : 'again';
}
