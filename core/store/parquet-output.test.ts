import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import { anyRows } from '../batch/arbitrary-rows.ts';
import { daysOf } from '../batch/calendar.ts';
import { batchOf, rowBuilder } from '../batch/codec.ts';
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
  type Schema,
  timestamp,
  utf8,
} from '../define/schema.ts';
import { duckdb } from './duckdb.ts';
import { CUTS, type Cuts, ParquetOutput } from './parquet-output.ts';
import { itemOf } from './parquet-types.ts';

const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
test.after.always(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.parquet`);

/** Writes rows in batches of the sizes given, over and over. */
function write(
  path: string,
  schema: Schema,
  rows: readonly object[],
  sizes: readonly number[],
  cuts?: Cuts,
) {
  const output = new ParquetOutput(path, schema, cuts);
  for (let from = 0, i = 0; from < rows.length; i++) {
    const size = sizes[i % sizes.length]!;
    output.write(batchOf(rows.slice(from, from + size), schema));
    from += size;
  }
  return output.close();
}

/** A DuckDB expression that gives a column in a form that `plain` gives its value in. */
function expression(name: string, of: AnyType): string {
  switch (of.type) {
    case 'list':
      return `list_transform(${name}, x -> ${expression('x', itemOf(of))})`;
    case 'date':
      return `cast(${name} - date '1970-01-01' as varchar)`;
    case 'int64':
    case 'decimal':
      return `cast(${name} as varchar)`;
    case 'timestamp':
      return `cast(epoch_us(${name}) as varchar)`;
    case 'binary':
      return `hex(${name})`;
    default:
      return name;
  }
}

function plain(value: unknown, of: AnyType): unknown {
  if (value === null) return null;
  const { scale = 0 } = of as { scale?: number };
  switch (of.type) {
    case 'list':
      return (value as unknown[]).map(item => plain(item, itemOf(of)));
    case 'binary':
      return Buffer.from(value as Uint8Array)
        .toString('hex')
        .toUpperCase();
    case 'timestamp':
      return String(Math.round((value as number) * 1000));
    case 'decimal':
      return point(value as bigint, scale);
    case 'date':
      return String(daysOf(value as string));
    case 'int64':
      return String(value);
    default:
      return value;
  }
}

function point(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

async function read(path: string, schema: Schema): Promise<unknown[][]> {
  const columns = Object.entries(schema).map(([name, of]) =>
    expression(`"${name.replaceAll('"', '""')}"`, of),
  );
  return duckdb(`select ${columns.join(', ')} from '${path}'`);
}
const expected = (schema: Schema, rows: readonly object[]) =>
  rows.map(row => Object.entries(schema).map(([name, of]) => plain(row[name as never], of)));

