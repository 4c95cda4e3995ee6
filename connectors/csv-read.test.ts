/** CSV as a source: what our own sink writes, what others write, and every message in full. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  bigint64,
  bool,
  date,
  decimal,
  float64,
  int32,
  int64,
  nullable,
  type Schema,
  timestamp,
  utf8,
} from 'superstep';
import { type AnyType, loadCodec, type SourceOptions } from 'superstep/internal';
import { COLUMNS, ROWS, testSource } from './conformance.ts';
import csv from './csv.ts';
import { failureOf, readRows, shared, temporary } from './bytes/testing.ts';

const { source, sink } = csv;
const { batchOf } = await loadCodec();
const { list: _, ...SCALARS } = COLUMNS;
const SCALAR_ROWS = ROWS.map(({ list: __, ...row }) => row);

function write(t: ExecutionContext, text: string | Uint8Array, name = 'x.csv'): string {
  const path = join(temporary(t), name);
  writeFileSync(path, text);
  return path;
}
const read = (
  t: ExecutionContext,
  text: string | Uint8Array,
  columns: Schema,
  options?: SourceOptions,
) => readRows(source, [write(t, text)], columns, options);

test('csv is a source: what the sink has written, wherever chunks end', async t => {
  const put = (folder: string, rows: readonly object[]): string => {
    for (const name of ['a.csv', 'b.csv']) {
      const writer = sink.open(join(folder, name), SCALARS);
      writer.write(batchOf(rows, SCALARS));
      writer.close();
    }
    writeFileSync(join(folder, 'c.csv.gz'), gzipSync(readFileSync(join(folder, 'a.csv'))));
    return folder;
  };
  const short = SCALAR_ROWS.filter(({ utf8: of }) => (of as string).length < 1000);
  const small = [...short, ...short, ...short];
  const where = [put(temporary(t), short)];
  await testSource(t, { source, where, columns: SCALARS, expected: small });
  const folder = put(temporary(t), SCALAR_ROWS);
  const expected = [...SCALAR_ROWS, ...SCALAR_ROWS, ...SCALAR_ROWS];
  t.deepEqual(await readRows(source, [folder], SCALARS), expected, 'values of 1 MiB');
  const two = { float64: SCALARS.float64, utf8: SCALARS.utf8 };
  const some = expected.map(row => ({ float64: row.float64, utf8: row.utf8 }));
  t.deepEqual(await readRows(source, [folder], two), some, 'some of the columns, in any order');
});

const VALUES: { readonly [name: string]: readonly [AnyType, fc.Arbitrary<unknown>] } = {
  bool: [nullable(bool), fc.boolean()],
  int32: [nullable(int32), fc.integer()],
  int64: [nullable(bigint64) as AnyType, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  float64: [nullable(float64), fc.double()],
  utf8: [nullable(utf8), fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', '') })],
  timestamp: [nullable(timestamp), fc.integer({ min: -8.64e15, max: 8.64e15 })],
  date: [nullable(date), fc.constantFrom('0000-01-01', '1999-12-31', '9999-12-31')],
  short: [nullable(decimal(18, 6)), fc.bigInt({ min: 1n - 10n ** 18n, max: 10n ** 18n - 1n })],
  long: [nullable(decimal(38, 0)), fc.bigInt({ min: 1n - 10n ** 38n, max: 10n ** 38n - 1n })],
};

for (const [name, [of, value]] of Object.entries(VALUES)) {
  test(`what is written of ${name} is read again`, async t => {
    const folder = temporary(t);
    let files = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(value), { maxLength: 30 }), async values => {
        for (const schema of [{ v: of }, { v: of, w: int32 }]) {
          const path = join(folder, `${files++}.csv`);
          const rows = values.map((v, w) => ('w' in schema ? { v, w } : { v }));
          const writer = sink.open(path, schema);
          writer.write(batchOf(rows, schema));
          writer.close();
          t.deepEqual(await readRows(source, [path], schema), rows);
        }
      }),
      { numRuns: 20 },
    );
  });
}

test('files that others have written: csv-spectrum', async t => {
  const folder = shared(t, 'torture/csv');
  if (folder === undefined) return;
  // What it expects of this one is of another file.
  const files = readdirSync(join(folder, 'csvs')).filter(n => n !== 'location_coordinates.csv');
  t.is(files.length, 11);
  for (const name of files) {
    const json = join(folder, 'json', name.replace('.csv', '.json'));
    const expected = JSON.parse(readFileSync(json, 'utf8')) as { [column: string]: string }[];
    const columns = Object.fromEntries(Object.keys(expected[0]!).map(column => [column, utf8]));
    const rows = await readRows(source, [join(folder, 'csvs', name)], columns);
    t.deepEqual(rows, expected, name);
  }
});

test('line ends, a byte order mark, blank lines, no line end at the end', async t => {
  const columns = { a: int64, b: nullable(utf8) };
  const rows = [
    { a: 1, b: 'x' },
    { a: 2, b: null },
    { a: 3, b: '' },
  ];
  const text = 'a,b\n1,x\n\n2,\n3,""';
  t.deepEqual(await read(t, text, columns), rows);
  t.deepEqual(await read(t, `${text}\n\n`, columns), rows);
  t.deepEqual(await read(t, `\ufeff${text.replaceAll('\n', '\r\n')}`, columns), rows);
  t.deepEqual(await read(t, `${text.replaceAll('\n', '\r\n')}\r\n`, columns), rows);
  t.deepEqual(await read(t, 'b\nx\n\n""\n', { b: nullable(utf8) }), [
    { b: 'x' },
    { b: null },
    { b: '' },
  ]);
  t.deepEqual(await read(t, 'b\nx\n\n', { b: utf8 }), [{ b: 'x' }, { b: '' }]);
  t.deepEqual(await read(t, 'a,b\n', columns), []);
});

test('delimiters, encodings, and files without a header', async t => {
  const columns = { c1: utf8, c0: int64 };
  const expected = [
    { c1: 'é', c0: 1 },
    { c1: 'ü;', c0: 2 },
  ];
  const latin1 = Buffer.from('1;é\n2;"ü;"\n', 'latin1');
  const options = { header: false, delimiter: ';', encoding: 'latin1' } as const;
  t.deepEqual(await read(t, latin1, columns, options), expected);
  const utf16 = Buffer.from('\ufeffc0\tc1\n1\té\n2\tü;\n', 'utf16le');
  const tabs = { delimiter: '\t', encoding: 'utf16le' } as const;
  t.deepEqual(await read(t, utf16, columns, tabs), expected);
  for (const delimiter of ['', ',,', '"', '\n', 'é']) {
    const failure = await failureOf(read(t, 'a\n1\n', { a: int64 }, { delimiter }));
    t.is(failure.code, 'USAGE');
    t.is(failure.message, `csv: ${JSON.stringify(delimiter)} cannot be a delimiter`);
  }
});

test('times as others write them', async t => {
  const texts = [
    '2024-02-29T12:30:00Z',
    '2024-02-29 12:30:00',
    '2024-02-29T14:30:00+02:00',
    '2024-02-29 02:30-1000',
    '2024-02-29T12:30:00.000000z',
  ];
  const rows = await read(t, `v\n${texts.join('\n')}\n`, { v: timestamp });
  t.deepEqual(
    rows,
    texts.map(() => ({ v: Date.UTC(2024, 1, 29, 12, 30) })),
  );
});

test('columns that are not there, or cannot be', async t => {
  const folder = temporary(t);
  writeFileSync(join(folder, 'a.csv'), 'id,total\n1,2\n');
  writeFileSync(join(folder, 'b.csv'), 'id,sum\n1,2\n');
  t.like(await failureOf(readRows(source, [folder], { id: int64, total: int64 })), {
    code: 'COLUMN_MISSING',
    message: `${folder}/b.csv: no column 'total'`,
    details: { remedy: 'There are: id, sum. Rename one in the header.' },
  });
  t.like(await failureOf(read(t, '', { id: int64 })), {
    code: 'COLUMN_MISSING',
    details: { remedy: 'There are: none. Rename one in the header.' },
  });
  t.like(await failureOf(read(t, 'id\n1\n', { id: COLUMNS.list })), { code: 'COLUMN_TYPE' });
});

const LEAVE_OUT = 'Leave such rows out with --skip-bad N';
const WIDTH = `A cell with a delimiter or a line end in it needs quotes. ${LEAVE_OUT}`;
const VALUE = `Mend the file, or leave such rows out with --skip-bad N. Where the job takes another type, say so: --schema 'a:utf8', or a:int64? where a cell may be empty`;
const QUOTE = `Quotes inside quotes are doubled, and a delimiter follows. ${LEAVE_OUT}`;
const HEADER =
  'Every file of an input has the columns that are asked for, each once; read others as inputs of their own';
const AB = { a: int64, b: utf8 };

const CASES = [
  ['a,b\n1,x\n1,2,3\n', 'CSV_WIDTH', 'row 3 has 3 columns, the header has 2', 8, '1,2,3', WIDTH],
  ['a,b\n1\n', 'CSV_WIDTH', 'row 2 has 1 column, the header has 2', 4, '1', WIDTH],
  ['a,b\n"x",y\n', 'CSV_VALUE', 'row 2 has "x" for a, which is int64', 4, '"x",y', VALUE],
  ['a,b\n1,x\r\n,y\r\n', 'CSV_VALUE', 'row 3 has no a', 9, ',y', VALUE],
  [
    `a,b\n${'9'.repeat(70)},y`,
    'CSV_VALUE',
    `row 2 has "${'9'.repeat(60)}…" for a, which is int64`,
    4,
    '9'.repeat(60),
    VALUE,
  ],
  ['a,b\n1,"x\n2,y\n', 'CSV_QUOTE', 'row 2 opens a quote that is never closed', 4, '1,"x', QUOTE],
  ['a,b\n1,"x"y\n', 'CSV_QUOTE', 'row 2 has something after a closing quote', 4, '1,"x"y', QUOTE],
  ['a,b,b\n1,x,y\n', 'CSV_HEADER', "row 1 has two columns 'b'", 0, 'a,b,b', HEADER],
] as const;

test('rows that are not what they should be', async t => {
  for (const [text, code, what, offset, record, remedy] of CASES) {
    const path = write(t, text);
    const row = Number(/\d+/.exec(what)![0]);
    t.deepEqual(await failureOf(readRows(source, [path], AB)), {
      code,
      message: `${path}: ${what}`,
      details: { file: path, row, offset, record, remedy },
    });
  }
  const bare = { header: false };
  t.is(
    (await failureOf(read(t, '1,2\n1\n', { c0: int64 }, bare))).message.replace(/^.*: /, ''),
    'row 2 has 1 column, the first row has 2',
  );
});

test('so many rows are left out, and no more', async t => {
  const text = 'b,a\nx,1\nx\ny,z\n"y"z,2\nz,3\n';
  t.deepEqual(await read(t, text, AB, { skipBad: 3 }), [
    { a: 1, b: 'x' },
    { a: 3, b: 'z' },
  ]);
  t.is((await failureOf(read(t, text, AB, { skipBad: 2 }))).details.row, 5);
});

test('rows of a batch are known by number where they follow one another', async t => {
  const rowOf = async (text: string): Promise<number | undefined> => {
    const facts = await source.describe([write(t, text)], {});
    const [split] = source.split(facts, 100);
    const reader = source.open(split!, {}, { chunkBytes: 100, recordBytes: 100 }, { a: int64 });
    await reader.next();
    reader.close();
    return (reader as { row?: number }).row;
  };
  t.is(await rowOf('a,b\n1,\n2,\n'), 2);
  t.is(await rowOf('a,b\n\n1,\n2,\n'), 3);
  t.is(await rowOf('a,b\n1,\n\n2,\n'), undefined);
});
