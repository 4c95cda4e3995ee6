/** superstep/testing: for people who test their own jobs. Any test runner; no session, no threads, no files.
 *
 * `collect` runs a plan by the definitions of the models, one row at a time, in this thread: it is the oracle
 * that the engine's own tests compare with. `checkContract` runs it through the real operators many ways.
 */
import type { Row, Schema } from './define/schema.ts';
import { type Table, isTable } from './define/table.ts';
import { printValue } from './define/value.ts';
import { UsageError } from './errors.ts';
import { runSerially } from './serial/tables.ts';
import { leave } from './serial/values.ts';

/** All rows, in the order that one worker would write them. An exception of a row function comes out as it is,
 *  one of a vertex program as a TaskError that names the vertex. Throws UsageError USAGE for what is no table or reads
 *  files, and what the engine throws for wrong values. */
export function collect<S extends Schema>(table: Table<S>): Row<S>[] {
  if (!isTable(table)) {
    throw new UsageError('USAGE', `collect() takes a table, got ${printValue(table)}`, {
      remedy: 'Apply the definition first: collect(wordcount(rows)).',
    });
  }
  const { rows } = runSerially(table.plan);
  return rows.map(row => leave(row, table.columns, 'collect')) as unknown as Row<S>[];
}

export interface ContractOptions {
  /** Of the ways that are tried. Default 1. */
  readonly seed?: number;
  /** Different cuts, spills, workers and losses tried. Default 30. */
  readonly runs?: number;
}

/** Throws ContractError, with the smallest input found and the two results that differ, unless the rows are the same:
 *  input cut at every place, spill at every place, 1 and n workers, attempts run twice; and unless combiners marked
 *  exact give the same in any order, in any grouping and on their own output. What the job throws on these rows by
 *  definition (TYPE_MISMATCH for an emit of the wrong type, say) comes out as it is. */
export async function checkContract(
  table: Table<Schema>,
  options: ContractOptions = {},
): Promise<void> {
  collect(table);
  // The engine is loaded by those who ask for it.
  const { checkTable } = await import('./serial/contract.ts');
  await checkTable(table, options);
}
