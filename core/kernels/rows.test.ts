import test from 'ava';
import * as fc from 'fast-check';
import { BATCH_BYTES, type Field } from '../batch/columns.ts';
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
} from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import type { Order } from './order.ts';
import { Rows } from './rows.ts';

const FIELDS: Field[] = [
  { name: 'text', kind: 'bytes', nullable: true },
  { name: 'int', kind: 'i32', nullable: true },
  { name: 'wide', kind: 'i64', nullable: false },
  { name: 'real', kind: 'f64', nullable: true },
  { name: 'more', kind: 'bytes', nullable: false },
];

interface Row {
  readonly key: Uint8Array;
  readonly natural: number;
  readonly partition: number;
  readonly text: Uint8Array | null;
  readonly int: number | null;
  readonly wide: bigint;
  readonly real: number | null;
  readonly more: Uint8Array;
}

const row: fc.Arbitrary<Row> = fc
  .record({
    key,
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    partition: fc.nat(4),
    text: fc.option(fc.uint8Array({ maxLength: 30 })),
    int: fc.option(fc.integer()),
    wide: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    real: fc.option(fc.double({ noNaN: true })),
    more: key,
  })
  .map(({ fraction, ...rest }) => ({ ...rest, natural: Math.round(fraction * rest.key.length) }));

function addAll(kernels: Kernels, rows: Rows, all: readonly Row[], chosen: boolean): number {
  const keys = placeBytes(
    kernels,
    all.map(each => each.key),
  );
  const bytes = (values: readonly (Uint8Array | null)[]) =>
    placeBytes(
      kernels,
      // What lies under a null must not show.
      values.map(value => value ?? Buffer.from('nothing')),
    );
  const valid = (values: readonly unknown[]) =>
    kernels.place(Uint8Array.from(values, value => Number(value !== null)));
  const column = <C extends keyof Row>(name: C) => all.map(each => each[name]);
  return rows.add(
    keys.data,
    keys.offsets,
    placeU32(kernels, column('natural')),
    chosen ? placeU32(kernels, column('partition')) : 0,
    all.length,
    [
      { ...bytes(column('text')), valid: valid(column('text')) },
      {
        data: placeU32(
          kernels,
          column('int').map(value => value ?? 77),
        ),
        valid: valid(column('int')),
      },
      { data: placeI64(kernels, column('wide')) },
      {
        data: placeF64(
          kernels,
          column('real').map(value => value ?? 77),
        ),
        valid: valid(column('real')),
      },
      bytes(column('more')),
    ],
  );
}

const line = (each: Row): unknown[] => [
  hex(each.key),
  each.natural,
  each.text && hex(each.text),
  each.int,
  each.wide,
  each.real,
  hex(each.more),
];

/** The value, or null; what lies under a null must be empty. */
function present(valid: Uint8Array, i: number, value: unknown): unknown {
  if (valid[i] === 1) return value;
  if (value !== 0 && value !== '') throw new Error('something lies under a null');
  return null;
}

function readAll(order: Order, maxRows: number, maxBytes: number): unknown[][][] {
  let at = 0;
  return Array.from(order.partitionRows, count => {
    const out: unknown[][] = [];
    for (const end = at + count; at < end; ) {
      const batch = order.take(at, Math.min(maxRows, end - at), maxBytes);
      const [keys, natural, text, int, wide, real, more] = batch.columns;
      for (let i = 0; i < batch.rows; i++) {
        out.push([
          hex(bytesAt(keys!, i)),
          i32Of(natural!)[i],
          present(text!.valid!, i, hex(bytesAt(text!, i))),
          present(int!.valid!, i, i32Of(int!)[i]),
          i64Of(wide!)[i],
          present(real!.valid!, i, f64Of(real!)[i]),
          hex(bytesAt(more!, i)),
        ]);
      }
      at += batch.rows;
    }
    return out;
  });
}

