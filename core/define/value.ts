/** Values and column types in words: does a value fit, and how do errors print the two.
 *
 * Not here: the codecs that write values to columns (batch/codec.ts), which check the same in their own loops.
 */
import type { AnyType } from './schema.ts';

type AsData = AnyType & {
  readonly read?: 'bigint';
  readonly of?: AnyType;
  readonly precision?: number;
  readonly scale?: number;
};

/** 'nullable decimal(12, 2)', 'list(utf8)', 'bigint64': as in the source that declares it. */
export function printType(of: AnyType): string {
  const { type, read, of: item, precision, scale, nullable } = of as AsData;
  let name = read === 'bigint' ? 'bigint64' : type;
  if (item !== undefined) name = `list(${printType(item)})`;
  if (precision !== undefined) name = `decimal(${precision}, ${scale})`;
  return nullable === true ? `nullable(${name})` : name;
}

/** How many characters of a value an error shows: enough to find it, little enough for a line. */
const SHOWN = 60;

/** A value as an error shows it: short, on one line, and never throwing. */
export function printValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  switch (typeof value) {
    case 'bigint':
      return `${value}n`;
    case 'number':
    case 'boolean':
      return String(Object.is(value, -0) ? '-0' : value);
    case 'string':
      return shorten(JSON.stringify(value));
    case 'object':
      return shorten(printObject(value));
    default:
      return `a ${typeof value}`;
  }
}
const shorten = (text: string): string =>
  text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`;

function printObject(value: object): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(printValue).join(', ')}]`;
  if ('then' in value) return 'a promise';
  return `an object with ${Object.keys(value).slice(0, 8).join(', ') || 'nothing in it'}`;
}

/** Whether a function may write this value to a column of this type. */
export function fits(value: unknown, of: AnyType): boolean {
  if (value === null) return of.nullable === true;
  const { type, read, of: item, precision } = of as AsData;
  switch (type) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int32':
      return typeof value === 'number' && value === (value | 0);
    case 'int64':
      return read === 'bigint'
        ? typeof value === 'bigint' && BigInt.asIntN(64, value) === value
        : Number.isSafeInteger(value);
    case 'float64':
      return typeof value === 'number';
    case 'timestamp':
      // The range of Date.
      return typeof value === 'number' && Math.abs(value) <= 8.64e15;
    case 'utf8':
      return typeof value === 'string';
    case 'date':
      return isDate(value);
    case 'binary':
      return value instanceof Uint8Array;
    case 'decimal':
      return typeof value === 'bigint' && (value < 0n ? -value : value) < 10n ** BigInt(precision!);
    case 'vertexId':
      return Number.isSafeInteger(value);
    case 'list':
      return Array.isArray(value) && value.every(v => fits(v, item!));
    default:
      return false;
  }
}

/** 'YYYY-MM-DD', and a day that the calendar has. */
function isDate(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
