/** What stands on tasks sees of the runtime: submit a task of the engine, own shared memory, know the slots.
 *
 * Order of calls: `submit`; await `result`; then the ranges that the attempt allocated are the caller's, who releases
 * each. `retain` and `release` count; a range is free again at 0.
 *
 * Invariants: `result` settles only once no attempt of the task runs any more (it has returned, or its thread has
 * ended), so memory that was lent to the task may be given back then. Ranges of an attempt that did not succeed have
 * been given back by the runtime. SharedArrayBuffers inside an argument arrive as they are.
 *
 * Not here: refs and values of users' tasks (refs.ts), the loop (driver.ts).
 */
import type { Budget } from '../memory/budget.ts';

/** A piece of the arena. */
export interface Range {
  readonly slab: number;
  readonly offset: number;
  readonly length: number;
}

/** What is printed and reported for a task of the engine. */
export interface Label {
  readonly job: string;
  readonly stage: string;
  readonly task: number;
  /** Names for the indices given to `reading`; stays in the driver. */
  readonly files?: readonly string[];
}

/** How often a task may be started in all, by why it ended. */
export interface Attempts {
  /** Its worker vanished. Default 4. */
  readonly lost?: number;
  /** It exceeded the heap. Default 2, the second alone in its slot with twice the share. */
  readonly memory?: number;
  /** It threw. Default 1. */
  readonly exception?: number;
}

export interface Request {
  /** Of a definition made by `task(name, run)`; run(argument, context) gets a WorkerContext. */
  readonly ref: { readonly module: string; readonly name: string };
  readonly argument: unknown;
  readonly label?: Label;
  readonly attempts?: Attempts;
  /** For one attempt, while it runs: time in which the task awaits others does not count. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Submitted<O> {
  readonly id: number;
  readonly result: Promise<O>;
  /** Once `result` is there: what the successful attempt allocated and did not release, one count each. */
  readonly ranges: readonly Range[];
  /** `result` rejects with `error`, once the attempt that runs has ended: asked first, its thread ended after 1 s. */
  cancel(error: Error): void;
}

/** What a slot is doing, and has read since its thread started. */
export interface SlotProgress {
  readonly busy: boolean;
  readonly bytes: number;
}

export interface Executor {
  /** Worker threads at most; they start when there is work. */
  readonly slots: number;
  readonly budget: Budget;
  /** The session's own temporary folder, made on first use. */
  temp(): string;
  submit<O>(request: Request): Submitted<O>;
  /** One count more, or one less. */
  retain(ranges: readonly Range[]): void;
  release(ranges: readonly Range[]): void;
  /** Of every slot, for a progress line. */
  progress(): readonly SlotProgress[];
}
