/** `open`: a session, where plans and tasks run.
 *
 * Two halves over one executor: Ray's verbs (exec/runtime.ts) and tables (job/session-run.ts).
 * Invariants: no global state, no output, no signal handlers; nothing starts before there is work; when `close` has
 * resolved no thread, file or range is left, and results that were not read are gone.
 */
import type { OpenOptions, Results, RunOptions, Session } from './define/session.ts';
import type { Schema } from './define/schema.ts';
import type { Table, Tables } from './define/table.ts';
import { LimitError, UsageError } from './errors.ts';
import { TaskSession } from './exec/runtime.ts';
import type { Explained } from './job/explain.ts';
import { WARM } from './mapreduce/stage.ts';
import { explainOnSession, runOnSession, type RunHost } from './job/session-run.ts';

const threadEntry = new URL('./worker-main.js', import.meta.url);

/** Throws UsageError for options that are wrong or in conflict, OPEN_IN_WORKER where a worker is importing
 *  definitions, and LimitError MEMORY when the memory is less than the least that works. */
export async function open(options: OpenOptions & InternalOpenOptions = {}): Promise<OpenSession> {
  const session = new OpenSession(options);
  if (options.warm) session.warm();
  return session;
}

/** For the command line. */
export interface InternalOpenOptions {
  /** A job is about to come: one thread starts at once, while the job is found and planned. */
  readonly warm?: boolean;
}

/** What `open` gives: a Session, and what only the command line asks of one. */
export class OpenSession implements Session {
  readonly remote: Session['remote'];
  readonly actor: Session['actor'];
  readonly put: Session['put'];
  readonly get: Session['get'];
  readonly wait: Session['wait'];
  readonly cancel: Session['cancel'];
  readonly #tasks: TaskSession;
  readonly #host: RunHost;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #releases = new Set<() => void>();

  constructor(options: OpenOptions) {
    const tasks = new TaskSession(options, { threadEntry });
    this.#tasks = tasks;
    this.remote = tasks.remote;
    this.actor = tasks.actor;
    this.put = tasks.put;
    this.get = tasks.get;
    this.wait = tasks.wait;
    this.cancel = tasks.cancel;
    this.#host = {
      executor: tasks.executor,
      config: tasks.config,
      view: range => tasks.executor.view(range),
      closing: this.#closing.signal,
      tempGiven: options.temp !== undefined,
      chaos: options.chaos,
      onClose: release => {
        this.#releases.add(release);
        return () => this.#releases.delete(release);
      },
    };
  }

  warm(): void {
    // If it fails, so will the job, which says so.
    const { result } = this.#tasks.executor.submit({ ref: WARM, argument: undefined });
    this.#host.warmed = result.catch(() => {});
  }

  async run<T extends Table<Schema> | Tables>(
    what: T,
    options: RunOptions<T> = {},
  ): Promise<Results<T>> {
    this.#assertOpen();
    const run = runOnSession(this.#host, what, options as RunOptions<Table<Schema>>);
    this.#running.add(run);
    try {
      return (await run) as Results<T>;
    } finally {
      this.#running.delete(run);
    }
  }

  async explain(what: Table<Schema> | Tables): Promise<string> {
    const { printExplained } = await import('./job/explain.ts');
    return printExplained(await this.explainData(what));
  }

  /** For the command line. */
  explainData(
    what: Table<Schema> | Tables,
    options: { readonly partitions?: number | undefined; readonly job?: string } = {},
  ): Promise<Explained> {
    return explainOnSession(this.#host, what, options);
  }

  #assertOpen(): void {
    if (!this.#closing.signal.aborted) return;
    throw new UsageError('CLOSED', 'the session is closed', { remedy: 'Open another one.' });
  }

  async close(): Promise<void> {
    this.#closing.abort(new LimitError('CANCELLED', 'the session was closed while the job ran'));
    await Promise.allSettled(this.#running);
    for (const release of this.#releases) release();
    this.#releases.clear();
    await this.#tasks.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
