/** One file, to the byte, whatever the workers, the memory, the splits, the partitions, and who dies on the way. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import serial from 'ava';
import fc from 'fast-check';
import { concat, read, rows, type Schema, type Table, utf8 } from '../index.ts';
import { collect } from '../testing.ts';
import { rowsOf } from './arbitrary-input.ts';
import {
  chaotic,
  forAll,
  RUNS,
  sameAsDefined,
  sameInAll,
  Sessions,
  type Way,
  WAYS,
} from './engine.ts';
import wordcount, { byBatch, byRow } from './examples/mapreduce.ts';
import { plain } from './jobs/by-key.ts';
import * as ranges from './jobs/ranges.ts';
import * as shapes from './jobs/shapes.ts';

const test = serial.serial;
const sessions = new Sessions();
const folder = mkdtempSync(join(tmpdir(), 'superstep-bytes-'));
test.after.always(async () => {
  await sessions.close();
  rmSync(folder, { recursive: true, force: true });
});

type AnyTable = Table<Schema>;
const rowsIn = (csv: string): string[] => csv.trim().split('\n').slice(1);
let outputs = 0;

/** The bytes that a way writes to a file of this format. */
async function bytesOf(table: AnyTable, way: Way, format: string): Promise<Buffer> {
  const output = join(folder, `out-${++outputs}.${format}`);
  const session = await sessions.open(way.session);
  await session.run(table, { ...way.run, output } as object);
  const bytes = readFileSync(output);
  rmSync(output);
  return bytes;
}

async function sameBytes(table: AnyTable, ways: readonly Way[], formats: readonly string[]) {
  for (const format of formats) {
    const expected = await bytesOf(table, ways[0]!, format);
    for (const way of ways.slice(1)) {
      if (expected.equals(await bytesOf(table, way, format))) continue;
      throw new Error(`${format}: ${way.name} differs from ${ways[0]!.name}`);
    }
  }
}

const partitioned = [1, 2, 3, 4, 5].map(partitions => ({
  name: `${partitions} partitions`,
  session: { workers: 2, memory: '256MiB' },
  run: { partitions, splitBytes: 11, splitRows: 4 },
}));
const EVERY = [...WAYS, chaotic(6)];
const FORMATS = ['csv', 'parquet', 'jsonl'];

const TEXT = [
  '\ufeffto be or not\r\nto be\r\n\r\nthat',
  '',
  'is the question é \u00a0x\u2003y __proto__ constructor\n\n\n',
  `${'whether '.repeat(40)}tis\n${'x'.repeat(300)} nobler\nin the mind`,
];
const files = TEXT.map((_, i) => join(folder, `text-${i}.txt`));
TEXT.forEach((text, i) => writeFileSync(files[i]!, text));
const lines = TEXT.flatMap(text => {
  const all = text.replace('\ufeff', '').split(/\r?\n/);
  return (all.at(-1) === '' ? all.slice(0, -1) : all).map(line => ({ line }));
});

const JOBS: { readonly [name: string]: (input: never) => AnyTable } = {
  words: input => wordcount(input),
  'words in small letters': input => wordcount(input, { words: 'unicode', case: 'lower' }),
  'words by row': input => byRow(input),
  'words by batch': input => byBatch(input),
  'lines in order': input => shapes.lineLengths(input),
  'two stages': input => shapes.byCount(wordcount(input)),
  'three stages': input => shapes.numbered(shapes.byCount(byRow(input))),
  'ranges of words': input => ranges.words(input),
  'ranges of a stage': input => ranges.byLength(byRow(input)).outputs.long,
  'lines as they are': input => concat(input, input),
};

for (const [name, job] of Object.entries(JOBS)) {
  test(`${name}: rows are those of the lines, wherever files are cut`, async t => {
    const expected = collect(job(rows(lines, { line: utf8 }) as never));
    const ways = [1, 2, 3, 5, 8, 13, 64, 1 << 20].map((splitBytes, i) => ({
      name: `splits of ${splitBytes} bytes`,
      session: { workers: 1 + (i % 2), memory: '256MiB' },
      run: { splitBytes },
    }));
    const got = await sameInAll(sessions, job(read(files) as never), ways);
    t.deepEqual(got, expected);
  });
  test(`${name}: the same bytes in every way`, async t => {
    await sameBytes(job(read(files) as never), [...WAYS, ...partitioned], FORMATS);
    t.pass();
  });
}

test('a folder of parts holds the rows of a file, and compressed files those of plain ones', async t => {
  const zipped = files.map(file => `${file}.gz`);
  zipped.forEach((file, i) => writeFileSync(file, gzipSync(TEXT[i]!)));
  const plainly = await bytesOf(byRow(read(files)), WAYS[0]!, 'csv');
  t.deepEqual(await bytesOf(byRow(read(zipped)), WAYS[1]!, 'csv'), plainly);
  const output = join(folder, 'parts');
  const session = await sessions.open(WAYS[1]!.session);
  await session.run(byRow(read(zipped)), { output, format: 'csv', partitions: 3 });
  const parts = readdirSync(output).filter(part => part.endsWith('.csv'));
  t.is(parts.length, 3);
  const all = parts.flatMap(part => rowsIn(readFileSync(join(output, part), 'utf8')));
  t.deepEqual(all.toSorted(), rowsIn(plainly.toString()).toSorted());
});

