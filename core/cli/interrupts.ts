/** Ctrl-C and SIGTERM: the first stops the job, which cleans up; the second ends the process at once, and the next run
 * on the same path sweeps. Only here does anything of superstep touch the process's signals.
 */
import { LimitError } from '../errors.ts';
import { EXIT } from './print-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type Stop = (typeof SIGNALS)[number];

/** The job was stopped by a signal; the process ends with its code. */
export class Interrupted extends LimitError {
  readonly exitCode: number;
  constructor(by: Stop, remedy: string) {
    super('CANCELLED', `stopped by ${by === 'SIGINT' ? 'Ctrl-C' : by}`, {
      remedy,
    });
    this.exitCode = EXIT[by];
  }
}

export class Interrupts {
  readonly #controller = new AbortController();
  readonly #handlers = SIGNALS.map(name => [name, () => this.#stop(name)] as const);
  readonly #remedy: string;
  #stopped: Interrupted | undefined;

  /** @param goesOn the job makes checkpoints */
  constructor(goesOn = false) {
    this.#remedy = goesOn
      ? 'No output was written. Go on from the last checkpoint with --resume.'
      : 'Nothing was written. Run it again to start over.';
    for (const [name, handler] of this.#handlers) process.on(name, handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to report for a failure: the signal, if there was one. */
  because(error: unknown): unknown {
    return this.#stopped ?? error;
  }

  end(): void {
    for (const [name, handler] of this.#handlers) process.off(name, handler);
  }

  #stop(name: Stop): void {
    if (this.#stopped !== undefined) process.exit(EXIT[name]);
    this.#stopped = new Interrupted(name, this.#remedy);
    this.#controller.abort(this.#stopped);
  }
}
