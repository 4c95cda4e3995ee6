/** A job over a graph: a plan that chooses among vertex programs, checks parameters before anything is read, or reads the
 * graph another way first. Called, described and run as a vertex program is.
 *
 *   export default graphJob({
 *     name: 'wcc',
 *     params: { algorithm: oneOf('union-find', 'propagation') },
 *     output: { component: vertexId },
 *     plan: (graph, { algorithm }) => (algorithm === 'propagation' ? spread(graph) : unite(graph)),
 *   });
 *
 * A vertex program has one message type and one combiner: algorithms that differ in these are programs of their own.
 */
import { checkColumns, checkSchema } from '../define/column-rules.ts';
import { register } from '../define/define.ts';
import { checkFunction } from '../define/function-rules.ts';
import { type Graph, idsIn } from '../define/graph.ts';
import { type Params, type PlanParams, resolveParams } from '../define/params.ts';
import type { AnyType, IdType, Schema, Show } from '../define/schema.ts';
import { type Table, isTable } from '../define/table.ts';
import { printValue } from '../define/value.ts';
import { UsageError } from '../errors.ts';
import { checkGraphFor } from './check.ts';
import type { VertexProgram, WithIds } from './define.ts';

/** `plan` runs once, in the driver, on plain data; vertices in its parameters are ids as loaded. `output` are the columns
 *  beside `vertex`.
 *  Throws UsageError DEFINITION_INVALID, DEFINITION_TWICE, COLUMN_NAME or COLUMN_TYPE; called, what resolveParams and the
 *  plan throw, USAGE, COLUMN_MISSING or COLUMN_TYPE for the graph, and the same for what the plan gives. */
export function graphJob<
  O extends Schema,
  P extends Params = {},
  V extends Schema = {},
  E extends Schema = {},
>(spec: {
  readonly name: string;
  readonly module?: string;
  readonly params?: P;
  /** Columns of the graph's vertices and edges that it reads. */
  readonly vertex?: V;
  readonly edge?: E;
  readonly output: O;
  readonly plan: (
    graph: Graph<IdType, V, E>,
    params: PlanParams<P>,
  ) => Table<Show<{ readonly vertex: IdType } & WithIds<O, IdType>>>;
}): VertexProgram<P, V, E, O> {
  const { name, params = {} as P, vertex = {} as V, edge = {} as E, output } = spec;
  const ref = register('job', spec);
  checkFunction(spec.plan, `${name}: plan`);
  checkSchema(vertex, `${name}: vertex`);
  checkSchema(edge, `${name}: edge`);
  checkSchema(output, `${name}: output`, true);
  const apply = (
    graph: Graph<IdType, V, E>,
    given: { readonly [name: string]: unknown } = {},
  ): unknown => {
    checkGraphFor({ name, vertex, edge }, graph);
    const made: unknown = spec.plan(graph, resolveParams(params, given));
    checkMade(name, made, { vertex: graph.id, ...idsIn(output, graph.id) });
    return made;
  };
  const about = { kind: 'vertexProgram' as const, ref, params, vertex, edge, output };
  return Object.assign(apply, about) as unknown as VertexProgram<P, V, E, O>;
}

/** The table has the columns that were promised, and no others. */
function checkMade(name: string, made: unknown, columns: { readonly [c: string]: AnyType }): void {
  if (!isTable(made)) {
    throw new UsageError('USAGE', `${name}: plan gave ${printValue(made)}, not a table`, {
      remedy: 'Return what a vertex program makes of the graph.',
    });
  }
  checkColumns(made.columns, columns, `${name}: plan`);
  const more = Object.keys(made.columns).find(c => !Object.hasOwn(columns, c));
  if (more === undefined) return;
  throw new UsageError(
    'COLUMN_MISSING',
    `${name}: plan gave a column '${more}' beside its output`,
    {
      remedy: `Add ${more} to output, or leave it out with select().`,
    },
  );
}
