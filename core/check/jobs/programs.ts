/** Vertex programs for properties: every way a message can travel, every kind of state, everything a cursor can do. Values are such that doubles add up
 *  exactly, so that any bracket gives what the definition gives. */
import {
  all,
  any,
  bigint64,
  bool,
  combiner,
  float64,
  int32,
  int64,
  least,
  list,
  max,
  min,
  nullable,
  plus,
  sum,
  times,
  utf8,
  vertexId,
  vertexProgram,
} from '../../index.ts';

const STEPS = 4;

/** A sum of doubles that never halts by itself; an aggregate; a master. */
export const sums = vertexProgram({
  name: 'sums',
  params: { steps: STEPS },
  state: { total: float64, seen: int32 },
  message: float64,
  combine: sum,
  aggregates: { sent: { type: float64, combine: sum }, most: { type: int64, combine: max } },
  init(v) {
    v.total = (v.id % 16) + 0.25;
  },
  compute(v, received, ctx) {
    if (ctx.superstep > 0) {
      v.total = (received % 64) + (ctx.aggregates.sent % 32) + (v.inDegree % 4);
      v.seen += ctx.aggregates.most === -Infinity ? 0 : ctx.aggregates.most;
    }
    v.sendToOut(v.total);
    ctx.aggregate('sent', v.total);
    ctx.aggregate('most', v.outDegree);
    ctx.count('calls');
  },
  master(ctx) {
    if (ctx.superstep > ctx.params.steps) ctx.halt();
  },
});

/** Sums of thirds and sevenths, along weights and against edges, of which some send: in another order they have other bits. */
export const thirds = vertexProgram({
  name: 'thirds',
  edge: { weight: float64 },
  state: { value: float64 },
  message: float64,
  combine: sum,
  along: times('weight'),
  init(v) {
    v.value = 1 / (3 + (v.id % 7));
  },
  compute(v, received, { superstep }) {
    if (superstep > 0) v.value = v.value / 3 + received / 7;
    if (superstep === STEPS) return v.voteToHalt();
    if ((v.id + superstep) % 5 < 3) v.sendToOut(v.value);
    if ((v.id + superstep) % 4 === 0) v.sendToIn(v.value / 11);
  },
});

/** Shortest paths: few senders; halts and wakes. */
export const paths = vertexProgram({
  name: 'paths',
  params: { source: vertexId },
  edge: { weight: float64 },
  state: { distance: float64, parentCount: int32 },
  message: float64,
  combine: min,
  along: plus('weight'),
  init(v) {
    v.distance = Infinity;
  },
  compute(v, nearest, ctx) {
    const distance = ctx.superstep === 0 && v.id === ctx.params.source ? 0 : nearest;
    if (distance < v.distance) {
      v.distance = distance;
      v.parentCount++;
      v.sendToOut(distance);
    }
    v.voteToHalt();
  },
});

/** Against edges as well as along them; messages that are vertices. */
export const components = vertexProgram({
  name: 'components',
  state: { component: vertexId, first: nullable(vertexId) },
  message: vertexId,
  combine: min,
  init(v) {
    v.component = v.id;
    v.first = null;
  },
  compute(v, smallest, ctx) {
    if (ctx.superstep > 0 && smallest < v.component) {
      v.component = smallest;
      v.first ??= smallest;
    } else if (ctx.superstep > 0) return v.voteToHalt();
    v.sendToOut(v.component);
    v.sendToIn(v.component);
    v.voteToHalt();
  },
});

/** All messages, in order. */
export const letters = vertexProgram({
  name: 'letters',
  params: { steps: 2 },
  vertex: { name: nullable(utf8) },
  edge: { label: utf8 },
  state: { heard: utf8, edges: list(utf8) },
  message: { from: vertexId, text: utf8 },
  init(v) {
    v.heard = `${v.name}`;
    v.edges = [];
  },
  compute(v, messages, ctx) {
    for (const { from, text } of messages) v.heard += ` ${from}:${text}`;
    const edges: string[] = [];
    // One object, moved: it cannot be collected.
    for (const { target, value } of v.outEdges) edges.push(`${target}${value.label}`);
    v.edges = edges;
    if (ctx.superstep > ctx.params.steps) return v.voteToHalt();
    v.sendToOut({ from: v.id, text: `s${ctx.superstep}é` });
    for (const { target, value } of v.outEdges) {
      if (value.label > 'm') v.sendTo(target, { from: v.id, text: value.label });
    }
    v.sendToIn({ from: v.id, text: '<' });
  },
});

