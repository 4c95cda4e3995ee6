/** What a task measures of itself, for the report.
 *
 * Garbage collections are observed, and the observer hears of them a turn of the event loop later. The end of a long task takes such a
 * turn; a short one does not wait, which would be a good part of it: what it has collected counts for the next task of its thread.
 */
import { PerformanceObserver } from 'node:perf_hooks';

export interface Measured {
  /** When the task began: seconds of the machine's monotonic clock, the same in every thread. */
  readonly startedSeconds: number;
  /** Of this thread, since a task before told. */
  readonly gcSeconds: number;
}

/** A task is short below it. */
const LONG_SECONDS = 0.05;
/** Of this thread, in milliseconds: what its tasks have been told of. */
let told = 0;

/** Starts measuring; the function that it returns ends it. */
export function measure(): () => Promise<Measured> {
  const startedSeconds = clockSeconds();
  gcMs();
  return async () => {
    if (clockSeconds() - startedSeconds > LONG_SECONDS) await new Promise(setImmediate);
    const gcSeconds = (gcMs() - told) / 1000;
    told += gcSeconds * 1000;
    return { startedSeconds, gcSeconds };
  };
}

/** Seconds of the machine's monotonic clock. */
export function clockSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

let milliseconds = 0;
let observer: PerformanceObserver | undefined;

/** What this thread has spent collecting garbage since it was first asked. */
function gcMs(): number {
  if (observer === undefined) {
    observer = new PerformanceObserver(list => add(list.getEntries()));
    observer.observe({ entryTypes: ['gc'] });
  }
  add(observer.takeRecords());
  return milliseconds;
}

function add(entries: readonly { readonly duration: number }[]): void {
  for (const { duration } of entries) milliseconds += duration;
}
