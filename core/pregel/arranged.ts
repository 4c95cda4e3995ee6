/** The edges of a partition arranged by target, for messages that are folded before they leave. Plain data.
 *
 * Of each partition that edges lead to: the targets that have any (*listed*), those with the most edges first, how many each has, and the
 * edges' sources, of each target ascending, with the weights that messages meet on their way. A target's edges are folded in this order, partition
 * by partition: that is the definition of a sum of doubles. A source is named by its place (kernels/places.ts), where its value lies.
 */
import type { Field } from '../batch/columns.ts';
import type { Run } from '../store/run.ts';

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

export const rowsOf = ({ partitions }: Run, partition: number): number =>
  partitions[partition]!.reduce((sum, { rows }) => sum + rows, 0);
