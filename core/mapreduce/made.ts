/** What stages have made, channel by channel, and who holds it. Driver side.
 *
 * A channel's rows are *sections* one after the other; the rows of a section are those of its parts one after the other, or,
 * where it is keyed, those of all its parts in key order.
 * Invariant: a part is held by the job until it is released, or let go to a result; what is held at the end goes.
 */
import type { Executor } from '../exec/executor.ts';
import type { Range } from '../memory/arena.ts';
import type { Slice } from '../shuffle/carrier.ts';
import type { Run } from '../store/run.ts';
import type { Part } from './stage.ts';
import { discard } from '../store/file.ts';

export interface Section {
  readonly parts: readonly Part[];
  readonly keyed: boolean;
}

export interface Made {
  readonly sections: readonly Section[];
  /** Parts are where they are to be: beside the output, or in the hands of a connector. */
  readonly written: boolean;
}

/** A table's rows in order, kept until released. */
export interface Kept {
  readonly runs: readonly Run[];
  readonly ranges: readonly Range[];
}

export const partsOf = ({ sections }: Made): Part[] => sections.flatMap(({ parts }) => parts);

export function keptOf(parts: readonly Part[]): Kept {
  return {
    runs: parts.map(({ run }) => run!),
    ranges: parts.flatMap(({ ranges }) => ranges),
  };
}

/** What the runs have for one partition. */
export function slicesOf(runs: readonly Run[], partition: number): Slice[] {
  return runs.flatMap(({ segment, partitions }) => {
    const batches = partitions[partition]!;
    return batches.length === 0 ? [] : [{ batches, ...(segment !== undefined && { segment }) }];
  });
}

export class Holdings {
  readonly #executor: Executor;
  readonly #parts = new Set<Part>();

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  hold<P extends Part>(parts: readonly P[]): readonly P[] {
    for (const part of parts) this.#parts.add(part);
    return parts;
  }

  /** Somebody else holds them from now on. */
  letGo(parts: readonly Part[]): void {
    for (const part of parts) this.#parts.delete(part);
  }

  release(parts: Iterable<Part> = this.#parts): void {
    for (const part of parts) {
      if (!this.#parts.delete(part)) continue;
      this.#executor.release(part.ranges);
      if (part.run?.segment !== undefined) discard(part.run.segment);
    }
  }
}
