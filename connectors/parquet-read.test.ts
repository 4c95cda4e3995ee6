/** Parquet as a source: what our own sink writes, what others write (against DuckDB), and files that are not what they say. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
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
  type Schema,
  timestamp,
  utf8,
} from 'superstep';
import { type AnyType, type FileFact, loadCodec, loadParquet } from 'superstep/internal';
import { COLUMNS, ROWS, testSource } from './conformance.ts';
import parquet from './parquet.ts';
import { failureOf, readRows, shared, temporary } from './bytes/testing.ts';

const { source, sink } = parquet;
const { batchOf } = await loadCodec();
const { ParquetOutput } = await loadParquet();

function written(path: string, rows: readonly object[], columns: Schema, cuts?: object): string {
  const writer = new ParquetOutput(path, columns, cuts as never);
  writer.write(batchOf(rows, columns));
  writer.close();
  return path;
}

const duckdb = await DuckDBInstance.create(':memory:', { threads: '1' });
async function query(sql: string): Promise<unknown[][]> {
  const connection = await duckdb.connect();
  return (await connection.runAndReadAll(sql)).getRowsJS() as unknown[][];
}

test('parquet is a source: what the sink has written, by row groups', async t => {
  const folder = temporary(t);
  const small = ROWS.filter(({ utf8: of }) => (of as string).length < 1000);
  const cuts = { groupRows: 3, groupBytes: 1 << 20, pageBytes: 64 };
  written(join(folder, 'a.parquet'), small, COLUMNS, cuts);
  written(join(folder, 'b.parquet'), [], COLUMNS);
  written(join(folder, 'c.parquet'), small, COLUMNS);
  const expected = [...small, ...small];
  await testSource(t, { source, where: [folder], columns: COLUMNS, expected });
  const two = { list: COLUMNS.list, int32: COLUMNS.int32 };
  const some = expected.map(row => ({ list: row.list, int32: row.int32 }));
  t.deepEqual(await readRows(source, [folder], two), some, 'some of the columns, in any order');
  const path = join(folder, 'd.parquet');
  const writer = sink.open(path, COLUMNS);
  writer.write(batchOf(ROWS, COLUMNS));
  writer.close();
  t.deepEqual(await readRows(source, [path], COLUMNS), ROWS, 'values of 1 MiB');
});

test('many rows, in batches', async t => {
  const columns = { id: int64, word: utf8, maybe: nullable(float64) };
  const rows = Array.from({ length: 130_000 }, (_, id) => ({
    id,
    word: `word ${id % 1000}`,
    maybe: id % 3 === 0 ? null : id / 7,
  }));
  const path = written(join(temporary(t), 'x.parquet'), rows, columns);
  const read = await readRows(source, [path], columns);
  t.is(JSON.stringify(read), JSON.stringify(rows));
});

test('any values are read as they were written', async t => {
  const value: { readonly [type: string]: readonly [AnyType, fc.Arbitrary<unknown>] } = {
    bool: [bool, fc.boolean()],
    int32: [int32, fc.integer()],
    bigint: [bigint64 as AnyType, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    float64: [float64, fc.double()],
    utf8: [utf8, fc.string({ unit: 'grapheme' })],
    binary: [binary, fc.uint8Array()],
    timestamp: [timestamp, fc.integer({ min: -8.64e15, max: 8.64e15 })],
    short: [decimal(18, 6), fc.bigInt({ min: 1n - 10n ** 18n, max: 10n ** 18n - 1n })],
    long: [decimal(38, 0), fc.bigInt({ min: 1n - 10n ** 38n, max: 10n ** 38n - 1n })],
  };
  const types = Object.entries(value);
  const columns: Schema = Object.fromEntries([
    ...types.map(([name, [of]]) => [name, of]),
    ...types.map(([name, [of]]) => [`${name}?`, { ...of, nullable: true }]),
    ...types.map(([name, [of]]) => [`${name}s`, list(nullable(of as never))]),
  ]);
  const row = fc.record(
    Object.fromEntries([
      ...types.map(([name, [, of]]) => [name, of]),
      ...types.map(([name, [, of]]) => [`${name}?`, fc.option(of)]),
      ...types.map(([name, [, of]]) => [`${name}s`, fc.array(fc.option(of), { maxLength: 3 })]),
    ]),
  );
  const folder = temporary(t);
  let files = 0;
  const cuts = fc.constantFrom({ groupRows: 2, groupBytes: 1000, pageBytes: 32 }, undefined);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), cuts, async (rows, cut) => {
      const path = written(join(folder, `${files++}.parquet`), rows, columns, cut);
      const plain = rows.map(each => ({ ...each }));
      t.deepEqual(await readRows(source, [path], columns), plain);
    }),
    { numRuns: 30 },
  );
});

test('DuckDB’s files, in every codec that it writes', async t => {
  const folder = temporary(t);
  const columns = {
    id: int64,
    small: int32,
    word: utf8,
    maybe: nullable(float64),
    at: timestamp,
    day: date,
    money: decimal(12, 2),
    wide: decimal(38, 5),
    yes: bool,
    raw: binary,
    tags: nullable(list(nullable(utf8))),
  };
  const select = `select i::bigint * 1000000007 as id, (i % 100)::integer as small, 'word ' || (i % 50) as word,
    case when i % 3 = 0 then null else i / 7.0 end::double as maybe, make_timestamp(i::bigint * 1000000000) as at,
    date '2000-01-01' + (i % 9999)::integer as day, (i / 100.0)::decimal(12, 2) as money, (i::decimal(38, 5) * 1234567) as wide,
    i % 2 = 0 as yes, encode('é' || i) as raw, case when i % 5 = 0 then null else ['a', null, 'b' || i] end as tags
    from range(20000) t(i)`;
  for (const codec of ['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw']) {
    const path = join(folder, `${codec}.parquet`);
    await query(
      `copy (${select}) to '${path}' (format parquet, codec '${codec}', row_group_size 8192)`,
    );
    const rows = (await readRows(source, [path], columns)) as { [column: string]: unknown }[];
    t.is(rows.length, 20_000, codec);
    const i = 12_346;
    t.deepEqual(rows[i], {
      id: i * 1_000_000_007,
      small: i % 100,
      word: `word ${i % 50}`,
      maybe: i / 7,
      at: i * 1_000_000,
      day: '2006-06-05',
      money: 12_346n,
      wide: 12_346n * 1_234_567n * 100_000n,
      yes: true,
      raw: new Uint8Array(Buffer.from(`é${i}`)),
      tags: ['a', null, `b${i}`],
    });
    t.is(rows.filter(row => row['maybe'] === null).length, 6667);
    t.is(rows.filter(row => row['tags'] === null).length, 4000);
    const sum = rows.reduce((total, { id }) => total + BigInt(id as number), 0n);
    t.is(sum, 199_990_000n * 1_000_000_007n);
  }
});

/** A cell as text, ours and DuckDB's. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return String(value.getTime());
  if (typeof value === 'number') return Number.isNaN(value) ? 'nan' : String(value);
  if (Array.isArray(value)) return `[${value.map(cellText).join()}]`;
  return String(value);
}

type Inside = { columns: { [name: string]: AnyType | { foreign: string } } };

test('files that others have made say what DuckDB says', async t => {
  const folder = shared(t, 'parquet-testing');
  if (folder === undefined) return;
  let [files, columns] = [0, 0];
  const refused = new Map<string, string>();
  for (const name of readdirSync(join(folder, 'data'))) {
    if (!name.endsWith('.parquet')) continue;
    const path = join(folder, 'data', name);
    let facts: readonly FileFact[];
    try {
      facts = await source.describe([path], {});
    } catch (error) {
      refused.set(name, (error as { code: string }).code);
      continue;
    }
    const own = Object.entries((facts[0]!.inside as unknown as Inside).columns).filter(
      ([, of]) => 'type' in of && of.type !== 'list',
    ) as [string, AnyType][];
    const readAs = own.map(([column, of]) => {
      const exact = of.type === 'int64' ? { ...of, read: 'bigint' } : of;
      return [column, { ...exact, nullable: true }] as const;
    });
    try {
      const rows = await readRows(source, [path], Object.fromEntries(readAs));
      const listed = own.map(([column, of]) => {
        const quoted = `"${column.replaceAll('"', '""')}"`;
        if (of.type === 'timestamp') return `epoch_ms(${quoted}::timestamp)`;
        return ['utf8', 'date', 'decimal'].includes(of.type) ? `${quoted}::varchar` : quoted;
      });
      if (listed.length === 0) continue;
      const expected = await query(`select ${listed.join(', ')} from read_parquet('${path}')`);
      t.is(rows.length, expected.length, name);
      rows.forEach((row, i) => {
        const ours = Object.values(row).map(cellText);
        const theirs = expected[i]!.map((value, c) => {
          const isDecimal = own[c]![1].type === 'decimal' && value !== null;
          return isDecimal ? String(BigInt(String(value).replace('.', ''))) : cellText(value);
        });
        if (ours.join('|') !== theirs.join('|')) t.deepEqual(ours, theirs, `${name}, row ${i}`);
      });
      files++;
      columns += own.length;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      refused.set(name, code ?? message);
    }
  }
  t.log([...refused].map(([name, code]) => `${name} ${code}`).join('\n'));
  t.log(files, columns);
  t.true(files > 40);
});

/** Changes bytes of a file and reads it: rows, or an error that says so; never anything else. */
async function readsOrSaysSo(t: ExecutionContext, path: string, columns: Schema): Promise<void> {
  try {
    await readRows(source, [path], columns);
  } catch (error) {
    const { code, message, stack } = error as { code?: string; message: string; stack: string };
    // The last two are of whoever makes values of what was read.
    const typed =
      'PARQUET_INVALID PARQUET_VALUE COLUMN_TYPE COLUMN_MISSING DATE_RANGE INT64_RANGE'.split(' ');
    t.true(typed.includes(code!), `${code} ${message} ${stack}`);
  }
}

