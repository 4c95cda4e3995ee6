/** Graphs of the package graphology, in memory or as its JSON: nodes and edges with attributes, and results as attributes of
 * nodes.
 *
 *   const links = fromGraphology(graph, { edges: { weight: float64 } });
 *   await using distances = await session.run(sssp(links, { source: 'a' }));
 *   await toGraphology(graph, distances, { far: 'distance' });
 *
 * Nodes are named by text, as graphology has it. Attributes become columns by name, as far as a schema asks for them; one that is
 * not there is null. Parallel edges and self-loops are kept. A graph has directed edges or undirected ones: one that has both is
 * refused. What is written as JSON has nodes alone: `graph.import(json, true)` adds their attributes to a graph.
 * Format: https://graphology.github.io/serialization.html. The package itself is not used here: a graph is known by its methods.
 */
import {
  type Graph,
  graph,
  type GraphFlags,
  read,
  rows,
  type Row,
  type Schema,
  type Table,
  utf8,
} from 'superstep';
import {
  type FileFact,
  type GraphInput,
  type GraphRequest,
  type Json,
  type RowReader,
  type Sink,
  type Source,
  type Split,
  UsageError,
} from 'superstep/internal';
import { JSON_STYLE } from './bytes/json.ts';
import type { Planned } from './bytes/read.ts';
import { RowWriter } from './bytes/row-writer.ts';
import { type Graphology, isDirected, listed, listedJson } from './graphology/listed.ts';
import { checkNames, type Names, namesOf, rowsOf } from './graphology/rows.ts';
import { checker } from './jsonl.ts';
import text, { splitFiles } from './text.ts';

export type { Graphology } from './graphology/listed.ts';

/** Attributes that become columns, by name. */
export interface FromOptions<V extends Schema, E extends Schema>
  extends Omit<GraphFlags, 'directed' | 'danglingEdges'> {
  readonly nodes?: V;
  readonly edges?: E;
}

/** A graph in memory, as it is now. Throws UsageError COLUMN_MISSING or COLUMN_TYPE, DataError GRAPH_INVALID. */
export function fromGraphology<V extends Schema = {}, E extends Schema = {}>(
  from: Graphology,
  { nodes = {} as V, edges = {} as E, ...flags }: FromOptions<V, E> = {},
): Graph<typeof utf8, V, E> {
  const all = listed(from);
  const names = namesOf(all);
  const tableOf = (columns: Schema): Table<Schema> => {
    checkNames(all.name, names, columns);
    return rows(rowsOf(all, columns) as never, columns);
  };
  return graph(tableOf({ source: utf8, target: utf8, ...edges }) as never, {
    ...flags,
    directed: isDirected(all),
    vertices: tableOf({ vertex: utf8, ...nodes }) as never,
  }) as unknown as Graph<typeof utf8, V, E>;
}

/** A result, or its rows. */
export type RowsWithVertex =
  | { rows(): AsyncIterable<Row<Schema>> }
  | AsyncIterable<Row<Schema>>
  | Iterable<Row<Schema>>;

/** Gives nodes the columns of a result as attributes: all beside `vertex`, or those named, as attribute: 'column'. Throws
 *  UsageError COLUMN_MISSING, and USAGE for a vertex that is no node. */
export async function toGraphology<G extends Graphology>(
  into: G,
  result: RowsWithVertex,
  attributes?: { readonly [attribute: string]: string },
): Promise<G> {
  for await (const row of 'rows' in result ? result.rows() : result) {
    const { vertex, ...values } = row as { readonly [column: string]: unknown };
    const node = String(vertex);
    if (!into.hasNode(node)) {
      throw new UsageError('USAGE', `toGraphology: the graph has no node '${node}'`, {
        remedy: 'Give it the graph that the result was made from',
      });
    }
    const named = attributes ?? Object.fromEntries(Object.keys(values).map(name => [name, name]));
    for (const [attribute, column] of Object.entries(named)) {
      if (!Object.hasOwn(values, column)) {
        throw new UsageError('COLUMN_MISSING', `toGraphology: no column '${column}'`, {
          remedy: `There are: ${Object.keys(values).join(', ') || 'none'}. It is attribute: 'column'.`,
        });
      }
      into.setNodeAttribute(node, attribute, values[column]);
    }
  }
  return into;
}

