/** Samples do not depend on who saw what; ranges have every row once. */
import test from 'ava';
import fc from 'fast-check';
import { batchOf, rowsOf } from '../batch/codec.ts';
import { sliceBatch, type StoredBatch } from '../batch/columns.ts';
import { binary } from '../define/schema.ts';
import type { BatchRef } from '../store/run.ts';
import { rangesOf, slicesWithin, within } from './key-range.ts';
import { KeySample, SAMPLE_KEY_BYTES } from './key-sample.ts';

const KEY = { key: binary };
const batch = (keys: readonly Uint8Array[]): StoredBatch =>
  batchOf(
    keys.map(key => ({ key })),
    KEY,
  );
const keyOf = (n: number): Uint8Array => {
  const text = String(Math.imul(n, 2654435761) >>> 0).padStart(10, '0');
  return new Uint8Array(Buffer.from(n % 50 === 0 ? `${text}${'x'.repeat(300)}` : text));
};
const sampleOf = (keys: readonly Uint8Array[]): KeySample => {
  const sample = new KeySample();
  sample.add(batch(keys), false);
  return sample;
};

test('the sample is that of the set of keys, however they are spread and repeated', t => {
  const all = Array.from({ length: 6000 }, (_, n) => keyOf(n));
  const expected = sampleOf(all);
  const parts = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6000, maxLength: 6000 });
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 300 }), (where, partitions) => {
      const merged = new KeySample();
      for (let part = 0; part <= 4; part++) {
        const own = all.filter((_, n) => where[n] === part || (n + part) % 7 === 0);
        const sample = sampleOf(own.slice(0, own.length >> 1));
        sample.add(batch(own), false);
        merged.addAll(sample.keys);
      }
      merged.addAll(sampleOf(all.slice(0, 5)).keys);
      t.deepEqual(merged.boundaries(partitions), expected.boundaries(partitions));
    }),
    { numRuns: 8 },
  );
});

test('boundaries ascend, are short, and cut into parts of about one size', t => {
  const all = Array.from({ length: 20_000 }, (_, n) => keyOf(n));
  const boundaries = sampleOf(all).boundaries(20);
  t.is(boundaries.length, 19);
  const counts = rangesOf(boundaries).map(({ from, to }) => {
    return all.filter(
      key =>
        (from === undefined || Buffer.compare(key, from) >= 0) &&
        (to === undefined || Buffer.compare(key, to) < 0),
    ).length;
  });
  t.is(
    counts.reduce((a, b) => a + b),
    all.length,
  );
  t.true(Math.max(...counts) < 3 * Math.min(...counts));
  t.true(boundaries.every(({ length }) => length <= SAMPLE_KEY_BYTES));
});

test('few keys make few partitions, one key makes one, none none', t => {
  const key = keyOf(1);
  t.deepEqual(sampleOf([key, key, key]).boundaries(5), []);
  t.deepEqual(new KeySample().boundaries(5), []);
  t.is(sampleOf([1, 2, 3].map(keyOf)).boundaries(100).length, 2);
});

const natural = (n: number): Uint8Array => Uint8Array.of(n, 0, 0);

test('keys of many rows count as often as they have rows, where rows are kept', t => {
  const rows = Array.from({ length: 4000 }, (_, i) => natural(i < 2000 ? 1 : 2 + (i % 100)));
  const keys = rows.map((key, i) => ({
    key: new Uint8Array([...key, i >> 8, i & 255]),
    length: 3,
  }));
  const sample = new KeySample();
  sample.add(batchOf(keys, { ...KEY, length: { type: 'int32' } }), true);
  const boundaries = sample.boundaries(4);
  t.true(boundaries.every(({ length }) => length === 3));
  t.true(boundaries.length >= 2, 'half of the rows have the first key');
});

test('ranges of sorted runs have every row, and once', t => {
  const key = fc.uint8Array({ maxLength: 3 });
  const runs = fc.array(fc.array(key, { maxLength: 30 }), { maxLength: 4 });
  fc.assert(
    fc.property(
      runs,
      fc.array(key, { maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      (all, cuts, size) => {
        const sorted = all.map(keys => keys.toSorted(Buffer.compare));
        const made = sorted.map(keys => {
          const whole = batch(keys);
          const batches = Array.from({ length: Math.ceil(keys.length / size) }, (_, i) =>
            sliceBatch(whole, i * size, Math.min(keys.length, (i + 1) * size)),
          );
          const refs = batches.map((_, i): BatchRef => {
            const first = keys[i * size]!.slice(0, SAMPLE_KEY_BYTES);
            return {
              rows: i,
              bytes: 0,
              range: { slab: 0, offset: 0, length: 0 },
              sizes: [],
              first,
            };
          });
          return { batches, run: { fields: [], partitions: [refs] } };
        });
        const boundaries = cuts
          .toSorted(Buffer.compare)
          .filter((cut, i, list) => i === 0 || Buffer.compare(cut, list[i - 1]!) > 0);
        const found = made.map(({ batches, run }) =>
          rangesOf(boundaries).flatMap(range =>
            slicesWithin([run], range).flatMap(slice => {
              const own = slice.batches.map(ref => batches[ref.rows]!);
              const input = within({ batches: own.length, read: i => own[i]! }, range);
              return own.flatMap((_, i) =>
                rowsOf<{ key: Uint8Array }>(input.read(i), KEY).map(row => row.key),
              );
            }),
          ),
        );
        t.deepEqual(found, sorted);
      },
    ),
  );
});
