/** Definitions for the tests of manners: a worker imports this file. */
import { existsSync, writeFileSync } from 'node:fs';
import { int64, mapReduce, sum, utf8 } from '../../index.ts';

const columns = { input: { line: utf8 }, key: { word: utf8 }, value: { n: int64 } } as const;

const word = new Int32Array(new SharedArrayBuffer(4));
/** Makes a file and does not return while it is there; the test deletes it, or the thread is ended. */
function block(path: string): void {
  writeFileSync(path, '');
  while (existsSync(path)) Atomics.wait(word, 0, 0, 5);
}

export const counts = mapReduce({
  ...columns,
  name: 'counts',
  map({ line }, emit) {
    for (const found of line.split(' ')) emit({ word: found, n: 1 });
  },
  combine: { n: sum },
});

/** Blocks in map, or in reduce, while the file `at` is there. */
export const blocked = mapReduce({
  ...columns,
  name: 'blocked',
  params: { at: utf8, stage: utf8 },
  map({ line }, emit, { params }) {
    if (params.stage === 'map') block(params.at);
    emit({ word: line, n: 1 });
  },
  reduce({ word: found }, values, emit, { params }) {
    if (params.stage === 'reduce') block(params.at);
    for (const { n } of values) emit({ word: found, n });
  },
});

/** Makes a definition inside a function: no worker that imports this file finds it. */
export function makeLate() {
  const map = { ...columns, name: 'late', map: () => undefined } as const;
  // By a callback, so that the function that runs is this file's and no program's.
  return new Promise<typeof counts>(resolve => {
    setImmediate(() => resolve(mapReduce(map) as unknown as typeof counts));
  });
}
