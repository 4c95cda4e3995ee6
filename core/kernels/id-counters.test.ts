import test from 'ava';
import * as fc from 'fast-check';
import { movingKernels, placeU32, plainKernels } from './fixtures.ts';
import { IdCounters } from './id-counters.ts';

const MIB = 2 ** 20;

const number = fc.nat(200);
const add = (to: Map<number, number>, id: number): void => void to.set(id, (to.get(id) ?? 0) + 1);

test('out-edges and listings are counted by number, whatever room was made when', t => {
  const kernels = movingKernels();
  const parts = fc.array(fc.array(fc.tuple(number, number), { maxLength: 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(parts, fc.boolean(), (all, undirected) => {
      const counters = new IdCounters(kernels, true, 1000);
      const degrees = new Map<number, number>();
      const listed = new Map<number, number>();
      let size = 1;
      for (const edges of all) {
        size = Math.max(size, ...edges.flat().map(id => id + 1));
        t.true(counters.room(size));
        const [sources, targets] = [0, 1].map(end =>
          placeU32(
            kernels,
            edges.map(edge => edge[end]!),
          ),
        );
        counters.countEdges(sources!, targets!, edges.length, undirected);
        counters.countListed(targets!, edges.length);
        for (const [source, target] of edges) {
          add(degrees, source);
          if (undirected && target !== source) add(degrees, target);
          add(listed, target);
        }
      }
      t.true(counters.room(size));
      const read = (column: number) =>
        Array.from(kernels.u32.subarray(column >>> 2, (column >>> 2) + size));
      const [degreesAt, listedAt] = counters.columns;
      const numbers = Array.from({ length: size }, (_, id) => id);
      t.deepEqual(
        read(degreesAt!),
        numbers.map(id => degrees.get(id) ?? 0),
      );
      t.deepEqual(
        read(listedAt!),
        numbers.map(id => Math.min(2, listed.get(id) ?? 0)),
      );
      counters.clear();
      t.true(read(degreesAt!).every(n => n === 0) && read(listedAt!).every(n => n === 0));
      kernels.reset();
    }),
    { numRuns: 60 },
  );
});

test('room ends where it is refused, or at the bound; what was counted stays', t => {
  const kernels = plainKernels(2 * MIB);
  const counters = new IdCounters(kernels, true, 300_000);
  t.true(counters.room(1000));
  const at = placeU32(kernels, [999]);
  counters.countEdges(at, at, 1, false);
  t.false(counters.room(300_000));
  t.is(kernels.u32[(counters.columns[0]! >>> 2) + 999], 1);
  t.true(counters.room(50_000));
  t.is(kernels.u32[(counters.columns[0]! >>> 2) + 999], 1);
  t.false(new IdCounters(plainKernels(), false, 100).room(101));
});