test('property: DuckDB reads what was written, of every type; the bytes do not depend on the batches', async t => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 3 });
  const cuts = fc.record({
    groupRows: fc.integer({ min: 1, max: 40 }),
    groupBytes: fc.integer({ min: 1, max: 3000 }),
    pageBytes: fc.integer({ min: 1, max: 300 }),
  });
  await fc.assert(
    fc.asyncProperty(anyRows, sizes, sizes, cuts, async ([schema, rows], some, others, small) => {
      const [first, second] = [newPath(), newPath()];
      const written = write(first, schema, rows, some, small);
      write(second, schema, rows, others, small);
      const bytes = readFileSync(first);
      t.is(Buffer.compare(bytes, readFileSync(second)), 0);
      t.deepEqual(written, { rows: rows.length, bytes: bytes.length });
      t.deepEqual(await read(first, schema), expected(schema, rows));
      rmSync(first);
      rmSync(second);
    }),
    { numRuns: 150 },
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

test('types arrive as DuckDB knows them', async t => {
  const path = newPath();
  write(path, ALL, [Object.fromEntries(Object.keys(ALL).map(name => [name, null]))], [1]);
  const types = await duckdb(`select column_type from (describe select * from '${path}')`);
  t.is(
    types.flat().join(' '),
    'BOOLEAN INTEGER BIGINT DOUBLE VARCHAR BLOB DATE TIMESTAMP WITH TIME ZONE DECIMAL(18,2) DECIMAL(38,10) VARCHAR[]',
  );
  t.deepEqual(await duckdb(`select * from '${path}'`), [Object.keys(ALL).map(() => null)]);
  t.deepEqual(await duckdb(`select distinct created_by from parquet_file_metadata('${path}')`), [
    ['superstep'],
  ]);
});

test('no rows', async t => {
  const path = newPath();
  t.is(write(path, ALL, [], [1]).rows, 0);
  t.deepEqual(await duckdb(`select * from '${path}'`), []);
});

test('values of 1 MiB and more, in flat columns and in lists', async t => {
  const schema = { text: utf8, list: list(binary) };
  const rows = [1, 2, 3].map(n => ({
    text: 'é'.repeat(n * 512 * 1024),
    list: [new Uint8Array(n * 700_000), new Uint8Array(1)],
  }));
  const path = newPath();
  write(path, schema, rows, [2]);
  t.deepEqual(
    await duckdb(`select length(text), octet_length(list[1]), len(list) from '${path}'`),
    rows.map(({ text, list: [data] }) => [BigInt(text.length), BigInt(data!.length), 2n]),
  );
});

test('row groups end at fixed rows and at fixed bytes, pages at fixed bytes', async t => {
  const schema = { n: int64, text: utf8 };
  const builder = rowBuilder(schema);
  const rows = 300_000;
  for (let n = 0; n < rows; n++) builder.push({ n, text: 'x'.repeat(n % 20) });
  const path = newPath();
  const output = new ParquetOutput(path, schema);
  output.write(builder.batch());
  output.close();
  const groups = await duckdb(
    `select distinct row_group_id, row_group_num_rows from parquet_metadata('${path}') order by 1`,
  );
  t.deepEqual(
    groups.map(row => Number(row[1])),
    [122_880, 122_880, rows - 2 * 122_880],
  );
  t.deepEqual(await duckdb(`select sum(n), sum(length(text)) from '${path}'`), [
    [BigInt((rows * (rows - 1)) / 2), 2_850_000n],
  ]);
  const wide = newPath();
  const text = 'x'.repeat(1_000_000);
  write(
    wide,
    { text: utf8 },
    Array.from({ length: 40 }, () => ({ text })),
    [7],
  );
  const widths = await duckdb(
    `select row_group_num_rows, total_compressed_size from parquet_metadata('${wide}') order by row_group_id`,
  );
  t.deepEqual(
    widths.map(row => Number(row[0])),
    Array.from({ length: 10 }, () => 4),
  );
  t.true(widths.every(row => Number(row[1]) <= CUTS.groupBytes + 16 * 64));
});

test('text that is not UTF-8 names column and row; also where only the border between two values is wrong', t => {
  const schema = { n: int32, text: utf8 };
  for (const values of [[[0xff]], [[0xc3], [0xa9]], [[0x61], [], [0x62, 0xe2, 0x82]]]) {
    const path = newPath();
    const output = new ParquetOutput(path, schema);
    output.write(batchOf([{ n: 1, text: 'fine' }], schema));
    const builder = rowBuilder(schema);
    for (const bytes of values) {
      builder.columns.n!.push(0);
      builder.columns.text!.pushBytes(Uint8Array.from(bytes), 0, bytes.length);
    }
    const bad = 2 + values.findIndex(bytes => bytes.some(byte => byte > 127));
    const error = t.throws(() => output.write(builder.batch()), {
      code: 'INVALID_UTF8',
      name: 'DataError',
    });
    t.is(error.message, `${path}: row ${bad}: text is not UTF-8, which parquet has to be`);
    t.like(error, { details: { row: bad } });
    output.abort();
    t.false(existsSync(path));
  }
});

test('text in lists is checked too', t => {
  const schema = { tags: list(utf8) };
  const builder = rowBuilder(schema);
  builder.push({ tags: [] });
  builder.push({ tags: ['fine', 'ab'] });
  const { data } = builder.batch().columns[0]!;
  data[data.lastIndexOf('b'.charCodeAt(0))] = 0xff;
  const output = new ParquetOutput(newPath(), schema);
  t.throws(() => output.write(builder.batch()), { code: 'INVALID_UTF8', message: /row 2/ });
  output.abort();
});
