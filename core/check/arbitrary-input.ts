/** For tests only: rows for the jobs of jobs/, with few keys, and every value that has ever been trouble. */
import fc from 'fast-check';
import type { AnyType, Schema } from '../define/schema.ts';

const WORDS = ['', ' ', '\0', 'a', 'a\0', 'a\0b', 'ab', 'é', 'e\u0301', '\uffee', '\u{1f600}'];
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'then',
  'sixteen bytes ok',
  'seventeen bytes no',
];
const text = fc.oneof(
  fc.constantFrom(...WORDS, ...NAMES),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const INT32 = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];
const INT64 = [0n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)];
const FLOATS = [0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324, 1e-300, 1e300, 1.5];
const decimals = (digits: bigint): fc.Arbitrary<bigint> => {
  const most = 10n ** digits - 1n;
  return fc.oneof(fc.bigInt({ min: -most, max: most }), fc.constantFrom(0n, most, -most, -1n));
};

/** Values of a type; null too where it may be. */
export function valueOf(of: AnyType): fc.Arbitrary<unknown> {
  return of.nullable === true ? fc.option(whole(of), { freq: 4 }) : whole(of);
}

function whole(of: AnyType): fc.Arbitrary<unknown> {
  switch (of.type) {
    case 'bool':
      return fc.boolean();
    case 'int32':
      return fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(...INT32));
    case 'int64':
      return 'read' in of
        ? fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.constantFrom(...INT64))
        : fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger());
    case 'float64':
      return fc.oneof(fc.constantFrom(...FLOATS), fc.double());
    case 'utf8':
      return text;
    case 'binary':
      return fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        text.map(word => new Uint8Array(Buffer.from(word))),
      );
    case 'date':
      return fc.constantFrom('1970-01-01', '1969-12-31', '0000-01-01', '9999-12-31', '2024-02-29');
    case 'timestamp':
      return fc.oneof(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.constantFrom(-0.001, 0.5));
    case 'decimal':
      return decimals(BigInt((of as unknown as { precision: number }).precision));
    case 'list':
      return fc.array(valueOf((of as unknown as { of: AnyType }).of), { maxLength: 3 });
    default:
      throw new Error(`no values of ${of.type}`);
  }
}

/** Up to `most` rows; `key` columns are drawn from a few, `values` override what a column has by its type. */
export function rowsOf(
  columns: Schema,
  key: Schema = {},
  values: { readonly [column: string]: fc.Arbitrary<unknown> } = {},
  most = 60,
): fc.Arbitrary<object[]> {
  const recordOf = (schema: Schema): fc.Arbitrary<object> =>
    fc.record(
      Object.fromEntries(
        Object.entries(schema).map(([name, of]) => [
          name,
          Object.hasOwn(values, name) ? values[name]! : valueOf(of),
        ]),
      ),
      { noNullPrototype: true },
    );
  const rest = Object.fromEntries(
    Object.entries(columns).filter(([name]) => !Object.hasOwn(key, name)),
  );
  return fc.array(recordOf(key), { minLength: 1, maxLength: 6 }).chain(keys =>
    fc.array(
      fc.tuple(fc.constantFrom(...keys), recordOf(rest)).map(parts => Object.assign({}, ...parts)),
      { maxLength: most },
    ),
  );
}

/** Numbers whose sums are exact in any order. */
export const exactFloats = fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map(n => n / 1024 + 0);

export const anyLines: fc.Arbitrary<{ line: string }[]> = fc.array(
  fc
    .array(fc.tuple(text, fc.constantFrom(' ', '\t', '\v\f', ' \r ', '\u00a0', "'", '-')), {
      maxLength: 6,
    })
    .map(parts => ({ line: parts.flat().join('').replaceAll('\n', '') })),
  { maxLength: 30 },
);
