/** Shared memory for all runs of one task: asked for once, and cut here.
 *
 * Each question to the driver costs a turn of two threads, and a small superstep is a few of these long. What the task before it took for the
 * same partition is a good guess of what this one will: it comes with the task (`roomFor`). Where it does not, it is asked for when
 * the task begins, and the answer is looked for when something is to be written.
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

  /** `guessBytes`: what the task will take, as far as that is known; 0: it is not asked for yet. `room`: what came with the task. */
  constructor(worker: ArenaClient, guessBytes: number, room?: Range) {
    this.#worker = worker;
    this.#guessBytes = guessBytes;
    if (room !== undefined) this.#use(room);
    else if (guessBytes > 0) this.#asked = worker.allocate([roomFor(guessBytes)]);
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
    while (this.#chunk === undefined || this.#chunk.length - this.#used < bytes) {
      if (!(await this.#next(bytes))) return undefined;
    }
    this.takenBytes += bytes;
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
      (await this.#worker.allocate([Math.max(bytes, roomFor(this.#guessBytes))])) ??
      (await this.#worker.allocate([bytes]));
    const [chunk] = given ?? [];
    if (chunk === undefined) return false;
    this.#use(chunk);
    return true;
  }

  #use(chunk: Range): void {
    this.#guessBytes = Math.max(0, this.#guessBytes - chunk.length);
    this.#ranges.push(chunk);
    this.#chunk = chunk;
    this.#used = 0;
  }

  /** All that was given: when the task ends, whichever way. */
  async finish(): Promise<readonly Range[]> {
    this.#ranges.push(...((await this.#asked) ?? []));
    this.#asked = undefined;
    return this.#ranges;
  }
}

/** What is asked for at once where so much will be taken. */
export const roomFor = (guessBytes: number): number =>
  aligned(Math.min(MAX_BYTES, guessBytes + SLACK_BYTES));

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;