test('files that are damaged anywhere are read, or refused', async t => {
  const folder = temporary(t);
  const rows = ROWS.filter(({ utf8: of }) => (of as string).length < 1000);
  const ours = readFileSync(written(join(folder, 'ours.parquet'), rows, COLUMNS));
  const columns = { id: int64, word: utf8, tags: list(utf8) };
  const path = join(folder, 'theirs.parquet');
  const select = `select i::bigint as id, 'w' || (i % 3) as word, ['a', 'b'] as tags from range(100) t(i)`;
  await query(`copy (${select}) to '${path}' (format parquet, codec 'snappy')`);
  const newer = join(folder, 'newer.parquet');
  const deltas = `select i * i as id, 'word ' || i as word, ['a', 'b'] as tags from range(300) t(i)`;
  await query(`copy (${deltas}) to '${newer}' (format parquet, codec 'zstd', parquet_version v2)`);
  const damaged = join(folder, 'damaged.parquet');
  for (const [bytes, schema] of [
    [ours, COLUMNS],
    [readFileSync(path), columns],
    [readFileSync(newer), columns],
  ] as const) {
    for (const length of [0, 4, 11, 12, 100, bytes.length - 9, bytes.length - 1]) {
      writeFileSync(damaged, bytes.subarray(0, length));
      t.is((await failureOf(readRows(source, [damaged], schema))).code, 'PARQUET_INVALID');
    }
    const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
    // Most of what can be wrong lies near the end.
    const late = change.map(({ at, to }) => ({ at: bytes.length - 1 - (at % 900), to }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(change, late), { minLength: 1, maxLength: 4 }),
        async changes => {
          const copy = Buffer.from(bytes);
          for (const { at, to } of changes) copy[at] = to;
          writeFileSync(damaged, copy);
          await readsOrSaysSo(t, damaged, schema);
        },
      ),
      { numRuns: 150 },
    );
  }
});

