/** Runs a table through the real operators in many ways, in this thread, and finds the smallest input on which two of
 * them differ.
 *
 * What is held: the rows are those of the definition (float64 to 9 digits: the definition adds in row order, the engine
 * exactly); and to the bit the same however the input is cut, wherever memory is refused, whoever works, and whatever
 * work is lost and done again. Combiners that are marked exact: combiner-laws.ts.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Report } from '../define/session.ts';
import type { Schema } from '../define/schema.ts';
import type { Plan, Table } from '../define/table.ts';
import { ContractError, SuperstepError } from '../errors.ts';
import { InProcess } from '../exec/in-process.ts';
import { KeptRows } from '../job/result.ts';
import { runTables } from '../job/run.ts';
import type { Refusals } from '../mapreduce/stage.ts';
import { randomOf } from '../shuffle/lossy.ts';
import { checkCombiners } from './combiner-laws.ts';
import { runSerially } from './tables.ts';
import { type Row, leave } from './values.ts';

const RUNS = 30;
/** Runs that looking for a smaller input may take: seconds. */
const SHRINKS = 300;
/** As exact as a float64 sum in any order may be expected to be. */
const TOLERANCE = 1e-9;

interface Way {
  readonly name: string;
  readonly slots: number;
  readonly loses: boolean;
  readonly splitRows?: number | undefined;
  readonly refuse?: Refusals | undefined;
}
const PLAIN: Way = { name: 'one worker, in memory', slots: 1, loses: false };
/** One thing at a time, before all at once: what is found then says more, and shows with fewer rows. */
const SIMPLE: readonly Way[] = [
  PLAIN,
  { ...PLAIN, name: 'a split a row', splitRows: 1 },
  { ...PLAIN, name: 'spilling every row', refuse: { rows: 1 } },
  { ...PLAIN, name: 'attempts lost', loses: true },
  { ...PLAIN, name: 'three workers, a split a row', slots: 3, splitRows: 1 },
];

type Outcome = { readonly rows: readonly object[] } | { readonly code: string };

/** Throws ContractError, and what the job itself throws on these rows by definition. */
export async function checkTable(
  table: Table<Schema>,
  { seed = 1, runs = RUNS }: { readonly seed?: number; readonly runs?: number },
): Promise<void> {
  runSerially(table.plan);
  const random = randomOf(seed);
  checkCombiners(table.plan, random);
  const executor = new InProcess();
  try {
    const differs = (plan: Plan, way: Way) => differenceOf(executor, { ...table, plan }, way);
    const ways = [...SIMPLE, ...Array.from({ length: runs }, (_, i) => anyWay(i, random))];
    for (const way of ways) {
      const found = await differs(table.plan, way);
      if (found !== undefined) throw await smallest(table.plan, way, found, differs);
    }
  } finally {
    executor.close();
  }
}

/** Small cuts first: most mistakes show there. */
function anyWay(index: number, random: () => number): Way {
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const splitRows = upTo(index < 10 ? 3 : 1000);
  const refuse = { rows: upTo(index < 10 ? 3 : 100), arena: random() < 0.5 };
  const slots = upTo(4);
  const loses = random() < 0.5;
  const name = `${slots} workers, splits of ${splitRows} rows, spilling every ${refuse.rows}${loses ? ', attempts lost' : ''}`;
  return { name, slots, loses, splitRows, refuse };
}

