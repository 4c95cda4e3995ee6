/** The order in which a partition's values are gathered: those that are read most often lie side by side, so that most reads find them in the first
 * cache. An order of places alone: whatever is folded is folded in the order of the vertices.
 */
import { type Kernels, outOfMemory } from './kernels.ts';
import { shiftOf } from './edge-spread.ts';

/** Of `orderByCount`. */
export const BUCKET_BYTES = 4096;

/** The place (u32) of each of n counts, the largest count first. @throws LimitError MEMORY */
export function placesByCount(kernels: Kernels, counts: number, n: number, out: number): void {
  const [order, buckets] = [kernels.alloc(n * 4), kernels.alloc(BUCKET_BYTES)];
  try {
    if (order === 0 || buckets === 0) throw outOfMemory(n * 4, `the order of ${n} vertices`);
    kernels.raw.orderByCount(counts, n, order, buckets);
    kernels.raw.placesOf(order, n, out);
  } finally {
    kernels.free(order);
    kernels.free(buckets);
  }
}

/** n values of 1, 4 or 8 bytes, each at its place. */
export function toPlaces(
  { raw }: Kernels,
  values: number,
  width: number,
  places: number,
  n: number,
  out: number,
): void {
  raw.toPlaces(values, width === 1 ? 0 : shiftOf(width), places, n, out);
}
