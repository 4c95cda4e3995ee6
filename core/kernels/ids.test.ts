import test from 'ava';
import * as fc from 'fast-check';
import {
  hex,
  highKernels,
  movingKernels,
  placeBytes,
  placeI64,
  plainKernels,
  random,
} from './fixtures.ts';
import { ByteIds, type IdColumn, type Ids, Int64Ids, SmallIds } from './ids.ts';
import type { Kernels } from './kernels.ts';

const always = (): boolean => true;
const room = (size: number): boolean => size <= 5000;

/** Adds all, chunk by chunk; returns their numbers, as far as they were taken. */
function addAll(kernels: Kernels, ids: Ids, column: IdColumn, n: number, chunk: number): number[] {
  const out = kernels.allocOrThrow(4 * n, 'a test');
  let at = 0;
  while (at < n) {
    const end = Math.min(n, at + chunk);
    const taken = ids.add(column, at, end, out);
    if (taken === end) at = end;
    else {
      at = taken;
      break;
    }
  }
  return Array.from(kernels.u32.slice(out >>> 2, (out >>> 2) + at));
}

/** Every id in order: its key, and its number. */
function readSorted(kernels: Kernels, ids: Ids): [string, number][] {
  const sorted = ids.sorted();
  const found: [string, number][] = [];
  for (let block = sorted.next(); block !== undefined; block = sorted.next()) {
    const { u8, u32 } = kernels;
    for (let i = 0; i < block.rows; i++) {
      const at = (block.offsets >>> 2) + i;
      const key = u8.slice(block.keys + u32[at]!, block.keys + u32[at + 1]!);
      found.push([hex(key), u32[(block.numbers >>> 2) + i]!]);
    }
    if (u32[(block.offsets >>> 2) + block.rows] !== block.keyBytes) throw new Error('key bytes');
  }
  return found;
}

const keyOf = (id: bigint): string =>
  BigInt.asUintN(64, id ^ (-1n << 63n))
    .toString(16)
    .padStart(16, '0');

