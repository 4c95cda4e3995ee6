/** Messages of vertex programs in kernel memory: folded along the edges of a partition, and added to inboxes.
 *
 * Order of calls: `countSent`, on which it depends whether to pull or to push. To pull: `begin`, `pull` for each chunk of edges. To push: `expand`,
 * `sortPairs`, `foldPairs`. To receive: `fill`, then `receive` in order of partition and channel. Both ways fold the messages
 * of one target in ascending order of their senders, from the identity: a sum has the same bits either way.
 * Pointers are addresses in the kernels' memory; who allocates them frees them.
 */
import type { Kernels } from './kernels.ts';
import { CHUNK_ROWS, SCRATCH } from './raw.ts';

export type NumberKind = 'i32' | 'i64' | 'f64';
export type FoldOp = 'sum' | 'min' | 'max';
/** What an edge does to a message: nothing, or with its weight. */
export type Way = 'plain' | 'plus' | 'times' | 'least' | 'most';

export const widthOf = (kind: NumberKind): number => (kind === 'i32' ? 4 : 8);
const OPS = { sum: 0, min: 1, max: 2 } as const;
const WAYS = { plain: 0, plus: 1, times: 2, least: 3, most: 4 } as const;

/** An integer left its type. `at`: the listed target, row, sender or pair, as the function says. */
export class MessageOverflow extends Error {
  readonly at: number;
  constructor(at: number) {
    super('a message is beyond its type');
    this.at = at;
  }
}

/** What nothing adds up to, as its two words. */
const IDENTITIES: {
  readonly [K in NumberKind]: { readonly [O in FoldOp]: readonly [low: number, high: number] };
} = {
  i32: { sum: [0, 0], min: [0x7fffffff, 0x7fffffff], max: [0x80000000, 0x80000000] },
  i64: { sum: [0, 0], min: [0xffffffff, 0x7fffffff], max: [0, 0x80000000] },
  f64: { sum: [0, 0], min: [0, 0x7ff00000], max: [0, 0xfff00000] },
};

/** n accumulators become the identity. Up to 8 bytes behind them are written. */
export function fillIdentity(
  { raw }: Kernels,
  kind: NumberKind,
  op: FoldOp,
  pointer: number,
  n: number,
): void {
  const [low, high] = IDENTITIES[kind][op];
  const end = pointer + n * widthOf(kind);
  raw.fill64(pointer, end, low, high);
}

/** How many of n flags, a byte each, are 1; the others are 0. */
export const countFlags = ({ raw }: Kernels, flags: number, n: number): number =>
  raw.countFlags(flags, n);

/** Reads all of it, once and in order, so that it lies in the core's own cache: processors see that coming, but not where edges jump to. */
export const touch = ({ raw }: Kernels, at: number, bytes: number): number => raw.touch(at, bytes);

export interface SentCounts {
  readonly senders: number;
  /** Of senders: as many messages, unfolded. */
  readonly edges: number;
}
/** Of n vertices, those that have sent (`flags`, a byte each) and have edges (`degrees`, u32). */
export function countSent(kernels: Kernels, flags: number, degrees: number, n: number): SentCounts {
  kernels.raw.countSent(flags, degrees, n, SCRATCH);
  const { f64, u32 } = kernels;
  return { edges: f64[SCRATCH >>> 3]!, senders: u32[(SCRATCH >>> 2) + 2]! };
}

/** Of n vertices, those that count as senders (`countSent`), ascending, and where the edges of each begin among all: u32 each; there has to be room
 *  for one more. @returns how many */
export function listSenders(
  { raw }: Kernels,
  flags: number,
  degrees: number,
  n: number,
  senders: number,
  starts: number,
): number {
  return raw.listSenders(flags, degrees, n, senders, starts);
}

export const rangeBytes = (n: number): number => (Math.ceil(n / 32) + 1) * 8;
/** Ranges of n vertices in which all lie that have one of two flags, a byte each: from, to (u32), ascending, `rangeBytes` at most. A range may hold
 *  some that have none. @returns how many */
export const flaggedRanges = (
  { raw }: Kernels,
  a: number,
  b: number,
  n: number,
  out: number,
): number => raw.flaggedRanges(a, b, n, out);

/** n flags, a byte each, as u32. */
export const widenFlags = ({ raw }: Kernels, flags: number, n: number, out: number): void =>
  raw.widenFlags(flags, n, out);

/** Arranged edges on their way through `pull`. `counts`: edges of each listed target. */
export interface Pull {
  readonly kind: NumberKind;
  readonly op: FoldOp;
  readonly way: Way;
  /** Sources have two bytes each (`narrowNumbers`), not four. */
  readonly narrow: boolean;
  /** 8 bytes, moved on by each call. */
  readonly state: number;
  readonly counts: number;
  readonly values: number;
  /** A byte for each source: whether it has sent. 0: all have. */
  readonly sent: number;
  readonly out: number;
  /** A byte for each listed target, where `sent` is not 0. */
  readonly has: number;
}

/** The next edge is the first of listed target `listed`. */
export function beginPull(
  { u32 }: Kernels,
  { state, counts }: Pick<Pull, 'state' | 'counts'>,
  listed: number,
): void {
  u32[state >>> 2] = listed;
  u32[(state >>> 2) + 1] = u32[(counts >>> 2) + listed]!;
}

