/** For tests: combiners that are exact and run in no kernel, so that rows are combined by plain code where they leave. */
import {
  bigint64,
  binary,
  bool,
  any,
  combiner,
  date,
  decimal,
  float64,
  int32,
  int64,
  list,
  mapReduce,
  max,
  min,
  sum,
  timestamp,
  utf8,
} from '../../index.ts';

/** Longest common beginning, in whole characters: one that ended within a character could be in no column. */
function common(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.codePointAt(length) === b.codePointAt(length)) {
    length += a.codePointAt(length)! > 0xffff ? 2 : 1;
  }
  return a.slice(0, length);
}

/** In place, as who saves allocations would write it. */
function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  for (let i = 0; i < a.length; i++) a[i]! |= b[i]!;
  return a;
}

const union = (a: readonly number[], b: readonly number[]): number[] =>
  [...new Set([...a, ...b])].toSorted((x, y) => x - y);

/** Every kind of them side by side. */
const EXACT = {
  input: { text: utf8, n: int32 },
  value: {
    bits: binary,
    beginning: utf8,
    seen: list(int32),
    first: utf8,
    last: utf8,
    wide: decimal(30, 4),
    widest: decimal(30, 4),
    least: float64,
    day: date,
    at: timestamp,
    negative: bool,
    product: bigint64,
  },
  combine: {
    bits: combiner<Uint8Array>(new Uint8Array(2), either, { exact: true }),
    beginning: combiner('', common, { exact: true }),
    seen: combiner<readonly number[]>([], union, { exact: true }),
    first: min,
    last: max,
    wide: sum,
    widest: max,
    least: min,
    day: max,
    at: min,
    negative: any,
    product: combiner(1n, (a: bigint, b: bigint) => BigInt.asIntN(64, a * b), { exact: true }),
  },
} as const;
const valuesOf = ({ text, n }: { readonly text: string; readonly n: number }) => ({
  bits: Uint8Array.of(1 << (n & 7), 1 << ((n >> 3) & 7)),
  beginning: `b${n % 2 === 0 ? '\u{1f600}' : '\u{1f601}'}${text}`,
  seen: [n & 15],
  first: text,
  last: text,
  wide: BigInt(n) * 10n ** 12n,
  widest: BigInt(n) ** 3n,
  least: n === 0 ? -0 : n === 1 ? 0 : n === 2 ? NaN : n / 3,
  day: n % 2 === 0 ? '2024-02-29' : '1969-12-31',
  at: n / 8,
  negative: n < 0,
  product: BigInt(n),
});

export const exact = mapReduce({
  name: 'exact',
  ...EXACT,
  key: { k: utf8, n: int32 },
  map: (row, emit) => emit({ k: `${row.text.length % 3}`, n: row.n % 2, ...valuesOf(row) }),
});

/** And in a total order, whose boundaries follow from the keys of all rows. */
export const exactInOrder = mapReduce({
  name: 'exact-in-order',
  ...EXACT,
  key: { n: int32 },
  map: (row, emit) => emit({ n: row.n, ...valuesOf(row) }),
  partition: 'range',
  sort: { n: 'desc' },
});

/** With reduce behind it. */
export const exactReduced = mapReduce({
  name: 'exact-reduced',
  input: { text: utf8, n: int32 },
  key: { n: int32 },
  value: { first: utf8, rows: int64 },
  output: { said: utf8 },
  map: ({ text, n }, emit) => emit({ n: n % 3, first: text, rows: 1 }),
  combine: { first: min, rows: sum },
  reduce({ n }, values, emit) {
    for (const { first, rows } of values) emit({ said: `${n}: ${rows} from ${first}` });
  },
});

/** Sums beside text: parts may leave their columns though the total fits. */
export const sumsAndText = mapReduce({
  name: 'sums-and-text',
  input: { k: int32, i: int32, w: bigint64, d: decimal(18, 2) },
  key: { k: int32 },
  value: { i: int32, w: bigint64, d: decimal(18, 2), first: utf8 },
  map: (row, emit) => emit({ ...row, first: String(row.w) }),
  combine: { i: sum, w: sum, d: sum, first: min },
});
/** The same of numbers, which hold less than their column. */
export const numbersAndText = mapReduce({
  name: 'numbers-and-text',
  input: { k: int32, l: int64 },
  key: { k: int32 },
  value: { l: int64, first: utf8 },
  map: ({ k, l }, emit) => emit({ k, l, first: String(l) }),
  combine: { l: sum, first: min },
});

/** One that fails at a value, in a map that makes nothing of it. */
export const failing = mapReduce({
  name: 'failing',
  input: { text: utf8 },
  key: { k: int32 },
  value: { text: utf8 },
  map({ text }, emit) {
    try {
      emit({ k: 7, text });
    } catch {
      // As users do.
    }
  },
  combine: {
    text: combiner(
      '',
      (a, b) => {
        if (a === 'bad' || b === 'bad') throw new Error('no place for bad');
        return a < b ? a : b;
      },
      { exact: true },
    ),
  },
});

/** One that gives what has no place in its column. */
export const mistyped = mapReduce({
  name: 'mistyped',
  input: { n: int32 },
  key: { k: int32 },
  value: { bytes: binary },
  map: ({ n }, emit) => emit({ k: n % 2, bytes: Uint8Array.of(n) }),
  combine: {
    bytes: combiner<Uint8Array>(new Uint8Array(), () => 'text' as never, { exact: true }),
  },
});

let kept: ((row: { readonly k: number; readonly text: string }) => undefined) | undefined;
/** One that emits. */
export const emitting = mapReduce({
  name: 'emitting',
  input: { text: utf8 },
  key: { k: int32 },
  value: { text: utf8 },
  map({ text }, emit) {
    kept = emit;
    emit({ k: 0, text });
  },
  combine: {
    text: combiner(
      '',
      (a, b) => {
        kept?.({ k: 1, text: a });
        return a < b ? a : b;
      },
      { exact: true },
    ),
  },
});

/** Few keys of many rows, by combiners that run in kernels, in plain code, and at reduce only. */
const FEW = {
  input: { n: int32 },
  key: { k: int32 },
  value: { n: int64, text: utf8 },
} as const;
const few = ({ n }: { readonly n: number }) => ({ k: n % 10, n, text: `text ${n}` });
export const inPlainCode = mapReduce({
  name: 'in-plain-code',
  ...FEW,
  map: (row, emit) => emit(few(row)),
  combine: { n: sum, text: max },
});
export const byOnesOwn = mapReduce({
  name: 'by-ones-own',
  ...FEW,
  map: (row, emit) => emit(few(row)),
  combine: { n: sum, text: combiner('', (a, b) => (a > b ? a : b), { exact: true }) },
});
export const byPartition = mapReduce({
  name: 'by-partition',
  input: { n: int32 },
  key: { k: int32 },
  value: { n: int64 },
  map: ({ n }, emit) => emit({ k: n % 10, n }),
  partition: ({ k }, partitions) => k % partitions,
  combine: { n: sum },
});
export const inOrder = mapReduce({
  name: 'in-order',
  ...FEW,
  map: (row, emit) => emit(few(row)),
  combine: { n: sum, text: combiner('', (a, b) => (a > b ? a : b)) },
});
