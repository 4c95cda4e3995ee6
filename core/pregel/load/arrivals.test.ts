import test from 'ava';
import * as fc from 'fast-check';
import type { BatchRef } from '../../store/run.ts';
import { arrivals } from './arrivals.ts';

const ref = (rows: number): BatchRef => {
  return { rows, bytes: 0, sizes: [], range: { slab: 0, offset: 0, length: 0 } };
};

/** By slice: the splits that its rows came from, ascending; a row is its split and its number in the slice. */
const slices = fc.array(
  fc
    .array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 5 })), { maxLength: 5 })
    .map(own => own.toSorted((a, b) => a[0] - b[0])),
  { maxLength: 4 },
);

test('rows come by split, and in a split by slice and as they lie, whatever the batches', t => {
  fc.assert(
    fc.property(slices, fc.integer({ min: 1, max: 4 }), (all, batchRows) => {
      const rows = all.map(own =>
        own.flatMap(([split, n]) => Array.from({ length: n }, () => split)),
      );
      const batches = rows.map(({ length }) =>
        Array.from({ length: Math.ceil(length / batchRows) }, (_, i) =>
          ref(Math.min(batchRows, length - i * batchRows)),
        ),
      );
      const spread = {
        slices: batches.map(own => ({ batches: own })),
        pieces: all.map(own => own.flat()),
      };
      const found = [...arrivals(spread, true)].flatMap(({ slice, batch, from, to }) =>
        Array.from({ length: to - from }, (_, i) => `${slice} ${batch * batchRows + from + i}`),
      );
      const expected = rows
        .flatMap((own, slice) => own.map((split, row) => ({ split, slice, row })))
        .toSorted((a, b) => a.split - b.split || a.slice - b.slice || a.row - b.row)
        .map(({ slice, row }) => `${slice} ${row}`);
      t.deepEqual(found, expected);
      const asTheyLie = [...arrivals(spread, false)].map(({ slice, batch }) => `${slice} ${batch}`);
      t.deepEqual(
        asTheyLie,
        batches.flatMap((own, slice) => own.map((_, batch) => `${slice} ${batch}`)),
      );
    }),
  );
});
