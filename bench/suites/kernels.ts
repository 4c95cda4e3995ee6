/** The kernels alone, one thread, no engine: against the plain loop that a person would write.
 *
 * Everything lies in memory before the clock starts; answers are read out and made comparable after it has stopped.
 */
import { readFileSync } from 'node:fs';
import { type Groups, type Kernels, loadKernels, type StoredBatch } from 'superstep/internal';
import { makeFile } from '../../datasets/make.ts';
import { Random } from '../../datasets/random.ts';
import { wordAt } from '../../datasets/words.ts';
import { sumByKey } from '../baseline/kernels.ts';
import { countWords } from '../baseline/wordcount.ts';
import { type Context, suite, type Variant } from '../suite.ts';
import { difference, ofEntries, type WordTable } from '../word-table.ts';

const load = await loadKernels();

/** As the engine calls them: a chunk of whole records, and rows by the thousand. */
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_ROWS = 16_384;

/** Runs `work` once for each trial, on `made` anew. */
const variant = <D, M>(
  name: string,
  make: (data: D) => M,
  work: (loaded: M) => unknown,
  answer: (loaded: M) => WordTable,
): Variant<D> => ({
  name,
  async start(data) {
    return {
      async trial() {
        const loaded = make(data);
        const began = performance.now();
        work(loaded);
        const seconds = (performance.now() - began) / 1000;
        return { seconds, result: answer(loaded) };
      },
    };
  },
});

const verify = (result: unknown, truth: WordTable) => difference(result as WordTable, truth);

/** Kernel memory, kept between trials as the engine keeps it between tasks. */
let instance: Kernels | undefined;
function kernels(): Kernels {
  instance ??= new load.Kernels(load.Kernels.compile());
  instance.reset();
  return instance;
}

/** Rows of (key bytes, first aggregate) as entries. */
function entries(groups: Groups, keyOf: (bytes: Buffer) => string): [string, string][] {
  const order = groups.order(1);
  const found: [string, string][] = [];
  while (found.length < order.rows) {
    const batch: StoredBatch = order.take(found.length, order.rows - found.length, CHUNK_BYTES);
    const [{ data, offsets }, { data: sums }] = batch.columns as [
      { data: Uint8Array; offsets: Int32Array },
      { data: Uint8Array },
    ];
    const keys = Buffer.from(data);
    const values = new DataView(sums.buffer, sums.byteOffset, sums.byteLength);
    for (let row = 0; row < batch.rows; row++) {
      const key = keyOf(keys.subarray(offsets[row], offsets[row + 1]));
      found.push([key, String(values.getBigInt64(row * 8, true))]);
    }
  }
  order.free();
  return found;
}

// Words.

interface Text {
  readonly path: string;
}
const text = ({ cache, quick }: Context): Text => {
  const bytes = quick ? 8_000_000 : 100_000_000;
  const { path } = makeFile({ kind: 'zipf', bytes, distinct: bytes / 800, seed: 1 }, cache);
  return { path };
};

const words = suite<Text, WordTable>({
  name: 'kernels-words',
  title: 'Words counted, text in memory, one thread',
  unit: 'words',
  rival: 'split and Map',
  trials: 5,
  variants: [
    variant(
      'kernel',
      ({ path }: Text) => {
        const k = kernels();
        const bytes = readFileSync(path);
        const at = k.allocOrThrow(bytes.length, 'the text');
        k.copyIn(bytes, at);
        return { k, at, bytes, groups: new load.Groups(k, [], { counting: true }) };
      },
      ({ at, bytes, groups }) => {
        for (let from = 0; from < bytes.length; ) {
          const end = bytes.lastIndexOf(10, Math.min(bytes.length, from + CHUNK_BYTES) - 1) + 1;
          if (groups.countWords(at + from, end - from, 'bytes', false) < end - from) {
            throw new Error('no memory for the table');
          }
          from = end;
        }
      },
      ({ groups }) => ofEntries(entries(groups, key => key.toString('latin1'))),
    ),
    variant(
      'split and Map',
      ({ path }: Text) => ({ path, counts: new Map<string, { n: number }>() }),
      loaded => {
        loaded.counts = countWords(loaded.path);
      },
      ({ counts }) => ofEntries([...counts].map(([word, { n }]) => [word, n])),
    ),
  ],
  data: text,
  truth: ({ path }) => ofEntries([...countWords(path)].map(([word, { n }]) => [word, n])),
  units: ({ tokens }) => tokens,
  verify,
});

// Group by int64, sum of int64.

interface Rows {
  readonly rows: number;
  readonly distinct: number;
}

function numbers({ rows, distinct }: Rows) {
  const random = new Random(1);
  const keys = new Float64Array(rows);
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    keys[i] = random.below(distinct) * 1_000_003;
    values[i] = random.below(1_000) - 500;
  }
  return { keys, values };
}

