/** Graphs, as plans: a table of edges, and perhaps one of vertices. */
import { DataError, UsageError } from '../errors.ts';
import { checkColumns, sameType } from './column-rules.ts';
import { oneOf } from './params.ts';
import type { AnyType, IdType, Schema } from './schema.ts';
import { int64 } from './schema.ts';
import { type Plan, type Table, isTable } from './table.ts';
import { printType, printValue } from './value.ts';

/** `read('web.txt', edges)`: an edge list with integer ids. */
export const edges = { source: int64, target: int64 };

export interface GraphFlags {
  /** Default true. Undirected: give each edge once; it is an out-edge and an in-edge of both its ends. */
  readonly directed?: boolean;
  readonly selfLoops?: 'keep' | 'drop';
  readonly duplicateEdges?: 'keep' | 'drop';
  /** An edge to a vertex that `vertices` does not have. Default 'error'. */
  readonly danglingEdges?: 'error' | 'drop' | 'add';
}

/** What the command line lets its users say of a graph: parameters beside those of the job. */
export const GRAPH_PARAMS = {
  directed: oneOf('as-read', 'true', 'false'),
  duplicates: oneOf('keep', 'drop'),
  loops: oneOf('keep', 'drop'),
  dangling: oneOf('error', 'drop', 'add'),
};

/** The flags that such parameters mean. @param directed what the format says, where it says something */
export function graphFlags(
  params: { readonly [P in keyof typeof GRAPH_PARAMS]?: string },
  directed?: boolean,
): GraphFlags {
  const { directed: asked = 'as-read', duplicates, loops, dangling } = params;
  const isDirected = asked === 'as-read' ? directed : asked === 'true';
  const flags = {
    directed: isDirected,
    selfLoops: loops,
    duplicateEdges: duplicates,
    danglingEdges: dangling,
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

/** Loaded once, however many programs run over it in one `session.run`. */
export interface Graph<out Id extends IdType, out V extends Schema, out E extends Schema> {
  readonly id: Id;
  readonly vertex: V;
  readonly edge: E;
  readonly plan: Plan;
}

type EdgeColumns = { readonly source: IdType; readonly target: IdType };
type SameEnds<S extends EdgeColumns> = S['source']['type'] extends S['target']['type']
  ? unknown
  : { readonly error: 'source and target have different types' };

/** Columns `source` and `target` are the ends of an edge; the others are its values. `vertices` adds vertices
 *  that have no edge, and gives vertices values (read-only in a program, as v.name).
 *  Throws UsageError USAGE, COLUMN_MISSING or COLUMN_TYPE. */
export function graph<S extends Schema & EdgeColumns, V extends Schema = {}>(
  edgeTable: Table<S> & SameEnds<S>,
  options: GraphFlags & { readonly vertices?: Table<V & { readonly vertex: S['source'] }> } = {},
): Graph<S['source'], Omit<V, 'vertex'>, Omit<S, 'source' | 'target'>> {
  const { vertices, ...flags } = options;
  checkGraph(edgeTable, vertices, flags);
  return {
    id: edgeTable.columns.source,
    vertex: without(vertices?.columns ?? {}, 'vertex') as Omit<V, 'vertex'>,
    edge: without(edgeTable.columns, 'source', 'target') as Omit<S, 'source' | 'target'>,
    plan: {
      op: 'graph',
      edges: edgeTable.plan,
      ...(vertices && { vertices: vertices.plan }),
      columns: { edges: edgeTable.columns, ...(vertices && { vertices: vertices.columns }) },
      options: flags,
    },
  };
}

/** The same vertices, and the edges read as undirected, without self-loops and, of those between two vertices, the first
 *  alone, whichever way it points. */
export function simple<Id extends IdType, V extends Schema, E extends Schema>(
  of: Graph<Id, V, E>,
): Graph<Id, V, E> {
  const { options, ...plan } = of.plan as Plan & { readonly op: 'graph' };
  const { directed, selfLoops, duplicateEdges } = options;
  // The same plan, not one like it: a plan is loaded once.
  if (directed === false && selfLoops === 'drop' && duplicateEdges === 'drop') return of;
  const flags: GraphFlags = { directed: false, selfLoops: 'drop', duplicateEdges: 'drop' };
  return { ...of, plan: { ...plan, options: { ...options, ...flags } } };
}

/** Columns as they come out of a graph with these ids. */
export function idsIn(columns: Schema, id: AnyType): Schema {
  const ofIds = (of: AnyType): AnyType =>
    of.type === 'vertexId' ? { ...id, ...(of.nullable && { nullable: true }) } : of;
  return Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, ofIds(of)]));
}

