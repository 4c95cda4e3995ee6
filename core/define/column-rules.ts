/** What TypeScript checks of columns, checked again when plans are made, with the same words: for JavaScript, for
 *  what comes through `any`, and for schemas made at run time.
 *
 * Pure; every function returns nothing or throws a UsageError that names the definition and the column.
 */
import { UsageError } from '../errors.ts';
import type { AnyType, Schema } from './schema.ts';
import { printType, printValue } from './value.ts';

const TYPES = new Set(
  'bool int32 int64 float64 utf8 binary date timestamp decimal list vertexId'.split(' '),
);
/** 38 digits is what 128 bits hold, in Arrow and in Parquet. */
const PRECISION_MAX = 38;

/** A schema as such: names that objects keep in order, and column types. `where` says whose: "wordcount: input".
 *  Throws COLUMN_NAME or COLUMN_TYPE. */
export function checkSchema(columns: unknown, where: string, vertices = false): void {
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw new UsageError('COLUMN_TYPE', `${where} is ${printValue(columns)}, not columns`, {
      remedy: 'Give an object of column types: { word: utf8, count: int64 }.',
    });
  }
  // { __proto__: utf8 } names no column: it changes what the object inherits.
  const inherits: unknown = Object.getPrototypeOf(columns);
  if (inherits !== null && Object.getPrototypeOf(inherits) !== null) refuseName(where, '__proto__');
  for (const [name, of] of Object.entries(columns)) {
    if (name === '__proto__' || name === '' || /^(0|[1-9]\d*)$/.test(name)) refuseName(where, name);
    checkType(of, `${where}: column '${name}'`, vertices);
  }
}

function refuseName(where: string, name: string): never {
  throw new UsageError('COLUMN_NAME', `${where}: a column cannot be named '${name}'`, {
    remedy:
      "Objects do not keep columns of such names in order: use another, such as 'c0', and select() or a header to map it.",
  });
}

function checkType(of: unknown, where: string, vertices: boolean): void {
  const data = of as (AnyType & { of?: unknown; precision?: number; scale?: number }) | undefined;
  const known = typeof data === 'object' && data !== null && TYPES.has(data.type);
  if (!known) {
    throw new UsageError('COLUMN_TYPE', `${where} has no column type but ${printValue(of)}`, {
      remedy: `The column types are: ${[...TYPES].join(', ')}; nullable(…) of each.`,
    });
  }
  if (data.type === 'vertexId' && !vertices) {
    throw new UsageError('COLUMN_TYPE', `${where} is a vertexId outside a vertex program`, {
      remedy: 'Use the type of the ids as loaded: int64, bigint64 or utf8.',
    });
  }
  if (data.type === 'list') checkType(data.of, `${where} (list)`, vertices);
  if (data.type === 'decimal') {
    const { precision = 0, scale = -1 } = data;
    const whole = Number.isInteger(precision) && Number.isInteger(scale);
    if (!whole || precision < 1 || precision > PRECISION_MAX || scale < 0 || scale > precision) {
      throw new UsageError('COLUMN_TYPE', `${where} is decimal(${precision}, ${scale})`, {
        remedy: `Precision is 1 to ${PRECISION_MAX}, scale 0 to the precision.`,
      });
    }
  }
}

/** Whether a column of type `have` may be read as `want`: the same type, and nullable only where that is said.
 *  int64 and bigint64 are one type; decimals of different scales are not. */
export function sameType(have: AnyType, want: AnyType): boolean {
  type Data = { of?: AnyType; precision?: number; scale?: number };
  const [a, b] = [have as Data, want as Data];
  return (
    have.type === want.type &&
    (have.nullable !== true || want.nullable === true) &&
    a.precision === b.precision &&
    a.scale === b.scale &&
    (a.of === undefined || (b.of !== undefined && sameType(a.of, b.of)))
  );
}

/** A table has the columns asked for, perhaps more, in any order. Throws COLUMN_MISSING or COLUMN_TYPE.
 *  @param otherwise what to do where one is missing */
export function checkColumns(
  have: Schema,
  want: Schema,
  where: string,
  otherwise = 'Rename one with select().',
): void {
  for (const [name, of] of Object.entries(want)) {
    const is = Object.hasOwn(have, name) ? have[name] : undefined;
    if (is === undefined) {
      throw new UsageError('COLUMN_MISSING', `${where}: no column '${name}' (${printType(of)})`, {
        remedy: `There are: ${Object.keys(have).join(', ') || 'none'}. ${otherwise}`,
      });
    }
    if (!sameType(is, of)) {
      const nullOnly = sameType({ ...is, nullable: true }, { ...of, nullable: true });
      throw new UsageError(
        'COLUMN_TYPE',
        nullOnly
          ? `${where}: column '${name}' may be null, and ${printType(of)} is asked for`
          : `${where}: column '${name}' is ${printType(is)}, and ${printType(of)} is asked for`,
        {
          remedy: nullOnly
            ? `Declare it nullable(${printType(of)}), or take the nulls out before.`
            : 'Declare the type that the table has, or convert it in a map before.',
        },
      );
    }
  }
}
