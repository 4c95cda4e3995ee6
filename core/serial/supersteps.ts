/** A vertex program by definition: one vertex after the other, in ascending order of ids.
 *
 * Functions see values as they declare them; ids are ranks until the rows come out. Order of calls: see
 * pregel/define.ts. Messages without a combiner come in ascending order of the sender, then as sent.
 */
import type { AnyCombiner } from '../define/combine.ts';
import { asyncFunction, isThenable } from '../define/function-rules.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { printValue } from '../define/value.ts';
import { LimitError, UsageError } from '../errors.ts';
import { isRecord } from '../pregel/check.ts';
import { MAX_SUPERSTEPS, type ProgramSpec, findProgram, outputOf } from '../pregel/define.ts';
import { type Inboxes, cursorOf, later } from './cursor.ts';
import type { LoadedGraph } from './graph.ts';
import { type Any, type Ran, type Row, compare, enter, leave, mergeOf, stored } from './values.ts';

/** Throws LimitError SUPERSTEPS. */
export function runProgram(plan: Plan & { op: 'apply' }, loaded: LoadedGraph): Ran {
  const spec = findProgram(plan.use);
  const graph = seenBy(spec, loaded);
  const states: Any[] = graph.ids.map(() => ({}));
  const awake = graph.ids.map(() => true);
  const totals = aggregatesOf(spec);
  const shared = {
    params: ranked(spec, plan.params, graph),
    vertexCount: graph.ids.length,
    edgeCount: graph.edgeCount,
    directed: graph.directed,
  };
  const call = (name: string, id: number, outbox: Inboxes, body: (v: object) => unknown): void => {
    const halt = (): void => void (awake[id] = false);
    const { cursor, end } = cursorOf({ spec, graph, id, state: states[id], outbox, halt });
    const returned = body(cursor);
    end();
    if (isThenable(returned)) throw asyncFunction(`${spec.name}: ${name}`);
  };

  if (spec.init) {
    const ctx = { ...shared, superstep: 0, aggregates: {} };
    graph.ids.forEach((_, id) => call('init', id, undefined, v => spec.init!(v, ctx)));
  }
  let inboxes: Any[][] = graph.ids.map(() => []);
  for (let superstep = 0; ; superstep++) {
    let halted = false;
    const base = { ...shared, superstep, aggregates: totals.current() };
    spec.master?.({ ...base, halt: () => void (halted = true) });
    const working = graph.ids.flatMap((_, id) => (awake[id] || inboxes[id]!.length ? [id] : []));
    if (halted || working.length === 0) break;
    checkLimit(spec, superstep, working.length);
    const outboxes: Any[][] = graph.ids.map(() => []);
    totals.start();
    const ctx = { ...base, aggregate: totals.add, count: () => undefined, addVertex: later };
    for (const id of working) {
      awake[id] = true;
      const inbox = inboxOf(spec, inboxes[id]!);
      call('compute', id, outboxes, v => spec.compute(v, inbox, ctx));
    }
    totals.finish();
    inboxes = outboxes;
  }
  return resultOf(spec, loaded, states);
}

function checkLimit(spec: ProgramSpec, superstep: number, working: number): void {
  const { name, maxSupersteps = MAX_SUPERSTEPS } = spec;
  if (superstep < maxSupersteps) return;
  throw new LimitError(
    'SUPERSTEPS',
    `${name} still runs after ${superstep} supersteps, with ${working} vertices active`,
    { remedy: 'Let vertices vote to halt, halt in master, or raise maxSupersteps.' },
  );
}

/** The graph with values as the program's functions read them. */
function seenBy(spec: ProgramSpec, graph: LoadedGraph): LoadedGraph {
  const { name, vertex = {}, edge = {} } = spec;
  const seen = (lists: LoadedGraph['out']): LoadedGraph['out'] =>
    lists.map(list =>
      list.map(({ target, value }) => ({ target, value: leave(value, edge, `${name}: edge`) })),
    );
  return {
    ...graph,
    values: graph.values.map(row => leave(row, vertex, `${name}: vertex`)),
    out: seen(graph.out),
    in: seen(graph.in),
  };
}

