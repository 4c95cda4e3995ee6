/** What the kernels' suites share: one instance of the kernels, trials whose data is in memory, and answers read out.
 *
 * Everything lies in memory before the clock starts; answers are made comparable after it has stopped.
 */
import {
  type Groups,
  type Kernels,
  loadKernels,
  type Order,
  type StoredBatch,
} from 'superstep/internal';
import type { Json, Variant } from '../../suite.ts';
import { difference, type WordTable } from '../../word-table.ts';

export const wrappers = await loadKernels();

/** As the engine calls them: a chunk of whole records, and rows by the thousand. */
export const CHUNK_BYTES = 1024 * 1024;
export const CHUNK_ROWS = 16_384;

/** Runs `work` once for each trial, on what `make` makes anew. */
export const variant = <D, M>(
  name: string,
  make: (data: D) => M,
  work: (loaded: M) => unknown,
  answer: (loaded: M) => WordTable,
): Variant<D> => ({
  name,
  async start(data) {
    return {
      async trial() {
        const loaded = make(data);
        const began = performance.now();
        work(loaded);
        const seconds = (performance.now() - began) / 1000;
        return { seconds, result: answer(loaded) };
      },
    };
  },
});

export const verify = (result: Json, truth: WordTable): string | undefined =>
  difference(result as WordTable, truth);

/** Kernel memory, kept between trials as the engine keeps it between tasks. */
let instance: Kernels | undefined;
export function kernels(): Kernels {
  instance ??= new wrappers.Kernels(wrappers.Kernels.compile());
  instance.reset();
  return instance;
}

/** All rows of an order, a batch at a time; what `read` is given is valid during its call. */
export function readOrder(order: Order, read: (batch: StoredBatch) => void): void {
  for (let at = 0; at < order.rows; ) {
    const batch = order.take(at, order.rows - at, CHUNK_BYTES);
    read(batch);
    at += batch.rows;
  }
}

/** The bytes of each key of a batch. */
export function keysOf({ rows, columns }: StoredBatch): Buffer[] {
  const { data, offsets } = columns[0]!;
  const bytes = Buffer.from(data);
  return Array.from({ length: rows }, (_, row) => bytes.subarray(offsets![row], offsets![row + 1]));
}

/** Groups with one int64 sum, as rows of (key, sum). */
export function sumsOf(groups: Groups, keyOf: (bytes: Buffer) => string): [string, string][] {
  const found: [string, string][] = [];
  readOrder(groups.order(1), batch => {
    const { data } = batch.columns[1]!;
    const values = new DataView(data.buffer, data.byteOffset, data.byteLength);
    keysOf(batch).forEach((key, row) => {
      found.push([keyOf(key), String(values.getBigInt64(row * 8, true))]);
    });
  });
  return found;
}

/** Numbers rows by their place, so that a checksum over a set of rows sees their order. */
export const numbered = (rows: readonly string[]): [string, number][] =>
  rows.map((row, place) => [row, place]);
