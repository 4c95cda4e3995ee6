import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import test from 'ava';
import { combiner, max, min, sum } from '../define/combine.ts';
import { join } from '../define/join.ts';
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
  timestamp,
  utf8,
} from '../define/schema.ts';
import { concat, read, rows, select } from '../define/table.ts';
import { mapReduce, words } from '../mapreduce/define.ts';
import { collect } from '../testing.ts';
import type { TaskError } from '../errors.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- mistakes that TypeScript would not let through.
type Any = any;

const counted = mapReduce({
  name: 'counted',
  params: { lower: false, unicode: false },
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  operator: p =>
    words({ split: p.unicode ? 'unicode' : 'bytes', case: p.lower ? 'lower' : 'keep' }),
  combine: { count: sum },
});
const lines = (...texts: string[]) => texts.map(line => ({ line }));

test('words: bytes other than the six white ones; order by bytes of UTF-8', t => {
  const text = lines(
    'to be\tor\vnot\fto\rbe',
    '',
    '\u00a0x\u2003y __proto__ constructor \u{1f600} \uffee',
  );
  t.deepEqual(
    collect(counted(text)).map(r => `${r.word} ${r.count}`),
    [
      '__proto__ 1',
      'be 2',
      'constructor 1',
      'not 1',
      'or 1',
      'to 2',
      '\u00a0x\u2003y 1',
      '\uffee 1', // After it in UTF-16, before it in UTF-8:
      '\u{1f600} 1',
    ],
  );
});

test('words: runs of letters and marks; lower case', t => {
  const text = lines("L'Été d’hiver, Ａ2b cafe\u0301 été");
  t.deepEqual(
    collect(counted(text, { unicode: true, lower: true })).map(r => `${r.word} ${r.count}`),
    ['b 1', 'cafe\u0301 1', 'd 1', 'hiver 1', 'l 1', 'été 2', 'ａ 1'],
  );
});

const numbers = mapReduce({
  name: 'numbers',
  input: { k: nullable(float64), v: int32 },
  key: { k: nullable(float64) },
  value: { v: int32 },
  map: (row, emit) => emit(row),
  sort: { v: 'desc' },
});

test('keys: null first, −0 is 0, NaN one and last; values in their order', t => {
  const keys = [NaN, 1, -0, null, Infinity, 0, -1, NaN, null];
  const out = collect(numbers(keys.map((k, v) => ({ k, v }))));
  t.deepEqual(
    out.map(r => [r.k, r.v]),
    [
      [null, 8],
      [null, 3],
      [-1, 6],
      [0, 5],
      [0, 2],
      [1, 1],
      [Infinity, 4],
      [NaN, 7],
      [NaN, 0],
    ],
  );
  t.true(out.every(r => !Object.is(r.k, -0)));
});

test('descending keys, and equal rows as they came', t => {
  const down = mapReduce({
    name: 'down',
    input: { k: int64, v: utf8 },
    key: { k: int64 },
    value: { v: utf8 },
    map: (row, emit) => emit(row),
    sort: { k: 'desc' },
  });
  const out = collect(down([1, 2, 1, 3].map((k, i) => ({ k, v: `${i}` }))));
  t.deepEqual(
    out.map(r => r.v),
    ['3', '1', '0', '2'],
  );
});

const totals = mapReduce({
  name: 'totals',
  input: { k: utf8, i: int32, w: bigint64, d: decimal(4, 2), f: float64, s: utf8 },
  key: { k: utf8 },
  value: { i: int32, w: bigint64, d: decimal(4, 2), f: float64, s: utf8 },
  map: (row, emit) => emit(row),
  combine: { i: sum, w: sum, d: sum, f: sum, s: max },
});
const total = { k: 'a', i: 1, w: 1n, d: 1n, f: 0.5, s: 'é' };

test('sums are exact, and beyond their column an error that names the key', t => {
  const far = { ...total, w: 2n ** 62n, i: 2 ** 30, d: 4999n };
  t.deepEqual(collect(totals([far, { ...far, w: 2n ** 62n - 1n, i: 2 ** 30 - 1, s: 'z' }])), [
    { k: 'a', i: 2 ** 31 - 1, w: 2n ** 63n - 1n, d: 9998n, f: 1, s: 'é' },
  ]);
  const over = { code: 'SUM_OVERFLOW', message: /totals: combine: key a: '(i|w|d)': the sum/ };
  t.throws(() => collect(totals([far, { ...total, w: 2n ** 62n }])), over);
  t.throws(() => collect(totals([far, { ...total, i: 2 ** 30 }])), over);
  t.throws(() => collect(totals([far, { ...total, d: 5001n }])), over);
});

test('an int64 that a function cannot read as a number; bigint64 reads it', t => {
  const big = mapReduce({
    name: 'big',
    input: { n: bigint64 },
    value: { n: bigint64 },
    map: ({ n }, emit) => emit({ n: n * 2n }),
  });
  const small = mapReduce({
    name: 'small',
    input: { n: int64 },
    value: { n: int64 },
    map: (row, emit) => emit(row),
  });
  t.deepEqual(collect(big(small([{ n: 2 ** 53 - 1 }]))), [{ n: 2n ** 54n - 2n }]);
  t.throws(() => collect(small(big([{ n: 2n ** 53n }]))), {
    code: 'INT64_RANGE',
    message: /column 'n' is 18014398509481984/,
  });
});

