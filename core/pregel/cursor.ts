/** The cursor `v`, the context `ctx` and the loop that calls `compute`, generated for one program.
 *
 * V8 keys what it learns about a loop by its source text, so the text has a number that no other has: a closure made by a
 * factory, or the same text again, would share one polymorphic loop (DESIGN, "Why it can be fast"). Each call of `run` and `init` makes
 * a cursor of its own, which the compiler takes apart once it has inlined `compute`: its arrays are in registers then, and are not looked
 * at again for every access.
 * Order of calls: `makeLoop` once a program and thread, so that what the compiler learns in one run is there in the next; for each task `start`, then `bind` and `init` or `run` over ranges of vertices,
 * then `aggregates`; `end`, so that it holds nobody's memory.
 * Invariants: arrays are those of the last `bind`; a value is checked before it is stored; nothing here calls a kernel.
 * Not here: where messages go (messaging.ts), what mutations do (mutate.ts).
 */
import type { AnyType, Schema } from '../define/schema.ts';
import type { ColumnArrays } from './columns.ts';
import { isDirect } from './columns.ts';
import type { ProgramSpec } from './define.ts';
import { type MessagePlan, messagePlan } from './messages.ts';
import { identityOf, mergeOf } from './values.ts';

type Numbers = Int32Array | BigInt64Array | Float64Array;

/** One way a folded message can go: the value of each vertex, and a byte each: whether it has sent. */
export interface SentArrays {
  readonly values: Numbers;
  readonly flags: Uint8Array;
}

/** The edges of some vertices. `offsets`: of each vertex of the partition, and one more, where its edges begin among all; `first`: which
 *  of all the window begins with. */
export interface EdgeArrays {
  readonly offsets: Float64Array;
  readonly first: number;
  readonly targets: Int32Array;
  readonly values: readonly ColumnArrays[];
}

/** What the loop works on, of one partition. */
export interface Bound {
  readonly base: number;
  readonly awake: Uint8Array;
  /** Folded messages: who got any, and the numbers. */
  readonly got: Uint8Array;
  readonly inbox: Numbers | undefined;
  readonly state: readonly ColumnArrays[];
  readonly vertex: readonly ColumnArrays[];
  readonly degrees: Int32Array;
  readonly inDegrees: Int32Array | undefined;
  /** Absent until somebody asks: a window of them. */
  readonly edges: EdgeArrays | undefined;
  readonly out: SentArrays | undefined;
  readonly in: SentArrays | undefined;
}

/** What is asked of the task meanwhile. */
export interface LoopHost {
  /** All messages of vertex `index`, where they are rows. */
  messages(index: number): unknown;
  /** A message that is a row, or has one target. */
  sendTo(target: number, message: unknown): void;
  /** Along every out-edge, or against every in-edge, as a row. */
  sendAll(index: number, message: unknown, way: 'out' | 'in'): void;
  /** Throws: the edges, or those into vertices, have to be there first. */
  need(what: 'edges' | 'in'): never;
  /** Throws: a value that its column, message or aggregate does not take. */
  refuse(what: string, name: string, of: AnyType, value: unknown): never;
  /** Throws: an int64 that a number does not hold. */
  tooWide(name: string): never;
  /** Throws: a function gave something back. */
  returned(what: 'init' | 'compute', value: unknown): void;
  /** Throws: an aggregate that the program does not have. */
  noAggregate(name: string): never;
  /** Throws: a column that the vertex does not have. */
  notDeclared(column: string): never;
  /** Whether a value is of a type that does not lie in memory as a number. */
  fits(value: unknown, of: AnyType): boolean;
  /** Vertices now, for ids that are written. */
  readonly beyond: number;
  readonly mutations: {
    addEdge(index: number, target: number, value: object): void;
    removeEdges(index: number, target: number): void;
    remove(index: number): void;
    addVertex(id: unknown): void;
    /** The edges of a vertex that has changed its own; undefined: those of the graph. */
    edgesOf(
      index: number,
    ): readonly { readonly target: number; readonly value: object }[] | undefined;
  };
}

export interface LoopStart {
  readonly params: object;
  readonly host: LoopHost;
  count(counter: string, by?: number): undefined;
}

