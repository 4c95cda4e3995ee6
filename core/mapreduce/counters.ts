/** Counters of user code. They belong to the attempt, and count in the report only if its result does. */
import { UsageError } from '../errors.ts';

/** Names a job may count under; a counter per key would fill the report and the driver. */
const MAX_COUNTERS = 1000;

/** `ctx.count`: adds to `counters`, which has no prototype, since names are the user's. Throws UsageError USAGE. */
export function counterOf(counters: { [name: string]: number }) {
  return (counter: string, by = 1): undefined => {
    if (!(counter in counters) && Object.keys(counters).length >= MAX_COUNTERS) {
      const message = `more than ${MAX_COUNTERS} counters, the next is '${counter}'`;
      throw new UsageError('USAGE', message, {
        remedy: 'Count kinds of things; what differs from row to row is a key to group by',
      });
    }
    counters[counter] = (counters[counter] ?? 0) + by;
  };
}
