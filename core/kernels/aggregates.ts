/** Accumulators of the built-in aggregates: how wide, what they start from, which kernel folds into them.
 *
 * An f64 sum is five int64 (ARCHITECTURE.md, "Reproducible float sums"). A *total* is an integer sum whose parts may leave
 * 64 bits: two int64, the low half and how often it has wrapped around; whether it fits is asked once it is complete, so
 * the answer depends on the values alone. Everything else is one value of its kind; a plain integer `sum` is for what
 * cannot overflow, such as counts, and throws when it does. Min
 * and max take NaN for the largest number, and −0 for less than 0: as one value is its own minimum, so −0 stays.
 */
import type { Field, Kind } from '../batch/columns.ts';
import type { Kernels } from './kernels.ts';
import { CHUNK_ROWS } from './raw.ts';

export type Aggregate = {
  readonly op: 'sum' | 'total' | 'min' | 'max';
  readonly kind: 'i32' | 'i64' | 'f64';
  /** Of a total: decimal digits that it may have, where that is less than its kind has. */
  readonly digits?: number | undefined;
};

/** An integer sum left its type. `id` is the group, `row` the row of the call at which it happened. */
export class KernelOverflow extends Error {
  readonly id: number;
  readonly row: number;
  constructor(id: number, row: number) {
    super(`the sum of group ${id} overflows`);
    this.name = 'KernelOverflow';
    this.id = id;
    this.row = row;
  }
}

/** The words of a float sum, in order. */
export const SUM_WORDS = ['top', 'over', 'bin0', 'bin1', 'bin2'] as const;
const TOTAL_WORDS = ['low', 'high'] as const;
const OPS = { sum: 0, total: 0, min: 1, max: 2 } as const;

export const isFloatSum = ({ op, kind }: Aggregate): boolean => op === 'sum' && kind === 'f64';

/** The int64 columns that carry an aggregate; none: one column of its kind does. */
export function wordsOf(aggregate: Aggregate): readonly string[] {
  if (aggregate.op === 'total') return TOTAL_WORDS;
  return isFloatSum(aggregate) ? SUM_WORDS : [];
}

/** Bytes of one accumulator. */
export function widthOf(aggregate: Aggregate): number {
  const words = wordsOf(aggregate);
  if (words.length > 0) return 8 * words.length;
  return aggregate.kind === 'i32' ? 4 : 8;
}

const field = (name: string, kind: Kind): Field => ({ name, kind, nullable: false });

/** The columns that carry aggregate `index`. */
export function fieldsOfAggregate(aggregate: Aggregate, index: number): Field[] {
  const words = wordsOf(aggregate);
  if (words.length === 0) return [field(String(index), aggregate.kind)];
  return words.map(word => field(`${index}.${word}`, 'i64'));
}

/** What an accumulator of nothing holds, as the two halves of 8 bytes. */
function neutral({ op, kind }: Aggregate): readonly [low: number, high: number] {
  if (op === 'sum' || op === 'total') return [0, 0];
  if (kind === 'i32') return op === 'min' ? [0x7fffffff, 0x7fffffff] : [0x80000000, 0x80000000];
  if (kind === 'i64') return op === 'min' ? [0xffffffff, 0x7fffffff] : [0, 0x80000000];
  return op === 'min' ? [0, 0x7ff80000] : [0, 0xfff00000];
}

/** Bytes of `count` accumulators, as buffers hold them: whole 8 bytes. */
export function accumulatorBytes(aggregate: Aggregate, count: number): number {
  return Math.ceil((count * widthOf(aggregate)) / 8) * 8;
}

/** Fills accumulators first to end with what nothing adds up to, and perhaps 8 bytes more. */
export function fillNeutral(
  kernels: Kernels,
  aggregate: Aggregate,
  pointer: number,
  first: number,
  end: number,
): void {
  const [low, high] = neutral(aggregate);
  const from = pointer + first * widthOf(aggregate);
  kernels.raw.fill64(from, pointer + accumulatorBytes(aggregate, end), low, high);
}

/** Folds n values into accumulators by dense id (u32).
 *  @throws KernelOverflow for plain integer sums; rows before the one it names are folded. */
export function foldValues(
  kernels: Kernels,
  aggregate: Aggregate,
  accumulators: number,
  ids: number,
  values: number,
  n: number,
): void {
  const { raw } = kernels;
  const op = OPS[aggregate.op];
  const fold = { i32: raw.fold32, i64: raw.fold64, f64: raw.foldF64 }[aggregate.kind];
  for (let first = 0; first < n; first += CHUNK_ROWS) {
    const end = Math.min(n, first + CHUNK_ROWS);
    if (aggregate.op === 'total') {
      raw.total(aggregate.kind === 'i64', accumulators, ids, values, first, end);
      continue;
    }
    const done = isFloatSum(aggregate)
      ? raw.sumF64(accumulators, ids, values, first, end)
      : fold(op, accumulators, ids, values, first, end);
    if (done !== end) throw new KernelOverflow(kernels.u32[(ids >>> 2) + done]!, done);
  }
}
