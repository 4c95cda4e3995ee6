/** What TypeScript checks of a map-reduce, checked again when it is made, with the same words: for JavaScript and for
 *  what comes through `any`. Pure; every function returns nothing or throws a UsageError that names the job. */
import { BUILT_IN_FOR } from '../define/combine.ts';
import { checkColumns, checkSchema } from '../define/column-rules.ts';
import { checkFunction } from '../define/function-rules.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { printType, printValue } from '../define/value.ts';
import { UsageError } from '../errors.ts';
import type { MapReduceSpec, Operator } from './define.ts';

const PARTS = (
  'name module params input key value output outputs files setup ' +
  'map mapBatch operator combine reduce sort partition'
).split(' ');

/** Throws UsageError DEFINITION_INVALID, ASYNC_FUNCTION, COLUMN_NAME, COLUMN_TYPE, COLUMN_TWICE or COLUMN_MISSING. */
export function checkMapReduce(spec: MapReduceSpec): void {
  const { name } = spec;
  for (const part of Object.keys(spec)) {
    if (!PARTS.includes(part)) {
      invalid(
        `${name}: there is no '${part}' in a map-reduce`,
        `Its parts are: ${PARTS.join(', ')}.`,
      );
    }
  }
  checkSchema(spec.input, `${name}: input`);
  for (const part of ['key', 'value', 'output'] as const) {
    if (spec[part] !== undefined) checkSchema(spec[part], `${name}: ${part}`);
  }
  for (const [output, columns] of Object.entries(spec.outputs ?? {})) {
    checkSchema(columns, `${name}: output '${output}'`);
  }
  checkKey(spec);
  checkFunctions(spec);
  checkCombine(spec);
  checkSort(spec);
  checkOutput(spec);
}

function invalid(message: string, remedy: string): never {
  throw new UsageError('DEFINITION_INVALID', message, { remedy });
}

function checkKey({ name, key, value, combine, reduce, sort, partition }: MapReduceSpec): void {
  for (const [column, of] of Object.entries(key ?? {})) {
    if (of.type === 'list') {
      throw new UsageError('COLUMN_TYPE', `${name}: key column '${column}' is ${printType(of)}`, {
        remedy: 'A key is a plain value: emit a row for each item, or text made of the list.',
      });
    }
    if (value !== undefined && Object.hasOwn(value, column)) {
      throw new UsageError('COLUMN_TWICE', `${name}: column '${column}' is in key and in value`, {
        remedy: 'Rows are flat: name each column once.',
      });
    }
  }
  if (key !== undefined && Object.keys(key).length > 0) return;
  if (key !== undefined) {
    invalid(
      `${name}: key has no columns`,
      'Leave key out for a job that only maps; for one group of all rows, emit a key that is always the same.',
    );
  }
  for (const [part, given] of Object.entries({ combine, reduce, sort, partition })) {
    if (given === undefined) continue;
    invalid(
      `${name}: ${part} without key`,
      `Give key: rows are grouped by it. Or leave ${part} out.`,
    );
  }
}

function checkFunctions(spec: MapReduceSpec): void {
  const { name } = spec;
  const forms = (['map', 'mapBatch', 'operator'] as const).filter(f => spec[f] !== undefined);
  if (forms.length !== 1) {
    invalid(
      forms.length === 0 ? `${name}: no map` : `${name}: ${forms.join(' and ')} at once`,
      'Give exactly one of map (rows), mapBatch (columns), operator (a kernel).',
    );
  }
  if (spec.map) checkFunction(spec.map, `${name}: map`);
  if (spec.operator) checkFunction(spec.operator, `${name}: operator`);
  if (spec.reduce !== undefined) checkFunction(spec.reduce, `${name}: reduce`);
  for (const part of ['mapBatch', 'setup'] as const) {
    if (spec[part] === undefined || typeof spec[part] === 'function') continue;
    invalid(`${name}: ${part} is ${printValue(spec[part])}`, 'Give a function.');
  }
  const { partition, files } = spec;
  if (typeof partition === 'function') checkFunction(partition, `${name}: partition`);
  else if (partition !== undefined && partition !== 'hash' && partition !== 'range') {
    invalid(
      `${name}: partition is ${printValue(partition)}`,
      "It is 'hash', 'range', or a function of the key and the number of partitions.",
    );
  }
  for (const [file, path] of Object.entries(files ?? {})) {
    if (typeof path === 'string' || path instanceof URL) continue;
    invalid(
      `${name}: side file '${file}' is ${printValue(path)}`,
      "Give a path, or new URL('./file', import.meta.url).",
    );
  }
}

