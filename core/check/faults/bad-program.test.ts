/** What a vertex program gets for its mistakes: which vertex, which superstep, which line, and what to do. Each as the command
 *  prints it; those that every job must have are runs of the command itself, the others of one session, which costs less. */
import ava, { type ExecutionContext } from 'ava';
import { fails, type Place, placeOf } from './command.ts';
import { oneSession } from './in-session.ts';

/** One at a time: each is a process with threads of its own. */
const test = ava.serial;
const { failsHere } = await oneSession(test);

const ARGS = ['./mine.ts', 'a.txt', '--out', 'out.csv'];
type Lines = readonly (string | RegExp)[];

/** The vertex 3 has two edges. */
const EDGES = '1 2\n2 3\n3 1\n3 3\n';

/** A program, of which a part is wrong. */
function programIn(t: ExecutionContext, parts: string, edges = EDGES): Place {
  const text = `import { float64, int32, min, plus, sum, utf8, vertexProgram } from 'superstep';
export default vertexProgram({
  name: 'mine',
${parts}
});
`;
  return placeOf(t, { 'mine.ts': text, 'a.txt': edges });
}

function commandFails(
  t: ExecutionContext,
  parts: string,
  exit: number,
  lines: Lines,
): Promise<unknown> {
  return fails(t, programIn(t, parts), ARGS, exit, lines);
}

function programFails(
  t: ExecutionContext,
  parts: string,
  exit: number,
  lines: Lines,
  edges?: string,
): Promise<void> {
  return failsHere(t, programIn(t, parts, edges), ARGS, exit, lines);
}
const TASK = '  job mine, stage mine, task 0, attempt 1';
const AT_COMPUTE = /^ {2}at Object\.compute \(.*mine\.ts:5:\d+\)$/;
const OR_DECLARE = '  Give it a value of that type, or declare it in mine as what it is.';

test('compute, init or master throws: the vertex, the superstep and the line are named', async t => {
  const at3 = 'v.outDegree === 2 && ctx.superstep === 2';
  await commandFails(
    t,
    `  state: { x: float64 },
  compute(v, _, ctx) { if (${at3}) throw new Error('boom'); },`,
    1,
    [
      'superstep: mine: compute failed at vertex 3, superstep 2: boom   [TASK_FAILED]',
      TASK,
      AT_COMPUTE,
      '  See where with --verbose',
    ],
  );
  await programFails(
    t,
    `  state: { x: float64 },
  compute() { throw undefined; },`,
    1,
    [
      'superstep: mine: compute failed at vertex 1, superstep 0: undefined   [TASK_FAILED]',
      TASK,
      '  See where with --verbose',
    ],
  );
  await programFails(
    t,
    `  state: { x: float64 }, compute() {},
  init(v) { if (v.outDegree === 2) throw new RangeError('boom'); },`,
    1,
    [
      'superstep: mine: init failed at vertex 3, superstep 0: boom   [TASK_FAILED]',
      TASK,
      /^ {2}at Object\.init \(.*mine\.ts:5:\d+\)$/,
      '  See where with --verbose',
    ],
  );
  await programFails(
    t,
    `  state: { x: float64 }, compute() {},
  master(ctx) { if (ctx.superstep === 1) throw new Error('boom'); },`,
    1,
    [
      'superstep: mine: master failed in superstep 1: boom   [TASK_FAILED]',
      '  job mine, stage mine',
      /^ {2}at Object\.master \(.*mine\.ts:5:\d+\)$/,
      '  See where with --verbose',
    ],
  );
});

test('functions that are async, or give back a promise', async t => {
  for (const [name, text] of [
    ['compute', 'async compute() {}'],
    ['compute', 'compute() { return Promise.resolve(); }'],
    ['init', 'compute() {}, init() { return Promise.resolve(); }'],
    ['master', 'compute() {}, async master() {}'],
    ['master', 'compute() {}, master() { return Promise.resolve(); }'],
  ]) {
    await programFails(t, `  state: { x: float64 }, ${text},`, 2, [
      `superstep: mine: ${name} is async, or a generator: what it does later would be lost   [ASYNC_FUNCTION]`,
      '  Make it a plain function that returns nothing. What has to be waited for comes before the run: as a parameter, or as a column of vertices or edges.',
    ]);
  }
});

test('a program that never halts: the limit is named', async t => {
  await commandFails(t, '  state: { x: float64 }, maxSupersteps: 5, compute() {},', 1, [
    'superstep: mine has not ended within its maxSupersteps, 5: 3 vertices active   [SUPERSTEPS]',
    '  job mine, stage mine',
    '  Let vertices vote to halt, halt in master, or raise maxSupersteps.',
  ]);
  await programFails(
    t,
    `  state: { x: float64 }, message: float64, combine: sum, maxSupersteps: 4,
  compute(v) { v.sendToOut(1); v.voteToHalt(); },`,
    1,
    [
      'superstep: mine has not ended within its maxSupersteps, 4: 0 vertices active and messages under way   [SUPERSTEPS]',
      '  job mine, stage mine',
      '  Let vertices vote to halt, halt in master, or raise maxSupersteps.',
    ],
  );
});