/** An edge with an end that is not among the vertices, where that is an error. Ids as printed.
 *  @param file that has it, if it is of a file */
export function edgeDangling(
  source: string,
  target: string,
  missing: string,
  file?: string,
): DataError {
  return new DataError(
    'EDGE_DANGLING',
    `${placed(file)}the edge ${source} → ${target} has an end, ${missing}, that is not in vertices`,
    {
      ...(file !== undefined && { file }),
      remedy:
        'Add it to vertices; or leave such edges out, or add such vertices: --param dangling=drop, or add (danglingEdges of graph()).',
    },
  );
}

/** A vertex that more than one row of `vertices` names. @param file of them, if they are of one */
export function vertexTwice(vertex: string, file?: string): DataError {
  return new DataError('VERTEX_TWICE', `${placed(file)}vertex ${vertex} is listed twice`, {
    ...(file !== undefined && { file }),
    remedy: 'Give each vertex one row.',
  });
}

const placed = (file: string | undefined): string => (file === undefined ? '' : `${file}: `);

function without(columns: Schema, ...names: string[]): Schema {
  return Object.fromEntries(Object.entries(columns).filter(([c]) => !names.includes(c)));
}

/** What each flag may be; the first is the default. */
const FLAGS: { readonly [F in keyof Required<GraphFlags>]: readonly unknown[] } = {
  directed: [true, false],
  selfLoops: ['keep', 'drop'],
  duplicateEdges: ['keep', 'drop'],
  danglingEdges: ['error', 'drop', 'add'],
};

function checkGraph(edgeTable: unknown, vertices: unknown, flags: GraphFlags): void {
  for (const [name, value] of Object.entries(flags)) {
    const choices = FLAGS[name as keyof GraphFlags];
    if (!choices?.includes(value)) {
      throw new UsageError('USAGE', `graph: ${name} cannot be ${printValue(value)}`, {
        remedy: choices ? `Choose one of: ${choices.join(', ')}.` : `There is no such option.`,
      });
    }
  }
  if (!isTable(edgeTable)) {
    throw new UsageError('USAGE', `graph: edges are a table, got ${printValue(edgeTable)}`);
  }
  const { source, target } = edgeTable.columns;
  if (source === undefined || target === undefined) {
    const missing = source === undefined ? 'source' : 'target';
    throw new UsageError('COLUMN_MISSING', `graph: no column '${missing}' in the table of edges`, {
      remedy: `There are: ${Object.keys(edgeTable.columns).join(', ')}. Rename one with select().`,
    });
  }
  checkId('source', source);
  checkId('target', target);
  if (!sameType(source, target)) {
    throw new UsageError(
      'COLUMN_TYPE',
      `graph: source and target have different types: ${printType(source)} and ${printType(target)}`,
    );
  }
  if (vertices === undefined) return;
  if (!isTable(vertices)) {
    throw new UsageError('USAGE', `graph: vertices are a table, got ${printValue(vertices)}`);
  }
  checkColumns(vertices.columns, { vertex: source }, 'graph: vertices');
  const filled = Object.entries(vertices.columns).find(([c, of]) => c !== 'vertex' && !of.nullable);
  if (flags.danglingEdges === 'add' && filled !== undefined) {
    throw new UsageError(
      'COLUMN_TYPE',
      `graph: danglingEdges 'add' makes vertices without '${filled[0]}', which is not nullable`,
      { remedy: `Declare ${filled[0]} nullable, or drop such edges.` },
    );
  }
}

function checkId(end: string, of: AnyType): void {
  if ((of.type === 'int64' || of.type === 'utf8') && !of.nullable) return;
  throw new UsageError('COLUMN_TYPE', `graph: '${end}' is ${printType(of)}`, {
    remedy: 'Vertices are named by int64, bigint64 or utf8, never null.',
  });
}
