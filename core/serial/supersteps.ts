/** A vertex program by definition: one vertex after the other, in order of rank.
 *
 * Functions see values as they declare them; ids are ranks until the rows come out. Order of calls: see
 * pregel/define.ts. Messages without a combiner come in ascending order of the sender, then as sent. What the program
 * changes of its graph: topology.ts.
 */
import type { AnyCombiner } from '../define/combine.ts';
import { asyncFunction, isThenable } from '../define/function-rules.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import type { Plan } from '../define/table.ts';
import { printValue } from '../define/value.ts';
import { LimitError, SuperstepError, TaskError, UsageError } from '../errors.ts';
import { isRecord } from '../pregel/check.ts';
import { MAX_SUPERSTEPS, type ProgramSpec, findProgram, outputOf } from '../pregel/define.ts';
import { type Inboxes, cursorsOf } from './cursor.ts';
import type { LoadedGraph } from './graph.ts';
import { Topology } from './topology.ts';
import { type Any, type Ran, type Row, compare, enter, leave, mergeOf, stored } from './values.ts';

/** Throws LimitError SUPERSTEPS; what a function of the program throws as a TaskError that says where. */
export function runProgram(plan: Plan & { op: 'apply' }, loaded: LoadedGraph): Ran {
  const spec = findProgram(plan.use);
  const graph = seenBy(spec, loaded);
  const params = ranked(spec, plan.params, graph);
  const totals = aggregatesOf(spec);
  const vertices = verticesOf(spec, graph);
  const contextOf = (superstep: number) => ({
    superstep,
    ...graph.counts(),
    directed: graph.directed,
    params,
    aggregates: totals.current(),
  });
  const addVertex = (id: unknown): void => graph.addVertex(idGiven(spec, graph, id));

  vertices.init([...graph.ids.keys()], contextOf(0));
  let inboxes: Any[][] = graph.ids.map(() => []);
  for (let superstep = 0; ; superstep++) {
    const base = contextOf(superstep);
    if (isHalted(spec, base)) break;
    const working: number[] = [];
    for (const id of graph.ids.keys()) if (vertices.works(id, inboxes[id]!)) working.push(id);
    if (working.length === 0) break;
    checkLimit(spec, superstep, working.length);
    const outboxes: Any[][] = graph.ids.map(() => []);
    totals.start();
    const ctx = { ...base, aggregate: totals.add, count: () => undefined, addVertex };
    for (const id of working) vertices.compute(id, inboxOf(spec, inboxes[id]!), ctx, outboxes);
    totals.finish();
    const fresh = graph.settle();
    for (const id of fresh) outboxes[id] = [];
    vertices.init(fresh, contextOf(superstep + 1));
    inboxes = outboxes;
  }
  return resultOf(spec, graph, vertices.states);
}

/** What the functions of the program are called for, one vertex at a time. */
function verticesOf(spec: ProgramSpec, graph: Topology) {
  const states: Any[] = [];
  const awake: boolean[] = [];
  const cursors = cursorsOf(spec, graph);
  const call = (
    name: 'init' | 'compute',
    id: number,
    superstep: number,
    outbox: Inboxes,
    body: (v: object) => unknown,
  ): void => {
    const halt = (): void => void (awake[id] = false);
    const cursor = cursors.begin({ id, state: states[id], outbox, halt });
    const where = () =>
      `${spec.name}: ${name} failed at vertex ${printId(graph.ids[id])}, superstep ${superstep}`;
    const returned = placed(where, () => body(cursor));
    cursors.end(cursor);
    if (isThenable(returned)) throw asyncFunction(`${spec.name}: ${name}`, 'vertex');
  };
  return {
    states,
    works: (id: number, inbox: readonly Any[]): boolean =>
      graph.isPresent(id) && (awake[id]! || inbox.length > 0),
    init(ids: readonly number[], base: { readonly superstep: number }): void {
      const ctx = { ...base, aggregates: {} };
      for (const id of ids) {
        states[id] = unset(spec.state);
        awake[id] = true;
        if (spec.init) call('init', id, ctx.superstep, undefined, v => spec.init!(v, ctx));
      }
    },
    compute(
      id: number,
      inbox: unknown,
      ctx: { readonly superstep: number },
      outbox: Any[][],
    ): void {
      awake[id] = true;
      call('compute', id, ctx.superstep, outbox, v => spec.compute(v, inbox, ctx));
    },
  };
}

/** What state holds before a function has set it: null, or the zero of its type. */
function unset(state: Schema): Any {
  const zeros: Any = { bool: false, utf8: '', date: '1970-01-01', decimal: 0n };
  const zero = (of: AnyType): Any => {
    if (of.nullable) return null;
    if (of.type === 'list') return [];
    if (of.type === 'binary') return new Uint8Array(0);
    return 'read' in of ? 0n : (zeros[of.type] ?? 0);
  };
  return Object.fromEntries(Object.entries(state).map(([column, of]) => [column, zero(of)]));
}