test('NaN in a message: folded, along a weight, in a record', async t => {
  const remedy = '  Look for 0 / 0, and for edge values that are NaN; send nothing instead.';
  await commandFails(
    t,
    `  state: { x: float64 }, message: float64, combine: sum,
  compute(v) { v.sendToOut(v.outDegree === 2 ? NaN : 1); v.voteToHalt(); },`,
    1,
    [
      'superstep: mine: compute failed at vertex 3, superstep 0: a message is NaN   [MESSAGE_NAN]',
      TASK,
      AT_COMPUTE,
      remedy,
    ],
  );
  await programFails(
    t,
    `  state: { x: float64 }, message: { a: float64, b: utf8 },
  compute(v) { v.sendToOut({ a: v.outDegree === 2 ? NaN : 1, b: '' }); v.voteToHalt(); },`,
    1,
    [
      "superstep: mine: compute failed at vertex 3, superstep 0: a message's a is NaN   [MESSAGE_NAN]",
      TASK,
      AT_COMPUTE,
      remedy,
    ],
  );
  // Where a weight is added it is the receiver that is named.
  await programFails(
    t,
    `  state: { x: float64 }, edge: { weight: float64 }, message: float64, combine: min, along: plus('weight'),
  compute(v, _, ctx) { if (ctx.superstep === 0) v.sendToOut(1); v.voteToHalt(); },`,
    1,
    [
      'superstep: mine: compute failed at vertex 3, superstep 1: a message is NaN   [MESSAGE_NAN]',
      TASK,
      remedy,
    ],
    '1 2 1\n1 3 5\n2 3 NaN\n',
  );
});

const WRONG: readonly (readonly [string, string, string, string])[] = [
  ['state: { x: float64 }', "v.x = 'a';", `state 'x' is float64, got "a"`, OR_DECLARE],
  ['state: { x: int32 }', 'v.x = 1.5;', "state 'x' is int32, got 1.5", OR_DECLARE],
  ['state: { x: int32 }', 'v.x = null;', "state 'x' is int32, got null", OR_DECLARE],
  ['state: { x: utf8 }', 'v.x = 4;', "state 'x' is utf8, got 4", OR_DECLARE],
  [
    'state: {}, message: int32, combine: sum',
    'v.sendToOut(1.5);',
    'a message is int32, got 1.5',
    OR_DECLARE,
  ],
  [
    'state: {}, message: utf8',
    'v.sendToOut(4);',
    'a message takes utf8, not 4',
    '  Send a value of that type.',
  ],
  [
    'state: {}, message: { a: utf8 }',
    'v.sendToOut({ a: 4 });',
    "of a message, 'a' takes utf8, not 4",
    '  Send a value of that type.',
  ],
  [
    'state: {}, message: { a: utf8 }',
    'v.sendToOut({ b: 4 });',
    "of a message, 'a' takes utf8, not undefined",
    '  Give every column a value; for none, null in a nullable(…) column.',
  ],
  [
    'state: {}, message: { a: utf8 }',
    'v.sendToOut(undefined);',
    'a message is undefined, not an object',
    '  Send an object with a member for each column.',
  ],
  [
    'state: {}, message: int32, combine: sum',
    'v.sendTo(17, 1);',
    'a target is a vertex of the graph, got 17',
    '  Send to a vertexId: v.id, the target of an edge, or one that a message or a parameter brought.',
  ],
  [
    'state: {}, aggregates: { n: { type: int32, combine: sum } }',
    "ctx.aggregate('n', 'x');",
    `aggregate 'n' is int32, got "x"`,
    OR_DECLARE,
  ],
];

test('values of the wrong type, as state, message, target and aggregate', async t => {
  for (const [declared, body, message, remedy] of WRONG) {
    await programFails(t, `  ${declared},\n  compute(v, _, ctx) { ${body} v.voteToHalt(); },`, 1, [
      `superstep: mine: compute failed at vertex 1, superstep 0: ${message}   [TYPE_MISMATCH]`,
      TASK,
      AT_COMPUTE,
      remedy,
    ]);
  }
});

test('names that are not declared, and messages that are not', async t => {
  await programFails(t, '  state: { x: int32 },\n  compute(v) { v.y = 3; v.voteToHalt(); },', 1, [
    "superstep: mine: compute failed at vertex 1, superstep 0: a vertex has no column 'y'   [TASK_FAILED]",
    TASK,
    AT_COMPUTE,
    '  Declare it in the state of mine.',
  ]);
  await programFails(
    t,
    "  state: {}, aggregates: { n: { type: int32, combine: sum } },\n  compute(v, _, ctx) { ctx.aggregate('m', 1); },",
    2,
    ["superstep: mine: no aggregate 'm'   [USAGE]", '  There are: n.'],
  );
  await programFails(t, '  state: {},\n  compute(v) { v.sendToOut(1); },', 2, [
    'superstep: mine sends, and declares no message   [DEFINITION_INVALID]',
    '  Give message a type.',
  ]);
});

test('sums beyond their type: of messages, of an aggregate', async t => {
  const remedy = '  Use a wider type, or float64.';
  const where = '  job mine, stage mine superstep 0, task 0, attempt 1';
  await programFails(
    t,
    `  state: {}, message: int32, combine: sum,
  compute(v) { v.sendToOut(2147483647); v.voteToHalt(); },`,
    1,
    [
      'superstep: mine, superstep 0: the sum of messages is beyond int32   [SUM_OVERFLOW]',
      where,
      remedy,
    ],
  );
  await programFails(
    t,
    `  state: {}, aggregates: { n: { type: int32, combine: sum } },
  compute(v, _, ctx) { ctx.aggregate('n', 2147483647); v.voteToHalt(); },`,
    1,
    [
      "superstep: mine: aggregate 'n': the sum 4294967294 is beyond int32   [SUM_OVERFLOW]",
      where,
      remedy,
    ],
  );
});
