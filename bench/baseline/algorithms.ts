/** Five of the six algorithms of LDBC Graphalytics by definition (pagerank.ts has the sixth), over an undirected simple
 * graph: one thread, plain typed arrays, the textbook's way. Imports nothing of ours. Values are by rank of vertex.
 */
import type { Graph } from './graph.ts';

/** Levels from `source`; −1 where it does not reach. Top down, with a queue. */
export function bfs({ ids, offsets, neighbours }: Graph, source: number): Int32Array {
  const level = new Int32Array(ids.length).fill(-1);
  const queue = new Uint32Array(ids.length);
  let [taken, put] = [0, 1];
  queue[0] = source;
  level[source] = 0;
  while (taken < put) {
    const v = queue[taken++]!;
    const next = level[v]! + 1;
    const end = offsets[v + 1]!;
    for (let e = offsets[v]!; e < end; e++) {
      const u = neighbours[e]!;
      if (level[u]! >= 0) continue;
      level[u] = next;
      queue[put++] = u;
    }
  }
  return level;
}

/** The lowest rank of each vertex's component. Union-find with path halving. */
export function wcc({ ids, offsets, neighbours }: Graph): Uint32Array {
  const parent = Uint32Array.from(ids, (_, v) => v);
  const find = (from: number): number => {
    let v = from;
    while (parent[v] !== v) v = parent[v] = parent[parent[v]!]!;
    return v;
  };
  for (let v = 0; v < ids.length; v++) {
    const end = offsets[v + 1]!;
    for (let e = offsets[v]!; e < end && neighbours[e]! < v; e++) {
      const [a, b] = [find(v), find(neighbours[e]!)];
      if (a < b) parent[b] = a;
      else parent[a] = b;
    }
  }
  for (let v = 0; v < ids.length; v++) parent[v] = find(v);
  return parent;
}

/** The label, a rank, that most neighbours have, the lowest of several; so many times, all vertices at once. */
export function cdlp({ ids, offsets, neighbours }: Graph, iterations: number): Uint32Array {
  let labels = Uint32Array.from(ids, (_, v) => v);
  let next = labels.slice();
  const times = new Uint32Array(ids.length);
  for (let i = 0; i < iterations; i++) {
    for (let v = 0; v < ids.length; v++) {
      const [from, to] = [offsets[v]!, offsets[v + 1]!];
      let [best, most] = [labels[v]!, 0];
      for (let e = from; e < to; e++) {
        const label = labels[neighbours[e]!]!;
        const counted = ++times[label]!;
        if (counted < most || (counted === most && label > best)) continue;
        best = label;
        most = counted;
      }
      for (let e = from; e < to; e++) times[labels[neighbours[e]!]!] = 0;
      next[v] = best;
    }
    [labels, next] = [next, labels];
  }
  return labels;
}

/** Of all pairs of a vertex's neighbours the share that are neighbours. Every triangle is met once: from the end that
 *  comes first when vertices are ordered by degree, so that no long list is gone through for each of its members. */
export function lcc({ ids, offsets, neighbours }: Graph): Float64Array {
  const n = ids.length;
  const degree = (v: number): number => offsets[v + 1]! - offsets[v]!;
  const isBefore = (a: number, b: number): boolean =>
    degree(a) < degree(b) || (degree(a) === degree(b) && a < b);
  const starts = new Int32Array(n + 1);
  const later = new Uint32Array(neighbours.length / 2);
  for (let v = 0, put = 0; v < n; v++) {
    for (let e = offsets[v]!; e < offsets[v + 1]!; e++) {
      if (isBefore(v, neighbours[e]!)) later[put++] = neighbours[e]!;
    }
    starts[v + 1] = put;
  }
  const triangles = new Float64Array(n);
  const mark = new Int32Array(n).fill(-1);
  for (let v = 0; v < n; v++) {
    const [from, to] = [starts[v]!, starts[v + 1]!];
    for (let e = from; e < to; e++) mark[later[e]!] = v;
    for (let e = from; e < to; e++) {
      const u = later[e]!;
      const end = starts[u + 1]!;
      for (let f = starts[u]!; f < end; f++) {
        const w = later[f]!;
        if (mark[w] !== v) continue;
        triangles[v]!++;
        triangles[u]!++;
        triangles[w]!++;
      }
    }
  }
  return triangles.map((count, v) => {
    const pairs = degree(v) * (degree(v) - 1);
    return pairs === 0 ? 0 : (2 * count) / pairs;
  });
}

/** Distances from `source` by the weights; Infinity where it does not reach. Dijkstra with a binary heap, whose entries
 *  are left behind when a vertex comes nearer. */
export function sssp({ ids, offsets, neighbours, weights }: Graph, source: number): Float64Array {
  const distance = new Float64Array(ids.length).fill(Infinity);
  const heap = new Heap();
  distance[source] = 0;
  heap.push(0, source);
  while (heap.size > 0) {
    const [near, v] = heap.pop();
    if (near > distance[v]!) continue;
    const end = offsets[v + 1]!;
    for (let e = offsets[v]!; e < end; e++) {
      const far = near + weights![e]!;
      const u = neighbours[e]!;
      if (far >= distance[u]!) continue;
      distance[u] = far;
      heap.push(far, u);
    }
  }
  return distance;
}

class Heap {
  #keys = new Float64Array(1024);
  #values = new Uint32Array(1024);
  size = 0;

  push(key: number, value: number): void {
    if (this.size === this.#keys.length) this.#grow();
    const [keys, values] = [this.#keys, this.#values];
    let at = this.size++;
    for (; at > 0; ) {
      const up = (at - 1) >> 1;
      if (keys[up]! <= key) break;
      keys[at] = keys[up]!;
      values[at] = values[up]!;
      at = up;
    }
    keys[at] = key;
    values[at] = value;
  }

  pop(): [key: number, value: number] {
    const [keys, values] = [this.#keys, this.#values];
    const least: [number, number] = [keys[0]!, values[0]!];
    const key = keys[--this.size]!;
    const value = values[this.size]!;
    let at = 0;
    for (let down = 1; down < this.size; down = 2 * at + 1) {
      if (down + 1 < this.size && keys[down + 1]! < keys[down]!) down++;
      if (keys[down]! >= key) break;
      keys[at] = keys[down]!;
      values[at] = values[down]!;
      at = down;
    }
    keys[at] = key;
    values[at] = value;
    return least;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Float64Array(2 * keys.length);
    this.#values = new Uint32Array(2 * keys.length);
    this.#keys.set(keys);
    this.#values.set(values);
  }
}
