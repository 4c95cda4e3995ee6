import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { dataset, pathOf } from '../datasets/catalogue.ts';
import { makeFile } from '../datasets/make.ts';
import { countWords, writeCounts } from './baseline/wordcount.ts';
import { connect, wordCountSql } from './rivals/duckdb.ts';
import { mawkWordCount } from './rivals/mawk.ts';
import { Absent } from './suite.ts';
import { difference, ofEntries, ofLines, ofParquet } from './word-table.ts';

function folder(t: { teardown(fn: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'superstep-bench-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('the baseline counts what Python’s bytes.split() gives', t => {
  const counts = countWords(pathOf(dataset('moby-dick')));
  t.is(counts.size, 33_067);
  t.is(counts.get('the')?.n, 13_691);
  t.is(
    [...counts.values()].reduce((sum, { n }) => sum + n, 0),
    212_734,
  );

  const path = join(folder(t), 'text');
  writeFileSync(path, ' a\tb\r\n\n__proto__ a\v constructor\fz\u00a0z\u0085 \nlast');
  t.deepEqual(
    [...countWords(path)].map(([word, { n }]) => [Buffer.from(word, 'latin1').toString(), n]),
    [
      ['a', 2],
      ['b', 1],
      ['__proto__', 1],
      ['constructor', 1],
      ['z\u00a0z\u0085', 1],
      ['last', 1],
    ],
  );
  writeFileSync(path, '');
  t.is(countWords(path).size, 0);
});

test('all rivals give the same table, larger than the baseline’s chunks', async t => {
  const at = folder(t);
  const { path } = makeFile({ kind: 'zipf', size: 3_000_000, distinct: 5_000, seed: 1 }, at);
  const counts = countWords(path);
  const truth = ofEntries([...counts].map(([word, { n }]) => [word, n]));
  t.is(truth.rows, 5_000);

  writeCounts(counts, join(at, 'baseline'));
  t.is(difference(ofLines(join(at, 'baseline')), truth), undefined);

  const connection = await connect(2);
  await connection.run(wordCountSql(path, join(at, 'duckdb')));
  connection.closeSync();
  t.is(difference(await ofParquet(join(at, 'duckdb')), truth), undefined);

  try {
    await mawkWordCount(path, join(at, 'mawk'));
    t.is(difference(ofLines(join(at, 'mawk')), truth), undefined);
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    t.log(`not compared: ${error.message}`);
  }
});

test('a count or a word that is off shows', t => {
  const truth = ofEntries([
    ['b', 2],
    ['a', 1],
  ]);
  t.is(
    difference(
      ofEntries([
        ['a', 1],
        ['b', 2],
      ]),
      truth,
    ),
    undefined,
  );
  t.regex(
    difference(
      ofEntries([
        ['a', 2],
        ['b', 1],
      ]),
      truth,
    )!,
    /^md5: /,
  );
  t.regex(
    difference(
      ofEntries([
        ['a', 1],
        ['b', 3],
      ]),
      truth,
    )!,
    /^tokens: 4 instead of 3/,
  );
  t.regex(difference(ofEntries([['a', 3]]), truth)!, /^rows: 1 instead of 2/);
});
