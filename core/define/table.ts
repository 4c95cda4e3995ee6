/** Tables and graphs: what definitions are applied to, and what a session runs.
 *
 * A table is a plan, not data: { columns, plan }, both plain data. Applying a definition to a table reads
 * nothing and runs nothing; it makes a larger plan. `session.run` runs one. Columns are matched by name and
 * type when the call is compiled, and again, with the same words, when the plan is made.
 */
import { UsageError } from '../errors.ts';
import { checkColumns, checkSchema } from './column-rules.ts';
import type { DefinitionRef } from './define.ts';
import type { GraphFlags } from './graph.ts';
import type { JoinType } from './join.ts';
import type { Place } from './place.ts';
import type { Row, Schema } from './schema.ts';
import { utf8 } from './schema.ts';
import { printValue } from './value.ts';

/** Plain JSON, apart from `rows` and bigints in `params`. Inputs are shared by reference; `explain` numbers and
 *  prints them. */
export type Plan =
  | {
      readonly op: 'read';
      readonly where: readonly string[] | Place;
      readonly columns: Schema;
      readonly options: ReadOptions;
    }
  | { readonly op: 'rows'; readonly rows: readonly object[]; readonly columns: Schema }
  | {
      readonly op: 'apply';
      readonly kind: 'mapReduce' | 'vertexProgram';
      readonly use: DefinitionRef;
      /** Every parameter: given, or by default. */
      readonly params: { readonly [name: string]: unknown };
      readonly input: Plan;
      /** One of the further outputs of a map-reduce. */
      readonly output?: string;
    }
  | {
      readonly op: 'graph';
      readonly edges: Plan;
      readonly vertices?: Plan;
      /** Of both tables. */
      readonly columns: { readonly edges: Schema; readonly vertices?: Schema };
      readonly options: GraphFlags;
    }
  | {
      readonly op: 'join';
      readonly left: Plan;
      readonly right: Plan;
      readonly on: readonly string[];
      readonly type: JoinType;
    }
  | {
      readonly op: 'select';
      readonly input: Plan;
      /** New name: old name. */
      readonly columns: { readonly [column: string]: string };
    }
  | { readonly op: 'concat'; readonly inputs: readonly Plan[] };

export interface Table<out S extends Schema> {
  readonly columns: S;
  readonly plan: Plan;
}
/** Several tables by name: the outputs of a job, or what one run makes. */
export type Tables = { readonly [name: string]: Table<Schema> };

/** Where a definition takes a table it also takes rows, so a test is one line. */
export type Input<S extends Schema> = Table<S> | readonly Row<S>[];

/** Throws UsageError COLUMN_NAME or COLUMN_TYPE. */
export function table<S extends Schema>(columns: S, plan: Plan): Table<S> {
  checkSchema(columns, plan.op);
  return { columns, plan };
}

/** Whether a value is a table: by shape, since tables of another copy of the package are as good. */
export function isTable(value: unknown): value is Table<Schema> {
  return typeof value === 'object' && value !== null && 'plan' in value && 'columns' in value;
}

/** Rows in memory as a table. */
export function rows<S extends Schema>(data: readonly Row<S>[], columns: S): Table<S> {
  if (!Array.isArray(data)) {
    throw new UsageError('USAGE', `rows() takes an array of rows, got ${printValue(data)}`);
  }
  return table(columns, { op: 'rows', rows: data, columns });
}

/** What a definition is applied to, as a table with at least the columns asked for. `where` names the definition
 *  and its input. Throws UsageError USAGE, COLUMN_MISSING or COLUMN_TYPE. */
export function asTable<S extends Schema>(input: Input<S>, columns: S, where: string): Table<S> {
  if (Array.isArray(input)) return rows(input as readonly Row<S>[], columns);
  if (!isTable(input)) {
    throw new UsageError('USAGE', `${where} takes a table or rows, got ${printValue(input)}`, {
      remedy: "Apply it to read('…'), to rows in an array, or to another definition's table.",
    });
  }
  checkColumns(input.columns, columns, where);
  return input;
}

const FORMATS = ['text', 'csv', 'jsonl', 'parquet', 'arrow', 'edges', 'mtx', 'graphology'] as const;

export const ENCODINGS = ['utf8', 'utf8-replace', 'latin1', 'utf16le', 'utf16be'] as const;

export interface ReadOptions {
  /** By extension when not given; a text file has the one column `line`. */
  readonly format?: (typeof FORMATS)[number];
  /** Of text in bytes. Default utf8: bytes as they are. */
  readonly encoding?: (typeof ENCODINGS)[number];
  readonly header?: boolean;
  readonly delimiter?: string;
  /** So many records that are not what they should be are left out, of all that the job reads; one more is an error. */
  readonly skipBad?: number;
}

/** Files, globs, directories or URLs. Only the columns named are read; a missing one is an error that lists
 *  those there are. Without columns: text, one row a line. Throws UsageError USAGE. */
export function read(where: string | readonly string[]): Table<{ readonly line: typeof utf8 }>;
export function read<S extends Schema>(
  where: string | readonly string[] | Place,
  columns: S,
  options?: ReadOptions,
): Table<S>;
export function read(
  where: string | readonly string[] | Place,
  columns: Schema = { line: utf8 },
  options: ReadOptions = {},
): Table<Schema> {
  const paths = typeof where === 'string' ? [where] : where;
  if (
    Array.isArray(paths) &&
    (paths.length === 0 || paths.some(p => typeof p !== 'string' || !p))
  ) {
    throw new UsageError('USAGE', `read() takes a path or several, got ${printValue(where)}`);
  }
  if (options.format !== undefined && !FORMATS.includes(options.format)) {
    throw new UsageError('USAGE', `read() knows no format ${printValue(options.format)}`, {
      remedy: `The formats are: ${FORMATS.join(', ')}.`,
    });
  }
  return table(columns, { op: 'read', where: paths, columns, options });
}

/** Keeps and names columns: `select(users, { user: 'id', country: 'country' })` is new name: old name.
 *  Throws UsageError COLUMN_MISSING. */
export function select<
  S extends Schema,
  const N extends { readonly [to: string]: keyof S & string },
>(input: Table<S>, columns: N): Table<{ readonly [C in keyof N]: S[N[C]] }> {
  const kept = Object.entries(columns).map(([to, from]) => {
    if (!Object.hasOwn(input.columns, from)) {
      throw new UsageError('COLUMN_MISSING', `select: no column '${String(from)}'`, {
        remedy: `There are: ${Object.keys(input.columns).join(', ') || 'none'}. It is new name: 'old name'.`,
      });
    }
    return [to, input.columns[from]] as const;
  });
  return table(Object.fromEntries(kept) as unknown as { readonly [C in keyof N]: S[N[C]] }, {
    op: 'select',
    input: input.plan,
    columns,
  });
}

/** Rows of all, in the order given. Throws UsageError COLUMN_MISSING or COLUMN_TYPE. */
export function concat<S extends Schema>(
  first: Table<S>,
  ...rest: readonly Table<NoInfer<S>>[]
): Table<S> {
  for (const [i, other] of rest.entries()) {
    checkColumns(other.columns, first.columns, `concat: table ${i + 2}`);
  }
  return table(first.columns, { op: 'concat', inputs: [first.plan, ...rest.map(t => t.plan)] });
}
