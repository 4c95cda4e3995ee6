/** Columns of merged rows, gathered or folded: row j is row rows[j] of input inputs[j], as `MergeKernel.next` says.
 *
 * Order of calls, for each batch that a merge delivers: `initAccumulators` for new groups; `gatherColumn` and
 * `foldColumn` for each column; `finishSums` for groups that are complete. A `ColumnTable` says where a column's
 * windows lie and is kept up by whoever gives the merge its windows.
 */
import type { Kind } from '../batch/columns.ts';
import { type Aggregate, fillNeutral, KernelOverflow, wordsOf } from './aggregates.ts';
import type { Kernels } from './kernels.ts';
import { SCRATCH } from './raw.ts';
import type { ColumnPointers } from './rows.ts';

const ENTRY_BYTES = 16;

/** One column's address in each input's window. */
export class ColumnTable {
  readonly pointer: number;
  readonly #kernels: Kernels;

  /** @throws LimitError MEMORY */
  constructor(kernels: Kernels, inputs: number) {
    this.#kernels = kernels;
    this.pointer = kernels.allocOrThrow(inputs * ENTRY_BYTES, 'a merge');
  }

  set(input: number, { data, offsets = 0, valid = 0 }: ColumnPointers): void {
    this.#kernels.u32.set([data, offsets, valid], (this.pointer + input * ENTRY_BYTES) >>> 2);
  }

  free(): void {
    this.#kernels.free(this.pointer);
  }
}

/** Gathers n values of 4 or 8 bytes to `out`. */
export function gatherFixed(
  kernels: Kernels,
  kind: Exclude<Kind, 'bytes'>,
  table: ColumnTable,
  inputs: number,
  rows: number,
  n: number,
  out: number,
): void {
  const gather = kind === 'i32' ? kernels.raw.gather32 : kernels.raw.gather64;
  gather(table.pointer, inputs, rows, n, out);
}

/** Gathers n validity bytes; inputs without any are all present. */
export function gatherValid(
  kernels: Kernels,
  table: ColumnTable,
  inputs: number,
  rows: number,
  n: number,
  out: number,
): void {
  kernels.raw.gatherValid(table.pointer, inputs, rows, n, out);
}

/** First pass over a bytes column: offsets (n + 1, i32) of as many rows as have at most maxBytes in all, but at least one.
 *  The caller cuts its batch to `rows` and needs `bytes` for `gatherBytes`. */
export function gatherOffsets(
  kernels: Kernels,
  table: ColumnTable,
  inputs: number,
  rows: number,
  n: number,
  maxBytes: number,
  offsetsOut: number,
): { rows: number; bytes: number } {
  if (n === 0) {
    kernels.u32[offsetsOut >>> 2] = 0;
    return { rows: 0, bytes: 0 };
  }
  const { raw } = kernels;
  const taken = raw.gatherOffsets(table.pointer, inputs, rows, n, maxBytes, offsetsOut);
  return { rows: taken, bytes: kernels.u32[(offsetsOut >>> 2) + taken]! };
}

/** Second pass: the bytes of n rows, at the offsets the first one wrote. */
export function gatherBytes(
  kernels: Kernels,
  table: ColumnTable,
  inputs: number,
  rows: number,
  n: number,
  offsets: number,
  out: number,
): void {
  kernels.raw.gatherBytes(table.pointer, inputs, rows, n, offsets, out);
}

/** How many columns carry an aggregate between map and reduce. */
export const columnsOf = (aggregate: Aggregate): number => Math.max(1, wordsOf(aggregate).length);

/** Accumulators first to end hold what nothing adds up to. `columns`: five addresses for a float sum, two for a total, else one.
 *  Up to 8 bytes beyond `end` may be written. */
export function initAccumulators(
  kernels: Kernels,
  aggregate: Aggregate,
  columns: readonly number[],
  first: number,
  end: number,
): void {
  if (columnsOf(aggregate) > 1) {
    for (const column of columns) kernels.zero(column + first * 8, (end - first) * 8);
  } else fillNeutral(kernels, aggregate, columns[0]!, first, end);
}

/** Folds n rows into accumulators by group id. `tables` and `columns`: five of each for a float sum and two for a
 *  total, which are sums themselves; one otherwise. One table for a float sum means doubles that were never summed.
 *  @throws KernelOverflow */
export function foldColumn(
  kernels: Kernels,
  aggregate: Aggregate,
  tables: readonly ColumnTable[],
  inputs: number,
  rows: number,
  ids: number,
  n: number,
  columns: readonly number[],
): void {
  const { raw } = kernels;
  const table = tables[0]!.pointer;
  if (columnsOf(aggregate) > 1) {
    const [places, sources] = [SCRATCH, SCRATCH + 32];
    kernels.u32.set(columns, places >>> 2);
    kernels.u32.set(
      tables.map(({ pointer }) => pointer),
      sources >>> 2,
    );
    if (aggregate.op === 'total') raw.gatherTotals(sources, inputs, rows, ids, n, places);
    else if (tables.length === 1) raw.gatherDoubles(table, inputs, rows, ids, n, places);
    else raw.gatherSums(sources, inputs, rows, ids, n, places);
    return;
  }
  const fold = { i32: raw.gatherFold32, i64: raw.gatherFold64, f64: raw.gatherFoldF64 };
  const op = { sum: 0, total: 0, min: 1, max: 2 }[aggregate.op];
  const done = fold[aggregate.kind](op, table, inputs, rows, ids, n, columns[0]!);
  if (done !== n) throw new KernelOverflow(kernels.u32[(ids >>> 2) + done]!, done);
}

/** n float sums (five int64 columns) as the nearest doubles, ties to even: NaN and infinities as IEEE 754 adds them. */
export function finishSums(
  kernels: Kernels,
  columns: readonly number[],
  n: number,
  out: number,
): void {
  kernels.u32.set(columns, SCRATCH >>> 2);
  kernels.raw.finishSums(SCRATCH, n, out);
}

/** n totals (two int64 columns) as their kind. @returns the first that does not fit its kind or its digits, or n */
export function finishTotals(
  kernels: Kernels,
  { kind, digits = 0 }: Aggregate,
  columns: readonly number[],
  n: number,
  out: number,
): number {
  kernels.u32.set(columns, SCRATCH >>> 2);
  return kernels.raw.finishTotals(SCRATCH, n, kind === 'i64', digits, out);
}