/** Rows with the same key may come in any order: compare as sets within a key. */
const settled = (rows: readonly unknown[][]): string[] =>
  rows.map(values => values.map(String).join('|')).toSorted();

test('rows in (partition, key) order: like an array', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 60 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 300 }),
      (all, chosen, maxRows, maxBytes) => {
        kernels.reset();
        const rows = new Rows(kernels, FIELDS);
        const half = all.length >> 1;
        t.is(addAll(kernels, rows, all.slice(0, half), chosen), half);
        addAll(kernels, rows, all.slice(half), chosen);
        t.is(rows.count, all.length);
        const got = readAll(rows.order(5), maxRows, maxBytes);
        const expected: unknown[][][] = [[], [], [], [], []];
        for (const each of all) {
          const natural = each.key.subarray(0, each.natural);
          expected[chosen ? each.partition : partitionOf(natural, 5)]!.push(line(each));
        }
        t.deepEqual(got.map(settled), expected.map(settled));
        for (const part of got) {
          const keys = part.map(values => values[0] as string);
          t.deepEqual(keys, keys.toSorted());
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a value of 1 MiB travels alone, others in batches of bounded bytes; above 2 GiB too', t => {
  for (const kernels of [plainKernels(), highKernels()]) {
    const rows = new Rows(kernels, [{ name: 'v', kind: 'bytes', nullable: false }]);
    const count = 20_000;
    const keys = Array.from({ length: count }, (_, i) => Buffer.from(`key ${(i * 7919) % count}`));
    const values = keys.map((k, i) => (i === 5000 ? Buffer.alloc(1 << 20, 'x') : k));
    const k = placeBytes(kernels, keys);
    const naturals = placeU32(
      kernels,
      keys.map(each => each.length),
    );
    t.is(rows.add(k.data, k.offsets, naturals, 0, count, [placeBytes(kernels, values)]), count);
    const order = rows.order(1);
    const seen: string[] = [];
    let alone = 0;
    for (let at = 0; at < count; ) {
      const { rows: n, columns } = order.take(at, 16_384, BATCH_BYTES);
      const bytes = columns.reduce(
        (sum, { data, offsets }) => sum + data.length + (offsets?.byteLength ?? 0),
        0,
      );
      if (n === 1) alone++;
      else t.true(bytes <= BATCH_BYTES + 8);
      for (let i = 0; i < n; i++) {
        const [name, value] = [bytesAt(columns[0]!, i), bytesAt(columns[2]!, i)];
        seen.push(Buffer.from(name).toString());
        if (value.length === 1 << 20 || hex(value) === hex(name)) continue;
        t.fail();
      }
      at += n;
    }
    t.is(alone, 1);
    t.deepEqual(
      seen,
      keys.map(String).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    rows.free();
  }
});

test('rows stop where memory is refused, and go on after clear', t => {
  const kernels = plainKernels(6 << 20);
  const rows = new Rows(kernels, []);
  const keys = Array.from({ length: 50_000 }, (_, i) =>
    Buffer.from(`a key longer than sixteen ${i}`),
  );
  const { data, offsets } = placeBytes(kernels, keys);
  const naturals = placeU32(
    kernels,
    keys.map(each => each.length),
  );
  const seen: string[] = [];
  let clears = 0;
  for (let at = 0; at < keys.length; clears++) {
    const taken = rows.add(data, offsets + at * 4, naturals + at * 4, 0, keys.length - at, []);
    t.true(taken > 1000);
    at += taken;
    const order = rows.order(1);
    for (let from = 0; from < order.rows; ) {
      const batch = order.take(from, 16_384, BATCH_BYTES);
      for (let i = 0; i < batch.rows; i++) seen.push(hex(bytesAt(batch.columns[0]!, i)));
      from += batch.rows;
    }
    rows.clear();
  }
  t.true(clears > 1);
  t.deepEqual(seen.toSorted(), keys.map(hex).toSorted());
});
