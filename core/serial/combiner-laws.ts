/** Whether the combiners that a plan marks as exact are: the same in any order and any grouping, over the values that
 * its maps emit and over what the combiners themselves give.
 *
 * Every pair and every triple of a few values is tried, so what is found is as small as it can be.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AnyType } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { printType, printValue } from '../define/value.ts';
import { ContractError } from '../errors.ts';
import { findMapReduce } from '../mapreduce/define.ts';
import { mapRows } from './map-reduce.ts';
import { runSerially } from './tables.ts';
import { type Any, holds, read, stored } from './values.ts';

/** Values of a column that are tried; as triples 8,000 merges, some milliseconds. */
const MAX_VALUES = 16;
/** Of what the combiner made of them. */
const MAX_OWN = 4;

interface Law {
  readonly where: string;
  readonly of: AnyType;
  readonly merge: (a: Any, b: Any) => Any;
}

/** Throws ContractError; what the job's own functions throw on these rows comes out as it is. */
export function checkCombiners(plan: Plan, random: () => number): void {
  for (const input of inputsOf(plan)) checkCombiners(input, random);
  if (plan.op !== 'apply' || plan.kind !== 'mapReduce') return;
  const spec = findMapReduce(plan.use);
  if (typeof spec.combine !== 'object') return;
  const exact = Object.entries(spec.combine).filter(([, { merge, exact: said }]) => merge && said);
  if (exact.length === 0) return;
  const rows = mapRows(spec, plan.params, runSerially(plan.input));
  for (const [column, { merge }] of exact) {
    const of = spec.value![column]!;
    const where = `${spec.name}: combine: column '${column}'`;
    const law = { where, of, merge: merge as Law['merge'] };
    checkLaws(
      law,
      rows.map(row => row[column]),
      random,
    );
  }
}

function inputsOf(plan: Plan): readonly Plan[] {
  switch (plan.op) {
    case 'apply':
    case 'select':
      return [plan.input];
    case 'concat':
      return plan.inputs;
    case 'join':
      return [plan.left, plan.right];
    case 'graph':
      return plan.vertices === undefined ? [plan.edges] : [plan.edges, plan.vertices];
    default:
      return [];
  }
}

function checkLaws(law: Law, all: readonly Any[], random: () => number): void {
  const values = picked(all, random).map(value => read(value, law.of, law.where));
  for (const a of values)
    for (const b of values) {
      same(law, [a, b], ['merge(a, b)', merged(law, a, b)], ['merge(b, a)', merged(law, b, a)]);
    }
  const own = values.slice(0, MAX_OWN).map(a => merged(law, a, values.at(-1)));
  const tried = [...values, ...own];
  for (const a of tried)
    for (const b of tried)
      for (const c of tried) {
        const left = merged(law, merged(law, a, b), c);
        const right = merged(law, a, merged(law, b, c));
        same(law, [a, b, c], ['merge(merge(a, b), c)', left], ['merge(a, merge(b, c))', right]);
      }
}

/** Different ones, by chance, in the order that they came. */
function picked(all: readonly Any[], random: () => number): Any[] {
  const different: Any[] = [];
  const tries = Math.min(all.length, 20 * MAX_VALUES);
  for (let i = 0; i < tries && different.length < MAX_VALUES; i++) {
    const value = all[tries === all.length ? i : Math.floor(random() * all.length)];
    if (!different.some(known => isDeepStrictEqual(known, value))) different.push(value);
  }
  return different;
}

/** One value of two, as the column would have it; on copies, so that a function that changes what it gets shows. */
function merged({ where, of, merge }: Law, a: Any, b: Any): Any {
  const [left, right] = [structuredClone(a), structuredClone(b)];
  const value: Any = merge(left, right);
  if (!isDeepStrictEqual([left, right], [a, b])) {
    throw new ContractError(
      `${where}: merge changed a value it was given`,
      [a, b],
      [a, b],
      [left, right],
    );
  }
  if (!holds(of, value)) {
    const message = `${where}: merge(a, b) gave ${printValue(value)}, no ${printType(of)}`;
    throw new ContractError(message, [a, b], printType(of), value);
  }
  return read(stored(value, of), of, where);
}

function same(
  { where }: Law,
  input: readonly Any[],
  [one, expected]: readonly [string, Any],
  [other, got]: readonly [string, Any],
): void {
  if (isDeepStrictEqual(expected, got)) return;
  const given = input.map((value, i) => `${'abc'[i]} = ${printValue(value)}`).join(', ');
  throw new ContractError(
    `${where} is marked exact, but with ${given}: ${one} is ${printValue(expected)}, ${other} is ${printValue(got)}`,
    input,
    expected,
    got,
    'Leave out exact: the combiner then runs in the order of rows. Or make it associative and commutative.',
  );
}