export interface Loop {
  readonly ctx: {
    aggregates: object;
    superstep: number;
    vertexCount: number;
    edgeCount: number;
    directed: boolean;
  };
  /** A task begins: nothing is sent or aggregated yet. */
  start(task: LoopStart): void;
  /** The arrays from now on. */
  bind(bound: Bound): void;
  /** The vertex whose call this is. */
  index(): number;
  /** `init` for vertices [from, to). */
  init(from: number, to: number): void;
  /** `compute` for those of [from, to) that are awake or have messages. @returns how many */
  run(from: number, to: number): number;
  /** By name, of those that were added to. */
  aggregates(): { [name: string]: unknown };
  /** Forgets the task and the arrays. */
  end(): void;
}

export function makeLoop(spec: ProgramSpec): Loop {
  const plan = messagePlan(spec);
  const text = [
    '"use strict";',
    'const { program, identity, merge, identities, merges, types } = given;',
    // With var nobody has to look, at each use, whether it has a value yet.
    'var host, i = 0, base = 0, first = 0, changed = false, awake, got, inbox, degrees, inDegrees, offsets, targets;',
    'var outValues, outFlags, inValues, inFlags;',
    declared('s', spec.state),
    declared('p', spec.vertex ?? {}),
    declared('e', spec.edge ?? {}),
    ...aggregateText(spec.aggregates ?? {}),
    INT64,
    edgeText(spec.edge ?? {}),
    sendingText(plan),
    cursorText(spec, plan),
    loopText(spec),
  ].join('\n');
  const columns = { ...spec.state, ...spec.vertex, ...spec.edge };
  const where = `${spec.name}: `;
  const aggregates = Object.entries(spec.aggregates ?? {});
  const message = plan.kind === 'folded' ? plan.of : undefined;
  // oxlint-disable-next-line no-new-func -- column names are quoted; there is no other text of a user's in it
  const make = new Function('given', `${text}\n//# sourceURL=superstep:program/${programs++}`) as (
    given: object,
  ) => Loop;
  return make({
    program: spec,
    identity: message && identityOf(spec.combine!, message),
    merge: message && mergeOf(spec.combine!, message, `${where}message`),
    identities: aggregates.map(([, { type, combine }]) => identityOf(combine, type)),
    merges: aggregates.map(([name, { type, combine }]) =>
      mergeOf(combine, type, `${where}aggregate '${name}'`),
    ),
    types: {
      ...columns,
      ' message': message,
      ...Object.fromEntries(aggregates.map(([name, { type }]) => [` ${name}`, type])),
    },
  });
}
let programs = 0;

const quote = (name: string): string => JSON.stringify(name);
/** Of columns: values, and where there may be none, which there are. */
const arraysOf = (letter: string, columns: Schema): string[] =>
  Object.values(columns).flatMap((of, k) => [
    `${letter}${k}`,
    ...(of.nullable ? [`${letter}${k}n`] : []),
  ]);
const declared = (letter: string, columns: Schema): string => {
  const all = arraysOf(letter, columns);
  return all.length === 0 ? '' : `var ${all.join(', ')};`;
};
const bound = (letter: string, columns: Schema, from: string): string =>
  Object.values(columns)
    .map((of, k) => {
      const values = `${letter}${k} = ${from}[${k}].values;`;
      return of.nullable ? `${values} ${letter}${k}n = ${from}[${k}].valid;` : values;
    })
    .join(' ');

const unbound = (letter: string, columns: Schema): string[] =>
  arraysOf(letter, columns).map(name => `${name} = undefined;`);

const INT64 = `
function int64(halves, at, name) {
  const high = halves[2 * at + 1];
  const value = high * 4294967296 + (halves[2 * at] >>> 0);
  if (high >= 2097152 || value < -9007199254740991) host.tooWide(name);
  return value;
}`;

/** Of a number at an index of an array. */
function numberAt(of: AnyType, array: string, at: string, name: string): string {
  if (of.type === 'bool') return `${array}[${at}] !== 0`;
  if (of.type === 'int64' && !('read' in of)) return `int64(${array}, ${at}, ${quote(name)})`;
  return `${array}[${at}]`;
}
function valueAt(of: AnyType, letter: string, k: number, at: string, name: string): string {
  const array = `${letter}${k}`;
  if (!isDirect(of)) return `${array}[${at}]`;
  const value = numberAt(of, array, at, name);
  return of.nullable ? `${array}n[${at}] === 0 ? null : ${value}` : value;
}

