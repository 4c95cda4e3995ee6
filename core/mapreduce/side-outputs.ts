/** `ctx.emitTo`: rows for the further outputs of a map-reduce, into columns, and on in batches.
 *
 * Order of calls: `open`, `emitTo` by the user's function, `close`; `flush` where a batch has to end: with the split, with
 * the task.
 * Invariant: rows for an output that nobody asked for are checked as all are, and dropped.
 */
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import { UsageError } from '../errors.ts';
import type { MapReduceSpec } from './define.ts';
import { Emitter } from './emitter.ts';

/** What takes the rows of an output. */
export interface SideTaker {
  /** Whether rows are to come with the key that orders them. */
  readonly keyed: boolean;
  write(batch: StoredBatch, key?: StoredColumn): void;
}

const NOBODY: SideTaker = { keyed: false, write() {} };

export class SideOutputs {
  readonly #spec: MapReduceSpec | undefined;
  readonly #emitters: ReadonlyMap<string, Emitter>;

  /** `takerOf`: of an output, undefined where nobody asked for it. */
  constructor(
    spec: MapReduceSpec | undefined,
    takerOf: (output: string) => SideTaker | undefined = () => undefined,
  ) {
    this.#spec = spec;
    const outputs = Object.entries(spec?.outputs ?? {}).map(([output, columns]) => {
      const taker = takerOf(output) ?? NOBODY;
      const where = `${spec!.name}: emitTo '${output}'`;
      const write = (batch: StoredBatch, key?: StoredColumn): void => taker.write(batch, key);
      return [output, new Emitter(columns, where, write, taker.keyed)] as const;
    });
    this.#emitters = new Map(outputs);
  }

  readonly emitTo = (output: string, row: object): undefined => {
    const emitter = this.#emitters.get(output);
    if (emitter !== undefined) return emitter.emit(row);
    const known = [...this.#emitters.keys()].join(', ') || 'none';
    throw new UsageError('USAGE', `${this.#spec?.name}: emitTo: no output '${output}'`, {
      remedy: `There are: ${known}.`,
    });
  };

  /** Of the rows emitted from now on. Not kept beyond the next. */
  set key(bytes: Uint8Array) {
    for (const emitter of this.#emitters.values()) emitter.key = bytes;
  }

  flush(): void {
    for (const emitter of this.#emitters.values()) emitter.flush();
  }

  /** The user's function is about to be called. */
  open(): void {
    for (const emitter of this.#emitters.values()) emitter.open();
  }

  /** It has returned: from now on `emitTo` throws. */
  close(): void {
    for (const emitter of this.#emitters.values()) emitter.close();
  }
}