test('every type of column, to the byte', async t => {
  const job = plain['mixed'] as unknown as ((data: object[]) => AnyTable) & { input: Schema };
  const data = rowsOf(job.input, {}, {}, 20);
  await forAll(
    data,
    given => sameBytes(job(given), [...EVERY, partitioned[2]!], ['parquet', 'jsonl']),
    Math.ceil(RUNS / 5),
  );
  t.pass();
});

/** Magnitudes far apart, of both signs, subnormal, and such that they cancel. */
const hard = fc
  .array(
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: 1e-300, max: 1e300 }),
      fc.constantFrom(1e300, -1e300, 1e-300, -1e-300, 5e-324, -5e-324, 2 ** 53, 1, -1),
      fc.integer({ min: -1074, max: 1023 }).map(e => 2 ** e),
    ),
    { maxLength: 200 },
  )
  .map(values => values.flatMap((f, i) => (i % 3 === 0 ? [f, -f, f] : [f])))
  .map(values => values.map((f, i) => ({ k: i % 3, f })));

test('float sums have the same bits in every way', async t => {
  await forAll(hard, data => sameInAll(sessions, shapes.floatSums(data), EVERY), 1.6 * RUNS);
  t.pass();
});
test('folds in the order of rows have the same bits in every way', async t => {
  await forAll(hard, data => sameInAll(sessions, shapes.floatProducts(data), EVERY), 0.8 * RUNS);
  t.pass();
});

test('threads that die and frames that are lost change nothing', async t => {
  const path = join(folder, 'chaos.txt');
  const text = Array.from({ length: 30_000 }, (_, n) => `${(n * 7919) % 4001} word ${n % 97}`);
  writeFileSync(path, text.join('\n'));
  const many = read(path);
  const expected = await bytesOf(shapes.firstWords(byRow(many)), WAYS[0]!, 'parquet');
  const ordered = await bytesOf(shapes.lineLengths(many), WAYS[0]!, 'csv');
  for (let chaos = 1; chaos <= (RUNS > 5 ? 8 : 2); chaos++) {
    const way = { name: `chaos ${chaos}`, session: { workers: 3, memory: '256MiB', chaos } };
    const run = { splitBytes: 5000, partitions: (chaos % 4) + 1, refuse: { rows: 700 } };
    t.deepEqual(
      await bytesOf(shapes.firstWords(byRow(many)), { ...way, run }, 'parquet'),
      expected,
    );
    t.deepEqual(await bytesOf(shapes.lineLengths(many), { ...way, run }, 'csv'), ordered);
  }
});

test('the least memory that works, and ample', async t => {
  const path = join(folder, 'many.txt');
  const words = Array.from({ length: 1_500_000 }, (_, n) => `w${(n * 7919) % 700_001}-${n % 7}`);
  writeFileSync(path, words.map((word, n) => (n % 3 === 0 ? `${word}\n` : word)).join(' '));
  const jobs = [wordcount, byRow, shapes.lineLengths] as ((input: never) => AnyTable)[];
  for (const job of RUNS > 5 ? jobs : jobs.slice(2)) {
    const table = job(read(path) as never);
    const expected = await bytesOf(table, WAYS[0]!, 'csv');
    for (const [workers, memory] of [
      [1, '40MiB'],
      [2, '60MiB'],
    ] as const) {
      const session = await sessions.open({ workers, memory });
      const output = join(folder, 'least.csv');
      const { report } = await session.run(table, { output, overwrite: true });
      t.true(report.spilled.bytes > 0, `${report.job} in ${memory}`);
      t.true(expected.equals(readFileSync(output)), `${report.job} in ${memory}`);
    }
  }
});

/** Values whose parts leave their columns, in any order, and whose total may fit. */
const heavy = fc
  .array(
    fc.record({
      i: fc.oneof(fc.integer(), fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 1, -1)),
      w: fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 62n, 1n, -1n),
      ),
      d: fc.oneof(
        fc.bigInt({ min: 1n - 10n ** 18n, max: 10n ** 18n - 1n }),
        fc.constantFrom(10n ** 18n - 1n, 1n - 10n ** 18n, 1n, -1n),
      ),
    }),
    { maxLength: 20 },
  )
  // Most of it is taken away again.
  .chain(values => {
    const all = values.flatMap(({ i, w, d }, n) => [
      { k: n % 2, i, w, d },
      { k: n % 2, i: i === -(2 ** 31) ? 1 : -i, w: w === -(2n ** 63n) ? 1n : -w, d: -d },
    ]);
    return fc.shuffledSubarray(all, { minLength: all.length });
  });

test('whether an integer sum overflows is decided by its total, in every way', async t => {
  await forAll(heavy, data => sameAsDefined(sessions, shapes.integerSums(data), EVERY), 3.2 * RUNS);
  t.pass();
});
