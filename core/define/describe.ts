/** What `superstep jobs` says of a definition, as plain data: its inputs, parameters and columns. Printing is the
 *  command line's. Reads nothing and runs nothing but a job's `plan`, which is on plain data. */
import { type DefinitionRef, found } from './define.ts';
import { type Choice, type Params, defaultOf, printParam } from './params.ts';
import type { AnyType, Schema } from './schema.ts';
import { type Tables, isTable, rows } from './table.ts';
import { printType } from './value.ts';

/** Column name → type as declared: 'utf8', 'nullable(int64)'. */
export type Columns = { readonly [column: string]: string };

export interface DescribedParam {
  readonly name: string;
  /** 'number', 'int64', 'list(vertexId)', 'one of ldbc, gap'. */
  readonly type: string;
  readonly choices?: readonly string[];
  /** Absent: the parameter must be given. */
  readonly default?: unknown;
}
export interface Description {
  readonly name: string;
  readonly kind: Runnable['kind'];
  readonly inputs: { readonly [input: string]: Columns };
  readonly params: readonly DescribedParam[];
  /** By output; a job of one output calls it 'output'. Absent where they depend on parameters that must be given. */
  readonly outputs?: { readonly [output: string]: Columns };
}

/** What a default export may be: a job, a map-reduce or a vertex program, of any copy of the package. */
export interface Runnable {
  readonly kind: 'mapReduce' | 'vertexProgram' | 'job';
  readonly ref: DefinitionRef;
  readonly params: Params;
}
export function isRunnable(value: unknown): value is Runnable {
  const { kind, ref, params } = (value ?? {}) as Partial<Runnable>;
  return (
    typeof value === 'function' &&
    (kind === 'mapReduce' || kind === 'vertexProgram' || kind === 'job') &&
    typeof ref?.name === 'string' &&
    typeof params === 'object'
  );
}

export function describeParams(params: Params): DescribedParam[] {
  return Object.entries(params).map(([name, spec]) => {
    const value = defaultOf(spec);
    const choices = (spec as Partial<Choice<string>>).choices;
    return {
      name,
      type: printParam(spec),
      ...(choices !== undefined && { choices }),
      ...(value !== undefined && { default: value }),
    };
  });
}

export function describe(of: Runnable): Description {
  const params = describeParams(of.params);
  const required = params.some(param => !('default' in param));
  return { name: of.ref.name, kind: of.kind, params, ...tablesOf(of, required) };
}

function tablesOf(of: Runnable, required: boolean): Pick<Description, 'inputs' | 'outputs'> {
  switch (of.kind) {
    case 'mapReduce': {
      const { input, output } = of as unknown as { input: Schema; output: Schema };
      const { outputs = {} } = found('mapReduce', of.ref) as {
        outputs?: { [name: string]: Schema };
      };
      return { inputs: printEach({ input }), outputs: printEach({ output, ...outputs }) };
    }
    case 'vertexProgram': {
      const { vertex, edge, output } = of as unknown as Record<string, Schema>;
      const edges = { source: ID, target: ID, ...print(edge!) };
      const vertices = { vertex: ID, ...print(vertex!) };
      const inputs = Object.keys(vertex!).length === 0 ? { edges } : { edges, vertices };
      return { inputs, outputs: { output: { vertex: ID, ...print(output!) } } };
    }
    case 'job': {
      const { inputs } = of as unknown as { inputs: { readonly [name: string]: Schema } };
      return {
        inputs: printEach(inputs),
        ...(!required && { outputs: printEach(planned(of, inputs)) }),
      };
    }
  }
}

/** The columns that a job makes of empty tables: the same as of full ones. */
function planned(
  of: Runnable,
  inputs: { readonly [name: string]: Schema },
): { [name: string]: Schema } {
  const empty = Object.entries(inputs).map(([name, columns]) => [name, rows([], columns)]);
  const apply = of as unknown as (inputs: Tables) => unknown;
  const made = apply(Object.fromEntries(empty) as Tables);
  const tables = isTable(made) ? { output: made } : (made as Tables);
  return Object.fromEntries(Object.entries(tables).map(([name, { columns }]) => [name, columns]));
}

/** Vertices are named by ids of the graph: the type is the input's. */
const ID = 'id';

function printColumn(of: AnyType): string {
  if (of.type !== 'vertexId') return printType(of);
  return of.nullable ? `nullable(${ID})` : ID;
}
function print(columns: Schema): Columns {
  return Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, printColumn(of)]));
}
function printEach(tables: { readonly [name: string]: Schema }): { [name: string]: Columns } {
  return Object.fromEntries(Object.entries(tables).map(([name, of]) => [name, print(of)]));
}
