// Float sums, against exact integers: a double is m × 2^(e − 1074).
import test from 'ava';
import * as fc from 'fast-check';
import type { Aggregate } from './aggregates.ts';
import { placeBytes, placeF64, placeU32, plainKernels } from './fixtures.ts';
import { ColumnTable, finishSums, foldColumn, initAccumulators } from './gather.ts';
import { Groups } from './groups.ts';
import type { Kernels } from './kernels.ts';

const bits = (value: number): bigint =>
  new BigInt64Array(Float64Array.of(value).buffer)[0]! & (2n ** 64n - 1n);

function exact(value: number): bigint {
  const word = bits(value);
  const exponent = (word >> 52n) & 0x7ffn;
  const m = word & (2n ** 52n - 1n);
  const magnitude = exponent === 0n ? m : (m | (2n ** 52n)) << (exponent - 1n);
  return word >> 63n ? -magnitude : magnitude;
}

const binOf = (n: bigint) => BigInt(Math.floor((n.toString(2).length - 1) / 32));

/** The definition: pieces of 32 bits; those more than two bins below the highest touched are dropped. */
function kept(values: readonly number[]): bigint {
  let top = 0n;
  for (const value of values) {
    const n = exact(Math.abs(value));
    if (n !== 0n && binOf(n) > top) top = binOf(n);
  }
  const low = top < 2n ? 0n : (top - 2n) * 32n;
  return values.reduce((sum, value) => {
    const n = exact(Math.abs(value));
    const part = (n >> low) << low;
    return sum + (value < 0 ? -part : part);
  }, 0n);
}

/** The nearest double to n × 2^−1074, ties to even. */
function nearest(n: bigint): number {
  if (n === 0n) return 0;
  const sign = n < 0n ? -1 : 1;
  const magnitude = n < 0n ? -n : n;
  const drop = BigInt(Math.max(0, magnitude.toString(2).length - 53));
  let m = magnitude >> drop;
  const rest = magnitude - (m << drop);
  const half = drop === 0n ? 1n : 1n << (drop - 1n);
  if (drop > 0n && (rest > half || (rest === half && m & 1n))) m++;
  // Two steps, because 2^drop alone may be out of range.
  let result = Number(m) * 2 ** -537;
  for (let left = Number(drop) - 537; left !== 0; ) {
    const step = Math.max(-1000, Math.min(1000, left));
    result *= 2 ** step;
    left -= step;
  }
  return sign * result;
}

function plainSum(values: readonly number[]): number {
  const has = (value: number) => values.includes(value);
  if (values.some(Number.isNaN) || (has(Infinity) && has(-Infinity))) return Number.NaN;
  if (has(Infinity)) return Infinity;
  if (has(-Infinity)) return -Infinity;
  return nearest(kept(values));
}

/** The sum over `shares` (each value's table), merged in their order, through Groups, columns and foldColumn. */
function kernelSum(
  kernels: Kernels,
  values: readonly number[],
  shares: readonly number[],
  tables: number,
): number {
  kernels.reset();
  const sum: Aggregate = { op: 'sum', kind: 'f64' };
  const sources = Array.from({ length: 5 }, () => new ColumnTable(kernels, tables));
  const present: number[] = [];
  for (let share = 0; share < tables; share++) {
    const mine = values.filter((_, i) => shares[i]! % tables === share);
    if (mine.length === 0) continue;
    const groups = new Groups(kernels, [sum]);
    const { data, offsets } = placeBytes(
      kernels,
      mine.map(() => Buffer.from('k')),
    );
    const ids = kernels.alloc(mine.length * 4);
    groups.add(data, offsets, mine.length, ids);
    groups.aggregate(0, ids, placeF64(kernels, mine), mine.length);
    const columns = groups
      .order(1)
      .take(0, 1, 999)
      .columns.slice(1)
      .map(column => column.data.slice());
    columns.forEach((column, i) =>
      sources[i]!.set(present.length, { data: kernels.place(column) }),
    );
    groups.free();
    present.push(0);
  }
  const out = Array.from({ length: 5 }, () => kernels.alloc(8));
  initAccumulators(kernels, sum, out, 0, 1);
  const zeros = placeU32(kernels, present);
  const inputs = placeU32(
    kernels,
    present.map((_, i) => i),
  );
  foldColumn(kernels, sum, sources, inputs, zeros, zeros, present.length, out);
  const result = kernels.alloc(8);
  finishSums(kernels, out, 1, result);
  return kernels.f64[result >>> 3]!;
}

