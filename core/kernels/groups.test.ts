import test from 'ava';
import * as fc from 'fast-check';
import {
  bytesAt,
  f64Of,
  hex,
  highKernels,
  i32Of,
  i64Of,
  key,
  movingKernels,
  partitionOf,
  placeBytes,
  placeF64,
  placeI64,
  placeU32,
  plainKernels,
  random,
} from './fixtures.ts';
import { type Aggregate, Groups, KernelOverflow } from './groups.ts';
import type { Kernels } from './kernels.ts';
import type { Order } from './order.ts';

interface Read {
  readonly key: string;
  readonly values: readonly (bigint | number)[];
}

/** Everything an order gives, by partition. */
function readAll(order: Order, groups: Groups, rows: number, bytes: number): Read[][] {
  let at = 0;
  return [...order.partitionRows].map(count => {
    const out: Read[] = [];
    const end = at + count;
    while (at < end) {
      const batch = order.take(at, Math.min(rows, end - at), bytes);
      if (batch.rows < 1) throw new Error('take gave nothing');
      const columns = batch.columns.map((column, i) => {
        const { kind } = groups.fields[i]!;
        return kind === 'i64'
          ? i64Of(column)
          : kind === 'i32'
            ? i32Of(column)
            : kind === 'f64'
              ? f64Of(column)
              : [];
      });
      for (let row = 0; row < batch.rows; row++) {
        out.push({
          key: hex(bytesAt(batch.columns[0]!, row)),
          values: columns.slice(1).map(column => column[row]!),
        });
      }
      at += batch.rows;
    }
    return out;
  });
}

const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);

/** What is expected: keys of each partition in order. */
function plainOrder(counts: Map<string, (bigint | number)[]>, partitions: number): Read[][] {
  const out: Read[][] = Array.from({ length: partitions }, () => []);
  for (const [k, values] of counts) {
    out[partitionOf(Buffer.from(k, 'hex'), partitions)]!.push({ key: k, values });
  }
  return out.map(rows => rows.toSorted(byKey));
}

function addAll(kernels: Kernels, groups: Groups, keys: readonly Uint8Array[]): number {
  const { data, offsets } = placeBytes(kernels, keys);
  const ids = kernels.allocOrThrow(keys.length * 4, 'a test');
  return groups.add(data, offsets, keys.length, ids) === keys.length ? ids : 0;
}

const AGGREGATES: Aggregate[] = [
  { op: 'sum', kind: 'i64' },
  { op: 'min', kind: 'i32' },
  { op: 'max', kind: 'i32' },
  { op: 'min', kind: 'f64' },
  { op: 'max', kind: 'f64' },
];

function plainAggregates(rows: readonly { key: Uint8Array; i: number; f: number }[]) {
  const groups = new Map<string, (bigint | number)[]>();
  for (const { key: bytes, i, f } of rows) {
    const have = groups.get(hex(bytes)) ?? [0n, Infinity, -Infinity, Number.NaN, -Infinity];
    const [sum, min, max, low, high] = have as [bigint, number, number, number, number];
    groups.set(hex(bytes), [
      sum + BigInt(i),
      Math.min(min, i),
      Math.max(max, i),
      Number.isNaN(low) ? f : Number.isNaN(f) ? low : Math.min(low, f),
      Math.max(high, f),
    ]);
  }
  return groups;
}

test('add and aggregate, then in order: like a Map', t => {
  const row = fc.record({
    key,
    i: fc.integer(),
    f: fc.oneof(fc.double(), fc.constantFrom(-0, 0, Number.NaN, -Infinity)),
  });
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 100 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 200 }),
      (rows, partitions, maxRows, maxBytes) => {
        kernels.reset();
        const groups = new Groups(kernels, AGGREGATES);
        const ids = addAll(
          kernels,
          groups,
          rows.map(each => each.key),
        );
        const int = rows.map(each => each.i);
        groups.aggregate(0, ids, placeI64(kernels, int.map(BigInt)), rows.length);
        groups.aggregate(1, ids, placeU32(kernels, int), rows.length);
        groups.aggregate(2, ids, placeU32(kernels, int), rows.length);
        groups.aggregate(
          3,
          ids,
          placeF64(
            kernels,
            rows.map(each => each.f),
          ),
          rows.length,
        );
        groups.aggregate(
          4,
          ids,
          placeF64(
            kernels,
            rows.map(each => each.f),
          ),
          rows.length,
        );
        const expected = plainAggregates(rows);
        t.is(groups.count, expected.size);
        const dense = Array.from(kernels.u32.subarray(ids >>> 2, (ids >>> 2) + rows.length));
        t.deepEqual(
          dense.map(id => hex(groups.key(id))),
          rows.map(each => hex(each.key)),
        );
        t.deepEqual(
          [...new Set(dense)],
          [...expected.keys()].map((_, i) => i),
        );
        const order = groups.order(partitions);
        t.deepEqual(readAll(order, groups, maxRows, maxBytes), plainOrder(expected, partitions));
      },
    ),
    { numRuns: 200 },
  );
});

