/** Loading a graph: what its tasks are told, and what they make. Plain data; both sides import it.
 *
 *   walk        splits of edges and vertices ──▶ objects: distinct ids, numbered; edges by these numbers
 *   rank        ids of all objects, merged   ──▶ ids in ascending order; the rank of each number of each object
 *   distribute  an object's edges            ──▶ by rank, and by the partition of their source
 *   arrange     a partition's edges          ──▶ sorted; out-degrees
 *   complete    a partition's vertices       ──▶ id, out-degree, values
 */
import type { Field } from '../../batch/columns.ts';
import { fieldsOf } from '../../batch/columns.ts';
import type { AnyType, Schema } from '../../define/schema.ts';
import type { Measured } from '../../mapreduce/measure.ts';
import type { StageSplit } from '../../mapreduce/plan.ts';
import type { SplitInputs } from '../../mapreduce/read-split.ts';
import type { JobContext, Part } from '../../mapreduce/stage.ts';
import type { WalkClaims } from '../../mapreduce/tasks.ts';
import type { Slice } from '../../shuffle/carrier.ts';
import type { KeyRange } from '../../shuffle/key-range.ts';
import type { SampledKeys } from '../../shuffle/key-sample.ts';
import type { Run } from '../../store/run.ts';

const BODIES = new URL('./bodies.js', import.meta.url).href;
const task = (name: string) => ({ module: BODIES, name: `superstep.load.${name}` });
export const WALK = task('walk');
export const RANK = task('rank');
export const DISTRIBUTE = task('distribute');
export const ARRANGE = task('arrange');
export const COMPLETE = task('complete');
export const TRIM = task('trim');

/** A run that a task has made. */
export interface RunPart extends Part {
  readonly run: Run;
}

/** Rows in the order of a run, by the split that they came from: split, rows, split, rows… Splits that are neighbours, and of
 *  which one run has all, may be one piece. */
export type Pieces = readonly number[];

export interface WalkArgument extends WalkClaims {
  readonly context: JobContext;
  readonly id: AnyType;
  readonly edges: SplitInputs;
  readonly vertices?: SplitInputs | undefined;
  /** Of both tables; first those of the edges. */
  readonly splits: readonly StageSplit[];
  readonly edgeSplits: number;
  readonly undirected: boolean;
  /** Of all splits. */
  readonly inputBytes: number;
  /** Ids from 0 up to this may be their own numbers: a table of them is no larger than the input. */
  readonly smallIds: number;
  /** Ids of an object, at most: their ranks fit in what every worker is always granted. */
  readonly maxIds: number;
}

/** Edges that a walk has read, and the dictionary of their ids. */
export interface LoadObject {
  /** The distinct ids, ascending, as `idFields`. */
  readonly ids: RunPart;
  /** Their numbers, in the same order. */
  readonly numbers: RunPart;
  /** Numbers are below this. */
  readonly size: number;
  /** As `numberedEdges`; absent: none. */
  readonly edges?: RunPart | undefined;
  readonly pieces: Pieces;
  /** As `numberedVertices`; absent: none, or they have no values. */
  readonly vertices?: RunPart | undefined;
}

export interface Walked extends Measured {
  readonly splits: readonly number[];
  readonly objects: readonly LoadObject[];
  /** Of the ids. */
  readonly sample: SampledKeys;
  readonly rowsIn: number;
  readonly bytesIn: number;
  readonly skipped: number;
}

const i32 = (name: string): Field => ({ name, kind: 'i32', nullable: false });

/** Of dictionaries: the id as a key (8 bytes, or the text itself), its out-edges, and how often vertices list it: 0, 1, or 2 for
 *  more. */
export function idFields(listed: boolean): Field[] {
  const key: Field = { name: 'key', kind: 'bytes', nullable: false };
  return [key, i32('degree'), ...(listed ? [i32('listed')] : [])];
}
export const NUMBERS: readonly Field[] = [i32('number')];
export const numberedEdges = (values: Schema): Field[] => [
  i32('source'),
  i32('target'),
  ...fieldsOf(values),
];
export const numberedVertices = (values: Schema): Field[] => [i32('vertex'), ...fieldsOf(values)];

export interface RankArgument {
  readonly context: JobContext;
  readonly id: AnyType;
  /** Of each dictionary that is merged. */
  readonly slices: readonly Slice[];
  /** Of their ids, these alone. */
  readonly range?: KeyRange | undefined;
  readonly listed: boolean;
  readonly onlyListed: boolean;
  /** All dictionaries are here, at least of the range: ids come out as they were given, otherwise as keys to be merged
   *  again. */
  readonly last: boolean;
}

