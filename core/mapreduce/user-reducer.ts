/** Groups through the user's functions: a combiner that does not run in kernels, then `reduce`, then the target.
 *
 * Invariants: a combiner folds the values of a group in their order; one that is not exact runs nowhere else, so its
 * brackets are the same whatever the workers and the memory; what `reduce` emits is written in the order it emits.
 */
import { rowReader } from '../batch/codec.ts';
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import { SuperstepError, TaskError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import type { UserContext } from './context.ts';
import { Emitter } from './emitter.ts';
import { type Folder, folderOf } from './fold.ts';
import { keyReader, overflowOf, printKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { letCallbacksCome, refusePromise } from './mappers.ts';
import type { AnyRow, MapReduceSpec } from './define.ts';
import type { SideOutputs } from './side-outputs.ts';
import type { ReduceArgument } from './stage.ts';
import { roomInAll, type Target } from './target.ts';

/** The heap is looked at, and the arena asked for room, every so many groups. */
const GROUPS = 256;

export interface UserWork {
  readonly argument: ReduceArgument;
  readonly worker: WorkerContext;
  readonly spec: MapReduceSpec | undefined;
  readonly layout: Layout;
  readonly target: Target;
  readonly context: UserContext;
  readonly sides: SideOutputs;
  readonly targets: readonly Target[];
}

export class UserReducer {
  readonly #work: UserWork;
  readonly #spec: MapReduceSpec;
  readonly #emitter: Emitter;
  readonly #fold: Folder | undefined;
  readonly #refuse: (returned: unknown) => void;
  readonly #readKey: (key: Uint8Array) => AnyRow;
  #groups = 0;

  constructor(work: UserWork) {
    const { spec, argument, target, layout } = work;
    this.#work = work;
    this.#spec = spec!;
    this.#emitter = new Emitter(
      argument.stage.output,
      `${spec!.name}: reduce`,
      (batch, key) => target.write(batch, key),
      target.keyed,
    );
    // Groups that come from kernels are folded already.
    this.#fold = layout.mode === 'rows' ? folderOf(spec!) : undefined;
    this.#refuse = refusePromise(`${spec!.name}: reduce`);
    this.#readKey = keyReader(layout.key);
  }

  /** Groups of one value each. */
  batch(keys: StoredColumn, values: StoredBatch): void {
    const reader = rowReader(this.#work.layout.values);
    reader.load(values);
    const { data, offsets } = keys;
    for (let i = 0; i < values.rows; i++) {
      const key = data.subarray(offsets![i], offsets![i + 1]);
      this.group(key, this.#readKey(key), [reader.row(i)]);
    }
  }

  group(bytes: Uint8Array, key: AnyRow, all: Iterable<object>): void {
    const { context, sides } = this.#work;
    const { emit } = this.#emitter;
    this.#emitter.key = bytes;
    sides.key = bytes;
    this.#emitter.open();
    sides.open();
    try {
      const values = this.#fold === undefined ? all : [this.#fold(all, bytes)];
      if (this.#spec.reduce === undefined) for (const value of values) emit({ ...key, ...value });
      else {
        const returned = this.#spec.reduce(key, values as Iterable<AnyRow>, emit, context);
        if (returned !== undefined) this.#refuse(returned);
      }
    } catch (error) {
      throw this.#placed(error, bytes);
    } finally {
      this.#emitter.close();
      sides.close();
    }
  }

  /** Waits where that is due. */
  settle(): Promise<void> | undefined {
    if (++this.#groups % GROUPS !== 0) return undefined;
    this.#work.worker.heapCheck();
    return roomInAll(this.#work.targets);
  }

  async end(): Promise<void> {
    await letCallbacksCome();
    this.#emitter.flush();
  }

  #placed(thrown: unknown, key: Uint8Array): unknown {
    const error = overflowOf(thrown, this.#work.layout);
    if (error instanceof SuperstepError && !(error instanceof TaskError)) return error;
    const { argument, layout } = this.#work;
    const message = error instanceof Error ? error.message : String(error);
    return new TaskError(
      error instanceof TaskError ? error.code : 'TASK_FAILED',
      `${this.#spec.name}: reduce failed at ${printKey(layout.key, key)}: ${message}`,
      {
        job: argument.context.job,
        stage: `${argument.stage.name} reduce`,
        partition: argument.partition,
      },
      { cause: error },
    );
  }
}
