import test from 'ava';
import { BEGIN, END, paste } from './readme.ts';
import type { SuiteResult } from './runner.ts';
import { duration, markdownTable, quantity } from './table.ts';

test('durations and quantities have three digits', t => {
  t.deepEqual([0.0000000123456, 0.0000123456, 0.0456, 1.23456, 123.456].map(duration), [
    '12.3 ns',
    '12.3 µs',
    '45.6 ms',
    '1.23 s',
    '123 s',
  ]);
  t.deepEqual([1, 999, 12_345, 1_234_567, 2e9].map(quantity), [
    '1',
    '999',
    '12.3 k',
    '1.23 M',
    '2 G',
  ]);
});

const result: SuiteResult = {
  suite: 'sorting',
  title: 'Sorting',
  unit: 'rows',
  units: 2_000_000,
  rival: 'theirs',
  quick: false,
  date: '2026-11-23',
  machine: {
    cpu: 'Processor',
    cores: 2,
    memoryBytes: 8 * 2 ** 30,
    system: 'linux x64',
    node: 'v20.20.2',
    commit: 'abc',
    load: 0,
  },
  data: null,
  rows: [
    {
      variant: 'ours',
      status: 'verified',
      seconds: [1, 2, 3],
      min: 1,
      median: 2,
      max: 3,
      rate: 1_000_000,
      ratio: 0.5,
      peakBytes: 100e6,
      figures: { spilled: 5e6 },
    },
    { variant: 'theirs', status: 'absent', why: 'not there', seconds: [] },
  ],
};

test('the table in Markdown', t => {
  t.is(
    markdownTable(result),
    [
      '**sorting** — Sorting: 2 M rows; median of 3, each verified; 2 × Processor, 8 GiB, Node 20.20.2, abc, 2026-11-23',
      '',
      '| variant | median | min | max | ÷ theirs | rows/s | each | peak MB | spilled |',
      '|---|--:|--:|--:|--:|--:|--:|--:|--:|',
      '| ours | 2 s | 1 s | 3 s | 0.50 | 1 M | 1 µs | 100 | 5 M |',
      '| theirs | ABSENT |  |  |  |  |  |  |  |',
    ].join('\n'),
  );
});

test('tables replace what is between the markers, and nothing else', t => {
  t.is(paste(`a\n${BEGIN}old${END}\nb`, 'new'), `a\n${BEGIN}\n\nnew\n\n${END}\nb`);
  for (const text of ['none', `${END}${BEGIN}`, `${BEGIN}${BEGIN}${END}`, `${BEGIN}${END}${END}`]) {
    t.throws(() => paste(text, 'new'), { message: /needs these two lines/ }, text);
  }
});
