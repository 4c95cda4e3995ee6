/** What a session is configured with, and where each value came from: the option, else the environment, else a default
 * from the machine.
 *
 * Pure but for `readMachine`. Errors name the flag (or variable) and the value, and what would be accepted.
 * Deliberately not here: which of them fit together (a memory limit too small for its workers), which the session knows.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { UsageError } from './errors.ts';

/** A value and its origin, as `explain` prints them: '2 (the CPUs this process may use)'. */
export interface Setting<T> {
  readonly value: T;
  readonly from: string;
}

/** As given: options of the API, or texts of flags. */
export interface Given {
  readonly workers?: number | string | undefined;
  readonly memory?: number | string | undefined;
  readonly temp?: string | undefined;
  readonly partitions?: number | string | undefined;
  /** Milliseconds, or a text such as '2h'. */
  readonly timeLimit?: number | string | undefined;
  readonly taskTimeout?: number | string | undefined;
  readonly retries?: number | string | undefined;
  readonly seed?: number | string | undefined;
  readonly chaos?: number | string | undefined;
}

export interface Config {
  readonly workers: Setting<number>;
  readonly memoryBytes: Setting<number>;
  /** Undefined: beside the output, or the system's temporary folder. */
  readonly temp: Setting<string | undefined>;
  /** Undefined: as many as the plan says. */
  readonly partitions: Setting<number | undefined>;
  /** Undefined: none. */
  readonly timeLimitMs: Setting<number | undefined>;
  readonly taskTimeoutMs: Setting<number | undefined>;
  readonly retries: Setting<number>;
  readonly seed: Setting<number>;
  readonly chaos: Setting<number | undefined>;
}

/** What of the machine decides defaults. */
export interface Machine {
  /** CPUs by affinity. */
  readonly processors: number;
  /** CPUs' worth of time that the control group allows; Infinity without a quota. */
  readonly quota: number;
  readonly memoryBytes: number;
  /** What the control group allows; Infinity without a limit. */
  readonly memoryLimitBytes: number;
}

/** Threads that one process may have: far more than CPUs make sense of, few enough for a floor of memory each. */
const MOST_WORKERS = 256;
/** Partitions: as many as a plan has at most. */
const MOST_PARTITIONS = 1024;
/** Retries of a task: a function that threw a hundred times will throw again. */
const MOST_RETRIES = 100;

const within = (least: number, most: number) => (value: number | string, name: string) =>
  parseCount(value, name, least, most);

/** Throws UsageError USAGE that names the flag or the variable, and the value. */
export function configure(
  given: Given,
  environment: { readonly [name: string]: string | undefined } = process.env,
  machine: Machine = readMachine(),
): Config {
  function setting<T>(
    name: keyof Given,
    parse: (value: number | string, name: string) => T,
    fallback: Setting<T>,
  ) {
    const flag = `--${name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
    const variable = `SUPERSTEP_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
    const option = given[name];
    if (option !== undefined) return { value: parse(option, flag), from: flag };
    const text = environment[variable];
    if (text !== undefined && text !== '') return { value: parse(text, variable), from: variable };
    return fallback;
  }
  const none = { value: undefined, from: 'default' };
  const seeds = within(0, Number.MAX_SAFE_INTEGER);
  return {
    workers: setting('workers', within(1, MOST_WORKERS), defaultWorkers(machine)),
    memoryBytes: setting('memory', parseSize, defaultMemory(machine)),
    temp: setting<string | undefined>('temp', String, none),
    partitions: setting<number | undefined>('partitions', within(1, MOST_PARTITIONS), none),
    timeLimitMs: setting<number | undefined>('timeLimit', parseDuration, none),
    taskTimeoutMs: setting<number | undefined>('taskTimeout', parseDuration, none),
    retries: setting('retries', within(0, MOST_RETRIES), { value: 0, from: 'default' }),
    seed: setting('seed', seeds, { value: 0, from: 'default' }),
    chaos: setting<number | undefined>('chaos', seeds, none),
  };
}

