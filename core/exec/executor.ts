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
import type { Remote } from '../define/session.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { Range } from '../memory/arena.ts';
import type { Budget } from '../memory/budget.ts';
import type { SegmentBuffers } from '../store/segment.ts';

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
  /** The argument is plain data that nobody will change: it is sent as it is, and not copied first. */
  readonly final?: boolean;
  readonly label?: Label;
  readonly attempts?: Attempts;
  /** For one attempt, while it runs: time in which the task awaits others does not count. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** 1 to the number of slots: it runs there and nowhere else, also when its thread has died and another has the slot.
   *  Tasks of one slot begin in the order of submission; one that is tried again is the first of those waiting. */
  readonly slot?: number;
  /** Shared memory that each attempt has from its beginning, if there is room: see `takeRoom`. */
  readonly roomBytes?: number;
}

export interface Submitted<O> {
  readonly id: number;
  readonly result: Promise<O>;
  /** Once `result` is there: what the successful attempt allocated and did not release, one count each. */
  readonly ranges: readonly Range[];
  /** Attempts that failed so far, whatever of. */
  readonly failures: number;
  /** `result` rejects with `error`, once the attempt that runs has ended: asked first, its thread ended after 1 s. */
  cancel(error: Error): void;
}

/** What a slot is doing, and has read and spilled since the session began, by attempts that were lost, too. */
export interface SlotProgress {
  readonly busy: boolean;
  readonly bytes: number;
  readonly spilledBytes: number;
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
  /** The bytes of a range: shared, for as long as somebody holds it. */
  view(range: Range): Uint8Array;
  /** Of every slot, for a progress line. */
  progress(): readonly SlotProgress[];
}

/** What stays in a thread between tasks. */
export interface Resident {
  close(): void;
}

export function closeResidents(residents: Map<string, Resident>): void {
  const all = [...residents.values()];
  residents.clear();
  for (const resident of all) resident.close();
}

/** What a task gets as its second argument. Users see the Remote in it; the rest is the engine's. */
export interface WorkerContext extends Remote {
  /** Of the budget: 1 to the number of workers. */
  readonly slot: number;
  /** A name that no other attempt has, on any machine. */
  readonly attempt: string;
  /** Aborted when the task is cancelled; synchronous code learns it from `heapCheck`. */
  readonly signal: AbortSignal;
  /** This slot's share. */
  readonly budget: Budget;
  /** What this thread's segments are written and read with. */
  readonly segments: SegmentBuffers;
  /** One instance a thread, reused: the task resets it when it begins. */
  kernels(): Kernels;
  /** A further instance, of the same share, for a resident: the task that makes it sees to its `close`, which gives the
   *  charge back or leaves it to the thread, for the next. What `kernels` gave before is not to be used any more: its memory
   *  may be the resident's now. Throws LimitError MEMORY where the share has no room for it. */
  newKernels(): Kernels;
  /** What stays in this slot's thread between tasks, by name; whoever takes one out closes it. A cache and nothing else:
   *  a thread may end at any instruction, and takes them along unclosed (memory and files go with it); and all are
   *  closed before a task that exceeded its memory is tried again alone. So a task makes anew what it does not find.
   *  They hold what other tasks of the slot could have: whoever is done with them submits a task that closes them. */
  readonly residents: Map<string, Resident>;
  /** Shared memory, all or nothing; undefined when there is no room. It is the attempt's until the attempt ends: then
   *  the submitter's, or free if it did not end well. */
  allocate(lengths: readonly number[]): Promise<readonly Range[] | undefined>;
  /** What was asked for with the task: a range as `allocate` gives it, without the question. Once. */
  takeRoom(): Range | undefined;
  /** Gives back what `allocate` gave and will not be used. */
  giveBack(ranges: readonly Range[]): void;
  /** The bytes of a range: shared, for as long as somebody holds it. */
  view(range: Range): Uint8Array;
  /** The session’s own temporary folder, made on first use: an attempt asks before it begins to write segments. */
  temp(): Promise<string>;
  /** Where this task reads now, for the report should it not come back: index in the label's files, byte offset. */
  reading(file: number, offset: number): void;
  /** Throws LimitError MEMORY when user code holds more than its share of the heap, LimitError CANCELLED when the
   *  task shall end. Takes 1 µs: call it between batches and every 1,024 rows. */
  heapCheck(): void;
  /** Counts bytes read, for the progress line. */
  progress(bytes: number): void;
  /** Counts bytes written to segments, for the progress line. */
  spilled(bytes: number): void;
}
