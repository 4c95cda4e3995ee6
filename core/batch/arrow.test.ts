import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as theirs from 'apache-arrow';
import test from 'ava';
import * as fc from 'fast-check';
import {
  type AnyType,
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
import { anyRows } from './arbitrary-rows.ts';
import { cellsOf } from './arbitrary.ts';
import { fromArrow, fromIpc, schemaOf, tableOf, toArrow, toIpc } from './arrow.ts';
import { batchOf, rowsOf } from './codec.ts';
import { fieldsOf, sliceBatch, type StoredBatch } from './columns.ts';

/** What a schema is after Arrow has had it: bigint64 is how a function reads int64, not a type. */
function plain<T extends AnyType>(of: T): AnyType {
  const { read: _, of: item, ...rest } = of as T & { read?: string; of?: AnyType };
  return (item === undefined ? rest : { ...rest, of: plain(item) }) as AnyType;
}

test('property: batches go through record batches and both forms of IPC, whole and in slices', t => {
  const inputs = fc.tuple(anyRows, fc.nat(100), fc.nat(100), fc.constantFrom('stream', 'file'));
  fc.assert(
    fc.property(inputs, ([[schema, rows], a, b, form]) => {
      const fields = fieldsOf(schema);
      const batch = batchOf(rows, schema);
      const record = toArrow(batch, schema);
      t.is(record.numRows, rows.length);
      t.deepEqual(cellsOf(fields, fromArrow(record, schema)), cellsOf(fields, batch));

      const [from, to] = [Math.min(a, b, rows.length), Math.min(Math.max(a, b), rows.length)];
      const slice = fromArrow(record.slice(from, to), schema);
      t.deepEqual(cellsOf(fields, slice), cellsOf(fields, sliceBatch(batch, from, to)));

      const pieces = [batch, sliceBatch(batch, from, to)];
      const back = fromIpc(toIpc(pieces, schema, form));
      t.deepEqual(
        Object.entries(back.schema),
        Object.entries(schema).map(([name, of]) => [name, plain(of)]),
      );
      t.deepEqual(
        back.batches.map(each => cellsOf(fields, each)),
        pieces.map(each => cellsOf(fields, each)),
      );
    }),
    { numRuns: 200 },
  );
});

const ALL = {
  flag: nullable(bool),
  small: nullable(int32),
  count: nullable(int64),
  ratio: nullable(float64),
  text: nullable(utf8),
  data: nullable(binary),
  day: nullable(date),
  at: nullable(timestamp),
  price: nullable(decimal(18, 2)),
  large: nullable(decimal(38, 10)),
  tags: nullable(list(nullable(utf8))),
};
const NULLS = Object.fromEntries(Object.keys(ALL).map(name => [name, null]));
const FULL = {
  flag: true,
  small: -5,
  count: 2 ** 53 - 1,
  ratio: 0.1,
  text: '日本 é',
  data: Uint8Array.of(0, 255),
  day: '2024-02-29',
  at: 1_700_000_000_000.123,
  price: -1234n,
  large: -(10n ** 37n) - 7n,
  tags: ['a', null, ''],
};

test("another copy of Arrow reads our IPC, and we read that copy's tables", t => {
  const bytes = toIpc([batchOf([FULL, NULLS], ALL)], ALL);
  const table = theirs.tableFromIPC(bytes);
  const [full, nulls] = table.toArray() as { toJSON(): Record<string, unknown> }[];
  t.deepEqual(nulls!.toJSON(), NULLS);
  const row = full!.toJSON();
  t.like(row, { flag: true, small: -5, count: 2n ** 53n - 1n, ratio: 0.1, text: '日本 é' });
  t.is(row.day, Date.parse('2024-02-29'));
  t.deepEqual([...(row.tags as Iterable<unknown>)], ['a', null, '']);
  t.is(
    table.schema.fields.map(field => String(field.type)).join(' '),
    'Bool Int32 Int64 Float64 Utf8 Binary Date32<DAY> Timestamp<MICROSECOND, UTC> Decimal[18e+2] Decimal[38e+10] List<Utf8>',
  );
  const schema = schemaOf(table.schema as never);
  t.deepEqual(schema, ALL as never);
  t.deepEqual(
    table.batches.flatMap(batch => rowsOf(fromArrow(batch as never, schema), schema)),
    [FULL, NULLS],
  );
});

test('types of others: narrow numbers, dictionaries, large text, seconds; a type that is not ours is refused', t => {
  const vectors = {
    tiny: theirs.vectorFromArray([1, null, -3], new theirs.Int8()),
    word: theirs.vectorFromArray([7, 8, 2 ** 32 - 1], new theirs.Uint32()),
    half: theirs.vectorFromArray([0.5, null, 1.5], new theirs.Float32()),
    name: theirs.vectorFromArray(
      ['x', null, 'x'],
      new theirs.Dictionary(new theirs.Utf8(), new theirs.Int32()),
    ),
    long: theirs.vectorFromArray(['ab', null, 'é'], new theirs.LargeUtf8()),
    at: theirs.vectorFromArray([0, null, 1000], new theirs.TimestampSecond()),
  };
  const table = new theirs.Table(vectors as never);
  const schema = schemaOf(table.schema as never);
  t.deepEqual(
    table.batches.flatMap(batch => rowsOf(fromArrow(batch as never, schema), schema)),
    [
      { tiny: 1, word: 7, half: 0.5, name: 'x', long: 'ab', at: 0 },
      { tiny: null, word: 8, half: null, name: null, long: null, at: null },
      { tiny: -3, word: 2 ** 32 - 1, half: 1.5, name: 'x', long: 'é', at: 1000 },
    ],
  );
  const struct = new theirs.Schema([new theirs.Field('s', new theirs.Struct([]), true)]);
  t.throws(() => schemaOf(struct as never), {
    code: 'COLUMN_TYPE',
    message: /column 's' is Struct/,
  });
});

test('nulls in a column that is not nullable are refused', t => {
  const record = toArrow(batchOf([{ n: null }], { n: nullable(int64) }), { n: nullable(int64) });
  t.throws(() => fromArrow(record, { n: int64 }), {
    code: 'COLUMN_TYPE',
    message: /column 'n' has nulls/,
  });
});

test('fixed and variable width are views of the same memory, shared memory too', t => {
  const memory = new SharedArrayBuffer(256);
  const text = new Uint8Array(memory, 64, 4);
  text.set([97, 98, 99, 100]);
  const batch: StoredBatch = {
    rows: 2,
    columns: [
      { data: new Uint8Array(memory, 0, 16) },
      { data: text, offsets: new Int32Array(memory, 128, 3) },
    ],
  };
  batch.columns[1]!.offsets!.set([0, 1, 4]);
  const schema = { n: int64, text: utf8 };
  const table = tableOf([batch], schema);
  t.is(table.getChild('n')!.data[0]!.values.buffer, memory);
  t.is(table.getChild('text')!.get(1), 'bcd');
  const ipc = toIpc([batch], schema);
  const shared = new Uint8Array(new SharedArrayBuffer(ipc.length));
  shared.set(ipc);
  const [back] = fromIpc(shared).batches;
  t.is(back!.columns[0]!.data.buffer, shared.buffer);
});

test('values of 1 MiB', t => {
  const schema = { text: utf8, parts: list(binary) };
  const rows = [
    { text: 'é'.repeat(1 << 19), parts: [new Uint8Array(1 << 20).fill(1), new Uint8Array(0)] },
  ];
  const { batches } = fromIpc(toIpc([batchOf(rows, schema)], schema));
  const [row] = rowsOf<(typeof rows)[0]>(batches[0]!, schema);
  t.true(row!.text === rows[0]!.text && Buffer.compare(row!.parts[0]!, rows[0]!.parts[0]!) === 0);
});

const OFFICIAL = '../shared/data/arrow-testing/arrow-ipc-stream';
const official = existsSync(OFFICIAL) ? test : test.skip;

official('the official integration files, against their JSON', t => {
  for (const name of [
    '1.0.0-littleendian/generated_decimal',
    'cpp-21.0.0/generated_decimal',
    'cpp-21.0.0/generated_large_binary',
  ]) {
    const json = JSON.parse(
      gunzipSync(readFileSync(`${OFFICIAL}/${name}.json.gz`)).toString(),
    ) as Golden;
    for (const form of ['stream', 'arrow_file']) {
      const { schema, batches } = fromIpc(readFileSync(`${OFFICIAL}/${name}.${form}`));
      t.is(batches.length, json.batches.length);
      batches.forEach((batch, b) => {
        for (const [i, row] of Object.entries(rowsOf(batch, schema))) {
          for (const column of json.batches[b]!.columns) {
            const expected = column.VALIDITY[Number(i)] === 0 ? null : column.DATA[Number(i)];
            const value = (row as Record<string, unknown>)[column.name];
            t.is(
              golden(value),
              expected === null ? null : String(expected),
              `${name} ${column.name} ${i}`,
            );
          }
        }
      });
    }
  }
});
interface Golden {
  readonly batches: readonly {
    readonly columns: readonly { name: string; VALIDITY: number[]; DATA: unknown[] }[];
  }[];
}
function golden(value: unknown): string | null {
  if (value === null) return null;
  return value instanceof Uint8Array
    ? Buffer.from(value).toString('hex').toUpperCase()
    : String(value);
}

test('the classes of Arrow are in one bundle', t => {
  const bundle = readFileSync(new URL('./arrow-classes.js', import.meta.url), 'utf8');
  t.notRegex(bundle, /^(import|export) .* from ['"]apache-arrow/m);
});
