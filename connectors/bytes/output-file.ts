/** One file being written: a block that goes to the system when it is full, and a file that is whole or gone.
 *
 * Order of calls: those of Block, then `close`, which fsyncs, or `abort`, which deletes what is not whole.
 */
import { fsyncSync, openSync } from 'node:fs';
import { abandon, closeWhole, system, writeAll } from 'superstep/internal';
import { Block } from './block.ts';

/** Large enough that calls to the system do not show, small enough for a core's second-level cache. */
const BLOCK_BYTES = 256 * 1024;

export class OutputFile extends Block {
  readonly path: string;
  readonly #descriptor: number;
  #written = 0;
  #open = true;

  /** Creates the file, which must not exist. Throws LimitError DISK_FULL, IO, as all methods do. */
  constructor(path: string) {
    super(BLOCK_BYTES);
    this.path = path;
    this.#descriptor = system(path, 'create', () => openSync(path, 'wx'));
  }

  protected override more(bytes: number): void {
    this.#flush();
    if (bytes > this.bytes.length) super.more(bytes);
  }

  override put(data: Uint8Array, from = 0, to = data.length): void {
    if (to - from <= this.bytes.length) return super.put(data, from, to);
    this.#flush();
    this.#write(data.subarray(from, to));
  }

  #flush(): void {
    this.#write(this.bytes.subarray(0, this.at));
    this.at = 0;
  }

  #write(bytes: Uint8Array): void {
    writeAll(this.#descriptor, bytes, this.path);
    this.#written += bytes.length;
  }

  /** @returns bytes of the file, which is whole and on the device */
  close(): number {
    if (this.#open) {
      this.#flush();
      system(this.path, 'write', () => fsyncSync(this.#descriptor));
      this.#open = false;
      closeWhole(this.#descriptor, this.path);
    }
    return this.#written;
  }

  abort(): void {
    if (!this.#open) return;
    this.#open = false;
    abandon(this.#descriptor, this.path);
  }
}
