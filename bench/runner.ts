/** Runs a suite: variants in turn, a trial each, round after round, every result verified outside the clock.
 *
 * Interleaved, so that what disturbs the machine for a minute disturbs all variants; each round starts with
 * another, so that none always comes after the same. A variant whose result was wrong once has no figures.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine, machine } from './machine.ts';
import type { AnySuite, Context, Json, Trial } from './suite.ts';
import { VariantProcess } from './variant-process.ts';

export interface Row {
  readonly variant: string;
  readonly status: 'verified' | 'wrong' | 'failed' | 'absent';
  /** Why it is not verified. */
  readonly why?: string;
  /** Of each trial, in order. Empty unless verified, and so is all below. */
  readonly seconds: readonly number[];
  readonly min?: number;
  readonly median?: number;
  readonly max?: number;
  /** Units of work a second, by the median, or by the mean where the suite says so. */
  readonly rate?: number;
  /** Median time divided by the rival's. */
  readonly ratio?: number;
  readonly peakBytes?: number;
  readonly figures?: { readonly [name: string]: number };
}
export interface SuiteResult {
  readonly suite: string;
  readonly title: string;
  readonly unit: string;
  readonly units: number;
  readonly rival: string;
  readonly quick: boolean;
  /** YYYY-MM-DD, as given. */
  readonly date: string;
  readonly machine: Machine;
  readonly data: Json;
  readonly rows: readonly Row[];
}

export interface RunOptions extends Context {
  /** URL of the module that exports the suite. */
  readonly module: string;
  readonly trials?: number;
  /** Names of variants; all if empty. */
  readonly only: readonly string[];
  readonly date: string;
  /** Told what is done now. */
  readonly onStep?: (step: string) => void;
}

interface Contestant {
  readonly name: string;
  readonly warmups: number;
  readonly process: VariantProcess;
  readonly trials: Trial[];
  end?: { readonly status: Exclude<Row['status'], 'verified'>; readonly why: string };
}

export async function runSuite(suite: AnySuite, options: RunOptions): Promise<SuiteResult> {
  const { onStep = () => {}, cache } = options;
  mkdirSync(cache, { recursive: true });
  const at = machine();
  onStep('data');
  const data = await suite.data(options);
  onStep('truth');
  const truth = await suite.truth(data, options);
  // Beside the cache: of the size of the data, and on the same disk.
  const scratch = mkdtempSync(join(cache, 'run-'));
  const contestants: Contestant[] = [];
  try {
    for (const { name, warmups = 1, heapMb } of suite.variants) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      const contestant = { name, warmups, process: new VariantProcess(heapMb), trials: [] };
      contestants.push(contestant);
      onStep(`${name}: start`);
      const folder = mkdtempSync(join(scratch, 'start-'));
      const { module } = options;
      take(
        contestant,
        await contestant.process.ask({
          do: 'start',
          module,
          suite: suite.name,
          variant: name,
          data,
          folder,
        }),
      );
    }
    const rounds = options.trials ?? suite.trials;
    const first = -Math.max(...contestants.map(each => each.warmups));
    for (let round = first; round < rounds; round++) {
      for (const contestant of rotate(contestants, round)) {
        if (contestant.end !== undefined || round < -contestant.warmups) continue;
        onStep(`${contestant.name}: ${round < 0 ? 'warm-up' : `trial ${round + 1} of ${rounds}`}`);
        await runTrial(contestant, round >= 0);
      }
    }
  } finally {
    await Promise.all(contestants.map(each => each.process.close()));
    rmSync(scratch, { recursive: true, force: true });
  }

  async function runTrial(contestant: Contestant, counts: boolean): Promise<void> {
    const folder = mkdtempSync(join(scratch, 'trial-'));
    const trial = take(contestant, await contestant.process.ask({ do: 'trial', folder }));
    if (trial !== undefined) {
      const wrong = await suite.verify(trial.result, truth, data);
      if (wrong !== undefined) contestant.end = { status: 'wrong', why: wrong };
      else if (counts) contestant.trials.push(trial);
    }
    rmSync(folder, { recursive: true, force: true });
  }

  const { name, unit, rival } = suite;
  const title = typeof suite.title === 'string' ? suite.title : suite.title(data);
  const units = suite.units(truth, data);
  const { quick, date } = options;
  const rows = summarise(contestants, units, suite);
  return { suite: name, title, unit, units, rival, quick, date, machine: at, data, rows };
}

function take(
  contestant: Contestant,
  answer: Awaited<ReturnType<VariantProcess['ask']>>,
): Trial | undefined {
  if (answer.is === 'done') return answer.trial;
  contestant.end = { status: answer.is, why: answer.why };
  return undefined;
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const at = list.length === 0 ? 0 : ((by % list.length) + list.length) % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

function summarise(
  contestants: readonly Contestant[],
  units: number,
  { rival, memory = true, meanRate = false }: AnySuite,
): Row[] {
  const secondsOf = (name: string) => {
    const found = contestants.find(each => each.name === name);
    return found === undefined || found.end !== undefined ? [] : found.trials.map(t => t.seconds);
  };
  const base = median(secondsOf(rival));
  return contestants.map(({ name, end, trials }): Row => {
    if (end !== undefined) return { variant: name, ...end, seconds: [] };
    const seconds = secondsOf(name);
    const middle = median(seconds);
    if (middle === undefined) return { variant: name, status: 'verified', seconds };
    const peaks = memory ? trials.flatMap(trial => trial.peakBytes ?? []) : [];
    return {
      variant: name,
      status: 'verified',
      seconds,
      min: Math.min(...seconds),
      median: middle,
      max: Math.max(...seconds),
      rate: units / (meanRate ? mean(seconds) : middle),
      ...(base !== undefined && { ratio: middle / base }),
      ...(peaks.length > 0 && { peakBytes: Math.max(...peaks) }),
      figures: figuresOf(trials),
    };
  });
}

function figuresOf(trials: readonly Trial[]): { [name: string]: number } {
  const names = [...new Set(trials.flatMap(({ figures }) => Object.keys(figures ?? {})))];
  return Object.fromEntries(
    names.map(name => [name, median(trials.flatMap(({ figures }) => figures?.[name] ?? []))!]),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle one; of an even number the mean of the two. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