test('min and max: NaN above all, −0 below 0', t => {
  const ends = mapReduce({
    name: 'ends',
    input: { f: float64 },
    key: { k: bool },
    value: { low: float64, high: float64, product: float64 },
    map: ({ f }, emit) => emit({ k: true, low: f, high: f, product: f }),
    combine: { low: min, high: max, product: combiner(1, (a, b) => a * b) },
  });
  const of = (...fs: number[]) => {
    const [{ low, high } = { low: 0, high: 0 }] = collect(ends(fs.map(f => ({ f }))));
    return [low, high];
  };
  for (const order of [
    [0, -0],
    [-0, 0],
  ])
    t.deepEqual(of(...order), [-0, 0]);
  for (const order of [
    [NaN, 1, 2],
    [2, 1, NaN],
  ])
    t.deepEqual(of(...order), [1, NaN]);
  t.deepEqual(collect(ends([{ f: 2 }, { f: 3 }])), [{ k: true, low: 2, high: 3, product: 6 }]);
});

test('every type through map, mapBatch and reduce, null included', t => {
  const columns = {
    bool,
    int32,
    int64,
    bigint64,
    float64,
    utf8,
    binary,
    date,
    timestamp,
    decimal: decimal(20, 2),
    list: list(nullable(int64)),
  };
  const orNull = Object.fromEntries(Object.entries(columns).map(([c, of]) => [c, nullable(of)]));
  const row = {
    bool: true,
    int32: -(2 ** 31),
    int64: 1 - 2 ** 53,
    bigint64: -(2n ** 63n),
    float64: NaN,
    utf8: 'é\0' + 'x'.repeat(1 << 20),
    binary: new Uint8Array([0, 255]),
    date: '2024-02-29',
    timestamp: -1.001,
    decimal: -(10n ** 20n) + 1n,
    list: [1, null],
  };
  const none = Object.fromEntries(Object.keys(row).map(c => [c, null]));
  const byRow = mapReduce({
    name: 'types-row',
    input: orNull,
    key: { n: int32 },
    value: orNull,
    output: orNull,
    map: (values, emit) => emit({ n: 1, ...values } as Any),
    reduce(_, values, emit) {
      for (const value of values) emit(value);
    },
  });
  const byBatch = mapReduce({
    name: 'types-batch',
    input: orNull,
    value: orNull,
    mapBatch(input, output) {
      for (const [c, column] of Object.entries(input)) {
        for (let i = 0; i < column.length; i++) output[c]!.push(column.at(i));
      }
    },
  });
  const data = rows([row, none, row] as Any, orNull);
  t.deepEqual(collect(byRow(data)), [row, none, row] as Any);
  t.deepEqual(collect(byBatch(data)), [row, none, row] as Any);
  for (const [c, of] of Object.entries(columns)) {
    t.throws(() => collect(rows([{ [c]: null }] as Any, { [c]: of })), { code: 'TYPE_MISMATCH' });
    t.throws(() => collect(rows([{}] as Any, { [c]: of })), { code: 'TYPE_MISMATCH' });
    const wrong = [of.type === 'utf8' ? 1 : 'x'];
    t.throws(() => collect(rows([{ [c]: wrong }] as Any, { [c]: of })), {
      message: /row 1: column/,
    });
  }
});

test('columns as kernels have them', t => {
  const raw = mapReduce({
    name: 'raw',
    input: { text: nullable(utf8), at: timestamp, day: date, items: list(int32) },
    value: { out: utf8 },
    mapBatch({ text, at, day, items }, { out }) {
      const head = [...text.offsets, ...at.values, ...day.values, ...items.offsets].join();
      out.push(head);
      out.pushBytes(text.bytes, text.offsets[0]!, text.offsets[1]!);
      t.deepEqual([text.isNull(0), text.isNull(1), text.at(1)], [false, true, null]);
    },
  });
  const given = [
    { text: 'äb', at: 1.5, day: '1970-01-03', items: [] },
    { text: null, at: 0, day: '1969-12-31', items: [7, 8] },
  ];
  t.deepEqual(collect(raw(given)), [{ out: '0,3,3,1500,0,2,-1,0,0,2' }, { out: 'äb' }]);
  t.deepEqual(collect(raw([])), []);
});

