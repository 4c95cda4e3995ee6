/** Map-reduces as users write them: what the tests of types, of the serial runner and of the engine run. */
import {
  bigint64,
  bool,
  combiner,
  decimal,
  float64,
  int32,
  int64,
  join,
  mapReduce,
  max,
  nullable,
  oneOf,
  read,
  select,
  sum,
  timestamp,
  utf8,
  words,
} from '../../index.ts';

// WordCount, three ways. The same job but for `map`.

export const byRow = mapReduce({
  name: 'wordcount-row',
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  map({ line }, emit) {
    for (const word of line.split(/\s+/)) if (word) emit({ word, count: 1 });
  },
  combine: { count: sum },
});

export const byBatch = mapReduce({
  name: 'wordcount-batch',
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  mapBatch({ line }, { word, count }) {
    const { bytes, offsets } = line;
    for (let i = 0; i < line.length; i++) {
      const end = offsets[i + 1]!;
      for (let at = offsets[i]!; at < end; ) {
        while (at < end && bytes[at]! <= 32) at++;
        const start = at;
        while (at < end && bytes[at]! > 32) at++;
        if (at > start) {
          word.pushBytes(bytes, start, at);
          count.push(1);
        }
      }
    }
  },
  combine: { count: sum },
});

export default mapReduce({
  name: 'wordcount',
  params: { words: oneOf('bytes', 'unicode'), case: oneOf('keep', 'lower') },
  input: { line: utf8 },
  key: { word: utf8 },
  value: { count: int64 },
  operator: params => words({ split: params.words, case: params.case }),
  combine: { count: sum },
});

// A combiner of one's own: the largest order of each user, whole rows merged together.

export const largestOrder = mapReduce({
  name: 'largest-order',
  input: { user: int64, order: bigint64, amount: float64 },
  key: { user: int64 },
  value: { order: bigint64, amount: float64 },
  map: ({ user, order, amount }, emit) => emit({ user, order, amount }),
  combine: (a, b) => (a.amount > b.amount || (a.amount === b.amount && a.order < b.order) ? a : b),
});

export const geometric = mapReduce({
  name: 'growth',
  input: { fund: utf8, factor: float64 },
  key: { fund: utf8 },
  value: { growth: float64, best: float64 },
  map: ({ fund, factor }, emit) => emit({ fund, growth: factor, best: factor }),
  combine: { growth: combiner(1, (a, b) => a * b), best: max },
});

// Mean needs two columns; reduce turns them into one.

export const meanTemperature = mapReduce({
  name: 'mean-temperature',
  input: { station: utf8, celsius: nullable(float64) },
  key: { station: utf8 },
  value: { sum: float64, count: int64 },
  output: { station: utf8, mean: float64 },
  map({ station, celsius }, emit, ctx) {
    if (celsius === null) ctx.count('readings without a value');
    else emit({ station, sum: celsius, count: 1 });
  },
  combine: { sum, count: sum },
  reduce({ station }, values, emit) {
    for (const row of values) emit({ station, mean: row.sum / row.count });
  },
});

// Secondary sort: sessions of a web log. Grouped by user, in order of time within a user.

export const sessionize = mapReduce({
  name: 'sessionize',
  params: { gapMinutes: 30 },
  input: { user: utf8, time: timestamp, url: utf8 },
  key: { user: utf8 },
  value: { time: timestamp, url: utf8 },
  sort: { time: 'asc' },
  output: { user: utf8, session: int32, start: timestamp, pages: int32 },
  map: (row, emit) => emit(row),
  reduce({ user }, visits, emit, { params }) {
    let session = 0;
    let start = 0;
    let last = -Infinity;
    let pages = 0;
    for (const { time } of visits) {
      if (time - last > params.gapMinutes * 60_000) {
        if (pages) emit({ user, session: session++, start, pages });
        start = time;
        pages = 0;
      }
      last = time;
      pages++;
    }
    emit({ user, session, start, pages });
  },
});

// Total order sort: range partitions, no reduce.

export const byCount = mapReduce({
  name: 'by-count',
  input: { word: utf8, count: int64 },
  key: { count: int64, word: utf8 },
  sort: { count: 'desc' },
  partition: 'range',
  map: (row, emit) => emit(row),
});

// Map-only (no key), a side file, and a second output.

export const clean = mapReduce({
  name: 'clean',
  input: { line: utf8 },
  value: { ip: utf8, ok: bool },
  outputs: { rejected: { line: utf8 } },
  files: { blocklist: new URL('./blocklist.txt', import.meta.url) },
  setup: ({ files }) => new Set(new TextDecoder().decode(files.blocklist).split('\n')),
  map({ line }, emit, ctx) {
    const ip = /^\d+\.\d+\.\d+\.\d+/.exec(line)?.[0];
    if (ip === undefined) ctx.emitTo('rejected', { line });
    else emit({ ip, ok: !ctx.shared.has(ip) });
  },
});

// A join, then a group-by.

const orders = read('orders/*.csv', { user: int64, amount: decimal(12, 2) });
const users = select(read('users.parquet', { id: int64, country: nullable(utf8) }), {
  user: 'id',
  country: 'country',
});

export const revenue = mapReduce({
  name: 'revenue',
  input: { country: nullable(utf8), amount: decimal(12, 2) },
  key: { country: utf8 },
  value: { amount: decimal(12, 2) },
  map: ({ country, amount }, emit) => emit({ country: country ?? 'unknown', amount }),
  combine: { amount: sum },
});

export const revenueByCountry = revenue(join(orders, users, { on: 'user', type: 'left' }));

// Two stages: the second takes the first's output. No file between.

export const counted = byCount(byRow(read('books/*.txt')));
