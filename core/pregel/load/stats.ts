/** What a load did, in numbers: added up from the tasks whose results count, and only from those. */
import type { Measured } from '../../mapreduce/measure.ts';
import type { RunPart } from './tasks.ts';

export type Phase = 'walk' | 'rank' | 'distribute' | 'arrange';

export interface LoadStats {
  rowsIn: number;
  bytesIn: number;
  /** Records left out, because they were not what they should be. */
  skipped: number;
  tasks: number;
  /** Written to segments, the graph's own included. */
  spilledBytes: number;
  segments: number;
  /** When the first task began, on the clock of `measure`. */
  firstTaskSeconds: number;
  gcSeconds: number;
  readonly seconds: { [P in Phase]: number };
}

export function emptyLoadStats(): LoadStats {
  return {
    rowsIn: 0,
    bytesIn: 0,
    skipped: 0,
    tasks: 0,
    spilledBytes: 0,
    segments: 0,
    firstTaskSeconds: Infinity,
    gcSeconds: 0,
    seconds: { walk: 0, rank: 0, distribute: 0, arrange: 0 },
  };
}

/** `began`: by performance.now. */
export function addPhase(
  stats: LoadStats,
  phase: Phase,
  tasks: readonly Measured[],
  parts: readonly RunPart[],
  began: number,
): void {
  stats.seconds[phase] += (performance.now() - began) / 1000;
  for (const { startedSeconds, gcSeconds } of tasks) {
    stats.tasks++;
    stats.firstTaskSeconds = Math.min(stats.firstTaskSeconds, startedSeconds);
    stats.gcSeconds += gcSeconds;
  }
  for (const { run, spilledBytes } of parts) {
    stats.spilledBytes += spilledBytes;
    if (run.segment !== undefined) stats.segments++;
  }
}
