/** What comes out of a session without files: rows, batches, a table of Arrow's; and what is read through connectors. */
import * as arrow from 'apache-arrow';
import test from 'ava';
import {
  bool,
  float64,
  int64,
  list,
  nullable,
  open,
  read,
  rows,
  timestamp,
  utf8,
} from '../index.ts';
import { collect } from '../testing.ts';
import { arrowRange, range, wrongRange } from './examples/connector.ts';
import wordcount, { byRow } from './examples/mapreduce.ts';

const COLUMNS = {
  name: utf8,
  n: int64,
  half: nullable(float64),
  on: nullable(bool),
  at: timestamp,
  tags: list(utf8),
};
const ROWS = Array.from({ length: 20_000 }, (_, n) => ({
  name: `é${n}`,
  n,
  half: n % 3 === 0 ? null : n / 2,
  on: n % 5 === 0 ? null : n % 2 === 0,
  at: 1_700_000_000_000 + n,
  tags: n % 2 === 0 ? [] : ['a', `${n}`],
}));
/** An option for tests: some thirty splits of what is read below. */
const SMALL_SPLITS = { splitBytes: 25_000 } as object;
const LINES = [{ line: 'to be or' }, { line: 'not to be' }];

/** As a user's own copy of Arrow sees a row. */
const seen = (row: (typeof ROWS)[number]) => ({ ...row, n: BigInt(row.n) });
const plain = (row: arrow.StructRowProxy) => {
  const values = row.toJSON() as { [column: string]: unknown };
  const tags = [...(values['tags'] as Iterable<string>)];
  return { ...values, tags };
};

test.serial(
  'a result as Arrow: a table that any of its functions take, and that outlives the result',
  async t => {
    await using session = await open({ workers: 2 });
    const result = await session.run(rows(ROWS, COLUMNS));
    const table = await result.toArrow();
    const batches: arrow.RecordBatch[] = [];
    for await (const batch of result.batches()) batches.push(batch);
    await result.release();
    await session.close();
    t.true(table instanceof arrow.Table);
    const again = arrow.tableFromIPC(arrow.tableToIPC(table, 'file'));
    t.deepEqual(again.toArray().map(plain), ROWS.map(seen));
    t.true(batches.length > 1);
    t.true(batches.every(batch => batch.numRows > 0 && batch.numRows <= 16_384));
    t.deepEqual(new arrow.Table(batches).toArray().map(plain), ROWS.map(seen));
  },
);

test.serial('an empty result is a table with columns', async t => {
  await using session = await open({ workers: 1 });
  const result = await session.run(rows([], COLUMNS));
  const table = await result.toArrow();
  t.deepEqual(
    table.schema.fields.map(({ name }) => name),
    Object.keys(COLUMNS),
  );
  t.is(table.numRows, 0);
  for await (const _ of result.batches()) t.fail();
});

test.serial('results say when they are larger than asked for, and when they are gone', async t => {
  await using session = await open({ workers: 1 });
  const result = await session.run(byRow(LINES));
  t.is((await result.toArrow(4)).numRows, 4);
  await t.throwsAsync(result.toArrow(3), { code: 'TOO_MANY_ROWS', message: /^4 rows/ });
  await t.throwsAsync(result.toArray(3), { code: 'TOO_MANY_ROWS', message: /^4 rows/ });
  await result.release();
  await t.throwsAsync(result.toArrow(), { code: 'RELEASED' });
  await t.throwsAsync(result.batches()[Symbol.asyncIterator]().next(), { code: 'RELEASED' });
});

for (const source of [range, arrowRange]) {
  test.serial(`a connector as source: ${source({ to: 1 }).connector.name}`, async t => {
    await using session = await open({ workers: 2 });
    const to = 100_000;
    const result = await session.run(read(source({ to }), { n: int64 }), SMALL_SPLITS);
    let n = 0;
    for await (const batch of result.batches()) {
      for (const each of batch.getChild('n')!.toArray() as BigInt64Array) {
        if (each !== BigInt(n++)) t.fail(`${each} is not ${n - 1}`);
      }
    }
    t.is(n, to);
    t.is(result.report.input.rows, to);
  });
}

test.serial('a connector whose batches are not what it says names itself', async t => {
  await using session = await open({ workers: 1 });
  const error = await t.throwsAsync(session.run(read(wrongRange({ to: 1 }), { n: int64 })));
  t.like(error, { code: 'COLUMN_TYPE' });
  t.regex(error!.message, /^wrong range: column 'n' is utf8/);
});

test.serial('the three forms of map give what the definition gives', async t => {
  await using session = await open({ workers: 2 });
  for (const job of [byRow, wordcount]) {
    const table = job(LINES);
    t.deepEqual(await (await session.run(table)).toArray(), collect(table));
  }
});
