/** A run: sorted batches by partition, and where each of them is: in the arena, or in a segment.
 *
 * Order of calls, into the arena: `layoutBatch` says how many bytes a batch takes, a range of that length is asked for,
 * `writeBatchTo` copies it there; the ref travels; `readBatchFrom` gives views of it. Into a segment: SegmentWriter
 * and SegmentReader, with the place in the ref.
 * Invariants: refs are plain data and small; a batch in the arena is its columns end to end, each buffer (data, offsets,
 * validity) at a multiple of 64 bytes and the padding zero, so that equal batches are equal bytes.
 * Deliberately not here: who owns ranges and files (the driver); merging (merge.ts).
 */
import { crc32 } from 'node:zlib';
import { type Field, type StoredBatch, type StoredColumn, WIDTH } from '../batch/columns.ts';
import { DataError } from '../errors.ts';
import type { Range } from '../memory/arena.ts';
import type { BatchPlace } from './segment.ts';

interface AnyBatch {
  readonly rows: number;
  readonly bytes: number;
  /** The beginning of its first key, where the run was asked for that. */
  readonly first?: Uint8Array;
}
/** A batch in the arena. */
export interface BatchInArena extends AnyBatch {
  readonly range: Range;
  /** Data bytes of each `bytes` column, in order; all else follows from the fields and the rows. */
  readonly sizes: readonly number[];
}
/** A batch in the run's segment: its place there. */
export interface BatchInSegment extends AnyBatch, BatchPlace {}
/** Where one batch of a run is, whole. Plain data: travels in messages. What lies in a segment has a checksum; what lies in
 *  memory gets one when it leaves the machine. */
export type BatchRef = BatchInArena | BatchInSegment;

export interface Run {
  readonly fields: readonly Field[];
  /** Path of the file, when the batches are in one. */
  readonly segment?: string;
  /** The batches of each partition, in key order. */
  readonly partitions: readonly (readonly BatchRef[])[];
}

/** What of a batch's shape is not in its fields, and the bytes it takes. */
export interface Layout {
  readonly bytes: number;
  readonly sizes: readonly number[];
}

/** Every buffer starts at a multiple of this. */
const ALIGN = 64;

/** Bytes of the largest of these batches once it is read, at most, each buffer at a multiple of ALIGN: a segment has no place for nulls. */
export function largestBytes(fields: readonly Field[], batches: readonly BatchRef[]): number {
  let nulls = 0;
  for (const { kind, nullable } of fields) {
    if (nullable) nulls += 1 + (kind === 'bytes' ? 4 : WIDTH[kind]);
  }
  const most = batches.reduce((sum, { bytes, rows }) => Math.max(sum, bytes + rows * nulls), 0);
  return most + 3 * ALIGN * fields.length;
}

export function layoutBatch(fields: readonly Field[], batch: StoredBatch): Layout {
  const sizes: number[] = [];
  fields.forEach((field, i) => {
    if (field.kind === 'bytes') sizes.push(batch.columns[i]!.offsets![batch.rows]!);
  });
  return { bytes: places(fields, batch.rows, sizes).bytes, sizes };
}

/** Copies a batch into `view`, whose length is the layout's. */
export function writeBatchTo(
  view: Uint8Array,
  fields: readonly Field[],
  batch: StoredBatch,
  layout: Layout,
): void {
  const { rows } = batch;
  let end = 0;
  const put = (at: number, from: Uint8Array, bytes: number) => {
    view.fill(0, end, at);
    view.set(from.length === bytes ? from : from.subarray(0, bytes), at);
    end = at + bytes;
  };
  places(fields, rows, layout.sizes).columns.forEach((place, i) => {
    const { data, offsets, valid } = batch.columns[i]!;
    put(place.data, data, place.dataBytes);
    if (place.offsets >= 0) put(place.offsets, asBytes(offsets!), (rows + 1) * 4);
    if (place.valid >= 0) put(place.valid, valid!, rows);
  });
  view.fill(0, end);
}

/** The batch that lies in `view`, as views of it: valid as long as its range has a reference. */
export function readBatchFrom(
  view: Uint8Array,
  fields: readonly Field[],
  { rows, sizes }: { readonly rows: number; readonly sizes: readonly number[] },
): StoredBatch {
  const { buffer, byteOffset } = view;
  const columns = places(fields, rows, sizes).columns.map((place): StoredColumn => {
    const data = view.subarray(place.data, place.data + place.dataBytes);
    const offsets =
      place.offsets < 0
        ? {}
        : { offsets: new Int32Array(buffer, byteOffset + place.offsets, rows + 1) };
    const valid = place.valid < 0 ? {} : { valid: view.subarray(place.valid, place.valid + rows) };
    return { data, ...offsets, ...valid };
  });
  return { rows, columns };
}

/** Of a batch that leaves the machine. */
export const checksumOf = (view: Uint8Array): number => crc32(view);

/** Whether bytes that came over a carrier are those that were sent. Throws SEGMENT_CORRUPT naming `where`. */
export function checkBatch(view: Uint8Array, crc: number, where: string): void {
  if (crc32(view) === crc) return;
  throw new DataError(
    'SEGMENT_CORRUPT',
    `${where}: ${view.length} bytes do not match their checksum`,
    {
      remedy:
        'Run the job again. If it comes back, test the memory and the network of this machine.',
    },
  );
}

interface ColumnPlace {
  readonly data: number;
  readonly dataBytes: number;
  /** −1: none. */
  readonly offsets: number;
  readonly valid: number;
}

function places(fields: readonly Field[], rows: number, sizes: readonly number[]) {
  let bytes = 0;
  let variable = 0;
  const next = (length: number) => {
    const at = bytes;
    bytes = Math.ceil((at + length) / ALIGN) * ALIGN;
    return at;
  };
  const columns = fields.map(({ kind, nullable }): ColumnPlace => {
    const dataBytes = kind === 'bytes' ? sizes[variable++]! : rows * WIDTH[kind];
    return {
      data: next(dataBytes),
      dataBytes,
      offsets: kind === 'bytes' ? next((rows + 1) * 4) : -1,
      valid: nullable ? next(rows) : -1,
    };
  });
  return { bytes, columns };
}

function asBytes(offsets: Int32Array): Uint8Array {
  return new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength);
}
