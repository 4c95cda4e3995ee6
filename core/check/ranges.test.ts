/** Total order over all partitions: the rows of the definition, in parts that follow each other. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import serial from 'ava';
import type fc from 'fast-check';
import { int32, type Schema, type Table, utf8 } from '../index.ts';
import { collect } from '../testing.ts';
import { anyLines, rowsOf } from './arbitrary-input.ts';
import { holdsOnBoth, RUNS, sameAsDefined, Sessions, WAYS } from './engine.ts';
import { byCount, byRow } from './examples/mapreduce.ts';
import { exactInOrder } from './jobs/combiners.ts';
import * as ranges from './jobs/ranges.ts';

const test = serial.serial;
const sessions = new Sessions();
test.after.always(() => sessions.close());

function holds(
  title: string,
  input: fc.Arbitrary<object[]>,
  make: (data: never) => Table<Schema>,
): void {
  test(title, async t => {
    const runs = Math.ceil(RUNS / 2);
    await holdsOnBoth(sessions, input, data => make(data as never), { runs, chaos: 3 });
    t.pass();
  });
}
holds('keys that are combined', anyLines, data => ranges.words(data));
holds('rows, by falling and rising columns', rowsOf({ text: utf8, n: int32 }), data =>
  ranges.rowsByKey(data),
);
holds('a stage, then ranges, then reduce', anyLines, data => ranges.byLength(byRow(data)));
holds('what that emits elsewhere', anyLines, data => ranges.byLength(byRow(data)).outputs.long);
holds('ranges after ranges', anyLines, data => byCount(ranges.words(data)));

test('values of 1 MiB that differ at their ends', async t => {
  const long = 'ä'.repeat(1 << 19);
  const data = ['1', '', '2', '1', 'x'].map((end, n) => ({ text: long + end, n }));
  await sameAsDefined(sessions, ranges.rowsByKey(data));
  await sameAsDefined(sessions, ranges.words(data.map(({ text }) => ({ line: text }))));
  t.pass();
});

const KEYS = Array.from({ length: 3000 }, (_, i) => [(i * 7919) % 2003, i % 50] as const);
const PARTED: { readonly [name: string]: Table<Schema> } = {
  'combined in kernels': ranges.words(KEYS.map(([a, b]) => ({ line: `w${a} w${b}` }))),
  'combined in plain code': exactInOrder(
    KEYS.slice(0, 1000).flatMap(([a, b]) => [
      { text: `t${b}`, n: a },
      { text: 't', n: b },
    ]),
  ),
};
for (const [how, table] of Object.entries(PARTED)) {
  test(`a folder of parts: about one size, in order, the same whoever made them: ${how}`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'superstep-ranges-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const jsonl = join(folder, 'whole.jsonl');
    await (await sessions.open(WAYS[0]!.session)).run(table, { output: jsonl });
    const expected = linesOf(readFileSync(jsonl));
    t.is(expected.length, collect(table).length);
    let first: Buffer[] | undefined;
    for (const [i, { session: options, run }] of WAYS.entries()) {
      const session = await sessions.open(options);
      const output = join(folder, `parts-${i}`);
      const { splitBytes: _, splitRows: __, ...rest } = run;
      const { report } = await session.run(table, {
        ...rest,
        splitRows: 100 * (i + 1),
        output,
        format: 'jsonl',
        partitions: 8,
      } as object);
      const parts = readdirSync(output)
        .filter(name => name.startsWith('part-'))
        .map(name => readFileSync(join(output, name)));
      t.is(report.partitions, 8);
      t.is(parts.length, 8);
      t.deepEqual(parts.flatMap(linesOf), expected);
      const sizes = parts.map(part => linesOf(part).length);
      t.true(Math.max(...sizes) < 2 * Math.min(...sizes), String(sizes));
      first ??= parts;
      t.deepEqual(parts, first, 'boundaries are those of the keys alone');
    }
  });
}

const linesOf = (jsonl: Buffer): string[] => jsonl.toString().trim().split('\n');
