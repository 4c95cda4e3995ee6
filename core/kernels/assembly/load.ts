/** From local numbers to edges by rank: merged ids are ranked, edges translated and spread over partitions, sorted edges
 *  unpacked. The state blocks are laid out in ../load.ts of the wrappers. */

/** Ranking. State, u32 each. Tables have 16 bytes an input, as gathering has them: data, offsets, valid, unused. */
const KEYS = 0;
const DEGREES = 4;
const LISTED = 8;
/** 8 bytes an input: where its ranks go, and how many there are. */
const RANKS = 12;
const OUT_KEYS = 16;
const OUT_OFFSETS = 20;
const OUT_DEGREES = 24;
const OUT_LISTED = 28;
const OUT_ROWS = 32;
const MAX_ROWS = 36;
const OUT_BYTES = 40;
const MAX_BYTES = 44;
const NEXT_RANK = 48;
/** Inputs that have the id at hand; none: there is no such id. */
const MEMBERS = 52;
const MEMBER_COUNT = 56;
const KEY_LENGTH = 60;
const DEGREE = 64;
const TIMES_LISTED = 72;
/** Ids that no vertex lists get no rank. */
const ONLY_LISTED = 80;
const STOP = 84;
/** An id that is listed more than once ends it. */
const ONCE = 88;

const FULL: u32 = 1;
const TWICE: u32 = 2;
const BEYOND: u32 = 3;

// @ts-ignore: decorator
@inline
function entry(table: usize, input: u32): usize {
  return table + (usize(input) << 4);
}

/** Ends the id at hand: its rank goes to all its inputs. False: STOP says why, and it is still at hand. */
export function endId(state: usize): bool {
  const members = load<u32>(state, MEMBER_COUNT);
  if (members == 0) return true;
  const degree = load<u64>(state, DEGREE);
  const listed = load<u32>(state, TIMES_LISTED);
  if (degree > 0x7fffffff) {
    store<u32>(state, BEYOND, STOP);
    return false;
  }
  if (listed > 1 && load<u32>(state, ONCE) != 0) {
    store<u32>(state, TWICE, STOP);
    return false;
  }
  let rank: u32 = u32.MAX_VALUE;
  if (listed != 0 || load<u32>(state, ONLY_LISTED) == 0) {
    rank = load<u32>(state, NEXT_RANK);
    const rows = load<u32>(state, OUT_ROWS);
    const at = usize(rows) << 2;
    const bytes = load<u32>(state, OUT_BYTES) + load<u32>(state, KEY_LENGTH);
    store<u32>(usize(load<u32>(state, OUT_OFFSETS)) + at, bytes, 4);
    store<u32>(usize(load<u32>(state, OUT_DEGREES)) + at, u32(degree));
    const outListed: usize = load<u32>(state, OUT_LISTED);
    if (outListed != 0) store<u32>(outListed + at, listed);
    store<u32>(state, bytes, OUT_BYTES);
    store<u32>(state, rows + 1, OUT_ROWS);
    store<u32>(state, rank + 1, NEXT_RANK);
  }
  let member: usize = load<u32>(state, MEMBERS);
  for (let i: u32 = 0; i < members; i++, member += 4) {
    const at = usize(load<u32>(state, RANKS)) + (usize(load<u32>(member)) << 3);
    const n = load<u32>(at, 4);
    store<u32>(usize(load<u32>(at)) + (usize(n) << 2), rank);
    store<u32>(at, n + 1, 4);
  }
  store<u32>(state, 0, MEMBER_COUNT);
  return true;
}

/** Begins an id, whose key goes behind those that are out; false when there is no room for it. */
function beginId(state: usize, input: u32, row: u32): bool {
  const column = entry(load<u32>(state, KEYS), input);
  const at = usize(load<u32>(column, 4)) + (usize(row) << 2);
  const from = load<u32>(at);
  const length = load<u32>(at, 4) - from;
  const bytes = load<u32>(state, OUT_BYTES);
  store<u32>(state, length, KEY_LENGTH);
  if (load<u32>(state, OUT_ROWS) == load<u32>(state, MAX_ROWS) || bytes + length > load<u32>(state, MAX_BYTES)) {
    store<u32>(state, FULL, STOP);
    return false;
  }
  memory.copy(usize(load<u32>(state, OUT_KEYS)) + usize(bytes), usize(load<u32>(column)) + usize(from), length);
  store<u64>(state, 0, DEGREE);
  store<u32>(state, 0, TIMES_LISTED);
  return true;
}

/** Takes merged rows first to end, as MergeKernel numbers them (`ids`: a row's group, of which 0 goes on with the one before,
 *  and `id` is that of the row before `first`). Returns the first not taken; STOP says why. */