const wide = fc
  .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -300, max: 300 }))
  .map(([m, e]) => m * 10 ** e);
const near = fc
  .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -6, max: 6 }))
  .map(([m, e]) => m * 10 ** e);
const special = fc.constantFrom(
  0,
  -0,
  5e-324,
  -5e-324,
  2 ** -1022,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  1,
  -1,
  2 ** 53,
  2 ** -53,
  1e300,
  -1e300,
  1e-300,
);

test('float sums are the definition, in any order and grouping, bit for bit', t => {
  const kernels = plainKernels();
  const values = fc.oneof(
    fc.array(wide, { minLength: 1, maxLength: 40 }),
    fc.array(near, { minLength: 1, maxLength: 40 }),
    fc.array(fc.oneof(special, fc.double({ noDefaultInfinity: true, noNaN: true })), {
      minLength: 1,
      maxLength: 12,
    }),
    fc.array(fc.oneof(near, fc.constantFrom(Number.NaN, Infinity, -Infinity)), {
      minLength: 1,
      maxLength: 4,
    }),
  );
  fc.assert(
    fc.property(
      values,
      fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      (all, shares, tables) => {
        const expected = bits(plainSum(all));
        t.is(bits(kernelSum(kernels, all, shares, tables)), expected, `${all}`);
        t.is(bits(kernelSum(kernels, all.toReversed(), shares, tables)), expected);
      },
    ),
    { numRuns: 600 },
  );
});

test('values whose bits span less than 65 below the largest are summed exactly', t => {
  const kernels = plainKernels();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer(), fc.nat(11)), { minLength: 1, maxLength: 60 }),
      parts => {
        // At most 31 bits at 2^0 to 2^11, and 2^40, so that the highest bin is above them all.
        const values = [2 ** 40, ...parts.map(([m, e]) => m * 2 ** (e - 20))];
        const total = values.reduce((sum, value) => sum + exact(value), 0n);
        t.is(
          kernelSum(
            kernels,
            values,
            values.map((_, i) => i),
            3,
          ),
          nearest(total),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('bins that fill up: 2^31 values as if', t => {
  const kernels = plainKernels();
  const sum: Aggregate = { op: 'sum', kind: 'f64' };
  // Doubling an accumulator 45 times is 2^45 values.
  for (const value of [1 - 2 ** -53, -(2 ** 32 - 2 ** -20), 3e-310]) {
    kernels.reset();
    const columns = Array.from({ length: 5 }, () => kernels.alloc(8));
    const tables = columns.map(data => {
      const table = new ColumnTable(kernels, 1);
      table.set(0, { data });
      return table;
    });
    const one = new ColumnTable(kernels, 1);
    one.set(0, { data: placeF64(kernels, [value]) });
    const zero = placeU32(kernels, [0]);
    initAccumulators(kernels, sum, columns, 0, 1);
    foldColumn(kernels, sum, [one], zero, zero, zero, 1, columns);
    const out = kernels.alloc(8);
    for (let i = 1; i <= 45; i++) {
      foldColumn(kernels, sum, tables, zero, zero, zero, 1, columns);
      finishSums(kernels, columns, 1, out);
      t.is(kernels.f64[out >>> 3], nearest(exact(value) << BigInt(i)), `${value} × 2^${i}`);
    }
  }
});

test('sums too large are infinite, and may come back', t => {
  const kernels = plainKernels();
  const huge = 1.7976931348623157e308;
  t.is(kernelSum(kernels, [huge, huge], [0, 1], 2), Infinity);
  t.is(kernelSum(kernels, [-huge, -huge, -huge], [0, 1, 0], 2), -Infinity);
  t.is(kernelSum(kernels, [huge, huge, -huge], [0, 0, 1], 2), huge);
  t.true(Object.is(kernelSum(kernels, [-0, -0], [0, 1], 2), 0));
});
