import test from 'ava';
import { testSource } from './conformance.ts';
import { memorySource, SPLIT_ROWS } from './memory.ts';

for (const count of [0, 1, SPLIT_ROWS, 2 * SPLIT_ROWS + 5]) {
  test(`${count} rows in memory`, async t => {
    const rows = Array.from({ length: count }, (_, id) => ({ id, name: `é${id}`, none: null }));
    const source = memorySource(rows);
    await testSource(t, { source, where: [], expected: rows });
    const splits = source.split(await source.describe([], {}), 1);
    t.is(splits.length, Math.ceil(count / SPLIT_ROWS));
  });
}
