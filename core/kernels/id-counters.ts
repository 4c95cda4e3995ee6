/** What is counted by the number of an id: its out-edges, and how often vertices list it.
 *
 * Invariant: whoever gives numbers asks for `room` first, so counting never fails.
 */
import type { Kernels } from './kernels.ts';

export class IdCounters {
  readonly #kernels: Kernels;
  readonly #maxIds: number;
  /** Addresses: degrees, and listings where there are any. */
  readonly #columns: number[];
  #capacity = 0;

  /** `maxIds`: numbers are below this. */
  constructor(kernels: Kernels, listed: boolean, maxIds: number) {
    this.#kernels = kernels;
    this.#maxIds = maxIds;
    this.#columns = listed ? [0, 0] : [0];
  }

  /** Where they are, u32 by number. */
  get columns(): readonly number[] {
    return this.#columns;
  }

  /** For numbers below `size`; false when memory is refused. */
  room(size: number): boolean {
    if (size <= this.#capacity) return true;
    if (size > this.#maxIds) return false;
    const kernels = this.#kernels;
    const capacity = Math.min(this.#maxIds, Math.max(size, 2 * this.#capacity));
    const larger: number[] = [];
    for (const _ of this.#columns) {
      const column = kernels.alloc(4 * capacity);
      if (column === 0) {
        for (const taken of larger) kernels.free(taken);
        return false;
      }
      larger.push(column);
    }
    larger.forEach((column, i) => {
      const held = this.#columns[i]!;
      const bytes = 4 * this.#capacity;
      const { u8 } = kernels;
      u8.copyWithin(column, held, held + bytes);
      u8.fill(0, column + bytes, column + 4 * capacity);
      kernels.free(held);
      this.#columns[i] = column;
    });
    this.#capacity = capacity;
    return true;
  }

  /** One out-edge more of each source; undirected: of each target too, of a self-loop one in all. */
  countEdges(sources: number, targets: number, n: number, undirected: boolean): void {
    this.#kernels.raw.countEdges(this.#columns[0]!, sources, targets, n, undirected);
  }

  /** 2 stands for more. */
  countListed(numbers: number, n: number): void {
    this.#kernels.raw.countListed(this.#columns[1]!, numbers, n);
  }

  clear(): void {
    for (const column of this.#columns) this.#kernels.zero(column, 4 * this.#capacity);
  }
}
