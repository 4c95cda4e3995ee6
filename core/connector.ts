/** Connectors: where tables come from and go to. A connector is a definition too, so a user's own one is found in
 *  a worker as a map function is; what travels is { module, name, options }, plain data.
 *
 *   export const postgres = connector('postgres', { … });
 *   read(postgres({ table: 'orders' }), { id: bigint64, total: decimal(12, 2) });
 *
 * The built-in formats are connectors over bytes, and files, https and s3 are where bytes come from: the two are
 * apart, so every format works at every place.
 */
import type { RecordBatch } from 'apache-arrow';
import { register } from './define/define.ts';
import type { Json, Place } from './define/place.ts';
import type { Schema } from './define/schema.ts';
import { UsageError } from './errors.ts';

/** A piece of an input that one task reads. */
export interface Split {
  readonly bytes: number;
  readonly where: Json;
  /** Said in every error about a record of this split: a file and an offset, a table and a range. */
  readonly label: string;
}
/** Arrow, or plain rows for a source that has those anyway. Buffers are never used again by the connector. */
export type Batch = RecordBatch | readonly object[];

export interface ConnectorSpec<O extends Json> {
  readonly module?: string;
  /** The columns there are. */
  columns(options: O): Promise<Schema>;
  /** Same options and hint, same splits in the same order: results depend on it. */
  split(options: O, columns: Schema, hintBytes: number): Promise<readonly Split[]>;
  /** Only `columns`. Throws a DataError with the record's place, never ends early. */
  read(split: Split, columns: Schema, options: O, signal: AbortSignal): AsyncIterable<Batch>;
  /** One writer an attempt of a task. Absent: the connector only reads. `job` is unique for each run and table, `task`
   *  counts from 0, in the order of rows; `attempt` is random. A task whose end got lost is run again: what several
   *  attempts of one task have committed is the same, and counts once. */
  write?(
    attempt: { readonly job: string; readonly task: number; readonly attempt: number },
    columns: Schema,
    options: O,
  ): Promise<Writer>;
  /** All tasks have committed: make that visible at once, and drop what attempts have left whose thread died. */
  commit?(job: string, options: O): Promise<void>;
  /** The job has failed, in the end: what its tasks have committed will not be asked for. */
  abort?(job: string, options: O): Promise<void>;
}
export interface Writer {
  /** Rows in order, some thousand at a time. The next come when the promise has resolved. */
  write(rows: readonly object[]): Promise<void>;
  commit(): Promise<void>;
  /** Leaves nothing; harmless after commit. */
  abort(): Promise<void>;
}

/** Names a connector, to be used in `read` and as an output. Throws UsageError DEFINITION_INVALID or _TWICE. */
export function connector<O extends Json>(
  name: string,
  spec: ConnectorSpec<O>,
): (options: O) => Place {
  for (const part of ['columns', 'split', 'read'] as const) {
    if (typeof spec[part] === 'function') continue;
    throw new UsageError('DEFINITION_INVALID', `connector '${name}' has no function '${part}'`);
  }
  const ref = register('connector', { name, ...spec });
  return options => ({ connector: ref, options });
}