/** Parameters, with vertices named by id turned into ranks. Throws UsageError PARAM_INVALID. */
function ranked(spec: ProgramSpec, params: Row, graph: LoadedGraph): Row {
  const rankOf = (name: string, id: Any): number => {
    // Ids are all text or all integers; text from the command line may mean an integer.
    const whole = typeof id !== 'string' || /^-?\d+$/.test(id);
    const own = typeof graph.ids[0] === 'bigint' ? (whole ? BigInt(id) : undefined) : String(id);
    const rank = own === undefined ? undefined : graph.rank(own);
    if (rank !== undefined) return rank;
    throw new UsageError(
      'PARAM_INVALID',
      `parameter '${name}': ${printValue(id)} is not a vertex of the graph`,
    );
  };
  const declared = Object.entries(spec.params ?? {}) as [string, AnyType & { of?: AnyType }][];
  const changed = declared.map(([name, of]) => {
    const value = params[name];
    if (of.type === 'vertexId' && value !== null) return [name, rankOf(name, value)];
    if (of.of?.type === 'vertexId') return [name, value.map((id: Any) => rankOf(name, id))];
    return [name, value];
  });
  return Object.fromEntries(changed);
}

function sortByValue(this: Any[]): Any[] {
  return Array.prototype.sort.call(this, compare);
}

/** What compute sees of the messages: one value with a combiner, else all. */
function inboxOf({ name, message, combine }: ProgramSpec, received: readonly Any[]): unknown {
  if (combine === undefined || message === undefined || isRecord(message)) {
    return Object.assign([...received], { sort: sortByValue });
  }
  const merged = received.reduce(mergeOf(combine), identityOf(combine, message));
  if (received.length === 0) return merged;
  return enter({ message: merged }, { message }, `${name}: combine`) && merged;
}

/** The value of no messages. Integers that are read as bigints have no Infinity: theirs is the end of the range. */
function identityOf(combine: AnyCombiner, of: AnyType): Any {
  if ('identity' in combine) return combine.identity;
  const bits: Any = 'read' in of ? 2n ** 63n : undefined;
  const digits: Any = of.type === 'decimal' && 10n ** BigInt((of as Any).precision);
  const text = of.type === 'utf8' || of.type === 'date';
  switch (combine.combiner) {
    case 'sum':
      return bits || digits ? 0n : 0;
    case 'min':
      return text ? '' : bits ? bits - 1n : digits ? digits - 1n : Infinity;
    case 'max':
      return text ? '' : bits ? -bits : digits ? 1n - digits : -Infinity;
    default:
      return combine.combiner === 'all';
  }
}

/** Aggregates: combined over one superstep, read in the next. */
function aggregatesOf({ name, aggregates = {} }: ProgramSpec) {
  const entries = Object.entries(aggregates);
  const identities = (): Any =>
    Object.fromEntries(entries.map(([n, { type, combine }]) => [n, identityOf(combine, type)]));
  let now = identities();
  let next = now;
  return {
    current: () => now,
    start(): void {
      const fresh = identities();
      next = Object.fromEntries(
        entries.map(([n, { persistent }]) => [n, persistent ? now[n] : fresh[n]]),
      );
    },
    add(aggregate: string, value: unknown): undefined {
      const of = aggregates[aggregate];
      if (of === undefined) {
        throw new UsageError('USAGE', `${name}: no aggregate '${aggregate}'`, {
          remedy: `There are: ${Object.keys(aggregates).join(', ') || 'none'}.`,
        });
      }
      enter({ [aggregate]: value }, { [aggregate]: of.type }, `${name}: aggregate`);
      next[aggregate] = mergeOf(of.combine)(next[aggregate], value);
    },
    finish: () => void (now = next),
  };
}

/** Rows in ascending order of vertex; vertices as the ids they came with. */
function resultOf(spec: ProgramSpec, graph: LoadedGraph, states: readonly Any[]): Ran {
  const state = outputOf(spec);
  const id: AnyType = { type: typeof graph.ids[0] === 'string' ? 'utf8' : 'int64' };
  const columns: Schema = Object.fromEntries(
    Object.entries(state).map(([c, of]) => [c, of.type === 'vertexId' ? { ...of, ...id } : of]),
  );
  const valueOf = (row: Any, c: string, of: AnyType): Any =>
    of.type === 'vertexId' && row[c] !== null ? graph.ids[row[c]] : stored(row[c], of);
  const rows = graph.ids.map((vertex, rank) => {
    enter(states[rank], state, `${spec.name}: vertex ${vertex}`);
    const values = Object.entries(state).map(([c, of]) => [c, valueOf(states[rank], c, of)]);
    return { vertex, ...Object.fromEntries(values) };
  });
  return { columns: { vertex: id, ...columns }, rows };
}
