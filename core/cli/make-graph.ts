/** From paths and flags to a graph: tables of edges and perhaps of vertices, with what the format says of them. Of the files
 * only headers are read, and those only where a format has some that matter (a Matrix Market's, the properties of Graphalytics).
 *
 * Columns are those that the job reads, and `--schema`, whose columns of vertices are those that the job reads of these.
 */
import { sameType } from '../define/column-rules.ts';
import { graph, type Graph, graphFlags, GRAPH_PARAMS } from '../define/graph.ts';
import { parseParams, type Params } from '../define/params.ts';
import { type AnyType, bigint64, type IdType, type Schema } from '../define/schema.ts';
import { read, type ReadOptions } from '../define/table.ts';
import { printType } from '../define/value.ts';
import { type GraphInput, loadGraph, type SinkOptions } from '../io.ts';
import type { Definition } from './find-job.ts';
import { refuse } from './flags.ts';

export interface GraphPaths {
  readonly edges: readonly string[];
  readonly vertices: readonly string[];
}

export interface MadeGraph {
  readonly graph: Graph<IdType, Schema, Schema>;
  /** Those of the job itself. */
  readonly params: { readonly [name: string]: unknown };
  /** How what comes out of it is written. */
  readonly sink: SinkOptions;
}

/** @param texts of `--param`. Throws UsageError: what `read`, `graph` and parameters throw, and what the format throws. */
export async function makeGraph(
  definition: Definition,
  { edges: where, vertices }: GraphPaths,
  { texts, schema = {}, options }: MadeOf,
): Promise<MadeGraph> {
  const job = definition.ref.name;
  const values = valuesOf(definition, schema);
  const id = idType(schema);
  const columns = withIds(values, id ?? bigint64);
  const graphOf = await loadGraph(where, options.format);
  const input: GraphInput =
    graphOf === undefined
      ? { edges: read(where, columns.edges, options) }
      : await graphOf({ where, id, ...values, options });
  if (vertices.length > 0 && input.vertices !== undefined) {
    refuse(
      `${job}: ${where.join(', ')} has the vertices already`,
      `Leave out --input vertices=${vertices[0]}`,
    );
  }
  const { own, flags } = parametersOf(definition, texts, input);
  const table =
    vertices.length > 0
      ? read(vertices, columns.vertices, verticesOptions(options, graphOf !== undefined))
      : input.vertices;
  return {
    graph: graph(input.edges as never, {
      ...graphFlags(flags, input.directed),
      ...(table && { vertices: table as never }),
    }),
    params: own,
    sink: input.sink ?? {},
  };
}

interface MadeOf {
  readonly texts: readonly string[];
  readonly schema?: Schema | undefined;
  readonly options: ReadOptions;
}

interface Columns {
  readonly edges: Schema;
  readonly vertices: Schema;
}

/** What is read beside ids. */
function valuesOf({ edge = {}, vertex = {} }: Definition, schema: Schema): Columns {
  const said = Object.entries(schema).filter(([name]) => !ENDS.includes(name));
  const ofVertices = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(vertex, name);
  return {
    edges: { ...edge, ...Object.fromEntries(said.filter(column => !ofVertices(column))) },
    vertices: { ...vertex, ...Object.fromEntries(said.filter(ofVertices)) },
  };
}
const ENDS = ['source', 'target', 'vertex'];

/** What `--schema` says of ids: whichever column it names, all of them are of one type. Throws UsageError USAGE. */
function idType(schema: Schema): AnyType | undefined {
  const [first, ...others] = ENDS.filter(name => Object.hasOwn(schema, name));
  if (first === undefined) return undefined;
  const id = schema[first]!;
  const other = others.find(name => !sameType(schema[name]!, id));
  if (other === undefined) return id;
  const [a, b] = [printType(id), printType(schema[other]!)];
  return refuse(
    `--schema: ${first} is ${a} and ${other} is ${b}, and ids of a graph are of one type`,
    `Say one: --schema '${first}:utf8,${other}:utf8'`,
  );
}

/** Ids are bigint where nothing else is said: they are only passed on, and may have any 64 bits. */
function withIds({ edges, vertices }: Columns, id: AnyType): Columns {
  return { edges: { source: id, target: id, ...edges }, vertices: { vertex: id, ...vertices } };
}

/** A format that is a whole graph says nothing of a file of vertices beside it. */
function verticesOptions({ format, ...options }: ReadOptions, isGraph: boolean): ReadOptions {
  return isGraph || format === undefined ? options : { ...options, format };
}

/** What is given, then what the format says, then defaults. A parameter of the job hides one of a graph. */
function parametersOf(
  { ref, params }: Definition,
  texts: readonly string[],
  { params: byJob = {} }: GraphInput,
) {
  const all: Params = { ...GRAPH_PARAMS, ...params };
  const given = parseParams(all, texts);
  const said = Object.entries(byJob[ref.name] ?? {})
    .filter(([name]) => Object.hasOwn(params, name) && !Object.hasOwn(given, name))
    .map(([name, text]) => `${name}=${text}`);
  const values = Object.entries({ ...parseParams(params, said), ...given });
  const isOwn = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(params, name);
  return {
    own: Object.fromEntries(values.filter(isOwn)),
    flags: Object.fromEntries(values.filter(value => !isOwn(value))) as {
      readonly [P in keyof typeof GRAPH_PARAMS]?: string;
    },
  };
}
