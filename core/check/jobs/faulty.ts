/** For tests: functions that go wrong once, as a file that they leave tells them, and one that makes garbage. */
import { existsSync, writeFileSync } from 'node:fs';
import { int32, mapReduce, sum, utf8 } from '../../index.ts';

function once(path: string): boolean {
  if (existsSync(path)) return false;
  writeFileSync(path, '');
  return true;
}

/** `where` is the function that goes wrong: the thread of a map ends, a reduce throws. */
export const failsOnce = mapReduce({
  name: 'fails-once',
  params: { mark: utf8, where: utf8 },
  input: { n: int32 },
  key: { n: int32 },
  value: { count: int32 },
  output: { n: int32, count: int32 },
  map({ n }, emit, { params }) {
    if (params.where === 'map' && n === 7 && once(params.mark)) process.exit(3);
    emit({ n: n % 5, count: 1 });
  },
  combine: { count: sum },
  reduce(key, values, emit, { params }) {
    if (params.where === 'reduce' && once(params.mark)) throw new Error('once');
    for (const { count } of values) emit({ ...key, count });
  },
});

export const garbage = mapReduce({
  name: 'garbage',
  input: { n: int32 },
  key: { length: int32 },
  map({ n }, emit) {
    const kept = Array.from({ length: 50_000 }, (_, i) => ({ text: `${n} ${i}` }));
    emit({ length: kept.filter(({ text }) => text.endsWith('7')).length });
  },
});
