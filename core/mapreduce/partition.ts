/** Which partition a row goes to, where it is not the hash of its key: a function of the user's, or, without a key, the
 * place of its split in the input. */
import type { StoredBatch } from '../batch/columns.ts';
import { rowReader } from '../batch/codec.ts';
import type { Schema } from '../define/schema.ts';
import { TaskError } from '../errors.ts';
import type { AnyRow, MapReduceSpec } from './define.ts';

/** undefined: by hash. `ofSplit` is the partition of the split that is being read. */
export function partitionerOf(
  spec: MapReduceSpec | undefined,
  emits: Schema,
  partitions: number,
  ofSplit: () => number,
): ((batch: StoredBatch) => Uint32Array) | undefined {
  const key = Object.keys(spec?.key ?? {});
  if (key.length === 0) return ({ rows }) => new Uint32Array(rows).fill(ofSplit());
  const choose = spec!.partition;
  if (typeof choose !== 'function') return undefined;
  const reader = rowReader<AnyRow>(Object.fromEntries(key.map(name => [name, emits[name]!])));
  const columns = key.map(name => Object.keys(emits).indexOf(name));
  return batch => {
    reader.load({ rows: batch.rows, columns: columns.map(i => batch.columns[i]!) });
    return Uint32Array.from({ length: batch.rows }, (_, i) => {
      const chosen = choose(reader.row(i), partitions);
      if (Number.isInteger(chosen) && chosen >= 0 && chosen < partitions) return chosen;
      throw new TaskError(
        'PARTITION_RANGE',
        `${spec!.name}: partition answered ${String(chosen)}, not a whole number from 0 to ${partitions - 1}`,
        { remedy: 'Take the remainder of an unsigned number: (hash >>> 0) % partitions' },
      );
    });
  };
}
