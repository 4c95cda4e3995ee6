/** Batches and tables for users, as objects of the `apache-arrow` that their program imports; loaded on first use.
 *
 * Not of our bundle: Arrow's functions compare classes, and would refuse those of another copy. By way of IPC, whose
 * bytes are ours to give away: neither shared memory nor tied to a result. Costs 100 ms once, to load Arrow whole.
 */
import { type RecordBatch, Table, tableFromIPC } from 'apache-arrow';
import type { Schema } from '../define/schema.ts';
import { toIpc } from './arrow.ts';
import type { StoredBatch } from './columns.ts';

/** A batch of at least one row. */
export function exportBatch(batch: StoredBatch, columns: Schema): RecordBatch {
  return tableFromIPC(toIpc([batch], columns)).batches[0]!;
}

/** Also without any batch a table has its columns. */
export function exportTable(batches: readonly RecordBatch[], columns: Schema): Table {
  return new Table(tableFromIPC(toIpc([], columns)).schema, [...batches]);
}
