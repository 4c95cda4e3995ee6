import test from 'ava';
import { describe } from '../define/describe.ts';
import { edges, graph, simple } from '../define/graph.ts';
import { oneOf } from '../define/params.ts';
import { bool, int32, utf8, vertexId } from '../define/schema.ts';
import { rows } from '../define/table.ts';
import { UsageError } from '../errors.ts';
import { collect } from '../testing.ts';
import { vertexProgram } from './define.ts';
import { graphJob } from './graph-job.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- mistakes that TypeScript would not let through.
type Any = any;

const degree = vertexProgram({
  name: 'degree',
  state: { degree: int32, directed: bool },
  init(v, { directed }) {
    v.degree = v.outDegree;
    v.directed = directed;
  },
  compute: v => v.voteToHalt(),
});
const degrees = graphJob({
  name: 'degrees',
  params: { of: oneOf('given', 'simple'), least: 0 },
  output: { degree: int32, directed: bool },
  plan(given, { of, least }) {
    if (least > 0) throw new UsageError('PARAM_INVALID', 'least is above 0');
    return degree(of === 'simple' ? simple(given) : given);
  },
});

const links = graph(
  rows(
    [
      { source: 'a', target: 'b' },
      { source: 'b', target: 'a' },
      { source: 'a', target: 'b' },
      { source: 'b', target: 'b' },
      { source: 'c', target: 'a' },
    ],
    { source: utf8, target: utf8 },
  ),
);
const outOf = (table: Any) => collect(table).map(({ vertex, degree: d }: Any) => `${vertex} ${d}`);

test('a job over a graph is called, described and run as a vertex program is', t => {
  t.deepEqual(outOf(degrees(links)), ['a 2', 'b 2', 'c 1']);
  t.deepEqual(outOf(degrees(links, { of: 'simple' })), ['a 2', 'b 1', 'c 1']);
  t.deepEqual(describe(degrees), {
    name: 'degrees',
    kind: 'vertexProgram',
    inputs: { edges: { source: 'id', target: 'id' } },
    params: [
      { name: 'of', type: 'one of given, simple', choices: ['given', 'simple'], default: 'given' },
      { name: 'least', type: 'number', default: 0 },
    ],
    outputs: { output: { vertex: 'id', degree: 'int32', directed: 'bool' } },
  });
  t.throws(() => degrees(links, { least: 1 }), { code: 'PARAM_INVALID' });
  t.throws(() => (degrees as Any)(links, { leest: 1 }), { code: 'PARAM_UNKNOWN' });
  t.throws(() => (degrees as Any)(rows([], edges)), {
    code: 'USAGE',
    message: /degrees takes a graph/,
  });
});

test('a simple graph is the same graph', t => {
  const once = simple(links);
  t.is(simple(once), once);
  t.not(once, links);
  t.deepEqual(
    collect(degree(once)).map(row => row.directed),
    [false, false, false],
  );
});

const made = (name: string, plan: Any, output: Any = { degree: int32, directed: bool }) =>
  graphJob({ name, output, plan })(links);

test('what a plan gives is held against what was promised', t => {
  t.throws(() => made('nothing', () => undefined), {
    code: 'USAGE',
    message: 'nothing: plan gave undefined, not a table',
  });
  t.throws(() => made('less', degree, { degree: int32, directed: bool, label: vertexId }), {
    code: 'COLUMN_MISSING',
    message: "less: plan: no column 'label' (utf8)",
  });
  t.throws(() => made('more', degree, { degree: int32 }), {
    code: 'COLUMN_MISSING',
    message: "more: plan gave a column 'directed' beside its output",
  });
  t.throws(() => made('none', 'degree'), { code: 'DEFINITION_INVALID' });
});
