/** How a reduce task gets at the batches of a slice: through shared memory (the arena, segments on this machine's disk), or,
 * in tests and with `--chaos`, through lossy frames.
 *
 * Invariants: a batch that crosses a carrier is checked against its checksum (segments always, the arena when it was
 * carried in frames); a batch is valid until the next `read`. Segments are opened when first read; `close` closes
 * those that are open, and the next `read` opens them again.
 */
import type { Field, StoredBatch } from '../batch/columns.ts';
import { type BatchRef, readBatchFrom } from '../store/run.ts';
import type { MergeInput } from '../store/merge.ts';
import { Buffers, type SegmentBuffers, SegmentReader } from '../store/segment.ts';
import type { Range } from '../memory/arena.ts';

/** The batches of one run that belong to one partition. */
export interface Slice {
  readonly segment?: string;
  readonly batches: readonly BatchRef[];
}

/** Shared memory, by range, and what segments are read with. */
export interface ArenaViews {
  /** A thread's; absent: each carrier has its own. */
  readonly segments?: SegmentBuffers;
  view(range: Range): Uint8Array;
}

export interface Carrier {
  read(slice: Slice, batch: number, fields: readonly Field[]): StoredBatch;
  close(): void;
}

export class SharedCarrier implements Carrier {
  readonly #arena: ArenaViews;
  readonly #segments = new Map<string, SegmentReader>();
  /** One set for all segments: a merge of 64 copies each batch as it comes. */
  readonly #buffers: Buffers;

  constructor(arena: ArenaViews) {
    this.#arena = arena;
    this.#buffers = arena.segments?.reading ?? new Buffers();
  }

  read(slice: Slice, batch: number, fields: readonly Field[]): StoredBatch {
    const ref = slice.batches[batch]!;
    if ('range' in ref) return readBatchFrom(this.#arena.view(ref.range), fields, ref);
    return this.#segment(slice.segment!, fields).read(ref);
  }

  close(): void {
    for (const segment of this.#segments.values()) segment.close();
    this.#segments.clear();
  }

  #segment(path: string, fields: readonly Field[]): SegmentReader {
    const open = this.#segments.get(path) ?? new SegmentReader(path, fields, this.#buffers);
    this.#segments.set(path, open);
    return open;
  }
}

/** A slice as an input of a merge. */
export function inputOf(carrier: Carrier, slice: Slice, fields: readonly Field[]): MergeInput {
  return { batches: slice.batches.length, read: batch => carrier.read(slice, batch, fields) };
}
