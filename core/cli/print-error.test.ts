import test from 'ava';
import { DataError, LimitError, LostError, TaskError, UsageError } from '../errors.ts';
import { errorAsJson, exitCodeOf, printError } from './print-error.ts';

test('what and where first, what to type last', t => {
  const error = new DataError('GZIP_CORRUPT', 'a.gz: is cut short', {
    offset: 1048601,
    job: 'revenue',
    stage: 'map',
    task: 17,
    attempt: 1,
    remedy: 'Copy it again.',
  });
  t.is(
    printError(error, false),
    [
      'superstep: a.gz: is cut short   [GZIP_CORRUPT]',
      '  at byte 1,048,601',
      '  job revenue, stage map, task 17, attempt 1',
      '  Copy it again.',
    ].join('\n'),
  );
});

test("a user's exception names what was thrown and the line of theirs that threw", t => {
  const cause = new RangeError('no such host');
  cause.stack = [
    'RangeError: no such host',
    '    at parse (node:internal/url:1:1)',
    '    at helper (/srv/app/node_modules/x/index.js:3:4)',
    '    at map (/srv/app/job.ts:12:9)',
  ].join('\n');
  const error = new TaskError('TASK_FAILED', 'map threw', { job: 'hosts' }, { cause });
  t.is(
    printError(error, false),
    [
      'superstep: map threw   [TASK_FAILED]',
      '  job hosts',
      '  RangeError: no such host',
      '  at map (/srv/app/job.ts:12:9)',
      '  See where with --verbose',
    ].join('\n'),
  );
  t.regex(printError(error, true), /caused by RangeError: no such host\n {4}at parse/);
});

test('anything else is our bug', t => {
  for (const thrown of [new TypeError('x is not a function'), 'text', undefined]) {
    t.regex(printError(thrown, false), /\[INTERNAL\]\n.*report it/);
    t.is(exitCodeOf(thrown), 1);
  }
});

test('exit codes: usage 2, what waiting may mend 75, the rest 1', t => {
  t.is(exitCodeOf(new UsageError('OUTPUT_EXISTS', '')), 2);
  t.is(exitCodeOf(new UsageError('OUTPUT_LOCKED', '')), 75);
  t.is(exitCodeOf(new LimitError('DISK_FULL', '')), 75);
  t.is(exitCodeOf(new LimitError('MEMORY', '')), 1);
  t.is(exitCodeOf(new LostError('WORKER_LOST', '')), 1);
  t.is(exitCodeOf(new TaskError('TASK_FAILED', '')), 1);
});

test('the error of --json has every key', t => {
  t.deepEqual(errorAsJson(new UsageError('USAGE', 'no', { file: 'x', task: 3 })), {
    ok: false,
    error: {
      code: 'USAGE',
      message: 'no',
      remedy: null,
      job: null,
      stage: null,
      task: 3,
      file: 'x',
      offset: null,
    },
  });
});
