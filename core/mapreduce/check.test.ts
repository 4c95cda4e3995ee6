// biome-ignore-all format: one mistake a line.
/** What rejects.ts holds at compile time, at run time: the same mistakes, behind `any`. */
import test from 'ava';
import { combiner, max, sum } from '../define/combine.ts';
import { graph } from '../define/graph.ts';
import { job } from '../define/job.ts';
import { join } from '../define/join.ts';
import { bool, decimal, float64, int64, list, nullable, utf8, vertexId } from '../define/schema.ts';
import { concat, read, rows, select } from '../define/table.ts';
import { mapReduce, words } from './define.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- mistakes that TypeScript would not let through.
type Any = any;
let made = 0;
const base = (): Any => ({
  name: `job-${made++}`,
  input: { line: utf8, n: int64 },
  key: { word: utf8 },
  value: { count: int64 },
  map() {},
});
const make = (changes: object): Any => mapReduce({ ...base(), ...changes } as Any);
const operator = () => words();

const MISTAKES = [
  ['DEFINITION_INVALID', /^a mapReduce needs a name/, { name: '' }],
  ['DEFINITION_INVALID', /there is no 'reducer' in a map-reduce/, { reducer() {} }],
  ['DEFINITION_INVALID', /map and mapBatch at once/, { mapBatch() {} }],
  ['DEFINITION_INVALID', /no map$/, { map: undefined }],
  ['DEFINITION_INVALID', /map is "x", not a function/, { map: 'x' }],
  ['ASYNC_FUNCTION', /map is async, or a generator/, { async map() {} }],
  ['ASYNC_FUNCTION', /map is async, or a generator/, { *map() {} }],
  ['ASYNC_FUNCTION', /reduce is async/, { async reduce() {} }],
  ['ASYNC_FUNCTION', /combine is async/, { combine: async () => {} }],
  ['DEFINITION_INVALID', /column 'count' is utf8, which has no sum/, { value: { count: utf8 }, combine: { count: sum } }],
  ['DEFINITION_INVALID', /'ok' is bool, which has no max/, { value: { ok: bool }, combine: { ok: max } }],
  ['DEFINITION_INVALID', /no combiner for column 'b'/, { value: { a: int64, b: int64 }, combine: { a: sum } }],
  ['COLUMN_MISSING', /combine: no column 'cuont'/, { combine: { count: sum, cuont: sum } }],
  ['COLUMN_TYPE', /column 'n' may be null/, { value: { n: nullable(int64) }, combine: { n: sum } }],
  ['COLUMN_TYPE', /column 'n' may be null/, { value: { n: nullable(int64) }, combine: { n: combiner(0, (a: number) => a) } }],
  ['DEFINITION_INVALID', /no combiner but "sum"/, { combine: { count: 'sum' } }],
  ['DEFINITION_INVALID', /combine without key/, { key: undefined, combine: { count: sum } }],
  ['DEFINITION_INVALID', /partition without key/, { key: undefined, partition: 'range' }],
  ['DEFINITION_INVALID', /key has no columns/, { key: {} }],
  ['DEFINITION_INVALID', /partition is "random"/, { partition: 'random' }],
  ['COLUMN_MISSING', /sort: no column 'cuont'/, { sort: { cuont: 'desc' } }],
  ['DEFINITION_INVALID', /sort: 'count' is "down"/, { sort: { count: 'down' } }],
  ['DEFINITION_INVALID', /nothing to sort by 'count'/, { sort: { count: 'desc' }, combine: { count: sum } }],
  ['COLUMN_TWICE', /'word' is in key and in value/, { value: { word: utf8 } }],
  ['COLUMN_TYPE', /key column 'k' is list\(utf8\)/, { key: { k: list(utf8) } }],
  ['COLUMN_TYPE', /is a vertexId outside a vertex program/, { value: { v: vertexId } }],
  ['COLUMN_TYPE', /column 'line' has no column type but "utf8"/, { input: { line: 'utf8' } }],
  ['COLUMN_TYPE', /is decimal\(40, 2\)/, { value: { d: decimal(40, 2) } }],
  ['COLUMN_TYPE', /input is undefined, not columns/, { input: undefined }],
  ['COLUMN_NAME', /cannot be named '12'/, { value: { 12: utf8 } }],
  ['COLUMN_NAME', /cannot be named '__proto__'/, { value: { __proto__: utf8 } }],
  ['COLUMN_NAME', /cannot be named '__proto__'/, { value: JSON.parse('{"__proto__":{"type":"utf8"}}') }],
  ['DEFINITION_INVALID', /output without reduce/, { output: { word: utf8 } }],
  ['DEFINITION_INVALID', /side file 'stop' is 7/, { files: { stop: 7 } }],
] as [string, RegExp, object][];
for (const [i, [code, message, changes]] of MISTAKES.entries()) {
  test(`refused, ${i}: ${message.source}`, t => {
    t.throws(() => make(changes), { code, message });
  });
}

