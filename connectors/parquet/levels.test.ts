/** Runs of small integers, against what they were made of; and bytes that are not what they should be. */
import test from 'ava';
import fc from 'fast-check';
import { bitsOf, takeRuns } from './levels.ts';

/** Bit-packs groups of eight, lowest bits first. */
function packed(values: readonly number[], width: number): number[] {
  const groups = Math.ceil(values.length / 8);
  const bytes = new Uint8Array(groups * width);
  values.forEach((value, i) => {
    for (let bit = 0; bit < width; bit++) {
      const at = i * width + bit;
      if (Math.floor(value / 2 ** bit) % 2 === 1) bytes[at >>> 3]! |= 1 << (at & 7);
    }
  });
  return [...varint(groups * 2 + 1), ...bytes];
}
function repeated(value: number, times: number, width: number): number[] {
  const bytes = Array.from(
    { length: Math.ceil(width / 8) },
    (_, i) => (value / 2 ** (8 * i)) & 255,
  );
  return [...varint(times * 2), ...bytes];
}
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

test('runs of either kind are what they were made of', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 32 }).chain(width =>
        fc.tuple(
          fc.constant(width),
          fc.array(
            fc.oneof(
              fc.record({
                value: fc.nat(Math.min(2 ** width - 1, 2 ** 31 - 1)),
                times: fc.integer({ min: 1, max: 300 }),
              }),
              fc
                .array(fc.nat(Math.min(2 ** width - 1, 2 ** 31 - 1)), {
                  minLength: 1,
                  maxLength: 5,
                })
                .map(values => ({
                  values: Array.from(
                    { length: 8 * values.length },
                    (_, i) => values[i % values.length]!,
                  ),
                })),
            ),
            { maxLength: 6 },
          ),
        ),
      ),
      ([width, runs]) => {
        const expected = runs.flatMap(run =>
          'values' in run ? run.values : Array.from({ length: run.times }, () => run.value),
        );
        const bytes = runs.flatMap(run =>
          'values' in run ? packed(run.values, width) : repeated(run.value, run.times, width),
        );
        const into = new Int32Array(expected.length + 1);
        const framed = Uint8Array.from([9, ...bytes, 9]);
        takeRuns(framed, 1, framed.length - 1, width, into, expected.length);
        t.deepEqual([...into], [...expected, 0]);
      },
    ),
  );
});

test('no more is written than there is room for, and no more read than there is', t => {
  const into = new Uint8Array(4);
  takeRuns(Uint8Array.from(repeated(1, 2 ** 30, 1)), 0, 6, 1, into, 3);
  t.deepEqual([...into], [1, 1, 1, 0]);
  for (const [bytes, width] of [
    [[], 1],
    [[6], 1],
    [[3], 1],
    [[0, 1], 1],
    [[255, 255, 255, 255, 255, 1], 1],
    [[8, 2], 1],
    [[8, 0], 33],
  ] as const) {
    const given = Uint8Array.from(bytes);
    t.throws(() => takeRuns(given, 0, given.length, width, into, 4), undefined, `${bytes}`);
  }
  t.deepEqual([0, 1, 2, 3, 4, 255, 256].map(bitsOf), [0, 1, 2, 2, 3, 8, 9]);
});
