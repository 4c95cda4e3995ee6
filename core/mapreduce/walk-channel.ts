/** One channel of a walk: the container of its rows, and the runs that leave it.
 *
 * A walk has one for the table that its stage makes, and one for each further output that somebody asked for. They share the
 * memory of the worker: when it is refused to one, the largest of all spills.
 */
import type { StoredBatch } from '../batch/columns.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { outOfMemory } from '../kernels/kernels.ts';
import type { Order } from '../kernels/order.ts';
import type { RunOptions } from '../shuffle/run-writer.ts';
import { type KeySample, SAMPLE_KEY_BYTES } from '../shuffle/key-sample.ts';
import { type Combine, type Gate, seal, spill } from '../shuffle/seal.ts';
import type { Run } from '../store/run.ts';
import { Collector, type CollectorOptions } from './collector.ts';
import { discard } from '../store/file.ts';

export interface WalkChannelOptions
  extends Omit<CollectorOptions, 'kernels' | 'onSpill' | 'relieve' | 'isLeaving'> {
  /** Where the channel's nth run is to be. */
  readonly runOptions: (run: number) => Omit<RunOptions, 'fields' | 'partitions'>;
  /** Of the keys of all that leaves: for ranges of them. */
  readonly sample?: KeySample | undefined;
  /** Of rows that leave. */
  readonly combine?: Combine | undefined;
}

export class WalkChannel {
  readonly collector: Collector;
  readonly runs: Run[] = [];
  readonly #options: WalkChannelOptions;
  readonly #gate: Gate;
  /** Rows are on their way out, and user code may run. */
  #leaving = false;

  /** `all`: the walk's channels, which this one joins. */
  constructor(kernels: Kernels, all: WalkChannel[], options: WalkChannelOptions) {
    this.#options = options;
    const { sample, layout, combine } = options;
    const watch = sample && ((batch: StoredBatch) => sample.add(batch, layout.mode === 'rows'));
    this.#gate = { watch, combine };
    this.collector = new Collector({
      ...options,
      kernels,
      onSpill: order => this.#spill(order),
      relieve: () => relieve(all),
      isLeaving: () => all.some(channel => channel.#leaving),
    });
    all.push(this);
  }

  /** What is held leaves; nothing may be added afterwards. */
  async seal(): Promise<void> {
    if (this.collector.held === 0) return;
    const order = this.collector.order();
    this.#leaving = true;
    this.runs.push(await seal(order, this.#runOptions(), this.#gate));
    this.#leaving = false;
  }

  #spill(order: Order): void {
    this.#leaving = true;
    try {
      this.runs.push(spill(order, this.#runOptions(), this.#gate));
    } finally {
      this.#leaving = false;
    }
  }

  /** The walk has failed: what it spilled is nobody's, and the job may go on for long. */
  discard(): void {
    for (const { segment } of this.runs) {
      if (segment !== undefined) discard(segment);
    }
  }

  #runOptions(): RunOptions {
    const { layout, partitions, runOptions, sample } = this.#options;
    const firstKeyBytes = sample && SAMPLE_KEY_BYTES;
    const { fields } = layout;
    return { ...runOptions(this.runs.length), fields, partitions, firstKeyBytes };
  }
}

/** Throws LimitError MEMORY when there is nothing to spill. */
function relieve(all: readonly WalkChannel[]): void {
  let largest: Collector | undefined;
  for (const { collector } of all) {
    if (collector.held > 0 && collector.bytes >= (largest?.bytes ?? 0)) largest = collector;
  }
  if (largest === undefined) throw outOfMemory(0, 'one emitted row');
  largest.spill();
}