test('columns with names that objects have are columns', t => {
  const columns = { constructor: utf8, toString: int64, hasOwnProperty: utf8 };
  t.notThrows(() => make({ input: columns, value: columns })(rows([], columns)));
  t.throws(() => make({ input: columns })(rows([], { line: utf8 })), { code: 'COLUMN_MISSING' });
});

test('what is applied must fit', t => {
  const reads = make({});
  const text = rows([], { line: utf8 });
  t.throws(() => reads(text), { code: 'COLUMN_MISSING', message: /: no column 'n' \(int64\)/ });
  t.throws(() => reads(rows([], { line: int64, n: int64 })), {
    code: 'COLUMN_TYPE',
    message: /column 'line' is int64, and utf8 is asked for/,
  });
  t.throws(() => reads(rows([], { line: nullable(utf8), n: int64 })), {
    code: 'COLUMN_TYPE',
    message: /column 'line' may be null/,
  });
  t.throws(() => reads(make({})), { code: 'USAGE', message: /takes a table or rows, got a func/ });
  t.throws(() => reads([], { k: 1 }), { code: 'PARAM_UNKNOWN' });
  t.throws(() => make({ input: { a: decimal(12, 2) } })(rows([], { a: decimal(12, 4) })), {
    message: /'a' is decimal\(12, 4\), and decimal\(12, 2\) is asked for/,
  });
  t.throws(() => make({ map: undefined, operator, input: { text: utf8 } })([]), {
    code: 'COLUMN_MISSING',
    message: /operator words: input: no column 'line'/,
  });
  t.throws(() => make({ map: undefined, operator, key: { token: utf8 } })([]), {
    message: /operator words: key and value: no column 'token'/,
  });
});

test('select, join, concat, graph, read, job', t => {
  const l: Any = rows([], { id: int64, v: float64 });
  const other: Any = rows([], { id: utf8, w: float64 });
  t.throws(() => select(l, { user: 'uid' } as Any), { code: 'COLUMN_MISSING' });
  t.throws(() => join(l, other, { on: 'id' } as Any), { message: /have different types: 'id'/ });
  t.throws(() => join(l, l, { on: 'id' } as Any), { code: 'COLUMN_TWICE' });
  t.throws(() => join(l, l, { on: 'user', type: 'semi' } as Any), { code: 'COLUMN_MISSING' });
  t.throws(() => join(l, l, { on: 'id', type: 'outer' } as Any), { message: /no type "outer"/ });
  t.throws(() => concat(l, other), { message: /concat: table 2: column 'id' is utf8/ });
  const ends: Any = rows([], { source: int64, target: utf8 });
  t.throws(() => graph(ends), { message: /source and target have different types/ });
  t.throws(() => graph(l), { message: /graph: no column 'source'/ });
  const web: Any = rows([], { source: int64, target: int64 });
  t.throws(() => graph(web, { directed: 'no' } as Any), { message: /directed cannot be "no"/ });
  t.throws(() => graph(web, { vertices: l }), { message: /graph: vertices: no column 'vertex'/ });
  t.throws(() => read([]), { code: 'USAGE' });
  t.throws(() => read('x', { line: utf8 }, { format: 'xml' } as Any), { code: 'USAGE' });
  const two = job({ name: 'two', inputs: { a: { line: utf8 } }, plan: ({ a }) => a });
  t.throws(() => two({ b: [] } as Any), { message: /two: input 'a' is not given/ });
  t.throws(() => two({ a: [], b: [] } as Any), { message: /two: no input 'b'/ });
});
