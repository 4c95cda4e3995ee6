/** Values of states, messages and aggregates, one at a time: what a column begins with, what combining none gives, how two become one.
 *
 * Everything that is done once a vertex or less; loops over columns are in kernels or generated (cursor.ts).
 */
import type { AnyCombiner } from '../define/combine.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { printType } from '../define/value.ts';
import { DataError } from '../errors.ts';
import { isRecord } from './check.ts';
import type { MessageType } from './define.ts';

type Nested = AnyType & { readonly of?: AnyType; readonly precision?: number };

/** A type as it lies in columns while a program runs: vertices are int32, ranks. */
export function storedType(of: AnyType): AnyType {
  const { of: item } = of as Nested;
  if (item !== undefined) return { ...of, of: storedType(item) } as AnyType;
  return of.type === 'vertexId' ? { ...of, type: 'int32' } : of;
}
export function storedSchema(columns: Schema): Schema {
  return Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, storedType(of)]));
}

/** The columns that a message has when it is a row. */
export const messageColumns = (message: MessageType): Schema =>
  isRecord(message) ? message : { message };

/** What a state column holds before `init` has set it. */
export function zeroOf(of: AnyType): unknown {
  if (of.nullable) return null;
  switch (of.type) {
    case 'bool':
      return false;
    case 'utf8':
      return '';
    case 'binary':
      return new Uint8Array(0);
    case 'list':
      return [];
    case 'date':
      return '1970-01-01';
    case 'decimal':
      return 0n;
    default:
      return 'read' in of ? 0n : 0;
  }
}

/** The value of no messages. Integers that are read as bigints have no Infinity: theirs is the end of the range. */
export function identityOf(combine: AnyCombiner, of: AnyType): unknown {
  if ('identity' in combine) return combine.identity;
  const big = 'read' in of;
  const digits = of.type === 'decimal' ? 10n ** BigInt((of as Nested).precision!) : undefined;
  const text = of.type === 'utf8' || of.type === 'date';
  switch (combine.combiner) {
    case 'sum':
      return big || digits !== undefined ? 0n : 0;
    case 'min':
      if (text) return '';
      return big ? 2n ** 63n - 1n : digits !== undefined ? digits - 1n : Infinity;
    case 'max':
      if (text) return '';
      return big ? -(2n ** 63n) : digits !== undefined ? 1n - digits : -Infinity;
    default:
      return combine.combiner === 'all';
  }
}

type Merge = (a: unknown, b: unknown) => unknown;

/** Text in the order of its UTF-8 bytes; numbers with −0 below 0. */
function least(a: unknown, b: unknown): unknown {
  if (typeof a === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b as string)) <= 0 ? a : b;
  if (typeof a === 'number') return Math.min(a, b as number);
  return (b as bigint) < (a as bigint) ? b : a;
}
function most(a: unknown, b: unknown): unknown {
  if (typeof a === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b as string)) >= 0 ? a : b;
  if (typeof a === 'number') return Math.max(a, b as number);
  return (b as bigint) > (a as bigint) ? b : a;
}

/** How two values of a column become one. @throws DataError SUM_OVERFLOW for integers, as `where` */
export function mergeOf(combine: AnyCombiner, of: AnyType, where: string): Merge {
  if (combine.merge !== undefined) return combine.merge;
  switch (combine.combiner) {
    case 'sum':
      return sumOf(of, where);
    case 'min':
      return least;
    case 'max':
      return most;
    case 'any':
      return (a, b) => a === true || b === true;
    default:
      return (a, b) => a === true && b === true;
  }
}

function sumOf(of: AnyType, where: string): Merge {
  if (of.type === 'float64') return (a, b) => (a as number) + (b as number);
  const beyond = (sum: unknown): never => {
    throw new DataError(
      'SUM_OVERFLOW',
      `${where}: the sum ${String(sum)} is beyond ${printType(of)}`,
      {
        remedy: 'Use a wider type, or float64.',
      },
    );
  };
  if (of.type === 'decimal' || 'read' in of) {
    const limit = of.type === 'decimal' ? 10n ** BigInt((of as Nested).precision!) : 2n ** 63n;
    return (a, b) => {
      const sum = (a as bigint) + (b as bigint);
      return sum >= limit || sum < -limit || (of.type === 'decimal' && sum === -limit)
        ? beyond(sum)
        : sum;
    };
  }
  const limit = of.type === 'int32' ? 2 ** 31 : 2 ** 53;
  return (a, b) => {
    const sum = (a as number) + (b as number);
    return sum >= limit || sum < -limit || sum === -(2 ** 53) ? beyond(sum) : sum;
  };
}