const plannedOf = ({ path, name = path, bytes: size, mtimeMs }: FileFact): Planned => ({
  path,
  name,
  size,
  mtimeMs,
});

/** Rows handed out at a time. */
const NEXT_ROWS = 1024;

function open({ where }: Split, columns: Schema): RowReader {
  let all: object[] | undefined;
  let next = 0;
  return {
    kind: 'rows',
    async next() {
      const { isGzip, ...planned } = where as unknown as Planned & { readonly isGzip: boolean };
      all ??= rowsOf(listedJson(planned, isGzip), columns);
      if (next >= all.length) return undefined;
      const from = next;
      next = Math.min(all.length, from + NEXT_ROWS);
      return all.slice(from, next);
    },
    close() {
      all = [];
    },
  };
}

const source: Source = {
  async describe(where, options, planning) {
    const facts = await text.source.describe(where, options, planning);
    return facts.map(fact => {
      if (fact.kind === 'stdin' && fact.path === '-') return fact;
      const names = namesOf(listedJson(plannedOf(fact), fact.kind === 'gzip'));
      return { ...fact, inside: names as unknown as Json };
    });
  },
  split: facts =>
    facts.flatMap(fact =>
      splitFiles([fact], Number.MAX_SAFE_INTEGER, false).map(split => ({
        ...split,
        where: { ...plannedOf(fact), isGzip: fact.kind === 'gzip' },
      })),
    ),
  check(facts, _, columns) {
    for (const { path, name = path, inside } of facts) {
      if (inside !== undefined) checkNames(name, inside as unknown as Names, columns);
    }
  },
  open: (split, _options, _limits, columns) => open(split, columns),
};

async function graphOf(request: GraphRequest): Promise<GraphInput> {
  const { where, id = utf8, edges, vertices, options } = request;
  const [path, another] = where;
  if (path === undefined || another !== undefined || path === '-') {
    const what = path === '-' ? 'standard input is given' : `${where.length} graphs are given`;
    throw new UsageError('USAGE', `graphology: ${what}`, {
      remedy: 'Name one file: what JSON.stringify(graph.export()) gives',
    });
  }
  const [fact] = await text.source.describe([path], options);
  const files = { ...options, format: 'graphology' } as const;
  return {
    edges: read(path, { source: id, target: id, ...edges }, files),
    vertices: read(path, { vertex: id, ...vertices }, files),
    directed: isDirected(listedJson(plannedOf(fact!), fact!.kind === 'gzip')),
  };
}

/** Nodes by their keys, which are text whatever the ids were, and the other columns as attributes. */
const sink: Sink = {
  extension: '.json',
  open(path, columns) {
    const [key, ...attributes] = Object.keys(columns);
    if (key !== 'vertex') {
      throw new UsageError('COLUMN_MISSING', `${path}: the rows are not of vertices`, {
        remedy: 'Only what a job over a graph gives can be nodes of graphology: write csv',
      });
    }
    const quote = columns[key]!.type === 'utf8' ? '' : '"';
    const before = attributes.map((name, i) => {
      const begin = i === 0 ? `${quote},"attributes":{` : ',';
      return `${begin}${JSON.stringify(name)}:`;
    });
    return new RowWriter(path, columns, {
      style: JSON_STYLE,
      head: Buffer.from('{"attributes":{},"options":{"type":"mixed","multi":true},"nodes":[\n'),
      before: [`{"key":${quote}`, ...before].map(each => Buffer.from(each)),
      after: Buffer.from(attributes.length === 0 ? `${quote}}` : '}}'),
      between: Buffer.from(',\n'),
      tail: Buffer.from('\n],"edges":[]}\n'),
      check: checker(path, columns, 'graphology'),
    });
  },
};

export default { source, sink, graph: graphOf };
