/** A map-reduce by definition: map every row, sort all that was emitted, fold or reduce each group. */
import { readFileSync } from 'node:fs';
import type { AnyCombiner } from '../define/combine.ts';
import { asyncFunction, isThenable } from '../define/function-rules.ts';
import type { Schema } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { TaskError, UsageError } from '../errors.ts';
import {
  type AnyContext,
  type MapReduceSpec,
  emitsOf,
  findMapReduce,
  outputOf,
} from '../mapreduce/define.ts';
import { columnsOf, buildersOf } from './columns.ts';
import { type Any, type Ran, type Row, compareBy, enter, fold, leave } from './values.ts';
import { normalised, pick } from './values.ts';

export function runMapReduce(plan: Plan & { op: 'apply' }, input: Ran): Ran {
  const spec = findMapReduce(plan.use);
  const sides = new Map<string, Row[]>();
  const ctx = contextOf(spec, plan.params, sides);
  const mapped = map(spec, plan.params, input, ctx);
  const main = spec.key === undefined ? mapped : reduce(spec, spec.key, mapped, ctx);
  return plan.output === undefined
    ? { columns: outputOf(spec), rows: main }
    : { columns: spec.outputs![plan.output]!, rows: sides.get(plan.output) ?? [] };
}

function contextOf(spec: MapReduceSpec, params: Row, sides: Map<string, Row[]>): AnyContext {
  const files = Object.fromEntries(
    Object.entries(spec.files ?? {}).map(([name, path]) => [
      name,
      new Uint8Array(readFileSync(path)),
    ]),
  );
  return {
    params,
    files,
    shared: spec.setup?.({ params, files }),
    count: () => undefined, // Counters are the report's, and collect has none.
    emitTo(output, row) {
      const columns = spec.outputs?.[output];
      if (columns === undefined) {
        throw new UsageError('USAGE', `${spec.name}: emitTo: no output '${output}'`, {
          remedy: `There are: ${Object.keys(spec.outputs ?? {}).join(', ') || 'none'}.`,
        });
      }
      const rows = sides.get(output) ?? [];
      rows.push(enter(row, columns, `${spec.name}: emitTo '${output}'`));
      sides.set(output, rows);
    },
  };
}

/** Runs `call` with an emit that takes rows of these columns until the call has returned. */
function emitting(
  where: string,
  columns: Schema,
  call: (emit: (row: Row) => undefined) => unknown,
): Row[] {
  const rows: Row[] = [];
  let open = true;
  const returned = call(row => {
    if (!open) {
      throw new TaskError('EMIT_LATE', `${where}: emit was called after the call it was for`, {
        remedy: 'Call emit before the function returns; keep rows, never emit.',
      });
    }
    rows.push(enter(row, columns, where));
  });
  open = false;
  if (isThenable(returned)) throw asyncFunction(where);
  return rows;
}

/** What map emits, and nothing after it. */
export function mapRows(spec: MapReduceSpec, params: Row, input: Ran): Row[] {
  return map(spec, params, input, contextOf(spec, params, new Map()));
}

function map(spec: MapReduceSpec, params: Row, input: Ran, ctx: AnyContext): Row[] {
  const emits = emitsOf(spec);
  const where = `${spec.name}: map`;
  const rows = input.rows.map((row, i) => leave(row, spec.input, `${spec.name}: row ${i + 1}`));
  let mapped: Row[];
  if (spec.operator) mapped = rows.flatMap(row => operated(spec, params, row));
  else if (spec.map) {
    const { map: mapRow } = spec;
    mapped = rows.flatMap(row => emitting(where, emits, emit => mapRow(row, emit, ctx)));
  } else mapped = mapBatch(spec, rows, emits, ctx);
  return mapped.map(row => normalised(row, spec.key ?? {}));
}

function operated(spec: MapReduceSpec, params: Row, row: Row): Row[] {
  const { operator, options } = spec.operator!(params);
  if (operator !== 'words') {
    throw new UsageError('DEFINITION_INVALID', `${spec.name}: no operator '${operator}'`, {
      remedy: 'There is: words().',
    });
  }
  const found: string[] =
    options['split'] === 'unicode'
      ? (row['line'].match(/[\p{L}\p{M}]+/gu) ?? [])
      : row['line'].split(/[ \t\n\v\f\r]+/).filter((word: string) => word !== '');
  const cased = options['case'] === 'lower' ? found.map(word => word.toLowerCase()) : found;
  return cased.map(word => ({ word, count: 1n }));
}

/** All rows as one batch. */
function mapBatch(spec: MapReduceSpec, rows: Row[], emits: Schema, ctx: AnyContext): Row[] {
  if (rows.length === 0) return [];
  const built = buildersOf(emits);
  const returned: unknown = spec.mapBatch!(columnsOf(rows, spec.input), built.builders, ctx);
  if (isThenable(returned)) {
    throw new UsageError('USAGE', `collect() cannot wait, and mapBatch of ${spec.name} is async`, {
      remedy: 'Test it with a session, or test what it calls by itself.',
    });
  }
  const where = `${spec.name}: mapBatch`;
  return built.rows(where).map(row => enter(row, emits, where));
}

function reduce(spec: MapReduceSpec, key: Schema, mapped: Row[], ctx: AnyContext): Row[] {
  const { name, value = {}, sort = {} } = spec;
  const sign = (column: string): number => (sort[column] === 'desc' ? -1 : 1);
  const byKey = compareBy(Object.keys(key).map(c => [c, sign(c)]));
  const ordering = Object.keys(sort).filter(c => Object.hasOwn(value, c));
  const byValue = compareBy(ordering.map(c => [c, sign(c)]));
  const sorted = mapped.toSorted((a, b) => byKey(a, b) || byValue(a, b));
  const out: Row[] = [];
  for (let i = 0; i < sorted.length; ) {
    const start = i;
    while (i < sorted.length && byKey(sorted[i]!, sorted[start]!) === 0) i++;
    const group = combined(spec, key, sorted.slice(start, i));
    if (!spec.reduce) {
      out.push(...group);
      continue;
    }
    const where = `${name}: reduce`;
    const values = group.map(row => leave(row, value, where));
    const natural = leave(group[0]!, key, where);
    const { reduce: reduceGroup } = spec;
    out.push(...emitting(where, outputOf(spec), emit => reduceGroup(natural, values, emit, ctx)));
  }
  return out;
}

/** The rows of a group, folded into one where there is a combiner. */
function combined({ name, value = {}, combine }: MapReduceSpec, key: Schema, rows: Row[]): Row[] {
  if (combine === undefined) return rows;
  const natural = pick(rows[0]!, key);
  const where = `${name}: combine`;
  if (typeof combine === 'function') {
    const merge = (a: Row, b: Row): Row =>
      enter(combine(leave(a, value, where), leave(b, value, where)), value, where);
    return [{ ...natural, ...rows.map(row => pick(row, value)).reduce(merge) }];
  }
  const named = `${where}: key ${Object.values(natural).map(String).join(', ')}`;
  const folded = Object.entries(value).map(([c, of]) => [
    c,
    fold(combine[c] as AnyCombiner, of, rows.map(row => row[c]) as Any[], `${named}: '${c}'`),
  ]);
  return [{ ...natural, ...Object.fromEntries(folded) }];
}
