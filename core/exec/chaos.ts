/** Kills worker threads, for tests and for `--chaos SEED`: which one and when follow from the seed.
 *
 * At most KILLS_MAX between two pauses without work, one less than a task's attempts: chaos alone never fails a task.
 */
import type { Link } from './link.ts';

export const KILLS_MAX = 3;
/** Between two kills: long enough that something has begun, short enough to meet short jobs. */
const MIN_MS = 5;
const MAX_MS = 120;
/** A job has moments without work, between a walk that was lost and the next: those are no pauses. */
const PAUSE_MS = 100;

export class Chaos {
  readonly #links: readonly Link[];
  readonly #random: () => number;
  #kills = 0;
  /** Since when there is no work. */
  #idleMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(seed: number, links: readonly Link[]) {
    this.#links = links;
    this.#random = mulberry32(seed);
  }

  /** Only while there is work: an idle thread that dies proves nothing. */
  run(busy: boolean): void {
    const now = performance.now();
    if (busy && now - this.#idleMs > PAUSE_MS) this.#kills = 0;
    if (!busy) this.#idleMs = now;
    this.#next(busy);
  }

  #next(busy: boolean): void {
    clearTimeout(this.#timer);
    if (!busy || this.#kills >= KILLS_MAX) return;
    const ms = MIN_MS + this.#random() * (MAX_MS - MIN_MS);
    this.#timer = setTimeout(() => {
      const victims = this.#links.filter(({ slot }) => slot.state === 'up' && slot.tasks.size > 0);
      const victim = victims[Math.floor(this.#random() * victims.length)];
      if (victim !== undefined) {
        this.#kills++;
        victim.stop('chaos');
      }
      this.#next(true);
    }, ms).unref();
  }
}

/** A small generator with 32 bits of state (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
