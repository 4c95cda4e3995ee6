/** For tests: the same four map-reduces for every type that a key may have.
 *
 *   folded  every kind of combiner that runs in kernels
 *   listed  no combiner: `reduce` reads its values twice, partly, or not at all
 *   ranked  values in an order of their own, the key falling
 *   plain   rows with every type of value, grouped and no more
 */
import {
  all,
  any,
  bigint64,
  binary,
  bool,
  date,
  decimal,
  float64,
  int32,
  int64,
  list,
  mapReduce,
  max,
  min,
  nullable,
  type Schema,
  sum,
  timestamp,
  utf8,
} from '../../index.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- columns that are only known at run time.
type Any = any;

/** The last column of a key is encoded in another way than the others: every type is there in both places. */
export const KEYS: { readonly [name: string]: Schema } = {
  int32: { k: int32 },
  int64: { k: int64 },
  bigint64: { k: bigint64 },
  float64: { k: float64 },
  bool: { k: bool },
  date: { k: date },
  timestamp: { k: timestamp },
  short: { k: decimal(12, 2) },
  long: { k: decimal(30, 4) },
  utf8: { k: utf8 },
  binary: { k: binary },
  'nullable-utf8': { k: nullable(utf8) },
  'nullable-float64': { k: nullable(float64) },
  'nullable-long': { k: nullable(decimal(30, 4)) },
  texts: { k: utf8, constructor: utf8 },
  mixed: { k: nullable(binary), k2: nullable(bool), k3: utf8, k4: nullable(bigint64) },
};

const FOLDED = {
  ones: int64,
  wide: bigint64,
  small: int32,
  money: decimal(12, 2),
  real: float64,
  low: float64,
  high: bigint64,
  day: date,
  at: timestamp,
  some: bool,
  every: bool,
};
export const folded = forEach('folded', key => ({
  input: { ...key, ...FOLDED },
  key,
  value: FOLDED,
  map: (row: object, emit: Any) => emit(row),
  combine: {
    ones: sum,
    wide: sum,
    small: sum,
    money: sum,
    real: sum,
    low: min,
    high: max,
    day: min,
    at: max,
    some: any,
    every: all,
  },
}));

const LISTED = { text: utf8, n: int32 };
export const listed = forEach('listed', key => ({
  input: { ...key, ...LISTED },
  key,
  value: LISTED,
  output: { ...key, read: utf8 },
  map: (row: object, emit: Any) => emit(row),
  reduce(k: object, values: Iterable<Any>, emit: Any) {
    const read = [...values].map(({ text, n }) => `${text}${n}`);
    // How the values are read follows from the first of them.
    const how = read[0]!.length % 4;
    if (how === 0) return emit({ ...k, read: 'nothing' });
    const again: string[] = [];
    for (const { text, n } of values) {
      again.push(`${text}${n}`);
      if (how === 1 && again.length === 3) break;
      if (how === 2) for (const { n: inner } of values) again.push(String(inner));
      if (how === 2 && again.length > 50) break;
    }
    emit({ ...k, read: read.join() });
    emit({ ...k, read: again.join() });
  },
}));

const RANKED = { n: int32, f: nullable(float64), text: nullable(utf8), place: int32 };
export const ranked = forEach('ranked', key => ({
  input: { ...key, ...RANKED },
  key,
  value: RANKED,
  map: (row: object, emit: Any) => emit(row),
  sort: {
    ...Object.fromEntries(Object.keys(key).map(column => [column, 'desc'])),
    f: 'desc',
    text: 'asc',
    n: 'desc',
  },
}));

const PLAIN = {
  b: nullable(bool),
  i: nullable(int32),
  w: nullable(bigint64),
  f: nullable(float64),
  s: nullable(utf8),
  x: nullable(binary),
  day: nullable(date),
  at: nullable(timestamp),
  short: nullable(decimal(18, 0)),
  long: nullable(decimal(38, 0)),
  items: nullable(list(nullable(list(float64)))),
};
export const plain = forEach('plain', key => ({
  input: { ...key, ...PLAIN },
  key,
  value: PLAIN,
  map: (row: object, emit: Any) => emit(row),
}));

/** Keys alone. */
export const keyOnly = forEach('key-only', key => ({
  input: key,
  key,
  map: (row: object, emit: Any) => emit(row),
}));

function forEach(name: string, spec: (key: Schema) => object): { readonly [key: string]: Any } {
  return Object.fromEntries(
    Object.entries(KEYS).map(([key, columns]) => [
      key,
      mapReduce({ name: `${name}-${key}`, ...spec(columns) } as Any),
    ]),
  );
}