/** What is true of a value that a number's type does not take. */
function misfit(of: AnyType, value: string): string {
  switch (of.type) {
    case 'bool':
      return `${value} !== true && ${value} !== false`;
    case 'int32':
      return `${value} !== (${value} | 0)`;
    case 'vertexId':
      return `${value} !== (${value} | 0) || ${value} < 0 || ${value} >= host.beyond`;
    case 'int64':
      return 'read' in of
        ? `typeof ${value} !== "bigint" || BigInt.asIntN(64, ${value}) !== ${value}`
        : `!Number.isSafeInteger(${value})`;
    default:
      return `typeof ${value} !== "number"`;
  }
}
function stored(of: AnyType, array: string, at: string, value: string): string {
  if (of.type === 'bool') return `${array}[${at}] = ${value} ? 1 : 0;`;
  if (of.type === 'int64' && !('read' in of)) {
    return `{ const high = Math.floor(${value} / 4294967296); ${array}[2 * ${at}] = ${value} - high * 4294967296; ${array}[2 * ${at} + 1] = high; }`;
  }
  return `${array}[${at}] = ${value};`;
}

/** A user's value, stored. A NaN of theirs may carry other bits. Two stores, not one of either value: what the compiler does not know to be a
 *  number where two ways meet, it puts on the heap for every vertex. */
function storedSafe(of: AnyType, array: string, at: string, value: string): string {
  const store = stored(of, array, at, value);
  if (of.type !== 'float64') return store;
  return `if (${value} === ${value}) { ${store} } else { ${stored(of, array, at, 'NaN')} }`;
}

function setter(of: AnyType, k: number, name: string): string {
  const refuse = `refuseState(${quote(name)}, x)`;
  const [array, at] = [`this.#s${k}`, 'this.#i'];
  if (!isDirect(of))
    return `if (!host.fits(x, types[${quote(name)}])) ${refuse}; ${array}[${at}] = x;`;
  const write = `if (${misfit(of, 'x')}) ${refuse}; ${storedSafe(of, array, at, 'x')}`;
  if (!of.nullable) return write;
  const none = stored({ ...of, nullable: true }, array, at, zeroText(of));
  return `if (x === null) { ${array}n[${at}] = 0; ${none} return; } ${write} ${array}n[${at}] = 1;`;
}
const zeroText = (of: AnyType): string =>
  'read' in of ? '0n' : of.type === 'bool' ? 'false' : '0';

function edgeText(columns: Schema): string {
  const getters = Object.entries(columns).map(
    ([name, of], k) => `get [${quote(name)}]() { return ${valueAt(of, 'e', k, 'this.at', name)}; }`,
  );
  return `
class EdgeValue { at = 0; ${getters.join(' ')} }
class Edge {
  value = new EdgeValue();
  get target() { return targets[this.value.at]; }
}
const DONE = { done: true, value: undefined };
const outEdgesOf = {
  [Symbol.iterator]() {
    const own = changed === true ? host.mutations.edgesOf(i) : undefined;
    if (own !== undefined) return own[Symbol.iterator]();
    if (offsets === undefined) host.need("edges");
    const edge = new Edge(), result = { done: false, value: edge }, end = offsets[i + 1] - first;
    let at = offsets[i] - first;
    return { next() { if (at >= end) return DONE; edge.value.at = at++; return result; } };
  },
};`;
}

/** Besides columns. */
const CURSOR_ARRAYS = 'awake degrees inDegrees outValues outFlags inValues inFlags'.split(' ');

