import test from 'ava';
import { decimal, float64, int64, list, nullable, timestamp, utf8 } from '../define/schema.ts';
import { printTable } from './print-table.ts';

test('numbers stand to the right, text to the left, no line ends in spaces', t => {
  const rows = [
    { word: 'the', count: 13721, share: 0.0653 },
    { word: 'a', count: 7, share: Number.NaN },
    { word: '鯨e\u0301', count: -1, share: 1e21 },
  ];
  t.is(
    printTable({ word: utf8, count: int64, share: float64 }, rows),
    [
      'word  count   share',
      'the   13721  0.0653',
      'a         7     NaN',
      '鯨e\u0301      -1   1e+21',
    ].join('\n'),
  );
  t.is(printTable({ word: utf8 }, [{ word: 'x' }]), 'word\nx');
  t.is(printTable({ word: utf8, count: int64 }, []), 'word  count');
});

test('cells cannot move the cursor, and are cut', t => {
  const text = printTable({ v: utf8 }, [{ v: '\u001b[2J\n\u202Ex' }, { v: 'y'.repeat(100) }]);
  t.deepEqual(text.split('\n'), ['v', '\\u001b[2J\\u000a\\u202ex', `${'y'.repeat(59)}…`]);
});

test('every type as csv has it, null apart', t => {
  const columns = { d: decimal(12, 2), at: timestamp, of: list(int64), none: nullable(utf8) };
  const row = { d: -5n, at: 0, of: [1, 2], none: null };
  t.is(printTable(columns, [row]).split('\n')[1], '-0.05  1970-01-01T00:00:00.000Z  [1, 2]  null');
});
