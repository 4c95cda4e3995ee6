/** Exact combiners that run in no kernel: rows are combined before they move, and nothing shows of where. */
import serial from 'ava';
import fc from 'fast-check';
import { int32, rows, type Schema, type Table, utf8 } from '../index.ts';
import { collect } from '../testing.ts';
import { rowsOf } from './arbitrary-input.ts';
import { chaotic, holdsOnBoth, RUNS, sameAsDefined, Sessions, WAYS } from './engine.ts';
import * as jobs from './jobs/combiners.ts';

const test = serial.serial;
const sessions = new Sessions();
test.after.always(() => sessions.close());

const EVERY = [...WAYS, chaotic(5)];
const texts = rowsOf({ text: utf8, n: int32 });

// oxlint-disable-next-line typescript/no-explicit-any -- rows of any of the jobs.
type Job = { readonly ref: { readonly name: string } } & ((input: any) => Table<Schema>);
const EXACT: readonly Job[] = [jobs.exact, jobs.exactInOrder, jobs.exactReduced];

for (const job of EXACT) {
  test(`${job.ref.name}, in every way`, async t => {
    await holdsOnBoth(sessions, texts, job, { runs: RUNS, chaos: 5 });
    t.pass();
  });
}

test('rows that are merged on the way are combined as well', async t => {
  // Every row is a run, and there are more of them than one merge takes.
  const data = Array.from({ length: 300 }, (_, i) => ({ text: `t${(i * 7) % 11}`, n: i % 4 }));
  for (const job of EXACT) await sameAsDefined(sessions, job(data), WAYS.slice(1));
  const run = { splitRows: 10, refuse: { rows: 1, arena: true } };
  const session = await sessions.open(WAYS[0]!.session);
  const written: number[] = [];
  for (const job of [jobs.byOnesOwn, jobs.inOrder]) {
    const result = await session.run(job(data), run as object);
    t.deepEqual(await result.toArray(), collect(job(data)));
    const { spilled, shuffled } = result.report;
    written.push(spilled.bytes - shuffled.bytes);
  }
  const [combined, kept] = written as [number, number];
  t.true(
    combined > 0 && combined < kept / 4,
    `${combined} bytes of merged runs, ${kept} as they are`,
  );
});

test('values of 1 MiB', async t => {
  const long = 'ä'.repeat(1 << 19);
  const data = [long, 'x', `${long}!`, long, long.slice(1)].map((text, n) => ({ text, n }));
  for (const job of EXACT) await sameAsDefined(sessions, job(data), EVERY);
  t.pass();
});

/** Parts of their sums leave their columns, in any order, and the total may fit. */
const sums = fc.array(
  fc.record({
    k: fc.constantFrom(0, 1),
    i: fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 1, -1, 0),
    w: fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 1n, -1n),
    d: fc.constantFrom(10n ** 18n - 1n, 1n - 10n ** 18n, 1n),
  }),
  { maxLength: 12 },
);
const numbers = fc.array(
  fc.record({
    k: fc.constantFrom(0, 1),
    l: fc.constantFrom(2 ** 53 - 1, 1 - 2 ** 53, 1, -1, 0),
  }),
  { maxLength: 12 },
);
test('whether a sum beside text overflows is decided by its total', async t => {
  await holdsOnBoth(sessions, sums, jobs.sumsAndText, { runs: 3 * RUNS, chaos: 5 });
  await holdsOnBoth(sessions, numbers, jobs.numbersAndText, { runs: RUNS, chaos: 5 });
  t.pass();
});

const LARGE = Array.from({ length: 50_000 }, (_, n) => ({ n }));
const few = {
  inPlainCode: jobs.inPlainCode,
  byOnesOwn: jobs.byOnesOwn,
  byPartition: jobs.byPartition,
};
for (const [name, job] of Object.entries(few)) {
  test(`what moves is what was combined: ${name}`, async t => {
    for (const way of [
      { ...WAYS[0]!, run: {} },
      { ...WAYS[0]!, run: { splitRows: 9000, refuse: { rows: 5000, arena: true, views: true } } },
    ]) {
      const session = await sessions.open(way.session);
      const result = await session.run(job(LARGE), way.run as object);
      t.deepEqual(await result.toArray(), collect(job(LARGE)) as object[]);
      const { bytesBeforeCombine, bytes } = result.report.shuffled;
      t.true(bytesBeforeCombine >= 50_000 * 12, `${bytesBeforeCombine} bytes were emitted`);
      t.true(bytes < bytesBeforeCombine / 50, `${bytes} bytes moved of ${bytesBeforeCombine}`);
    }
  });
}

test('what is not exact moves as it is', async t => {
  const session = await sessions.open(WAYS[0]!.session);
  const result = await session.run(jobs.inOrder(LARGE));
  t.deepEqual(await result.toArray(), collect(jobs.inOrder(LARGE)));
  const { bytesBeforeCombine, bytes } = result.report.shuffled;
  t.true(bytes > bytesBeforeCombine, 'every row, with its place');
});

test('a combiner that throws ends the job, also where the map looks away', async t => {
  const short = ['a', 'bad', 'c', 'd', 'e'].map(text => ({ text }));
  // Enough that rows leave while the map is at work, and it catches what emit throws.
  const long = Array.from({ length: 2500 }, (_, n) => ({ text: n === 3 ? 'bad' : `t${n}` }));
  for (const [data, run] of [
    [short, {}],
    [short, WAYS[1]!.run],
    [long, { splitRows: 5000, refuse: { rows: 1000 } }],
  ] as const) {
    const session = await sessions.open(WAYS[0]!.session);
    const error = await t.throwsAsync(session.run(jobs.failing(data), run as object), {
      code: 'TASK_FAILED',
    });
    t.is(error.message.split('\n')[0], 'failing: combine failed at k 7: no place for bad');
  }
});

test('a combiner that gives another type is told so', async t => {
  const data = [1, 2, 3, 4].map(n => ({ n }));
  const session = await sessions.open(WAYS[0]!.session);
  const error = await t.throwsAsync(session.run(jobs.mistyped(data)), { code: 'TYPE_MISMATCH' });
  t.is(
    error.message.split('\n')[0],
    'mistyped: combine failed at k 0: column \'bytes\' is binary, got "text"',
  );
});

test('a combiner cannot emit', async t => {
  const data = Array.from({ length: 3000 }, (_, n) => ({ text: `t${n}` }));
  const session = await sessions.open(WAYS[0]!.session);
  for (const run of [{}, { refuse: { rows: 1500 } }]) {
    await t.throwsAsync(session.run(jobs.emitting(rows(data, { text: utf8 })), run as object), {
      code: 'EMIT_LATE',
      message: /emitting: combine failed at k 0: emitting: emit/,
    });
  }
});
