import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import test, { type ExecutionContext } from 'ava';
import * as fc from 'fast-check';
import { loadCodec, type Schema } from 'superstep/internal';
import { temporary } from './bytes/testing.ts';
import { COLUMNS, ROWS, testSink } from './conformance.ts';
import csv from './csv.ts';

const { batchOf } = await loadCodec();

function written(t: ExecutionContext, rows: readonly object[], columns: Schema): string {
  const path = join(temporary(t), 'x.csv');
  const writer = csv.sink.open(path, columns);
  writer.write(batchOf(rows, columns));
  writer.close();
  return path;
}
const text = (t: ExecutionContext, rows: readonly object[], columns: Schema): string =>
  readFileSync(written(t, rows, columns), 'utf8');

async function duckdb(query: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  return (await connection.runAndReadAll(query)).getRowsJS() as unknown[][];
}

test('csv is a sink', t => testSink(t, csv.sink));

test('quotes only where they are needed', t => {
  const columns = {
    'a,b': COLUMNS.text,
    'say "x"': COLUMNS.text,
    '': COLUMNS.text,
    é: COLUMNS.text,
  };
  const values = [
    'plain',
    ' space ',
    'a,b',
    'say "x"',
    'line\n',
    'cr\r',
    '',
    null,
    "'",
    'é',
    '\t',
    '#',
  ];
  const rows = values.map(value => ({ 'a,b': value, 'say "x"': null, '': '', é: 'x' }));
  const cells = [
    'plain',
    ' space ',
    '"a,b"',
    '"say ""x"""',
    '"line\n"',
    '"cr\r"',
    '""',
    '',
    "'",
    'é',
    '\t',
    '#',
  ];
  t.is(
    text(t, rows, columns),
    `"a,b","say ""x""","",é\n${cells.map(cell => `${cell},,"",x\n`).join('')}`,
  );
});

/** The cells of one column. */
const one = (t: ExecutionContext, of: Schema[string], values: readonly unknown[]): string[] =>
  text(
    t,
    values.map(v => ({ v })),
    { v: of },
  )
    .split('\n')
    .slice(1, -1);

