/** What the kernels do, in plain TypeScript on one thread: the loops a person would write. Imports nothing of ours. */

/** Sum of values by key: a `Map` of counters, as for words. */
export function sumByKey(keys: Float64Array, values: Float64Array): Map<number, { sum: number }> {
  const sums = new Map<number, { sum: number }>();
  for (let i = 0; i < keys.length; i++) {
    const sum = sums.get(keys[i]!);
    if (sum === undefined) sums.set(keys[i]!, { sum: values[i]! });
    else sum.sum += values[i]!;
  }
  return sums;
}

/** Sums of values by dense id, in the order of the rows. */
export function sumById(ids: Uint32Array, values: Float64Array, sums: Float64Array): void {
  for (let i = 0; i < ids.length; i++) sums[ids[i]!]! += values[i]!;
}

/** Sorted arrays of words as one, and which group of equal words each belongs to: a binary heap of the arrays. */
export function mergeRuns(runs: readonly (readonly string[])[]): {
  words: string[];
  groups: number[];
} {
  const words: string[] = [];
  const groups: number[] = [];
  const at = runs.map(() => 0);
  const heap = runs.flatMap((run, i) => (run.length > 0 ? [i] : []));
  const head = (slot: number) => runs[heap[slot]!]![at[heap[slot]!]!]!;
  const sink = (from: number) => {
    for (let slot = from; ; ) {
      let least = slot;
      const left = slot * 2 + 1;
      if (left < heap.length && head(left) < head(least)) least = left;
      if (left + 1 < heap.length && head(left + 1) < head(least)) least = left + 1;
      if (least === slot) return;
      [heap[slot], heap[least]] = [heap[least]!, heap[slot]!];
      slot = least;
    }
  };
  for (let slot = heap.length - 1; slot >= 0; slot--) sink(slot);
  let group = -1;
  while (heap.length > 0) {
    const run = heap[0]!;
    const word = head(0);
    if (word !== words.at(-1)) group++;
    words.push(word);
    groups.push(group);
    if (++at[run]! === runs[run]!.length) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    sink(0);
  }
  return { words, groups };
}
