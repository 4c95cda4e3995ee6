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
