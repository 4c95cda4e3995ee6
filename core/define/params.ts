/** Parameters: the default value is the declaration.
 *
 *   params: { damping: 0.85, variant: oneOf('ldbc', 'gap'), source: vertexId, seeds: list(vertexId) }
 *
 * A number, boolean, string or bigint is a default, and gives the type. `oneOf` is one of some words, the first
 * by default. A column type has no default: the parameter must be given (a nullable one is null, a list empty).
 * The same declaration types the function, the call, `--param name=value` and what `superstep jobs` prints.
 */
import { UsageError } from '../errors.ts';
import type { AnyType, DataType, Decimal, List, Show, Value } from './schema.ts';
import { nearest } from './nearest.ts';
import { fits, printType, printValue } from './value.ts';

export interface Choice<C extends string> {
  readonly choices: readonly [C, ...C[]];
}
export function oneOf<const C extends string>(first: C, ...rest: C[]): Choice<C> {
  return { choices: [first, ...rest] };
}

export type ParamSpec = number | boolean | string | bigint | Choice<string> | AnyType;
export type Params = { readonly [name: string]: ParamSpec };

/** A vertex is named from outside by its id as loaded. */
type ExternalId = number | bigint | string;
type OfVertex = DataType<'vertexId'> | { readonly of: DataType<'vertexId'> };

type ParamValue<S extends ParamSpec> =
  S extends Choice<infer C>
    ? C
    : S extends AnyType
      ? Value<S>
      : S extends number
        ? number
        : S extends boolean
          ? boolean
          : S extends bigint
            ? bigint
            : string;
type ParamGiven<S extends ParamSpec> = S extends OfVertex
  ? S extends DataType<'vertexId'>
    ? ExternalId
    : readonly ExternalId[]
  : ParamValue<S>;
type IsRequired<S extends ParamSpec> = S extends { readonly of: AnyType }
  ? false
  : S extends DataType
    ? true
    : false;

/** Inside map, reduce and compute: every parameter has a value. */
export type ParamValues<P extends Params> = { readonly [N in keyof P]: ParamValue<P[N]> };

/** In the driver, before any data is read: vertices are still external ids. */
export type PlanParams<P extends Params> = { readonly [N in keyof P]: ParamGiven<P[N]> };

/** Given by a caller: those without a default must be there. */
export type ParamsGiven<P extends Params> = Show<
  {
    readonly [N in keyof P as IsRequired<P[N]> extends true ? N : never]: ParamGiven<P[N]>;
  } & {
    readonly [N in keyof P as IsRequired<P[N]> extends true ? never : N]?: ParamGiven<P[N]>;
  }
>;

/** The parameter argument may be left out when nothing is required. */
export type ParamsArgument<P extends Params> =
  {} extends ParamsGiven<P> ? [params?: ParamsGiven<P>] : [params: ParamsGiven<P>];

/** Of a declaration: what a parameter is when it is not given; undefined when it must be. */
export function defaultOf(of: ParamSpec): unknown {
  if (typeof of !== 'object') return of;
  if ('choices' in of) return of.choices[0];
  if ('of' in of) return [];
  return of.nullable === true ? null : undefined;
}

/** 'number', 'one of ldbc, gap', 'list(vertexId)': for messages and for `superstep jobs`. */
export function printParam(of: ParamSpec): string {
  if (typeof of !== 'object') return typeof of;
  return 'choices' in of ? `one of ${of.choices.join(', ')}` : printType(of);
}

/** Defaults, overridden by what is given. Throws UsageError PARAM_UNKNOWN, PARAM_MISSING or PARAM_INVALID. */
export function resolveParams<P extends Params>(
  spec: P,
  given: { readonly [name: string]: unknown } = {},
): PlanParams<P> {
  for (const name of Object.keys(given)) if (!Object.hasOwn(spec, name)) refuseUnknown(spec, name);
  const values = Object.entries(spec).map(([name, of]) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const resolved = value === undefined ? defaultOf(of) : value;
    if (resolved === undefined) {
      throw new UsageError(
        'PARAM_MISSING',
        `parameter '${name}' (${printParam(of)}) must be given`,
        { remedy: `Give it in the call, or with --param ${name}=…` },
      );
    }
    if (!paramFits(resolved, of)) {
      throw new UsageError(
        'PARAM_INVALID',
        `parameter '${name}' is ${printParam(of)}, got ${printValue(resolved)}`,
      );
    }
    return [name, resolved];
  });
  return Object.fromEntries(values) as PlanParams<P>;
}