/** The same in kernel memory: keys big endian with the sign bit flipped (ARCHITECTURE.md), values int64. */
function encoded(rows: Rows) {
  const { keys, values } = numbers(rows);
  const k = kernels();
  const at = {
    keys: k.allocOrThrow(keys.length * 8, 'keys'),
    offsets: k.allocOrThrow((keys.length + 1) * 4, 'offsets'),
    values: k.allocOrThrow(keys.length * 8, 'values'),
    ids: k.allocOrThrow(CHUNK_ROWS * 4, 'ids'),
  };
  const view = new DataView(k.u8.buffer);
  for (let i = 0; i < keys.length; i++) {
    view.setBigInt64(at.keys + i * 8, BigInt(keys[i]!) ^ (-1n << 63n));
    view.setUint32(at.offsets + i * 4, i * 8, true);
    view.setBigInt64(at.values + i * 8, BigInt(values[i]!), true);
  }
  view.setUint32(at.offsets + keys.length * 4, keys.length * 8, true);
  return { rows: keys.length, at, groups: new load.Groups(k, [{ op: 'sum', kind: 'i64' }]) };
}

const sums = (map: ReadonlyMap<number, { sum: number }>): WordTable =>
  ofEntries([...map].map(([key, { sum }]) => [String(key), sum]));

const group = suite<Rows, WordTable>({
  name: 'kernels-group',
  title: 'Group by int64, sum of int64, one thread',
  unit: 'rows',
  rival: 'Map',
  trials: 5,
  variants: [
    variant(
      'kernel',
      encoded,
      ({ rows, at, groups }) => {
        for (let i = 0; i < rows; i += CHUNK_ROWS) {
          const n = Math.min(CHUNK_ROWS, rows - i);
          if (groups.add(at.keys, at.offsets + i * 4, n, at.ids) < n) {
            throw new Error('no memory for the table');
          }
          groups.aggregate(0, at.ids, at.values + i * 8, n);
        }
      },
      ({ groups }) =>
        ofEntries(entries(groups, key => String(key.readBigInt64BE() ^ (-1n << 63n)))),
    ),
    variant(
      'Map',
      (rows: Rows) => ({ ...numbers(rows), map: new Map<number, { sum: number }>() }),
      loaded => {
        loaded.map = sumByKey(loaded.keys, loaded.values);
      },
      ({ map }) => sums(map),
    ),
  ],
  data: ({ quick }) => ({ rows: quick ? 1_000_000 : 10_000_000, distinct: quick ? 5e4 : 5e5 }),
  truth(data) {
    // By sorting, as neither of the two does it.
    const { keys, values } = numbers(data);
    const order = Uint32Array.from(keys, (_, i) => i).toSorted((a, b) => keys[a]! - keys[b]!);
    const found: [string, number][] = [];
    let last = Number.NaN;
    for (const i of order) {
      if (keys[i] === last) found.at(-1)![1] += values[i]!;
      else found.push([String((last = keys[i]!)), values[i]!]);
    }
    return ofEntries(found);
  },
  units: (_, { rows }) => rows,
  verify,
});

// Sort of distinct keys.

function distinctWords({ rows }: Rows): string[] {
  return Array.from({ length: rows }, (_, i) => wordAt((i * 7_919) % rows, 1));
}
/** The order of the words is the answer: numbered, so that a checksum over rows sees it. */
const numbered = (sorted: readonly string[]): WordTable =>
  ofEntries(sorted.map((word, i) => [word, i]));

const sort = suite<Rows, WordTable>({
  name: 'kernels-sort',
  title: 'Distinct words sorted, one thread',
  unit: 'words',
  rival: 'Array.sort',
  trials: 5,
  variants: [
    variant(
      'kernel',
      data => {
        const k = kernels();
        const groups = new load.Groups(k, [], { counting: true });
        const bytes = Buffer.from(`${distinctWords(data).join(' ')}\n`, 'latin1');
        const at = k.allocOrThrow(bytes.length, 'the words');
        k.copyIn(bytes, at);
        for (let from = 0; from < bytes.length; ) {
          const end = bytes.lastIndexOf(32, Math.min(bytes.length, from + CHUNK_BYTES) - 1) + 1;
          const length = (bytes.length - from <= CHUNK_BYTES ? bytes.length : end) - from;
          groups.countWords(at + from, length, 'bytes', false);
          from += length;
        }
        return { groups, order: undefined as ReturnType<Groups['order']> | undefined };
      },
      loaded => {
        loaded.order = loaded.groups.order(1);
      },
      ({ order }) => numbered(keysOf(order!)),
    ),
    variant(
      'Array.sort',
      data => ({ list: distinctWords(data), sorted: [] as readonly string[] }),
      loaded => {
        loaded.sorted = loaded.list.toSorted();
      },
      ({ sorted }) => numbered(sorted),
    ),
  ],
  data: ({ quick }) => ({ rows: quick ? 100_000 : 1_000_000, distinct: 0 }),
  truth: data =>
    numbered(
      distinctWords(data)
        .map(word => Buffer.from(word))
        .toSorted(Buffer.compare)
        .map(String),
    ),
  units: ({ rows }) => rows,
  verify,
});

function keysOf(order: ReturnType<Groups['order']>): string[] {
  const keys: string[] = [];
  while (keys.length < order.rows) {
    const batch = order.take(keys.length, order.rows - keys.length, CHUNK_BYTES);
    const { data, offsets } = batch.columns[0]!;
    const bytes = Buffer.from(data);
    for (let row = 0; row < batch.rows; row++) {
      keys.push(bytes.toString('latin1', offsets![row], offsets![row + 1]));
    }
  }
  return keys;
}

export default [words, group, sort];
