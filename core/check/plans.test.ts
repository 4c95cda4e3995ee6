/** Plans as text, compared with plans/*.txt. They are to change on purpose: `SUPERSTEP_UPDATE_PLANS=1` writes them anew. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  concat,
  open,
  read,
  rows,
  type Schema,
  select,
  type Table,
  type Tables,
  utf8,
} from '../index.ts';
import wordcount, {
  byCount,
  byRow,
  largestOrder,
  meanTemperature,
  sessionize,
} from './examples/mapreduce.ts';
import { byOnesOwn } from './jobs/combiners.ts';
import * as shapes from './jobs/shapes.ts';

const plans = fileURLToPath(new URL('../../../core/check/plans/', import.meta.url));
const update = process.env['SUPERSTEP_UPDATE_PLANS'] !== undefined;
const folder = mkdtempSync(join(tmpdir(), 'superstep-plans-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** A plan sees names and sizes only: files of any size cost nothing. */
function file(name: string, bytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
}
const small = file('small.txt', 1_000);
const large = file('large.txt', 200_000_000);
const lines = [{ line: 'a' }, { line: 'b' }];

const PLANS: { readonly [name: string]: Table<Schema> | Tables } = {
  'words of files': wordcount(read([small, large, file('zipped.gz', 50_000_000)]), {
    case: 'lower',
  }),
  'two stages that share one': (() => {
    const counts = byRow(read(large));
    return { counts, ordered: byCount(counts) };
  })(),
  'secondary sort': sessionize([{ user: 'ann', time: 0, url: '/' }]),
  'combiner of whole rows': largestOrder([]),
  'exact combiners in plain code': byOnesOwn([]),
  'reduce after sums': meanTemperature([]),
  'select and concat': concat(
    select(byRow(lines), { text: 'word' }),
    select(read(small), { text: 'line' }),
    rows([{ text: 'x' }], { text: utf8 }),
  ),
  'a total order': shapes.totalOrder([]),
  'a partition function': shapes.chosenPartition([]),
};

for (const [name, what] of Object.entries(PLANS)) {
  test(name, async t => {
    await using session = await open({ workers: 2, memory: '256MiB' });
    const plan = await session.explain(what);
    const path = join(plans, `${name.replaceAll(' ', '-')}.txt`);
    if (update) writeFileSync(path, plan);
    t.is(plan, readFileSync(path, 'utf8'));
  });
}
