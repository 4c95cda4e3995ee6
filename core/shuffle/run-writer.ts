/** Writes one run: sorted batches, into the arena where it has room, otherwise into a segment.
 *
 * Order of calls: `reserve` where waiting is possible, `write` in order of partition, then `finish`; or `abort`. `write`
 * never waits, so that `emit` may call it: what has no room in what was reserved goes to the segment.
 * Invariants: a batch is whole in one place; once the arena has refused, it is not asked again for this run. The
 * segment's file is made when its first batch comes.
 * Not here: who owns the ranges afterwards (the driver adopts them with the attempt's result).
 */
import { BATCH_BYTES, type Field, type StoredBatch } from '../batch/columns.ts';
import type { Range } from '../memory/arena.ts';
import { type BatchRef, layoutBatch, type Run, writeBatchTo } from '../store/run.ts';
import { type SegmentBuffers, SegmentWriter } from '../store/segment.ts';

/** A run asks the driver for this much at a time: one message for some twenty batches. */
const CHUNK_BYTES = 4 * 2 ** 20;
const MIN_CHUNK_BYTES = 64 * 1024;
/** What may be written between two reservations: the rows of some hundred groups. */
const ROOM_BYTES = 4 * BATCH_BYTES;

/** What a task has of the arena. */
export interface ArenaClient {
  /** What its segments are written with. */
  readonly segments: SegmentBuffers;
  allocate(lengths: readonly number[]): Promise<readonly Range[] | undefined>;
  view(range: Range): Uint8Array;
  /** Told of bytes that go to a segment instead. */
  spilled(bytes: number): void;
}

export interface RunOptions {
  readonly fields: readonly Field[];
  readonly partitions: number;
  /** Where the segment would be. */
  readonly segment: string;
  readonly arena: ArenaClient;
  /** An upper bound of the run's bytes, where it is known: a small run takes a small range. */
  readonly bytesHint?: number;
  /** Refs are to have the first so many bytes of their batch's first key: for ranges of keys. */
  readonly firstKeyBytes?: number | undefined;
}

export class RunWriter {
  /** Asked for and got, whatever of them is used. */
  readonly ranges: Range[] = [];
  readonly #options: RunOptions;
  readonly #partitions: BatchRef[][];
  #chunk: Range | undefined;
  #used = 0;
  #writer: SegmentWriter | undefined;
  #refused = false;
  rows = 0;
  bytes = 0;
  spilledBytes = 0;

  get fields(): readonly Field[] {
    return this.#options.fields;
  }

  constructor(options: RunOptions) {
    this.#options = options;
    this.#partitions = Array.from({ length: options.partitions }, () => []);
  }

  /** Room in the arena for this batch, or for one of the usual size; unless the arena is full. */
  reserve(batch?: StoredBatch): Promise<void> {
    const { fields } = this.#options;
    return this.room(batch === undefined ? ROOM_BYTES : layoutBatch(fields, batch).bytes);
  }

  /** Room in the arena for so many bytes, unless it is full. */
  async room(bytes: number): Promise<void> {
    if (this.#refused || (this.#chunk !== undefined && this.#chunk.length - this.#used >= bytes)) {
      return;
    }
    const left = Math.max(MIN_CHUNK_BYTES, (this.#options.bytesHint ?? CHUNK_BYTES) - this.bytes);
    const asked = Math.max(bytes, Math.min(CHUNK_BYTES, left));
    const [range] = (await this.#options.arena.allocate([asked])) ?? [];
    this.#refused = range === undefined;
    if (range === undefined) return;
    this.ranges.push(range);
    this.#chunk = range;
    this.#used = 0;
  }

  write(partition: number, batch: StoredBatch): void {
    const { fields, arena } = this.#options;
    const layout = layoutBatch(fields, batch);
    const { bytes, sizes } = layout;
    if (this.#chunk === undefined || this.#used + bytes > this.#chunk.length) {
      return this.#spill(partition, batch);
    }
    const { slab, offset } = this.#chunk;
    const range = { slab, offset: offset + this.#used, length: bytes };
    this.#used += bytes;
    writeBatchTo(arena.view(range), fields, batch, layout);
    const ref = { rows: batch.rows, bytes, range, sizes };
    const first = this.#first(batch);
    this.#add(partition, first === undefined ? ref : { ...ref, first });
  }

  #spill(partition: number, batch: StoredBatch): void {
    const { segment, fields, arena } = this.#options;
    this.#writer ??= new SegmentWriter(segment, fields, arena.segments);
    const place = this.#writer.write(batch);
    this.spilledBytes += place.bytes;
    this.#options.arena.spilled(place.bytes);
    const first = this.#first(batch);
    this.#add(partition, first === undefined ? place : { ...place, first });
  }

  #first({ columns }: StoredBatch): Uint8Array | undefined {
    const { firstKeyBytes } = this.#options;
    if (firstKeyBytes === undefined) return undefined;
    const { data, offsets } = columns[0]!;
    return data.slice(0, Math.min(offsets![1]!, firstKeyBytes));
  }

  finish(): Run {
    this.#writer?.close();
    return {
      fields: this.#options.fields,
      ...(this.#writer !== undefined && { segment: this.#options.segment }),
      partitions: this.#partitions,
    };
  }

  abort(): void {
    this.#writer?.abort();
  }

  #add(partition: number, ref: BatchRef): void {
    this.#partitions[partition]!.push(ref);
    this.rows += ref.rows;
    this.bytes += ref.bytes;
  }
}