const SPLIT = { bytes: /[^\t-\r ]+/g, unicode: /[\p{L}\p{M}]+/gu };
const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom(
      ' ',
      '  ',
      '\n',
      '\r\n',
      '\t\v\f',
      'THE',
      'the',
      '__proto__',
      'constructor',
      'naïve',
      'e\u0301',
    ),
    fc.integer({ min: 13, max: 40 }).map(length => 'Ab'.repeat(length)),
  ),
);

/** The words of a text, by a RegExp on its characters (which must be whole). */
function plainWords(
  text: string,
  split: 'bytes' | 'unicode',
  lower: boolean,
): Map<string, bigint[]> {
  const counts = new Map<string, bigint[]>();
  const small = lower ? text.replace(/[A-Z]/g, letter => letter.toLowerCase()) : text;
  for (const [word] of small.matchAll(SPLIT[split])) {
    const k = hex(Buffer.from(word));
    counts.set(k, [(counts.get(k)?.[0] ?? 0n) + 1n]);
  }
  return counts;
}

test('countWords: like a RegExp and a Map, and nothing is read beyond the end', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      words,
      fc.constantFrom('bytes' as const, 'unicode' as const),
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      (parts, split, lower, partitions) => {
        kernels.reset();
        const text = Buffer.from(parts.join('')).toString(); // Halves of pairs become U+FFFD.
        const bytes = Buffer.from(text);
        // Letters follow the end; they are not of the last word.
        const { data } = placeBytes(kernels, [Buffer.concat([bytes, Buffer.from('zzéz')])]);
        const groups = new Groups(kernels, [], { counting: true });
        t.is(groups.countWords(data, bytes.length, split, lower), bytes.length);
        const order = groups.order(partitions);
        t.deepEqual(
          readAll(order, groups, 7, 100),
          plainOrder(plainWords(text, split, lower), partitions),
        );
      },
    ),
    { numRuns: 400 },
  );
});

test('bytes that are not UTF-8 separate unicode words', t => {
  const kernels = plainKernels();
  const bytes = Buffer.from('616263ff64c3a9c3650c80e28265c366'.replace('0c', '20'), 'hex');
  const groups = new Groups(kernels, [], { counting: true });
  groups.countWords(placeBytes(kernels, [bytes]).data, bytes.length, 'unicode', false);
  const keys = readAll(groups.order(1), groups, 9, 999)[0]!.map(({ key: k }) => k);
  t.deepEqual(keys, ['616263', '64c3a9', '65', '66'].toSorted());
});

test('tables grow, also above 2 GiB; a value of 1 MiB; keys in thousands', t => {
  for (const kernels of [plainKernels(), highKernels()]) {
    const next = random(7);
    const counts = new Map<string, bigint[]>();
    const all = Array.from({ length: 40_000 }, () => `w${next(20_000)}${'y'.repeat(next(30))}`);
    all.push('z'.repeat(1 << 20), 'z'.repeat(1 << 20));
    for (const word of all) {
      const k = hex(Buffer.from(word));
      counts.set(k, [(counts.get(k)?.[0] ?? 0n) + 1n]);
    }
    const bytes = Buffer.from(all.join(' '));
    const groups = new Groups(kernels, [], { counting: true });
    for (let round = 0; round < 2; round++) {
      groups.clear();
      t.is(
        groups.countWords(placeBytes(kernels, [bytes]).data, bytes.length, 'bytes', false),
        bytes.length,
      );
      t.is(groups.count, counts.size);
      t.deepEqual(readAll(groups.order(7), groups, 1000, 1 << 18), plainOrder(counts, 7));
    }
    groups.free();
  }
});

