import test from 'ava';
import * as fc from 'fast-check';
import { highKernels, movingKernels, placeU32 } from './fixtures.ts';
import {
  countFlags,
  countSent,
  flaggedRanges,
  listSenders,
  rangeBytes,
  touch,
  widenFlags,
} from './messages.ts';
import type { Kernels } from './kernels.ts';

test('flags are counted, and of those that are set the edges', t => {
  const flags = fc.array(fc.tuple(fc.boolean(), fc.oneof(fc.nat(3), fc.constant(2 ** 31 - 1))), {
    maxLength: 40,
  });
  for (const kernels of [highKernels(), movingKernels()]) {
    fc.assert(
      fc.property(flags, all => {
        const at = kernels.alloc(all.length);
        kernels.u8.set(
          all.map(([is]) => Number(is)),
          at,
        );
        const degrees = placeU32(
          kernels,
          all.map(([, degree]) => degree),
        );
        const sent = all.filter(([is]) => is);
        t.is(countFlags(kernels, at, all.length), sent.length);
        t.deepEqual(countSent(kernels, at, degrees, all.length), {
          edges: sent.reduce((sum, [, degree]) => sum + degree, 0),
          senders: sent.filter(([, degree]) => degree > 0).length,
        });
        kernels.free(at);
        kernels.free(degrees);
      }),
      { numRuns: 100 },
    );
  }
});

test('what is touched may end where memory does', t => {
  const kernels = movingKernels();
  const { length } = kernels.u8;
  for (const bytes of [0, 1, 63, 64, 255, 256, 257, 512, 1000]) {
    t.notThrows(() => touch(kernels, length - bytes, bytes));
  }
});

/** Few, in runs, and many. */
const flags = fc
  .array(fc.record({ gap: fc.nat(70), run: fc.integer({ min: 1, max: 40 }) }), { maxLength: 8 })
  .chain(parts => fc.tuple(fc.constant(parts), fc.nat(50)))
  .map(([parts, rest]) =>
    parts
      .flatMap(({ gap, run }) => [
        ...Array<boolean>(gap).fill(false),
        ...Array<boolean>(run).fill(true),
      ])
      .concat(Array<boolean>(rest).fill(false)),
  );
function placeFlags(kernels: Kernels, of: readonly boolean[]): number {
  // What lies behind them is set.
  const at = kernels.allocOrThrow(of.length + 16, 'a test');
  kernels.u8.fill(1, at, at + of.length + 16);
  kernels.u8.set(of.map(Number), at);
  return at;
}

test('senders are listed, each with where its edges begin', t => {
  fc.assert(
    fc.property(flags, fc.array(fc.nat(3), { minLength: 1 }), (sent, few) => {
      const kernels = movingKernels();
      const n = sent.length;
      const degrees = sent.map((_, i) => few[i % few.length]!);
      const senders = kernels.allocOrThrow((n + 1) * 4, 'a test');
      const starts = kernels.allocOrThrow((n + 1) * 4, 'a test');
      const flagsAt = placeFlags(kernels, sent);
      const degreesAt = placeU32(kernels, degrees);
      const made = listSenders(kernels, flagsAt, degreesAt, n, senders, starts);
      const expected = sent.flatMap((is, i) => (is && degrees[i]! > 0 ? [i] : []));
      const list = (at: number): number[] => [...kernels.u32.subarray(at >>> 2, (at >>> 2) + made)];
      t.deepEqual(list(senders), expected);
      const edgesBefore = (vertex: number): number =>
        degrees.slice(0, vertex).reduce((sum, degree) => sum + degree, 0);
      t.deepEqual(list(starts), expected.map(edgesBefore));
    }),
  );
});

test('ranges hold all that are flagged, few others, and are as many as there is room for', t => {
  fc.assert(
    fc.property(flags, flags, (a, some) => {
      const kernels = movingKernels();
      const n = a.length;
      const b = a.map((_, i) => some[i] ?? false);
      const [atA, atB] = [placeFlags(kernels, a), placeFlags(kernels, b)];
      const out = kernels.allocOrThrow(rangeBytes(n), 'a test');
      const made = flaggedRanges(kernels, atA, atB, n, out);
      t.true(made * 8 <= rangeBytes(n));
      const within = Array<boolean>(n).fill(false);
      let last = -1;
      for (let i = 0; i < made; i++) {
        const [from, to] = kernels.u32.subarray((out >>> 2) + 2 * i) as unknown as [number, number];
        t.true(last < from && from < to && to <= n);
        last = to;
        within.fill(true, from, to);
      }
      const flagged = a.map((is, i) => is || b[i]!);
      for (const [i, is] of within.entries()) {
        const near = flagged.slice(i - (i % 16), i - (i % 16) + 16);
        t.is(is, near.includes(true), `vertex ${i}`);
      }
    }),
  );
});

test('flags become numbers', t => {
  const kernels = movingKernels();
  const of = [true, false, false, true, true];
  const out = placeU32(kernels, [9, 9, 9, 9, 9, 9]);
  widenFlags(kernels, placeFlags(kernels, of), of.length, out);
  t.deepEqual([...kernels.u32.subarray(out >>> 2, (out >>> 2) + 6)], [1, 0, 0, 1, 1, 9]);
});
