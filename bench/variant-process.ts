/** The runner's end of a variant's child process. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Answer, Request } from './protocol.ts';

/** A trial that takes longer is taken for one that hangs; the slowest (a plain script over 2 GB) takes two minutes. */
const ANSWER_MS = 15 * 60_000;
/** Standard error kept for the row of a variant that crashes. */
const KEPT_CHARACTERS = 2_000;

export class VariantProcess {
  readonly #child: ChildProcess;
  #stderr = '';

  /** `heapMb`: of V8's old generation, if not its own limit. */
  constructor(heapMb?: number) {
    const heap = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    this.#child = fork(new URL('./child.js', import.meta.url), {
      execArgv: ['--enable-source-maps', ...heap],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
    });
  }

  /** Asks, and waits for the answer; a child that dies or hangs answers that it failed. */
  ask(request: Request): Promise<Answer> {
    const child = this.#child;
    return new Promise(resolve => {
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        child.off('message', settle);
        child.off('exit', gone);
        resolve(answer);
      };
      const failed = (why: string) =>
        settle({ is: 'failed', why: this.#stderr === '' ? why : `${why}\n${this.#stderr}` });
      const gone = (code: number | null, signal: string | null) =>
        failed(`the process ended with ${signal ?? code}`);
      const timer = setTimeout(() => {
        failed(`no answer in ${ANSWER_MS / 60_000} minutes`);
        child.kill('SIGKILL');
      }, ANSWER_MS);
      child.once('message', settle);
      child.once('exit', gone);
      if (!child.connected) failed('the process has ended');
      else child.send(request, error => error !== null && failed(error.message));
    });
  }

  /** Ends the process, in its own way if it can, and waits until it has. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise(resolve => child.once('exit', resolve));
    // What does not end by itself 2 s after it said it would is killed; nothing depends on it any more.
    const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
    const closing = this.ask({ do: 'close' });
    await exit;
    await closing;
    clearTimeout(timer);
  }
}