export interface Ranked extends Measured {
  /** As `rankedFields`, or `idFields` where they are not the last. */
  readonly ids: RunPart;
  /** RANKS, a partition a dictionary: of each of its ids, in order; −1 for one that has none. Counted from 0. */
  readonly ranks: RunPart;
  /** Out-edges of each batch of `ids`. */
  readonly degrees: readonly number[];
  /** The first id that is listed twice. */
  readonly twice?: string;
}

export const RANKS: readonly Field[] = [i32('rank')];
export const rankedFields = (id: AnyType): Field[] => [...fieldsOf({ id }), i32('degree')];

/** Ranks, or places among merged ids, that a dictionary's ids were given, in order; all of them are `base` more. */
export interface RankList {
  readonly base: number;
  readonly slices: readonly Slice[];
}

export interface DistributeArgument {
  readonly context: JobContext;
  /** The first rank of each band of edges, and behind the last the number of vertices. */
  readonly bands: readonly number[];
  /** Of each partition, for vertices. */
  readonly bases: readonly number[];
  readonly from: NumberedRows | OutEdges;
}

/** What a walk has read. */
export interface NumberedRows {
  readonly kind: 'object';
  readonly id: AnyType;
  readonly listed: boolean;
  readonly edge: Schema;
  readonly vertex: Schema;
  readonly object: LoadObject;
  /** How its ids were merged: place by place, the last are ranks. */
  readonly merges: readonly (readonly RankList[])[];
  readonly undirected: boolean;
  readonly dropLoops: boolean;
  /** An edge with an end that has no rank is an error; otherwise it is left out. */
  readonly refuseDangling: boolean;
}

/** A partition of a graph, whose out-edges become in-edges. */
export interface OutEdges {
  readonly kind: 'partition';
  readonly id: AnyType;
  readonly vertex: Schema;
  readonly edge: Schema;
  readonly base: number;
  readonly vertexRun: Run;
  readonly edgeRun: Run;
}

export interface Distributed extends Measured {
  /** By band, as `spreadFields`; in the order they came in. */
  readonly edges?: Spread | undefined;
  /** The same by partition. */
  readonly vertices?: Spread | undefined;
  /** The first edge that should not be there, in the order of the input: ids as printed. */
  readonly dangling?: Dangling | undefined;
}

export interface Spread {
  readonly part: RunPart;
  /** Of each band or partition; absent: nobody needs to know. */
  readonly pieces?: readonly Pieces[];
}

export interface Dangling {
  readonly split: number;
  readonly source: string;
  readonly target: string;
  readonly missing: string;
}

/** A row by the number of its source (or of the vertex) in its band or partition, in the upper half, and the rank of its target. */
export const spreadFields = (values: Schema): Field[] => [
  { name: 'place', kind: 'i64', nullable: false },
  ...fieldsOf(values),
];

/** Rows of one band or partition, as they were distributed. */
export interface SpreadRows {
  readonly slices: readonly Slice[];
  /** Of each slice; absent: their order does not matter. */
  readonly pieces?: readonly Pieces[];
}

/** Some of a partition's vertices, one after the other, and their edges: so many that these are likely to be sorted in memory. */
export interface Band {
  /** The rank of the first. */
  readonly base: number;
  readonly vertices: number;
  readonly rows: SpreadRows;
}

export interface ArrangeArgument {
  readonly context: JobContext;
  readonly partition: number;
  /** In order. */
  readonly bands: readonly Band[];
  /** Of the whole graph. */
  readonly vertexCount: number;
  readonly edge: Schema;
  /** Of its rows: `edgeFields`, or IN_EDGE. */
  readonly fields: readonly Field[];
  readonly degreeFields: readonly Field[];
  readonly dropDuplicates: boolean;
}

export interface Arranged extends Measured {
  readonly edges: RunPart;
  /** A row a vertex. */
  readonly degrees: RunPart;
  /** Of the edges. */
  readonly loops: number;
  /** To sort what did not fit in memory. */
  readonly spilledBytes: number;
}

export interface CompleteArgument {
  readonly context: JobContext;
  readonly partition: number;
  readonly vertices: number;
  readonly id: AnyType;
  readonly vertex: Schema;
  /** Its ids, in order: of each slice the rows from … to. */
  readonly ids: readonly { readonly slice: Slice; readonly from: number; readonly to: number }[];
  readonly degrees: Run;
  /** Of the vertices that were listed; absent: they have no values. */
  readonly rows?: SpreadRows | undefined;
}

export interface Completed extends Measured {
  readonly vertices: RunPart;
  readonly spilledBytes: number;
}
