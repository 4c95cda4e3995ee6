/** A queue with one reader, who takes all there is at once. A promise per turn, not per item.
 *
 * Unbounded, because those who put cannot wait; what bounds it is what they have outstanding: tasks (TASKS_MAX) and,
 * of each thread, the runs that it was sent.
 */
export class Inbox<T> {
  #items: T[] = [];
  #wake: (() => void) | undefined;

  put(item: T): void {
    this.#items.push(item);
    this.#wake?.();
    this.#wake = undefined;
  }

  /** All items since the last call; waits for the first. */
  async next(): Promise<readonly T[]> {
    if (this.#items.length === 0) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    const items = this.#items;
    this.#items = [];
    return items;
  }
}
