/** Edges of a partition, which lie by source, arranged by target: spread over ranges of targets, then a counting sort of one range after the
 * other, which are small enough for a cache.
 *
 * Order of calls: `spreadTargets` over all edges. Then, for targets [low, high) of a range: `countTargets` over its edges,
 * `startTargets`, `placeTargets` over its edges again (their chunks in the same order), `listTargets`. Edges come in ascending order of source,
 * so those of one target end up so, too.
 */

/** Puts n edges into the buffers of the ranges of their targets: the source's place (u32), the target (u32), the weight (of 1 << shift bytes;
 *  shift 0: none). `state` has the source of the first edge and how many of its edges are left (u32 each), and is moved on; `degrees` and
 *  `places` are those of all sources. A range has 1 << bits targets; `filled` has a u32 a range. Buffers have room for `rows` and are
 *  `stride` apart. Returns how many it took; fewer than n: the buffer of the next one's range is full. */
export function spreadTargets(
  state: usize, degrees: usize, places: usize, targets: usize, weights: usize, shift: usize, n: u32, bits: u32, filled: usize,
  area: usize, stride: usize, rows: u32,
): u32 {
  let source = load<u32>(state);
  let left = load<u32>(state, 4);
  let place = load<u32>(places + (usize(source) << 2));
  let j: usize = 0;
  for (; j < usize(n); j++) {
    if (left == 0) {
      do left = load<u32>(degrees + (usize(++source) << 2));
      while (left == 0);
      place = load<u32>(places + (usize(source) << 2));
    }
    const target = load<u32>(targets + (j << 2));
    const range: usize = target >> bits;
    const at: usize = load<u32>(filled + (range << 2));
    if (at == usize(rows)) break;
    left--;
    store<u32>(filled + (range << 2), u32(at) + 1);
    const buffer = area + range * stride;
    store<u32>(buffer + (at << 2), place);
    store<u32>(buffer + ((usize(rows) + at) << 2), target);
    const weight = buffer + (usize(rows) << 3) + (at << shift);
    if (shift == 2) store<u32>(weight, load<u32>(weights + (j << 2)));
    else if (shift == 3) store<u64>(weight, load<u64>(weights + (j << 3)));
  }
  store<u32>(state, source);
  store<u32>(state, left, 4);
  return u32(j);
}

/** counters[target − low] + 1 for each of n edges whose target is in the range. */
export function countTargets(targets: usize, n: u32, low: u32, high: u32, counters: usize): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const target = load<u32>(targets + (j << 2)) - low;
    if (target >= high - low) continue;
    const at = counters + (usize(target) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Counts become the places of each target's first edge; returns how many edges there are. */
export function startTargets(counters: usize, n: u32): u32 {
  let next: u32 = 0;
  for (let at = counters; at < counters + (usize(n) << 2); at += 4) {
    const count = load<u32>(at);
    store<u32>(at, next);
    next += count;
  }
  return next;
}

/** Puts the sources (and weights, of 1 << shift bytes; shift 0: none) of n edges in their places. Afterwards a counter is the end of its
 *  target's edges. */
export function placeTargets(
  sources: usize, targets: usize, n: u32, low: u32, high: u32, counters: usize, sourcesOut: usize, weights: usize, shift: usize, weightsOut: usize,
): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const target = load<u32>(targets + (j << 2)) - low;
    if (target >= high - low) continue;
    const at = counters + (usize(target) << 2);
    const place: usize = load<u32>(at);
    store<u32>(at, u32(place) + 1);
    store<u32>(sourcesOut + (place << 2), load<u32>(sources + (j << 2)));
    if (shift == 2) store<u32>(weightsOut + (place << 2), load<u32>(weights + (j << 2)));
    else if (shift == 3) store<u64>(weightsOut + (place << 3), load<u64>(weights + (j << 3)));
  }
}

