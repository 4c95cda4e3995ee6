/** Shared memory for all runs of one task: asked for once, and cut here.
 *
 * Each question to the driver costs a turn of two threads, and a small superstep is a few of these long. So it is asked when the task begins, and the
 * answer is looked for when something is to be written. What the task before it took for the same partition is a good guess of what
 * this one will.
 */
import type { Range } from '../memory/arena.ts';
import type { ArenaClient } from '../shuffle/run-writer.ts';

const ALIGN = 64;
/** Beyond the guess, at least. */
const SLACK_BYTES = 4096;
/** Of one range: a large one is hard to find room for. */
const MAX_BYTES = 16 * 2 ** 20;

export class TaskArena implements ArenaClient {
  readonly #ranges: Range[] = [];
  readonly #worker: ArenaClient;
  #guessBytes: number;
  #asked: Promise<readonly Range[] | undefined> | undefined;
  #chunk: Range | undefined;
  #used = 0;
  /** Given to runs in all. */
  takenBytes = 0;

  /** `guessBytes`: what the task will take, as far as that is known; 0: it is not asked for yet. */
  constructor(worker: ArenaClient, guessBytes: number) {
    this.#worker = worker;
    this.#guessBytes = guessBytes;
    if (guessBytes > 0) this.#asked = worker.allocate([this.#wanted()]);
  }

  #wanted(): number {
    return aligned(Math.min(MAX_BYTES, this.#guessBytes + SLACK_BYTES));
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
    while (this.#chunk === undefined || this.#chunk.length - this.#used < bytes) {
      if (!(await this.#next(bytes))) return undefined;
    }
    return lengths.map(length => {
      const { slab, offset } = this.#chunk!;
      const range = { slab, offset: offset + this.#used, length };
      this.#used += aligned(length);
      return range;
    });
  }

  /** Another chunk: what was asked for before, else as much as is guessed, else `bytes`. False: there is no room. */
  async #next(bytes: number): Promise<boolean> {
    const asked = this.#asked;
    this.#asked = undefined;
    const given =
      (await asked) ??
      (await this.#worker.allocate([Math.max(bytes, this.#wanted())])) ??
      (await this.#worker.allocate([bytes]));
    const [chunk] = given ?? [];
    if (chunk === undefined) return false;
    this.#guessBytes = Math.max(0, this.#guessBytes - chunk.length);
    this.#ranges.push(chunk);
    this.#chunk = chunk;
    this.#used = 0;
    return true;
  }

  /** All that was given: when the task ends, whichever way. */
  async finish(): Promise<readonly Range[]> {
    this.#ranges.push(...((await this.#asked) ?? []));
    this.#asked = undefined;
    return this.#ranges;
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;
