/** checkContract: what keeps it, and what must be caught, with the smallest input. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import {
  combiner,
  concat,
  ContractError,
  float64,
  int32,
  int64,
  mapReduce,
  rows,
  type Schema,
  select,
  sum,
  type Table,
  utf8,
} from '../index.ts';
import { checkContract } from '../testing.ts';
import wordcount, * as examples from './examples/mapreduce.ts';
import { folded, listed, ranked } from './jobs/by-key.ts';
import * as shapes from './jobs/shapes.ts';

const lines = 'to be or not to be that is the question'.split(' ').map(line => ({ line }));
const texts = lines.flatMap(({ line }, n) => [
  { text: line, n },
  { text: `${line}!`, n: -n },
]);
const numbers = Array.from({ length: 40 }, (_, n) => ({ k: n % 3, n: n * n - 100 }));

const KEEP: { readonly [name: string]: Table<Schema> } = {
  wordcount: wordcount(lines),
  'by row': examples.byRow(lines),
  'by batch': examples.byBatch(lines),
  'two stages': examples.byCount(examples.byRow(lines)),
  'combiners of ones own': shapes.ownCombiners(texts),
  'whole rows': shapes.wholeRows(texts),
  'total order': shapes.totalOrder(texts),
  'map only': shapes.mapOnly(texts),
  context: shapes.withContext(lines),
  'concat and select': concat(
    select(rows(texts, { text: utf8, n: int32 }), { line: 'text' }),
    rows(lines, { line: utf8 }),
  ),
  'a mean': examples.meanTemperature(
    [0.1, 0.2, 0.3, 1e17].map(celsius => ({ station: 'x', celsius })),
  ),
  nothing: examples.byRow([]),
};
for (const [name, table] of Object.entries(KEEP)) {
  test(`kept: ${name}`, async t => {
    await t.notThrowsAsync(checkContract(table));
  });
}

const define = <const T extends object>(spec: T) =>
  mapReduce({
    input: { k: int32, n: int32 },
    key: { k: int32 },
    value: { n: int64 },
    map: (row: { k: number; n: number }, emit: (row: object) => void) => void emit(row),
    ...spec,
  } as never) as unknown as (data: readonly object[]) => Table<Schema>;

async function caught(t: ExecutionContext, table: Table<Schema>): Promise<ContractError> {
  const error = await t.throwsAsync(checkContract(table), { instanceOf: ContractError });
  t.is(error!.code, 'CONTRACT');
  return error!;
}

const subtraction = define({
  name: 'subtraction',
  combine: { n: combiner(0, (a: number, b: number) => a - b, { exact: true }) },
});
test('caught: a difference is no sum', async t => {
  const { message, input, expected, got } = await caught(t, subtraction(numbers));
  t.regex(
    message,
    /subtraction: combine: column 'n' is marked exact, but with a = .*, b = .*: merge/,
  );
  const [a, b] = input as [number, number];
  t.deepEqual([expected, got], [a - b, b - a]);
});
test('caught: of one value only its own outputs tell', async t => {
  const { input } = await caught(t, subtraction([{ k: 1, n: 5 }]));
  t.is(input.length, 3);
});

const counting = define({
  name: 'counting',
  combine: { n: combiner(0, (a: number) => a + 1, { exact: true }) },
});
test('caught: a count of counts', async t => {
  t.regex((await caught(t, counting(numbers))).message, /merge\(b, a\)|merge\(a, merge/);
});

const rounding = define({
  name: 'rounding',
  value: { n: float64 },
  combine: { n: combiner(0, (a: number, b: number) => a + b, { exact: true }) },
});
test('caught: floats that are said to add up exactly', async t => {
  const data = [0.1, 0.2, 0.3].map(n => ({ k: 0, n }));
  const fractions = mapReduce({
    name: 'fractions',
    input: { n: float64 },
    key: { k: int32 },
    value: { n: float64 },
    map: ({ n }, emit) => emit({ k: 0, n }),
    combine: { n: combiner(0, (a, b) => a + b, { exact: true }) },
  });
  t.is((await caught(t, fractions(data))).input.length, 3);
  await t.notThrowsAsync(checkContract(rounding(numbers)));
});

test('caught: a combiner that changes what it is given, or gives another type', async t => {
  const changes = mapReduce({
    name: 'changes',
    input: { k: int32, n: int32 },
    key: { k: int32 },
    value: { n: int64 },
    map: ({ k, n }, emit) => emit({ k, n }),
    combine: { n: combiner(0, (a, b) => (a + b) / 2, { exact: true }) },
  });
  // Of one value a key the definition merges none.
  const single = numbers.map(({ n }, k) => ({ k, n }));
  t.regex((await caught(t, changes(single))).message, /gave -99\.5, no int64/);
});

let seen = 0;
const remembers = define({
  name: 'remembers',
  map: ({ k, n }: { k: number; n: number }, emit: (row: object) => void) => {
    seen += n;
    emit({ k, n: seen });
  },
});
test('caught: a function that remembers rows, and the fewest rows that show it', async t => {
  const { message, input } = await caught(t, remembers(numbers));
  t.regex(message, /not those of the definition/);
  t.is(input.length, 1);
});

const perBatch = define({
  name: 'per-batch',
  map: undefined,
  mapBatch(
    { n }: { n: { length: number } },
    out: { k: { push(v: number): void }; n: { push(v: number): void } },
  ) {
    out.k.push(1);
    out.n.push(n.length);
  },
});
test('caught: what a batch is, told to the world; the fewest rows are two', async t => {
  const { message, input, expected, got } = await caught(t, perBatch(numbers));
  t.regex(message, /depend on how it runs/);
  t.is(input.length, 2);
  t.deepEqual(expected, [{ k: 1, n: 2 }]);
  t.deepEqual(got, [
    { k: 1, n: 1 },
    { k: 1, n: 1 },
  ]);
});
test('kept: counts of batches that are added up', async t => {
  const added = define({
    name: 'per-batch-added',
    map: undefined,
    mapBatch(
      { n }: { n: { length: number } },
      out: { k: { push(v: number): void }; n: { push(v: number): void } },
    ) {
      out.k.push(1);
      out.n.push(n.length);
    },
    combine: { n: sum },
  });
  await t.notThrowsAsync(checkContract(added(numbers)));
});

test('what the job throws by definition comes out as it is', async t => {
  const wrong = define({
    name: 'wrong',
    map: (_: object, emit: (row: object) => void) => void emit({ k: 1, n: '1' }),
  });
  await t.throwsAsync(checkContract(wrong(numbers)), { code: 'TYPE_MISMATCH' });
  const own = new RangeError('mine');
  const throws = define({
    name: 'throws',
    map() {
      throw own;
    },
  });
  t.is(await t.throwsAsync(checkContract(throws(numbers))), own);
});

test('a row that a function keeps is its own', async t => {
  const kept: object[] = [];
  const keeps = define({
    name: 'keeps',
    map(row: { k: number; n: number }, emit: (row: object) => void) {
      kept.push(row);
      emit(row);
    },
  });
  await checkContract(keeps(numbers));
  t.deepEqual(kept.slice(0, 3), numbers.slice(0, 3));
  t.true(kept.every(row => Object.keys(row).join() === 'k,n'));
});

test.serial('nothing is left in the temporary folder', async t => {
  const before = readdirSync(tmpdir());
  await checkContract(examples.byRow(lines));
  const left = readdirSync(tmpdir()).filter(
    name => name.startsWith('superstep-contract-') && !before.includes(name),
  );
  t.deepEqual(left, []);
});

test('folds, lists and ranks of other keys', async t => {
  const some = texts.map(({ text, n }) => ({
    k: text,
    constructor: '',
    text,
    n,
    f: n / 3,
    place: n,
  }));
  await checkContract(listed['texts'](some));
  await checkContract(ranked['texts'](some));
  await checkContract(folded['int32']([]));
  t.pass();
});
