/** Why an AbortSignal ended something, as an error. */
import { LimitError, SuperstepError } from '../errors.ts';

/** A reason of ours says itself why: a time limit, a closed session. */
export function cancelledBy(signal: AbortSignal): Error {
  const { reason } = signal as { reason: unknown };
  if (reason instanceof SuperstepError) return reason;
  return new LimitError('CANCELLED', 'cancelled by an AbortSignal', {}, { cause: reason });
}

/** Throws when the signal has been aborted: for places where no task runs that would be told. */
export function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelledBy(signal);
}
