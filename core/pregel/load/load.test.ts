import test from 'ava';
import * as fc from 'fast-check';
import type { GraphFlags } from '../../define/graph.ts';
import { bigint64, float64, int32, nullable, type Schema, utf8 } from '../../define/schema.ts';
import { rows, type Table } from '../../define/table.ts';
import { InProcess } from '../../exec/in-process.ts';
import { TaskSession } from '../../exec/runtime.ts';
import type { SuperstepError } from '../../errors.ts';
import type { Executor } from '../../exec/executor.ts';
import { load } from '../../serial/graph.ts';
import { runSerially } from '../../serial/tables.ts';
import { loadPlain, type Options, type PlainGraph, type Tables } from './fixtures.ts';

const threadEntry = new URL('../../worker-main.js', import.meta.url);

const tableOf = (of: readonly object[], columns: Schema): Table<Schema> =>
  rows(of as never, columns);

/** The graph, or the code and message of what was thrown. */
type Outcome = PlainGraph | { readonly code: string; readonly message: string };

function defined({ edges, vertices, flags }: Tables): Outcome {
  try {
    const graph = load(runSerially(edges.plan), vertices && runSerially(vertices.plan), flags);
    return {
      ids: graph.ids,
      values: graph.values,
      out: graph.out.map(list => list.map(({ target, value }) => [target, value])),
      in: graph.in.map(list => list.map(({ target }) => target)),
      edgeCount: graph.edgeCount,
    };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Outcome {
  const { code, message } = error as SuperstepError;
  // Of several the definition names the first, and the engine the lowest.
  if (code === 'VERTEX_TWICE') return { code, message: '' };
  if (code !== 'EDGE_DANGLING') throw error;
  return { code, message };
}

async function loaded(executor: Executor, tables: Tables, options: Options): Promise<Outcome> {
  try {
    return await loadPlain(executor, tables, options);
  } catch (error) {
    return failed(error);
  }
}

const small = fc.bigInt({ min: -2n, max: 9n });
const extreme = fc.constantFrom(
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n + 1n,
  2n ** 32n,
  -1n,
  70_000n,
);
const texts = fc.constantFrom(
  '',
  'a',
  'a\0',
  'b',
  'é',
  'e\u0301',
  '\u{1f600}',
  '\uffee',
  'x'.repeat(40),
);
const IDS = [
  { type: bigint64, id: fc.bigInt({ min: 0n, max: 12n }) },
  { type: bigint64, id: fc.oneof(small, extreme) },
  { type: utf8, id: texts },
] as const;

const EDGE_VALUES: Schema = { weight: float64, at: int32, label: nullable(utf8) };
const VERTEX_VALUES: Schema = { name: nullable(utf8), rank: nullable(float64) };
const edgeValue = fc.record({
  weight: fc.constantFrom(0, 1.5, -1),
  at: fc.nat(5),
  label: fc.constantFrom(null, '', 'one', 'y'.repeat(30)),
});
const vertexValue = fc.record({
  name: fc.constantFrom(null, '', 'v', 'z'.repeat(30)),
  rank: fc.constantFrom(null, 0, 2.5),
});

const flags: fc.Arbitrary<GraphFlags> = fc.record({
  directed: fc.boolean(),
  selfLoops: fc.constantFrom('keep', 'drop'),
  duplicateEdges: fc.constantFrom('keep', 'drop'),
  danglingEdges: fc.constantFrom('error', 'drop', 'add'),
});

const tables: fc.Arbitrary<Tables> = fc
  .tuple(
    fc.constantFrom(...IDS),
    fc.boolean(),
    fc.boolean(),
    fc.constantFrom('none', 'some', 'all'),
    flags,
  )
  .chain(([{ type, id }, edgeValued, vertexValued, listed, given]) => {
    const ends = fc.record({ source: id, target: id });
    const edge = edgeValued ? fc.tuple(ends, edgeValue).map(([a, b]) => ({ ...b, ...a })) : ends;
    const vertex = fc
      .tuple(id, vertexValue)
      .map(([named, value]) => ({ ...(vertexValued && value), vertex: named }));
    const edges = fc.array(edge, { maxLength: 40 });
    const vertices =
      listed === 'some'
        ? fc.array(vertex, { maxLength: 12 })
        : fc.uniqueArray(vertex, { selector: ({ vertex: own }) => own, maxLength: 12 });
    const edgeColumns = { ...(edgeValued && EDGE_VALUES), source: type, target: type };
    const vertexColumns = { ...(vertexValued && VERTEX_VALUES), vertex: type };
    return fc.record({
      edges: edges.map(of => tableOf(of, edgeColumns)),
      vertices:
        listed === 'none' ? fc.constant(undefined) : vertices.map(of => tableOf(of, vertexColumns)),
      flags: fc.constant(given),
    });
  });

const options: fc.Arbitrary<Options> = fc.record({
  splitRows: fc.integer({ min: 1, max: 20 }),
  refuse: fc.option(
    fc.record(
      {
        rows: fc.integer({ min: 1, max: 5 }),
        fanIn: fc.integer({ min: 2, max: 4 }),
        bands: fc.boolean(),
        arena: fc.boolean(),
        views: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
  chaos: fc.option(fc.nat(1000), { nil: undefined }),
});

const RUNS = process.env['SUPERSTEP_TEST_SHORT'] === undefined ? 100 : 20;

for (const { slots, loses } of [
  { slots: 1, loses: false },
  { slots: 3, loses: false },
  { slots: 2, loses: true },
]) {
  const kind = loses ? 'losing the work of every other task' : 'nothing lost';
  test(`what is loaded is what is defined: ${slots} at once, ${kind}`, async t => {
    const executor = new InProcess();
    Object.assign(executor, { slots, loses });
    try {
      await fc.assert(
        fc.asyncProperty(tables, options, async (given, how) => {
          t.deepEqual(await loaded(executor, given, how), defined(given));
        }),
        { numRuns: RUNS },
      );
    } finally {
      executor.close();
    }
  });
}

for (const { workers, chaos } of [{ workers: 1 }, { workers: 3 }, { workers: 2, chaos: 7 }]) {
  test(`the same in ${workers} threads${chaos === undefined ? '' : ', some of which are killed'}`, async t => {
    const session = new TaskSession(
      { workers, memory: '256MiB', ...(chaos !== undefined && { chaos }) },
      { threadEntry },
    );
    try {
      await fc.assert(
        fc.asyncProperty(tables, options, async (given, how) => {
          t.deepEqual(await loaded(session.executor, given, how), defined(given));
        }),
        { numRuns: RUNS / 10 },
      );
    } finally {
      await session.close();
    }
  });
}
