/** Tells whoever listens how far a job is: by bytes read of the stage that runs, never backwards.
 *
 * Order of calls: `begin` with each stage, `end` once. Workers count what they read in shared words; this only looks.
 */
import type { Progress } from '../define/session.ts';
import type { Executor } from '../exec/executor.ts';

/** Ten times a second is all that an eye follows. */
const INTERVAL_MS = 100;

export type ProgressListener = (progress: Progress) => void;

export class Watch {
  readonly #executor: Executor;
  readonly #listener: ProgressListener | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #stage = '';
  #total = 0;
  #before = 0;
  #done = 0;
  readonly #spilledBefore: number;

  constructor(executor: Executor, listener: ProgressListener | undefined) {
    this.#executor = executor;
    this.#listener = listener;
    this.#spilledBefore = this.#spilled();
    if (listener !== undefined) this.#timer = setInterval(() => this.#tell(), INTERVAL_MS).unref();
  }

  begin(stage: string, splits: readonly { readonly bytes: number }[]): void {
    this.#stage = stage;
    this.#total = splits.reduce((total, { bytes }) => total + bytes, 0);
    this.#before = this.#read();
    this.#done = 0;
    this.#tell();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #read(): number {
    return this.#executor.progress().reduce((total, { bytes }) => total + bytes, 0);
  }

  #spilled(): number {
    return this.#executor.progress().reduce((total, { spilledBytes }) => total + spilledBytes, 0);
  }

  #tell(): void {
    if (this.#listener === undefined || this.#stage === '') return;
    // A thread that was replaced counts from 0 again, and a split that is read twice counts twice.
    this.#done = Math.max(this.#done, Math.min(this.#total, this.#read() - this.#before));
    this.#listener({
      stage: this.#stage,
      bytesDone: this.#done,
      bytesTotal: this.#total,
      tasksRunning: this.#executor.progress().filter(slot => slot.busy).length,
      spilledBytes: this.#spilled() - this.#spilledBefore,
    });
  }
}