/** A combiner of its own, over doubles; weights that are integers. */
export const products = vertexProgram({
  name: 'products',
  params: { steps: STEPS },
  edge: { count: int64 },
  state: { value: float64 },
  message: float64,
  combine: combiner(1, (a, b) => (a * b) % 1021),
  along: least('count'),
  init(v) {
    v.value = v.id % 8;
  },
  compute(v, received, ctx) {
    if (ctx.superstep > 0) v.value = received;
    if (ctx.superstep >= ctx.params.steps || v.value % 3 === 1) return v.voteToHalt();
    v.sendToOut(v.value % 32);
  },
});

/** One's own combiner over integers, to single targets. */
export const ring = vertexProgram({
  name: 'ring',
  state: { value: int32 },
  message: int32,
  combine: combiner(-1, (a, b) => Math.max(a, b)),
  compute(v, received, ctx) {
    v.value = received + v.value;
    if (ctx.superstep < 3) {
      v.sendTo(((v.id + 1) % ctx.vertexCount) as typeof v.id, v.id % 100);
      v.sendTo(v.id, ctx.superstep);
      if (v.id % 2 === 0) v.sendToOut(7);
    }
    v.voteToHalt();
  },
});

/** 64 bits, exact; a message twice from one vertex. */
export const wide = vertexProgram({
  name: 'wide',
  edge: { count: bigint64 },
  state: { value: bigint64, plain: int64, flag: bool, none: nullable(int32) },
  message: bigint64,
  combine: sum,
  along: times('count'),
  init(v) {
    v.value = 2n ** 40n + BigInt(v.id);
  },
  compute(v, received, ctx) {
    if (ctx.superstep > 0) {
      v.value = received;
      v.plain = Number(received % 1_000_003n);
      v.flag = received > 0n;
      if (v.flag) v.none = v.plain % 7;
    }
    if (ctx.superstep < 2) {
      v.sendToOut((v.value % 1000n) + 2n ** 33n);
      v.sendToOut(1n);
    }
    v.voteToHalt();
  },
});

/** Flags; an aggregate that stays; a master that sets one. */
export const flags = vertexProgram({
  name: 'flags',
  state: { on: bool, told: int32 },
  message: bool,
  combine: all,
  aggregates: {
    any: { type: bool, combine: any },
    calls: { type: int64, combine: sum, persistent: true },
    told: { type: int32, combine: max },
  },
  init(v) {
    v.on = v.id % 3 !== 0;
  },
  compute(v, received, ctx) {
    if (ctx.superstep > 0) v.on = received === true && v.on;
    v.told = ctx.aggregates.told === -Infinity ? -1 : ctx.aggregates.told;
    ctx.aggregate('any', v.on);
    ctx.aggregate('calls', 1);
    if (ctx.superstep < 3) v.sendToOut(v.on);
    else v.voteToHalt();
  },
  master(ctx) {
    if (ctx.superstep === 2) ctx.aggregates.told = ctx.aggregates.any ? 5 : 6;
    if (ctx.aggregates.calls > 200) ctx.halt();
  },
});

/** Keeps what it is given; one vertex of three sends. */
function keep(
  v: { readonly id: number; given: number; voteToHalt(): void; sendToOut(m: number): void },
  received: number,
  { superstep }: { readonly superstep: number },
): undefined {
  v.given = received;
  if (superstep === 3) v.voteToHalt();
  else if (v.id % 3 === 0) v.sendToOut(v.id % 5);
}

