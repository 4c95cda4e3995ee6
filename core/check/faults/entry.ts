/** A program of a user's, for tests: `node entry.js STORY`. It prints what happened as JSON. */
import { existsSync, writeFileSync } from 'node:fs';
import { mapReduce, open, rows, type Schema, type Table, utf8 } from '../../index.ts';
import type { InternalRunOptions } from '../../job/session-run.ts';
import { counts, makeLate } from './jobs.ts';

const inEntry = mapReduce({
  name: 'inEntry',
  input: { line: utf8 },
  value: { line: utf8 },
  map: (row, emit) => emit(row),
});

const lines = rows([{ line: 'a b a' }], { line: utf8 });
const session = await open({ workers: 2, memory: '60MiB' });

const failure = (table: Table<Schema>): Promise<void> => codeOf(() => session.run(table));

async function codeOf(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
    console.log('{"code":"none"}');
  } catch (error) {
    const { name, code, message, details } = error as { name: string } & { [key: string]: unknown };
    console.log(JSON.stringify({ name, code, message, details }));
  }
}

switch (process.argv[2]) {
  case 'entry':
    await failure(inEntry(lines));
    break;
  case 'late':
    await failure((await makeLate())(lines));
    break;
  case 'idle': {
    // Nothing is closed or released: the process ends all the same.
    const result = await session.run(counts(lines));
    console.log(JSON.stringify(await result.toArray()));
    break;
  }
  case 'merges': {
    // Every run is a segment, and there are more of them than are merged at once: in map, and again to be one file.
    const many = rows(
      Array.from({ length: 300 }, (_, i) => ({ line: `w${i} w${i % 7}` })),
      { line: utf8 },
    );
    const spilling: InternalRunOptions = { refuse: { rows: 2, arena: true } };
    const options = { ...spilling, output: 'x.csv', partitions: 3 };
    await codeOf(() => session.run(counts(many), options as object));
    await session.close();
    break;
  }
  case 'stopped': {
    // In the middle of one file of two: its first block is written, the next one waits.
    const many = rows(
      Array.from({ length: 2000 }, (_line, i) => ({
        line: Array.from({ length: 100 }, (_word, j) => `w${100 * i + j}`).join(' '),
      })),
      { line: utf8 },
    );
    const controller = new AbortController();
    const { signal } = controller;
    const table = counts(many);
    const options = { output: { one: 'x.csv', two: 'y.csv' }, partitions: 3, signal };
    const running = codeOf(() => session.run({ one: table, two: table }, options));
    while (!existsSync('waits-write')) await new Promise(resolve => setTimeout(resolve, 5));
    controller.abort();
    // The loop of the driver has turned, so the task is told; then the device goes on.
    await new Promise(resolve => setTimeout(resolve, 100));
    writeFileSync('go', '');
    await running;
    await session.close();
    break;
  }
  case 'objects':
    // More than the memory holds: it goes to a file.
    await codeOf(async () => session.get(session.put(new Uint8Array(100 << 20))));
    await session.close();
    break;
  default:
    throw new Error(`no story ${process.argv[2]}`);
}