/** Of the ends that `placeTargets` leaves: the targets [first, first + n) of the range that have edges, less `base`, how many each
 *  has, and where they begin. Returns how many are listed. */
export function listTargets(counters: usize, first: u32, n: u32, base: u32, targetsOut: usize, countsOut: usize, startsOut: usize): u32 {
  let listed: usize = 0;
  let before: u32 = first == 0 ? 0 : load<u32>(counters + (usize(first - 1) << 2));
  for (let target = usize(first); target < usize(first) + usize(n); target++) {
    const end = load<u32>(counters + (target << 2));
    if (end != before) {
      store<u32>(targetsOut + (listed << 2), u32(target) - base);
      store<u32>(countsOut + (listed << 2), end - before);
      store<u32>(startsOut + (listed << 2), before);
      listed++;
    }
    before = end;
  }
  return u32(listed);
}

const BUCKETS: u32 = 1024;

/** The places of n counts, the largest first (those from BUCKETS − 1 on are as large as each other), otherwise as they are: targets
 *  with few edges, of which there are most, come in runs of equal counts. `buckets` has 4 KiB. */
export function orderByCount(counts: usize, n: u32, order: usize, buckets: usize): void {
  memory.fill(buckets, 0, usize(BUCKETS) << 2);
  for (let j: usize = 0; j < usize(n); j++) {
    const at = buckets + (usize(BUCKETS - 1 - min<u32>(load<u32>(counts + (j << 2)), BUCKETS - 1)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let next: u32 = 0;
  for (let at = buckets; at < buckets + (usize(BUCKETS) << 2); at += 4) {
    const count = load<u32>(at);
    store<u32>(at, next);
    next += count;
  }
  for (let j: usize = 0; j < usize(n); j++) {
    const at = buckets + (usize(BUCKETS - 1 - min<u32>(load<u32>(counts + (j << 2)), BUCKETS - 1)) << 2);
    const place: usize = load<u32>(at);
    store<u32>(at, u32(place) + 1);
    store<u32>(order + (place << 2), u32(j));
  }
}

/** The next `most` sources (and weights) at most, in order of the listed targets. `state` has the place in `order` and how many edges of that
 *  target have been taken (u32 each), and is moved on. Returns how many were taken. */
export function takeSources(
  state: usize, order: usize, listed: u32, starts: usize, counts: usize, sources: usize, weights: usize, shift: usize, most: u32,
  sourcesOut: usize, weightsOut: usize,
): u32 {
  let place = load<u32>(state);
  let taken = load<u32>(state, 4);
  let made: u32 = 0;
  while (place < listed && made < most) {
    const j: usize = load<u32>(order + (usize(place) << 2));
    const count = load<u32>(counts + (j << 2));
    const n = min<u32>(count - taken, most - made);
    const from: usize = load<u32>(starts + (j << 2)) + taken;
    memory.copy(sourcesOut + (usize(made) << 2), sources + (from << 2), usize(n) << 2);
    if (shift != 0) memory.copy(weightsOut + (usize(made) << shift), weights + (from << shift), usize(n) << shift);
    made += n;
    taken += n;
    if (taken == count) {
      taken = 0;
      place++;
    }
  }
  store<u32>(state, place);
  store<u32>(state, taken, 4);
  return made;
}

/** Where each of n things lies in an order. */
export function placesOf(order: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) store<u32>(out + (usize(load<u32>(order + (j << 2))) << 2), u32(j));
}

/** Values of 1 << shift bytes (0, 2 or 3), each to its place. */
export function toPlaces(values: usize, shift: usize, places: usize, n: u32, out: usize): void {
  for (let j: usize = 0; j < usize(n); j++) {
    const at = out + (usize(load<u32>(places + (j << 2))) << shift);
    if (shift == 3) store<u64>(at, load<u64>(values + (j << 3)));
    else if (shift == 2) store<u32>(at, load<u32>(values + (j << 2)));
    else store<u8>(at, load<u8>(values + j));
  }
}
