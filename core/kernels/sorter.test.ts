import test from 'ava';
import * as fc from 'fast-check';
import { hex, movingKernels, placeI64, placeU32 } from './fixtures.ts';
import {
  bytesAsKeys,
  KeySorter,
  keysAsBytes,
  MAX_PLACES,
  PLACE_ROWS,
  splitPlaces,
} from './sorter.ts';

const key = fc.bigInt({ min: 0n, max: (1n << 40n) - 1n });
const part = fc.record({ keys: fc.array(key, { maxLength: 20 }), place: fc.nat(1000) });

test('what is added comes out in order, with its places, again and again', t => {
  const kernels = movingKernels();
  const sorter = new KeySorter(kernels, 100, true, { low: 32, high: 8 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), parts => {
      for (const { keys, place } of parts) {
        sorter.add(new Uint8Array(BigUint64Array.from(keys).buffer), keys.length, place);
      }
      const rows = parts.flatMap(({ keys, place }) =>
        keys.map((k, i) => ({ k, place: place + i })),
      );
      t.deepEqual([sorter.count, sorter.room], [rows.length, 100 - rows.length]);
      sorter.order();
      const at = sorter.at(0);
      const found = rows.map((_, i) => ({
        k: kernels.i64[(at.keys >>> 3) + i]!,
        place: kernels.u32[(at.rows >>> 2) + i]!,
      }));
      t.deepEqual(
        found,
        rows.toSorted((a, b) => (a.k < b.k ? -1 : a.k > b.k ? 1 : 0)),
      );
      sorter.clear();
    }),
  );
  sorter.free();
  t.is(kernels.usedBytes, 0);
});

test('places are a batch and a row', t => {
  const kernels = movingKernels();
  const places = [0, 1, PLACE_ROWS - 1, PLACE_ROWS, MAX_PLACES * PLACE_ROWS - 1];
  const at = placeU32(kernels, places);
  const [inputs, rows] = [kernels.alloc(64), kernels.alloc(64)];
  splitPlaces(kernels, at, places.length, inputs!, rows!);
  const { u32 } = kernels;
  t.deepEqual(
    places.map((_, i) => [u32[(inputs! >>> 2) + i], u32[(rows! >>> 2) + i]]),
    places.map(place => [Math.floor(place / PLACE_ROWS), place % PLACE_ROWS]),
  );
});

test('keys as bytes are in the order of keys, and come back', t => {
  const kernels = movingKernels();
  const keys = [0n, 1n, 255n, 256n, 1n << 32n, (1n << 63n) - 1n];
  const [data, offsets, back] = [kernels.alloc(64), kernels.alloc(64), kernels.alloc(64)];
  keysAsBytes(kernels, placeI64(kernels, keys), keys.length, data!, offsets!);
  const bytes = keys.map((_, i) => {
    const [from, to] = kernels.u32.subarray((offsets! >>> 2) + i, (offsets! >>> 2) + i + 2);
    return hex(kernels.u8.slice(data! + from!, data! + to!));
  });
  t.deepEqual(
    bytes,
    keys.map(k => k.toString(16).padStart(16, '0')),
  );
  bytesAsKeys(kernels, data!, keys.length, back!);
  t.deepEqual(Array.from(kernels.i64.subarray(back! >>> 3, (back! >>> 3) + keys.length)), keys);
});
