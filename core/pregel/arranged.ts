/** The edges of a partition arranged by target, for messages that are folded before they leave. Plain data.
 *
 * Of each partition that edges lead to: the targets that have any (*listed*), those with the most edges first, how many each has, and the
 * edges' sources, of each target ascending, with the weights that messages meet on their way. A target's edges are folded in this order, partition
 * by partition: that is the definition of a sum of doubles. A source is named by its place (kernels/places.ts), where its value lies.
 */
import type { Field } from '../batch/columns.ts';
import type { Refusals } from '../mapreduce/stage.ts';
import type { BatchRef, Run } from '../store/run.ts';

export interface Arranged {
  /** By partition of the targets: rows `LISTED`. */
  readonly listing: Run;
  /** By partition of the targets: the source's place (i32), and the weight if there is one. */
  readonly sources: Run;
}

/** A target's number in its partition, and its edges. */
export const LISTED: readonly Field[] = [
  { name: 'target', kind: 'i32', nullable: false },
  { name: 'edges', kind: 'i32', nullable: false },
];
const SOURCE: Field = { name: 'source', kind: 'i32', nullable: false };

export const sourceFields = (weight: 'i32' | 'i64' | 'f64' | undefined): Field[] => [
  SOURCE,
  ...(weight === undefined ? [] : [{ name: 'weight', kind: weight, nullable: false }]),
];

/** Edges on their way there: the source's place, the target's rank, the weight. */
export const spreadFields = (weight: 'i32' | 'i64' | 'f64' | undefined): Field[] => {
  const [source, ...met] = sourceFields(weight);
  return [source!, { name: 'target', kind: 'i32', nullable: false }, ...met];
};

/** Whether messages are folded by who receives them. Folded by who sends them, a value for each listed target is written, copied and copied in
 *  again, and added; else each vertex's own value is written once and copied by each worker. The fewer copies it is. */
export function foldedByReceiver(
  arranged: readonly Arranged[],
  vertexCount: number,
  workers: number,
  refuse: Refusals | undefined,
): boolean {
  if (refuse?.fold !== undefined) return refuse.fold === 'sender';
  const listed = listedIn.get(arranged) ?? listedOf(arranged);
  listedIn.set(arranged, listed);
  return 3 * listed > vertexCount * (1 + workers);
}
const listedIn = new WeakMap<readonly Arranged[], number>();
function listedOf(arranged: readonly Arranged[]): number {
  let listed = 0;
  for (const { listing } of arranged) {
    for (const to of listing.partitions.keys()) listed += rowsOf(listing, to);
  }
  return listed;
}

/** Of lists that do not change: they are many, and asked for in every superstep. */
const known = new WeakMap<readonly BatchRef[], number>();
export function rowsOf({ partitions }: Run, partition: number): number {
  const batches = partitions[partition]!;
  const rows = known.get(batches) ?? batches.reduce((sum, batch) => sum + batch.rows, 0);
  known.set(batches, rows);
  return rows;
}
