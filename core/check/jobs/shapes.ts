/** For tests: map-reduces of every other shape: forms of map, of combine, of partition; context; several stages. */
import {
  bigint64,
  binary,
  combiner,
  decimal,
  float64,
  int32,
  int64,
  mapReduce,
  max,
  min,
  sum,
  utf8,
  words,
} from '../../index.ts';

export const mapOnly = mapReduce({
  name: 'map-only',
  input: { text: utf8, n: int32 },
  value: { text: utf8, n: int32 },
  map({ text, n }, emit) {
    for (let i = 0; i < Math.abs(n) % 4; i++) emit({ text, n: i });
  },
});

export const mapOnlyBatch = mapReduce({
  name: 'map-only-batch',
  input: { text: utf8, n: int32 },
  value: { doubled: int64, text: utf8 },
  mapBatch({ text, n }, out) {
    for (let i = 0; i < n.length; i++) out.doubled.push(2 * n.at(i));
    for (let i = 0; i < n.length; i++) {
      out.text.pushBytes(text.bytes, text.offsets[i]!, text.offsets[i + 1]!);
    }
  },
});

/** Rows of one group come in the order of the input, whatever partition they were sent to. */
export const chosenPartition = mapReduce({
  name: 'chosen-partition',
  input: { text: utf8, n: int32 },
  key: { text: utf8 },
  value: { n: int32 },
  map: (row, emit) => emit(row),
  partition: ({ text }, partitions) => text.length % partitions,
});

export const chosenAndFolded = mapReduce({
  name: 'chosen-and-folded',
  input: { text: utf8, n: int32 },
  key: { text: utf8 },
  value: { n: int32 },
  map: (row, emit) => emit({ text: row.text, n: row.n % 1000 }),
  partition: (_, partitions) => partitions - 1,
  combine: { n: sum },
});

export const totalOrder = mapReduce({
  name: 'total-order',
  input: { text: utf8, n: int32 },
  key: { n: int32 },
  value: { text: utf8 },
  map: (row, emit) => emit(row),
  partition: 'range',
  sort: { n: 'desc' },
});

/** Combiners of one's own beside built-in ones: none of them runs in a kernel. */
export const ownCombiners = mapReduce({
  name: 'own-combiners',
  input: { text: utf8, n: int32 },
  key: { n: int32 },
  value: {
    joined: utf8,
    first: utf8,
    last: utf8,
    total: bigint64,
    least: float64,
    most: binary,
    wide: decimal(30, 4),
    widest: decimal(30, 4),
  },
  map({ text, n }, emit) {
    const bytes = new TextEncoder().encode(text);
    emit({
      n: n % 3,
      joined: text,
      first: text,
      last: text,
      total: BigInt(n) << 20n,
      least: n === 0 ? -0 : n === 1 ? 0 : n === 2 ? NaN : n / 3,
      most: bytes,
      wide: BigInt(n) * 10n ** 12n,
      widest: BigInt(n) ** 3n,
    });
  },
  combine: {
    joined: combiner('', (a, b) => (a + b).slice(-100)),
    first: min,
    last: max,
    total: sum,
    least: min,
    most: combiner<Uint8Array>(new Uint8Array(), (a, b) => (a.length >= b.length ? a : b)),
    wide: sum,
    widest: max,
  },
});

/** −0 and 0 through each way that min and max are computed. */
export const extremes = mapReduce({
  name: 'extremes',
  input: { f: float64 },
  key: { all: int32 },
  value: { least: float64, most: float64 },
  map: ({ f }, emit) => emit({ all: 0, least: f, most: f }),
  combine: { least: min, most: max },
});
export const extremesInOrder = mapReduce({
  name: 'extremes-in-order',
  input: { f: float64 },
  key: { all: int32 },
  value: { least: float64, most: float64, last: float64 },
  map: ({ f }, emit) => emit({ all: 0, least: f, most: f, last: f }),
  combine: { least: min, most: max, last: combiner(0, (_, b) => b) },
});

export const wholeRows = mapReduce({
  name: 'whole-rows',
  input: { text: utf8, n: int32 },
  key: { n: int32 },
  value: { text: utf8, length: int64 },
  map: ({ text, n }, emit) => emit({ n: n % 5, text, length: text.length }),
  combine: (a, b) =>
    a.length > b.length || (a.length === b.length && a.text < b.text)
      ? a
      : { text: b.text, length: b.length },
});

/** Second stages of others. */
export const byCount = mapReduce({
  name: 'by-count',
  input: { word: utf8, count: int64 },
  key: { count: int64, word: utf8 },
  map: (row, emit) => emit(row),
  sort: { count: 'desc' },
});
export const firstWords = mapReduce({
  name: 'first-words',
  input: { word: utf8, count: int64 },
  key: { length: int32 },
  value: { word: utf8, count: int64 },
  output: { length: int32, words: utf8, count: int64 },
  map: ({ word, count }, emit) => emit({ length: word.length, word, count }),
  reduce({ length }, values, emit) {
    let count = 0;
    const first: string[] = [];
    for (const value of values) {
      count += value.count;
      if (first.length < 5) first.push(value.word);
    }
    emit({ length, words: first.join(' '), count });
  },
});
export const numbered = mapReduce({
  name: 'numbered',
  input: { word: utf8, count: int64 },
  value: { line: utf8 },
  map: ({ word, count }, emit) => emit({ line: `${count} ${word}` }),
});

