/** Rows by partition: edges (or vertices) by local numbers become rows by rank, and lie by the partition of their source.
 *
 * Order of calls, for at most SPREAD_ROWS rows of input: `edges`, `vertices` or `inEdges`, then `spread`; then the rows of
 * partition p are those from `end(p − 1)` to `end(p)`: `keys` (the source's number in its partition in the upper half, the target's rank
 * in the lower), and `rows`, the row of the input that each comes from.
 */
import type { Kernels } from './kernels.ts';

/** The state block, as in assembly/load.ts; in 4-byte words. */
const STATE = {
  sources: 0,
  targets: 1,
  rows: 2,
  dangling: 3,
  bases: 4,
  coarse: 5,
  shift: 6,
  partitions: 7,
  parts: 8,
  ends: 9,
  keys: 10,
  spreadRows: 11,
} as const;
const STATE_BYTES = 64;

/** Rows of input at a time: what comes of them stays in a second-level cache. */
export const SPREAD_ROWS = 4096;
/** An undirected edge is two. */
const OUT_ROWS = 2 * SPREAD_ROWS;
/** The partition of a rank is looked up by its upper bits, and is seldom another. */
const COARSE = 2048;
/** Partitions are numbered by bytes. */
export const MAX_SPREAD = 256;
/** What a Spreader takes of memory. */
export const SPREADER_BYTES = OUT_ROWS * (3 * 4 + 1 + 8 + 4) + COARSE + 3 * MAX_SPREAD * 4 + 4096;

export class Spreader {
  /** Rows that `spread` takes, at most. */
  readonly block = OUT_ROWS;
  readonly #kernels: Kernels;
  readonly #state: number;
  readonly #area: number;
  readonly #cursor: number;

  /** `bases`: the first rank of each partition, and behind the last the number of vertices. @throws LimitError MEMORY */
  constructor(kernels: Kernels, bases: readonly number[]) {
    this.#kernels = kernels;
    const partitions = bases.length - 1;
    this.#area = kernels.allocOrThrow(SPREADER_BYTES, 'spreading edges');
    let end = this.#area;
    const place = (bytes: number): number => {
      const at = end;
      end = Math.ceil((at + bytes) / 64) * 64;
      return at;
    };
    this.#state = place(STATE_BYTES);
    this.#cursor = place(16);
    const vertices = bases[partitions]!;
    const shift = Math.max(0, Math.ceil(Math.log2(Math.max(1, vertices) / COARSE)));
    const words = {
      sources: place(4 * OUT_ROWS),
      targets: place(4 * OUT_ROWS),
      rows: place(4 * OUT_ROWS),
      dangling: 0,
      bases: place(4 * (partitions + 1)),
      coarse: place(COARSE + 1),
      shift,
      partitions,
      parts: place(OUT_ROWS),
      ends: place(4 * partitions),
      keys: place(8 * OUT_ROWS),
      spreadRows: place(4 * OUT_ROWS),
    };
    kernels.u32.set(Object.values(words), this.#state >>> 2);
    kernels.u32.set(bases, words.bases >>> 2);
    let partition = 0;
    for (let i = 0; i < COARSE && i * 2 ** shift < vertices; i++) {
      while (i * 2 ** shift >= bases[partition + 1]!) partition++;
      kernels.u8[words.coarse + i] = partition;
    }
  }

  /** n edges by local numbers, whose ranks are at `ranks` (−1: none); both ways where undirected. Returns the rows they
   *  make. */
  edges(
    ranks: number,
    sources: number,
    targets: number,
    n: number,
    { undirected, dropLoops }: { readonly undirected: boolean; readonly dropLoops: boolean },
  ): number {
    const { raw } = this.#kernels;
    return raw.translateEdges(this.#state, ranks, sources, targets, n, undirected, dropLoops);
  }

  /** Of the edges given last, the first with an end that has no rank; their number if there is none. */
  get dangling(): number {
    return this.#read('dangling');
  }

  /** n vertices by local numbers, which all have ranks. */
  vertices(ranks: number, numbers: number, n: number): void {
    this.#kernels.raw.translateVertices(this.#state, ranks, numbers, n);
  }

  /** Before the out-edges of a run of vertices, the first of which has this rank. */
  beginSources(rank: number): void {
    this.#kernels.u32.set([0, 0, rank], this.#cursor >>> 2);
  }

  /** n out-edges, turned round: their targets become sources. `degrees` of the vertices that were begun. Returns how many of n
   *  those vertices have. */
  inEdges(targets: number, degrees: number, vertices: number, n: number): number {
    const { raw } = this.#kernels;
    const found = raw.listSources(this.#cursor, degrees, vertices, n, this.#read('targets'));
    this.#kernels.u8.copyWithin(this.#read('sources'), targets, targets + 4 * found);
    return found;
  }

  spread(rows: number): void {
    this.#kernels.raw.spreadRows(this.#state, rows);
  }

  get keys(): number {
    return this.#read('keys');
  }
  get rows(): number {
    return this.#read('spreadRows');
  }
  end(partition: number): number {
    return partition < 0 ? 0 : this.#kernels.u32[(this.#read('ends') >>> 2) + partition]!;
  }

  free(): void {
    this.#kernels.free(this.#area);
  }

  #read(word: keyof typeof STATE): number {
    return this.#kernels.u32[(this.#state >>> 2) + STATE[word]]!;
  }
}
