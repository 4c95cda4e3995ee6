import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { cdlp, pagerank, sssp } from '../check/examples/pregel.ts';
import { any, min, sum } from '../define/combine.ts';
import { edges, graph } from '../define/graph.ts';
import { bigint64, bool, float64, int32, int64, list, utf8, vertexId } from '../define/schema.ts';
import { nullable } from '../define/schema.ts';
import { rows } from '../define/table.ts';
import { plus, vertexProgram } from '../pregel/define.ts';
import { collect } from '../testing.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- mistakes that TypeScript would not let through.
type Any = any;

// LDBC Graphalytics' example and validation graphs, where they are there.
const folder = new URL('../../../../shared/data/graphalytics/graphs/', import.meta.url);
const there = existsSync(folder);
const lines = (file: string): string[][] =>
  readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(l => l.trim().split(/\s+/));

function ldbc(name: string) {
  const properties = Object.fromEntries(
    lines(`${name}.properties`)
      .filter(l => l.includes('='))
      .map(([k, , v]) => [k!.split('.').slice(2).join('.'), v]),
  ) as { readonly [key: string]: string };
  const directed = properties['directed'] === 'true';
  const arcs = lines(`${name}.e`).map(([s, t, w]) => ({
    source: BigInt(s!),
    target: BigInt(t!),
    weight: Number(w ?? 1),
  }));
  const ids = lines(`${name}.v`).map(([v]) => ({ vertex: BigInt(v!) }));
  const vertices = rows(ids, { vertex: bigint64 });
  const columns = { source: bigint64, target: bigint64, weight: float64 };
  return { properties, directed, graph: graph(rows(arcs, columns), { directed, vertices }) };
}

const PROGRAMS = {
  PR: ({ graph: g, properties: p }: ReturnType<typeof ldbc>) =>
    pagerank(g, {
      damping: Number(p['pr.damping-factor']),
      iterations: Number(p['pr.num-iterations']),
    }),
  SSSP: ({ graph: g, properties: p }) => sssp(g, { source: p['sssp.source-vertex']! }),
  CDLP: ({ graph: g, properties: p, directed }) =>
    cdlp(g, { iterations: Number(p['cdlp.max-iterations']), directed }),
} as const satisfies { [algorithm: string]: (of: ReturnType<typeof ldbc>) => Any };

for (const algorithm of ['PR', 'SSSP', 'CDLP'] as const) {
  for (const kind of ['example', `test-${algorithm.toLowerCase()}`]) {
    for (const name of [`${kind}-directed`, `${kind}-undirected`]) {
      (there ? test : test.skip)(`LDBC ${algorithm} on ${name}`, t => {
        const got: { vertex: bigint }[] = collect(PROGRAMS[algorithm](ldbc(name)) as Any) as Any;
        const expected = new Map(lines(`${name}-${algorithm}`).map(([v, x]) => [BigInt(v!), x!]));
        t.is(got.length, expected.size);
        for (const { vertex, ...values } of got) {
          const [is] = Object.values(values) as [number | bigint];
          const want = expected.get(vertex)!;
          if (algorithm === 'CDLP') t.is(is, BigInt(want));
          else if (want === 'infinity') t.is(is, Infinity);
          else t.true(Math.abs(Number(want) - Number(is)) <= 1e-4 * Number(want), `${vertex}`);
        }
      });
    }
  }
}

const arcs = (...pairs: [string, string][]) =>
  rows(
    pairs.map(([source, target]) => ({ source, target })),
    { source: utf8, target: utf8 },
  );
const ring = graph(arcs(['b', 'a'], ['a', 'c'], ['c', 'b']));

