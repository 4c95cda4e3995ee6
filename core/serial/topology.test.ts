/** Programs that change their graph, by definition. Each step of a program is a script: at superstep, vertex, do. */
import test from 'ava';
import { min } from '../define/combine.ts';
import { graph } from '../define/graph.ts';
import { int32, int64, nullable, utf8, vertexId } from '../define/schema.ts';
import { rows } from '../define/table.ts';
import { vertexProgram } from '../pregel/define.ts';
import { collect } from '../testing.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- scripts of programs, more than one type of them.
type Any = any;
type Script = { readonly [superstepAndVertex: string]: (v: Any, ctx: Any, messages: Any) => void };

const links = (text: string, flags: object = {}, ids = '') => {
  const pairs = text.split(' ').filter(Boolean);
  const edges = rows(
    pairs.map(([source, target]) => ({ source: source!, target: target! })),
    { source: utf8, target: utf8 },
  );
  const vertices = rows(
    [...ids].map(vertex => ({ vertex })),
    { vertex: utf8 },
  );
  return graph(edges, { ...(ids !== '' && { vertices }), ...flags });
};

/** Vertices of one letter. What each vertex sees at the start of each superstep, until `last`; what comes out. */
function play(name: string, of: Any, script: Script, last = 2) {
  const log: string[] = [];
  const letters = 'abcdefgh';
  const program = (vertexProgram as Any)({
    name,
    state: { born: int32, letter: utf8 },
    message: utf8,
    init(v: Any, ctx: Any) {
      v.born = ctx.superstep;
      v.letter = '';
    },
    compute(v: Any, messages: Any, ctx: Any) {
      const at = letters[v.id] ?? `#${v.id}`;
      const out = [...v.outEdges]
        .map(({ target }: Any) => letters[target] ?? `#${target}`)
        .join('');
      log.push(
        `${ctx.superstep}${at}: ${v.outDegree}${out && ` ${out}`} < ${v.inDegree} of ${ctx.vertexCount}/${ctx.edgeCount}` +
          [...messages].map(m => ` ${m}`).join(''),
      );
      script[`${ctx.superstep}${at}`]?.(v, ctx, messages);
      if (ctx.superstep >= last) v.voteToHalt();
    },
  });
  const out = collect(program(of)).map(({ vertex, born }: Any) => `${vertex}${born}`);
  return { log, out: out.join(' ') };
}
const [a, b, c, d] = [0, 1, 2, 3];

test('own edges change at once, what others see of them after the superstep, counts one later', t => {
  const seen: string[] = [];
  const { log, out } = play('own', links('ab ac bc'), {
    '0a'(v) {
      v.removeEdges(b);
      v.addEdge(a, {});
      v.addEdge(c, {});
      seen.push(
        `${v.outDegree} ${[...v.outEdges].map(({ target }) => target).join('')} ${v.inDegree}`,
      );
      v.addEdge(b, {});
      v.removeEdges(b);
      v.sendToOut('hello');
    },
  });
  t.deepEqual(seen, ['3 022 0']);
  t.deepEqual(log, [
    '0a: 2 bc < 0 of 3/3',
    '0b: 1 c < 1 of 3/3',
    '0c: 0 < 2 of 3/3',
    '1a: 3 acc < 1 of 3/3 hello',
    '1b: 1 c < 0 of 3/3',
    '1c: 0 < 3 of 3/3 hello hello',
    '2a: 3 acc < 1 of 3/4',
    '2b: 1 c < 0 of 3/4',
    '2c: 0 < 3 of 3/4',
  ]);
  t.is(out, 'a0 b0 c0');
});

test('undirected: the other end follows; what one end adds outlives what the other removes', t => {
  const { log } = play('ends', links('ab bc', { directed: false }), {
    '0a'(v) {
      v.removeEdges(b);
      v.addEdge(c, {});
      v.addEdge(a, {});
    },
    '0b': v => v.addEdge(a, {}),
  });
  t.deepEqual(log.slice(3), [
    '1a: 3 abc < 3 of 3/2',
    '1b: 2 ac < 2 of 3/2',
    '1c: 2 ab < 2 of 3/2',
    '2a: 3 abc < 3 of 3/4',
    '2b: 2 ac < 2 of 3/4',
    '2c: 2 ab < 2 of 3/4',
  ]);
});

test('a vertex goes with its edges; what it sent arrives, what it is sent does not', t => {
  const { log, out } = play('goes', links('ab bc cb ca'), {
    '0b'(v) {
      v.remove();
      v.sendToOut('farewell');
    },
    '0c': v => v.sendToOut('welcome'),
    '1a'(v) {
      v.sendTo(b, 'lost');
      v.addEdge(b, {});
    },
  });
  t.deepEqual(log.slice(3), [
    '1a: 0 < 1 of 3/4 welcome',
    '1c: 1 a < 0 of 3/4 farewell',
    '2a: 0 < 1 of 2/1',
    '2c: 1 a < 0 of 2/1',
  ]);
  t.is(out, 'a0 c0');
});

