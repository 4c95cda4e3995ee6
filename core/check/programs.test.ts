/** Vertex programs on the engine are what the definition says, however the graph lies and whatever is refused. The graph is stored by the test, so that it
 *  is cut into partitions as no loader would. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { TaskSession } from '../exec/runtime.ts';
import {
  float64,
  graph as graphOf,
  int64,
  type IdType,
  nullable,
  rows,
  type Schema,
  type Table,
  utf8,
} from '../index.ts';
import { KeptRows } from '../job/result.ts';
import type { JobContext, Refusals } from '../mapreduce/stage.ts';
import { Checkpoint, type CheckpointRequest } from '../pregel/checkpoint.ts';
import { readManifest } from '../pregel/checkpoint-file.ts';
import { GraphHandle } from '../pregel/graph-handle.ts';
import { addTally, emptyTally, type Tally } from '../pregel/kept.ts';
import { closeGraph, runProgram } from '../pregel/program.ts';
import { storeGraph } from '../pregel/fixtures.ts';
import { load } from '../serial/graph.ts';
import { runSerially } from '../serial/tables.ts';
import { collect } from '../testing.ts';
import { type Outcome, outcomeOf, RUNS } from './engine.ts';
import * as programs from './jobs/programs.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- programs of every type.
type Any = any;

interface Links {
  readonly utf8: boolean;
  readonly directed: boolean;
  /** Pairs of numbers of vertices. */
  readonly pairs: readonly (readonly [number, number])[];
  readonly extra: readonly number[];
  /** Where partitions end, as parts of all vertices. */
  readonly cuts: readonly number[];
  readonly batchRows: number;
  /** Of changes: superstep, vertex, what, argument. */
  readonly script: readonly (readonly [number, number, number, number])[];
}

const links: fc.Arbitrary<Links> = fc.record({
  utf8: fc.boolean(),
  directed: fc.boolean(),
  pairs: fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 40 }),
  extra: fc.array(fc.nat(30), { maxLength: 3 }),
  cuts: fc.array(fc.nat(100), { maxLength: 4 }),
  batchRows: fc.constantFrom(1, 2, 7, 16_384),
  script: fc.array(fc.tuple(fc.nat(4), fc.nat(7), fc.nat(3), fc.nat(6)), { maxLength: 12 }),
});

const EDGE = { weight: float64, count: int64, label: utf8 };
const idOf = (n: number, isText: boolean): number | string =>
  isText ? ['', 'é', 'aa', 'b', 'Z'][n % 5]! + n : n % 2 === 0 ? n * 1_000_003 : -n * 2 ** 40;

function tablesOf({ utf8: isText, pairs, extra, directed }: Links) {
  const id: IdType = isText ? utf8 : int64;
  const edges = pairs.map(([a, b], i) => ({
    source: idOf(a, isText),
    target: idOf(b, isText),
    weight: ((a * 7 + b) % 9) / 4,
    count: (a + b) % 5,
    label: String.fromCodePoint(97 + ((a * 3 + b + i) % 26)),
  }));
  const listed = [...new Set([...pairs.flat(), ...extra])];
  const vertices = listed.map(n => ({
    vertex: idOf(n, isText),
    name: n % 4 === 0 ? null : `n${n}`,
  }));
  const edgeTable = rows(edges as Any, { source: id, target: id, ...EDGE } as Schema);
  const vertexTable = rows(vertices as Any, { vertex: id, name: nullable(utf8) } as Schema);
  return {
    id,
    edgeTable,
    vertexTable,
    graph: graphOf(edgeTable as Any, { directed, vertices: vertexTable as Any }),
  };
}

const session = new TaskSession(
  { workers: 2, memory: '256MiB' },
  { threadEntry: new URL('../worker-main.js', import.meta.url) },
);
test.after.always(() => session.close());

let graphs = 0;
/** The rows of a program over a graph, run by the engine. */
async function run(
  of: Links,
  table: Table<Schema>,
  context: Partial<JobContext>,
  checkpoints?: CheckpointRequest,
  tally?: Tally,
): Promise<Outcome> {
  return (await runEach(of, [table], context, checkpoints, tally))[0]!;
}

