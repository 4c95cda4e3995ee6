/** Columns in kernel memory → normalised keys, and back. core/define/keys.ts has the encoding, value by value.
 *
 * Order of calls: `measureKeys` (offsets, natural lengths and the total), room for that total, `writeKeys`. A key of one
 * raw part that is not nullable needs neither: the column is its own keys (`isPlain`).
 */
import type { KeyKind, KeyPart } from '../define/keys.ts';
import { UsageError } from '../errors.ts';
import type { Kernels } from './kernels.ts';
import { SCRATCH, STATIC_BYTES } from './raw.ts';
import type { ColumnPointers } from './rows.ts';

/** A column that is part of a key. Columns of bool hold 0 or 1 as i32, of `decimal` 16 bytes a value. */
export interface KeyColumn extends ColumnPointers {
  readonly part: KeyPart;
}
/** What makes keys of uncombined rows unique: the split, and the row's number in it, of which `first` is that of row
 *  0 here. Ten bytes: 4 and 6, big endian. */
export interface RowNumber {
  readonly split: number;
  readonly first: number;
}
export type KeySource = KeyColumn | RowNumber;

export const ROW_NUMBER_BYTES = 10;

const KINDS: { readonly [K in KeyKind]: number } = {
  bool: 0,
  i32: 1,
  i64: 2,
  f64: 3,
  decimal: 4,
  bytes: 5,
};
const ROW = 6;
const PART_BYTES = 32;
/** All parts lie in the static area. */
export const MAX_PARTS = Math.floor((STATIC_BYTES - SCRATCH) / PART_BYTES);

/** Whether the keys of these parts are the bytes of the one column, as they lie. */
export const isPlain = (parts: readonly KeyPart[]): boolean =>
  parts.length === 1 && parts[0]!.raw && !parts[0]!.nullable;

/** First pass: n + 1 offsets (u32) of the keys, and (unless `naturalsOut` is 0) the length of each key's first
 *  `naturalParts` parts. Returns the bytes of all keys.
 *  @throws UsageError USAGE for more than MAX_PARTS parts. */
export function measureKeys(
  kernels: Kernels,
  sources: readonly KeySource[],
  naturalParts: number,
  n: number,
  offsetsOut: number,
  naturalsOut: number,
): number {
  const end = placeParts(kernels, sources);
  const natural = SCRATCH + naturalParts * PART_BYTES;
  kernels.raw.measureKeys(SCRATCH, natural, end, n, offsetsOut, naturalsOut);
  return kernels.u32[(offsetsOut >>> 2) + n]!;
}

/** Second pass: the keys end to end, at the offsets that `measureKeys` gave for the same sources. */
export function writeKeys(
  kernels: Kernels,
  sources: readonly KeySource[],
  n: number,
  out: number,
): void {
  const end = placeParts(kernels, sources);
  kernels.raw.writeKeys(SCRATCH, end, n, out);
}

/** The columns of n keys that begin with these parts; what follows is ignored. Each column says where its values go:
 *  n of its width, n + 1 offsets and as many bytes as the keys have, n validity bytes if it is nullable. A raw part
 *  ends with the natural key (u32 lengths), or with the key if `naturals` is 0. */
export function decodeKeys(
  kernels: Kernels,
  columns: readonly KeyColumn[],
  keys: number,
  offsets: number,
  naturals: number,
  n: number,
): void {
  const end = placeParts(kernels, columns);
  kernels.raw.decodeKeys(SCRATCH, end, keys, offsets, naturals, n);
}

/** Writes the parts where kernels look for them; returns their end. */
function placeParts(kernels: Kernels, sources: readonly KeySource[]): number {
  if (sources.length > MAX_PARTS) {
    throw new UsageError('USAGE', `${sources.length} key columns: ${MAX_PARTS} are the most`);
  }
  const { u32 } = kernels;
  sources.forEach((source, i) => {
    u32.set(wordsOf(source), (SCRATCH + i * PART_BYTES) >>> 2);
  });
  return SCRATCH + sources.length * PART_BYTES;
}

function wordsOf(source: KeySource): number[] {
  if ('split' in source) {
    const { split, first } = source;
    return [ROW, 0, split, first >>> 0, Math.floor(first / 2 ** 32)];
  }
  const { part, data, offsets = 0, valid = 0 } = source;
  const flags = Number(part.nullable) | (Number(part.descending) << 1) | (Number(part.raw) << 2);
  return [KINDS[part.kind], flags, data, offsets, valid];
}
