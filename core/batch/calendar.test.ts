import test from 'ava';
import * as fc from 'fast-check';
import { dateOf, daysOf } from './calendar.ts';

const DAY = 86_400_000;

test('property: every day from 0000 to 9999 as Date has it, both ways', t => {
  fc.assert(
    fc.property(fc.integer({ min: -719_528, max: 2_932_896 }), days => {
      const text = new Date(days * DAY).toISOString().slice(0, 10);
      return dateOf(days) === text && daysOf(text) === days;
    }),
    { numRuns: 5000 },
  );
  t.pass();
});

test('edges: leap days, first and last day, and what no calendar has', t => {
  for (const text of ['0000-01-01', '0000-02-29', '1600-02-29', '2000-02-29', '9999-12-31']) {
    t.is(dateOf(daysOf(text)!), text);
  }
  for (const text of [
    '1900-02-29',
    '2023-02-29',
    '2023-04-31',
    '2023-13-01',
    '2023-00-10',
    '2023-01-00',
    '2023-1-01',
    '2023-01-01T',
    '2023/01/01',
    '20230101',
    '+023-01-01',
    '-001-01-01',
    '',
  ]) {
    t.is(daysOf(text), undefined, text);
  }
  t.is(dateOf(-719_529), undefined);
  t.is(dateOf(2_932_897), undefined);
});
