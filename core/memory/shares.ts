/** What a worker's share of the budget is made of: numbers that follow from its floor alone.
 *
 *   floor = working memory (young generation, buffers of the engine) + kernels, which may also take from the pool
 *   even share = its part of what the arena leaves at most, less working memory
 *
 * The working memory lies in V8's heap and in ArrayBuffers, where nothing can be refused: so all of it is reserved when a
 * worker's kernels are made, whether it is used or not, and each part has a bound of its own.
 * Not here: who reserves (exec/thread.ts), the pool (budget.ts).
 */
import type { Budget } from './budget.ts';

const MIB = 2 ** 20;

/** V8 lets garbage gather in three semi-spaces before it looks; more makes collections rarer, but every worker holds
 *  it. A semi-space is a power of two MiB, from 1 to V8's own 16. */
const MAX_SEMI_MIB = 16;
const SEMI_SPACES = 3;
/** All three together are at most this part of the floor, as long as that is a MiB each. */
const YOUNG_OF_FLOOR = 1 / 4;
/** A worker that has had nothing to do holds so much of them: part of what a session holds when idle. */
const IDLE_YOUNG_BYTES = 2 * MIB;

/** One row group of an output (4 MiB), a page in hand, and the batch that is read or written beside it. */
const BUFFER_BYTES = 6 * MIB;

/** The least a slot can work with: the floor, half of it, holds the least working memory (7 MiB), and a small table with
 *  a chunk of input, or a merge of two runs (3 MiB). */
export const LEAST_SLOT_BYTES = 20 * MIB;

/** V8's young generation in a worker with this floor. */
export function youngBytes(floorBytes: number): number {
  const most = (floorBytes * YOUNG_OF_FLOOR) / SEMI_SPACES / MIB;
  let semi = 1;
  while (2 * semi <= Math.min(most, MAX_SEMI_MIB)) semi *= 2;
  return SEMI_SPACES * semi * MIB;
}

/** What a worker with this floor comes to hold beside its kernels. */
export function workingBytes(floorBytes: number): number {
  return youngBytes(floorBytes) - IDLE_YOUNG_BYTES + BUFFER_BYTES;
}

/** Kernels up to this size a worker with this floor keeps although it does not use them. Nobody else could have what is within a floor; but a session
 *  that is idle is not to hold as much as one that works. */
export function keptBytes(floorBytes: number): number {
  return floorBytes / 4;
}

/** What the arena leaves to each worker, where there is little: with less, tables are small, and what is made is many small runs, which costs
 *  more than to write them to segments. */
const LEFT_BYTES = 32 * MIB;
const [LEAST_OF_LIMIT, MOST_OF_LIMIT] = [1 / 4, 1 / 2];

/** What the arena comes to hold, at most: slabs are never given back, and what workers need comes later than the slabs of what
 *  they read. */
export function arenaBytes({ limitBytes, slots }: Pick<Budget, 'limitBytes' | 'slots'>): number {
  const beside = limitBytes - Math.max(1, slots - 1) * LEFT_BYTES;
  return Math.min(limitBytes * MOST_OF_LIMIT, Math.max(limitBytes * LEAST_OF_LIMIT, beside));
}

/** What a worker's kernels can have when the arena is full and every other worker has as much. */
export function evenShareBytes(budget: Budget): number {
  const { limitBytes, slots, floorBytes } = budget;
  const left = limitBytes - arenaBytes(budget);
  return left / Math.max(1, slots - 1) - workingBytes(floorBytes);
}