test('numbers', t => {
  t.deepEqual(one(t, COLUMNS.bool, [true, false, null]), ['true', 'false', '']);
  t.deepEqual(one(t, COLUMNS.int32, [0, -1, 10, 2 ** 31 - 1, -(2 ** 31)]), [
    '0',
    '-1',
    '10',
    '2147483647',
    '-2147483648',
  ]);
  const longs = [
    0n,
    -1n,
    2n ** 31n,
    2n ** 32n - 1n,
    -(2n ** 32n),
    4_999_999_999n,
    2n ** 53n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  t.deepEqual(one(t, COLUMNS.int64, longs), longs.map(String));
  const doubles = [
    0,
    -0,
    1,
    -2.5,
    0.1,
    1e21,
    1e-7,
    2 ** 53,
    5e-324,
    Number.MAX_VALUE,
    NaN,
    Infinity,
    -Infinity,
  ];
  t.deepEqual(
    one(t, COLUMNS.float64, doubles),
    doubles.map(v => (Object.is(v, -0) ? '-0' : String(v))),
  );
});

test('times, decimals and lists', t => {
  t.deepEqual(one(t, COLUMNS.date, ['1970-01-01', '2024-02-29', '0000-01-01', '9999-12-31']), [
    '1970-01-01',
    '2024-02-29',
    '0000-01-01',
    '9999-12-31',
  ]);
  t.deepEqual(one(t, COLUMNS.timestamp, [0, 1, -1, 1_709_294_400_123]), [
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '1969-12-31T23:59:59.999Z',
    '2024-03-01T12:00:00.123Z',
  ]);
  t.deepEqual(one(t, COLUMNS.decimal, [0n, 5n, -5n, 1230n, -999_999_999_999n]), [
    '0.00',
    '0.05',
    '-0.05',
    '12.30',
    '-9999999999.99',
  ]);
  t.deepEqual(one(t, { type: 'decimal', precision: 4, scale: 0 } as Schema[string], [12n]), ['12']);
  t.deepEqual(one(t, COLUMNS.wide, [-(10n ** 37n), 1n]), [
    '-1000000000000000000000000000.0000000000',
    '0.0000000001',
  ]);
  t.deepEqual(one(t, COLUMNS.list, [['a', null, '"'], [], null]), [
    '"[""a"",null,""\\""""]"',
    '[]',
    '',
  ]);
});

test('microseconds are kept, and years that need a sign', t => {
  const micros = [
    1n,
    -1n,
    999n,
    1_000_000n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    253_402_300_800_000_000n,
    -62_167_219_200_000_001n,
  ];
  const path = join(temporary(t), 'x.csv');
  const writer = csv.sink.open(path, { at: COLUMNS.timestamp, day: COLUMNS.date });
  const days = Int32Array.from(
    micros,
    (_, i) => [0, 2_932_897, -719_529, 2 ** 31 - 1, -(2 ** 31), 1, 2, 3][i]!,
  );
  const valid = new Uint8Array(micros.length).fill(1);
  writer.write({
    rows: micros.length,
    columns: [
      { data: new Uint8Array(BigInt64Array.from(micros).buffer), valid },
      { data: new Uint8Array(days.buffer), valid },
    ],
  });
  writer.close();
  t.deepEqual(readFileSync(path, 'utf8').split('\n').slice(1, -1), [
    '1970-01-01T00:00:00.000001Z,1970-01-01',
    '1969-12-31T23:59:59.999999Z,+010000-01-01',
    '1970-01-01T00:00:00.000999Z,-000001-12-31',
    '1970-01-01T00:00:01.000Z,+5881580-07-11',
    '-290308-12-21T19:59:05.224192Z,-5877641-06-23',
    '+294247-01-10T04:00:54.775807Z,1970-01-02',
    '+010000-01-01T00:00:00.000Z,1970-01-03',
    '-000001-12-31T23:59:59.999999Z,1970-01-04',
  ]);
});

test('any int64, double and timestamp is what JavaScript prints', t => {
  const columns = { l: COLUMNS.int64, f: COLUMNS.float64, t: COLUMNS.timestamp };
  const rows = fc.array(
    fc.record({
      l: fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.maxSafeInteger().map(BigInt),
      ),
      f: fc.double(),
      t: fc.date({ noInvalidDate: true, min: new Date(-6e13), max: new Date(2e14) }).map(Number),
    }),
    { minLength: 1, maxLength: 50 },
  );
  fc.assert(
    fc.property(rows, all => {
      const expected = all.map(
        row => `${row.l},${Object.is(row.f, -0) ? '-0' : row.f},${new Date(row.t).toISOString()}\n`,
      );
      t.is(text(t, all, columns), `l,f,t\n${expected.join('')}`);
    }),
    { numRuns: 50 },
  );
});

test('bytes that are no UTF-8 go through', t => {
  const columns = { word: COLUMNS.utf8 };
  const path = join(temporary(t), 'x.csv');
  const writer = csv.sink.open(path, columns);
  writer.write({
    rows: 1,
    columns: [{ data: Uint8Array.of(0xff, 0x22, 0xc3), offsets: Int32Array.of(0, 3) }],
  });
  writer.close();
  t.is(
    readFileSync(path, 'hex'),
    Buffer.concat([
      Buffer.from('word\n"'),
      Buffer.from([0xff, 0x22, 0x22, 0xc3]),
      Buffer.from('"\n'),
    ]).toString('hex'),
  );
});

test('DuckDB reads the same values back', async t => {
  const columns = {
    utf8: COLUMNS.utf8,
    text: COLUMNS.text,
    int64: COLUMNS.int64,
    float64: COLUMNS.float64,
    wide: COLUMNS.wide,
    moment: COLUMNS.timestamp,
  };
  const rows = ROWS.filter(row => !String(row.utf8).includes('\0')).map(row => ({
    ...row,
    moment: row.timestamp,
  }));
  const types =
    "{utf8: 'varchar', text: 'varchar', int64: 'bigint', float64: 'double', wide: 'decimal(38,10)', moment: 'timestamp'}";
  const read = await duckdb(
    `select utf8, text, int64, float64, wide is null, epoch_ms(moment) from read_csv('${written(t, rows, columns)}',
     header = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, max_line_size = 5000000, auto_detect = false, columns = ${types})`,
  );
  t.is(read.length, rows.length);
  rows.forEach((row, i) => {
    const expected = [
      row.utf8,
      row.text,
      row.int64,
      row.float64,
      row.wide === null,
      row.moment === null ? null : BigInt(row.moment as number),
    ];
    t.deepEqual(read[i], expected, `row ${i}`);
  });
});