interface Difference {
  readonly message: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** undefined: none, or the job fails on these rows by definition. */
async function differenceOf(
  executor: InProcess,
  table: Table<Schema>,
  way: Way,
): Promise<Difference | undefined> {
  const defined = byDefinition(table);
  if (defined === undefined) return undefined;
  const plain = await outcomeOf(executor, table, PLAIN);
  if (!('rows' in plain) || !isNear(plain.rows, defined, table.columns)) {
    return {
      message: 'the rows are not those of the definition',
      expected: defined,
      got: shown(plain),
    };
  }
  const other = way === PLAIN ? plain : await outcomeOf(executor, table, way);
  if (isDeepStrictEqual(other, plain)) return undefined;
  const message = `the rows depend on how it runs (${way.name})`;
  return { message, expected: shown(plain), got: shown(other) };
}

const shown = (outcome: Outcome): unknown => ('rows' in outcome ? outcome.rows : outcome.code);

function byDefinition({ plan, columns }: Table<Schema>): readonly Row[] | undefined {
  try {
    return runSerially(plan).rows.map(row => leave(row, columns, 'checkContract'));
  } catch {
    return undefined;
  }
}

async function outcomeOf(executor: InProcess, table: Table<Schema>, way: Way): Promise<Outcome> {
  executor.slots = way.slots;
  executor.loses = way.loses;
  try {
    const { results } = await runTables(
      executor,
      { table },
      {
        destinations: {},
        overwrite: false,
        signal: new AbortController().signal,
        tempGiven: false,
        splitRows: way.splitRows,
        refuse: way.refuse,
      },
    );
    const { kept, rows } = results['table']!;
    const report = { output: { rows } } as Report;
    const release = () => executor.release(kept!.ranges);
    const result = new KeptRows(table.columns, report, kept!, executor, release);
    try {
      return { rows: await result.toArray() };
    } finally {
      await result.release();
    }
  } catch (error) {
    if (error instanceof SuperstepError && error.code === 'NOT_YET') throw error;
    return { code: error instanceof SuperstepError ? error.code : 'TASK_FAILED' };
  }
}

function isNear(got: readonly object[], expected: readonly object[], columns: Schema): boolean {
  if (got.length !== expected.length) return false;
  return got.every((row, i) =>
    Object.entries(columns).every(([column, { type }]) => {
      const [a, b] = [(row as Row)[column], (expected[i] as Row)[column]];
      if (isDeepStrictEqual(a, b)) return true;
      return (
        type === 'float64' && Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))
      );
    }),
  );
}

/** Leaves out rows while the difference stays. */
async function smallest(
  plan: Plan,
  way: Way,
  first: Difference,
  differs: (plan: Plan, way: Way) => Promise<Difference | undefined>,
): Promise<ContractError> {
  let [smaller, found, left] = [plan, first, SHRINKS];
  for (let part = rowsIn(plan).length; part >= 1 && left > 0; ) {
    let from = 0;
    while (from < rowsIn(smaller).length && left-- > 0) {
      const without = withoutRows(smaller, from, from + part);
      const difference = await differs(without, way);
      if (difference === undefined) from += part;
      else [smaller, found] = [without, difference];
    }
    part = part === 1 ? 0 : Math.ceil(part / 2);
  }
  const { message, expected, got } = found;
  return new ContractError(message, rowsIn(smaller), expected, got);
}

type Leaf = Plan & { op: 'rows' };

function leavesOf(plan: Plan, found = new Set<Leaf>()): Set<Leaf> {
  if (plan.op === 'rows') found.add(plan);
  for (const value of Object.values(plan)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (isPlan(each)) leavesOf(each, found);
    }
  }
  return found;
}
const isPlan = (value: unknown): value is Plan =>
  typeof value === 'object' && value !== null && 'op' in value && plans.has(value.op);
const plans = new Set<unknown>(['read', 'rows', 'apply', 'graph', 'join', 'select', 'concat']);

/** All rows that a plan is given, one table after the other. */
const rowsIn = (plan: Plan): object[] => [...leavesOf(plan)].flatMap(({ rows }) => rows);

/** The plan without rows from to end of these. Plans that were one stay one: they are one stage. */
function withoutRows(plan: Plan, from: number, end: number): Plan {
  const made = new Map<unknown, unknown>();
  let first = 0;
  for (const leaf of leavesOf(plan)) {
    const start = first;
    const rows = leaf.rows.filter((_, i) => start + i < from || start + i >= end);
    made.set(leaf, { ...leaf, rows });
    first += leaf.rows.length;
  }
  const again = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.some(isPlan) ? value.map(again) : value;
    if (!isPlan(value)) return value;
    const known = made.get(value);
    if (known !== undefined) return known;
    const copy = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, again(v)]));
    made.set(value, copy);
    return copy;
  };
  return again(plan) as Plan;
}