test('side files are bytes, shared is what setup returned, outputs are tables', t => {
  const path = joinPath(tmpdir(), `superstep-side-${process.pid}`);
  writeFileSync(path, 'b');
  const clean = mapReduce({
    name: 'clean',
    input: { line: utf8 },
    value: { line: utf8 },
    outputs: { rejected: { line: utf8, length: int64 } },
    files: { stop: path },
    setup: ({ files }) => new Set([new TextDecoder().decode(files.stop)]),
    map({ line }, emit, ctx) {
      t.true(ctx.files.stop instanceof Uint8Array);
      if (!ctx.shared.has(line)) emit({ line });
      else ctx.emitTo('rejected', { line, length: line.length });
    },
  });
  const made = clean(lines('a', 'b', 'c'));
  t.deepEqual(collect(made), lines('a', 'c'));
  t.deepEqual(collect(made.outputs.rejected), [{ line: 'b', length: 1 }]);
});

const make = (name: string, changes: object) =>
  (mapReduce as Any)({ name, input: { line: utf8 }, value: { n: int64 }, ...changes })(lines('a'));

test('functions that would lose rows', t => {
  let kept: (row: object) => void = () => t.fail();
  collect(make('keeps', { map: (_: unknown, emit: typeof kept) => void (kept = emit) }));
  t.throws(() => kept({ n: 1 }), { code: 'EMIT_LATE' });
  t.throws(() => collect(make('thenable', { map: () => Promise.resolve() })), {
    code: 'ASYNC_FUNCTION',
  });
  t.throws(() => collect(make('async', { async mapBatch() {} })), { code: 'USAGE' });
  t.throws(
    () =>
      collect(
        make('uneven', {
          value: { n: int64, m: int64 },
          mapBatch: (_: Any, o: Any) => o.n.push(1),
        }),
      ),
    { code: 'TYPE_MISMATCH', message: /different lengths: n 1, m 0/ },
  );
  t.throws(() => collect(make('wrong', { map: (_: Any, emit: Any) => emit({ n: '1' }) })), {
    code: 'TYPE_MISMATCH',
    message: 'wrong: map: column \'n\' is int64, got "1"',
  });
  const own = new RangeError('mine');
  const thrown = t.throws(() =>
    collect(
      make('throws', {
        map() {
          throw own;
        },
      }),
    ),
  );
  t.is(thrown as Error, own);
});

test('joins, also of empty tables', t => {
  const l = rows(
    [
      { k: 1, a: 'x' },
      { k: null, a: 'y' },
      { k: 3, a: 'z' },
    ] as Any,
    {
      k: nullable(int64),
      a: utf8,
    },
  );
  const r = rows(
    [
      { k: 1n, b: 1.5 },
      { k: 1n, b: 2.5 },
      { k: null, b: 3.5 },
    ] as Any,
    {
      k: nullable(bigint64),
      b: float64,
    },
  );
  const out = (type: Any, right: Any = r) =>
    (collect(join(l, right, { on: 'k', type } as Any)) as Any[]).map(row =>
      Object.values(row).map(String).join(' '),
    );
  const inner = ['1 x 1.5', '1 x 2.5'];
  t.deepEqual(out('inner'), inner);
  t.deepEqual(out('left'), [...inner, 'null y null', '3 z null']);
  t.deepEqual(out('right'), [...inner, 'null null 3.5']);
  t.deepEqual(out('full'), [...inner, 'null y null', '3 z null', 'null null 3.5']);
  t.deepEqual(out('semi'), ['1 x']);
  t.deepEqual(out('anti'), ['null y', '3 z']);
  t.deepEqual(out('left', rows([], r.columns)), ['1 x null', 'null y null', '3 z null']);
});

test('select and concat; what collect does not take', t => {
  const l = rows([{ a: 1, b: 'x' }], { a: int64, b: utf8 });
  const swapped = rows([{ b: 'y', a: 2 }], { b: utf8, a: int64 });
  t.deepEqual(collect(concat(l, swapped)), [
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ]);
  t.deepEqual(collect(select(l, { c: 'b', d: 'b' })), [{ c: 'x', d: 'x' }]);
  t.throws(() => collect(read('x.txt')), { code: 'USAGE', message: /reads no files: \["x.txt"\]/ });
  t.throws(() => collect(counted as Any), { code: 'USAGE', message: /takes a table, got a funct/ });
});

const texts = (name: string, merge: (a: string, b: string) => string) =>
  mapReduce({
    name,
    params: { units: 4 },
    input: { line: utf8 },
    key: { k: int32 },
    value: { t: utf8 },
    map: ({ line }, emit, { params }) => emit({ k: 1, t: line.slice(0, params.units) }),
    combine: { t: combiner<string>('', merge) },
  });

test('text that ends within a character is refused, as by the engine: what is emitted, and what a combiner makes', t => {
  const broken = { code: 'TYPE_MISMATCH', message: /is utf8, got/ };
  const joined = texts('joined', (a, b) => a + b);
  const of = lines('𝒳', 'yz');
  t.deepEqual(collect(joined(of, { units: 2 })), [{ k: 1, t: '𝒳yz' }]);
  const error = t.throws(() => collect(joined(of, { units: 1 })), broken);
  t.regex((error as TaskError).details.remedy!, /toWellFormed/);
  const cut = texts('cut', (a, b) => (a + b).slice(0, 3));
  t.throws(() => collect(cut(lines('ab', '𝒳'))), broken);
});