test('order of calls, sleeping vertices, aggregates, messages in order of the sender', t => {
  const log: string[] = [];
  const traced = vertexProgram({
    name: 'traced',
    params: { from: vertexId },
    state: { seen: int32, last: nullable(vertexId) },
    message: utf8,
    aggregates: {
      sent: { type: int64, combine: sum, persistent: true },
      awake: { type: int64, combine: sum },
    },
    init(v) {
      v.last = null;
      v.seen = 0;
    },
    master(ctx) {
      log.push(`master ${ctx.superstep}: ${ctx.aggregates.awake} ${ctx.aggregates.sent}`);
    },
    compute(v, messages, ctx) {
      log.push(`${ctx.superstep}.${v.id}: ${[...messages].join('')}`);
      v.seen += messages.length;
      ctx.aggregate('awake', 1);
      if (ctx.superstep === 0) {
        v.last = v.id;
        v.sendTo(ctx.params.from, `x${v.id}`);
        ctx.aggregate('sent', 1);
      }
      v.voteToHalt();
    },
  });
  const out = collect(traced(ring, { from: 'b' }));
  t.deepEqual(out, [
    { vertex: 'a', seen: 0, last: 'a' },
    { vertex: 'b', seen: 3, last: 'b' },
    { vertex: 'c', seen: 0, last: 'c' },
  ]);
  const first = ['master 0: 0 0', '0.0: ', '0.1: ', '0.2: ', 'master 1: 3 3', '1.1: x0x1x2'];
  t.deepEqual(log, [...first, 'master 2: 1 3']);
  t.throws(() => collect(traced(ring, { from: 'z' })), {
    code: 'PARAM_INVALID',
    message: /'from': "z" is not a vertex of the graph/,
  });
});

const programOf = (name: string, changes: object) =>
  (vertexProgram as Any)({ name, state: {}, compute() {}, maxSupersteps: 9, ...changes });
const spin = (name: string, changes: object) => collect(programOf(name, changes)(ring));
const weighted = graph(
  rows(
    [
      { source: 'a', target: 'b', weight: 1 },
      { source: 'b', target: 'a', weight: Infinity },
    ],
    { source: utf8, target: utf8, weight: float64 },
  ),
);

test('ends: master, or a limit that says how many are awake', t => {
  t.is(
    spin('halts', { master: (ctx: Any) => (ctx.superstep === 3 ? ctx.halt() : undefined) }).length,
    3,
  );
  t.throws(() => spin('for-ever', { maxSupersteps: 5 }), {
    code: 'SUPERSTEPS',
    message: 'for-ever has not ended within its maxSupersteps, 5: 3 vertices active',
  });
});

test('mistakes in JavaScript', t => {
  const make = (name: string, changes: object) => {
    const program = (vertexProgram as Any)({
      name,
      state: { x: int32 },
      init: (v: Any) => void (v.x = 0),
      compute: (v: Any) => v.voteToHalt(),
      ...changes,
    });
    return () => collect(program(ring));
  };
  let kept: Any;
  make('keeps', { compute: (v: Any) => (kept = v).voteToHalt() })();
  t.throws(() => kept.x, { code: 'CURSOR_KEPT' });
  t.throws(make('async', { compute: () => Promise.resolve() }), { code: 'ASYNC_FUNCTION' });
  t.throws(make('state', { compute: (v: Any) => void (v.x = 'y') }), {
    code: 'TYPE_MISMATCH',
    message:
      'state: compute failed at vertex "a", superstep 0: state: column \'x\' is int32, got "y"',
  });
  t.throws(make('sends', { compute: (v: Any) => v.sendToOut(1) }), {
    message: /declares no message/,
  });
  t.throws(make('in-init', { message: int32, init: (v: Any) => v.sendToOut(1) }), {
    message: /init may not send/,
  });
  t.throws(make('text', { message: int32, compute: (v: Any) => v.sendToOut('1') }), {
    code: 'TYPE_MISMATCH',
  });
  t.throws(make('adds', { init: (v: Any) => v.remove() }), {
    code: 'USAGE',
    message: 'adds: init may not change the graph',
  });
  t.throws(() => (vertexProgram as Any)({ name: 'id', state: { id: int32 }, compute() {} }), {
    code: 'COLUMN_NAME',
  });
  t.throws(
    () =>
      (vertexProgram as Any)({
        name: 'flags',
        state: {},
        aggregates: { on: { type: bool, combine: sum } },
        compute() {},
      }),
    { message: /aggregate 'on' is bool, which has no sum/ },
  );
  t.throws(() => sssp(graph(rows([], edges)) as Any, { source: 1 }), {
    code: 'COLUMN_MISSING',
    message: /sssp: edges: no column 'weight'/,
  });
  t.throws(() => (cdlp as Any)(rows([], edges)), { code: 'USAGE', message: /cdlp takes a graph/ });
});

const fails = (name: string, changes: object) => () => collect(programOf(name, changes)(ring));

