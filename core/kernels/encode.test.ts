import test from 'ava';
import * as fc from 'fast-check';
import {
  decodeKey,
  encodeKeyPart,
  type KeyPart,
  keyPartBytes,
  type KeyValue,
  keyLength,
} from '../define/keys.ts';
import {
  decodeKeys,
  isPlain,
  type KeyColumn,
  type KeySource,
  measureKeys,
  ROW_NUMBER_BYTES,
  writeKeys,
} from './encode.ts';
import {
  hex,
  movingKernels,
  placeBytes,
  placeF64,
  placeI64,
  placeU32,
  plainKernels,
} from './fixtures.ts';
import type { Kernels } from './kernels.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ maxLength: 40, max: 1 }),
  fc.uint8Array({ maxLength: 3, min: 254 }),
);
const VALUES: { readonly [K in KeyPart['kind']]: fc.Arbitrary<Exclude<KeyValue, null>> } = {
  bool: fc.integer({ min: 0, max: 1 }),
  i32: fc.integer(),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f64: fc.oneof(
    fc.double(),
    fc.constantFrom(-0, 0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324),
  ),
  decimal: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  bytes,
};

const part: fc.Arbitrary<KeyPart> = fc.record({
  kind: fc.constantFrom<KeyPart['kind'][]>('bool', 'i32', 'i64', 'f64', 'decimal', 'bytes'),
  nullable: fc.boolean(),
  descending: fc.boolean(),
  raw: fc.constant(false),
});
/** Parts of a key: the last of bytes may be raw. */
const layout = fc
  .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([parts, raw]) =>
    parts.map((each, i) =>
      raw && i === parts.length - 1 && each.kind === 'bytes'
        ? { ...each, raw, descending: false }
        : each,
    ),
  );
const rowOf = (parts: readonly KeyPart[]) =>
  fc.tuple(
    ...parts.map(each => (each.nullable ? fc.option(VALUES[each.kind]) : VALUES[each.kind])),
  );
const table = fc
  .tuple(layout, fc.nat(8))
  .chain(([parts, n]) =>
    fc.tuple(fc.constant(parts), fc.array(rowOf(parts), { minLength: n, maxLength: n })),
  );

/** The order of values, before any bytes. */
function compareValues({ kind, descending }: KeyPart, a: KeyValue, b: KeyValue): number {
  const sign = descending ? -1 : 1;
  if (a === null || b === null) return sign * (Number(a !== null) - Number(b !== null));
  if (kind === 'bytes') return sign * Buffer.compare(a as Uint8Array, b as Uint8Array);
  const number = (value: KeyValue) =>
    kind === 'decimal'
      ? BigInt.asIntN(128, BigInt(`0x${hex(value as Uint8Array)}`))
      : (value as number);
  const [x, y] = [number(a), number(b)];
  if (Number.isNaN(x) || Number.isNaN(y))
    return sign * (Number(Number.isNaN(x)) - Number(Number.isNaN(y)));
  return x < y ? -sign : x > y ? sign : 0;
}

function plainKey(parts: readonly KeyPart[], row: readonly KeyValue[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, each, i) => sum + keyPartBytes(each, row[i]!), 0));
  return out.slice(
    0,
    parts.reduce((at, each, i) => encodeKeyPart(each, row[i]!, out, at), 0),
  );
}

/** What comes back: −0 as 0. */
const settled = (row: readonly KeyValue[]): unknown[] =>
  row.map(value =>
    value instanceof Uint8Array ? hex(value) : typeof value === 'number' ? value + 0 : value,
  );

const two = layout.chain(parts =>
  fc.tuple(fc.constant(parts), rowOf(parts), rowOf(parts), fc.boolean()),
);

