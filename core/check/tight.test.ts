/** Graphs whose vertices fit in memory one partition at a time, and no more: nothing fails, nothing is tried again, the same bits. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { folderOf } from '../cli/child.ts';
import { edges, graph, open, read } from '../index.ts';
import { wide } from './jobs/wide.ts';

/** Four partitions, whose columns have 22 MB. */
const VERTICES = 220_000;

test('columns of vertices that exceed memory together: those of other partitions are read again', async t => {
  t.timeout(60_000);
  const path = join(folderOf(t, {}), 'edges.txt');
  const lines = Array.from({ length: VERTICES }, (_, i) => {
    return `${i} ${(i * 7 + 1) % VERTICES}\n${i} ${(i * i) % 1000}\n`;
  });
  writeFileSync(path, lines.join(''));
  const ways = [];
  for (const memory of ['40MiB', '512MiB']) {
    await using session = await open({ workers: 1, memory });
    await using result = await session.run(wide(graph(read(path, edges, { format: 'edges' }))));
    const { tasks, spilled } = result.report;
    ways.push({ rows: await result.toArray(), retried: tasks.retried, spilled: spilled.bytes });
  }
  const [tight, ample] = ways;
  t.is(tight!.retried, 0);
  t.true(tight!.spilled > 0, 'memory is tight');
  t.is(ample!.spilled, 0);
  t.is(tight!.rows.length, VERTICES);
  t.deepEqual(tight!.rows, ample!.rows);
});
