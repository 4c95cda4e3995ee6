/** Definitions that the suites run: in a module of their own, because workers import it. */
import { int64, mapReduce, sum, task, utf8 } from 'superstep';

/** WordCount as a user writes it: a function for each line, an object for each word. */
export const wordCountByRow = mapReduce({
  name: 'wordcount-by-row',
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  map({ line }, emit) {
    for (const word of line.split(' ')) if (word !== '') emit({ word, count: 1 });
  },
  combine: { count: sum },
});

/** The smallest task there is: gives its argument back. */
export const echo = task('echo', (n: number) => n);