const KINDS = { i32: '32', i64: '64', f64: 'F64' } as const;
const PLAIN = { sum: 'Sum', min: 'Min', max: 'Max' } as const;
function foldName(op: FoldOp, way: Way) {
  if (way === 'plain') return PLAIN[op];
  if (way === 'plus' && op === 'min') return 'MinPlus';
  return way === 'times' && op === 'sum' ? 'SumTimes' : 'Any';
}

/** Folds n further edges into the accumulators. `weights` as wide as messages. @throws MessageOverflow of a listed target */
export function pull(
  { raw }: Kernels,
  { kind, op, way, narrow, state, counts, values, sent, out, has }: Pull,
  sources: number,
  weights: number,
  n: number,
): void {
  const call =
    raw[`pull${sent === 0 ? foldName(op, way) : 'Some'}${narrow ? 'Narrow' : ''}${KINDS[kind]}`];
  const width = widthOf(kind);
  const sourceWidth = narrow ? 2 : 4;
  for (let from = 0; from < n; from += CHUNK_ROWS) {
    const done = call(
      OPS[op],
      WAYS[way],
      state,
      counts,
      sources + from * sourceWidth,
      weights + from * width,
      Math.min(CHUNK_ROWS, n - from),
      values,
      sent,
      out,
      has,
    );
    if (done < 0) throw new MessageOverflow(-1 - done);
  }
}

/** Numbers below it can be narrow. */
export const NARROW_NUMBERS = 2 ** 16;

/** n numbers (u32, below NARROW_NUMBERS) in two bytes each; `out` may be where they are. */
export function narrowNumbers({ raw }: Kernels, numbers: number, n: number, out: number): void {
  raw.narrowNumbers(numbers, n, out);
}

/** Numbers of targets lie at an address, with two bytes each (`narrowNumbers`) or four. */
export interface Targets {
  readonly at: number;
  readonly narrow: boolean;
}

/** Values that have arrived, each for a target. `has`: which of them there are, a byte each; 0: all. */
export interface Arrived {
  readonly targets: Targets;
  readonly values: number;
  readonly has: number;
}

/** Adds n values to the inbox of their targets. `got` 0: who got any is not marked.
 *  @throws MessageOverflow of a row */
export function receive(
  { raw }: Kernels,
  kind: NumberKind,
  op: FoldOp,
  { targets, values, has }: Arrived,
  n: number,
  inbox: number,
  got: number,
): void {
  const call = { i32: raw.receive32, i64: raw.receive64, f64: raw.receiveF64 }[kind];
  const done = call(OPS[op], targets.narrow, targets.at, values, has, n, inbox, got);
  if (done < 0) throw new MessageOverflow(-1 - done);
}

/** Pairs of target and value, at these addresses. */
export interface Pairs {
  readonly targets: number;
  readonly values: number;
}

/** The edges of n senders (ascending) as pairs; there has to be room for all of them. @throws MessageOverflow of a sender's place */
export function expand(
  { raw }: Kernels,
  kind: NumberKind,
  way: Way,
  senders: number,
  n: number,
  edges: { readonly offsets: number; readonly targets: number; readonly weights: number },
  values: number,
  out: Pairs,
): number {
  const call = { i32: raw.expand32, i64: raw.expand64, f64: raw.expandF64 }[kind];
  const { offsets, targets, weights } = edges;
  const done = call(
    WAYS[way],
    senders,
    n,
    offsets,
    targets,
    weights,
    values,
    out.targets,
    out.values,
  );
  if (done < 0) throw new MessageOverflow(-1 - done);
  return done;
}

const DIGIT_BITS = 11;
/** Of `sortPairs`. */
export const COUNTER_BYTES = 4 << DIGIT_BITS;

/** n pairs by target, stably; targets are below `beyond`. @returns where they are: `pairs` or `spare` */
export function sortPairs(
  { raw }: Kernels,
  kind: NumberKind,
  pairs: Pairs,
  spare: Pairs,
  n: number,
  beyond: number,
  counters: number,
): Pairs {
  let [from, to] = [pairs, spare];
  const shift = kind === 'i32' ? 2 : 3;
  for (let bit = 0; bit < 32 && 2 ** bit < beyond; bit += DIGIT_BITS) {
    raw.sortPairs(from.targets, from.values, shift, n, bit, to.targets, to.values, counters);
    [from, to] = [to, from];
  }
  return from;
}

/** Sorted pairs folded to one a target, in place. @returns how many there are then. @throws MessageOverflow of a pair */
export function foldPairs(
  kernels: Kernels,
  kind: NumberKind,
  op: FoldOp,
  { targets, values }: Pairs,
  n: number,
): number {
  const { raw } = kernels;
  const call = { i32: raw.foldPairs32, i64: raw.foldPairs64, f64: raw.foldPairsF64 }[kind];
  fillIdentity(kernels, kind, op, SCRATCH, 1);
  const done = call(OPS[op], SCRATCH, targets, values, n);
  if (done < 0) throw new MessageOverflow(-1 - done);
  return done;
}