export const withContext = mapReduce({
  name: 'with-context',
  params: { times: 2, suffix: '!', wide: 3n },
  input: { line: utf8 },
  key: { line: utf8 },
  value: { n: bigint64 },
  output: { line: utf8, n: bigint64, shared: int32 },
  files: { self: new URL(import.meta.url) },
  setup: ({ params, files }) => ({ seen: files.self.length * params.times }),
  map({ line }, emit, ctx) {
    ctx.count('rows');
    ctx.count('length', line.length);
    ctx.count('__proto__', 2);
    for (let i = 0; i < ctx.params.times; i++) {
      emit({ line: line + ctx.params.suffix, n: ctx.params.wide });
    }
  },
  reduce({ line }, values, emit, ctx) {
    ctx.count('groups');
    let n = 0n;
    for (const value of values) n += value.n;
    emit({ line, n, shared: ctx.shared.seen });
  },
});

export const floatSums = mapReduce({
  name: 'float-sums',
  input: { k: int32, f: float64 },
  key: { k: int32 },
  value: { total: float64, last: float64 },
  map: ({ k, f }, emit) => emit({ k, total: f, last: f }),
  combine: { total: sum, last: sum },
});

/** The same input through a fold in the order of rows. */
export const floatProducts = mapReduce({
  name: 'float-products',
  input: { k: int32, f: float64 },
  key: { k: int32 },
  value: { product: float64, total: float64 },
  map: ({ k, f }, emit) => emit({ k, product: f, total: f }),
  combine: { product: combiner(1, (a, b) => a * b + 1), total: sum },
});

export const integerSums = mapReduce({
  name: 'integer-sums',
  input: { k: int32, i: int32, w: bigint64, d: decimal(18, 2) },
  key: { k: int32 },
  value: { i: int32, w: bigint64, d: decimal(18, 2) },
  map: (row, emit) => emit(row),
  combine: { i: sum, w: sum, d: sum },
});

/** Every line with what is special about where it stands. */
export const lineLengths = mapReduce({
  name: 'line-lengths',
  input: { line: utf8 },
  key: { length: int32 },
  value: { line: utf8 },
  output: { length: int32, lines: utf8 },
  map: ({ line }, emit) => emit({ length: line.length % 4, line }),
  reduce({ length }, values, emit) {
    const lines: string[] = [];
    for (const { line } of values) lines.push(line);
    emit({ length, lines: lines.join('|') });
  },
});

/** Words in every other way than counted by themselves. */
const WORDS = {
  input: { other: utf8, line: utf8 },
  params: { unicode: false, lower: false },
  operator: (p: { readonly unicode: boolean; readonly lower: boolean }) =>
    words({ split: p.unicode ? 'unicode' : 'bytes', case: p.lower ? 'lower' : 'keep' }),
} as const;
export const wordsCounted = mapReduce({
  name: 'words-counted',
  ...WORDS,
  key: { word: utf8 },
  value: { count: int64 },
  combine: { count: sum },
});
export const wordsAlone = mapReduce({
  name: 'words-alone',
  ...WORDS,
  key: { word: utf8 },
  value: { count: int64 },
});
export const wordsFalling = mapReduce({
  name: 'words-falling',
  ...WORDS,
  key: { word: utf8 },
  value: { count: int64 },
  combine: { count: sum },
  sort: { word: 'desc' },
});
export const wordsMost = mapReduce({
  name: 'words-most',
  ...WORDS,
  key: { word: utf8 },
  value: { count: int64 },
  combine: { count: max },
});
export const wordsPlaced = mapReduce({
  name: 'words-placed',
  ...WORDS,
  key: { word: utf8 },
  value: { count: int64 },
  combine: { count: sum },
  partition: ({ word }, partitions) => word.length % partitions,
});
export const wordsByCount = mapReduce({
  name: 'words-by-count',
  ...WORDS,
  key: { count: int64 },
  value: { word: utf8 },
  output: { words: utf8 },
  reduce(_, values, emit) {
    const all: string[] = [];
    for (const { word } of values) all.push(word);
    emit({ words: all.join(' ') });
  },
});
export const wordsListed = mapReduce({
  name: 'words-listed',
  ...WORDS,
  value: { word: utf8, count: int64 },
});

/** Each thread's first row, and its first group, fail. */
const failed = { map: false, reduce: false };
function failOnce(where: 'map' | 'reduce'): void {
  if (failed[where]) return;
  failed[where] = true;
  throw new Error(`the first ${where} of this thread`);
}
export const flaky = mapReduce({
  name: 'flaky',
  input: { text: utf8, n: int32 },
  key: { n: int32 },
  value: { text: utf8 },
  output: { n: int32, texts: utf8 },
  map({ text, n }, emit, ctx) {
    ctx.count('rows');
    if (n === 3) failOnce('map');
    emit({ n: n % 5, text });
  },
  reduce({ n }, values, emit, ctx) {
    ctx.count('groups');
    if (n === 2) failOnce('reduce');
    emit({ n, texts: [...values].map(({ text }) => text).join(' ') });
  },
});