test('columns that are not there, of other types, and of none of ours', async t => {
  const path = join(temporary(t), 'x.parquet');
  await query(`copy (select 1::integer as i, 2::double as d, 'x' as s, map {'a': 1} as m, {'b': 2} as r,
    time '12:00:00' as c, 5::ubigint as u, 7::uinteger as v, interval 1 day as p, [[1]] as n) to '${path}' (format parquet)`);
  const refused = async (columns: Schema): Promise<string> => {
    const { code, message } = await failureOf(readRows(source, [path], columns));
    return `${code}: ${message.replace(`${path}: `, '')}`;
  };
  t.is(await refused({ id: int64 }), "COLUMN_MISSING: no column 'id'");
  t.is(await refused({ d: int64 }), "COLUMN_TYPE: column 'd' is float64, and int64 is asked for");
  t.is(await refused({ i: utf8 }), "COLUMN_TYPE: column 'i' is int32, and utf8 is asked for");
  t.is(await refused({ m: utf8 }), "COLUMN_TYPE: column 'm' is a map, which is not read");
  t.is(await refused({ r: utf8 }), "COLUMN_TYPE: column 'r' is a struct, which is not read");
  t.is(await refused({ c: int64 }), "COLUMN_TYPE: column 'c' is a time of day, which is not read");
  t.is(await refused({ u: int64 }), "COLUMN_TYPE: column 'u' is uint64, which is not read");
  t.is(await refused({ p: binary }), "COLUMN_TYPE: column 'p' is an interval, which is not read");
  t.deepEqual(
    await readRows(source, [path], { i: int64, s: binary, v: int64, n: list(list(int32)) }),
    [{ i: 1, s: new Uint8Array([120]), v: 7, n: [[1]] }],
  );
});