test('bytes compare as values do, and come back', t => {
  fc.assert(
    fc.property(two, ([parts, a, other, near]) => {
      // Half of the pairs agree in all but their last value.
      const b = near ? [...a.slice(0, -1), other.at(-1)!] : other;
      const [x, y] = [plainKey(parts, a), plainKey(parts, b)];
      const order =
        parts.map((each, i) => compareValues(each, a[i]!, b[i]!)).find(each => each !== 0) ?? 0;
      t.is(Math.sign(Buffer.compare(x, y)), order);
      t.deepEqual(settled(decodeKey(parts, x)), settled(a));
      if (!parts.at(-1)!.raw) {
        t.is(keyLength(parts, Buffer.concat([x, y])), x.length);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a null where none may be, and bytes that end too soon', t => {
  const i32: KeyPart = { kind: 'i32', nullable: false, descending: false, raw: false };
  t.throws(() => encodeKeyPart(i32, null, new Uint8Array(9), 0), { instanceOf: TypeError });
  t.throws(() => decodeKey([i32], new Uint8Array(3)), { instanceOf: RangeError });
  t.throws(() => decodeKey([{ ...i32, kind: 'bytes' }], Uint8Array.of(1, 0)), {
    instanceOf: RangeError,
  });
  t.true(isPlain([{ ...i32, kind: 'bytes', raw: true }]));
  t.false(isPlain([{ ...i32, kind: 'bytes', raw: true, nullable: true }]));
});

function placeColumn(kernels: Kernels, each: KeyPart, values: readonly KeyValue[]): KeyColumn {
  const valid = each.nullable
    ? { valid: kernels.place(Uint8Array.from(values, value => Number(value !== null))) }
    : {};
  const or = <T>(nothing: T) => values.map(value => (value ?? nothing) as T);
  switch (each.kind) {
    case 'bool':
    case 'i32':
      return { part: each, data: placeU32(kernels, or(1)), ...valid };
    case 'i64':
      return { part: each, data: placeI64(kernels, or(1n)), ...valid };
    case 'f64':
      return { part: each, data: placeF64(kernels, or(1)), ...valid };
    case 'decimal':
    case 'bytes':
      return { part: each, ...placeBytes(kernels, or(new Uint8Array(16))), ...valid };
  }
}

function readColumn(
  kernels: Kernels,
  { part: each, data, offsets = 0, valid = 0 }: KeyColumn,
  row: number,
): KeyValue {
  if (each.nullable && kernels.u8[valid + row] === 0) return null;
  switch (each.kind) {
    case 'bool':
    case 'i32':
      return kernels.i32[(data >>> 2) + row]!;
    case 'i64':
      return kernels.i64[(data >>> 3) + row]!;
    case 'f64':
      return kernels.f64[(data >>> 3) + row]!;
    case 'decimal':
    case 'bytes': {
      const [from, to] = kernels.u32.subarray((offsets >>> 2) + row, (offsets >>> 2) + row + 2);
      return kernels.u8.slice(data + from!, data + to!);
    }
  }
}

test('columns to keys and back: like value by value', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      table,
      fc.nat(4),
      fc.boolean(),
      fc.integer({ min: 0, max: 2 ** 47 }),
      ([parts, rows], first, numbered, number) => {
        kernels.reset();
        const n = rows.length;
        const columns = parts.map((each, i) =>
          placeColumn(
            kernels,
            each,
            rows.map(row => row[i]!),
          ),
        );
        const sources: KeySource[] = numbered ? [...columns, { split: 7, first: number }] : columns;
        const naturalParts = Math.min(first, parts.length);
        const [offsets, naturals] = [kernels.alloc(n * 4 + 4), kernels.alloc(n * 4)];
        const total = measureKeys(kernels, sources, naturalParts, n, offsets, naturals);
        const keys = kernels.alloc(total);
        writeKeys(kernels, sources, n, keys);
        const { u8, u32 } = kernels;
        rows.forEach((row, i) => {
          const [from, to] = u32.subarray((offsets >>> 2) + i, (offsets >>> 2) + i + 2);
          const tail = Buffer.alloc(numbered ? ROW_NUMBER_BYTES : 0);
          if (numbered) tail.writeUInt32BE(7);
          if (numbered) tail.writeUIntBE(number + i, 4, 6);
          t.is(
            hex(u8.subarray(keys + from!, keys + to!)),
            hex(Buffer.concat([plainKey(parts, row), tail])),
          );
          t.is(u32[(naturals >>> 2) + i], plainKey(parts.slice(0, naturalParts), row).length);
        });
        // And back; a raw part before a row number ends where the natural key does.
        const natural = numbered && naturalParts === parts.length;
        if (numbered && !natural && parts.at(-1)!.raw) return;
        const outs = parts.map(each => ({
          part: each,
          data: kernels.alloc(n * 8 + total),
          offsets: ['decimal', 'bytes'].includes(each.kind) ? kernels.alloc(n * 4 + 4) : 0,
          valid: kernels.alloc(n),
        }));
        decodeKeys(kernels, outs, keys, offsets, natural ? naturals : 0, n);
        t.deepEqual(
          rows.map((_, i) => settled(outs.map(out => readColumn(kernels, out, i)))),
          rows.map(settled),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('a value of 1 MiB with zeros in it, and too many parts', t => {
  const kernels = plainKernels();
  const value = new Uint8Array(1 << 20).map((_, i) => i % 7);
  const bytesPart: KeyPart = { kind: 'bytes', nullable: true, descending: true, raw: false };
  const column = placeColumn(kernels, bytesPart, [null, value]);
  const offsets = kernels.alloc(12);
  const keys = kernels.alloc(measureKeys(kernels, [column], 1, 2, offsets, 0));
  writeKeys(kernels, [column], 2, keys);
  const end = kernels.u32[(offsets >>> 2) + 2]!;
  t.is(kernels.u8[keys], 0xff);
  t.true(
    Buffer.from(plainKey([bytesPart], [value])).equals(kernels.u8.subarray(keys + 1, keys + end)),
  );
  const many = Array.from({ length: 3000 }, () => column);
  t.throws(() => measureKeys(kernels, many, 1, 2, offsets, 0), { code: 'USAGE' });
});
