/** For tests: a map-reduce over edges. */
import { bigint64, int64, mapReduce, sum } from '../../index.ts';

export const degrees = mapReduce({
  name: 'degrees',
  input: { source: bigint64 },
  key: { vertex: bigint64 },
  value: { out: int64 },
  map({ source }, emit) {
    emit({ vertex: source, out: 1 });
  },
  combine: { out: sum },
});
