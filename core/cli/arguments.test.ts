/** From words of a command line to schemas, tables and destinations. */
import test, { type ExecutionContext } from 'ava';
import top from 'superstep/jobs/top';
import wordcount from 'superstep/jobs/wordcount';
import { job } from '../define/job.ts';
import { bigint64, decimal, int64, list, nullable, utf8 } from '../define/schema.ts';
import { concat, select, type Tables } from '../define/table.ts';
import { type Code, SuperstepError } from '../errors.ts';
import type { Definition } from './find-job.ts';
import { findOutputs } from './find-outputs.ts';
import { openOptions, type RunFlags, runOptions } from './flags.ts';
import { makeTables } from './make-tables.ts';
import { parseSchema } from './schema-text.ts';

function refuses(
  t: ExecutionContext,
  run: () => unknown,
  message: RegExp,
  code: Code = 'USAGE',
): void {
  const error = t.throws(run, { instanceOf: SuperstepError });
  t.is(error.code, code);
  t.regex(error.message, message);
}

async function refusesLater(
  t: ExecutionContext,
  run: Promise<unknown>,
  message: RegExp,
  code: Code = 'USAGE',
): Promise<void> {
  const error = (await t.throwsAsync(run, { instanceOf: SuperstepError })) as SuperstepError;
  t.is(error.code, code);
  t.regex(error.message, message);
}

test('--schema', t => {
  t.deepEqual(parseSchema('id:int64, total:decimal(12,2)?,tags:list(utf8),a:b:bigint64'), {
    id: int64,
    total: nullable(decimal(12, 2)),
    tags: list(utf8),
    'a:b': bigint64,
  });
  refuses(t, () => parseSchema(''), /name:type, at ''/);
  refuses(t, () => parseSchema('id'), /name:type, at 'id'/);
  refuses(t, () => parseSchema('id:int'), /no type 'int'/);
  refuses(t, () => parseSchema('id:constructor'), /no type 'constructor'/);
  refuses(t, () => parseSchema('a:utf8,a:int64'), /named twice/);
});

test('numbers, times and what they are for', t => {
  t.deepEqual(openOptions({ workers: '2', memory: '1GB', chaos: '7' }), {
    workers: 2,
    memory: '1GB',
    chaos: 7,
  });
  t.deepEqual(runOptions({ timeLimit: '2h', taskTimeout: '90s', seed: '3', overwrite: true }), {
    overwrite: true,
    retries: 0,
    seed: 3,
    timeLimitMs: 7_200_000,
    taskTimeoutMs: 90_000,
  });
  refuses(t, () => openOptions({ workers: '0' }), /--workers: '0'/);
  refuses(t, () => openOptions({ workers: 'two' }), /--workers: 'two'/);
  refuses(t, () => runOptions({ partitions: '2.5' }), /--partitions: '2.5'/);
  refuses(t, () => runOptions({ timeLimit: '2 fortnights' }), /--time-limit: '2 fortnights'/);
});

const both = job({
  name: 'both',
  inputs: { left: { line: utf8 }, right: { line: utf8 } },
  plan: ({ left, right }): Tables => ({
    one: concat(left, right),
    two: select(right, { r: 'line' }),
  }),
}) as unknown as Definition;
const count = wordcount as unknown as Definition;
const best = top as unknown as Definition;

/** The plan below all definitions. */
function readsOf(tables: Tables): unknown[] {
  const reads: unknown[] = [];
  JSON.stringify(tables, (_, value) => {
    if (value?.op === 'read') reads.push([value.where, value.options]);
    return value as unknown;
  });
  return reads;
}

const where = async (paths: string[], input: string[] = []): Promise<unknown[]> =>
  readsOf((await makeTables(count, paths, { input })).tables);

test('one input: positional, --input, or --input name=', async t => {
  t.deepEqual(await where(['a', 'b']), [[['a', 'b'], {}]]);
  t.deepEqual(await where(['a'], ['b']), [[['a', 'b'], {}]]);
  t.deepEqual(await where([], ['input=b', 'x=y.txt']), [[['b', 'x=y.txt'], {}]]);
  await refusesLater(t, where([]), /wordcount: no input/);
  await refusesLater(t, where(['-', '-']), /standard input/);
});

const make = (paths: string[], input: string[]) => makeTables(both, paths, { input });

test('several inputs go by name', async t => {
  const { tables, single } = await make([], ['left=a', 'right=b', 'left=c']);
  t.false(single);
  t.deepEqual(readsOf({ one: tables['one']! }), [
    [['a', 'c'], {}],
    [['b'], {}],
  ]);
  await refusesLater(t, make(['a'], []), /2 inputs, and a could be any/);
  await refusesLater(t, make([], ['left=a']), /input 'right' is not given/);
  await refusesLater(t, make([], ['left=a', 'right=b', 'c']), /--input c: which of left, right/);
});

test('how inputs are read, and parameters', async t => {
  const flags: RunFlags = {
    inputFormat: 'text',
    inputEncoding: 'latin1',
    skipBad: '3',
    param: ['k=2'],
  };
  const { tables, single } = await makeTables(best, ['a'], flags);
  t.true(single);
  t.deepEqual(Object.keys(tables), ['top']);
  t.deepEqual(readsOf(tables), [[['a'], { format: 'text', encoding: 'latin1', skipBad: 3 }]]);
  await refusesLater(t, makeTables(best, ['a'], { inputEncoding: 'ebcdic' }), /ebcdic/);
  await refusesLater(t, makeTables(best, ['a'], { param: ['K=2'] }), /'K'/, 'PARAM_UNKNOWN');
  const two = { param: ['k=two'] };
  await refusesLater(t, makeTables(best, ['a'], two), /k=two/, 'PARAM_INVALID');
});

test('where one table goes', t => {
  t.deepEqual(findOutputs([], ['a'], true), { to: 'standard output' });
  t.deepEqual(findOutputs(['-'], ['a'], true), { to: 'standard output' });
  t.deepEqual(findOutputs(['a=b.csv'], ['a'], true), { to: 'files', paths: { a: 'a=b.csv' } });
  refuses(t, () => findOutputs(['x', 'y'], ['a'], true), /--out y: the job makes one table/);
});

test('where several tables go', t => {
  const names = ['a', 'b'];
  t.deepEqual(findOutputs(['dir'], names, false), {
    to: 'files',
    paths: { a: 'dir/a', b: 'dir/b' },
  });
  t.deepEqual(findOutputs(['b=x.csv', 'a=y'], names, false), {
    to: 'files',
    paths: { a: 'y', b: 'x.csv' },
  });
  refuses(t, () => findOutputs([], names, false), /several tables \(a, b\)/);
  refuses(t, () => findOutputs(['a=x'], names, false), /'b' goes nowhere/);
  refuses(t, () => findOutputs(['a=x', 'a=y'], names, false), /twice/);
  refuses(t, () => findOutputs(['a=x', 'c=y'], names, false), /--out c=y: the tables are a, b/);
});
