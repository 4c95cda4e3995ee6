/** PageRank by another way than all that are timed: over a sorted list of edges, each of which pushes to both its ends, with
 * sums that keep what is lost to rounding (Kahan). It is what their results are held against.
 */
import { join } from 'node:path';
import { readNumbers } from './baseline/graph.ts';
import type { Context } from './suite.ts';
import { kept } from './truth.ts';
import { firstDifference, readValues, writeValues } from './values.ts';

/** Paths of arrays, and the graph's edges, each once. */
export type RankTruth = { readonly ids: string; readonly ranks: string; readonly edges: number };

/** Relative: sums of some ten thousand doubles in another order differ by less, a wrong term by more. */
const TOLERANCE = 1e-9;

/** The ranks of an undirected simple graph, from its text, kept beside it. */
export function rankTruth(
  context: Context,
  { path, sha256 }: { readonly path: string; readonly sha256: string },
  iterations: number,
): Promise<RankTruth> {
  const way = `pagerank by pushing, ${iterations} iterations of ${sha256}`;
  return kept(context, way, () => {
    const { ids, ranks, edges } = pushRanks(path, iterations);
    const at = join(context.cache, `truth-pagerank-${iterations}-${sha256.slice(0, 24)}`);
    return { ids: writeValues(`${at}-ids`, ids), ranks: writeValues(at, ranks), edges };
  });
}

/** What is wrong with a file of ranks; undefined if nothing is. */
export async function verifyRanks(result: string, truth: RankTruth): Promise<string | undefined> {
  const ranks = await readValues(truth.ranks);
  const ids = await readValues(truth.ids);
  return firstDifference(await readValues(result), ranks.values, ids.values, TOLERANCE);
}

interface Ranks {
  /** Ids that occur, ascending. */
  readonly ids: Uint32Array;
  readonly ranks: Float64Array;
  /** Edges, each once. */
  readonly edges: number;
}

/** Ids are below 2^26: two of them make one exact double. */
const SHIFT = 2 ** 26;
const DAMPING = 0.85;

export function pushRanks(path: string, iterations: number): Ranks {
  const numbers = readNumbers(path);
  const ids = numbers.toSorted();
  let n = 0;
  for (const id of ids) if (n === 0 || id !== ids[n - 1]) ids[n++] = id;
  const rank = new Uint32Array(n === 0 ? 0 : ids[n - 1]! + 1);
  for (let v = 0; v < n; v++) rank[ids[v]!] = v;
  const pairs = new Float64Array(numbers.length / 2);
  let count = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const [a, b] = [rank[numbers[i]!]!, rank[numbers[i + 1]!]!];
    if (a !== b) pairs[count++] = Math.min(a, b) * SHIFT + Math.max(a, b);
  }
  const sorted = pairs.subarray(0, count).toSorted();
  let edges = 0;
  for (const pair of sorted) if (edges === 0 || pair !== sorted[edges - 1]) sorted[edges++] = pair;
  return { ids: ids.slice(0, n), ranks: iterate(sorted.subarray(0, edges), n, iterations), edges };
}

function iterate(pairs: Float64Array, n: number, iterations: number): Float64Array {
  const degree = new Uint32Array(n);
  const [sources, targets] = [new Uint32Array(pairs.length), new Uint32Array(pairs.length)];
  for (const [i, pair] of pairs.entries()) {
    sources[i] = Math.floor(pair / SHIFT);
    targets[i] = pair % SHIFT;
    degree[sources[i]!]!++;
    degree[targets[i]!]!++;
  }
  const ranks = new Float64Array(n).fill(1 / n);
  for (let i = 0; i < iterations; i++) {
    const sums = new Sums(n);
    let lost = 0;
    for (let v = 0; v < n; v++) if (degree[v] === 0) lost += ranks[v]!;
    for (let e = 0; e < pairs.length; e++) {
      const [a, b] = [sources[e]!, targets[e]!];
      sums.add(a, ranks[b]! / degree[b]!);
      sums.add(b, ranks[a]! / degree[a]!);
    }
    for (let v = 0; v < n; v++) {
      ranks[v] = (1 - DAMPING) / n + DAMPING * (sums.of(v) + lost / n);
    }
  }
  return ranks;
}

class Sums {
  readonly #sums: Float64Array;
  readonly #lost: Float64Array;
  constructor(n: number) {
    this.#sums = new Float64Array(n);
    this.#lost = new Float64Array(n);
  }
  add(at: number, value: number): void {
    const corrected = value - this.#lost[at]!;
    const sum = this.#sums[at]! + corrected;
    this.#lost[at] = sum - this.#sums[at]! - corrected;
    this.#sums[at] = sum;
  }
  of(at: number): number {
    return this.#sums[at]!;
  }
}
