import test from 'ava';
import * as fc from 'fast-check';
import { i32Of, movingKernels, placeI64, placeU32 } from './fixtures.ts';
import { Unpacker, WINDOW } from './unpack.ts';

interface Edge {
  readonly source: number;
  readonly target: number;
}

const BASE = 5;
/** Sources on both sides of a window's end. */
const source = fc.oneof(
  fc.nat(4),
  fc.integer({ min: WINDOW - 2, max: WINDOW + 2 }),
  fc.nat(3 * WINDOW),
);
const edges = fc
  .array(fc.record({ source, target: fc.oneof(fc.nat(9), fc.nat(3 * WINDOW + BASE)) }), {
    maxLength: 60,
  })
  .map(all => all.toSorted((a, b) => a.source - b.source || a.target - b.target));

function unpack(all: readonly Edge[], distinct: boolean, block: number) {
  const kernels = movingKernels();
  const unpacker = new Unpacker(kernels, block, BASE, distinct);
  const keys = placeI64(
    kernels,
    all.map(e => (BigInt(e.source) << 32n) | BigInt(e.target)),
  );
  const places = placeU32(
    kernels,
    all.map((_, i) => i),
  );
  const kept: [target: number, input: number, row: number][] = [];
  const degrees: number[] = [];
  const flush = (): void => {
    degrees.push(...i32Of({ data: unpacker.degrees(WINDOW) }));
    unpacker.next();
  };
  for (let at = 0; at < all.length; at += block) {
    const end = Math.min(all.length, at + block);
    unpacker.begin(places + 4 * at, places + 4 * at);
    for (let from = 0; from < end - at; ) {
      from = unpacker.take(keys + 8 * at, from, end - at);
      if (from < end - at) flush();
    }
    const { u32 } = kernels;
    const [t, i, r] = [unpacker.targets, unpacker.inputs, unpacker.rows].map(p => p >>> 2);
    for (let k = 0; k < unpacker.kept; k++) kept.push([u32[t! + k]!, u32[i! + k]!, u32[r! + k]!]);
  }
  while (degrees.length <= 3 * WINDOW) flush();
  const { loops } = unpacker;
  kernels.reset();
  return { kept, degrees, loops };
}

test('targets and degrees of sorted edges, of equal ones perhaps the first alone', t => {
  fc.assert(
    fc.property(edges, fc.boolean(), fc.integer({ min: 1, max: 20 }), (all, distinct, block) => {
      const expected = all.flatMap((edge, i) => {
        const before = all[i - 1];
        const again = before?.source === edge.source && before.target === edge.target;
        return distinct && again ? [] : [{ ...edge, i }];
      });
      const { kept, degrees, loops } = unpack(all, distinct, block);
      t.deepEqual(
        kept,
        expected.map(({ target, i }) => [target, i, i]),
      );
      t.is(loops, expected.filter(e => e.source + BASE === e.target).length);
      const counts = new Map<number, number>();
      for (const e of expected) counts.set(e.source, (counts.get(e.source) ?? 0) + 1);
      t.deepEqual(
        new Map(
          degrees.flatMap((degree, vertex) => (degree > 0 ? [[vertex, degree] as const] : [])),
        ),
        counts,
      );
    }),
    { numRuns: 60 },
  );
});
