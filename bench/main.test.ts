import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const main = fileURLToPath(new URL('./main.js', import.meta.url));
const bench = (...args: string[]) =>
  spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

test('what is wrong with the command line is said, and exits with 2', t => {
  for (const [args, message] of [
    [['wordcuont'], /no suite is called wordcuont; there are: wordcount, /],
    [['--trials', '0'], /--trials <n>' argument '0' is invalid. a whole number from 1/],
    [['--date', 'today'], /as YYYY-MM-DD/],
    [['--nonsense'], /unknown option '--nonsense'/],
  ] as const) {
    const { status, stderr, stdout } = bench(...args);
    t.is(status, 2, args.join(' '));
    t.regex(stderr, message);
    t.is(stdout, '');
  }
});

test('a run of one variant prints its table, keeps the data, and leaves no result', t => {
  const data = mkdtempSync(join(tmpdir(), 'superstep-bench-'));
  t.teardown(() => rmSync(data, { recursive: true }));
  const args = ['--only', 'split and Map', '--trials', '1', '--data', data];
  const { status, stdout, stderr } = bench('wordcount', '--quick', ...args);
  t.is(status, 0, stderr);
  t.regex(stdout, /^WordCount of Zipf text.*QUICK/);
  t.regex(stdout, /^split and Map +[\d.]+ m?s /m);
  t.deepEqual(
    readdirSync(data).map(name => name.split('-')[0]),
    ['truth', 'zipf', 'zipf'],
  );
});
