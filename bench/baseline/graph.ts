/** A graph as a person keeps it who knows typed arrays: from a text of edges to neighbours in one array, on one thread.
 * Imports nothing of ours.
 *
 * The graph is undirected and simple: self-loops are dropped, and of edges between the same two vertices all but the
 * first. A vertex is the rank of its id among those that occur; its neighbours ascend. Ids are whole numbers below 2^31, and
 * there are fewer neighbours than that.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface Graph {
  /** By rank, ascending. */
  readonly ids: Uint32Array;
  /** Neighbours of v: neighbours[offsets[v]] up to offsets[v + 1]. */
  readonly offsets: Int32Array;
  readonly neighbours: Uint32Array;
  /** One for each neighbour, where the text has a third column. */
  readonly weights?: Float64Array;
}

const CHUNK_BYTES = 1024 * 1024;
const HASH = 35;
const NEWLINE = 10;

/** All whole numbers of a text, in order; lines that begin with # are passed over. */
export function readNumbers(path: string): Uint32Array {
  let numbers = new Uint32Array(1 << 16);
  let count = 0;
  const file = openSync(path, 'r');
  const chunk = new Uint8Array(CHUNK_BYTES);
  let value = -1;
  let comment = false;
  for (let read = -1; read !== 0; ) {
    read = readSync(file, chunk, 0, CHUNK_BYTES, null);
    if (count + read > numbers.length) {
      const more = new Uint32Array(2 * numbers.length + read);
      more.set(numbers);
      numbers = more;
    }
    for (let i = 0; i < read; i++) {
      const byte = chunk[i]!;
      if (comment) comment = byte !== NEWLINE;
      else if (byte >= 48 && byte <= 57) value = (value < 0 ? 0 : value * 10) + byte - 48;
      else {
        if (value >= 0) numbers[count++] = value;
        value = -1;
        comment = byte === HASH;
      }
    }
  }
  closeSync(file);
  if (value >= 0) numbers[count++] = value;
  return numbers.subarray(0, count);
}

/** @param columns of a line: 2, or 3 with a weight. */
export function readGraph(path: string, columns: 2 | 3 = 2): Graph {
  const numbers = readNumbers(path);
  const ids = rankEnds(numbers, columns);
  const n = ids.length;
  const at = new Int32Array(n + 2);
  for (let i = 0; i < numbers.length; i += columns) {
    const [a, b] = [numbers[i]!, numbers[i + 1]!];
    if (a === b) continue;
    at[a + 2]!++;
    at[b + 2]!++;
  }
  for (let v = 0; v < n; v++) at[v + 2]! += at[v + 1]!;
  const ends = new Uint32Array(at[n + 1]!);
  const lines = columns === 3 ? new Uint32Array(ends.length) : undefined;
  // By one end, in the order of the text; afterwards at[v] is where those of v begin.
  for (let i = 0; i < numbers.length; i += columns) {
    const [a, b] = [numbers[i]!, numbers[i + 1]!];
    if (a === b) continue;
    const [there, back] = [at[a + 1]!++, at[b + 1]!++];
    ends[there] = b;
    ends[back] = a;
    if (lines !== undefined) lines[there] = lines[back] = i;
  }
  return simplify(ids, at, ends, lines, numbers);
}

/** Ids become ranks, in place. Returns the ids by rank. */
function rankEnds(numbers: Uint32Array, columns: number): Uint32Array {
  let most = -1;
  for (let i = 0; i < numbers.length; i += columns) {
    most = Math.max(most, numbers[i]!, numbers[i + 1]!);
  }
  const rank = new Uint32Array(most + 1);
  for (let i = 0; i < numbers.length; i += columns) {
    rank[numbers[i]!] = 1;
    rank[numbers[i + 1]!] = 1;
  }
  const ids: number[] = [];
  for (let id = 0; id <= most; id++) {
    if (rank[id] === 1) rank[id] = ids.push(id) - 1;
  }
  for (let i = 0; i < numbers.length; i += columns) {
    numbers[i] = rank[numbers[i]!]!;
    numbers[i + 1] = rank[numbers[i + 1]!]!;
  }
  return Uint32Array.from(ids);
}

/** By the other end too, so that neighbours ascend, and each of them once. */
function simplify(
  ids: Uint32Array,
  at: Int32Array,
  ends: Uint32Array,
  lines: Uint32Array | undefined,
  numbers: Uint32Array,
): Graph {
  const n = ids.length;
  const next = at.slice(0, n);
  const neighbours = new Uint32Array(ends.length);
  const weights = lines && new Float64Array(ends.length);
  for (let v = 0; v < n; v++) {
    for (let e = at[v]!; e < at[v + 1]!; e++) {
      const to = next[ends[e]!]!++;
      neighbours[to] = v;
      if (weights !== undefined) weights[to] = numbers[lines![e]! + 2]!;
    }
  }
  const offsets = new Int32Array(n + 1);
  let kept = 0;
  for (let v = 0; v < n; v++) {
    offsets[v] = kept;
    for (let e = at[v]!; e < at[v + 1]!; e++) {
      if (e > at[v]! && neighbours[e] === neighbours[e - 1]) continue;
      if (weights !== undefined) weights[kept] = weights[e]!;
      neighbours[kept++] = neighbours[e]!;
    }
  }
  offsets[n] = kept;
  return {
    ids,
    offsets,
    neighbours: neighbours.subarray(0, kept),
    ...(weights && { weights: weights.subarray(0, kept) }),
  };
}
