/** A program of a user's, for manners.test.ts: `node entry.js STORY`. It prints what happened as JSON. */
import { mapReduce, open, rows, type Schema, type Table, utf8 } from '../../index.ts';
import { counts, makeLate } from './jobs.ts';

const inEntry = mapReduce({
  name: 'inEntry',
  input: { line: utf8 },
  value: { line: utf8 },
  map: (row, emit) => emit(row),
});

const lines = rows([{ line: 'a b a' }], { line: utf8 });
const session = await open({ workers: 2 });

async function failure(table: Table<Schema>): Promise<void> {
  try {
    await session.run(table);
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
  default:
    throw new Error(`no story ${process.argv[2]}`);
}
