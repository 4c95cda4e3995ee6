/** The reduce tasks of a stage, and what they have made by channel. Pure; driver side.
 *
 * A partition of the stage's own table is a slice of every run; or a range of keys, whose boundaries follow from the samples
 * of all walks. A task a partition for the stage's own table; and a task a partition for each further output, with the rows that map has
 * emitted to it. What `reduce` emits to a further output follows those: it comes from the tasks of the own table.
 */
import { rangesOf, slicesWithin } from '../shuffle/key-range.ts';
import { KeySample } from '../shuffle/key-sample.ts';
import type { Run } from '../store/run.ts';
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
  /** The map has put its rows into one partition, to be cut into ranges of keys. */
  readonly ranged: boolean;
  /** Further outputs that somebody asked for, as the map was told. */
  readonly sides: readonly string[];
  /** `parts`: how many there will be of that channel. */
  intoFor(output: string | undefined, parts: number, keyed: boolean): Into;
}

export interface ReducePlan {
  readonly tasks: readonly ReduceArgument[];
  /** Of the stage's own table. */
  readonly partitions: number;
  /** By channel, from what the tasks made, in their order. */
  made(reduced: readonly Reduced[]): ReadonlyMap<string, Made>;
}

interface Side {
  readonly output: string;
  readonly runs: readonly Run[];
  /** Where go the rows that map has emitted, and those of `reduce`. */
  readonly mapped: Into;
  readonly reduced: Into;
}

export function planReduce(work: StageReduce): ReducePlan {
  const { stage, spec, objects, intoFor } = work;
  const reduces = spec?.reduce !== undefined;
  const slices = ownSlices(work);
  const { length } = slices;
  // Ranges are in order one after the other; so are rows without a key, by their place in the input.
  const inOrder = work.ranged || Object.keys(spec?.key ?? {}).length === 0;
  const own = intoFor(undefined, length, !inOrder && length > 1);
  const sides = work.sides.map((output, i): Side => {
    const parts = reduces ? work.partitions + length : work.partitions;
    return {
      output,
      runs: objects.flatMap(({ sideRuns }) => sideRuns[i]!),
      mapped: intoFor(output, parts, false),
      reduced: intoFor(output, parts, !inOrder && length > 1),
    };
  });
  const needed = own.kind !== 'none' || reduces;
  const ownTasks = needed ? tasksOfOwn(work, slices, own, reduces ? sides : []) : [];
  return {
    tasks: [...ownTasks, ...sides.flatMap(side => tasksOfSide(work, side))],
    partitions: length,
    made(reduced) {
      const owns = reduced.slice(0, ownTasks.length);
      const sections = [{ parts: owns.map(({ part }) => part), keyed: isKeyed(own) }];
      const made = new Map<string, Made>();
      made.set(channelKey({ stage: stage.id }), { sections, written: own.kind !== 'run' });
      for (const [i, side] of sides.entries()) {
        const from = ownTasks.length + i * work.partitions;
        const ofMap = reduced.slice(from, from + work.partitions).map(({ part }) => part);
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

type Slices = Pick<ReduceArgument, 'slices' | 'range'>;

function ownSlices({ objects, partitions, ranged }: StageReduce): Slices[] {
  const runs = objects.flatMap(object => object.runs);
  if (!ranged) return numbers(partitions).map(p => ({ slices: slicesOf(runs, p) }));
  const sample = new KeySample();
  for (const object of objects) sample.addAll(object.sample!);
  return rangesOf(sample.boundaries(partitions)).map(range => {
    return { slices: slicesWithin(runs, range), range };
  });
}

function tasksOfOwn(
  { context, stage, spec, partitions }: StageReduce,
  slices: readonly Slices[],
  into: Into,
  sides: readonly Side[],
): ReduceArgument[] {
  const { fields } = layoutOf(spec ?? { value: stage.output });
  return slices.map((slice, partition) => ({
    context,
    stage,
    fields,
    how: 'reduce',
    partition,
    ...slice,
    into,
    sides: sides.map(({ output, reduced }) => {
      return { output, into: reduced, part: partitions + partition };
    }),
  }));
}

function tasksOfSide(
  { context, stage, spec, partitions }: StageReduce,
  { output, runs, mapped }: Side,
): ReduceArgument[] {
  const { fields } = layoutOf({ value: spec!.outputs![output]! });
  return numbers(partitions).map(partition => ({
    context,
    stage,
    output,
    fields,
    how: 'reduce',
    partition,
    slices: slicesOf(runs, partition),
    into: mapped,
    sides: [],
  }));
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const isKeyed = (into: Into): boolean => into.kind === 'run' && into.keyed;
