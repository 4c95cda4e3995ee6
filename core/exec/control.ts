/** What a worker says without a message: a few words of shared memory a slot, which outlive its thread.
 *
 * Order of calls: the driver makes one block for all slots; each thread attaches to its slot; `start` before a task
 * runs, `current` while it does. When a thread has died the driver reads what it was doing.
 *
 * Invariants: runs have sequence numbers, dense per thread. `next` is the number the worker starts next; the worker
 * moves it on by compare-and-set, and by compare-and-set the driver takes back all runs that have not begun:
 * whatever the thread does meanwhile, each run is on exactly one side. All other words have one writer.
 */

/** int32 words of a slot: one cache line, so that threads do not write into each other's. */
const WORDS = 16;
const NEXT = 0;
const CURRENT = 1;
const CANCEL = 2;
const FILE = 3;
/** float64 words of a slot, in the same line. */
const OFFSET = 2;
const BYTES = 3;
const SPILLED_BYTES = 4;

/** Sequence numbers are used again after this many: far more than a thread ever has outstanding. */
const SEQUENCE_MASK = 0x3fff_ffff;
const NONE = -1;

export const nextSequence = (sequence: number): number => (sequence + 1) & SEQUENCE_MASK;
/** Whether `sequence` lies in [from, to), numbers being used again. */
export const inSequence = (sequence: number, from: number, to: number): boolean =>
  ((sequence - from) & SEQUENCE_MASK) < ((to - from) & SEQUENCE_MASK);

export const controlBytes = (slots: number): number => slots * WORDS * 4;

export class Control {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;

  constructor(shared: SharedArrayBuffer, slot: number) {
    this.#words = new Int32Array(shared, slot * WORDS * 4, WORDS);
    this.#floats = new Float64Array(shared, slot * WORDS * 4, WORDS / 2);
  }

  /** By the driver, before a thread starts. What was read stays: progress never goes backwards. */
  reset(): void {
    Atomics.store(this.#words, NEXT, 0);
    Atomics.store(this.#words, CANCEL, NONE);
    Atomics.store(this.#words, FILE, NONE);
    Atomics.store(this.#words, CURRENT, NONE);
  }

  /** By the worker: whether the run with this number is still its own, now begun. */
  start(sequence: number): boolean {
    const taken = Atomics.compareExchange(this.#words, NEXT, sequence, nextSequence(sequence));
    return taken === sequence;
  }

  /** By the driver: takes back every run that has not begun. `unused` is the number after the last that was sent.
   *  Returns the first that came back (`unused` when none did). */
  revoke(unused: number): number {
    for (;;) {
      const next = Atomics.load(this.#words, NEXT);
      if (Atomics.compareExchange(this.#words, NEXT, next, unused) === next) return next;
    }
  }

  get next(): number {
    return Atomics.load(this.#words, NEXT);
  }

  /** The run whose code was entered last and has not ended or given up its slot; −1 is none. */
  get current(): number {
    return Atomics.load(this.#words, CURRENT);
  }
  set current(sequence: number) {
    Atomics.store(this.#words, CURRENT, sequence);
  }

  /** The run that shall end; code that cannot be reached by a message looks here. */
  get cancelled(): number {
    return Atomics.load(this.#words, CANCEL);
  }
  set cancelled(sequence: number) {
    Atomics.store(this.#words, CANCEL, sequence);
  }

  /** The place in an input that is read now. */
  reading(file: number, offset: number): void {
    this.#floats[OFFSET] = offset;
    Atomics.store(this.#words, FILE, file);
  }

  /** `file` −1 is nothing. */
  get read(): { readonly file: number; readonly offset: number } {
    return { file: Atomics.load(this.#words, FILE), offset: this.#floats[OFFSET]! };
  }

  addBytes(bytes: number): void {
    this.#floats[BYTES] = this.#floats[BYTES]! + bytes;
  }
  get bytes(): number {
    return this.#floats[BYTES]!;
  }

  addSpilledBytes(bytes: number): void {
    this.#floats[SPILLED_BYTES] = this.#floats[SPILLED_BYTES]! + bytes;
  }
  get spilledBytes(): number {
    return this.#floats[SPILLED_BYTES]!;
  }
}