function checkCombine({ name, value = {}, combine }: MapReduceSpec): void {
  if (combine === undefined) return;
  if (typeof combine === 'function') return checkFunction(combine, `${name}: combine`);
  const where = `${name}: combine`;
  for (const column of Object.keys(combine)) {
    if (!Object.hasOwn(value, column)) missing(where, column, value);
  }
  for (const [column, of] of Object.entries(value)) {
    const given = Object.hasOwn(combine, column) ? combine[column] : undefined;
    if (given === undefined) {
      invalid(
        `${where} has no combiner for column '${column}'`,
        'Give one for every column of value, or a function of two rows, or use reduce.',
      );
    }
    if (of.nullable) {
      throw new UsageError('COLUMN_TYPE', `${where}: column '${column}' may be null`, {
        remedy: 'Emit the identity (0 for a sum) instead of null, or use reduce.',
      });
    }
    checkCombiner(given, of, `${where}: column '${column}'`);
  }
}

function checkCombiner(
  given: { readonly combiner?: string; readonly merge?: unknown },
  of: AnyType,
  where: string,
): void {
  if (typeof given.merge === 'function') return checkFunction(given.merge, where);
  const allowed: readonly string[] =
    of.type in BUILT_IN_FOR ? BUILT_IN_FOR[of.type as keyof typeof BUILT_IN_FOR] : [];
  if (given.combiner !== undefined && allowed.includes(given.combiner)) return;
  const choices = [...allowed, 'combiner(identity, merge)'].join(', ');
  invalid(
    given.combiner === undefined
      ? `${where} has no combiner but ${printValue(given)}`
      : `${where} is ${printType(of)}, which has no ${given.combiner}`,
    `Combiners of ${printType(of)}: ${choices}.`,
  );
}

function missing(where: string, column: string, columns: Schema): never {
  throw new UsageError('COLUMN_MISSING', `${where}: no column '${column}'`, {
    remedy: `There are: ${Object.keys(columns).join(', ') || 'none'}.`,
  });
}

function checkSort({ name, key = {}, value = {}, combine, sort = {} }: MapReduceSpec): void {
  for (const [column, direction] of Object.entries(sort)) {
    const of = { ...key, ...value }[column];
    if (of === undefined) missing(`${name}: sort`, column, { ...key, ...value });
    if (direction !== 'asc' && direction !== 'desc') {
      invalid(`${name}: sort: '${column}' is ${printValue(direction)}`, "It is 'asc' or 'desc'.");
    }
    if (of.type === 'list') {
      throw new UsageError('COLUMN_TYPE', `${name}: sort: '${column}' is ${printType(of)}`, {
        remedy: 'Sort by a plain value.',
      });
    }
    if (Object.hasOwn(value, column) && combine !== undefined) {
      invalid(
        `${name}: combine leaves one row a group: there is nothing to sort by '${column}'`,
        'Leave out combine, and take what you need in reduce; or leave out sort.',
      );
    }
  }
}

function checkOutput(spec: MapReduceSpec): void {
  const { name, output, reduce } = spec;
  if (output === undefined || reduce !== undefined) return;
  const emits = { ...spec.key, ...spec.value };
  const same = [output, emits].map(columns =>
    Object.entries(columns).map(([c, of]) => c + printType(of)),
  );
  if (String(same[0]) !== String(same[1])) {
    invalid(
      `${name}: output without reduce`,
      'Without reduce the columns of key and value come out: leave output out, or give reduce.',
    );
  }
}

/** The operator of a job fits its columns: it reads what input has and gives what key and value say. */
export function checkOperator(spec: MapReduceSpec, operator: Operator<never, Schema>): void {
  const { name } = spec;
  if (typeof operator?.operator !== 'string') {
    invalid(`${name}: operator gives ${printValue(operator)}`, 'Return one such as words().');
  }
  const where = `${name}: operator ${operator.operator}`;
  const emits = { ...spec.key, ...spec.value };
  checkColumns(spec.input, operator.reads, `${where}: input`);
  checkColumns(operator.emits, emits, `${where}: key and value`);
  for (const column of Object.keys(operator.emits)) {
    if (!Object.hasOwn(emits, column)) missing(`${where}: key and value`, column, emits);
  }
}
