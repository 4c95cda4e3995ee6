/** What follows from sums: how many partitions a graph has and where they are cut; which dictionaries are merged together. Pure.
 *
 * Invariant: partitions follow from vertices and edges alone, never from workers or memory. What is merged when may follow from
 * memory: ranks do not depend on it.
 */
import { ID_ROWS } from '../../kernels/ids.ts';
import { RANK_BYTES, RANKER_BYTES } from '../../kernels/ranks.ts';
import { MAX_SPREAD, SPREADER_BYTES } from '../../kernels/spread.ts';
import { windowBytes } from '../../mapreduce/fan-in.ts';
import { workingBytes } from '../../memory/shares.ts';
import type { Slice } from '../../shuffle/carrier.ts';
import { BLOCK_ROWS, MAX_FAN_IN } from '../../store/merge.ts';

/** Of a partition, on average: what a vertex program gathers from then fits in a second-level cache, and places of vertices in two bytes
 *  (kernels/messages.ts, NARROW_NUMBERS), where partitions are about even. */
const VERTICES = 57_344;
const MAX_PARTITIONS = 64;
/** A multiple of this, where there are more: so that two workers, or four, have as much each. */
const EVEN = 4;
/** A graph of few vertices and many edges has work for several workers, too. */
const EDGES = 262_144;
const MAX_BY_EDGES = 8;
/** What a vertex weighs in edges, where partitions are cut: a call of a function, against an edge that a kernel folds. */
const VERTEX_WEIGHT = 24;

/** At least 1, and no more than there are vertices. */
export function partitionCount(vertices: number, edges: number): number {
  const enough = Math.ceil(vertices / VERTICES);
  const byVertices = Math.min(
    MAX_PARTITIONS,
    enough > EVEN ? Math.ceil(enough / EVEN) * EVEN : enough,
  );
  const byEdges = Math.min(MAX_BY_EDGES, Math.ceil(edges / EDGES));
  return Math.max(1, Math.min(vertices, Math.max(byVertices, byEdges)));
}

/** Vertices one after the other, and how many out-edges they have. */
export interface VertexBatch {
  readonly rows: number;
  readonly edges: number;
}

/** The first rank of each partition, and behind the last the number of vertices: weights are about even, and none is empty (but of
 *  a graph without vertices). `degreesOf` is asked for the batches in which one ends. */
export function cutPartitions(
  batches: readonly VertexBatch[],
  partitions: number,
  degreesOf: (batch: number) => ArrayLike<number>,
): number[] {
  const vertices = batches.reduce((sum, { rows }) => sum + rows, 0);
  const total = batches.reduce((sum, batch) => sum + weightOf(batch), 0);
  const bases = [0];
  let [batch, rank, weight] = [0, 0, 0];
  for (let partition = 1; partition < partitions; partition++) {
    const target = (total * partition) / partitions;
    while (weight + weightOf(batches[batch]!) < target) {
      weight += weightOf(batches[batch]!);
      rank += batches[batch]!.rows;
      batch++;
    }
    const degrees = degreesOf(batch);
    let before = weight;
    let cut = rank;
    while (before < target) before += degrees[cut++ - rank]! + VERTEX_WEIGHT;
    const most = vertices - (partitions - partition);
    bases.push(Math.min(Math.max(cut, bases.at(-1)! + 1), most));
  }
  return [...bases, vertices];
}

const weightOf = ({ rows, edges }: VertexBatch): number => edges + VERTEX_WEIGHT * rows;

/** How much of an even share a band's rows are to take while they are sorted, on average. */
const BAND_PART = 0.6;
/** What the smallest buffers of all bands may take where edges are distributed (DISTRIBUTE_BYTES). */
const BUFFERS_BYTES = 512 * 1024;
/** What arranging takes beside them: blocks as they are unpacked, and as they are sorted. */
const ARRANGE_BYTES = 1024 * 1024;

/** Of edges on their way to being sorted. */
export interface RowsToSort {
  readonly rows: number;
  /** Of a row, while it is sorted. */
  readonly bytes: number;
  /** What a worker has for it. */
  readonly room: number;
  /** Of the smallest buffer of a band, on the way there. */
  readonly bufferBytes: number;
}

/** The first rank of each band, and behind the last the number of vertices: each partition is cut into as many even ranges of ranks, one if there is
 *  memory enough. Sorted chunks that are merged take twice as long, but would do for any; order does not depend on it. */
export function cutBands(bases: readonly number[], sort: RowsToSort): number[] {
  const { rows, bytes, room, bufferBytes } = sort;
  const partitions = bases.length - 1;
  const wanted = (rows * bytes) / (partitions * BAND_PART * Math.max(1, room - ARRANGE_BYTES));
  const most = Math.min(MAX_SPREAD, Math.floor(BUFFERS_BYTES / bufferBytes)) / partitions;
  const each = Math.max(1, Math.min(Math.ceil(wanted), Math.floor(most)));
  const bands = bases.slice(0, -1).flatMap((base, p) => {
    const vertices = bases[p + 1]! - base;
    const n = Math.max(1, Math.min(each, vertices));
    return Array.from({ length: n }, (_, i) => base + Math.floor((vertices * i) / n));
  });
  return [...bands, bases.at(-1)!];
}

/** What a task may take of kernel memory: always granted. */
const kernelBytes = (floorBytes: number): number => floorBytes - workingBytes(floorBytes);

/** What ranking takes beside its inputs: its output, a block of the merge, decoded ids. */
const RANK_BASE_BYTES = RANKER_BYTES + 12 * BLOCK_ROWS + 8 * ID_ROWS + 64 * 1024;

/** Neighbours that are merged at once, by index: two at least, where there are two. */
export function mergeSets(
  dictionaries: readonly Slice[],
  floorBytes: number,
  fanIn = MAX_FAN_IN,
): number[][] {
  const room = kernelBytes(floorBytes) - RANK_BASE_BYTES;
  const sets: number[][] = [];
  let left = 0;
  for (const [i, slice] of dictionaries.entries()) {
    const bytes = windowBytes(slice) + RANK_BYTES;
    const set = sets.at(-1);
    if (set !== undefined && set.length < fanIn && (bytes <= left || set.length === 1)) {
      set.push(i);
      left -= bytes;
    } else {
      sets.push([i]);
      left = room - bytes;
    }
  }
  return sets;
}

/** What distributing takes beside ranks: rows as they are spread, a batch, the smallest buffers of bands or of 64 partitions. */
const DISTRIBUTE_BYTES = SPREADER_BYTES + 1024 * 1024;
const LEAST_IDS = 65_536;

/** Ids of an object, at most: so that their ranks always fit. */
export function idsThatFit(floorBytes: number): number {
  return Math.max(LEAST_IDS, Math.floor((kernelBytes(floorBytes) - DISTRIBUTE_BYTES) / 4));
}

/** Ids below this may be their own numbers: a table of them (4 bytes each) is then no larger than the input. */
export function smallIdsFor(inputBytes: number, maxIds: number): number {
  return Math.min(maxIds, Math.max(LEAST_IDS, Math.floor(inputBytes / 4)));
}

/** Ids of a range, where they are ranked by several workers. */
const RANGE_IDS = 65_536;

/** Into how many ranges ids are cut: as many as there are workers, if that is worth it. Ranks do not depend on it. */
export function rangeCount(ids: number, slots: number): number {
  return Math.max(1, Math.min(slots, Math.floor(ids / RANGE_IDS)));
}
