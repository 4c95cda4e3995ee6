/** A batch on its way between processes: frames of at most 64 KiB, numbered, each with a checksum; and their assembly.
 *
 * Order of calls: `cutFrames` at one end; at the other `Assembly.take` each frame, in any order and as often as it
 * comes; `missing` names those to ask for again; `bytes` when there are none.
 * Invariant: what is assembled is what was cut, or a frame is missing: a frame that is damaged is one that never came.
 */
import { crc32 } from 'node:zlib';

/** Well under every transport's limit, and small enough that one that is lost costs little. */
export const FRAME_BYTES = 64 * 1024;

export interface Frame {
  readonly index: number;
  readonly crc: number;
  readonly bytes: Uint8Array;
}

export const framesIn = (length: number): number => Math.ceil(length / FRAME_BYTES);

/** Frame `index` of some bytes: a view of them. */
export function cutFrame(bytes: Uint8Array, index: number): Frame {
  const view = bytes.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES);
  return { index, crc: crc32(view), bytes: view };
}

export class Assembly {
  readonly bytes: Uint8Array;
  readonly #came: Uint8Array;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#came = new Uint8Array(framesIn(length));
  }

  take({ index, crc, bytes }: Frame): void {
    if (this.#came[index] !== 0 || crc32(bytes) !== crc) return;
    this.bytes.set(bytes, index * FRAME_BYTES);
    this.#came[index] = 1;
  }

  /** Indices of the frames that have not come. */
  missing(): number[] {
    return [...this.#came.keys()].filter(index => this.#came[index] === 0);
  }
}