export function rankRows(state: usize, inputs: usize, rows: usize, ids: usize, first: u32, end: u32, id: u32): u32 {
  store<u32>(state, 0, STOP);
  for (let i = first; i < end; i++) {
    const at = usize(i) << 2;
    const input = load<u32>(inputs + at);
    const row = load<u32>(rows + at);
    if (load<u32>(ids + at) != id && !endId(state)) return i;
    id = load<u32>(ids + at);
    const members = load<u32>(state, MEMBER_COUNT);
    if (members == 0 && !beginId(state, input, row)) return i;
    store<u32>(usize(load<u32>(state, MEMBERS)) + (usize(members) << 2), input);
    store<u32>(state, members + 1, MEMBER_COUNT);
    const value = usize(row) << 2;
    const degree = load<u32>(usize(load<u32>(entry(load<u32>(state, DEGREES), input))) + value);
    store<u64>(state, load<u64>(state, DEGREE) + u64(degree), DEGREE);
    const listed: usize = load<u32>(state, LISTED);
    if (listed != 0) {
      const times = load<u32>(usize(load<u32>(entry(listed, input))) + value);
      store<u32>(state, load<u32>(state, TIMES_LISTED) + times, TIMES_LISTED);
    }
  }
  return end;
}

/** Translating and spreading. State, u32 each: rows by rank as they come, then by partition. */
const SOURCES = 0;
const TARGETS = 4;
/** Which row of the input each is. */
const ROWS = 8;
const DANGLING = 12;
const BASES = 16;
/** A byte for each 2^SHIFT ranks: the partition of the first. */
const COARSE = 20;
const SHIFT = 24;
const PARTITIONS = 28;
/** A byte a row. */
const PARTS = 32;
/** Where the rows of each partition end. */
const ENDS = 36;
const SPREAD_KEYS = 40;
const SPREAD_ROWS = 44;

/** n edges by local numbers → rows by rank: one each, or one each way. An edge with an end that has no rank is left out; the
 *  first such is in DANGLING, or n. Returns the rows. */
export function translateEdges(
  state: usize, ranks: usize, sources: usize, targets: usize, n: u32, undirected: bool, dropLoops: bool,
): u32 {
  let s: usize = load<u32>(state, SOURCES);
  let t: usize = load<u32>(state, TARGETS);
  let r: usize = load<u32>(state, ROWS);
  const start = s;
  store<u32>(state, n, DANGLING);
  for (let i: u32 = 0; i < n; i++) {
    const at = usize(i) << 2;
    const source = load<u32>(ranks + (usize(load<u32>(sources + at)) << 2));
    const target = load<u32>(ranks + (usize(load<u32>(targets + at)) << 2));
    if (i32(source | target) < 0) {
      if (load<u32>(state, DANGLING) == n) store<u32>(state, i, DANGLING);
      continue;
    }
    if (source == target && dropLoops) continue;
    store<u32>(s, source);
    store<u32>(t, target);
    store<u32>(r, i);
    s += 4;
    t += 4;
    r += 4;
    if (!undirected || source == target) continue;
    store<u32>(s, target);
    store<u32>(t, source);
    store<u32>(r, i);
    s += 4;
    t += 4;
    r += 4;
  }
  return u32(s - start) >> 2;
}

/** n listed vertices by local numbers → rows by rank, their target 0. */
export function translateVertices(state: usize, ranks: usize, numbers: usize, n: u32): void {
  const s: usize = load<u32>(state, SOURCES);
  const t: usize = load<u32>(state, TARGETS);
  const r: usize = load<u32>(state, ROWS);
  for (let i: u32 = 0; i < n; i++) {
    const at = usize(i) << 2;
    store<u32>(s + at, load<u32>(ranks + (usize(load<u32>(numbers + at)) << 2)));
    store<u32>(t + at, 0);
    store<u32>(r + at, i);
  }
}