test('values that a column does not hold, by row', async t => {
  const path = join(temporary(t), 'x.parquet');
  await query(`copy (select case when i = 70000 then null else i end as id, i::decimal(9, 2) as m,
    make_timestamp_ns(i * 1000 + case when i = 3 then 1 else 0 end) as at from range(100000) t(i)) to '${path}' (format parquet)`);
  t.deepEqual(await failureOf(readRows(source, [path], { id: int64 })), {
    code: 'PARQUET_VALUE',
    message: `${path}: row 70,001 has no id`,
    details: {
      file: path,
      row: 70_001,
      remedy: `Say that it may be null: --schema 'id:int64?', or nullable(…) in the columns that are read`,
    },
  });
  t.deepEqual(await failureOf(readRows(source, [path], { at: timestamp })), {
    code: 'PARQUET_VALUE',
    message: `${path}: row 4 has a at that timestamp does not hold`,
    details: {
      file: path,
      row: 4,
      remedy:
        'Declare a type that holds it: more digits, int64; of a timestamp, nothing beyond microseconds',
    },
  });
  t.like((await readRows(source, [path], { m: decimal(12, 3) }))[5], { m: 5000n });
  t.like(await failureOf(readRows(source, [path], { m: decimal(12, 1) })), { code: 'COLUMN_TYPE' });
});

test('what is no Parquet file', async t => {
  const folder = temporary(t);
  const [gz, text] = [join(folder, 'x.parquet.gz'), join(folder, 'x.parquet')];
  writeFileSync(gz, 'x');
  writeFileSync(text, 'id,word\n1,one\n');
  t.is(
    (await failureOf(source.describe([gz], {}))).message,
    `${gz}: it is compressed as a whole, and is read in pieces`,
  );
  t.deepEqual(await failureOf(source.describe([text], {})), {
    code: 'PARQUET_INVALID',
    message: `${text}: it does not end as a Parquet file`,
    details: { file: text, remedy: 'Get the file again, or write it again with what made it' },
  });
});
