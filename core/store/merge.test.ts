import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { batchOf, rowsOf } from '../batch/codec.ts';
import { type Field, fieldsOf, sliceBatch, type StoredBatch } from '../batch/columns.ts';
import { binary, float64, int32, int64, nullable, utf8 } from '../define/schema.ts';
import { Kernels } from '../kernels/kernels.ts';
import type { MergeInput } from './merge.ts';
import { GroupOverflow, MergedGroups } from './merged-groups.ts';
import { MergedRows } from './merged-rows.ts';

const wasm = Kernels.compile();

/** A sorted batch, cut into batches of `cut` rows: an input of a merge. */
function inputOf(batch: StoredBatch, cut: number): MergeInput {
  return {
    batches: Math.ceil(batch.rows / cut),
    read: i => sliceBatch(batch, i * cut, Math.min(batch.rows, (i + 1) * cut)),
  };
}

const keys = fc.string({ minLength: 0, maxLength: 20, unit: fc.constantFrom('a', 'b', '\0', 'é') });
const runs = <T>(row: fc.Arbitrary<T>): fc.Arbitrary<T[][]> =>
  fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 6 });
const byKey = (a: { key: string }, b: { key: string }): number =>
  Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));

test('groups: keys in order, every aggregate as a plain fold gives it', t => {
  const schema = { key: utf8, n: int64, least: int32 };
  const row = fc.record({ key: keys, n: fc.integer(), least: fc.integer() });
  fc.assert(
    fc.property(runs(row), fc.integer({ min: 1, max: 12 }), (inputs, cut) => {
      const kernels = new Kernels(wasm, undefined, { moveOnEveryCall: true });
      const sources = inputs.map(rows => inputOf(batchOf(rows.toSorted(byKey), schema), cut));
      const groups = new MergedGroups(kernels, sources, fieldsOf(schema), [
        { op: 'sum', kind: 'i64' },
        { op: 'min', kind: 'i32' },
      ]);
      const got: object[] = [];
      for (let b = groups.next(); b !== undefined; b = groups.next())
        got.push(...rowsOf(b, schema));
      groups.close();
      const want = new Map<string, { key: string; n: number; least: number }>();
      for (const { key, n, least } of inputs.flat()) {
        const known = want.get(key) ?? { key, n: 0, least: Infinity };
        want.set(key, { key, n: known.n + n, least: Math.min(known.least, least) });
      }
      t.deepEqual(got, [...want.values()].toSorted(byKey));
    }),
  );
});

test('groups: more than a batch of them, with keys of any length', t => {
  const schema = { key: utf8, n: int64 };
  const rows = Array.from({ length: 50_000 }, (_, i) => ({
    key: `${String(i).padStart(6, '0')}${'x'.repeat(i % 977 === 0 ? 3000 : i % 40)}`,
    n: i,
  }));
  const kernels = new Kernels(wasm);
  const odd = rows.filter((_, i) => i % 2 === 1);
  const sources = [inputOf(batchOf(rows, schema), 700), inputOf(batchOf(odd, schema), 333)];
  const fields = fieldsOf(schema);
  const groups = new MergedGroups(kernels, sources, fields, [{ op: 'sum', kind: 'i64' }]);
  let i = 0;
  for (let b = groups.next(); b !== undefined; b = groups.next()) {
    for (const got of rowsOf<{ key: string; n: number }>(b, schema)) {
      const want = rows[i]!;
      if (got.key !== want.key || got.n !== (i % 2 === 1 ? 2 * i : i)) t.deepEqual(got, want);
      i++;
    }
  }
  t.is(i, rows.length);
});

test('groups: a sum that leaves int64 names its key', t => {
  const schema = { key: utf8, n: { type: 'int64', read: 'bigint' } as const };
  const big = [{ key: 'b', n: 2n ** 62n }];
  const sources = [
    inputOf(batchOf([{ key: 'a', n: 1n }, ...big], schema), 1),
    inputOf(batchOf(big, schema), 1),
  ];
  const groups = new MergedGroups(new Kernels(wasm), sources, fieldsOf(schema), [
    { op: 'sum', kind: 'i64' },
  ]);
  const error = t.throws(() => groups.next(), { instanceOf: GroupOverflow })!;
  t.is(Buffer.from(error.key).toString(), 'b');
});

const mixed = { key: binary, natural: int32, x: nullable(float64), text: nullable(utf8) };

const read = (rows: MergedRows, limit = Infinity): object[] => {
  const got: object[] = [];
  for (let i = 0; i < limit; i++) {
    const block = rows.next();
    if (block === undefined) break;
    got.push(...rowsOf(block.batch, mixed));
  }
  return got;
};

const short = (r: object): object => {
  const { key, text, x } = r as { key: Uint8Array; text: string | null; x: number | null };
  return {
    key: Buffer.from(key).toString('hex'),
    x,
    text: text?.slice(0, 20),
    n: text?.length,
  };
};

test('rows: all of them, in order of key, nulls and large values included, and again from any mark', t => {
  const row = fc.record({
    key: keys,
    x: fc.option(fc.double(), { nil: null }),
    text: fc.option(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('y'.repeat(300_000))), {
      nil: null,
    }),
  });
  const fields: Field[] = fieldsOf(mixed);
  fc.assert(
    fc.property(runs(row), fc.integer({ min: 1, max: 12 }), (inputs, cut) => {
      const kernels = new Kernels(wasm, undefined, { moveOnEveryCall: true });
      const sources = inputs.map(rows => {
        const stored = rows.toSorted(byKey).map(r => {
          const key = Buffer.from(r.key);
          return { ...r, key, natural: key.length };
        });
        return inputOf(batchOf(stored, mixed), cut);
      });
      const merged = new MergedRows(kernels, sources, fields, { natural: true });
      const before = read(merged, 2);
      const last = before.length === 0 ? [] : read(merged.mark()());
      const got = [...before, ...read(merged)];
      t.true(isDeepStrictEqual(last, got.slice(got.length - last.length)));
      const want = inputs.flatMap(rows => rows.toSorted(byKey)).toSorted(byKey);
      t.deepEqual(
        got.map(short),
        want.map(r => short({ ...r, key: Buffer.from(r.key) })),
      );
      merged.close();
    }),
    { numRuns: 60 },
  );
});

test('nothing at all is merged to nothing', t => {
  const groups = new MergedGroups(new Kernels(wasm), [], fieldsOf({ key: utf8 }), []);
  t.is(groups.next(), undefined);
  t.is(new MergedRows(new Kernels(wasm), [], fieldsOf(mixed), { natural: true }).next(), undefined);
});