test('when memory is refused a call takes less, and goes on after clear', t => {
  const kernels = plainKernels(3 << 20);
  const next = random(3);
  const keys = Array.from({ length: 60_000 }, () =>
    Buffer.from(`${next(50_000)}`.padStart(20, 'k')),
  );
  const bytes = Buffer.from(keys.slice(0, 30_000).join('\n'));
  const { data } = placeBytes(kernels, [bytes]);
  const groups = new Groups(kernels, [], { counting: true });
  const sums = new Map<string, bigint>();
  let clears = 0;
  for (let at = 0; at < bytes.length; ) {
    const done = groups.countWords(data + at, bytes.length - at, 'bytes', false);
    t.true(done > 0);
    at += done;
    for (const { key: k, values } of readAll(groups.order(1), groups, 500, 9999)[0]!) {
      sums.set(k, (sums.get(k) ?? 0n) + (values[0] as bigint));
    }
    groups.clear();
    clears++;
  }
  t.true(clears > 1);
  const expected = new Map<string, bigint>();
  for (const k of keys.slice(0, 30_000)) expected.set(hex(k), (expected.get(hex(k)) ?? 0n) + 1n);
  t.deepEqual([...sums].toSorted(), [...expected].toSorted());
});

test('add stops where memory is refused, with what came before intact', t => {
  const kernels = plainKernels(3 << 20);
  const groups = new Groups(kernels, [{ op: 'sum', kind: 'f64' }]);
  const keys = Array.from({ length: 40_000 }, (_, i) => Buffer.from(`key number ${i} of many`));
  const { data, offsets } = placeBytes(kernels, keys);
  const ids = kernels.allocOrThrow(keys.length * 4, 'a test');
  const taken = groups.add(data, offsets, keys.length, ids);
  t.true(taken > 1000 && taken < keys.length);
  t.is(groups.count, taken);
  const read = readAll(groups.order(1), groups, 1000, 1 << 18)[0]!;
  t.deepEqual(
    read.map(({ key: k }) => k),
    keys.slice(0, taken).map(hex).toSorted(),
  );
  groups.clear();
  t.true(groups.add(data, offsets + taken * 4, keys.length - taken, ids) > 1000);
});

test('integer sums that leave their type say which group and row', t => {
  const kernels = plainKernels();
  const groups = new Groups(kernels, [
    { op: 'sum', kind: 'i64' },
    { op: 'sum', kind: 'i32' },
  ]);
  const ids = addAll(
    kernels,
    groups,
    ['a', 'b', 'b'].map(k => Buffer.from(k)),
  );
  const max = 2n ** 63n - 1n;
  groups.aggregate(0, ids, placeI64(kernels, [max, max, 0n]), 3);
  const wide = t.throws(() => groups.aggregate(0, ids, placeI64(kernels, [0n, 0n, 1n]), 3), {
    instanceOf: KernelOverflow,
  });
  t.deepEqual([wide.id, wide.row], [1, 2]);
  groups.aggregate(1, ids, placeU32(kernels, [-(2 ** 31), 2 ** 31 - 1, 0]), 3);
  const narrow = t.throws(() => groups.aggregate(1, ids, placeU32(kernels, [-1, 0, 0]), 3), {
    instanceOf: KernelOverflow,
  });
  t.is(narrow.id, 0);
});

test('no input sorts in quadratic time or wrongly: sorted, reversed, equal prefixes, organ pipes', t => {
  const shapes: { [name: string]: (i: number) => string } = {
    sorted: i => String(i).padStart(8, '0'),
    reversed: i => String(99_999_999 - i),
    prefixes: i => 'p'.repeat(i % 500) + String(i),
    pipes: i => String(i < 10_000 ? i : 20_000 - i).padStart(8, '0') + (i < 10_000 ? 'a' : 'b'),
    zeros: i => '\0'.repeat(i % 3000),
    tails: i => 'a long common prefix of all the keys '.repeat(3) + ((i * 7919) % 20_000),
  };
  for (const shape of Object.values(shapes)) {
    const kernels = plainKernels();
    const groups = new Groups(kernels, []);
    const keys = Array.from({ length: 20_000 }, (_, i) => Buffer.from(shape(i)));
    t.not(addAll(kernels, groups, keys), 0);
    const read = readAll(groups.order(1), groups, 16_384, 1 << 18)[0]!;
    t.deepEqual(
      read.map(({ key: k }) => k),
      [...new Set(keys.map(hex))].toSorted(),
    );
  }
});

test('order: nothing at all, and too many partitions', t => {
  const groups = new Groups(plainKernels(), [{ op: 'max', kind: 'f64' }]);
  const order = groups.order(3);
  t.deepEqual([order.rows, [...order.partitionRows]], [0, [0, 0, 0]]);
  t.deepEqual(order.take(0, 10, 100).rows, 0);
  t.throws(() => groups.order(100_000), { code: 'USAGE' });
});
