/** A sample of the keys of a job, and the boundaries of range partitions that follow from it.
 *
 *   walks:   every row that leaves ──hash of its sort key──▶ the SAMPLES lowest ──▶ with the walk's object
 *   driver:  all of them ──the SAMPLES lowest──▶ their natural keys, sorted ──▶ boundaries at equal distances
 *
 * Invariant: the sample is a function of the set of sort keys: not of who had which rows, when they left memory or how often a
 * key was combined. (Where rows are combined a sort key is a key; where they are not it ends in the row's number, and
 * keys count as often as they have rows.)
 * Keys are cut to SAMPLE_KEY_BYTES: a boundary may be any bytes, as long as all rows of a key lie on one side of it. They do,
 * since no natural key that carries more bytes behind it is the beginning of another (define/keys.ts).
 */
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';

/** Two hundred partitions then differ by a third or so; a list of this many keys is a small message. */
const SAMPLES = 1024;
/** What tells keys apart is nearly always here; and keys may have a megabyte. */
export const SAMPLE_KEY_BYTES = 128;

interface Sampled {
  readonly hash: number;
  readonly key: Uint8Array;
}

/** Plain data: travels with the object of a walk. */
export interface SampledKeys {
  readonly hashes: readonly number[];
  readonly keys: readonly Uint8Array[];
}

export class KeySample {
  #lowest: Sampled[] = [];
  /** Hashes above this one are not among the lowest any more. */
  #most = 0xffffffff;

  /** Rows on their way out: the sort key, and, if `natural`, the length of the natural key it begins with. */
  add({ rows, columns }: StoredBatch, natural: boolean): void {
    const { data, offsets } = columns[0] as Required<StoredColumn>;
    const lengths = natural ? columns[1]!.data : undefined;
    const view = lengths && new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength);
    for (let i = 0; i < rows; i++) {
      const start = offsets[i]!;
      const end = offsets[i + 1]!;
      const hash = hashOf(data, start, end);
      if (hash > this.#most) continue;
      const length = view === undefined ? end - start : view.getInt32(4 * i, true);
      const cut = start + Math.min(length, SAMPLE_KEY_BYTES);
      this.#lowest.push({ hash, key: data.slice(start, cut) });
      if (this.#lowest.length === 2 * SAMPLES) this.#trim();
    }
  }

  addAll({ hashes, keys }: SampledKeys): void {
    hashes.forEach((hash, i) => this.#lowest.push({ hash, key: keys[i]! }));
    this.#trim();
  }

  get keys(): SampledKeys {
    this.#trim();
    return {
      hashes: this.#lowest.map(({ hash }) => hash),
      keys: this.#lowest.map(({ key }) => key),
    };
  }

  /** The first keys of all partitions but the first: at most `partitions` − 1 of them, ascending, no two the same. */
  boundaries(partitions: number): Uint8Array[] {
    this.#trim();
    const sorted = this.#lowest.map(({ key }) => key).toSorted(Buffer.compare);
    const boundaries: Uint8Array[] = [];
    for (let i = 1; i < partitions; i++) {
      const key = sorted[Math.floor((i * sorted.length) / partitions)];
      const last = boundaries.at(-1) ?? sorted[0];
      if (key !== undefined && Buffer.compare(key, last!) > 0) boundaries.push(key);
    }
    return boundaries;
  }

  /** The lowest, each once: a key that left memory several times is one. */
  #trim(): void {
    const sorted = this.#lowest.toSorted((a, b) => a.hash - b.hash || Buffer.compare(a.key, b.key));
    this.#lowest = sorted
      .filter((one, i) => i === 0 || !isSame(one, sorted[i - 1]!))
      .slice(0, SAMPLES);
    if (this.#lowest.length === SAMPLES) this.#most = this.#lowest.at(-1)!.hash;
  }
}

const isSame = (a: Sampled, b: Sampled): boolean =>
  a.hash === b.hash && Buffer.compare(a.key, b.key) === 0;

/** 32 bits: FNV-1a, and the finalizer of MurmurHash3, since FNV's low bits know little of the first bytes. */
function hashOf(bytes: Uint8Array, from: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
