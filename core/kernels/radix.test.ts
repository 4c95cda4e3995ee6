import test from 'ava';
import * as fc from 'fast-check';
import { highKernels, movingKernels, placeI64, placeU32 } from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import { COUNTER_BYTES, type KeyBits, sortKeys } from './radix.ts';

function sort(kernels: Kernels, keys: readonly bigint[], bits: KeyBits, along: boolean) {
  const n = keys.length;
  const rows = along
    ? placeU32(
        kernels,
        keys.map((_, i) => i),
      )
    : 0;
  const from = { keys: placeI64(kernels, keys), rows };
  const to = { keys: kernels.alloc(8 * n), rows: along ? kernels.alloc(4 * n) : 0 };
  const sorted = sortKeys(kernels, n, from, to, bits, kernels.alloc(COUNTER_BYTES));
  const { i64, u32 } = kernels;
  const found = Array.from(i64.subarray(sorted.keys >>> 3, (sorted.keys >>> 3) + n), key =>
    BigInt.asUintN(64, key),
  );
  const order = Array.from(u32.subarray(sorted.rows >>> 2, (sorted.rows >>> 2) + n));
  kernels.reset();
  return { found, order: along ? order : undefined };
}

const word = (bits: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }),
    fc.bigInt({ min: 0n, max: BigInt(Math.min(bits, 2)) }),
  );

const input = fc
  .tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 32 }))
  .chain(([low, high]) =>
    fc.record({
      bits: fc.constant({ low, high }),
      keys: fc.array(
        fc.tuple(word(high), word(low)).map(([a, b]) => (a << 32n) | b),
        { maxLength: 60 },
      ),
      sorted: fc.constantFrom('no', 'yes', 'low'),
      along: fc.boolean(),
    }),
  );

const low = (key: bigint): bigint => key & 0xffffffffn;
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

for (const [name, make] of [
  ['moving', movingKernels],
  ['above 2 GiB', highKernels],
] as const) {
  test(`keys of any bits come out in order, equal ones as they were; ${name}`, t => {
    const kernels = make();
    fc.assert(
      fc.property(input, ({ bits, keys, sorted, along }) => {
        const given =
          sorted === 'no'
            ? keys
            : keys.toSorted((a, b) => (sorted === 'yes' ? compare(a, b) : compare(low(a), low(b))));
        const expected = given
          .map((key, i) => ({ key, i }))
          .toSorted((a, b) => compare(a.key, b.key) || a.i - b.i);
        const { found, order } = sort(kernels, given, bits, along);
        t.deepEqual(
          found,
          expected.map(({ key }) => key),
        );
        if (along)
          t.deepEqual(
            order,
            expected.map(({ i }) => i),
          );
      }),
      { numRuns: name === 'moving' ? 500 : 20 },
    );
  });
}

test('more keys than a call takes', t => {
  const kernels = movingKernels();
  const keys = Array.from({ length: 150_000 }, (_, i) => {
    return (BigInt(Math.imul(i, 0x9e3779b1) >>> 12) << 32n) | BigInt(i % 7);
  });
  const expected = keys
    .map((key, i) => ({ key, i }))
    .toSorted((a, b) => compare(a.key, b.key) || a.i - b.i);
  const { found, order } = sort(kernels, keys, { low: 3, high: 20 }, true);
  t.deepEqual(
    found,
    expected.map(({ key }) => key),
  );
  t.deepEqual(
    order,
    expected.map(({ i }) => i),
  );
});
