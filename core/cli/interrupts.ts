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
  constructor(by: Stop) {
    super('CANCELLED', `stopped by ${by === 'SIGINT' ? 'Ctrl-C' : by}`, {
      remedy: 'Nothing was written. Run it again to start over.',
    });
    this.exitCode = EXIT[by];
  }
}

export class Interrupts {
  readonly #controller = new AbortController();
  readonly #handlers = SIGNALS.map(name => [name, () => this.#stop(name)] as const);
  #stopped: Interrupted | undefined;

  constructor() {
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
    this.#stopped = new Interrupted(name);
    this.#controller.abort(this.#stopped);
  }
}
