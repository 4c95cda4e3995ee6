import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fixture from './check/fixture-suite.ts';
import { median, runSuite } from './runner.ts';
import { terminalTable } from './table.ts';

const module = new URL('./check/fixture-suite.js', import.meta.url).href;
const date = '2026-11-23';

function folder(t: { teardown(fn: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'superstep-bench-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('a variant has figures only if every trial of it was right', async t => {
  const cache = folder(t);
  const steps: string[] = [];
  const onStep = (step: string) => steps.push(step);
  const options = { module, cache, quick: false, only: [], date, onStep };
  const result = await runSuite(fixture, options);
  const rows = Object.fromEntries(result.rows.map(row => [row.variant, row]));

  // Two warm-ups do not count: the fixture's trials take 1, 2, 3… seconds, by its own clock.
  t.deepEqual(rows.right?.seconds, [3, 4, 5]);
  t.like(rows.right, { status: 'verified', min: 3, median: 4, max: 5, rate: 1.5, ratio: 1 });
  t.deepEqual(rows.right?.figures, { calls: 4 });
  t.true(rows.right!.peakBytes! > 10e6);

  t.like(rows.wrong, { status: 'wrong', why: '14 is not 49', seconds: [] });
  t.like(rows['wrong in its third trial'], { status: 'wrong', why: '0 is not 49', seconds: [] });
  t.like(rows.throws, { status: 'failed', seconds: [] });
  t.regex(rows.throws!.why!, /thrown here/);
  t.like(rows.exits, { status: 'failed', why: 'the process ended with 3' });
  t.like(rows.absent, { status: 'absent', why: 'not on this machine' });

  // In turn, each round beginning with another; nothing is asked of those that have ended.
  const trials = steps.filter(step => step.endsWith('of 3') && /^(right|slow)/.test(step));
  t.deepEqual(trials.slice(0, 4), [
    'right: trial 1 of 3',
    'slow: trial 1 of 3',
    'slow: trial 2 of 3',
    'right: trial 2 of 3',
  ]);
  t.is(steps.filter(step => step.startsWith('throws')).length, 2);
  t.deepEqual(readdirSync(cache), []);

  const text = terminalTable(result);
  t.regex(text, /^right +4 s +3 s +5 s +1\.00 +1\.5 /m);
  t.regex(text, /^wrong +WRONG$/m);
  t.regex(text, /^wrong: wrong: 14 is not 49$/m);
  t.regex(text, /^absent +ABSENT$/m);
});

test('some variants, some trials', async t => {
  const result = await runSuite(fixture, {
    module,
    cache: folder(t),
    quick: true,
    only: ['right'],
    trials: 1,
    date,
  });
  t.deepEqual(
    result.rows.map(({ variant, seconds }) => [variant, seconds]),
    [['right', [3]]],
  );
  // Without the rival there is nothing to compare with, and no ratio.
  t.is(result.rows[0]?.ratio, undefined);
});

const title = (data: unknown) => `The square of ${(data as { n: number }).n}`;

test('rates are of the median time, or of the mean where a suite says so; a title may tell of the data', async t => {
  const options = { module, quick: false, only: ['uneven'], date };
  const byMedian = await runSuite(fixture, { ...options, cache: folder(t) });
  t.like(byMedian.rows[0], { seconds: [8, 16, 32], median: 16, rate: 6 / 16 });
  const suite = { ...fixture, meanRate: true, title };
  const byMean = await runSuite(suite, { ...options, cache: folder(t) });
  t.like(byMean.rows[0], { seconds: [8, 16, 32], median: 16, rate: 6 / ((8 + 16 + 32) / 3) });
  t.is(byMean.title, 'The square of 7');
});

test('median', t => {
  t.is(median([]), undefined);
  t.is(median([3, 1, 2]), 2);
  t.is(median([10, 9, 1, 2]), 5.5);
});
