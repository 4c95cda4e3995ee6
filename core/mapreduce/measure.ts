/** What a task measures of itself, for the report.
 *
 * Garbage collections are observed, and the observer hears of them a turn of the event loop later: so the end of a task's
 * measurement takes such a turn.
 */
import { PerformanceObserver } from 'node:perf_hooks';

export interface Measured {
  /** When the task began: seconds of the machine's monotonic clock, the same in every thread. */
  readonly startedSeconds: number;
  /** Of this thread, while the task ran. */
  readonly gcSeconds: number;
}

/** Starts measuring; the function that it returns ends it. */
export function measure(): () => Promise<Measured> {
  const startedSeconds = clockSeconds();
  const before = gcMs();
  return async () => {
    await new Promise(setImmediate);
    return { startedSeconds, gcSeconds: (gcMs() - before) / 1000 };
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