function defaultWorkers({ processors, quota }: Machine): Setting<number> {
  const allowed = Math.max(1, Math.floor(quota));
  if (allowed < processors) return { value: allowed, from: 'the CPU quota of this control group' };
  return { value: Math.min(processors, MOST_WORKERS), from: 'the CPUs this process may use' };
}

function defaultMemory({ memoryBytes, memoryLimitBytes }: Machine): Setting<number> {
  if (memoryLimitBytes < memoryBytes) {
    return { value: Math.floor(memoryLimitBytes / 2), from: 'half of what this container may use' };
  }
  return { value: Math.floor(memoryBytes / 2), from: 'half of the memory of this machine' };
}

const SIZES: { readonly [unit: string]: number } = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes: a number, '512MB' (10^6), '512MiB' (2^20), '1.5 GB'. `name` is what the error calls it. */
export function parseSize(value: number | string, name: string): number {
  const [, digits = '', unit = ''] = /^(\d*\.?\d+)\s*([a-z]*)$/i.exec(String(value).trim()) ?? [];
  const factor = Object.hasOwn(SIZES, unit.toLowerCase()) ? SIZES[unit.toLowerCase()]! : Number.NaN;
  const bytes = Math.floor(Number(digits) * factor);
  if (digits !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  refuse(
    name,
    value,
    'a size in bytes',
    'Write 512MB (512 × 10^6), 512MiB (512 × 2^20) or a number of bytes.',
  );
}

const DURATIONS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds: a number of them, or '2h', '10m', '30 s', '1h30m'. `name` is what the error calls it. */
export function parseDuration(value: number | string, name: string): number {
  let milliseconds = 0;
  if (typeof value === 'number') {
    milliseconds = value;
  } else if (/^(\s*\d+(\.\d+)?\s*(ms|s|m|h|d))+\s*$/.test(value)) {
    for (const [, digits, unit] of value.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g)) {
      milliseconds += Number(digits) * DURATIONS[unit!]!;
    }
  }
  milliseconds = Math.round(milliseconds);
  if (Number.isSafeInteger(milliseconds) && milliseconds > 0) return milliseconds;
  refuse(name, value, 'a time', 'Write a number and ms, s, m, h or d: 30s, 10m, 2h, 1h30m.');
}

/** A whole number from `least` to `most`. */
export function parseCount(
  value: number | string,
  name: string,
  least: number,
  most: number,
): number {
  const count =
    typeof value === 'number' ? value : /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (Number.isInteger(count) && count >= least && count <= most) return count;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  refuse(name, value, 'a whole number in its range', `Write a whole number: ${range}.`);
}

function refuse(name: string, value: number | string, what: string, remedy: string): never {
  throw new UsageError('USAGE', `${name}: '${value}' is not ${what}`, { remedy });
}

/** What this process may use. */
export function readMachine(): Machine {
  const limit = process.constrainedMemory();
  return {
    processors: availableParallelism(),
    quota: readQuota(),
    memoryBytes: totalmem(),
    // Without a limit Node says 0 or 1.8e19, by version.
    memoryLimitBytes: limit > 0 && limit < totalmem() ? limit : Infinity,
  };
}

/** The smallest CPU quota of this process's control group and those around it; Infinity where there is none, or no
 *  control groups at all. */
function readQuota(): number {
  const group = /^0::(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1] ?? '/';
  let quota = parseQuota(
    readText('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    readText('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  );
  const names = group.split('/').filter(name => name !== '');
  for (let depth = 0; depth <= names.length; depth++) {
    const folder = ['/sys/fs/cgroup', ...names.slice(0, depth)].join('/');
    const [most = '', period = ''] = readText(`${folder}/cpu.max`).split(' ');
    quota = Math.min(quota, parseQuota(most, period));
  }
  return quota;
}

/** 'max' and −1 mean no quota. */
export function parseQuota(most: string, period: string): number {
  const quota = Number.parseInt(most, 10) / Number.parseInt(period, 10);
  return quota > 0 ? quota : Infinity;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
