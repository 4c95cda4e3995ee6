/** superstep/testing: for people who test their own jobs. Any test runner; no session, no threads, no files.
 *
 * `collect` runs a plan by the definitions of the models, one row at a time, in this thread: it is the oracle
 * that the engine's own tests compare with.
 */
import type { Row, Schema } from './define/schema.ts';
import { type Table, isTable } from './define/table.ts';
import { printValue } from './define/value.ts';
import { UsageError } from './errors.ts';
import { runSerially } from './serial/tables.ts';
import { leave } from './serial/values.ts';

/** All rows, in the order that one worker would write them. An exception of a row function comes out as it is.
 *  Throws UsageError USAGE for what is no table or reads files, and what the engine throws for wrong values. */
export function collect<S extends Schema>(table: Table<S>): Row<S>[] {
  if (!isTable(table)) {
    throw new UsageError('USAGE', `collect() takes a table, got ${printValue(table)}`, {
      remedy: 'Apply the definition first: collect(wordcount(rows)).',
    });
  }
  const { rows } = runSerially(table.plan);
  return rows.map(row => leave(row, table.columns, 'collect')) as unknown as Row<S>[];
}
