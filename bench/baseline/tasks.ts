/** Small tasks on worker threads as a person writes them: a message there, a message back, a promise each. */
import { Worker } from 'node:worker_threads';

export class Pool {
  readonly #workers: Worker[];
  readonly #waiting = new Map<number, (value: number) => void>();
  #next = 0;

  constructor(workers: number) {
    this.#workers = Array.from({ length: workers }, () => {
      const worker = new Worker(new URL('./tasks-worker.js', import.meta.url));
      worker.on('message', ([id, value]: [number, number]) => {
        this.#waiting.get(id)!(value);
        this.#waiting.delete(id);
      });
      return worker;
    });
  }

  run(value: number): Promise<number> {
    const id = this.#next++;
    this.#workers[id % this.#workers.length]!.postMessage([id, value]);
    return new Promise(resolve => this.#waiting.set(id, resolve));
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(worker => worker.terminate()));
  }
}
