/** What a session takes and gives, as types: Ray's verbs for tasks and actors; `run` for tables. And `task` and
 * `actor`, which only register; `open` is in core/session.ts.
 *
 * No global state: a program may hold several sessions. Options are plain data.
 */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow';
import { UsageError } from '../errors.ts';
import { type DefinitionRef, register } from './define.ts';
import type { Place } from './place.ts';
import type { Row, Schema } from './schema.ts';
import type { Table, Tables } from './table.ts';
import { printValue } from './value.ts';

export interface OpenOptions {
  /** Worker threads here. Default: the cores this process may use. */
  readonly workers?: number;
  /** For the whole process: heap, WASM and buffers. Bytes, or '512MB' (10^6), '512MiB' (2^20). Default: half of
   *  what the machine or the container allows. */
  readonly memory?: number | string;
  /** For spilled data. Default: a folder of the system's temporary folder. */
  readonly temp?: string;
  /** For tests: kills busy workers and loses frames at moments that this number decides. The output is the same. */
  readonly chaos?: number;
  /** Run on the workers joined by this server instead. */
  readonly nats?:
    | string
    | {
        readonly servers: readonly string[];
        readonly creds?: string;
        readonly tlsCa?: string;
        readonly insecure?: boolean;
      };
}

export interface RunOptions<T extends Table<Schema> | Tables> {
  /** A file (by extension) or a folder of part files; '-' is standard output. None: rows come back. */
  readonly output?: T extends Table<Schema>
    ? string | Place
    : { readonly [N in keyof T]?: string | Place };
  /** Replaces an output that superstep could have written; without it, an output that exists is refused. */
  readonly overwrite?: boolean;
  /** 'csv', 'jsonl', 'parquet', 'text'. Default: by extension, parquet for a folder. */
  readonly format?: string;
  /** Of the last stage. Never changes a row; may change the order of rows in a folder of part files. */
  readonly partitions?: number;
  /** For ctx.random(). Default 0. */
  readonly seed?: number;
  /** The job fails when it takes longer. */
  readonly timeLimitMs?: number;
  /** An attempt of a task fails when it takes longer. */
  readonly taskTimeoutMs?: number;
  /** Further attempts of a task whose function threw. Default 0: it would most likely throw again. */
  readonly retries?: number;
  /** A vertex program goes on where the last checkpoint beside the output was made, by a run of the same job, code, input and
   *  parameters; without one, from the beginning. The rows are the same bytes. */
  readonly resume?: boolean;
  /** Vertex programs are written down beside the output after every so many supersteps, until the job is done. With `resume`
   *  alone, as often as the run before. */
  readonly checkpointEvery?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly stage: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly tasksRunning: number;
  readonly spilledBytes: number;
}

