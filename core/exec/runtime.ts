/** The half of a session that runs tasks: Ray's verbs, and the executor for what stands on them.
 *
 * Order of calls: `openTasks`; the verbs; `close`, which ends all of it: tasks, threads, shared memory, temporary files.
 *
 * Invariants: nothing is shared between sessions; nothing is started before there is work: no thread, no file. A
 * session that is idle does not keep the process alive.
 */
import { tmpdir } from 'node:os';
import { configure, type Config } from '../config.ts';
import type { OpenOptions, Remote } from '../define/session.ts';
import { LimitError, UsageError } from '../errors.ts';
import { Arena } from '../memory/arena.ts';
import { Budget } from '../memory/budget.ts';
import { LEAST_SLOT_BYTES } from '../memory/shares.ts';
import { Driver } from './driver.ts';
import type { Executor } from './executor.ts';
import { assertMayOpen } from './importing.ts';
import { Program } from './program.ts';
import { type TempFolder, makeTemp } from './temp.ts';

const MIB = 2 ** 20;
/** The least soft limit of a worker's heap: an empty worker holds about 8 MiB, and garbage that has not been collected
 *  yet counts, too. */
const LEAST_HEAP_BYTES = 64 * MIB;
/** V8 ends the whole process in half of the ways to cross its own limit, so that limit lies far above ours. */
const HARD_HEAP_BYTES = 2048 * MIB;
const HARD_HEAP_TIMES = 4;

export interface TaskSessionOptions {
  /** The file worker threads begin with. */
  readonly threadEntry: URL;
  /** For tests: V8's limit of a worker's heap. */
  readonly hardHeapBytes?: number;
}

export class TaskSession implements Remote, AsyncDisposable {
  readonly config: Config;
  readonly executor: Executor;
  readonly remote: Remote['remote'];
  readonly actor: Remote['actor'];
  readonly put: Remote['put'];
  readonly get: Remote['get'];
  readonly wait: Remote['wait'];
  readonly cancel: Remote['cancel'];
  readonly #program: Program;
  readonly #driver: Driver;
  readonly #arena: Arena;
  #temp: TempFolder | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: OpenOptions, { threadEntry, hardHeapBytes }: TaskSessionOptions) {
    assertMayOpen();
    const { workers, memory, temp, chaos } = options;
    this.config = configure({ workers, memory, temp, chaos });
    if (options.nats !== undefined) throw notYet();
    const slots = this.config.workers.value + 1;
    const limitBytes = this.config.memoryBytes.value;
    if (limitBytes < slots * LEAST_SLOT_BYTES) throw tooLittle(this.config, slots);
    const budget = Budget.create(limitBytes, slots);
    this.#arena = new Arena(budget);
    const softHeapBytes = Math.max(LEAST_HEAP_BYTES, budget.floorBytes);
    this.#driver = new Driver({
      workers: this.config.workers.value,
      budget,
      arena: this.#arena,
      temp: () => (this.#temp ??= this.#makeTemp()).path,
      threadEntry,
      softHeapBytes,
      hardHeapBytes: hardHeapBytes ?? Math.max(HARD_HEAP_BYTES, HARD_HEAP_TIMES * softHeapBytes),
      chaos: this.config.chaos.value,
    });
    this.#program = new Program(this.#driver);
    this.executor = this.#program;
    this.remote = this.#program.remote;
    this.actor = this.#program.actor;
    this.put = this.#program.put;
    this.get = this.#program.get;
    this.wait = this.#program.wait;
    this.cancel = this.#program.cancel;
  }

  /** Ends everything: what has not ended fails with LimitError CANCELLED. May be called again. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#program.close();
    await this.#driver.close(new LimitError('CANCELLED', 'the session was closed'));
    this.#arena.close();
    this.#temp?.remove();
  }

  #makeTemp(): TempFolder {
    const named = this.config.temp.value;
    return makeTemp(named ?? tmpdir(), named !== undefined);
  }
}

function tooLittle({ memoryBytes, workers }: Config, slots: number): UsageError {
  const leastMib = (slots * LEAST_SLOT_BYTES) / MIB;
  return new UsageError(
    'USAGE',
    `memory of ${memoryBytes.value} bytes (${memoryBytes.from}) is too little for ${workers.value} workers (${workers.from})`,
    { remedy: `The least that works is --memory ${leastMib}MiB; fewer --workers need less.` },
  );
}

function notYet(): UsageError {
  return new UsageError('NOT_YET', 'nats: not in this version', {
    remedy: 'Tasks, actors and tables run on the threads of one machine.',
  });
}
