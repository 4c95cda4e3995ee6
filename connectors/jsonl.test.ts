import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import * as fc from 'fast-check';
import { loadCodec, type Schema } from 'superstep/internal';
import { shared, temporary } from './bytes/testing.ts';
import { COLUMNS, ROWS, testSink } from './conformance.ts';
import jsonl from './jsonl.ts';

const { batchOf } = await loadCodec();

function text(t: ExecutionContext, rows: readonly object[], columns: Schema): string {
  const path = join(temporary(t), 'x.jsonl');
  const writer = jsonl.sink.open(path, columns);
  writer.write(batchOf(rows, columns));
  writer.close();
  return readFileSync(path, 'utf8');
}

test('jsonl is a sink', t => testSink(t, jsonl.sink));

test('every type, as it is written', t => {
  const row = {
    ...ROWS[0]!,
    utf8: 'a"b\\\n\u0001\u007fé',
    binary: Uint8Array.of(0, 255, 1, 2),
    bool: true,
    int32: -7,
    int64: 2n ** 63n - 1n,
    float64: -0,
    date: '2024-02-29',
    timestamp: 1_709_294_400_000,
    decimal: 1230n,
    wide: -1n,
    list: ['x', null],
    constructor: null,
    'say "x"': null,
  };
  const { text: _, ...columns } = COLUMNS;
  t.is(
    text(
      t,
      [row],
      { ...columns, constructor: COLUMNS.text, 'say "x"': COLUMNS.text }.valueOf() as Schema,
    ).trimEnd(),
    '{"utf8":"a\\"b\\\\\\n\\u0001\u007fé","binary":"AP8BAg==","bool":true,"int32":-7,"int64":9223372036854775807,"float64":-0,' +
      '"date":"2024-02-29","timestamp":"2024-03-01T12:00:00.000Z","decimal":12.30,"wide":-0.0000000001,"list":["x",null],"constructor":null,"say \\"x\\"":null}',
  );
  const numbers = [NaN, Infinity, -Infinity].map(float64 => ({ float64 }));
  t.is(
    text(t, numbers, { float64: COLUMNS.float64 }),
    '{"float64":"NaN"}\n{"float64":"Infinity"}\n{"float64":"-Infinity"}\n',
  );
});

test('JSON.parse gives any string and any bytes back', t => {
  const columns = { s: COLUMNS.text, b: COLUMNS.binary, l: COLUMNS.list };
  const string = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary-ascii' }),
  );
  const any = fc.array(
    fc.record({
      s: fc.option(string),
      b: fc.option(fc.uint8Array()),
      l: fc.option(fc.array(fc.option(string), { maxLength: 4 })),
    }),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(any, rows => {
      const lines = text(t, rows, columns).split('\n');
      t.is(lines.pop(), '');
      t.deepEqual(
        lines.map(line => JSON.parse(line) as object),
        rows.map(({ s, b, l }) => ({ s, b: b && Buffer.from(b).toString('base64'), l })),
      );
    }),
    { numRuns: 100 },
  );
});

test('what is not UTF-8 is refused with its row, alone or cut between two values', t => {
  const columns = { n: COLUMNS.int32, word: COLUMNS.utf8 };
  const folder = temporary(t);
  const cases: [values: number[][], row: number][] = [
    [[[97], [0xff]], 2],
    [[[97], [0xc3], [0xa9]], 2], // Valid end to end.
    [[[0xa9], [97]], 1],
    [[[97], [], [0xed, 0xa0, 0x80]], 3],
  ];
  for (const [values, row] of cases) {
    const path = join(folder, 'x.jsonl');
    const writer = jsonl.sink.open(path, columns);
    const ends = values.map((_, i) => values.slice(0, i + 1).flat().length);
    const n = { data: new Uint8Array(4 * values.length) };
    writer.write(batchOf([{ n: 1, word: 'fine' }], columns));
    const error = t.throws(
      () =>
        writer.write({
          rows: values.length,
          columns: [
            n,
            { data: Uint8Array.from(values.flat()), offsets: Int32Array.of(0, ...ends) },
          ],
        }),
      { code: 'INVALID_UTF8' },
    );
    t.like(error, { name: 'DataError', details: { file: path, row: row + 1 } });
    t.regex(error!.message, /word is not UTF-8/);
    t.regex(
      (error as unknown as { details: { remedy: string } }).details.remedy,
      /latin1.*utf8-replace.*csv/,
    );
    writer.abort();
    t.false(existsSync(path));
  }
});

test('the UTF-8 test file: its bad lines are refused, its good ones pass', t => {
  const folder = shared(t, 'torture/utf8');
  if (folder === undefined) return;
  const bytes = readFileSync(join(folder, 'UTF-8-test.txt'));
  let refused = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at) + 1 || bytes.length;
    const line = bytes.subarray(at, end);
    const valid = Buffer.from(line.toString()).equals(line);
    const writer = jsonl.sink.open(join(temporary(t), 'x'), { line: COLUMNS.utf8 });
    const write = (): void =>
      writer.write({ rows: 1, columns: [{ data: line, offsets: Int32Array.of(0, line.length) }] });
    if (valid) t.notThrows(write);
    else t.throws(write, { code: 'INVALID_UTF8' });
    refused += valid ? 0 : 1;
    writer.abort();
    at = end;
  }
  t.true(refused > 50, `${refused}`);
});
