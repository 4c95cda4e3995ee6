/** Every shape of map-reduce, against the definition, on both carriers. */
import serial from 'ava';
import type fc from 'fast-check';
import { concat, open, rows, type Schema, select, type Table, utf8, int32 } from '../index.ts';
import { collect } from '../testing.ts';
import { anyLines, rowsOf } from './arbitrary-input.ts';
import { chaotic, holdsOnBoth, RUNS, sameAsDefined, Sessions, WAYS } from './engine.ts';
import wordcount, { byBatch, byRow } from './examples/mapreduce.ts';
import { listed } from './jobs/by-key.ts';
import * as shapes from './jobs/shapes.ts';

const test = serial.serial;
const sessions = new Sessions();
test.after.always(() => sessions.close());

const CHAOS = 2;
const EVERY = [...WAYS, chaotic(CHAOS)];

const TEXTS = { text: utf8, n: int32 };
type Any = Table<Schema>;

function holds(title: string, input: fc.Arbitrary<object[]>, make: (data: never) => Any): void {
  test(title, async t => {
    const runs = Math.ceil(RUNS / 2);
    await holdsOnBoth(sessions, input, data => make(data as never), { runs, chaos: CHAOS });
    t.pass();
  });
}

const texts = rowsOf(TEXTS);
holds('map only', texts, data => shapes.mapOnly(data));
holds('map only, by batch', texts, data => shapes.mapOnlyBatch(data));
holds('total order', texts, data => shapes.totalOrder(data));
holds('combiners of ones own', texts, data => shapes.ownCombiners(data));
holds('a combiner of whole rows', texts, data => shapes.wholeRows(data));
holds('a partition function', texts, data => shapes.chosenPartition(data));
holds('a partition function, and sums', texts, data => shapes.chosenAndFolded(data));
const floats = rowsOf({ f: shapes.extremes.input.f });
holds('least and most in kernels', floats, data => shapes.extremes(data));
holds('least and most in order', floats, data => shapes.extremesInOrder(data));

for (const words of ['bytes', 'unicode'] as const) {
  for (const casing of ['keep', 'lower'] as const) {
    const params = { words, case: casing };
    holds(`words, ${words}, ${casing}`, anyLines, data => wordcount(data, params));
  }
}
const withOther = anyLines.map(lines => lines.map(({ line }) => ({ other: 'x y', line })));
for (const job of [
  shapes.wordsCounted,
  shapes.wordsAlone,
  shapes.wordsFalling,
  shapes.wordsMost,
  shapes.wordsPlaced,
  shapes.wordsByCount,
  shapes.wordsListed,
]) {
  for (const params of [{}, { unicode: true }, { lower: true }, { unicode: true, lower: true }]) {
    const title = `${job.ref.name}, ${Object.keys(params).join(' and ')}`;
    holds(title, withOther, data => (job as typeof shapes.wordsAlone)(data, params));
  }
}
holds('words by row', anyLines, data => byRow(data));
holds('words by batch', anyLines, data => byBatch(data));
holds('two stages', anyLines, data => shapes.byCount(byRow(data)));
holds('three stages', anyLines, data => shapes.numbered(shapes.byCount(wordcount(data))));
holds('a reduce over a stage', anyLines, data => shapes.firstWords(byRow(data)));
holds('concat of stages and rows', anyLines, data => {
  const [one, two] = [byRow(data), wordcount(data, { case: 'lower' })];
  const more = rows([{ count: 3, word: 'more' }], { count: one.columns.count, word: utf8 });
  return shapes.byCount(concat(one, more, two, one));
});
holds('rows as they are', texts, data => rows(data, TEXTS));
holds('select', texts, data => select(rows(data, TEXTS), { a: 'n', b: 'text', c: 'n' }));
holds('select into a job', texts, data => byRow(select(rows(data, TEXTS), { line: 'text' })));
holds('concat alone', texts, data => {
  const twice = select(rows(data, TEXTS), { n: 'n', text: 'text' });
  return concat(rows(data, TEXTS), twice);
});
holds('parameters, side files, setup', anyLines, data =>
  shapes.withContext(data, { suffix: '\0?', wide: -7n }),
);

test('counters are those of the rows, in every way', async t => {
  const data = ['a', 'bb', 'a', ''].map(line => ({ line }));
  for (const way of EVERY) {
    const session = await sessions.open(way.session);
    const { report } = await session.run(shapes.withContext(data), way.run as object);
    t.deepEqual(
      Object.entries(report.counters).toSorted(),
      [
        ['__proto__', 8],
        ['groups', 3],
        ['length', 4],
        ['rows', 4],
      ],
      way.name,
    );
  }
});

test('values of 1 MiB, as keys and as values', async t => {
  const long = 'ä'.repeat(1 << 19);
  const data = [long, 'x', `${long}!`, long, `${long.slice(1)}`].map((text, n) => ({ text, n }));
  for (const job of [shapes.wholeRows, shapes.chosenPartition, shapes.totalOrder, shapes.mapOnly]) {
    await sameAsDefined(sessions, (job as (data: object[]) => Any)(data), EVERY);
  }
  await sameAsDefined(sessions, byRow(data.map(({ text }) => ({ line: text }))));
  await sameAsDefined(sessions, wordcount(data.map(({ text }) => ({ line: text }))));
  t.pass();
});

test('groups larger than what is in memory at a time, read again and again', async t => {
  const sizes = [5000, 1, 9001, 3, 4096, 4097];
  const data = sizes.flatMap((size, k) =>
    Array.from({ length: size }, (_, n) => ({ k, text: 'x'.repeat(((n + k) * 7) % 13), n })),
  );
  const ways = EVERY.map(way => ({
    ...way,
    run: { ...way.run, splitRows: 5000, refuse: { ...way.run.refuse, rows: 3000 } },
  }));
  await sameAsDefined(sessions, listed['int32'](data), ways);
  t.pass();
});

test('several tables of one run, which share a stage, whatever the partitions', async t => {
  const data = ['b a c', 'd e f g h', 'a i j k'].map(line => ({ line }));
  const counts = byRow(data);
  const tables = { counts, ordered: shapes.byCount(counts), lines: shapes.numbered(counts) };
  for (const way of [...EVERY, { ...WAYS[1]!, run: { partitions: 4 } }]) {
    const session = await sessions.open(way.session);
    const results = await session.run(tables, way.run as object);
    for (const [name, table] of Object.entries(tables)) {
      const rowsOfTable: object[] = await results[name as keyof typeof tables].toArray();
      t.deepEqual(rowsOfTable, collect(table as Table<Schema>), `${way.name}: ${name}`);
    }
  }
});

test('attempts that threw are started again, and nothing of them counts', async t => {
  const data = Array.from({ length: 40 }, (_, n) => ({ text: `t${n}`, n }));
  const expected = Array.from({ length: 5 }, (_, n) => ({
    n,
    texts: data.flatMap(row => (row.n % 5 === n ? [row.text] : [])).join(' '),
  }));
  for (const way of WAYS) {
    // Of its own: threads that have failed before would not fail again.
    await using session = await open(way.session);
    await t.throwsAsync(session.run(shapes.flaky(data), way.run as object), {
      code: 'TASK_FAILED',
      message: /flaky: map failed at row \d+ of rows .*: the first map of this thread/,
    });
    await using again = await open(way.session);
    const run = { ...way.run, retries: 9 };
    const result = await again.run(shapes.flaky(data), run as object);
    t.deepEqual(await result.toArray(), expected, way.name);
    t.deepEqual({ ...result.report.counters }, { rows: 40, groups: 5 }, way.name);
  }
});
