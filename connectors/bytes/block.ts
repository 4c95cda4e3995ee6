/** Bytes gathered in a block of memory: room(n), then bytes at `at` and on, at most n of them; or put, or ascii.
 *
 * This one grows; OutputFile writes itself out instead. Invariant: what `room` promised stays valid until the next
 * call.
 */
export class Block {
  bytes: Buffer;
  /** Where the next byte goes in `bytes`. */
  at = 0;

  constructor(bytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytes);
  }

  /** Makes room for so many bytes at `at`. */
  room(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.more(bytes);
  }

  /** What to do when there is no room. */
  protected more(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + bytes, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  /** data[from] to data[to], of any length. */
  put(data: Uint8Array, from = 0, to = data.length): void {
    this.room(to - from);
    const into = this.bytes;
    let { at } = this;
    // A loop beats a call up to about here.
    if (to - from <= 32) for (let i = from; i < to; i++) into[at++] = data[i]!;
    else {
      into.set(data.subarray(from, to), at);
      at += to - from;
    }
    this.at = at;
  }

  /** ASCII text. */
  ascii(text: string): void {
    this.room(text.length);
    const into = this.bytes;
    let { at } = this;
    for (let i = 0; i < text.length; i++) into[at++] = text.charCodeAt(i);
    this.at = at;
  }
}
