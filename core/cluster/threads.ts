/** Where workers live: threads of this process.
 *
 * Order of calls: `startThread`; `post` arrays of messages; `stop` when it must end. `ended` is called once, whatever
 * ended it, and after the last message.
 *
 * Invariants: a thread never keeps the process alive by itself (whoever waits for it holds a handle); it gets no
 * standard input and does not write to standard output. `stop` returns JavaScript and WebAssembly within
 * milliseconds; a thread inside a system call that does not return is abandoned after ABANDON_MS: it can run no
 * JavaScript any more, but what it lent to that call is not to be used again.
 *
 * Not here: what a worker does (exec/worker.ts), and which file it starts from (a parameter).
 */
import { Worker } from 'node:worker_threads';
import type { KernelModule } from '../kernels/kernels.ts';

/** `terminate` takes milliseconds where it works at all (execSync, or a read of a pipe, may never return). */
export const ABANDON_MS = 5000;
const MIB = 1024 * 1024;

/** What a thread is given when it starts. */
export interface ThreadData {
  /** Of the budget: 1 to the number of workers. */
  readonly slot: number;
  /** Unique in the session. */
  readonly thread: number;
  readonly budget: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly kernels: KernelModule;
  /** What user code may hold on the heap; polled. */
  readonly softHeapBytes: number;
}

export interface ThreadExit {
  readonly exitCode: number;
  readonly error: Error | undefined;
  readonly outOfMemory: boolean;
  readonly abandoned: boolean;
}

export interface ThreadEvents {
  message(message: unknown): void;
  ended(exit: ThreadExit): void;
}

export interface Thread {
  post(message: unknown): void;
  stop(): void;
}

/** V8's own limits of a thread's heap. */
export interface HeapLimits {
  /** Far above the soft limit: several ways to cross it abort the whole process. */
  readonly hardBytes: number;
  /** Of the young generation: garbage that V8 lets lie. */
  readonly youngBytes: number;
}

export function startThread(
  entry: URL,
  data: ThreadData,
  { hardBytes, youngBytes }: HeapLimits,
  events: ThreadEvents,
): Thread {
  const worker = new Worker(entry, {
    workerData: data,
    name: `superstep ${data.slot}`,
    stdout: true,
    resourceLimits: {
      maxOldGenerationSizeMb: Math.ceil(hardBytes / MIB),
      maxYoungGenerationSizeMb: youngBytes / MIB,
    },
  });
  let error: Error | undefined;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (exitCode: number, abandoned: boolean): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    const outOfMemory =
      (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    events.ended({ exitCode, error, outOfMemory, abandoned });
  };
  worker.on('message', message => {
    if (!over) events.message(message);
  });
  worker.on('error', thrown => {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  });
  worker.on('exit', exitCode => end(exitCode, false));
  // After the listeners: one for messages makes it count again.
  worker.unref();
  return {
    post: message => worker.postMessage(message),
    stop: () => {
      if (over || timer !== undefined) return;
      timer = setTimeout(() => end(1, true), ABANDON_MS);
      void worker.terminate();
    },
  };
}
