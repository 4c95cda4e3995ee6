import test from 'ava';
import { batchOf } from '../batch/codec.ts';
import { fieldsOf } from '../batch/columns.ts';
import { binary, int32, utf8 } from '../index.ts';
import type { MergeInput } from '../store/merge.ts';
import { largestKeys, largestRows, largestWords } from './largest-keys.ts';

const RUN = { key: binary, natural: int32, text: utf8 };

/** A run of batches of rows: the natural key, and the length of a text. */
function run(...batches: (readonly (readonly [string, number])[])[]): MergeInput {
  let place = 0;
  return {
    batches: batches.length,
    read: batch =>
      batchOf(
        batches[batch]!.map(([key, length]) => ({
          key: new Uint8Array(Buffer.from(`${key}#${place++}`)),
          natural: key.length,
          text: 'x'.repeat(length),
        })),
        RUN,
      ),
  };
}

const find = (inputs: readonly MergeInput[]): string[] =>
  largestKeys({
    inputs,
    fields: fieldsOf(RUN),
    natural: true,
    print: key => `word ${Buffer.from(key).toString()}`,
  }).map(text => text.replaceAll(/(\d),(\d)/g, '$1$2'));
const bytesOf = (text: string): number => Number(/\((?:about )?(\d+) bytes\)/.exec(text)![1]);

test('bytes of a key are summed over batches and runs', t => {
  const found = find([
    run(
      [
        ['a', 100],
        ['b', 5000],
        ['c', 10],
      ],
      [
        ['c', 900],
        ['d', 1],
      ],
    ),
    run([
      ['a', 4000],
      ['c', 6000],
    ]),
    run(),
  ]);
  t.deepEqual(
    found.map(text => text.slice(0, 6)),
    ['word c', 'word b', 'word a'],
  );
  t.true(bytesOf(found[0]!) >= 6910 && bytesOf(found[0]!) < 7000, found[0]);
});

const small = (from: number): [string, number][] =>
  Array.from({ length: 3000 }, (_, i) => [`m${from + i}`, 1]);
test('long keys that begin alike are told apart, and of many the heavy ones stay', t => {
  const long = 'k'.repeat(500);
  const found = find([
    run(
      [
        [`${long}`, 20_000],
        [`${long}k`, 10_000],
      ],
      small(0),
    ),
    run([['heavy', 30_000]], small(10_000)),
    run(small(20_000), [['z', 9000]]),
  ]);
  t.deepEqual(
    found.map(bytesOf).map(bytes => Math.floor(bytes / 1000)),
    [30, 20, 10],
  );
  t.is(found[1]!.slice(0, found[1]!.indexOf(' (')), `word ${long}`);
});

test('of very many batches a part is read, and said to be one', t => {
  let reads = 0;
  const batch = run([
    ['a', 10],
    ['b', 1000],
  ]);
  const found = find([{ batches: 100_000, read: () => (reads++, batch.read(0)) }]);
  t.true(reads < 1100, `${reads} batches`);
  t.regex(found[0]!, /^word b \(about \d+ bytes\)$/);
  t.true(Math.abs(bytesOf(found[0]!) / (100_000 * 1008) - 1) < 0.1, found[0]);
});

test('no runs, no keys', t => {
  t.deepEqual(find([]), []);
});

test('largest rows by the columns of their key; without a key none', t => {
  const columns = { word: utf8, n: int32, text: utf8 };
  const batch = batchOf(
    [5, 300, 1, 20].map((length, n) => ({ word: `w${n}`, n, text: 'x'.repeat(length) })),
    columns,
  );
  t.deepEqual(largestRows(batch, columns, ['word', 'n']), [
    'word "w1", n 1 (306 bytes)',
    'word "w3", n 3 (26 bytes)',
    'word "w0", n 0 (11 bytes)',
  ]);
  t.deepEqual(largestRows(batch, columns, []), []);
});

test('longest words', t => {
  const text = Buffer.from(`a bbb\tcc\ndddd ${'e'.repeat(2000)}`);
  const [first, ...rest] = largestWords(text, 'word');
  t.regex(first!, /^word "e+… \(2,000 bytes\)$/);
  t.deepEqual(rest, ['word "dddd" (4 bytes)', 'word "bbb" (3 bytes)']);
});
