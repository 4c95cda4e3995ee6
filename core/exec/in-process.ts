/** An executor in this thread: what people's tests of their jobs run on. No threads, so definitions need no module.
 *
 * Order of calls: as in executor.ts; `close` at the end. Tasks run as soon as they are submitted and take turns where
 * they wait. Each attempt has kernels of its own; arguments and results are copied, as between threads.
 * Invariant: with `loses`, the work of every other task is thrown away once it is done, as if its worker had died
 * before it could say so; what may be started again is. Tasks pinned to a slot run one at a time, and lose its
 * residents, too.
 * Not here: limits of time and of memory, retries of what threw.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDefinition } from '../define/loader.ts';
import { LostError } from '../errors.ts';
import { type KernelModule, Kernels } from '../kernels/kernels.ts';
import { Arena, type Range } from '../memory/arena.ts';
import { Budget } from '../memory/budget.ts';
import { SegmentBuffers } from '../store/segment.ts';
import {
  type Executor,
  type Request,
  type Resident,
  type SlotProgress,
  type Submitted,
  type WorkerContext,
  closeResidents,
} from './executor.ts';

/** Of the arena: tests are small, and a run beyond it goes to files. */
const LIMIT_BYTES = 64 * 2 ** 20;

/** What one attempt at a time works with. */
interface Desk {
  readonly kernels: Kernels;
  readonly segments: SegmentBuffers;
}

/** What tasks of one slot find of each other. */
interface Place {
  readonly slot: number;
  readonly residents: Map<string, Resident>;
  /** Settles when the last of those that are pinned has ended. */
  last: Promise<unknown>;
}

const nothing = (): void => {};

type Run = (argument: unknown, context: WorkerContext) => unknown;

export class InProcess implements Executor {
  slots = 1;
  /** Throws away the work of every other task. */
  loses = false;
  readonly budget = Budget.create(LIMIT_BYTES, 2);
  readonly #arena = new Arena(this.budget);
  readonly #idle: Desk[] = [];
  #module: KernelModule | undefined;
  readonly #places = new Map<number, Place>();
  #temp: string | undefined;
  #submitted = 0;

  temp(): string {
    return (this.#temp ??= mkdtempSync(join(tmpdir(), 'superstep-contract-')));
  }

  submit<O>(request: Request): Submitted<O> {
    const id = ++this.#submitted;
    const ranges: Range[] = [];
    const place = this.#place(request.slot ?? 1);
    const begin = (): Promise<O> => this.#attempts<O>(request, place, id, ranges);
    const result = request.slot === undefined ? begin() : place.last.then(begin);
    if (request.slot !== undefined) place.last = result.catch(nothing);
    return { id, ranges, failures: 0, result, cancel() {} };
  }

  retain(ranges: readonly Range[]): void {
    for (const range of ranges) this.#arena.retain(range);
  }
  release(ranges: readonly Range[]): void {
    for (const range of ranges) this.#arena.release(range);
  }
  view(range: Range): Uint8Array {
    return this.#arena.bytes(range);
  }
  progress(): readonly SlotProgress[] {
    return [];
  }

  close(): void {
    for (const { residents } of this.#places.values()) closeResidents(residents);
    this.#arena.close();
    if (this.#temp !== undefined) rmSync(this.#temp, { recursive: true, force: true });
  }

  #place(slot: number): Place {
    const known = this.#places.get(slot);
    if (known !== undefined) return known;
    const place = { slot, residents: new Map<string, Resident>(), last: Promise.resolve() };
    this.#places.set(slot, place);
    return place;
  }

  async #attempts<O>(request: Request, place: Place, id: number, ranges: Range[]): Promise<O> {
    const lost = this.loses && id % 2 === 1;
    const result = await this.#attempt<O>(request, place, ranges);
    if (!lost) return result;
    if (request.slot !== undefined) closeResidents(place.residents);
    this.release(ranges.splice(0));
    if (request.attempts?.lost !== 1) return this.#attempt<O>(request, place, ranges);
    throw new LostError('WORKER_LOST', 'the work of this attempt was thrown away');
  }

  async #attempt<O>({ ref, argument, signal }: Request, place: Place, ranges: Range[]): Promise<O> {
    const { run } = (await loadDefinition('task', ref)) as { run: Run };
    const desk = this.#idle.pop() ?? { kernels: this.#kernels(), segments: new SegmentBuffers() };
    try {
      const context = this.#contextOf(desk, place, ranges, signal);
      return structuredClone(await run(structuredClone(argument), context)) as O;
    } catch (error) {
      this.release(ranges.splice(0));
      throw error;
    } finally {
      this.#idle.push(desk);
    }
  }

  #kernels(): Kernels {
    return new Kernels((this.#module ??= Kernels.compile()));
  }

  #contextOf(
    { kernels, segments }: Desk,
    { slot, residents }: Place,
    ranges: Range[],
    signal: AbortSignal = new AbortController().signal,
  ): WorkerContext {
    const context: Omit<WorkerContext, 'remote' | 'actor' | 'put' | 'get' | 'wait' | 'cancel'> = {
      slot,
      attempt: randomUUID(),
      signal,
      budget: this.budget,
      segments,
      kernels: () => kernels,
      newKernels: () => this.#kernels(),
      residents,
      allocate: async lengths => {
        const given = this.#arena.allocate(lengths);
        ranges.push(...(given ?? []));
        return given;
      },
      takeRoom: () => undefined,
      giveBack: given => {
        this.release(given);
        for (const range of given) ranges.splice(ranges.indexOf(range), 1);
      },
      view: range => this.#arena.bytes(range),
      temp: async () => this.temp(),
      reading: nothing,
      heapCheck: nothing,
      progress: nothing,
      spilled: nothing,
    };
    // The engine's own tasks start no others.
    return context as WorkerContext;
  }
}