function isHalted(spec: ProgramSpec, base: { readonly superstep: number }): boolean {
  let halted = false;
  const where = () => `${spec.name}: master failed in superstep ${base.superstep}`;
  placed(where, () => spec.master?.({ ...base, halt: () => void (halted = true) }));
  return halted;
}

/** What a function of the program threw says where; what superstep says of a mistake says it already. */
function placed(where: () => string, call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof SuperstepError && !(error instanceof TaskError)) throw error;
    const code = error instanceof TaskError ? error.code : 'TASK_FAILED';
    const details = error instanceof TaskError ? error.details : {};
    const message = error instanceof Error ? error.message : String(error);
    throw new TaskError(code, `${where()}: ${message}`, details, { cause: error });
  }
}
const printId = (id: Any): string => (typeof id === 'string' ? printValue(id) : String(id));

function checkLimit(spec: ProgramSpec, superstep: number, working: number): void {
  const { name, maxSupersteps = MAX_SUPERSTEPS } = spec;
  if (superstep < maxSupersteps) return;
  throw new LimitError(
    'SUPERSTEPS',
    `${name} has not ended within its maxSupersteps, ${superstep}: ${working} vertices active`,
    { remedy: 'Let vertices vote to halt, halt in master, or raise maxSupersteps.' },
  );
}

const NOTHING: Row = Object.freeze({});

/** The graph with values as the program's functions read them. */
function seenBy(spec: ProgramSpec, graph: LoadedGraph): Topology {
  const { name, vertex = {}, edge = {} } = spec;
  const read = Object.keys(edge).length > 0;
  const seen = (lists: LoadedGraph['out']): LoadedGraph['out'] =>
    lists.map(list =>
      list.map(({ target, value }) => ({
        target,
        value: read ? leave(value, edge, `${name}: edge`) : NOTHING,
      })),
    );
  const values = graph.values.map(row => leave(row, vertex, `${name}: vertex`));
  const unlisted = Object.fromEntries(Object.keys(vertex).map(c => [c, null]));
  return new Topology({ ...graph, values, out: seen(graph.out), in: seen(graph.in) }, unlisted);
}

/** An id from outside as the graph has them: all text or all integers; text from the command line may mean an integer. */
function idIn(graph: Topology, id: Any): Any {
  if (typeof graph.ids[0] !== 'bigint') return String(id);
  const whole =
    typeof id === 'string'
      ? /^-?\d+$/.test(id)
      : typeof id === 'bigint' || Number.isSafeInteger(id);
  return whole && BigInt.asIntN(64, BigInt(id)) === BigInt(id) ? BigInt(id) : undefined;
}

/** Throws TaskError TYPE_MISMATCH. */
function idGiven({ name, vertex = {} }: ProgramSpec, graph: Topology, id: unknown): Any {
  const filled = Object.entries(vertex).find(([, of]) => !of.nullable);
  if (filled !== undefined) {
    throw new TaskError(
      'TYPE_MISMATCH',
      `addVertex: a vertex that is added has no '${filled[0]}', which is not nullable`,
      { remedy: `Declare ${filled[0]} nullable in vertex of ${name}.` },
    );
  }
  const own = idIn(graph, id);
  if (own !== undefined) return own;
  throw new TaskError(
    'TYPE_MISMATCH',
    `addVertex: ${printValue(id)} is not an int64, as the ids of the graph`,
  );
}

/** Parameters, with vertices named by id turned into ranks. Throws UsageError PARAM_INVALID. */
function ranked(spec: ProgramSpec, params: Row, graph: Topology): Row {
  const rankOf = (name: string, id: Any): number => {
    const own = idIn(graph, id);
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
      enter({ [aggregate]: value }, { [aggregate]: of.type }, 'aggregate');
      next[aggregate] = mergeOf(of.combine)(next[aggregate], value);
    },
    finish: () => void (now = next),
  };
}

/** Rows in order of rank: ascending by vertex, those that were added last. Vertices as the ids they came with. */
function resultOf(spec: ProgramSpec, graph: Topology, states: readonly Any[]): Ran {
  const state = outputOf(spec);
  const id: AnyType = { type: typeof graph.ids[0] === 'string' ? 'utf8' : 'int64' };
  const columns: Schema = Object.fromEntries(
    Object.entries(state).map(([c, of]) => [c, of.type === 'vertexId' ? { ...of, ...id } : of]),
  );
  const valueOf = (row: Any, c: string, of: AnyType): Any =>
    of.type === 'vertexId' && row[c] !== null ? graph.ids[row[c]] : stored(row[c], of);
  const ranks = [...graph.ids.keys()].filter(graph.isPresent);
  const rows = ranks.map(rank => {
    const vertex = graph.ids[rank];
    enter(states[rank], state, `${spec.name}: vertex ${vertex}`);
    const values = Object.entries(state).map(([c, of]) => [c, valueOf(states[rank], c, of)]);
    return { vertex, ...Object.fromEntries(values) };
  });
  return { columns: { vertex: id, ...columns }, rows };
}