function cursorText(spec: ProgramSpec, plan: MessagePlan): string {
  const state = Object.entries(spec.state).map(
    ([name, of], k) => `
  get [${quote(name)}]() { return ${valueAt(of, 'this.#s', k, 'this.#i', name)}; }
  set [${quote(name)}](x) { ${setter(of, k, name)} }`,
  );
  const vertex = Object.entries(spec.vertex ?? {}).map(
    ([name, of], k) => `
  get [${quote(name)}]() { return ${valueAt(of, 'this.#p', k, 'this.#i', name)}; }`,
  );
  const arrays = [
    ...arraysOf('s', spec.state),
    ...arraysOf('p', spec.vertex ?? {}),
    ...CURSOR_ARRAYS,
  ];
  return `
// What is rare is not in the cursor: the compiler inlines so much text and no more.
function refuseState(name, x) { host.refuse("state", name, types[name], x); }
function degreeOf(i) {
  const own = host.mutations.edgesOf(i);
  return own === undefined ? degrees[i] : own.length;
}
class Vertex {
  #i = 0;
  ${arrays.map(name => `#${name} = ${name};`).join(' ')}
  get id() { return base + this.#i; }
  get outDegree() { return changed === true ? degreeOf(this.#i) : this.#degrees[this.#i]; }
  get inDegree() { if (inDegrees === undefined) host.need("in"); return this.#inDegrees[this.#i]; }
  get outEdges() { return outEdgesOf; }
  voteToHalt() { this.#awake[this.#i] = 0; }
  addEdge(target, value) { changed = true; host.mutations.addEdge(this.#i, target, value); }
  removeEdges(target) { changed = true; host.mutations.removeEdges(this.#i, target); }
  remove() { host.mutations.remove(this.#i); }
  ${sendersText(plan)}${state.join('')}${vertex.join('')}
  static init(from, to) {
    const v = new Vertex();
    for (i = from; i < to; i++) {
      v.#i = i;
      const r = program.init(v, ctx);
      if (r !== undefined) host.returned("init", r);
    }
  }
  // Code goes when a shape goes that it was made for, and shapes go with the last object of them. Its arrays are empty ones of the same
  // kinds: those that were bound may be detached by now.
  static kept;
  static keep() {
    const none = array => array && new array.constructor(0);
    ${arrays.map(name => `${name} = none(${name});`).join(' ')}
    Vertex.kept = new Vertex();
  }
  ${runText(plan)}
}
// A column that is not declared is refused, not lost: whatever the cursor does not have is asked for here.
Object.setPrototypeOf(Vertex.prototype, new Proxy(Object.prototype, {
  set(_, name) { host.notDeclared(String(name)); },
}));`;
}

function runText(plan: MessagePlan): string {
  // As a number: what the compiler does not know to be one, it puts on the heap for every vertex.
  const isNumber = plan.kind === 'folded' && plan.of.type !== 'bool' && !('read' in plan.of);
  return `static run(from, to) {
    const v = new Vertex();
    // Locals stay in registers; what the vertex reads and writes cannot.
    const isAwake = awake, has = got, arrived = inbox, none = ${isNumber ? '+identity' : 'identity'};
    let ran = 0;
    for (let at = from; at < to; at++) {
      if (isAwake[at] === 0) {
        if (has[at] === 0) continue;
        isAwake[at] = 1;
      }
      ran++;
      v.#i = i = at;
      const r = program.compute(v, ${receivedText(plan)}, ctx);
      if (r !== undefined) host.returned("compute", r);
    }
    return ran;
  }`;
}

function sendersText(plan: MessagePlan): string {
  if (plan.kind !== 'folded') {
    return `sendToOut(m) { host.sendAll(this.#i, m, "out"); }
  sendToIn(m) { host.sendAll(this.#i, m, "in"); }
  sendTo(target, m) { host.sendTo(target, m); }`;
  }
  const { of } = plan;
  const put = (way: 'out' | 'in'): string => {
    const [values, flags] = [`this.#${way}Values`, `this.#${way}Flags`];
    return `
    ${checkText(of)}
    if (${flags}[this.#i] === 0) { ${flags}[this.#i] = 1; ${stored(of, values, 'this.#i', 'm')} }
    else again(${way}Values, this.#i, m);`;
  };
  return `sendToOut(m) {
    if (changed === true && sentAlongOwn(this.#i, m)) return;${put('out')}
  }
  sendToIn(m) {
    if (inDegrees === undefined) host.need("in");${put('in')}
  }
  sendTo(target, m) { ${checkText(of)} host.sendTo(target, m); }`;
}

/** A double that is not a number would make every sum that it meets one, too. */
function checkText(of: AnyType): string {
  const bad = of.type === 'float64' ? `${misfit(of, 'm')} || m !== m` : misfit(of, 'm');
  return `if (${bad}) refuseMessage(m);`;
}

/** What is rare of sending: to be refused, to have edges of one's own, to send again. */
function sendingText(plan: MessagePlan): string {
  if (plan.kind !== 'folded') return '';
  const { of } = plan;
  return `
function refuseMessage(m) { host.refuse("message", "", types[" message"], m); }
function sentAlongOwn(i, m) {
  if (host.mutations.edgesOf(i) === undefined) return false;
  ${checkText(of)}
  host.sendAll(i, m, "out");
  return true;
}
function again(values, i, m) {
  const both = merge(${numberAt(of, 'values', 'i', 'message')}, m);
  ${storedSafe(of, 'values', 'i', 'both')}
}`;
}

function aggregateText(aggregates: NonNullable<ProgramSpec['aggregates']>): string[] {
  const entries = Object.entries(aggregates);
  const each = entries.map(([name, { type, combine }], k) => {
    const bad = isDirect(type) ? misfit(type, 'x') : `!host.fits(x, types[${quote(` ${name}`)}])`;
    const merge =
      combine.combiner === 'sum' && type.type === 'float64'
        ? `a${k} + x`
        : `merges[${k}](a${k}, x)`;
    return `case ${quote(name)}: if (${bad}) host.refuse("aggregate", name, types[${quote(` ${name}`)}], x); a${k} = ${merge}; a${k}n = true; return;`;
  });
  const list = entries.map((_, k) => `a${k}, a${k}n`).join(', ');
  return [
    list === '' ? '' : `var ${list};`,
    `function aggregate(name, x) { switch (name) { ${each.join('\n')} default: host.noAggregate(name); } }`,
    `function forget() { ${entries.map((_, k) => `a${k} = identities[${k}]; a${k}n = false;`).join(' ')} }`,
    `function aggregated() { const all = Object.create(null); ${entries.map(([name], k) => `if (a${k}n) all[${quote(name)}] = a${k};`).join(' ')} return all; }`,
  ];
}

/** A message that has arrived. An edge may have made NaN of it. */
function arrivedText({ of, along }: MessagePlan & { kind: 'folded' }): string {
  const value = numberAt(of, 'arrived', 'at', 'message');
  if (of.type !== 'float64' || along === undefined) return value;
  return `arrived[at] === arrived[at] ? arrived[at] : host.refuse("message", "", types[" message"], NaN)`;
}

/** What a vertex is given. */
function receivedText(plan: MessagePlan): string {
  if (plan.kind === 'rows') return 'host.messages(at)';
  if (plan.kind !== 'folded') return 'undefined';
  return plan.filled ? arrivedText(plan) : `has[at] === 0 ? none : ${arrivedText(plan)}`;
}

function loopText(spec: ProgramSpec): string {
  return `
const ctx = {
  superstep: 0, vertexCount: 0, edgeCount: 0, directed: true, params: {}, aggregates: {}, aggregate, count: undefined,
  addVertex(id) { host.mutations.addVertex(id); },
};
return {
  ctx,
  index() { return i; },
  bind(b) {
    ({ base, awake, got, inbox, degrees, inDegrees } = b);
    if (b.edges === undefined) offsets = targets = undefined;
    else ({ offsets, first, targets } = b.edges);
    if (b.out !== undefined) { outValues = b.out.values; outFlags = b.out.flags; }
    if (b.in !== undefined) { inValues = b.in.values; inFlags = b.in.flags; }
    ${bound('s', spec.state, 'b.state')}
    ${bound('p', spec.vertex ?? {}, 'b.vertex')}
    if (b.edges !== undefined) { ${bound('e', spec.edge ?? {}, 'b.edges.values')} }
  },
  start(task) {
    host = task.host;
    ctx.params = task.params;
    ctx.count = task.count;
    changed = false;
    forget();
  },
  init: Vertex.init,
  run: Vertex.run,
  aggregates: aggregated,
  end() {
    if (Vertex.kept === undefined) Vertex.keep();
    host = ctx.count = awake = got = inbox = degrees = inDegrees = offsets = targets = undefined;
    outValues = outFlags = inValues = inFlags = undefined;
    ${[...unbound('s', spec.state), ...unbound('p', spec.vertex ?? {}), ...unbound('e', spec.edge ?? {})].join(' ')}
  },
};`;
}
