import test from 'ava';
import * as fc from 'fast-check';
import {
  cutBands,
  cutPartitions,
  idsThatFit,
  mergeSets,
  partitionCount,
  rangeCount,
  smallIdsFor,
} from './plan.ts';

test('how many partitions: by vertices, and a few by edges', t => {
  const of = partitionCount;
  t.deepEqual([of(0, 0), of(1, 0), of(1, 1e9), of(3, 1e9), of(1000, 262_144)], [1, 1, 1, 3, 1]);
  t.deepEqual([of(1000, 262_145), of(1000, 1e9), of(57_345, 0), of(2 ** 31, 0)], [2, 8, 2, 64]);
  t.deepEqual([of(4 * 57_344, 0), of(4 * 57_344 + 1, 0), of(600_000, 1e9)], [4, 8, 12]);
});

const degrees = fc.array(fc.oneof(fc.nat(3), fc.nat(2000)), { minLength: 1, maxLength: 80 });

test('partitions are not empty, and of about one weight, however vertices lie in batches', t => {
  fc.assert(
    fc.property(
      degrees,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (all, rows, asked) => {
        const partitions = Math.min(asked, all.length);
        const batches = Array.from({ length: Math.ceil(all.length / rows) }, (_, i) =>
          all.slice(i * rows, (i + 1) * rows),
        );
        const sums = batches.map(own => ({
          rows: own.length,
          edges: own.reduce((a, b) => a + b, 0),
        }));
        const bases = cutPartitions(sums, partitions, batch => batches[batch]!);
        t.is(bases.length, partitions + 1);
        t.deepEqual([bases[0], bases.at(-1)], [0, all.length]);
        const weights = bases.slice(1).map((end, p) => {
          t.true(end > bases[p]!);
          return all.slice(bases[p], end).reduce((sum, edges) => sum + edges + 4, 0);
        });
        const total = weights.reduce((a, b) => a + b, 0);
        // A vertex is in one partition; and none is empty, which can move cuts by as many vertices as there are partitions.
        const heaviest = Math.max(...all) + 4;
        t.true(Math.max(...weights) <= total / partitions + partitions * heaviest);
        t.deepEqual(
          bases,
          cutPartitions(
            [{ rows: all.length, edges: total - 4 * all.length }],
            partitions,
            () => all,
          ),
        );
      },
    ),
  );
});

test('no vertices are one partition', t => {
  t.deepEqual(
    cutPartitions([], 1, () => []),
    [0, 0],
  );
});

const cut = (bases: readonly number[], rows: number): number[] =>
  cutBands(bases, { rows, bytes: 16, room: 11 * 2 ** 20, bufferBytes: 640 });

test('partitions are cut into bands whose edges are likely to be sorted in memory', t => {
  t.deepEqual(cut([0, 10, 30], 0), [0, 10, 30]);
  t.deepEqual(cut([0, 10, 30], 786_432), [0, 10, 30], '6 MiB each');
  t.deepEqual(cut([0, 10, 30], 786_433), [0, 5, 10, 20, 30]);
  t.deepEqual(cut([0, 1, 3], 1e9), [0, 1, 2, 3], 'no more than vertices');
  t.deepEqual(cut([0, 0], 0), [0, 0], 'no vertices');
  const most = cut([0, 1000, 2000, 3000], 1e12);
  t.is(most.length, 3 * 85 + 1, 'at most 256 in all');
  t.deepEqual(most, [...new Set(most)]);
  const none = cutBands([0, 2, 4], { rows: 9, bytes: 16, room: 0, bufferBytes: 640 });
  t.deepEqual(none, [0, 1, 2, 3, 4], 'no room: as many as there may be');
  const wide = cutBands([0, 100, 200], { rows: 1e9, bytes: 99, room: 0, bufferBytes: 2 ** 14 });
  t.is(wide.length, 2 * 16 + 1, 'of wide rows fewer, whose buffers fit');
});

test('dictionaries are merged by neighbours, as many as fit, two at least', t => {
  const slice = {
    batches: [{ rows: 1, bytes: 160 * 1024, range: { slab: 0, offset: 0, length: 0 }, sizes: [] }],
  };
  const slices = Array.from({ length: 150 }, () => slice);
  const sizes = (floor: number, fanIn?: number) =>
    mergeSets(slices, floor, fanIn).map(set => set.length);
  t.deepEqual(sizes(2 ** 30), [64, 64, 22]);
  t.deepEqual(sizes(2 ** 30, 60), [60, 60, 30]);
  t.true(sizes(10 * 2 ** 20).every(n => n >= 2 && n < 16));
  t.deepEqual(mergeSets(slices.slice(0, 2), 0), [[0, 1]]);
  t.deepEqual(mergeSets([], 2 ** 30), []);
});

test('bounds that follow from memory and input', t => {
  t.is(idsThatFit(0), 65_536);
  t.true(idsThatFit(10 * 2 ** 20) > 200_000);
  t.true(idsThatFit(2 ** 30) * 4 < 2 ** 30);
  t.deepEqual(
    [smallIdsFor(0, 1e6), smallIdsFor(2e6, 1e6), smallIdsFor(1e9, 1e6)],
    [65_536, 500_000, 1e6],
  );
  t.deepEqual([rangeCount(0, 4), rangeCount(200_000, 4), rangeCount(1e9, 4)], [1, 3, 4]);
});
