/** Graphs that do not fit: in little memory, with workers killed on the way, and with values of a size of their own. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { random } from '../../kernels/fixtures.ts';
import { float64, int64, type Schema, utf8 } from '../../define/schema.ts';
import { read, rows, type Table } from '../../define/table.ts';
import type { Plan } from '../../define/table.ts';
import type { SuperstepError } from '../../errors.ts';
import type { Executor } from '../../exec/executor.ts';
import { TaskSession } from '../../exec/runtime.ts';
import { gatherInputs } from '../../mapreduce/inputs.ts';
import { type Stage, splitsOf } from '../../mapreduce/plan.ts';
import { SharedCarrier } from '../../shuffle/carrier.ts';
import type { Run } from '../../store/run.ts';
import { loadPlain } from './fixtures.ts';
import { loadGraph } from './load.ts';
import type { LoadTable } from './phase.ts';
import { transposeGraph } from './transpose.ts';

const threadEntry = new URL('../../worker-main.js', import.meta.url);

/** A graph in a file: its ids are far apart, some edges come again with another weight. */
function writeEdges(
  path: string,
  lines: number,
  vertices: number,
): { sources: Set<number>; ids: Set<number> } {
  const below = random(11);
  const sources = new Set<number>();
  const ids = new Set<number>();
  const text: string[] = [];
  for (let i = 0; i < lines; i++) {
    const [source, target] = [below(vertices), below(below(50) === 0 ? 3 : vertices)];
    sources.add(source);
    ids.add(source).add(target);
    text.push(
      `${BigInt(source) * 10n ** 12n - 5n} ${BigInt(target) * 10n ** 12n - 5n} ${below(9)}\n`,
    );
  }
  writeFileSync(path, text.join(''));
  return { sources, ids };
}

async function tableOf(path: string, columns: Schema, splitBytes: number): Promise<LoadTable> {
  const { plan } = read(path, columns);
  const inputs = await gatherInputs([{ where: plan as Plan & { op: 'read' } }], { splitBytes });
  const legs = [{ from: 'files', read: 0, columns }] as const;
  const stage: Stage = { id: 0, name: 'edges', params: {}, legs, input: columns, output: columns };
  const splits = splitsOf(stage, inputs.splits, () => []);
  return { stage, rows: [[]], sources: inputs.sources, inputs: [[]], splits };
}

/** Of the columns of runs, however they are cut into batches. */
function digestOf(executor: Executor, runs: readonly Run[]): string {
  const carrier = new SharedCarrier({ view: range => executor.view(range) });
  const digests = runs.flatMap(run => {
    const hashes = run.fields.map(() => createHash('sha1'));
    const batches = run.partitions[0]!;
    const slice = run.segment === undefined ? { batches } : { batches, segment: run.segment };
    batches.forEach((_, i) => {
      carrier.read(slice, i, run.fields).columns.forEach(({ data }, c) => hashes[c]!.update(data));
    });
    return hashes.map(hash => hash.digest('hex'));
  });
  carrier.close();
  return digests.join('\n');
}

test('little memory, more workers, small splits and killed workers change nothing', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  const path = join(folder, 'edges.txt');
  const lines = 800_000;
  const { ids } = writeEdges(path, lines, 60_000);
  const columns = { source: int64, target: int64, weight: float64 };
  const found: string[] = [];
  try {
    for (const { workers, memory, splitBytes, chaos } of [
      { workers: 1, memory: '512MiB', splitBytes: 1 << 24, chaos: undefined },
      { workers: 2, memory: '60MiB', splitBytes: 1 << 20, chaos: undefined },
      { workers: 3, memory: '80MiB', splitBytes: 1 << 18, chaos: 5 },
    ]) {
      const session = new TaskSession(
        { workers, memory, ...(chaos !== undefined && { chaos }) },
        { threadEntry },
      );
      try {
        const { executor } = session;
        const request = {
          executor,
          signal: new AbortController().signal,
          onRetried: () => {},
          context: { job: 'test', temp: executor.temp(), seed: 0, chaos },
          name: 'graph',
          edges: await tableOf(path, columns, splitBytes),
          flags: { directed: true },
        };
        const { graph, stats } = await loadGraph(request);
        t.deepEqual([graph.vertexCount, graph.edgeCount, stats.rowsIn], [ids.size, lines, lines]);
        t.is(graph.partitions.length, 4);
        const { inEdges } = await transposeGraph({ ...request, graph });
        const runs = [...graph.partitions, ...inEdges].flatMap(p => [p.vertexRun, p.edgeRun]);
        found.push(digestOf(executor, runs));
        t.is(executor.budget.total() <= executor.budget.limitBytes, true);
      } finally {
        await session.close();
      }
    }
    t.is(found[1], found[0]);
    t.is(found[2], found[0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const MIB = 2 ** 20;
const long = (bytes: number, last: string): string => 'x'.repeat(bytes) + last;
const tables = (data: readonly object[], columns: Schema): { edges: Table<Schema>; flags: {} } => ({
  edges: rows(data as never, columns),
  flags: {},
});

test('ids and values longer than a batch, in the least memory', async t => {
  const session = new TaskSession({ workers: 1, memory: '40MiB' }, { threadEntry });
  try {
    const columns = { source: utf8, target: utf8, label: utf8 };
    const [a, b, c] = ['a', 'b', 'c'].map(last => long(MIB / 2, last));
    const edges = [
      { source: b, target: a, label: 'one' },
      { source: a, target: c, label: long(MIB / 2, '') },
      { source: b, target: a, label: long(MIB / 2, '!') },
    ];
    const { ids, out } = await loadPlain(session.executor, tables(edges, columns), {
      splitRows: 1,
    });
    t.deepEqual(ids, [a, b, c]);
    t.deepEqual(out, [
      [[2, { label: edges[1]!.label }]],
      [
        [0, { label: edges[0]!.label }],
        [0, { label: edges[2]!.label }],
      ],
      [],
    ]);
  } finally {
    await session.close();
  }
});

test('an id that does not fit is said to be one', async t => {
  const session = new TaskSession({ workers: 1, memory: '40MiB' }, { threadEntry });
  try {
    const columns = { source: utf8, target: utf8 };
    const edges = [{ source: long(30 * MIB, 'a'), target: 'b' }];
    const loading = loadPlain(session.executor, tables(edges, columns), {});
    const error = (await t.throwsAsync(loading, { code: 'MEMORY' })) as SuperstepError;
    const [first, second] = error.message.split('\n');
    t.regex(
      first!,
      /^loading a graph at rows 1 to 1: no memory for a batch \([0-9,]+ bytes\) in this worker's share$/,
    );
    t.regex(second!, /^largest keys: source "x+…, target "b" \(31,457,282 bytes\)$/);
    t.is(error.details.file, 'rows 1 to 1');
    t.regex(error.details.remedy!, /--memory/);
  } finally {
    await session.close();
  }
});
