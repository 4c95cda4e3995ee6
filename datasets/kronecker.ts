/** Kronecker graphs as Graph500 and GAP make them (R-MAT: Chakrabarti, Zhan and Faloutsos, 2004; A = 0.57, B = C = 0.19),
 * as edge lists: a line `source target` an edge, in the order drawn.
 *
 * There are 2^scale ids and degree × 2^scale edges, some of them self-loops, some more than once; ids that no edge was
 * drawn for do not occur. Both are what the benchmarks' own generators write; whoever loads the graph drops them or not.
 * Every level of an edge falls into one of four quadrants. Four levels at a time come from one draw: Walker's alias table
 * over their 256 outcomes, made of integers, is exact to 2^-32. Ids are then permuted by a seeded bijection that is
 * computed, not kept, so that memory does not depend on the scale.
 */
import { UsageError } from 'superstep';
import { EdgeLines, type Ids } from './edge-lines.ts';
import { mix, Random } from './random.ts';
import { MAX_WORDS } from './words.ts';

export interface KroneckerOptions {
  /** Ids are 0 to 2^scale − 1. */
  readonly scale: number;
  /** Edges for each id. */
  readonly degree: number;
  readonly seed: number;
  /** Default 'dense'. */
  readonly ids?: Ids;
  /** A third column: a whole number from 1 to this. 0, the default: none. The edges are the same with and without. */
  readonly weights?: number;
}

/** Ids fit 30 bits, and ranks of an engine that has at most 2^31 vertices. */
export const KRONECKER_MAX_SCALE = 30;
/** Of 100: source and target bit 0 and 0, 0 and 1, 1 and 0, 1 and 1. */
const QUADRANTS = [57, 19, 19, 5] as const;
/** Levels to a draw: 4^4 outcomes are one byte of it, which leaves 24 bits for the coin. */
const LEVELS = 4;
const OUTCOMES = 4 ** LEVELS;
const COIN_BITS = 24;
/** Keeps the weights from being the draws of the edges. */
const WEIGHTS_SALT = 0x77_65_69_67;

/** The lines, in blocks that are overwritten when the next is asked for. Throws UsageError USAGE where there are not so
 *  many words.
 * @param blockBytes of a block, for tests: the bytes do not depend on it. */
export function* generateKronecker(
  { scale, degree, seed, ids = 'dense', weights = 0 }: KroneckerOptions,
  blockBytes?: number,
): Generator<Uint8Array> {
  if (ids === 'words' && 2 ** scale > MAX_WORDS) {
    const message = `kronecker: there are no ${2 ** scale} different words`;
    throw new UsageError('USAGE', message, { remedy: 'Call vertices dense or sparse.' });
  }
  const random = new Random(seed);
  const weight = new Random(seed ^ WEIGHTS_SALT);
  const lines = new EdgeLines(ids, seed, blockBytes);
  const draw = new Draw(scale);
  const permute = new Permutation(scale, seed);
  for (let left = degree * 2 ** scale; left > 0; ) {
    // One loop to a block: a generator's own loop would be entered again at every edge.
    const most = Math.min(left, lines.room);
    for (let i = 0; i < most; i++) {
      draw.next(random);
      const source = permute.of(draw.source);
      const target = permute.of(draw.target);
      if (weights === 0) lines.add(source, target);
      else lines.addWeighted(source, target, 1 + weight.below(weights));
    }
    left -= most;
    yield lines.take();
  }
}

/** Where an edge falls, level by level. */
class Draw {
  /** Of an outcome: at or above this, of 2^24, its column's alias is meant. */
  readonly #keep = new Uint32Array(OUTCOMES);
  readonly #alias = new Uint8Array(OUTCOMES);
  readonly #scale: number;
  source = 0;
  target = 0;

  constructor(scale: number) {
    this.#scale = scale;
    fillAlias(this.#keep, this.#alias);
  }

  next(random: Random): void {
    let source = 0;
    let target = 0;
    let left = this.#scale;
    for (; left > 0; left -= LEVELS) {
      const drawn = random.next();
      const column = drawn >>> COIN_BITS;
      const coin = drawn & (2 ** COIN_BITS - 1);
      const outcome = coin < this.#keep[column]! ? column : this.#alias[column]!;
      source = (source << LEVELS) | (outcome >>> LEVELS);
      target = (target << LEVELS) | (outcome & (2 ** LEVELS - 1));
    }
    // Levels are independent of each other: those too many are dropped.
    this.source = source >>> -left;
    this.target = target >>> -left;
  }
}

/** Vose's way to Walker's table, in whole numbers: column i is outcome i below keep[i], else alias[i]. */
function fillAlias(keep: Uint32Array, alias: Uint8Array): void {
  const weights = Array.from({ length: OUTCOMES }, (_, outcome) => OUTCOMES * weightOf(outcome));
  const mean = 100 ** LEVELS;
  const small: number[] = [];
  const large: number[] = [];
  for (const [outcome, weight] of weights.entries()) (weight < mean ? small : large).push(outcome);
  keep.fill(2 ** COIN_BITS);
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop()!, large.at(-1)!];
    keep[less] = Math.floor((weights[less]! * 2 ** COIN_BITS) / mean);
    alias[less] = more;
    weights[more]! -= mean - weights[less]!;
    if (weights[more]! < mean) small.push(large.pop()!);
  }
}

/** Of 100^LEVELS. An outcome is the bits of the source over those of the target, the first level's the highest. */
function weightOf(outcome: number): number {
  let weight = 1;
  for (let level = 0; level < LEVELS; level++) {
    const source = (outcome >>> (LEVELS + level)) & 1;
    const target = (outcome >>> level) & 1;
    weight *= QUADRANTS[2 * source + target]!;
  }
  return weight;
}

/** A bijection of the numbers of so many bits: odd factors and xors of a number with its own upper half, each of which
 *  can be undone. Without it the ids with many edges would be those with few bits set. */
class Permutation {
  readonly #mask: number;
  readonly #half: number;
  readonly #factors: readonly [number, number];
  readonly #offset: number;

  constructor(bits: number, seed: number) {
    this.#mask = 2 ** bits - 1;
    this.#half = (bits + 1) >> 1;
    this.#offset = mix(seed ^ 1) & this.#mask;
    this.#factors = [mix(seed ^ 2) | 1, mix(seed ^ 3) | 1];
  }

  of(id: number): number {
    const mask = this.#mask;
    let x = (id + this.#offset) & mask;
    x ^= x >>> this.#half;
    x = Math.imul(x, this.#factors[0]) & mask;
    x ^= x >>> this.#half;
    x = Math.imul(x, this.#factors[1]) & mask;
    return x ^ (x >>> this.#half);
  }
}
