/** Seconds that this thread has spent collecting garbage since it was first asked. Observed, so it lags by a turn of the
 * event loop. */
import { PerformanceObserver } from 'node:perf_hooks';

let milliseconds = 0;
let observer: PerformanceObserver | undefined;

export function gcSeconds(): number {
  if (observer === undefined) {
    observer = new PerformanceObserver(list => add(list.getEntries()));
    observer.observe({ entryTypes: ['gc'] });
  }
  add(observer.takeRecords());
  return milliseconds / 1000;
}

function add(entries: readonly { readonly duration: number }[]): void {
  for (const { duration } of entries) milliseconds += duration;
}
