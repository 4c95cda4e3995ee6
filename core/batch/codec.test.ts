import test from 'ava';
import * as fc from 'fast-check';
import {
  type AnyType,
  bigint64,
  binary,
  bool,
  date,
  decimal,
  float64,
  int32,
  int64,
  list,
  nullable,
  timestamp,
  utf8,
} from '../define/schema.ts';
import { fits } from '../define/value.ts';
import { anyRows, anyTyped, simple } from './arbitrary-rows.ts';
import { cellsOf } from './arbitrary.ts';
import { batchOf, builderOf, readersOf, rowBuilder, rowReader, rowsOf } from './codec.ts';
import { fieldsOf } from './columns.ts';

test('property: rows come back as they were, of every type, nested and null', t => {
  fc.assert(
    fc.property(anyRows, ([schema, rows]) => {
      const batch = batchOf(rows, schema);
      t.is(batch.rows, rows.length);
      t.deepEqual(rowsOf(batch, schema), rows);
      // And what was read is written as the same bytes.
      const fields = fieldsOf(schema);
      const again = batchOf(rowsOf(batch, schema), schema);
      t.deepEqual(cellsOf(fields, again), cellsOf(fields, batch));
    }),
    { numRuns: 150 },
  );
});

test('property: what the rules of values refuse is refused here, and only that', t => {
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withTypedArray: true }),
    ...simple.map(([, value]) => value),
    fc.constantFrom(-0, 2 ** 31, 2 ** 53, 2n ** 63n, 10n ** 18n, '2023-02-29', Number.NaN),
  );
  fc.assert(
    fc.property(anyTyped, anything, ([of], value) => {
      const builder = builderOf(of, 'c');
      const taken = fits(value, of);
      if (taken) builder.push(value);
      else
        t.throws(() => builder.push(value), { code: 'TYPE_MISMATCH', message: /column 'c' takes/ });
      t.is(builder.length, taken ? 1 : 0);
    }),
    { numRuns: 2000 },
  );
});

test('a value of 1 MiB, of every width of character', t => {
  const schema = { text: utf8, data: nullable(binary), tags: list(utf8) };
  const rows = ['x', 'é', '日', '😀'].map(unit => {
    const text = unit.repeat((1 << 20) / Buffer.byteLength(unit));
    return { text, data: new Uint8Array(1 << 20).fill(7), tags: [text, ''] };
  });
  rowsOf<(typeof rows)[0]>(batchOf(rows, schema), schema).forEach((row, i) => {
    t.true(row.text === rows[i]!.text && row.tags[0] === row.text && row.tags[1] === '');
    t.is(Buffer.compare(row.data, rows[i]!.data), 0);
  });
});

test('bytes that are not UTF-8 read as U+FFFD and stay in the column', t => {
  const builder = rowBuilder({ word: utf8 });
  for (const bytes of [[0xff], [0x61, 0xc3], Array.from({ length: 40 }, () => 0x80)]) {
    builder.columns.word!.pushBytes(Uint8Array.from([1, ...bytes]), 1, bytes.length + 1);
  }
  const words = readersOf(builder.batch(), { word: utf8 }).word!;
  t.deepEqual([words.at(0), words.at(1), words.at(2)], ['\ufffd', 'a\ufffd', '\ufffd'.repeat(40)]);
  t.deepEqual([...words.bytes!.subarray(0, 3)], [0xff, 0x61, 0xc3]);
});

test('a lone surrogate is refused, and the message shows what to call', t => {
  for (const text of ['\ud800', `${'a'.repeat(100)}\udc00`, '\ud83d ok']) {
    const error = t.throws(() => batchOf([{ text }], { text: utf8 }), { code: 'TYPE_MISMATCH' });
    t.regex((error as { details?: { remedy?: string } }).details!.remedy!, /toWellFormed/);
  }
});

test('an int64 that a number cannot hold names the column and says bigint64', t => {
  const exact = { id: bigint64 };
  for (const [id, fine] of [
    [2n ** 53n - 1n, true],
    [-(2n ** 53n) + 1n, true],
    [2n ** 53n, false],
    [-(2n ** 53n), false],
    [2n ** 63n - 1n, false],
    [-(2n ** 63n), false],
  ] as const) {
    const batch = batchOf([{ id }], exact);
    if (fine) {
      t.deepEqual(rowsOf(batch, { id: int64 }), [{ id: Number(id) }]);
    } else {
      const error = t.throws(() => rowsOf(batch, { id: int64 }), { code: 'INT64_RANGE' });
      t.regex(error.message, /column 'id'/);
      t.regex((error as { details?: { remedy?: string } }).details!.remedy!, /bigint64/);
    }
  }
});

