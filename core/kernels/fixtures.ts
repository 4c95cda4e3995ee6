/** What the tests of this folder share: bytes in and out of kernel memory, awkward values, plain orders. */
import * as fc from 'fast-check';
import type { StoredColumn } from '../batch/columns.ts';
import { Kernels } from './kernels.ts';

const module = Kernels.compile();

/** Kernels that detach every view at every call and hand out garbage. */
export const movingKernels = (): Kernels =>
  new Kernels(module, undefined, { moveOnEveryCall: true });
export const plainKernels = (maxBytes?: number): Kernels =>
  new Kernels(module, undefined, maxBytes === undefined ? {} : { maxBytes });

/** Kernels whose buffers lie above 2 GiB (untouched memory costs nothing). */
export function highKernels(): Kernels {
  const kernels = plainKernels();
  kernels.allocOrThrow(2 ** 31, 'the lower half');
  return kernels;
}

export function placeU32(kernels: Kernels, values: readonly number[]): number {
  const pointer = kernels.allocOrThrow(values.length * 4, 'a test');
  kernels.u32.set(values, pointer >>> 2);
  return pointer;
}
export function placeF64(kernels: Kernels, values: readonly number[]): number {
  const pointer = kernels.allocOrThrow(values.length * 8, 'a test');
  kernels.f64.set(values, pointer >>> 3);
  return pointer;
}
export function placeI64(kernels: Kernels, values: readonly bigint[]): number {
  const pointer = kernels.allocOrThrow(values.length * 8, 'a test');
  kernels.i64.set(values, pointer >>> 3);
  return pointer;
}
export function placeBytes(
  kernels: Kernels,
  values: readonly Uint8Array[],
): { data: number; offsets: number } {
  const whole = Buffer.concat(values);
  const data = kernels.allocOrThrow(whole.length, 'a test');
  kernels.copyIn(whole, data);
  let at = 0;
  const offsets = placeU32(kernels, [0, ...values.map(value => (at += value.length))]);
  return { data, offsets };
}

export const bytesAt = ({ data, offsets }: StoredColumn, row: number): Uint8Array =>
  data.slice(offsets![row], offsets![row + 1]);
export const i64Of = ({ data }: StoredColumn): bigint[] => [
  ...new BigInt64Array(data.slice().buffer),
];
export const i32Of = ({ data }: StoredColumn): number[] => [...new Int32Array(data.slice().buffer)];
export const f64Of = ({ data }: StoredColumn): number[] => [
  ...new Float64Array(data.slice().buffer),
];

/** Few distinct values, so that groups have rows: empty, NUL, shared prefixes, lengths about 8 and 16, long. */
export const key: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 3, max: 2 }),
  fc.uint8Array({ minLength: 6, maxLength: 18, max: 1 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => Buffer.from(text)),
  fc
    .tuple(fc.integer({ min: 14, max: 40 }), fc.uint8Array({ maxLength: 2, max: 1 }))
    .map(([length, tail]) => Buffer.concat([Buffer.alloc(length, 'x'), tail])),
);

/** A key in which every byte counts. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Deterministic values for large inputs, where fast-check would be slow. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const u64 = (x: bigint) => BigInt.asUintN(64, x);

/** The partition of a key, by definition: see assembly/cell.ts. */
export function partitionOf(bytes: Uint8Array, partitions: number): number {
  const M = [0x9e3779b97f4a7c15n, 0xc2b2ae3d27d4eb4fn, 0xd6e8feb86659fd93n, 0xa0761d6478bd642fn];
  const blocks = Math.max(1, Math.ceil(bytes.length / 16));
  const whole = Buffer.concat([bytes, Buffer.alloc(blocks * 16 - bytes.length)]);
  let h = u64((BigInt(bytes.length) + 1n) * M[3]!);
  for (let at = 0; at < whole.length; at += 16) {
    const b = u64((whole.readBigUInt64LE(at + 8) ^ h) * M[1]!);
    let x = u64((whole.readBigUInt64LE(at) ^ h) * M[0]!) ^ u64((b << 32n) | (b >> 32n));
    x = u64((x ^ (x >> 29n)) * M[2]!);
    h = x ^ (x >> 32n);
  }
  let x = Number(h >> 32n) ^ 0x5bd1e995;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  x = (x ^ (x >>> 16)) >>> 0;
  return Number((BigInt(x) * BigInt(partitions)) >> 32n);
}
