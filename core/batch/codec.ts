/** Rows of JavaScript values to and from stored batches, by schema.
 *
 * Order of calls: `rowReader(schema)` once for a program, then `rows(batch)`, or `load(batch)` and `row(i)`;
 * `rowBuilder(schema)` once, then `push(row)`*, `batch()`, `clear()`.
 * Invariants: row objects are plain, fresh and may be kept; their columns are in the order of the schema. `push` adds
 * a row to every column or, when it throws, to none.
 *
 * The two loops are generated, each from text that no other one has: V8 keys what it learns about a loop by its text,
 * and one that had seen other columns would be five to ten times slower.
 */
import type { AnyType, Schema } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import { TaskError } from '../errors.ts';
import { builderOf, type ColumnBuilder } from './builders.ts';
import { type StoredBatch } from './columns.ts';
import { type ColumnReader, readerOf } from './readers.ts';

export { type ColumnBuilder, builderOf } from './builders.ts';
export { type ColumnReader, readerOf, readersOf } from './readers.ts';

export interface RowReader<R = object> {
  /** All rows of a batch. */
  rows(batch: StoredBatch): R[];
  /** The batch that `row` reads from, until the next one. */
  load(batch: StoredBatch): void;
  row(i: number): R;
}

/** Makes every generated text the only one of its kind in the process. */
let programs = 0;
const generate = (name: string, parameters: string, body: string) =>
  // oxlint-disable-next-line no-new-func -- column names are quoted; there is no other text of a user's in it
  new Function(parameters, `${body}\n//# sourceURL=superstep:${name}/${programs++}`);

/** Names are quoted; `["__proto__"]` and not `"__proto__"`, which would set what the object inherits. */
const member = (name: string) => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name));

export function rowReader<R = object>(schema: Schema): RowReader<R> {
  const columns = Object.entries(schema);
  const members = columns.map(([name], i) => `${member(name)}: c${i}.at(i)`).join(', ');
  const names = columns.map((_, i) => `c${i}`);
  const make = generate(
    'rows',
    '',
    `let ${['n = 0', ...names].join(', ')};
    return {
      load(rows, columns) { n = rows; ${columns.length > 0 ? `[${names.join(', ')}] = columns;` : ''} },
      row(i) { return { ${members} }; },
      rows() {
        const rows = new Array(n);
        for (let i = 0; i < n; i++) rows[i] = { ${members} };
        return rows;
      },
    };`,
  ) as () => {
    load(rows: number, columns: readonly ColumnReader[]): void;
    row(i: number): R;
    rows(): R[];
  };
  const program = make();
  const load = (batch: StoredBatch) =>
    program.load(
      batch.rows,
      columns.map(([name, of], i) => readerOf(of, name, batch.columns[i]!, batch.rows)),
    );
  return {
    load,
    row: program.row,
    rows(batch) {
      load(batch);
      return program.rows();
    },
  };
}

export interface RowBuilder {
  readonly columns: { readonly [column: string]: ColumnBuilder };
  /** Rows so far. Throws TYPE_MISMATCH when the columns have been pushed to different lengths. */
  readonly length: number;
  /** Bytes of the values so far. */
  readonly bytes: number;
  /** Adds a row; members that the schema lacks are not looked at. Throws TYPE_MISMATCH and adds nothing. */
  push(row: object): undefined;
  /** The rows so far, as views that the next push or `clear` may overwrite. */
  batch(): StoredBatch;
  clear(): void;
}

export function rowBuilder(schema: Schema): RowBuilder {
  const entries = Object.entries(schema).map(
    ([name, of]: [string, AnyType]) => [name, builderOf(of, name)] as const,
  );
  const builders = entries.map(([, builder]) => builder);
  const names = builders.map((_, i) => `c${i}`);
  const pushes = entries.map(([name], i) => `c${i}.push(row[${JSON.stringify(name)}]);`).join(' ');
  const push = generate(
    'push',
    `columns`,
    `const [${names.join(', ')}] = columns; return row => { ${pushes} };`,
  )(builders) as (row: object) => undefined;
  const truncate = (length: number) => {
    for (const builder of builders) builder.truncate(length);
  };
  /** Only of rows without columns; others count in their builders. */
  let empty = 0;
  return {
    columns: Object.assign(Object.create(null), Object.fromEntries(entries)),
    get length() {
      return builders.length > 0 ? sameLength(entries) : empty;
    },
    get bytes() {
      let bytes = 0;
      for (const builder of builders) bytes += builder.bytes;
      return bytes;
    },
    push(row) {
      try {
        push(row);
        empty++;
      } catch (error) {
        // The caller may go on after it, and columns of different lengths would mix up all later rows. The last
        // column never has the row that failed.
        truncate(builders.at(-1)!.length);
        if (error instanceof TaskError || row instanceof Object) throw error;
        throw new TaskError('TYPE_MISMATCH', `a row is ${printValue(row)}, not an object`, {
          remedy: 'Emit an object with a member for each column.',
        });
      }
    },
    batch() {
      return { rows: this.length, columns: builders.map(builder => builder.column()) };
    },
    clear() {
      empty = 0;
      truncate(0);
    },
  };
}

function sameLength(entries: readonly (readonly [string, ColumnBuilder])[]): number {
  const [first, builder] = entries[0]!;
  for (const [name, other] of entries) {
    if (other.length === builder.length) continue;
    throw new TaskError(
      'TYPE_MISMATCH',
      `column '${first}' has ${builder.length} rows and column '${name}' has ${other.length}`,
      { remedy: 'Push one value to each column for every row.' },
    );
  }
  return builder.length;
}

/** All rows of one batch; for a loop over batches make a `rowReader` once. */
export function rowsOf<R = object>(batch: StoredBatch, schema: Schema): R[] {
  return rowReader<R>(schema).rows(batch);
}

/** One batch of all rows, in buffers of its own. */
export function batchOf(rows: Iterable<object>, schema: Schema): StoredBatch {
  const builder = rowBuilder(schema);
  for (const row of rows) builder.push(row);
  return builder.batch();
}