/** What each must have been called, and the order they come out in. */
function check(
  t: { deepEqual(a: unknown, b: unknown): void },
  keys: readonly string[],
  numbers: readonly number[],
  sorted: [string, number][],
) {
  const called = new Map(numbers.map((number, i) => [keys[i]!, number]));
  t.deepEqual(
    numbers,
    keys.map(key => called.get(key)),
  );
  t.deepEqual(
    sorted,
    [...called].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  t.deepEqual(new Set(called.values()).size, called.size);
}

const id64 = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n, 2n ** 31n, -(2n ** 32n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

for (const [name, make] of [
  ['moving', movingKernels],
  ['above 2 GiB', highKernels],
] as const) {
  test(`int64 ids: numbers by arrival, out in order of value; ${name}`, t => {
    const kernels = make();
    fc.assert(
      fc.property(
        fc.array(id64, { maxLength: 200 }),
        fc.integer({ min: 1, max: 80 }),
        (ids, chunk) => {
          const table = new Int64Ids(kernels, always);
          const data = placeI64(kernels, ids);
          const numbers = addAll(kernels, table, { data, offsets: 0 }, ids.length, chunk);
          check(t, ids.map(keyOf), numbers, readSorted(kernels, table));
          table.clear();
          t.is(table.size, 0);
          t.deepEqual(addAll(kernels, table, { data, offsets: 0 }, ids.length, chunk), numbers);
          table.free();
        },
      ),
      { numRuns: name === 'moving' ? 200 : 20 },
    );
  });
}

test('int64 ids by the hundred thousand: the table grows, digits are left out', t => {
  const kernels = movingKernels();
  const below = random(7);
  const ids = Array.from({ length: 200_000 }, () => BigInt(below(90_000)) * 2n ** 20n - 2n ** 30n);
  const table = new Int64Ids(kernels, always);
  const data = placeI64(kernels, ids);
  const numbers = addAll(kernels, table, { data, offsets: 0 }, ids.length, 16_384);
  check(t, ids.map(keyOf), numbers, readSorted(kernels, table));
});

test('ids that memory is refused for are not taken', t => {
  const kernels = plainKernels(2 ** 20);
  const table = new Int64Ids(kernels, always);
  const n = 60_000;
  const data = placeI64(
    kernels,
    Array.from({ length: n }, (_, i) => BigInt(i * i)),
  );
  const numbers = addAll(kernels, table, { data, offsets: 0 }, n, n);
  t.true(numbers.length > 2000 && numbers.length < n);
  t.is(readSorted(kernels, table).length, numbers.length);
});

test('no more ids than there is room for what is kept by number', t => {
  const kernels = plainKernels();
  const n = 10_000;
  const data = placeI64(
    kernels,
    Array.from({ length: n }, (_, i) => BigInt(i * 50)),
  );
  for (const table of [new Int64Ids(kernels, room), new Int64Ids(kernels, always, 5000)]) {
    const numbers = addAll(kernels, table, { data, offsets: 0 }, n, n);
    t.true(numbers.length >= 2000 && numbers.length <= 5000);
    t.is(table.size, numbers.length);
  }
  const small = new SmallIds(kernels, size => size <= 70_000, n * 50);
  t.is(addAll(kernels, small, { data, offsets: 0 }, n, n).length, 1311);
  const texts = placeBytes(
    kernels,
    Array.from({ length: n }, (_, i) => Buffer.from(`${i}`)),
  );
  const taken = addAll(kernels, new ByteIds(kernels, room), texts, n, 300).length;
  t.true(taken > 4700 && taken <= 5000);
  t.throws(() => new Int64Ids(kernels, () => false), { message: /no memory for the first ids/ });
});

test('small ids are their own numbers', t => {
  const kernels = movingKernels();
  const small = fc.array(fc.nat(500_000), { maxLength: 100 });
  fc.assert(
    fc.property(small, fc.integer({ min: 1, max: 80 }), (ids, chunk) => {
      const table = new SmallIds(kernels, always, 1 << 20);
      const data = placeI64(kernels, ids.map(BigInt));
      t.deepEqual(addAll(kernels, table, { data, offsets: 0 }, ids.length, chunk), ids);
      const distinct = [...new Set(ids)].toSorted((a, b) => a - b);
      t.deepEqual(
        readSorted(kernels, table),
        distinct.map(id => [keyOf(BigInt(id)), id]),
      );
      t.true(ids.every(id => id < table.size));
      table.free();
    }),
    { numRuns: 200 },
  );
});

test('an id that is not small is not taken: negative, beyond the bound, beyond 32 bits', t => {
  const kernels = movingKernels();
  for (const id of [-1n, 1n << 20n, 1n << 32n, (1n << 32n) + 5n, -(2n ** 63n)]) {
    const table = new SmallIds(kernels, always, 1 << 20);
    const data = placeI64(kernels, [5n, id, 6n]);
    t.deepEqual(addAll(kernels, table, { data, offsets: 0 }, 3, 3), [5]);
    t.deepEqual(readSorted(kernels, table), [[keyOf(5n), 5]]);
    table.free();
  }
});

test('all of 20,000 small ids, more than a block', t => {
  const kernels = plainKernels();
  const ids = Array.from({ length: 20_000 }, (_, i) => 3 * i);
  const table = new SmallIds(kernels, always, 1 << 20);
  addAll(
    kernels,
    table,
    { data: placeI64(kernels, ids.map(BigInt)), offsets: 0 },
    ids.length,
    9_000,
  );
  t.deepEqual(
    readSorted(kernels, table).map(([, number]) => number),
    ids,
  );
});

test('text ids: numbers by arrival, out in order of bytes', t => {
  const kernels = movingKernels();
  const text = fc.oneof(
    fc.constantFrom(
      '',
      'a',
      'a\0',
      'é',
      'e\u0301',
      '\u{1f600}',
      'x'.repeat(40),
      `${'x'.repeat(40)}y`,
    ),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
  );
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 100 }),
      fc.integer({ min: 1, max: 80 }),
      (texts, chunk) => {
        const table = new ByteIds(kernels, always);
        const column = placeBytes(
          kernels,
          texts.map(each => Buffer.from(each)),
        );
        const numbers = addAll(kernels, table, column, texts.length, chunk);
        check(
          t,
          texts.map(each => hex(Buffer.from(each))),
          numbers,
          readSorted(kernels, table),
        );
        table.free();
      },
    ),
    { numRuns: 200 },
  );
});
