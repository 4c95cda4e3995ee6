/** Shared memory for all runs of one task: asked for once, and cut here.
 *
 * Each question to the driver costs a turn of two threads, and a small superstep is a few of these long. What the task before it took
 * for the same partition is a good guess of what this one will.
 * Invariant: `ranges` are what was given and is used; runs have pieces of them.
 */
import type { Range } from '../memory/arena.ts';
import type { ArenaClient } from '../shuffle/run-writer.ts';

const ALIGN = 64;
/** Beyond the guess, at least. */
const SLACK_BYTES = 4096;
/** Of one range: a large one is hard to find room for. */
const MAX_BYTES = 4 * 2 ** 20;

export class TaskArena implements ArenaClient {
  readonly ranges: Range[] = [];
  readonly #worker: ArenaClient;
  #guessBytes: number;
  #chunk: Range | undefined;
  #used = 0;
  /** Given to runs in all. */
  takenBytes = 0;

  constructor(worker: ArenaClient, guessBytes: number) {
    this.#worker = worker;
    this.#guessBytes = guessBytes;
  }

  get segments(): ArenaClient['segments'] {
    return this.#worker.segments;
  }
  view(range: Range): Uint8Array {
    return this.#worker.view(range);
  }
  spilled(bytes: number): void {
    this.#worker.spilled(bytes);
  }

  async allocate(lengths: readonly number[]): Promise<readonly Range[] | undefined> {
    const bytes = lengths.reduce((sum, length) => sum + aligned(length), 0);
    this.takenBytes += bytes;
    if (this.#chunk === undefined || this.#chunk.length - this.#used < bytes) {
      const wanted = Math.max(bytes, Math.min(MAX_BYTES, this.#guessBytes + SLACK_BYTES));
      const [chunk] = (await this.#worker.allocate([wanted])) ?? [];
      if (chunk === undefined) return undefined;
      this.#guessBytes = Math.max(0, this.#guessBytes - chunk.length);
      this.ranges.push(chunk);
      this.#chunk = chunk;
      this.#used = 0;
    }
    return lengths.map(length => {
      const { slab, offset } = this.#chunk!;
      const range = { slab, offset: offset + this.#used, length };
      this.#used += aligned(length);
      return range;
    });
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;
