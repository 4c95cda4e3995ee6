/** Bytes of a column of text, in a buffer that grows. What is put lies behind `end`, and counts when its owner moves `end`. */

/** Room at first. */
const DATA_BYTES = 64 * 1024;

export class GrowingBytes {
  end = 0;
  #data: Buffer;

  constructor(bytes = DATA_BYTES) {
    this.#data = Buffer.allocUnsafeSlow(bytes);
  }

  /** @returns where it ends */
  put(bytes: Uint8Array, from: number, to: number): number {
    const { end } = this;
    const length = to - from;
    if (end + length > this.#data.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#data.length, end + length));
      this.#data.copy(larger, 0, 0, end);
      this.#data = larger;
    }
    const data = this.#data;
    let at = end;
    // A loop beats a call up to about here.
    if (length <= 32) for (let i = from; i < to; i++) data[at++] = bytes[i]!;
    else data.set(bytes.subarray(from, to), at);
    return end + length;
  }

  /** Up to `end`. Valid until the next put. */
  view(): Uint8Array {
    return this.#data.subarray(0, this.end);
  }
}
