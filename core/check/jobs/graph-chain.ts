/** For tests: a map-reduce that makes edges, and one that reads what a program makes. */
import { int64, mapReduce, sum, utf8 } from '../../index.ts';

/** Of a line the first word links to the others. */
export const links = mapReduce({
  name: 'links',
  input: { line: utf8 },
  value: { source: utf8, target: utf8 },
  map({ line }, emit) {
    const [source = '', ...targets] = line.split(' ');
    for (const target of targets) emit({ source, target });
  },
});

export const sizes = mapReduce({
  name: 'sizes',
  input: { component: utf8 },
  key: { component: utf8 },
  value: { vertices: int64 },
  map({ component }, emit) {
    emit({ component, vertices: 1 });
  },
  combine: { vertices: sum },
});
