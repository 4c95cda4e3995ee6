/** A reduce task: merges the slices of one partition, folds what is combined, calls the user's function, writes.
 *
 *   slices ──merge──▶ groups (folded in kernels) | rows (kept) ──▶ key columns, values ──▶ reduce? ──▶ target
 *
 * The same task brings parts together that are finished, when a table is to be one file or one sequence of rows.
 * Invariants: groups come in key order; the memory is that of one merge and one batch, whatever the size of a group;
 * the result is one run, one file or one writer's commit a channel, of this attempt alone.
 */
import { loadDefinition } from '../define/loader.ts';
import type { WorkerContext } from '../exec/executor.ts';
import type { Schema } from '../define/schema.ts';
import type { LimitError } from '../errors.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import { carrierOf } from './carriers.ts';
import { MergedGroups } from '../store/merged-groups.ts';
import { MergedRows } from '../store/merged-rows.ts';
import type { MergeInput } from '../store/merge.ts';
import { UserContext } from './context.ts';
import { inputFor, lowerFanIn } from './fan-in.ts';
import { measure } from './measure.ts';
import { GroupRows } from './group-rows.ts';
import { KeyDecoder } from './key-decoder.ts';
import { keyReader, overflowOf, printKey } from './keys.ts';
import { largestKeys } from './largest-keys.ts';
import { hardened } from './hard-memory.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { MapReduceSpec } from './define.ts';
import { isMemory, type NoRoom, withKeys } from './no-room.ts';
import { SideOutputs } from './side-outputs.ts';
import type { Part, ReduceArgument, Reduced } from './stage.ts';
import { combinerOf } from './row-combiner.ts';
import { openTarget, roomInAll, type Target } from './target.ts';
import { UserReducer } from './user-reducer.ts';

interface Work {
  readonly argument: ReduceArgument;
  readonly worker: WorkerContext;
  readonly spec: MapReduceSpec | undefined;
  readonly layout: Layout;
  readonly inputs: readonly MergeInput[];
  readonly target: Target;
  readonly context: UserContext;
  readonly sides: SideOutputs;
  /** The target and those of further outputs. */
  readonly targets: readonly Target[];
}

export async function runReduce(argument: ReduceArgument, given: WorkerContext): Promise<Reduced> {
  const worker = hardened(argument.context, given);
  const { stage, output, how } = argument;
  const measured = measure();
  worker.kernels().reset();
  const whole = stage.use && ((await loadDefinition('mapReduce', stage.use)) as MapReduceSpec);
  // Rows of a further output pass as they are.
  const spec = output === undefined ? whole : undefined;
  const columns = output === undefined ? stage.output : whole!.outputs![output]!;
  const layout = layoutOf(spec ?? { value: columns });
  const carrier = carrierOf(argument.context, worker);
  const targets: Target[] = [];
  let merged: ReturnType<typeof lowerFanIn> | undefined;
  try {
    const sides = await openTargets(argument, worker, targets, columns, whole);
    const context = new UserContext(spec, stage.params, sides);
    const target = targets[0]!;
    if (how === 'concat') await concat(argument, worker, carrier, target);
    else {
      // A group that is read again is merged twice at once.
      const passes = layout.mode === 'rows' && how === 'reduce' ? 2 : 1;
      const { job } = argument.context;
      const where = { job, stage: `${stage.name} reduce`, partition: argument.partition };
      const combine =
        how === 'reduce' ? combinerOf(spec, layout, where, () => worker.heapCheck()) : undefined;
      merged = lowerFanIn(argument, worker, carrier, passes, combine);
      const { inputs } = merged;
      const work = { argument, worker, spec, layout, inputs, target, context, sides, targets };
      if (how === 'merge') await mergeFinished(work);
      else if (layout.mode === 'groups') await reduceGroups(work);
      else await reduceRows(work);
    }
    sides.flush();
    const [part, ...sideParts] = await finishAll(targets);
    const { counters } = context;
    const spilledBytes = merged?.spilledBytes ?? 0;
    return { part: part!, sideParts, spilledBytes, counters, ...(await measured()) };
  } catch (error) {
    for (const target of targets) await target.abort();
    throw isMemory(error) ? noRoom(error, argument, layout, carrier) : error;
  } finally {
    carrier.close();
    merged?.remove();
  }
}

/** With the operator, its partition and its largest keys. */
function noRoom(
  error: LimitError,
  argument: ReduceArgument,
  layout: Layout,
  carrier: Carrier,
): NoRoom {
  const { context, stage, how, partition, slices, fields } = argument;
  let keys: string[] = [];
  try {
    if (layout.key.length > 0) {
      keys = largestKeys({
        inputs: slices.map(slice => inputFor(argument, carrier, slice)),
        fields,
        natural: how === 'reduce' && layout.mode === 'rows',
        print: key => printKey(layout.key, key),
      });
    }
  } catch {
    // What went wrong first is what there is to say.
  }
  const where = { job: context.job, stage: `${stage.name} reduce`, partition };
  return withKeys(error, keys).at(`${stage.name}: ${how} of partition ${partition}`, where);
}

/** Fills `targets`: the task's own, then those of further outputs. */
async function openTargets(
  { context, into, partition, slices, sides }: ReduceArgument,
  worker: WorkerContext,
  targets: Target[],
  columns: Schema,
  spec: MapReduceSpec | undefined,
): Promise<SideOutputs> {
  // What comes out is seldom more than what goes in; where it is, more is asked for.
  const bytesHint = slices
    .flatMap(({ batches }) => batches)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const common = { context, bytesHint };
  const own = { ...common, into, columns, part: partition, name: 'out' };
  targets.push(await openTarget(own, worker));
  const byOutput = new Map<string, Target>();
  for (const [i, side] of sides.entries()) {
    const name = `out-${i}`;
    const request = { ...common, ...side, columns: spec!.outputs![side.output]!, name };
    const target = await openTarget(request, worker);
    targets.push(target);
    byOutput.set(side.output, target);
  }
  return new SideOutputs(spec, output => byOutput.get(output));
}

async function finishAll(targets: readonly Target[]): Promise<Part[]> {
  const parts: Part[] = [];
  for (const target of targets) parts.push(await target.finish());
  return parts;
}

/** Rows as they are, one slice after the other. */
async function concat(
  { slices, fields }: ReduceArgument,
  worker: WorkerContext,
  carrier: Carrier,
  target: Target,
): Promise<void> {
  for (const slice of slices) {
    for (let i = 0; i < slice.batches.length; i++) {
      const batch = carrier.read(slice, i, fields);
      await target.room(batch);
      target.write(batch);
      worker.heapCheck();
    }
    // There may be more segments than a process may have open.
    carrier.close();
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
        await roomInAll(work.targets);
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
  await roomInAll(work.targets);
  const groups = new GroupRows(merged, layout.values, () => worker.heapCheck());
  const readKey = keyReader(layout.key);
  for (let group = groups.next(); group !== undefined; group = groups.next()) {
    user.group(group.key, readKey(group.key), group.values);
    groups.end();
    await user.settle();
  }
  await user.end();
}
