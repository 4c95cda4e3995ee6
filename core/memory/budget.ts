/** When memory may be taken: one limit for all threads of a process, shared through one SharedArrayBuffer.
 *
 * Order of calls: the driver creates it, threads attach to their slot; `reserve` before memory is taken, `release`
 * after it was given back; when a slot's thread has ended the driver calls `clear(slot)` and attaches the next one.
 *
 * Invariants (DESIGN, invariant 4):
 * - Each slot has a floor, limit / (2 × slots), that is always granted. What all floors leave is the common pool:
 *   first come, first served. The sum of what is held never exceeds the limit.
 * - The pool is cut into units. A unit is one word that holds its owner's slot + 1, or 0: taken by compare-and-set,
 *   freed by its owner. A thread may be terminated between any two instructions; whatever it had taken by then
 *   carries its name, so `clear` finds all of it. (A counter could not tell.)
 * - A slot's `held` word is written by that slot's thread alone, and only ever under-states the units it owns.
 *
 * Deliberately not here: waiting. A refusal is final for the caller, who spills its own; so nothing can deadlock.
 */
import { TransportError } from '../errors.ts';

/** The pool has at most this many units: enough that the last unit of a slot, half empty on average, wastes little
 *  (0.01 % of the limit), few enough that looking through all of them takes microseconds. */
const UNITS = 4096;
/** A unit is never smaller than a page of memory. */
const UNIT_BYTES = 4096;

/** int64 words before those of the slots. */
const LIMIT = 0;
const SLOTS = 1;
const PEAK = 2;
const HELD = 3;

export class Budget {
  readonly shared: SharedArrayBuffer;
  readonly slot: number;
  readonly slots: number;
  readonly limitBytes: number;
  /** What every slot is always granted. */
  readonly floorBytes: number;
  readonly #unitBytes: number;
  readonly #words: BigInt64Array;
  readonly #owners: Int32Array;

  /** @param slots slot 0 is the driver, who owns the arena; 1 to slots − 1 are workers. */
  static create(limitBytes: number, slots: number): Budget {
    const { units } = poolOf(limitBytes, slots);
    const shared = new SharedArrayBuffer((HELD + slots) * 8 + units * 4);
    const words = new BigInt64Array(shared, 0, HELD);
    words[LIMIT] = BigInt(limitBytes);
    words[SLOTS] = BigInt(slots);
    return new Budget(shared, 0);
  }

  /** The same budget, in the thread that has `slot`. */
  static attach(shared: SharedArrayBuffer, slot: number): Budget {
    return new Budget(shared, slot);
  }

  private constructor(shared: SharedArrayBuffer, slot: number) {
    const head = new BigInt64Array(shared, 0, HELD);
    this.shared = shared;
    this.slot = slot;
    this.limitBytes = Number(head[LIMIT]);
    this.slots = Number(head[SLOTS]);
    const { floorBytes, unitBytes } = poolOf(this.limitBytes, this.slots);
    this.floorBytes = floorBytes;
    this.#unitBytes = unitBytes;
    this.#words = new BigInt64Array(shared, 0, HELD + this.slots);
    this.#owners = new Int32Array(shared, (HELD + this.slots) * 8);
  }

  /** Takes bytes for this slot: true within its floor, above it while the pool lasts. False takes nothing. */
  reserve(bytes: number): boolean {
    const held = this.held();
    const wanted = held + check(bytes);
    if (!this.#take(this.#units(wanted) - this.#units(held))) return false;
    Atomics.store(this.#words, HELD + this.slot, BigInt(wanted));
    this.#raisePeak(BigInt(this.total()));
    return true;
  }

  /** Gives back bytes that this slot had reserved, in whatever portions. */
  release(bytes: number): void {
    const held = this.held();
    const left = held - check(bytes);
    if (left < 0) {
      throw new TransportError(
        'INTERNAL',
        `slot ${this.slot} released ${bytes} bytes of memory but holds ${held}`,
      );
    }
    Atomics.store(this.#words, HELD + this.slot, BigInt(left));
    this.#give(this.slot, this.#units(held) - this.#units(left));
  }

  /** Bytes that a slot has reserved. */
  held(slot: number = this.slot): number {
    return Number(Atomics.load(this.#words, HELD + slot));
  }

  /** Bytes that all slots have reserved. The slots are read one after the other: while others move, the sum may be of
   *  no one moment, and what it then has above the limit is cut off. */
  total(): number {
    let total = 0;
    for (let slot = 0; slot < this.slots; slot++) total += this.held(slot);
    return Math.min(total, this.limitBytes);
  }

  /** The most that `total` has been right after a reservation. */
  peak(): number {
    return Number(Atomics.load(this.#words, PEAK));
  }

  /** Gives back all that a slot holds. Only once its thread has ended. */
  clear(slot: number): void {
    Atomics.store(this.#words, HELD + slot, 0n);
    this.#give(slot, this.#owners.length);
  }

  /** Units of the pool that a slot needs to hold so many bytes. */
  #units(heldBytes: number): number {
    return Math.ceil(Math.max(0, heldBytes - this.floorBytes) / this.#unitBytes);
  }

  /** Takes all of `count` units or none. Two slots that race for the last units may both be refused. */
  #take(count: number): boolean {
    const mine = this.slot + 1;
    let taken = 0;
    for (let unit = 0; taken < count && unit < this.#owners.length; unit++) {
      if (this.#owners[unit] !== 0) continue;
      if (Atomics.compareExchange(this.#owners, unit, 0, mine) === 0) taken++;
    }
    if (taken === count) return true;
    this.#give(this.slot, taken);
    return false;
  }

  /** Frees up to `count` units of a slot. The last ones first: the pool stays dense at its start. */
  #give(slot: number, count: number): void {
    let left = count;
    for (let unit = this.#owners.length - 1; left > 0 && unit >= 0; unit--) {
      if (this.#owners[unit] !== slot + 1) continue;
      Atomics.store(this.#owners, unit, 0);
      left--;
    }
  }

  #raisePeak(total: bigint): void {
    let peak = Atomics.load(this.#words, PEAK);
    while (total > peak) {
      const seen = Atomics.compareExchange(this.#words, PEAK, peak, total);
      if (seen === peak) return;
      peak = seen;
    }
  }
}

function poolOf(limitBytes: number, slots: number) {
  const floorBytes = Math.floor(limitBytes / (2 * slots));
  const poolBytes = limitBytes - slots * floorBytes;
  const unitBytes = Math.max(UNIT_BYTES, Math.ceil(poolBytes / UNITS));
  return { floorBytes, unitBytes, units: Math.floor(poolBytes / unitBytes) };
}

function check(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new TransportError('INTERNAL', `${bytes} is not a number of bytes to reserve or release`);
}
