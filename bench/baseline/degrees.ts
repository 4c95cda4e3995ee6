/** A graph from a text of edges, whatever its vertices are called, as a person loads one: lines are split, a `Map` numbers
 *  the ids, edges are gathered by source in one array. One thread. Imports nothing of ours. */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

export interface Loaded {
  /** In the order in which they came. */
  readonly ids: readonly string[];
  /** Edges out of v go to targets[offsets[v]] up to offsets[v + 1]. */
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
}

const CHUNK_BYTES = 1024 * 1024;

/** Lines must be shorter than 1 MiB. */
export function loadByMap(path: string): Loaded {
  const numbers = new Map<string, number>();
  const ids: string[] = [];
  const numberOf = (id: string): number => {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    numbers.set(id, ids.length);
    return ids.push(id) - 1;
  };
  let ends = new Uint32Array(1 << 16);
  let count = 0;
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  let kept = 0;
  for (let read = -1; read !== 0; ) {
    read = readSync(file, buffer, kept, CHUNK_BYTES, null);
    const end = kept + read;
    const cut = read === 0 ? end : buffer.lastIndexOf(10, end - 1) + 1;
    for (const line of buffer.toString('latin1', 0, cut).split('\n')) {
      const space = line.indexOf(' ');
      if (space < 0) continue;
      if (count + 2 > ends.length) {
        const more = new Uint32Array(2 * ends.length);
        more.set(ends);
        ends = more;
      }
      ends[count++] = numberOf(line.slice(0, space));
      ends[count++] = numberOf(line.slice(space + 1));
    }
    buffer.copyWithin(0, cut, end);
    kept = end - cut;
  }
  closeSync(file);
  return bySource(ids, ends.subarray(0, count));
}

function bySource(ids: readonly string[], ends: Uint32Array): Loaded {
  const at = new Uint32Array(ids.length + 2);
  for (let i = 0; i < ends.length; i += 2) at[ends[i]! + 2]!++;
  for (let v = 0; v < ids.length; v++) at[v + 2]! += at[v + 1]!;
  const targets = new Uint32Array(ends.length / 2);
  for (let i = 0; i < ends.length; i += 2) targets[at[ends[i]! + 1]!++] = ends[i + 1]!;
  return { ids, offsets: at.subarray(0, ids.length + 1), targets };
}

/** Writes `vertex,in,out` lines. */
export function writeDegrees({ ids, offsets, targets }: Loaded, path: string): void {
  const into = new Uint32Array(ids.length);
  for (const target of targets) into[target]!++;
  const lines = ids.map((id, v) => `${id},${into[v]},${offsets[v + 1]! - offsets[v]!}\n`);
  writeFileSync(path, `vertex,in,out\n${lines.join('')}`, 'latin1');
}
