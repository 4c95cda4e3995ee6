/** Numbers out of bytes, against BigInt and Number. */
import test from 'ava';
import fc from 'fast-check';
import { NOT_ONE, takeFloat64, takeInt64, TOO_LARGE } from './parse.ts';

function int64(text: string): bigint | number {
  const bytes = Buffer.from(`x${text}`);
  const halves = new Int32Array(4);
  const end = takeInt64(bytes, 1, bytes.length, halves, 2);
  if (end < 0) return end;
  return end === bytes.length ? new BigInt64Array(halves.buffer)[1]! : Number.NaN;
}

test('every 64-bit integer is exact', t => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.integer().map(BigInt),
        fc
          .tuple(fc.bigInt({ min: -9n, max: 9n }), fc.nat(63))
          .map(([n, e]) => BigInt.asIntN(64, n + (1n << BigInt(e)))),
        fc
          .tuple(fc.bigInt({ min: -2n, max: 2n }), fc.nat(18))
          .map(([n, e]) => n + 10n ** BigInt(e)),
      ),
      fc.nat(12),
      (value, zeros) => {
        const digits = String(value < 0n ? -value : value);
        return int64((value < 0n ? '-' : '') + '0'.repeat(zeros) + digits) === value;
      },
    ),
    { numRuns: 3000 },
  );
  t.is(int64('-0'), 0n);
  t.is(int64('-9223372036854775808'), -(2n ** 63n));
});

test('what is no integer of 64 bits', t => {
  for (const text of ['', '-', '+1', 'a', ' 1', '--1', '.5']) t.is(int64(text), NOT_ONE, text);
  for (const text of [
    '9223372036854775808',
    '-9223372036854775809',
    '18446744073709551615',
    '1'.repeat(400),
  ]) {
    t.is(int64(text), TOO_LARGE, text);
  }
});

test('it ends where the digits end', t => {
  const bytes = Buffer.from('12,1234567890123;7');
  const halves = new Int32Array(2);
  t.is(takeInt64(bytes, 0, bytes.length, halves, 0), 2);
  t.is(takeInt64(bytes, 3, bytes.length, halves, 0), 16);
  t.is(takeInt64(bytes, 3, 10, halves, 0), 10, 'or at the limit');
  t.is(halves[0], 1_234_567);
});

function float64(text: string): number | undefined {
  const bytes = Buffer.from(`x${text}`);
  const values = new Float64Array(2);
  const end = takeFloat64(bytes, 1, bytes.length, values, 1);
  return end === bytes.length ? values[1] : undefined;
}

test('doubles are those that JavaScript reads', t => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double().map(String),
        fc
          .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(30))
          .map(([n, e]) => `${n}.${'0'.repeat(e)}${n < 0n ? -n : n}`),
        fc.tuple(fc.integer(), fc.integer({ min: -330, max: 330 })).map(([n, e]) => `${n}e${e}`),
        fc.tuple(fc.nat(), fc.nat()).map(([n, e]) => `+${n}.${e}E+1`),
        fc.nat().map(n => `.${n}`),
        fc.nat().map(n => `${n}.`),
      ),
      text => Object.is(float64(text), Number(text)),
    ),
    { numRuns: 3000 },
  );
  t.is(float64('-0'), -0);
  for (const text of ['nan', 'NaN', '-NAN']) t.is(float64(text), Number.NaN);
  for (const text of ['inf', 'Infinity', '+INFINITY']) t.is(float64(text), Infinity);
  t.is(float64('-inf'), -Infinity);
});

test('what is no double', t => {
  for (const text of ['', '-', '.', '-.', 'e5', '1e', '1e+', 'abc', '0x10', '1_000', 'infinite']) {
    t.is(float64(text), undefined, text);
  }
});
