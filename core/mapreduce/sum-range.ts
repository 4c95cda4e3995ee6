/** What an exact sum of a column may be. Beyond its column's type a sum is an error, never a wrong number. */
import type { AnyType } from '../define/schema.ts';

/** The least bigint that is too large for an integer column; null for float64, where nothing is. */
export function sumLimit(of: AnyType): bigint | null {
  switch (of.type) {
    case 'int32':
      return 2n ** 31n;
    case 'decimal':
      return 10n ** BigInt((of as AnyType & { readonly precision: number }).precision);
    case 'float64':
      return null;
    default:
      return 2n ** 63n;
  }
}

/** Whether a sum, or a part of one, can be stored in an integer column: a number only where numbers hold it exactly. */
export function storableSum(of: AnyType): (sum: unknown) => boolean {
  const limit = sumLimit(of)!;
  const least = of.type === 'decimal' ? 1n - limit : -limit;
  const isNumber = of.type === 'int32' || (of.type === 'int64' && !('read' in of));
  return sum =>
    (typeof sum === 'number') === isNumber && (sum as bigint) < limit && (sum as bigint) >= least;
}

/** Two's complement has one more below zero; decimal digits have not. */
export function inRange(sum: bigint, of: AnyType): boolean {
  const limit = sumLimit(of);
  if (limit === null || (sum < limit && sum > -limit)) return true;
  return sum === -limit && of.type !== 'decimal';
}