/** What a run did, as `--json` prints it. Work that does not count (attempts that lost) is in `tasks` and nowhere else. */
export interface Report {
  readonly job: string;
  /** Of superstep. */
  readonly version: string;
  /** Bytes as stored: of a gzip file the compressed ones. */
  readonly input: { readonly files: number; readonly bytes: number; readonly rows: number };
  /** All tables together. `path` is absent when rows are kept; with several tables, see `outputs`. */
  readonly output: Written;
  /** By name, when the run made several tables. */
  readonly outputs?: { readonly [name: string]: Written };
  readonly counters: { readonly [name: string]: number };
  /** What maps emitted, and what was left of it after combining. */
  readonly shuffled: { readonly bytesBeforeCombine: number; readonly bytes: number };
  readonly spilled: { readonly bytes: number; readonly segments: number };
  /** Bytes. `peak` is of the whole process while the job ran (VmHWM where the system has it). */
  readonly memory: { readonly limit: number; readonly peak: number };
  readonly gcSeconds: number;
  /** Wall time. `load` is gathering facts and planning, and graphs; `process` supersteps; `commit` making outputs of what there is, and
   *  writing the rows of a vertex program; `start` is up to the first task. */
  readonly seconds: {
    readonly start: number;
    readonly load: number;
    readonly map: number;
    readonly reduce: number;
    readonly process: number;
    readonly commit: number;
    readonly total: number;
  };
  readonly tasks: { readonly total: number; readonly retried: number; readonly speculated: number };
  /** Of the last stage. */
  readonly partitions: number;
  /** Of a job with vertex programs, all of them together. `messages` before they are folded. What a partition has sent along its edges in
   *  one superstep was pulled by its targets, where many of its vertices had sent, or pushed, where few had. `arrangeSeconds`, of
   *  `seconds.process`: edges were arranged by target, once a graph, which those that read it next do not do again. */
  readonly graph?: {
    readonly supersteps: number;
    readonly messages: number;
    readonly pulled: number;
    readonly pushed: number;
    readonly arrangeSeconds: number;
  };
  readonly warnings: readonly string[];
}
export interface Written {
  /** Absolute, of the file or folder. */
  readonly path?: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Rows stay in the object store until released. */
export interface Result<S extends Schema> extends AsyncDisposable {
  readonly columns: S;
  readonly report: Report;
  rows(): AsyncIterable<Row<S>>;
  /** All rows; an error beyond `limit` (default 1,000,000). */
  toArray(limit?: number): Promise<Row<S>[]>;
  /** The same rows as columns, in batches of at most 16,384 rows: objects of the `apache-arrow` that superstep depends
   *  on, which is yours too where the versions agree. Their buffers are copies and outlive `release`. */
  batches(): AsyncIterable<RecordBatch>;
  /** All rows as one table of Arrow's; an error beyond `limit` rows (default 10,000,000). */
  toArrow(limit?: number): Promise<ArrowTable>;
  release(): Promise<void>;
}
export type Results<T> =
  T extends Table<infer S>
    ? Result<S>
    : { readonly [N in keyof T]: T[N] extends Table<infer S> ? Result<S> : never };

// ---------------------------------------------------------------------------------------------------
// Tasks and actors.

/** A value in the object store, perhaps not there yet. Not a promise: passing one on fetches nothing. */
export interface Ref<out T> extends Disposable {
  readonly id: string;
  readonly value?: T;
  /** The value may go, unless a task still needs it. So does the end of a `using` block, of the task that made the ref,
   *  and of the session; a ref that is merely forgotten is released at some time. */
  release(): void;
}
export type Got<R> = R extends readonly Ref<unknown>[]
  ? { -readonly [K in keyof R]: R[K] extends Ref<infer T> ? T : never }
  : R extends Ref<infer T>
    ? T
    : never;

/** An argument: the value, a ref to it, or an object or array some of whose members are refs. A task starts
 *  when its refs are there. */
export type Argument<T> =
  | T
  | Ref<T>
  | (T extends object ? { readonly [K in keyof T]: T[K] | Ref<T[K]> } : never);

/** What a task or an actor has of the session. A task that waits gives up its slot meanwhile. */
export interface Remote {
  /** Starts a task. */
  remote<I, O>(task: Task<I, O>, ...input: I extends undefined ? [] : [input: Argument<I>]): Ref<O>;
  /** Starts an actor; its methods return refs. It ends with the session, or by `cancel(handle)`. */
  actor<A extends readonly unknown[], T extends object>(
    actor: Actor<A, T>,
    ...args: { [K in keyof A]: Argument<A[K]> }
  ): Handle<T>;
  put<T>(value: T): Ref<T>;
  /** The value of a ref, or of each of several. Throws the TaskError of the first that failed. */
  get<const R extends Ref<unknown> | readonly Ref<unknown>[]>(refs: R): Promise<Got<R>>;
  /** Resolves when `count` (default 1) of them are ready, or at the timeout; failed ones count as ready. */
  wait<R extends Ref<unknown>>(
    refs: readonly R[],
    options?: { readonly count?: number; readonly timeoutMs?: number },
  ): Promise<{ ready: R[]; pending: R[] }>;
  cancel(what: Ref<unknown> | Started): void;
}

export interface Session extends Remote, AsyncDisposable {
  /** One table, or several by name, which share whatever their plans share. */
  run<T extends Table<Schema> | Tables>(what: T, options?: RunOptions<T>): Promise<Results<T>>;
  /** The plan as text: stages, splits, partitions, memory, which form of each operator. Reads file sizes only. */
  explain(table: Table<Schema> | Tables): Promise<string>;
  close(): Promise<void>;
}

/** Attempts and limits belong to the definition: they are about the code, not the call. */
export interface TaskOptions {
  readonly module?: string;
  readonly retries?: number;
  readonly timeoutMs?: number;
  readonly memory?: number | string;
}
export interface Task<in I, out O> {
  readonly kind: 'task';
  readonly ref: DefinitionRef;
  readonly run?: (input: I) => O;
}

/** A function of one argument, run once somewhere. Argument and result: what structuredClone takes.
 *  Throws UsageError DEFINITION_INVALID or DEFINITION_TWICE. */
export function task<I = undefined, O = unknown>(
  name: string,
  run: (input: I, remote: Remote) => O,
  options: TaskOptions = {},
): Task<I, Awaited<O>> {
  checkCallable('task', name, run);
  return { kind: 'task', ref: register('task', { name, run, ...options }) };
}

/** An object on one worker that takes calls in order. A method may be async; the next call waits for it. */
export interface Actor<in A extends readonly unknown[], out T extends object> {
  readonly kind: 'actor';
  readonly ref: DefinitionRef;
  readonly make?: (...args: A) => T;
}
/** What every handle has, whatever its methods. */
export interface Started {
  readonly [started]: string;
}
declare const started: unique symbol;
export interface ActorOptions {
  readonly module?: string;
  /** How often it is made again when its worker dies. Default 3 for a class with `checkpoint` and `restore`, else 0. */
  readonly restarts?: number;
  /** A call fails, and ends its worker, when it holds its slot for longer. */
  readonly timeoutMs?: number;
}
/** When its worker dies, an actor is made again, `restarts` times at most: from its arguments, then `restore(state)` with
 *  what `checkpoint()` has returned last, if the class has the two. `checkpoint` is called after each call, before its
 *  result is there, and may be async; undefined means that nothing has changed. A call that had begun fails then
 *  (LostError: it may have had its effect), those after it go to the new instance.
 *  Throws UsageError DEFINITION_INVALID or DEFINITION_TWICE. */
export function actor<A extends unknown[], T extends object>(
  name: string,
  Class: new (...args: A) => T,
  options: ActorOptions = {},
): Actor<A, T> {
  checkCallable('actor', name, Class);
  const { checkpoint, restore } = Class.prototype as { checkpoint?: unknown; restore?: unknown };
  if (typeof checkpoint !== typeof restore) {
    throw new UsageError(
      'DEFINITION_INVALID',
      `actor '${name}' has ${checkpoint === undefined ? 'restore' : 'checkpoint'} and not the other: what one returns the other takes`,
      { remedy: 'Give its class both checkpoint() and restore(state), or neither.' },
    );
  }
  const { restarts = checkpoint === undefined ? 0 : 3 } = options;
  if (!(restarts === Infinity || (Number.isSafeInteger(restarts) && restarts >= 0))) {
    throw new UsageError(
      'DEFINITION_INVALID',
      `restarts of actor '${name}' is ${printValue(restarts)}, not a number of times`,
    );
  }
  return { kind: 'actor', ref: register('actor', { name, Class, ...options, restarts }) };
}
function checkCallable(kind: string, name: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new UsageError(
    'DEFINITION_INVALID',
    `${kind} '${name}' takes a ${kind === 'task' ? 'function' : 'class'}, got ${printValue(value)}`,
  );
}
export type Handle<T> = Started & {
  readonly [M in keyof T as T[M] extends (...args: never[]) => unknown ? M : never]: T[M] extends (
    ...args: infer A
  ) => infer O
    ? (...args: { [K in keyof A]: Argument<A[K]> }) => Ref<Awaited<O>>
    : never;
};
