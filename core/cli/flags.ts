/** What the user typed, as commander gives it, and checked. Names and meanings are fixed: tools are written against them. */
import { configure, parseCount, parseDuration } from '../config.ts';
import type { OpenOptions, RunOptions } from '../define/session.ts';
import type { Tables } from '../define/table.ts';
import { UsageError } from '../errors.ts';

/** Flags of `run` and `explain`, as typed: text, or present. */
export interface RunFlags {
  readonly input?: readonly string[];
  readonly out?: readonly string[];
  readonly param?: readonly string[];
  readonly inputFormat?: string;
  readonly inputEncoding?: string;
  readonly schema?: string;
  readonly skipBad?: string;
  readonly format?: string;
  readonly overwrite?: true;
  readonly workers?: string;
  readonly memory?: string;
  readonly temp?: string;
  readonly partitions?: string;
  readonly timeLimit?: string;
  readonly taskTimeout?: string;
  readonly retries?: string;
  readonly seed?: string;
  readonly limit?: string;
  readonly chaos?: string;
  readonly checkpoint?: string;
  readonly resume?: true;
  readonly report?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

/** `undefined` members left out, so that they mean "not given" to whoever has defaults. */
export function given<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** The number that a flag gives; undefined when it is absent. Throws UsageError USAGE. */
export function count(flag: string, text: string | undefined, least = 0): number | undefined {
  return text === undefined ? undefined : parseCount(text, flag, least, Number.MAX_SAFE_INTEGER);
}

/** The milliseconds that a flag gives; undefined when it is absent. Throws UsageError USAGE. */
export function milliseconds(flag: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text, flag);
}

/** What a session is opened with: flags only, since it asks the environment itself. Throws UsageError USAGE. */
export function openOptions(flags: RunFlags): OpenOptions {
  const { workers, chaos } = configure(flags);
  return given({
    workers: flags.workers === undefined ? undefined : workers.value,
    memory: flags.memory,
    temp: flags.temp,
    chaos: chaos.value,
  });
}

/** What a run is asked for, besides its output: by flags, else by the environment. Throws UsageError USAGE. */
export function runOptions(flags: RunFlags): Omit<RunOptions<Tables>, 'output'> {
  const { partitions, seed, retries, timeLimitMs, taskTimeoutMs } = configure(flags);
  return given({
    overwrite: flags.overwrite,
    format: flags.format,
    partitions: partitions.value,
    seed: seed.value,
    retries: retries.value,
    timeLimitMs: timeLimitMs.value,
    taskTimeoutMs: taskTimeoutMs.value,
    checkpointEvery: count('--checkpoint', flags.checkpoint, 1),
    resume: flags.resume,
  });
}

/** A mistake in the command line. */
export function refuse(message: string, remedy: string): never {
  throw new UsageError('USAGE', message, { remedy });
}
