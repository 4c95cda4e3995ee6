import test from 'ava';
import fc from 'fast-check';
import { batchOf, rowsOf } from '../batch/codec.ts';
import { fieldsOf } from '../batch/columns.ts';
import { bool, decimal, float64, int64, nullable, utf8 } from '../define/schema.ts';
import { measureKeys, writeKeys } from '../kernels/encode.ts';
import { Kernels } from '../kernels/kernels.ts';
import { BatchArea } from '../store/batch-area.ts';
import { KeyDecoder } from './key-decoder.ts';
import { keyReader } from './keys.ts';
import { layoutOf } from './layout.ts';

const wasm = Kernels.compile();
const key = {
  d: nullable(decimal(30, 4)),
  s: nullable(utf8),
  f: float64,
  b: bool,
  n: nullable(int64),
  last: utf8,
};
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const row = fc.record({
  d: orNull(fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n })),
  s: orNull(fc.string({ unit: fc.constantFrom('a', '\0', 'é') })),
  f: fc.double().map(f => f + 0),
  b: fc.boolean(),
  n: orNull(fc.maxSafeInteger()),
  last: fc.string({ unit: 'grapheme' }),
});

test('keys of any columns, falling or not, come back as they were: by the batch and one by one', t => {
  const sorts = [{}, { d: 'desc', s: 'desc', f: 'desc', last: 'desc' }] as const;
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), fc.constantFrom(...sorts), (rows, sort) => {
      const { key: parts } = layoutOf({ key, value: {}, combine: {}, sort });
      const kernels = new Kernels(wasm, undefined, { moveOnEveryCall: true });
      const batch = batchOf(rows, key);
      const columns = new BatchArea(kernels).copy(batch);
      const sources = parts.map((part, i) => ({ part, ...columns[i]! }));
      const offsets = kernels.alloc(8 * (rows.length + 1));
      const bytes = measureKeys(kernels, sources, parts.length, rows.length, offsets, 0);
      const at = kernels.alloc(bytes + 1);
      writeKeys(kernels, sources, rows.length, at);
      const keys = {
        data: kernels.u8.slice(at, at + bytes),
        offsets: new Int32Array(kernels.u8.slice(offsets, offsets + 4 * (rows.length + 1)).buffer),
      };
      const decoded = new KeyDecoder(kernels, parts).decode({ rows: rows.length, columns: [keys] });
      t.is(decoded.length, fieldsOf(key).length);
      t.deepEqual(rowsOf({ rows: rows.length, columns: decoded }, key), rows);
      const read = keyReader(parts);
      const each = rows.map((_, i) =>
        read(keys.data.subarray(keys.offsets[i], keys.offsets[i + 1])),
      );
      t.deepEqual(each, rows);
    }),
    { numRuns: 100 },
  );
});
