/** For tests only: what DuckDB, as somebody else's reader, finds in our files. */
import { DuckDBInstance } from '@duckdb/node-api';

let connection: ReturnType<DuckDBInstance['connect']> | undefined;

/** Rows of a query, as arrays of DuckDB's JavaScript values. */
export async function duckdb(query: string): Promise<unknown[][]> {
  connection ??= DuckDBInstance.create(':memory:', { threads: '1' }).then(it => it.connect());
  const reader = await (await connection).runAndReadAll(query);
  return reader.getRowsJS() as unknown[][];
}