/** n rows by partition of their source, in the order they are in: keys (source − base) << 32 | target, and rows. */
export function spreadRows(state: usize, n: u32): void {
  const sources: usize = load<u32>(state, SOURCES);
  const targets: usize = load<u32>(state, TARGETS);
  const bases: usize = load<u32>(state, BASES);
  const coarse: usize = load<u32>(state, COARSE);
  const shift = load<u32>(state, SHIFT);
  const parts: usize = load<u32>(state, PARTS);
  const ends: usize = load<u32>(state, ENDS);
  const partitions = load<u32>(state, PARTITIONS);
  memory.fill(ends, 0, usize(partitions) << 2);
  for (let i: usize = 0; i < usize(n); i++) {
    const source = load<u32>(sources + (i << 2));
    let part = usize(load<u8>(coarse + usize(source >> shift)));
    while (source >= load<u32>(bases + (part << 2), 4)) part++;
    store<u8>(parts + i, u32(part));
    const at = ends + (part << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let start: u32 = 0;
  for (let part: usize = 0; part < usize(partitions); part++) {
    const count = load<u32>(ends + (part << 2));
    store<u32>(ends + (part << 2), start);
    start += count;
  }
  const keys: usize = load<u32>(state, SPREAD_KEYS);
  const out: usize = load<u32>(state, SPREAD_ROWS);
  const rows: usize = load<u32>(state, ROWS);
  for (let i: usize = 0; i < usize(n); i++) {
    const part = usize(load<u8>(parts + i)) << 2;
    const to = usize(load<u32>(ends + part));
    store<u32>(ends + part, u32(to) + 1);
    store<u32>(keys + (to << 3), load<u32>(targets + (i << 2)));
    store<u32>(keys + (to << 3), load<u32>(sources + (i << 2)) - load<u32>(bases + part), 4);
    store<u32>(out + (to << 2), load<u32>(rows + (i << 2)));
  }
}

/** The source of each edge, of edges that lie one vertex after the other. Cursor, u32: the vertex in `degrees`, its edges that
 *  are out, the rank of the first. Returns how many of n were found before degrees end. */
export function listSources(cursor: usize, degrees: usize, vertices: u32, n: u32, out: usize): u32 {
  let vertex = load<u32>(cursor);
  let done = load<u32>(cursor, 4);
  const base = load<u32>(cursor, 8);
  let i: u32 = 0;
  while (i < n && vertex < vertices) {
    const left = min<u32>(load<u32>(degrees + (usize(vertex) << 2)) - done, n - i);
    for (let end = i + left; i < end; i++) store<u32>(out + (usize(i) << 2), base + vertex);
    done += left;
    if (done == load<u32>(degrees + (usize(vertex) << 2))) {
      vertex++;
      done = 0;
    }
  }
  store<u32>(cursor, vertex);
  store<u32>(cursor, done, 4);
  return i;
}

/** Unpacking. State, u32 each (LAST is u64). */
const LAST = 0;
const STARTED = 8;
const DISTINCT = 12;
const BASE = 16;
const LOOPS = 20;
/** Degrees of WINDOW vertices from FIRST on. */
const COUNTS = 24;
const FIRST = 28;
const WINDOW = 32;
const OUT_TARGETS = 36;
/** Where values of the rows lie: inputs and rows, 0 when there are none. */
const FROM_INPUTS = 40;
const FROM_ROWS = 44;
const KEPT_INPUTS = 48;
const KEPT_ROWS = 52;
const KEPT = 56;

/** Sorted keys first to end → targets, and degrees; with DISTINCT the first of equal keys alone. Returns the first not taken:
 *  its source is beyond the window. */
export function unpackEdges(state: usize, keys: usize, first: u32, end: u32): u32 {
  const distinct = load<u32>(state, DISTINCT) != 0;
  const base = load<u32>(state, BASE);
  const from = load<u32>(state, FIRST);
  const window = load<u32>(state, WINDOW);
  const counts: usize = load<u32>(state, COUNTS);
  const targets: usize = load<u32>(state, OUT_TARGETS);
  const inputs: usize = load<u32>(state, FROM_INPUTS);
  const rows: usize = load<u32>(state, FROM_ROWS);
  const keptInputs: usize = load<u32>(state, KEPT_INPUTS);
  const keptRows: usize = load<u32>(state, KEPT_ROWS);
  let last = load<u64>(state, LAST);
  let started = load<u32>(state, STARTED) != 0;
  let loops = load<u32>(state, LOOPS);
  let kept = usize(load<u32>(state, KEPT));
  let i = first;
  for (; i < end; i++) {
    const key = load<u64>(keys + (usize(i) << 3));
    const source = u32(key >> 32);
    if (source - from >= window) break;
    if (distinct && started && key == last) continue;
    last = key;
    started = true;
    const at = counts + (usize(source - from) << 2);
    store<u32>(at, load<u32>(at) + 1);
    loops += u32(base + source == u32(key));
    store<u32>(targets + (kept << 2), u32(key));
    if (rows != 0) {
      store<u32>(keptInputs + (kept << 2), load<u32>(inputs + (usize(i) << 2)));
      store<u32>(keptRows + (kept << 2), load<u32>(rows + (usize(i) << 2)));
    }
    kept++;
  }
  store<u64>(state, last, LAST);
  store<u32>(state, u32(started), STARTED);
  store<u32>(state, loops, LOOPS);
  store<u32>(state, u32(kept), KEPT);
  return i;
}

/** Places of rows in batches, as one u32 each (the batch << 14 | the row) → inputs and rows. */
export function splitPlaces(places: usize, n: u32, inputs: usize, rows: usize): void {
  for (let i: usize = 0; i < usize(n) << 2; i += 4) {
    const place = load<u32>(places + i);
    store<u32>(inputs + i, place >> 14);
    store<u32>(rows + i, place & 0x3fff);
  }
}

/** first, first + 1, … */
export function countUp(out: usize, n: u32, first: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(out + (usize(i) << 2), first + i);
}