test('state begins with null, or the zero of its type', t => {
  const begins = vertexProgram({
    name: 'begins',
    state: {
      of: bool,
      int: int32,
      far: nullable(float64),
      big: bigint64,
      text: utf8,
      some: list(int32),
      first: vertexId,
    },
    compute: v => v.voteToHalt(),
  });
  const [row] = collect(begins(ring));
  const zeros = { of: false, int: 0, far: null, big: 0n, text: '', some: [], first: 'a' };
  t.deepEqual(row, { vertex: 'a', ...zeros });
});

test('what a program throws says at which vertex, and when', t => {
  t.throws(
    fails('late', {
      compute(v: Any, _: Any, { superstep }: Any) {
        if (superstep === 2 && v.id === 1) throw new RangeError('no such road');
      },
    }),
    {
      code: 'TASK_FAILED',
      message: 'late: compute failed at vertex "b", superstep 2: no such road',
    },
  );
  t.throws(
    fails('early', {
      init(v: Any) {
        throw v.id;
      },
    }),
    { code: 'TASK_FAILED', message: 'early: init failed at vertex "a", superstep 0: 0' },
  );
  t.throws(
    fails('above', {
      master() {
        throw new Error('enough');
      },
    }),
    { code: 'TASK_FAILED', message: 'above: master failed in superstep 0: enough' },
  );
});

const sends = (name: string, changes: object) => () =>
  collect(programOf(name, { message: float64, combine: min, ...changes })(weighted));
const later =
  (send: (v: Any) => void) =>
  (v: Any, _: Any, { superstep }: Any) => {
    if (superstep === 1 && v.id === 1) send(v);
  };

test('NaN is no message, also where an edge makes it, or a column of a record', t => {
  const at = 'compute failed at vertex "b", superstep 1: a message';
  const code = 'MESSAGE_NAN';
  t.throws(sends('to', { compute: later(v => v.sendTo(0, 0 / 0)) }), {
    code,
    message: `to: ${at} is NaN`,
  });
  t.throws(
    sends('along', {
      edge: { weight: float64 },
      along: plus('weight'),
      compute: later(v => v.sendToOut(-Infinity)),
    }),
    { code, message: `along: ${at} is NaN` },
  );
  t.throws(
    sends('records', {
      message: { from: vertexId, sum: float64 },
      combine: undefined,
      compute: later(v => v.sendToIn({ from: v.id, sum: Number.NaN })),
    }),
    { code, message: `records: ${at}'s sum is NaN` },
  );
});

test('loops, repeated edges, edges without vertices, undirected edges', t => {
  const degrees = vertexProgram({
    name: 'degrees',
    vertex: { name: nullable(utf8) },
    state: { degrees: utf8, any: bool },
    aggregates: { any: { type: bool, combine: any } },
    compute(v, _, { edgeCount }) {
      v.degrees = `${v.outDegree} ${v.inDegree} of ${edgeCount} ${v.name}`;
      v.any = true;
      v.voteToHalt();
    },
  });
  const vertices = rows(
    [
      { vertex: 'a', name: 'A' },
      { vertex: 'z', name: null },
    ],
    {
      vertex: utf8,
      name: nullable(utf8),
    },
  );
  const table = arcs(['a', 'a'], ['a', 'z'], ['z', 'a'], ['a', 'z'], ['a', 'q']);
  const out = (flags: object) =>
    collect(degrees(graph(table, { vertices, ...flags }))).map(r => `${r.vertex} ${r.degrees}`);
  t.throws(() => out({}), { code: 'EDGE_DANGLING', message: /the edge a → q has an end, q, that/ });
  t.deepEqual(out({ danglingEdges: 'drop' }), ['a 3 2 of 4 A', 'z 1 2 of 4 null']);
  t.deepEqual(out({ danglingEdges: 'add', selfLoops: 'drop', duplicateEdges: 'drop' }), [
    'a 2 1 of 3 A',
    'q 0 1 of 3 null',
    'z 1 1 of 3 null',
  ]);
  t.deepEqual(out({ danglingEdges: 'drop', directed: false, duplicateEdges: 'drop' }), [
    'a 2 2 of 2 A',
    'z 1 1 of 2 null',
  ]);
  const twice = rows([{ vertex: 'a' }, { vertex: 'a' }], { vertex: utf8 });
  t.throws(() => collect(cdlp(graph(table, { vertices: twice }))), { code: 'VERTEX_TWICE' });
});