/** Of several over one graph, which is loaded once. */
async function runEach(
  of: Links,
  tables: readonly Table<Schema>[],
  context: Partial<JobContext>,
  checkpoints?: CheckpointRequest,
  tally = emptyTally(),
): Promise<Outcome[]> {
  const { id, edgeTable, vertexTable } = tablesOf(of);
  const { directed, cuts, batchRows } = of;
  const loaded = load(runSerially(edgeTable.plan), runSerially(vertexTable.plan), { directed });
  const { executor } = session;
  const folder = join(executor.temp(), `g${graphs++}`);
  const n = loaded.ids.length;
  const bounds = [0, ...cuts.map(cut => Math.floor((cut * n) / 101)), n].toSorted((a, b) => a - b);
  const schemas = { id, vertex: { name: nullable(utf8) }, edge: EDGE };
  const graph = storeGraph(folder, loaded as Any, schemas, bounds, batchRows);
  const handle = new GraphHandle(executor, graph, { ranges: [], runs: [] });
  const { signal } = new AbortController();
  const tasking = {
    executor,
    context: { job: 'test', temp: folder, seed: 0, ...context },
    signal,
    onRetried() {},
  };
  const one = async (table: Table<Schema>): Promise<Outcome> => {
    const { use, params } = table.plan as Any;
    const { parts } = await runProgram({
      ...tasking,
      use,
      params,
      handle,
      output: table.columns,
      checkpoint: checkpoints && new Checkpoint(checkpoints, tasking, handle, tally),
      into: () => ({ kind: 'run', keyed: false }),
      onTask: result => addTally(tally, result),
      onSuperstep() {},
    });
    const kept = {
      runs: parts.map(({ run: r }) => r!),
      ranges: parts.flatMap(({ ranges }) => ranges),
    };
    const report: Any = { output: { rows: n } };
    const view = (range: Any): Uint8Array => executor.view(range);
    const result = new KeptRows(table.columns, report, kept, { view } as Any, held =>
      executor.release(held.ranges),
    );
    const got = await result.toArray();
    await result.release();
    return got;
  };
  try {
    const all: Outcome[] = [];
    for (const table of tables) {
      const got = one(table).catch((error: unknown) => {
        const { code } = error as { code?: string };
        if (code === undefined || code === 'INTERNAL') throw error;
        return { code };
      });
      all.push(await got);
    }
    return all;
  } finally {
    await closeGraph(tasking, handle);
    handle.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

const PROGRAMS: { readonly [name: string]: (of: Links, graph: Any) => Table<Schema> } = {
  sums: (_, g) => programs.sums(g) as Any,
  paths: (of, g) =>
    programs.paths(g, { source: idOf(of.pairs[0]?.[0] ?? 0, of.utf8) as Any }) as Any,
  components: (_, g) => programs.components(g) as Any,
  letters: (_, g) => programs.letters(g) as Any,
  products: (_, g) => programs.products(g) as Any,
  ring: (_, g) => programs.ring(g) as Any,
  wide: (_, g) => programs.wide(g) as Any,
  flags: (_, g) => programs.flags(g) as Any,
  givenInt: (_, g) => programs.givenInt(g) as Any,
  givenDouble: (_, g) => programs.givenDouble(g) as Any,
  givenOwn: (_, g) => programs.givenOwn(g) as Any,
  names: (_, g) => programs.names(g) as Any,
  nothing: (_, g) => programs.nothing(g) as Any,
  changes: (of, g) => programs.changes(g, scripted(of)) as Any,
  changesFolded: (of, g) => programs.changesFolded(g, scripted(of)) as Any,
};

const scripted = ({ script, utf8: isText, pairs, extra }: Links) => {
  const n = new Set([...pairs.flat(), ...extra]).size;
  const within = script.map(([when, who, what, of]) => [
    when,
    who,
    what,
    what < 2 ? of % (n || 1) : of,
  ]);
  return { script: within.flat(), text: isText };
};

const HARD: readonly (readonly [string, Partial<JobContext>])[] = [
  ['as it is', {}],
  ['memory that moves', { refuse: { views: true } }],
  [
    'nothing in the arena, nothing kept',
    { refuse: { arena: true, residents: true } satisfies Refusals },
  ],
  ['no room for what is optional', { refuse: { room: true } }],
  ['frames that are lost', { chaos: 3 }],
  ['everything is pulled, and folded by who sends', { refuse: { way: 'push', fold: 'receiver' } }],
  ['everything is pulled, and folded by who receives', { refuse: { way: 'push', fold: 'sender' } }],
  [
    'the same, with nothing kept',
    { refuse: { way: 'push', fold: 'sender', arena: true, residents: true } },
  ],
  ['the same, with no room', { refuse: { way: 'push', fold: 'sender', room: true, views: true } }],
  ['everything is pushed', { refuse: { way: 'pull' } }],
];

for (const [name, make] of Object.entries(PROGRAMS)) {
  test(`${name} is what the definition says`, async t => {
    t.timeout(240_000);
    await fc.assert(
      fc.asyncProperty(links, fc.constantFrom(...HARD), async (of, [, context]) => {
        const table = make(of, tablesOf(of).graph);
        const expected = outcomeOf(() => collect(table));
        t.deepEqual(await run(of, table, context), expected);
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  });
}

test('programs with weights and without over one graph, in turns', async t => {
  t.timeout(120_000);
  await fc.assert(
    fc.asyncProperty(links, fc.constantFrom(...HARD), async (of, [, context]) => {
      const { graph } = tablesOf(of);
      const [weighted, plain] = [PROGRAMS['paths']!(of, graph), PROGRAMS['components']!(of, graph)];
      const turns = [weighted, plain, weighted, plain, weighted];
      const expected = turns.map(table => outcomeOf(() => collect(table)));
      t.deepEqual(await runEach(of, turns, context), await Promise.all(expected));
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});

test('sums of doubles have the same bits, whether pulled or pushed', async t => {
  t.timeout(120_000);
  const taken = { pulled: 0, pushed: 0 };
  await fc.assert(
    fc.asyncProperty(links, async of => {
      const table = programs.thirds(tablesOf(of).graph as Any) as Any;
      const asItIs = await run(of, table, {});
      const [pulled, received, pushed] = [emptyTally(), emptyTally(), emptyTally()];
      const all = async (refuse: Refusals, into: Tally): Promise<void> => {
        t.deepEqual(await run(of, table, { refuse }, undefined, into), asItIs);
      };
      await all({ way: 'push', fold: 'receiver' }, pulled);
      await all({ way: 'push', fold: 'sender' }, received);
      await all({ way: 'pull' }, pushed);
      t.is(received.pulled, pulled.pulled);
      t.is(pulled.pushed + pushed.pulled, 0);
      taken.pulled += pulled.pulled;
      taken.pushed += pushed.pushed;
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
  t.true(taken.pulled > 0 && taken.pulled === taken.pushed, JSON.stringify(taken));
});

const ways = fc.record({
  of: links,
  first: fc.constantFrom(...HARD),
  second: fc.constantFrom(...HARD),
  every: fc.integer({ min: 1, max: 4 }),
  /** Which of its checkpoints it goes on from: so many are made before, if there are as many. */
  before: fc.nat(5),
});
// One halts before superstep 0.
const { nothing: _, ...running } = PROGRAMS;
for (const [name, make] of Object.entries(running)) {
  test(`${name} goes on from any checkpoint as if nothing had happened`, async t => {
    t.timeout(240_000);
    let resumed = 0;
    await fc.assert(
      fc.asyncProperty(ways, async ({ of, first, second, every, before }) => {
        const table = make(of, tablesOf(of).graph);
        const expected = outcomeOf(() => collect(table));
        const folder = join(session.executor.temp(), `checkpoint${graphs}`);
        const common = { folder, name: 'p', facts: [], every };
        let saved = 0;
        let found: ReturnType<typeof readManifest>;
        // Files of those that come later are others.
        const onSaved = (): void => {
          if (saved++ <= before) found = readManifest(join(folder, 'p.json'));
        };
        const making = { ...common, found: undefined, onSaved };
        t.deepEqual(await run(of, table, first[1], making), expected);
        // A program of fewer supersteps has none.
        if (found !== undefined) resumed++;
        if (found !== undefined)
          t.deepEqual(await run(of, table, second[1], { ...common, found, onSaved }), expected);
        rmSync(folder, { recursive: true, force: true });
      }),
      { numRuns: Math.max(6, RUNS * 0.6), includeErrorInReport: true },
    );
    t.true(resumed > 0);
  });
}
