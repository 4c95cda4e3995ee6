/** What a job did, in numbers: added up from the tasks whose results count, and only from those. */
import type { Measured } from './measure.ts';
import type { MapObject, Reduced } from './stage.ts';

export interface JobStats {
  job: string;
  rowsIn: number;
  bytesIn: number;
  /** Records left out, because they were not what they should be. */
  skipped: number;
  files: number;
  rowsEmitted: number;
  bytesEmitted: number;
  rowsShuffled: number;
  bytesShuffled: number;
  bytesSpilled: number;
  segments: number;
  tasks: number;
  retried: number;
  /** When the first task began, on the clock of `measure`. */
  firstTaskSeconds: number;
  gcSeconds: number;
  partitions: number;
  readonly counters: { [name: string]: number };
  readonly warnings: string[];
  /** Of vertex programs: messages before they are folded; channels of partitions that were pulled, or pushed. */
  programs: number;
  messages: number;
  supersteps: number;
  pulled: number;
  pushed: number;
  /** Of vertex programs: arranging edges by target. */
  arrangeSeconds: number;
  readonly seconds: {
    start: number;
    plan: number;
    /** Of graphs. */
    load: number;
    map: number;
    reduce: number;
    /** Supersteps. */
    process: number;
    commit: number;
  };
}

export function emptyStats(job: string): JobStats {
  return {
    job,
    rowsIn: 0,
    bytesIn: 0,
    skipped: 0,
    files: 0,
    rowsEmitted: 0,
    bytesEmitted: 0,
    rowsShuffled: 0,
    bytesShuffled: 0,
    bytesSpilled: 0,
    segments: 0,
    tasks: 0,
    retried: 0,
    firstTaskSeconds: Infinity,
    gcSeconds: 0,
    partitions: 0,
    // Without a prototype: names are the user's.
    counters: Object.create(null),
    programs: 0,
    warnings: [],
    messages: 0,
    supersteps: 0,
    pulled: 0,
    pushed: 0,
    arrangeSeconds: 0,
    seconds: { start: 0, plan: 0, load: 0, map: 0, reduce: 0, process: 0, commit: 0 },
  };
}

export function addMapStats(stats: JobStats, object: MapObject): void {
  stats.tasks++;
  stats.rowsIn += object.rowsIn;
  stats.bytesIn += object.bytesIn;
  stats.skipped += object.skipped;
  stats.rowsEmitted += object.rowsEmitted;
  stats.bytesEmitted += object.bytesEmitted;
  addMeasured(stats, object);
  for (const run of [object.runs, ...object.sideRuns].flat()) {
    for (const ref of run.partitions.flat()) {
      stats.rowsShuffled += ref.rows;
      stats.bytesShuffled += ref.bytes;
      if (!('range' in ref)) stats.bytesSpilled += ref.bytes;
    }
    if (run.segment !== undefined) stats.segments++;
  }
  addCounters(stats, object.counters);
}

export function addReduceStats(stats: JobStats, reduced: Reduced): void {
  stats.tasks++;
  stats.bytesSpilled += reduced.spilledBytes;
  for (const { run, spilledBytes } of [reduced.part, ...reduced.sideParts]) {
    stats.bytesSpilled += spilledBytes;
    if (run?.segment !== undefined) stats.segments++;
  }
  addMeasured(stats, reduced);
  addCounters(stats, reduced.counters);
}

function addMeasured(stats: JobStats, { startedSeconds, gcSeconds }: Measured): void {
  stats.firstTaskSeconds = Math.min(stats.firstTaskSeconds, startedSeconds);
  stats.gcSeconds += gcSeconds;
}

function addCounters(stats: JobStats, counters: { readonly [name: string]: number }): void {
  for (const [name, by] of Object.entries(counters)) {
    stats.counters[name] = (stats.counters[name] ?? 0) + by;
  }
}
