/** What a suite is: data, a truth to verify against, and variants that do the same work on the same data.
 *
 * Order of calls, by the runner: `data` and `truth` once, here; then each variant in a child process of its own:
 * `start` once, `trial` so often as asked (the first `warmups` do not count), `close`. After each trial, outside its
 * clock, `verify` here. What crosses processes is JSON. A suite is the default export of a module in suites/, found
 * there again by the child.
 */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export interface Context {
  /** Generated data and truths are kept here between runs. */
  readonly cache: string;
  /** Less data: the shape of the result in a minute or two, not the figures that are published. */
  readonly quick: boolean;
}

export interface Trial {
  /** What the variant timed. */
  readonly seconds: number;
  /** What `verify` is given: the answer, or the path of a file that has it. */
  readonly result: Json;
  /** Highest resident memory of the process that worked, if that was not this one. */
  readonly peakBytes?: number;
  /** Further figures for the row; the median of the trials is shown. */
  readonly figures?: { readonly [name: string]: number };
}

export interface Running {
  /** One trial. `folder` is empty, and removed when the trial has been verified. */
  trial(folder: string): Promise<Trial>;
  close?(): Promise<void>;
}

export interface Variant<D> {
  readonly name: string;
  /** Trials that do not count before those that do. Default 1. */
  readonly warmups?: number;
  /** V8's heap, where its own limit is too small for the data. */
  readonly heapMb?: number;
  /** Makes everything ready that is not to be timed. Throws Absent where the machine lacks what it needs. */
  start(data: D, folder: string): Promise<Running>;
}

export interface Suite<D, T> {
  /** As it is called on the command line. */
  readonly name: string;
  /** What the table's title says of the work. */
  readonly title: string | ((data: D) => string);
  /** Name of the unit of work, in the plural: rates are given in it. */
  readonly unit: string;
  /** The variant whose time the others' are divided by. */
  readonly rival: string;
  readonly trials: number;
  /** Rates are of the mean time, not of the median: what a benchmark's own definition asks. */
  readonly meanRate?: boolean;
  /** false where the process's memory says nothing of the work: its data, or a process that starts another. */
  readonly memory?: boolean;
  readonly variants: readonly Variant<D>[];
  data(context: Context): D | Promise<D>;
  /** The answer, by a way that none of the fast variants goes. */
  truth(data: D, context: Context): T | Promise<T>;
  /** Units of work in one trial. */
  units(truth: T, data: D): number;
  /** What is wrong with a result; undefined if nothing is. */
  verify(result: Json, truth: T, data: D): Promise<string | undefined> | string | undefined;
}

/** A suite whose data and truth (both JSON) nobody needs the types of. */
export type AnySuite = Suite<Json, Json>;

export function suite<D, T>(spec: Suite<D, T>): AnySuite {
  return spec as unknown as AnySuite;
}

/** A variant cannot run on this machine: its row says so, and nothing fails. */
export class Absent extends Error {
  override readonly name = 'Absent';
}
