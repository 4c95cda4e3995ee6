/** A graph of graphology as lists: of its JSON, or of one in memory. What is wrong with it is said here.
 *
 * JSON is read and parsed whole: there is no format of graphology's that could be read in pieces.
 */
import { gunzipSync } from 'node:zlib';
import { DataError, LimitError } from 'superstep/internal';
import { PlainReader, type Planned } from '../bytes/read.ts';

export type Attributes = { readonly [name: string]: unknown };
export interface ListedNode {
  readonly key: string;
  readonly attributes: Attributes;
}
export interface ListedEdge {
  readonly source: string;
  readonly target: string;
  readonly attributes: Attributes;
  readonly undirected: boolean;
}
export interface Listed {
  /** What errors call it. */
  readonly name: string;
  readonly nodes: readonly ListedNode[];
  readonly edges: readonly ListedEdge[];
}

/** What is asked of a graph in memory: those of the package have it, whatever copy of it they are of. */
export interface Graphology {
  forEachNode(visit: (node: string, attributes: Attributes) => void): void;
  forEachEdge(
    visit: (
      edge: string,
      attributes: Attributes,
      source: string,
      target: string,
      sourceAttributes: Attributes,
      targetAttributes: Attributes,
      undirected: boolean,
    ) => void,
  ): void;
  hasNode(node: string): boolean;
  setNodeAttribute(node: string, name: string, value: unknown): unknown;
}

export function listed(graph: Graphology): Listed {
  const nodes: ListedNode[] = [];
  const edges: ListedEdge[] = [];
  graph.forEachNode((key, attributes) => void nodes.push({ key, attributes }));
  graph.forEachEdge((_, attributes, source, target, _s, _t, undirected) => {
    edges.push({ source, target, attributes, undirected });
  });
  return { name: 'graphology', nodes, edges };
}

/** Whether edges have a direction. Throws DataError GRAPH_INVALID for a graph of both kinds. */
export function isDirected({ name, edges }: Listed): boolean {
  const undirected = edges.reduce((sum, edge) => sum + (edge.undirected ? 1 : 0), 0);
  if (undirected === 0 || undirected === edges.length) return undirected === 0;
  throw new DataError(
    'GRAPH_INVALID',
    `${name}: it is mixed: ${undirected} of its ${edges.length} edges are undirected`,
    {
      remedy: 'Make it of one kind first, with toDirected or toUndirected of graphology-operators',
    },
  );
}

/** The longest text that V8 holds. */
const TEXT_BYTES = 2 ** 29 - 24;

/** Throws DataError GRAPH_INVALID, INPUT_CHANGED, INPUT_UNREADABLE, LimitError MEMORY. */
export function listedJson(planned: Planned, isGzip: boolean): Listed {
  const { path, name } = planned;
  const text = textOf(planned, isGzip);
  const invalid = (what: string, cause?: unknown): DataError =>
    new DataError(
      'GRAPH_INVALID',
      `${name}: ${what}`,
      { file: path, remedy: 'Write it with JSON.stringify(graph.export())' },
      { cause },
    );
  let data: { nodes?: unknown; edges?: unknown; options?: { type?: unknown } };
  try {
    data = JSON.parse(text) as typeof data;
  } catch (error) {
    throw invalid(`it is not JSON: ${(error as Error).message}`, error);
  }
  const lists = [data?.nodes, data?.edges ?? []];
  if (!lists.every(list => Array.isArray(list))) throw invalid('it has no list of nodes');
  // Of a graph that is not mixed edges do not say what they are.
  const isUndirected = data.options?.type === 'undirected';
  const [nodes, edges] = lists as [Partial<ListedNode>[], Partial<ListedEdge>[]];
  return {
    name,
    nodes: nodes.map((node, i) => {
      if (!isKey(node?.key)) throw invalid(`node ${i + 1} has no key`);
      return { key: String(node.key), attributes: node.attributes ?? {} };
    }),
    edges: edges.map((edge, i) => {
      if (!isKey(edge?.source)) throw invalid(`edge ${i + 1} has no source`);
      if (!isKey(edge.target)) throw invalid(`edge ${i + 1} has no target`);
      const [source, target] = [String(edge.source), String(edge.target)];
      const { attributes = {}, undirected } = edge;
      return { source, target, attributes, undirected: undirected ?? isUndirected };
    }),
  };
}

const isKey = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

function textOf(planned: Planned, isGzip: boolean): string {
  const { name, size } = planned;
  const tooLong = (): LimitError =>
    new LimitError('MEMORY', `${name}: it is longer than the ${TEXT_BYTES} bytes that a text has`, {
      file: planned.path,
      remedy: 'Write its edges as csv or parquet instead: those are read in pieces',
    });
  if (size > TEXT_BYTES) throw tooLong();
  const reader = new PlainReader(planned);
  try {
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size; ) at += reader.read(bytes.subarray(at), at);
    reader.check();
    if (!isGzip) return bytes.toString();
    try {
      return gunzipSync(bytes, { maxOutputLength: TEXT_BYTES }).toString();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong();
      throw new DataError(
        'GZIP_CORRUPT',
        `${name}: not a whole gzip file: ${(error as Error).message}`,
        { file: planned.path, remedy: `Get the file again; gzip -t ${name} tests it` },
        { cause: error },
      );
    }
  } finally {
    reader.close();
  }
}