test('timestamps keep their microseconds, and milliseconds beyond the range of those', t => {
  const schema = { at: timestamp };
  const times = [0, 1.001, -0.001, 1_700_000_000_000.123, 8.64e15, -8.64e15, 9_007_199_254_741];
  t.deepEqual(
    rowsOf(
      batchOf(
        times.map(at => ({ at })),
        schema,
      ),
      schema,
    ),
    times.map(at => ({ at })),
  );
  t.throws(() => batchOf([{ at: 8.64e15 + 1 }], schema), { code: 'TYPE_MISMATCH' });
  t.throws(() => batchOf([{ at: Number.NaN }], schema), { code: 'TYPE_MISMATCH' });
});

test('a date outside the years 0000 to 9999 is an error that names the column', t => {
  const batch = batchOf([{ day: 2_932_897 }], { day: int32 });
  t.throws(() => rowsOf(batch, { day: date }), { code: 'DATE_RANGE', message: /column 'day'/ });
});

test('there is one NaN', t => {
  const other = new Float64Array(BigUint64Array.of(0xfff8_0000_0000_0001n).buffer)[0]!;
  const { data } = batchOf([{ x: other }, { x: Number.NaN }], { x: float64 }).columns[0]!;
  const bits = new BigUint64Array(data.slice().buffer);
  t.deepEqual([...bits], [0x7ff8_0000_0000_0000n, 0x7ff8_0000_0000_0000n]);
});

test('a row that is refused leaves the rows before it whole, however they were pushed', t => {
  const builder = rowBuilder({ word: utf8, count: int64 });
  builder.push({ word: 'a', count: 1 });
  builder.columns.word!.push('b');
  t.throws(() => builder.length, { code: 'TYPE_MISMATCH', message: /has 2 rows.*has 1/ });
  builder.columns.count!.push(2);
  const errors = [
    { word: 'c', count: '3' },
    { word: 'c' },
    null,
    undefined,
    7,
    { word: null, count: 1 },
  ];
  for (const row of errors) t.throws(() => builder.push(row as object), { code: 'TYPE_MISMATCH' });
  builder.push({ word: 'd', count: 4, more: 'ignored' } as object);
  t.deepEqual(rowsOf(builder.batch(), { word: utf8, count: int64 }), [
    { word: 'a', count: 1 },
    { word: 'b', count: 2 },
    { word: 'd', count: 4 },
  ]);
  builder.clear();
  t.is(builder.length, 0);
  t.is(builder.bytes, 0);
});

test('messages say column, type and value', t => {
  const message = (of: AnyType, value: unknown) =>
    t.throws(() => batchOf([{ c: value }], { c: of }), { name: 'TaskError' }).message;
  t.is(message(int64, '7'), `column 'c' takes int64, not "7"`);
  t.is(message(int32, 2 ** 31), `column 'c' takes int32, not 2147483648`);
  t.is(message(nullable(utf8), undefined), `column 'c' takes nullable(utf8), not undefined`);
  t.is(message(list(utf8), ['a', null]), `column 'c' takes utf8, not null`);
  t.is(message(decimal(4, 2), 10_000n), `column 'c' takes decimal(4, 2), not 10000n`);
  t.is(
    t.throws(() => rowBuilder({ c: int64 }).columns.c!.pushBytes(new Uint8Array(1), 0, 1)).message,
    `column 'c' takes int64, not bytes`,
  );
});

test('rows without columns are counted', t => {
  const batch = batchOf([{}, {}, {}], {});
  t.is(batch.rows, 3);
  t.deepEqual(rowsOf(batch, {}), [{}, {}, {}]);
});

test('a reader may go from batch to batch, and from row to row', t => {
  const schema = { word: nullable(utf8), count: int64 };
  const reader = rowReader(schema);
  reader.load(batchOf([{ word: null, count: 1 }], schema));
  t.deepEqual(reader.row(0), { word: null, count: 1 });
  t.deepEqual(reader.rows(batchOf([{ word: 'x', count: -2 }], schema)), [{ word: 'x', count: -2 }]);
  t.deepEqual(Object.keys(reader.row(0)), ['word', 'count']);
});

test('columns give their raw values, and whether they are null', t => {
  const schema = { n: nullable(int64), x: float64, d: date, b: bool, w: utf8, l: list(int32) };
  const rows = [
    { n: 5, x: 0.5, d: '1970-01-02', b: true, w: 'ab', l: [1, 2] },
    { n: null, x: 1, d: '1969-12-31', b: false, w: '', l: [] },
  ];
  const { n, x, d, b, w, l } = readersOf(batchOf(rows, schema), schema);
  t.deepEqual(n!.values, BigInt64Array.of(5n, 0n));
  t.deepEqual([n!.isNull(0), n!.isNull(1), w!.isNull(1)], [false, true, false]);
  t.deepEqual(x!.values, Float64Array.of(0.5, 1));
  t.deepEqual(d!.values, Int32Array.of(1, -1));
  t.is(b!.values, undefined);
  t.deepEqual(w!.offsets, Int32Array.of(0, 2, 2));
  t.deepEqual(w!.bytes, Uint8Array.of(97, 98));
  t.is(l!.offsets!.length, 3);
  t.is(l!.bytes, undefined);
  t.is(n!.length, 2);
});