function paramFits(value: unknown, of: ParamSpec): boolean {
  if (typeof of !== 'object') return typeof value === typeof of;
  if ('choices' in of) return of.choices.includes(value as string);
  if (of.type === 'list') {
    return (
      Array.isArray(value) && value.every(v => paramFits(v, (of as unknown as List<AnyType>).of))
    );
  }
  // A vertex is named by its id as loaded until the graph's id type is known.
  if (of.type === 'vertexId' && value !== null) {
    return typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value);
  }
  return fits(value, of);
}

function refuseUnknown(spec: Params, name: string): never {
  const known = Object.keys(spec);
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `Did you mean ${meant}? `;
  throw new UsageError('PARAM_UNKNOWN', `unknown parameter '${name}'`, {
    remedy: `${hint}There are: ${known.join(', ') || 'none'}.`,
  });
}

/** `--param name=value`, repeated for a list: text to values by the declaration. Nothing is guessed: '007' for a
 *  number is 7, for a string is '007'; '', 'abc', '1e999' for a number are errors. Throws as resolveParams. */
export function parseParams(
  spec: Params,
  texts: readonly string[],
): { readonly [name: string]: unknown } {
  const given = new Map<string, unknown>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError('PARAM_INVALID', `--param takes name=value, not '${text}'`);
    const [name, value] = [text.slice(0, at), text.slice(at + 1)];
    const of = Object.hasOwn(spec, name) ? spec[name]! : refuseUnknown(spec, name);
    if (typeof of === 'object' && 'of' in of) {
      const item = parse(name, (of as unknown as List<AnyType>).of, value);
      given.set(name, [...((given.get(name) as unknown[] | undefined) ?? []), item]);
    } else if (given.has(name)) {
      throw new UsageError('PARAM_INVALID', `--param ${name} is given twice`, {
        remedy: `It takes one value (${printParam(of)}): give it once.`,
      });
    } else given.set(name, parse(name, of, value));
  }
  return Object.fromEntries(given);
}

function parse(name: string, of: ParamSpec, text: string): unknown {
  if (typeof of === 'object' && 'choices' in of) {
    return of.choices.includes(text) ? text : wrong(name, text, printParam(of));
  }
  const type = typeof of === 'object' ? of.type : typeof of;
  switch (type) {
    case 'number':
    case 'float64':
      return text.trim() !== '' && Number.isFinite(Number(text))
        ? Number(text)
        : wrong(name, text, 'a number');
    case 'int32':
    case 'int64':
    case 'bigint':
      return parseInteger(name, of, text);
    case 'boolean':
    case 'bool':
      if (text !== 'true' && text !== 'false') wrong(name, text, 'true or false');
      return text === 'true';
    case 'decimal':
      return parseDecimal(name, of as Decimal<number, number>, text);
    case 'timestamp': {
      const time = Date.parse(text);
      return Number.isNaN(time) ? wrong(name, text, 'a time, such as 2024-03-01T12:00Z') : time;
    }
    case 'date':
      return fits(text, { type: 'date' }) ? text : wrong(name, text, 'a date, such as 2024-03-01');
    case 'binary':
      return new TextEncoder().encode(text);
    default:
      return text; // Strings; a vertex stays text until the graph's id type is known.
  }
}

function parseInteger(name: string, of: ParamSpec, text: string): number | bigint {
  if (!/^[+-]?\d+$/.test(text)) wrong(name, text, 'an integer');
  const exact = BigInt(text);
  if (typeof of === 'bigint') return exact;
  const { type, read } = of as { type: string; read?: string };
  if (read === 'bigint') {
    return BigInt.asIntN(64, exact) === exact ? exact : wrong(name, text, 'within 64 bits');
  }
  if (type === 'int32') {
    return BigInt.asIntN(32, exact) === exact
      ? Number(exact)
      : wrong(name, text, 'within 32 bits; declare int64');
  }
  return Number.isSafeInteger(Number(exact))
    ? Number(exact)
    : wrong(name, text, 'within ±(2^53 − 1); declare bigint64');
}

/** '12.34' with scale 2 is 1234n. */
function parseDecimal(name: string, type: Decimal<number, number>, text: string): bigint {
  const [, sign, whole, part = ''] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || part.length > type.scale) return wrong(name, text, printType(type));
  const value = BigInt(`${sign === '-' ? '-' : ''}${whole}${part.padEnd(type.scale, '0')}`);
  return fits(value, type) ? value : wrong(name, text, printType(type));
}

function wrong(name: string, text: string, what: string): never {
  throw new UsageError('PARAM_INVALID', `--param ${name}=${text}: not ${what}`);
}
