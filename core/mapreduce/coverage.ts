/** Which walk's object covers which split: the commit of a map stage, as a pure state.
 *
 * Splits are claimed in shared memory by the walks themselves (`claim`); only the driver decides what counts
 * (`Coverage`). Order of calls: `claim` until it answers −1; the walk seals; `offer` its object. A walk that failed
 * or died is `giveBack`: its claims are free again. When no walk is left and `finished` is false, more are started.
 *
 * Invariant: every split is covered by exactly one accepted object, or the stage is not finished. An object that holds
 * a split already covered is discarded whole, and its other splits are given back: an object cannot be taken apart,
 * because its rows are combined.
 */

/** A split nobody has claimed. Walks are numbered from 1. */
const FREE = 0;
/** Done with, whoever claimed it: a late object may cover what has been free again, or was claimed by another. */
const COVERED = -1;

/** Takes the first split, `from` on, that is free or walk `walk`'s already, or answers −1. A walk that is started again
 *  finds what its attempt before had claimed, and reads it again. Safe from any thread: one compare-and-set a split. */
export function claim(claims: Int32Array, walk: number, from: number): number {
  for (let split = from; split < claims.length; split++) {
    const owner = Atomics.load(claims, split);
    if (owner === walk) return split;
    if (owner !== FREE) continue;
    if (Atomics.compareExchange(claims, split, FREE, walk) === FREE) return split;
  }
  return -1;
}

export class Coverage {
  readonly claims: Int32Array;
  readonly #covered: Uint8Array;
  #left: number;

  constructor(splits: number) {
    this.claims = new Int32Array(new SharedArrayBuffer(4 * splits));
    this.#covered = new Uint8Array(splits);
    this.#left = splits;
  }

  get finished(): boolean {
    return this.#left === 0;
  }

  /** Splits that nobody covers and nobody is reading. */
  get unclaimed(): number {
    let free = 0;
    for (let split = 0; split < this.claims.length; split++) {
      if (Atomics.load(this.claims, split) === FREE) free++;
    }
    return free;
  }

  /** Accepts the object of a walk, or answers false: then the caller discards it whole. */
  offer(walk: number, splits: readonly number[]): boolean {
    const accepted = !splits.some(split => this.#covered[split] === 1);
    if (accepted) {
      for (const split of splits) {
        this.#covered[split] = 1;
        Atomics.store(this.claims, split, COVERED);
      }
      this.#left -= splits.length;
    }
    // What the walk claimed and does not cover is free again.
    this.giveBack(walk);
    return accepted;
  }

  /** Frees the claims of a walk that is over. */
  giveBack(walk: number): void {
    for (let split = 0; split < this.claims.length; split++) {
      Atomics.compareExchange(this.claims, split, walk, FREE);
    }
  }
}
