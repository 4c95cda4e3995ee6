/** Where shared memory is: slabs of SharedArrayBuffer, cut into ranges with reference counts.
 *
 * Order of calls, all by the driver: `allocate` (each range starts with one reference), `retain`, `release`; `close`
 * with the session. Other threads only ever see bytes of ranges that they were given by message.
 *
 * Invariants (DESIGN, invariant 5):
 * - Slabs are kept until `close`: V8 does not count shared memory as pressure, so a slab that was dropped would stay
 *   resident for an unknown time. What is reserved of the budget is therefore what the slabs hold, not what is in use;
 *   and they are a part of the limit at most (`arenaBytes`), because what the first job has put there no later one can have elsewhere.
 * - Ranges begin at multiples of 64 bytes, do not overlap, and neighbours that are free are one.
 * - No state of it lies in shared memory, so a thread that is terminated cannot corrupt it.
 */
import { TransportError } from '../errors.ts';
import type { Budget } from './budget.ts';
import { arenaBytes } from './shares.ts';

/** A piece of a slab; plain data. `length` is what was asked for; it starts at a multiple of 64. */
export interface Range {
  readonly slab: number;
  readonly offset: number;
  readonly length: number;
}

const MIB = 1024 * 1024;
/** Large enough that slabs are few and ranges seldom straddle; small beside any budget that has it. */
const SLAB_BYTES = 64 * MIB;
/** With less memory a slab is this part of the limit, so that the arena can grow in steps that fit. */
const SLABS_OF_LIMIT = 16;
/** A cache line; also what Arrow asks of its buffers. */
const ALIGN = 64;

interface Free {
  offset: number;
  length: number;
}
interface Slab {
  readonly buffer: SharedArrayBuffer;
  /** By offset; no two touch. */
  readonly free: Free[];
  /** References to the range that begins at an offset, and the bytes it takes. */
  readonly used: Map<number, { count: number; readonly bytes: number }>;
  freeBytes: number;
}

export class Arena {
  readonly #budget: Budget;
  readonly #slabBytes: number;
  readonly #mostBytes: number;
  #slabs: Slab[] = [];
  #heldBytes = 0;
  #usedBytes = 0;

  constructor(budget: Budget, options: { readonly slabBytes?: number } = {}) {
    this.#budget = budget;
    const part = Math.floor(budget.limitBytes / SLABS_OF_LIMIT / MIB) * MIB;
    this.#mostBytes = Math.floor(arenaBytes(budget) / ALIGN) * ALIGN;
    this.#slabBytes = options.slabBytes ?? Math.min(SLAB_BYTES, Math.max(MIB, part));
  }

  /** Bytes of all slabs: what is charged to the budget. */
  get heldBytes(): number {
    return this.#heldBytes;
  }
  /** Bytes of ranges with references. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** One range for each length, all or none; undefined when the budget refuses the slab that this would need. A range longer
   *  than a slab gets one of its own size. The bytes are whatever they were. */
  allocate(lengths: readonly number[]): Range[] | undefined {
    const ranges: Range[] = [];
    for (const length of lengths) {
      const range = this.#cut(length) ?? (this.#grow(length) ? this.#cut(length) : undefined);
      if (range === undefined) {
        for (const cut of ranges) this.release(cut);
        return undefined;
      }
      ranges.push(range);
    }
    return ranges;
  }

  /** One more reference. */
  retain(range: Range): void {
    this.#find(range).count++;
  }

  /** One reference less; with the last one the range is free. */
  release(range: Range): void {
    const found = this.#find(range);
    if (--found.count > 0) return;
    const slab = this.#slabs[range.slab]!;
    slab.used.delete(range.offset);
    slab.freeBytes += found.bytes;
    this.#usedBytes -= found.bytes;
    putBack(slab.free, range.offset, found.bytes);
  }

  /** A slab's memory, to be sent to another thread once. */
  slab(id: number): SharedArrayBuffer {
    const slab = this.#slabs[id];
    if (slab === undefined) throw new TransportError('INTERNAL', `the arena has no slab ${id}`);
    return slab.buffer;
  }

  bytes(range: Range): Uint8Array {
    return new Uint8Array(this.slab(range.slab), range.offset, range.length);
  }

  /** Forgets all slabs and gives the budget back. */
  close(): void {
    this.#budget.release(this.#heldBytes);
    this.#slabs = [];
    this.#heldBytes = 0;
    this.#usedBytes = 0;
  }

  /** First fit: the oldest slab, the lowest offset. */
  #cut(length: number): Range | undefined {
    const bytes = rounded(length);
    for (let id = 0; id < this.#slabs.length; id++) {
      const slab = this.#slabs[id]!;
      if (slab.freeBytes < bytes) continue;
      const at = slab.free.findIndex(free => free.length >= bytes);
      if (at < 0) continue;
      const free = slab.free[at]!;
      const { offset } = free;
      free.offset += bytes;
      free.length -= bytes;
      if (free.length === 0) slab.free.splice(at, 1);
      slab.used.set(offset, { count: 1, bytes });
      slab.freeBytes -= bytes;
      this.#usedBytes += bytes;
      return { slab: id, offset, length };
    }
    return undefined;
  }

  #grow(length: number): boolean {
    const left = this.#mostBytes - this.#heldBytes;
    const bytes = Math.max(Math.min(this.#slabBytes, left), rounded(length));
    if (bytes > left) return false;
    if (!this.#budget.reserve(bytes)) return false;
    let buffer: SharedArrayBuffer;
    try {
      buffer = new SharedArrayBuffer(bytes);
    } catch {
      // No address space for it, or longer than V8 allows: a refusal like the budget's.
      this.#budget.release(bytes);
      return false;
    }
    const free = [{ offset: 0, length: bytes }];
    this.#slabs.push({ buffer, free, used: new Map(), freeBytes: bytes });
    this.#heldBytes += bytes;
    return true;
  }

  #find(range: Range) {
    const found = this.#slabs[range.slab]?.used.get(range.offset);
    if (found !== undefined) return found;
    const { slab, offset, length } = range;
    throw new TransportError(
      'INTERNAL',
      `${length} bytes at ${offset} of slab ${slab} are not in use`,
    );
  }
}

function rounded(length: number): number {
  return Math.max(ALIGN, Math.ceil(length / ALIGN) * ALIGN);
}

/** Inserts a free piece in order of offset, and joins it with those that touch it. */
function putBack(free: Free[], offset: number, length: number): void {
  let low = 0;
  for (let high = free.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (free[middle]!.offset < offset) low = middle + 1;
    else high = middle;
  }
  const before = free[low - 1];
  const after = free[low];
  const touchesBefore = before !== undefined && before.offset + before.length === offset;
  const touchesAfter = after !== undefined && offset + length === after.offset;
  if (touchesBefore && touchesAfter) {
    before.length += length + after.length;
    free.splice(low, 1);
  } else if (touchesBefore) {
    before.length += length;
  } else if (touchesAfter) {
    after.offset = offset;
    after.length += length;
  } else {
    free.splice(low, 0, { offset, length });
  }
}