test('vertices are added after all others, by id; one that is there is left alone; one that goes comes back new', t => {
  const { log, out } = play('adds', links('ad', {}, 'adcb'), {
    '0a'(_, ctx) {
      for (const id of ['y', 'b', 'x', 'y', 'd']) ctx.addVertex(id);
    },
    '0d': v => v.remove(),
    '1#6'(v) {
      v.addEdge(a, {});
      v.sendTo(c, 'y is here');
    },
  });
  t.deepEqual(log.slice(4), [
    '1a: 0 < 0 of 4/1',
    '1b: 0 < 0 of 4/1',
    '1c: 0 < 0 of 4/1',
    '1e: 0 < 0 of 4/1',
    '1f: 0 < 0 of 4/1',
    '1g: 0 < 0 of 4/1',
    '2a: 0 < 0 of 6/0',
    '2b: 0 < 0 of 6/0',
    '2c: 0 < 0 of 6/0',
    '2e: 0 < 0 of 6/0',
    '2f: 0 < 0 of 6/0',
    '2g: 0 < 0 of 6/0',
  ]);
  t.is(out, 'a0 b0 c0 d1 x1 y1');
});

test('changes of the last superstep are made, also when master ends the run', t => {
  const { out } = play('last', links('ab'), { '2a': v => v.remove() });
  t.is(out, 'b0');
  const halted = (vertexProgram as Any)({
    name: 'halted',
    state: { born: int32 },
    init: (v: Any, ctx: Any) => void (v.born = ctx.superstep),
    compute: (v: Any, _: Any, ctx: Any) => (v.id === a ? v.remove() : ctx.addVertex('z')),
    master: (ctx: Any) => (ctx.superstep === 1 ? ctx.halt() : undefined),
  });
  t.deepEqual(collect(halted(links('ab'))), [
    { vertex: 'b', born: 0 },
    { vertex: 'z', born: 1 },
  ]);
});

test('a vertex that was added keeps the run going, and may be added by those that were', t => {
  const grow = vertexProgram({
    name: 'grow',
    vertex: { name: nullable(utf8) },
    state: { first: vertexId, born: int32 },
    message: int64,
    combine: min,
    init(v, { superstep }) {
      v.first = v.id;
      v.born = superstep;
    },
    compute(v, _, ctx) {
      if (v.name === null && ctx.superstep < 3) ctx.addVertex(10n - BigInt(ctx.superstep));
      v.voteToHalt();
    },
  });
  const vertices = rows(
    [
      { vertex: 5, name: 'five' },
      { vertex: 7, name: null },
    ],
    { vertex: int64, name: nullable(utf8) },
  );
  const given = graph(rows([], { source: int64, target: int64 }), { vertices });
  t.deepEqual(collect(grow(given)), [
    { vertex: 5, first: 5, born: 0 },
    { vertex: 7, first: 7, born: 0 },
    { vertex: 10, first: 10, born: 1 },
    { vertex: 9, first: 9, born: 2 },
    { vertex: 8, first: 8, born: 3 },
  ]);
  t.is(collect(grow(given)).length, 5, 'the graph as given is as it was');
});

test('mistakes: what is no vertex, no id, no edge', t => {
  const fails = (name: string, script: Script, of: Any = links('ab')) =>
    t.throws(() => play(name, of, script), { code: 'TYPE_MISMATCH' })!.message;
  const at = 'compute failed at vertex "a", superstep 0:';
  t.is(fails('far', { '0a': v => v.sendTo(2, 'x') }), `far: ${at} sendTo: 2 is not a vertex`);
  t.is(
    fails('half', { '0a': v => v.addEdge(0.5, {}) }),
    `half: ${at} addEdge: 0.5 is not a vertex`,
  );
  t.is(
    fails('name', { '0a': v => v.removeEdges('b') }),
    `name: ${at} removeEdges: "b" is not a vertex`,
  );
  t.is(
    fails('bare', { '0a': v => v.addEdge(b) }),
    `bare: ${at} addEdge: a row is an object, got undefined`,
  );
  const numbers = graph(rows([{ source: 1, target: 2 }], { source: int64, target: int64 }));
  for (const [i, id] of ['x', 0.5, 2n ** 63n].entries()) {
    t.regex(
      fails(`id${i}`, { '0a': (_, ctx) => ctx.addVertex(id) }, numbers),
      /vertex 1, superstep 0: addVertex: .* is not an int64, as the ids of the graph$/,
    );
  }
  const named = vertexProgram({
    name: 'named',
    vertex: { name: utf8 },
    state: {},
    compute: (_v, _m, ctx) => ctx.addVertex(d!),
  });
  const vertices = rows([{ vertex: 1, name: 'one' }], { vertex: int64, name: utf8 });
  t.throws(() => collect(named(graph(rows([], { source: int64, target: int64 }), { vertices }))), {
    code: 'TYPE_MISMATCH',
    message:
      "named: compute failed at vertex 1, superstep 0: addVertex: a vertex that is added has no 'name', which is not nullable",
  });
});
