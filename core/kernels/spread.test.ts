import test from 'ava';
import * as fc from 'fast-check';
import { highKernels, movingKernels, placeU32, random } from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import { SPREAD_ROWS, Spreader } from './spread.ts';

/** Rows of each partition: the source's number in it, the target, the row of the input. */
type Spread = readonly (readonly [source: number, target: number, row: number])[][];

function read(kernels: Kernels, spreader: Spreader, partitions: number, rows: number): Spread {
  spreader.spread(rows);
  const { u32 } = kernels;
  return Array.from({ length: partitions }, (_, p) => {
    const from = spreader.end(p - 1);
    return Array.from({ length: spreader.end(p) - from }, (__, i) => {
      const at = (spreader.keys >>> 2) + 2 * (from + i);
      return [u32[at + 1]!, u32[at]!, u32[(spreader.rows >>> 2) + from + i]!] as const;
    });
  });
}

/** By definition: each row goes to the partition that has its source. */
function plain(bases: readonly number[], rows: readonly (readonly number[])[]): Spread {
  return bases
    .slice(0, -1)
    .map((base, p) =>
      rows
        .filter(([source]) => source! >= base && source! < bases[p + 1]!)
        .map(([source, target, row]) => [source! - base, target!, row!] as const),
    );
}

const bases = fc
  .uniqueArray(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 12 })
  .map(cuts => [0, ...cuts.toSorted((a, b) => a - b)]);

const input = bases.chain(cuts => {
  const vertices = cuts.at(-1)!;
  const ids = fc.array(fc.integer({ min: -1, max: vertices - 1 }), { minLength: 1, maxLength: 30 });
  return ids.chain(ranks => {
    const number = fc.nat(ranks.length - 1);
    return fc.record({
      cuts: fc.constant(cuts),
      ranks: fc.constant(ranks),
      edges: fc.array(fc.tuple(number, number), { maxLength: 60 }),
      undirected: fc.boolean(),
      dropLoops: fc.boolean(),
    });
  });
});

for (const [name, make] of [
  ['moving', movingKernels],
  ['above 2 GiB', highKernels],
] as const) {
  test(`edges by number become rows by rank and partition; ${name}`, t => {
    const kernels = make();
    fc.assert(
      fc.property(input, ({ cuts, ranks, edges, undirected, dropLoops }) => {
        const spreader = new Spreader(kernels, cuts);
        const [at, sources, targets] = [ranks, edges.map(([s]) => s), edges.map(([, d]) => d)].map(
          values => placeU32(kernels, values),
        );
        const flags = { undirected, dropLoops };
        const n = spreader.edges(at!, sources!, targets!, edges.length, flags);
        const expected = edges.flatMap(([s, d], row) => {
          const [source, target] = [ranks[s]!, ranks[d]!];
          if (source < 0 || target < 0 || (dropLoops && source === target)) return [];
          const one = [[source, target, row]];
          return undirected && source !== target ? [...one, [target, source, row]] : one;
        });
        t.is(n, expected.length);
        const dangling = edges.findIndex(([s, d]) => ranks[s]! < 0 || ranks[d]! < 0);
        t.is(spreader.dangling, dangling < 0 ? edges.length : dangling);
        t.deepEqual(read(kernels, spreader, cuts.length - 1, n), plain(cuts, expected));
        spreader.free();
      }),
      { numRuns: name === 'moving' ? 300 : 20 },
    );
  });
}

test('vertices by number become rows by rank and partition', t => {
  const kernels = movingKernels();
  const spreader = new Spreader(kernels, [0, 2, 3, 7]);
  const ranks = placeU32(kernels, [6, 0, 2, 3, 1]);
  spreader.vertices(ranks, placeU32(kernels, [4, 3, 2, 1, 0]), 5);
  const rows = [1, 3, 2, 0, 6].map((rank, row) => [rank, 0, row]);
  t.deepEqual(read(kernels, spreader, 3, 5), plain([0, 2, 3, 7], rows));
});

test('out-edges are turned round, whatever lies in a batch of them', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(99), { maxLength: 4 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 9 }),
      (out, batchVertices, batchEdges) => {
        const spreader = new Spreader(kernels, [0, 100]);
        const targets = placeU32(kernels, out.flat());
        const found: (readonly [number, number])[] = [];
        let vertex = 0;
        let [degrees, rows] = [0, 0];
        for (let at = 0; at < out.flat().length; ) {
          const n = Math.min(batchEdges, out.flat().length - at);
          const taken = spreader.inEdges(targets + 4 * at, degrees, rows, n);
          if (taken === 0) {
            const next = out.slice(vertex, vertex + batchVertices);
            degrees = placeU32(
              kernels,
              next.map(({ length }) => length),
            );
            rows = next.length;
            spreader.beginSources(1000 + vertex);
            vertex += rows;
            continue;
          }
          for (const [target, source] of read(kernels, spreader, 1, taken)[0]!) {
            found.push([source, target]);
          }
          at += taken;
        }
        const expected = out.flatMap((own, source) => own.map(to => [1000 + source, to] as const));
        t.deepEqual(found, expected);
        kernels.reset();
      },
    ),
    { numRuns: 100 },
  );
});

test('as many rows as a call takes, both ways, over 64 partitions of 2^31 − 1 ranks', t => {
  const kernels = movingKernels();
  const cuts = Array.from({ length: 65 }, (_, i) => Math.floor(((2 ** 31 - 1) * i) / 64));
  const spreader = new Spreader(kernels, cuts);
  const below = random(3);
  const ranks = Array.from({ length: 2 * SPREAD_ROWS }, () => below(2 ** 31 - 1));
  const sources = ranks.slice(0, SPREAD_ROWS);
  const numbers = placeU32(
    kernels,
    ranks.map((_, i) => i),
  );
  const flags = { undirected: true, dropLoops: false };
  const at = placeU32(kernels, ranks);
  const n = spreader.edges(at, numbers, numbers + 4 * SPREAD_ROWS, SPREAD_ROWS, flags);
  const expected = sources.flatMap((source, row) => {
    const target = ranks[SPREAD_ROWS + row]!;
    return [
      [source, target, row],
      [target, source, row],
    ];
  });
  t.deepEqual(read(kernels, spreader, 64, n), plain(cuts, expected));
});
