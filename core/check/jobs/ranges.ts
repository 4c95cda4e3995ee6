/** For tests: map-reduces whose partitions are ranges of keys. */
import { int32, int64, mapReduce, sum, utf8 } from '../../index.ts';

/** Combined: a walk has each key once. */
export const words = mapReduce({
  name: 'ranges-of-words',
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  map({ line }, emit) {
    for (const word of line.split(' ')) emit({ word, count: 1 });
  },
  combine: { count: sum },
  partition: 'range',
});

/** Rows, by two columns that fall and rise, and in an order within the group. */
export const rowsByKey = mapReduce({
  name: 'ranges-of-rows',
  input: { text: utf8, n: int32 },
  key: { text: utf8, n: int32 },
  value: { length: int32 },
  sort: { text: 'desc', length: 'asc' },
  map: ({ text, n }, emit) => emit({ text, n: n % 4, length: text.length }),
  partition: 'range',
});

/** With a reduce, and a further output from each side of it. */
export const byLength = mapReduce({
  name: 'ranges-by-length',
  input: { word: utf8, count: int64 },
  key: { length: int32 },
  value: { word: utf8 },
  output: { length: int32, words: utf8 },
  outputs: { long: { word: utf8 } },
  sort: { word: 'asc' },
  map({ word }, emit, ctx) {
    if (word.length > 4) ctx.emitTo('long', { word });
    emit({ length: word.length, word });
  },
  reduce({ length }, values, emit, ctx) {
    const all = Array.from(values, ({ word }) => word);
    emit({ length, words: all.join(',') });
    if (all.length > 1) ctx.emitTo('long', { word: all.join('') });
  },
  partition: 'range',
});
