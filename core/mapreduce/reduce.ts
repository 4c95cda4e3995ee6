/** A reduce task: merges the slices of one partition, folds what is combined, calls the user's function, writes.
 *
 *   slices ──merge──▶ groups (folded in kernels) | rows (kept) ──▶ key columns, values ──▶ reduce? ──▶ target
 *
 * The same task merges partitions that are finished when a table is to be one file or one sequence of rows.
 * Invariants: groups come in key order; the memory is that of one merge and one batch, whatever the size of a group;
 * the result is one run, one file or one writer's commit of this attempt alone.
 */
import { loadDefinition } from '../define/loader.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { carrierOf } from './carriers.ts';
import { MergedGroups } from '../store/merged-groups.ts';
import { MergedRows } from '../store/merged-rows.ts';
import type { MergeInput } from '../store/merge.ts';
import { UserContext } from './context.ts';
import { lowerFanIn } from './fan-in.ts';
import { measure } from './measure.ts';
import { GroupRows } from './group-rows.ts';
import { KeyDecoder } from './key-decoder.ts';
import { keyReader, overflowOf } from './keys.ts';
import { hardened } from './hard-memory.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { MapReduceSpec } from './define.ts';
import type { ReduceArgument, Reduced } from './stage.ts';
import { type Target, openTarget } from './target.ts';
import { UserReducer } from './user-reducer.ts';

interface Work {
  readonly argument: ReduceArgument;
  readonly worker: WorkerContext;
  readonly spec: MapReduceSpec | undefined;
  readonly layout: Layout;
  readonly inputs: readonly MergeInput[];
  readonly target: Target;
  readonly context: UserContext;
}

export async function runReduce(argument: ReduceArgument, given: WorkerContext): Promise<Reduced> {
  const worker = hardened(argument.context, given);
  const { stage } = argument;
  const measured = measure();
  worker.kernels().reset();
  const spec = stage.use && ((await loadDefinition('mapReduce', stage.use)) as MapReduceSpec);
  const layout = layoutOf(spec ?? { value: stage.output });
  const context = new UserContext(spec, stage.params);
  const carrier = carrierOf(argument.context, worker);
  const target = await openTarget(argument, worker, stage.output);
  let merged: ReturnType<typeof lowerFanIn> | undefined;
  try {
    // A group that is read again is merged twice at once.
    const passes = layout.mode === 'rows' && !argument.finished ? 2 : 1;
    merged = lowerFanIn(argument, worker, carrier, passes);
    const { inputs, spilledBytes } = merged;
    const work: Work = { argument, worker, spec, layout, inputs, target, context };
    if (argument.finished) await mergeFinished(work);
    else if (layout.mode === 'groups') await reduceGroups(work);
    else await reduceRows(work);
    const made = await target.finish();
    return {
      ...made,
      spilledBytes: made.spilledBytes + spilledBytes,
      counters: context.counters,
      ...(await measured()),
    };
  } catch (error) {
    await target.abort();
    throw error;
  } finally {
    carrier.close();
    merged?.remove();
  }
}

/** Rows that carry their key already: in key order over all partitions. */
async function mergeFinished({ argument, worker, inputs, target }: Work): Promise<void> {
  const rows = new MergedRows(worker.kernels(), inputs, argument.fields, { natural: false });
  for (let block = rows.next(); block !== undefined; block = rows.next()) {
    const { rows: n, columns } = block.batch;
    const batch = { rows: n, columns: columns.slice(1) };
    await target.room(batch);
    target.write(batch);
    worker.heapCheck();
  }
}

async function reduceGroups(work: Work): Promise<void> {
  const { argument, worker, spec, layout, inputs, target } = work;
  const groups = new MergedGroups(worker.kernels(), inputs, argument.fields, layout.aggregates);
  const user = spec?.reduce && new UserReducer(work);
  const decoder = new KeyDecoder(worker.kernels(), layout.key);
  try {
    for (;;) {
      const batch = groups.next();
      if (batch === undefined) break;
      if (user === undefined) {
        const keys = decoder.decode(batch);
        const [key, ...values] = groups.view().columns;
        const out = { rows: batch.rows, columns: [...keys, ...values] };
        await target.room(out, key);
        target.write(out, key);
      } else {
        await target.room();
        const [key, ...values] = batch.columns;
        user.batch(key!, { rows: batch.rows, columns: values });
      }
      worker.heapCheck();
    }
    await user?.end();
  } catch (error) {
    throw overflowOf(error, layout);
  }
}

async function reduceRows(work: Work): Promise<void> {
  const { argument, worker, spec, layout, inputs, target } = work;
  const merged = new MergedRows(worker.kernels(), inputs, argument.fields, { natural: true });
  if (spec === undefined || (spec.reduce === undefined && spec.combine === undefined)) {
    const decoder = new KeyDecoder(worker.kernels(), layout.key);
    for (let block = merged.next(); block !== undefined; block = merged.next()) {
      const { rows } = block.batch;
      const keys = decoder.decode(block.batch, () => merged.view());
      const [key, , ...values] = merged.view().columns;
      const out = { rows, columns: [...keys, ...values] };
      await target.room(out, key);
      target.write(out, key);
      worker.heapCheck();
    }
    return;
  }
  const user = new UserReducer(work);
  await target.room();
  const groups = new GroupRows(merged, layout.values);
  const readKey = keyReader(layout.key);
  for (let group = groups.next(); group !== undefined; group = groups.next()) {
    user.group(group.key, readKey(group.key), group.values);
    groups.end();
    await user.settle();
  }
  await user.end();
}