/** What a vertex is given that nobody has written to, awake or among sleepers: what its combiner begins with, not what a kernel does. */
export const givenInt = vertexProgram({
  name: 'given-int',
  state: { given: float64 },
  message: int32,
  combine: min,
  compute: keep,
});
export const givenDouble = vertexProgram({
  name: 'given-double',
  state: { given: float64 },
  message: float64,
  combine: max,
  compute(v, received, ctx) {
    keep(v, received, ctx);
    if (v.id % 7 === 0) v.voteToHalt();
  },
});
/** NaN begins, which is no message, along weights. */
export const givenOwn = vertexProgram({
  name: 'given-own',
  edge: { weight: float64 },
  state: { given: float64 },
  message: float64,
  combine: combiner(Number.NaN, (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : a + b)),
  along: times('weight'),
  compute: keep,
});

/** A combiner over text: combined when it has arrived. */
export const names = vertexProgram({
  name: 'names',
  vertex: { name: nullable(utf8) },
  state: { least: utf8 },
  message: utf8,
  combine: min,
  init(v) {
    v.least = v.name ?? 'zz';
  },
  compute(v, received, ctx) {
    if (ctx.superstep === 0) v.sendToOut(v.least);
    else if (received < v.least) {
      v.least = received;
      v.sendToOut(received);
    }
    v.voteToHalt();
  },
});

/** No messages; halted before it begins. */
export const nothing = vertexProgram({
  name: 'nothing',
  state: { degree: int32, self: vertexId },
  init(v) {
    v.degree = v.outDegree;
    v.self = v.id;
  },
  compute: v => v.voteToHalt(),
  master: ctx => ctx.halt(),
});

/** What a script of changes says: who, when, what, with which argument. */
interface Scripted {
  readonly script: readonly number[];
  readonly text: boolean;
}
interface Changing {
  readonly id: number;
  addEdge(target: never, value: never): undefined;
  removeEdges(target: never): undefined;
  remove(): undefined;
}
function act(
  v: Changing,
  superstep: number,
  { script, text }: Scripted,
  addVertex: (id: number | string) => undefined,
): undefined {
  for (let i = 0; i + 3 < script.length; i += 4) {
    const [when, who, what, argument] = script.slice(i, i + 4) as [number, number, number, number];
    if (when !== superstep || who !== v.id) continue;
    const value = { weight: argument / 4, count: argument, label: `+${argument}` };
    if (what === 0) v.addEdge(argument as never, value as never);
    else if (what === 1) v.removeEdges(argument as never);
    else if (what === 2) v.remove();
    else addVertex(text ? `new${argument}` : argument * 13 + 1);
  }
}
const SCRIPT = { script: list(int32), text: false };

/** Changes its graph, and says what it sees of it; messages that are rows. */
export const changes = vertexProgram({
  name: 'changes',
  params: SCRIPT,
  edge: { weight: float64, count: int64, label: utf8 },
  state: { seen: utf8, born: int32 },
  message: int32,
  init(v, ctx) {
    v.born = ctx.superstep;
    v.seen = '';
  },
  compute(v, messages, ctx) {
    act(v as Changing, ctx.superstep, ctx.params, id => ctx.addVertex(id));
    let edges = '';
    for (const { target, value } of v.outEdges) {
      edges += ` ${target}${value.label}${value.count}`;
    }
    v.seen += `${ctx.superstep}:${[...messages].join()} ${v.outDegree}>${edges} <${v.inDegree} of ${ctx.vertexCount}/${ctx.edgeCount};`;
    if (ctx.superstep > 4) return v.voteToHalt();
    v.sendToOut(v.id % 100);
    v.sendToIn(-(v.id % 100));
  },
});

/** The same with messages that are folded. */
export const changesFolded = vertexProgram({
  name: 'changes-folded',
  params: SCRIPT,
  edge: { weight: float64, count: int64, label: utf8 },
  state: { total: float64, born: int32, into: int32 },
  message: float64,
  combine: sum,
  along: plus('weight'),
  init(v, ctx) {
    v.born = ctx.superstep;
    v.total = v.id % 8;
  },
  compute(v, received, ctx) {
    act(v as Changing, ctx.superstep, ctx.params, id => ctx.addVertex(id));
    if (ctx.superstep > 0) v.total = (received % 64) + ctx.edgeCount;
    v.into += v.inDegree;
    if (ctx.superstep > 4) return v.voteToHalt();
    v.sendToOut(v.total % 16);
    v.sendToIn(1);
    v.sendTo(v.id, 0.5);
  },
});
