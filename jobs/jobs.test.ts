/** The built-in jobs by the definition of the models, and their `verify`: it accepts what is right and nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SuperstepError } from 'superstep';
import top, { verify as verifyTop } from 'superstep/jobs/top';
import wordcount, { verify as verifyWordcount } from 'superstep/jobs/wordcount';
import { collect } from 'superstep/testing';

const LINES = [
  '\uFEFFthe Whale, the whale; constructor __proto__',
  '',
  'Ångström naïve 鯨 a\u00A0b the\ttoString\r',
  ' Σίσυφος',
];

function file(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-jobs-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'text.txt');
  writeFileSync(path, LINES.join('\n'));
  return path;
}
/** As a reader gives them: without the byte-order mark of the file. */
const rows = LINES.map(line => ({ line: line.replace('\uFEFF', '') }));

for (const split of ['whitespace', 'unicode'] as const) {
  for (const as of ['keep', 'lower'] as const) {
    const rules = { split, case: as };
    test(`wordcount and top: split=${split} case=${as}`, async t => {
      const path = file(t);
      const counts = collect(wordcount(rows, rules));
      await t.notThrowsAsync(verifyWordcount([path], counts, rules));
      for (const k of [0, 1, 3, 100]) {
        const ranked = collect(top({ text: rows }, { ...rules, k }));
        t.is(ranked.length, Math.min(k, counts.length));
        await t.notThrowsAsync(verifyTop([path], ranked, { ...rules, k }));
      }
    });
  }
}

test('the words of a line, by hand', t => {
  t.deepEqual(collect(wordcount([{ line: ' b\ta  b\v\u00A0c\r' }])), [
    { word: 'a', count: 1 },
    { word: 'b', count: 2 },
    { word: '\u00A0c', count: 1 },
  ]);
});

test('verify finds a wrong count, a missing, an invented and a misplaced word', async t => {
  const path = file(t);
  const right = collect(wordcount(rows));
  const wrong = [
    right.slice(1),
    right.map((row, i) => (i === 1 ? { ...row, count: row.count + 1 } : row)),
    [...right, { word: 'zzz', count: 1 }],
    [right[1]!, right[0]!, ...right.slice(2)],
    [right[0]!, ...right],
  ];
  for (const output of wrong) await t.throwsAsync(verifyWordcount([path], output));
  const best = collect(top({ text: rows }, { k: 3 }));
  for (const output of [best.slice(1), [...best, best[0]!], best.toReversed()]) {
    await t.throwsAsync(verifyTop([path], output, { k: 3 }));
  }
});

test('top refuses what is not a number of rows', t => {
  for (const k of [-1, 2.5, Number.NaN]) {
    const error = t.throws(() => top({ text: rows }, { k }), { instanceOf: SuperstepError });
    t.is(error.code, 'PARAM_INVALID');
  }
});
