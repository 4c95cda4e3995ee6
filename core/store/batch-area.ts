/** A batch copied into kernel memory: one region, used again for every batch, and the pointer of each buffer.
 *
 * Invariant: pointers are valid until the next `copy`; the kernel's memory may move, pointers into it do not.
 */
import type { StoredBatch } from '../batch/columns.ts';
import { type Kernels, outOfMemory } from '../kernels/kernels.ts';

/** Where a column's buffers are in kernel memory; 0 for what it has not. */
export interface ColumnPointers {
  readonly data: number;
  readonly offsets: number;
  readonly valid: number;
}

/** SIMD loads may read so far behind a buffer. */
const PADDING = 64;
const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Kernel memory that grows and is used again. */
export class Region {
  readonly #kernels: Kernels;
  #pointer = 0;
  #bytes = 0;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** At least `bytes`; what was there is lost when it has to grow. Throws LimitError MEMORY. */
  fit(bytes: number): number {
    if (bytes <= this.#bytes && this.#pointer !== 0) return this.#pointer;
    this.free();
    // A quarter more, so that a batch a little larger than the last does not move it again.
    const asked = Math.max(1024, bytes + (bytes >>> 2));
    this.#pointer = this.#kernels.alloc(asked);
    if (this.#pointer === 0) throw outOfMemory(asked, 'a batch');
    this.#bytes = asked;
    return this.#pointer;
  }

  free(): void {
    if (this.#pointer !== 0) this.#kernels.free(this.#pointer);
    this.#pointer = 0;
    this.#bytes = 0;
  }
}

export class BatchArea {
  readonly #kernels: Kernels;
  readonly #region: Region;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
    this.#region = new Region(kernels);
  }

  /** Room for batches of so many bytes, as `largestBytes` counts them: whoever comes later and takes what there is cannot have it.
   *  Throws LimitError MEMORY. */
  reserve(bytes: number): void {
    this.#region.fit(PADDING + bytes);
  }

  /** `again`: the same batch anew, where its buffers are views of this memory: making room may move it.
   *  Throws LimitError MEMORY when the batch does not fit in this worker's share. */
  copy(batch: StoredBatch, again: () => StoredBatch = () => batch): ColumnPointers[] {
    let bytes = PADDING;
    for (const { data, offsets, valid } of batch.columns) {
      bytes += align(data.length) + align(offsets?.byteLength ?? 0) + align(valid?.length ?? 0);
    }
    let at = this.#region.fit(bytes);
    const u8 = this.#kernels.u8;
    const put = (from: Uint8Array | undefined): number => {
      if (from === undefined) return 0;
      const pointer = at;
      u8.set(from, pointer);
      at += align(from.length);
      return pointer;
    };
    return again().columns.map(({ data, offsets, valid }) => ({
      data: put(data),
      offsets: put(
        offsets && new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength),
      ),
      valid: put(valid),
    }));
  }

  free(): void {
    this.#region.free();
  }
}
