/** For tests only: any schema, and any rows of it. */
import * as fc from 'fast-check';
import {
  type AnyType,
  bigint64,
  binary,
  bool,
  date,
  type DataType,
  decimal,
  float64,
  int32,
  int64,
  list,
  nullable,
  type Schema,
  timestamp,
  utf8,
} from '../define/schema.ts';

const anyDay = fc
  .integer({ min: -719_528, max: 2_932_896 })
  .map(days => new Date(days * 86_400_000).toISOString().slice(0, 10));
const long = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n });
export const simple: readonly (readonly [DataType, fc.Arbitrary<unknown>])[] = [
  [bool, fc.boolean()],
  [int32, fc.integer()],
  [int64, fc.maxSafeInteger()],
  [bigint64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [float64, fc.double()],
  [
    utf8,
    fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', '', '\0')),
  ],
  [binary, fc.uint8Array()],
  [date, anyDay],
  [timestamp, fc.integer({ min: -(2 ** 50), max: 2 ** 50 }).map(micros => micros / 1000)],
  [decimal(18, 3), fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n })],
  [decimal(38, 0), long],
];

/** A type and any of its values; lists three deep. */
export const anyTyped: fc.Arbitrary<readonly [AnyType, fc.Arbitrary<unknown>]> = fc.letrec<{
  any: readonly [AnyType, fc.Arbitrary<unknown>];
  whole: readonly [DataType, fc.Arbitrary<unknown>];
}>(tie => ({
  any: fc.oneof(
    tie('whole'),
    tie('whole').map(([of, value]) => [nullable(of), fc.option(value)] as const),
  ),
  whole: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constantFrom(...simple),
    tie('any').map(([of, value]) => [list(of), fc.array(value, { maxLength: 5 })] as const),
  ),
})).any;

export const anyRows: fc.Arbitrary<[Schema, object[]]> = fc
  .uniqueArray(
    fc.tuple(
      fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'constructor', '日本')),
      anyTyped,
    ),
    { minLength: 1, maxLength: 4, selector: ([name]) => name.toLowerCase() },
  )
  .map(columns => columns.filter(([name]) => !/^\d+$/.test(name)))
  .filter(columns => columns.length > 0)
  .chain(columns => {
    const schema = Object.fromEntries(columns.map(([name, [of]]) => [name, of])) as Schema;
    const values = fc.tuple(...columns.map(([, [, value]]) => value));
    const rows = values.map(row => Object.fromEntries(columns.map(([name], i) => [name, row[i]])));
    return fc.tuple(fc.constant(schema), fc.array(rows, { maxLength: 100 }));
  });
