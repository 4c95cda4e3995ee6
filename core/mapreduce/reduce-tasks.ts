/** The reduce tasks of a stage, and what they have made by channel. Pure; driver side.
 *
 * A task a partition for the stage's own table; and a task a partition for each further output, with the rows that map has
 * emitted to it. What `reduce` emits to a further output follows those: it comes from the tasks of the own table.
 */
import type { Field } from '../batch/columns.ts';
import type { MapReduceSpec } from './define.ts';
import { layoutOf } from './layout.ts';
import { type Made, slicesOf } from './made.ts';
import { channelKey, type Stage } from './plan.ts';
import type { Into, JobContext, MapObject, Reduced, ReduceArgument } from './stage.ts';

export interface StageReduce {
  readonly context: JobContext;
  readonly stage: Stage;
  readonly spec: MapReduceSpec | undefined;
  readonly objects: readonly MapObject[];
  readonly partitions: number;
  /** Further outputs that somebody asked for, as the map was told. */
  readonly sides: readonly string[];
  /** `parts`: how many there will be of that channel. */
  intoFor(output: string | undefined, parts: number, keyed: boolean): Into;
}

export interface ReducePlan {
  readonly tasks: readonly ReduceArgument[];
  /** By channel, from what the tasks made, in their order. */
  made(reduced: readonly Reduced[]): ReadonlyMap<string, Made>;
}

export function planReduce(work: StageReduce): ReducePlan {
  const { stage, spec, objects, partitions, intoFor } = work;
  const reduces = spec?.reduce !== undefined;
  const isMapOnly = Object.keys(spec?.key ?? {}).length === 0;
  const own = intoFor(undefined, partitions, !isMapOnly && partitions > 1);
  const sides = work.sides.map((output, i) => {
    const parts = reduces ? 2 * partitions : partitions;
    return {
      output,
      runs: objects.flatMap(({ sideRuns }) => sideRuns[i]!),
      mapped: intoFor(output, parts, false),
      reduced: intoFor(output, parts, partitions > 1),
    };
  });
  const task = (partition: number, runs: MapObject['runs'], fields: readonly Field[]) => ({
    context: work.context,
    stage,
    fields,
    how: 'reduce' as const,
    partition,
    slices: slicesOf(runs, partition),
  });
  const numbers = Array.from(
    { length: own.kind === 'none' && !reduces ? 0 : partitions },
    (_, p) => p,
  );
  const ownRuns = objects.flatMap(({ runs }) => runs);
  const { fields } = layoutOf(spec ?? { value: stage.output });
  const ownTasks = numbers.map(partition => ({
    ...task(partition, ownRuns, fields),
    into: own,
    sides: (reduces ? sides : []).map(({ output, reduced }) => {
      return { output, into: reduced, part: partitions + partition };
    }),
  }));
  const sideTasks = sides.flatMap(({ output, runs, mapped }) => {
    const columns = layoutOf({ value: spec!.outputs![output]! }).fields;
    return Array.from({ length: partitions }, (_, partition) => {
      return { ...task(partition, runs, columns), output, into: mapped, sides: [] };
    });
  });
  return {
    tasks: [...ownTasks, ...sideTasks],
    made(reduced) {
      const owns = reduced.slice(0, ownTasks.length);
      const made = new Map<string, Made>();
      made.set(channelKey({ stage: stage.id }), {
        sections: [{ parts: owns.map(({ part }) => part), keyed: isKeyed(own) }],
        written: own.kind !== 'run',
      });
      for (const [i, side] of sides.entries()) {
        const from = ownTasks.length + i * partitions;
        const ofMap = reduced.slice(from, from + partitions).map(({ part }) => part);
        const ofReduce = owns.flatMap(({ sideParts }) => sideParts[i] ?? []);
        made.set(channelKey({ stage: stage.id, output: side.output }), {
          sections: [
            { parts: ofMap, keyed: false },
            ...(reduces ? [{ parts: ofReduce, keyed: isKeyed(side.reduced) }] : []),
          ],
          written: side.mapped.kind !== 'run',
        });
      }
      return made;
    },
  };
}

const isKeyed = (into: Into): boolean => into.kind === 'run' && into.keyed;
