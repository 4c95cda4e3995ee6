import { readFileSync } from 'node:fs';
import test from 'ava';
import { CODES, DataError, fromPlain, SuperstepError, toPlain } from './errors.ts';

test("README's table and CODES say the same", t => {
  const readme = readFileSync('README.md', 'utf8');
  const rows = [...readme.matchAll(/^\| ([A-Z0-9_]+) \| (\w+) \| (.+) \|$/gm)].map(
    ([, code, name, text]) => [code, name, text],
  );
  const codes = Object.entries(CODES).map(([code, [name, text]]) => [code, name, text]);
  t.deepEqual(rows.toSorted(), codes.toSorted());
});

test('an error that crossed threads is the same error', t => {
  class HostError extends Error {
    override readonly name = 'HostError';
    readonly code = 'EHOST';
  }
  const cause = new HostError('no such host');
  const error = new DataError('SEGMENT_CORRUPT', 'x: bad', { file: 'x', offset: 3 }, { cause });
  const back = fromPlain(structuredClone(toPlain(error))) as DataError;
  t.true(back instanceof DataError);
  t.is(back.name, 'DataError');
  t.deepEqual(
    [back.code, back.message, back.details, back.stack, back.retriable],
    [error.code, error.message, error.details, error.stack, false],
  );
  const backCause = back.cause as HostError;
  t.deepEqual(
    [backCause.name, backCause.message, backCause.code, backCause.stack],
    ['HostError', 'no such host', 'EHOST', cause.stack],
  );
  t.false(backCause instanceof SuperstepError);
});

test('whatever is thrown crosses', t => {
  for (const thrown of [undefined, null, 7, 'text', { a: 1 }, Symbol('s')]) {
    t.true(fromPlain(toPlain(thrown)) instanceof Error);
  }
  const loop = new Error('loop');
  loop.cause = loop;
  t.notThrows(() => structuredClone(toPlain(loop)));
});
