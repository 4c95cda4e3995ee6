/** The graph suites, on graphs of a few hundred vertices: every variant gives what is verified, and what is off is seen. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeFile } from '../datasets/make.ts';
import { DEGREE, kronecker } from './kronecker.ts';
import { Absent, type AnySuite, type Context, type Json, type Variant } from './suite.ts';
import { algorithms, graphData } from './suites/graphs/algorithms.ts';
import { loading } from './suites/graphs/load.ts';
import { outOfCore } from './suites/graphs/out-of-core.ts';
import pagerank from './suites/pagerank.ts';
import { readValues, writeValues } from './values.ts';

const SCALE = 8;

function contextOf(t: ExecutionContext): Context {
  const cache = mkdtempSync(join(tmpdir(), 'superstep-bench-'));
  t.teardown(() => rmSync(cache, { recursive: true }));
  return { cache, quick: true };
}

/** The file that a variant leaves, and its figures; undefined where the machine lacks what it needs. */
async function run(variant: Variant<Json>, data: Json, at: string) {
  mkdirSync(at);
  try {
    const running = await variant.start(data, at);
    try {
      return await running.trial(at);
    } finally {
      await running.close?.();
    }
  } catch (error) {
    if (error instanceof Absent) return undefined;
    throw error;
  }
}

/** Every variant once, verified. Returns what each left. */
async function verified(
  t: ExecutionContext,
  suite: AnySuite,
  context: Context,
  data: Json,
): Promise<{ truth: Json; paths: string[] }> {
  const truth = await suite.truth(data, context);
  t.true(suite.units(truth, data) > 0);
  const paths: string[] = [];
  for (const [i, variant] of suite.variants.entries()) {
    const trial = await run(variant, data, join(context.cache, `${suite.name}-${i}`));
    if (trial === undefined) {
      t.log(`${variant.name} is absent`);
      continue;
    }
    t.true(trial.seconds > 0, variant.name);
    const { 'load s': load, 'process s': process, 'makespan s': makespan } = trial.figures ?? {};
    if (makespan !== undefined) t.true(load! > 0 && process! > 0 && makespan > process!);
    t.is(await suite.verify(trial.result, truth, data), undefined, variant.name);
    paths.push(String(trial.result));
  }
  t.true(paths.length > suite.variants.length - 2);
  return { truth, paths };
}

/** The same file with one value changed a little. */
async function spoiled(path: string): Promise<string> {
  const { values } = await readValues(path);
  const at = values.findIndex((value, v) => v > 0 && value >= 0);
  values[at]! += path.endsWith('.f64') ? Math.max(values[at]! * 1e-6, 1e-12) : 1;
  return writeValues(`${path}-spoiled`, values);
}

for (const suite of algorithms) {
  test(`${suite.name}: all variants, verified by the job`, async t => {
    const context = contextOf(t);
    const made = graphData(context, SCALE, suite.name === 'graphs-sssp' ? 255 : 0);
    t.true(made.edges > made.vertices);
    const data = { ...made };
    const { truth, paths } = await verified(t, suite, context, data);
    const plain = paths.find(path => !path.endsWith('.parquet'))!;
    t.regex((await suite.verify(await spoiled(plain), truth, data))!, /vertex|\d/);
  });
}

for (const suite of pagerank) {
  test(`${suite.name}: all variants, held against ranks that were pushed`, async t => {
    const context = contextOf(t);
    const data = { ...kronecker(context, SCALE) };
    const { truth, paths } = await verified(t, suite, context, data);
    const plain = paths.find(path => path.endsWith('.f64'));
    if (plain === undefined) return; // The engine by itself.
    t.regex((await suite.verify(await spoiled(plain), truth, data))!, /^vertex \d+: .* instead of/);
  });
}

for (const [i, ids] of (['dense', 'sparse', 'words'] as const).entries()) {
  test(`loading ${ids} ids: all variants, held against degrees that DuckDB counted`, async t => {
    const context = contextOf(t);
    const recipe = { kind: 'kronecker', scale: SCALE, degree: DEGREE, seed: 1, ids } as const;
    const data = { ...makeFile(recipe, context.cache), lines: DEGREE * 2 ** SCALE };
    const suite = loading[i]!;
    t.is(suite.name, `graphs-load-${ids}`);
    const { truth, paths } = await verified(t, suite, context, data);
    const csv = paths.find(path => path.endsWith('.csv'))!;
    const text = readFileSync(csv, 'latin1');
    writeFileSync(
      csv,
      text.replace(/\d+\n$/, n => `${Number(n) + 1}\n`),
    );
    t.is(await suite.verify(csv, truth, data), 'degrees or names differ');
    writeFileSync(csv, text.replace(/[^\n]+\n$/, ''));
    t.regex((await suite.verify(csv, truth, data))!, /^\d+ vertices instead of \d+$/);
  });
}

test('out of core: both variants', async t => {
  const context = contextOf(t);
  const made = kronecker(context, SCALE);
  const data = { ...made, graphBytes: 100, tight: 80e6, edges: 1_000 };
  await verified(t, outOfCore, context, data);
});
