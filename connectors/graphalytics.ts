/** LDBC Graphalytics: a graph as the files NAME.v, NAME.e and NAME.properties, and results as lines of a vertex and its value.
 *
 * Named by the path without an ending. The properties say whether edges have a direction, which of their values is the weight,
 * and what each algorithm is run with; vertices and edges are edge lists (edges.ts), compressed or not. Results: one blank
 * between values, no heading; what cannot be reached is 9223372036854775807 hops and `infinity` away.
 * Format: Graphalytics specification 1.0.1, 2.2.1 and 2.4; ldbcouncil.org/benchmarks/graphalytics.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bigint64, type Graph, graph, read, type Schema } from 'superstep';
import {
  checkColumns,
  DataError,
  type GraphInput,
  type GraphRequest,
  type Sink,
  UsageError,
} from 'superstep/internal';
import { unreadable } from './bytes/input-files.ts';
import { writeValues } from './text.ts';

const ENDING = /\.(properties|[ve](\.gz)?)$/;

/** Of each job the parameters that properties give, and what they are called there. */
const PARAMETERS = {
  bfs: { source: 'bfs.source-vertex' },
  cdlp: { iterations: 'cdlp.max-iterations' },
  pagerank: { damping: 'pr.damping-factor', iterations: 'pr.num-iterations' },
  sssp: { source: 'sssp.source-vertex' },
} as const;

/** What null is: as far as one cannot get. */
const NULLS = { int64: '9223372036854775807', int32: '9223372036854775807', float64: 'infinity' };

async function graphOf(request: GraphRequest): Promise<GraphInput> {
  const { where, id = bigint64, edges, vertices, options } = request;
  const [path, another] = where;
  if (path === undefined || another !== undefined) {
    throw new UsageError('USAGE', `graphalytics: ${where.length} graphs are given`, {
      remedy: 'Name one, by its path without an ending: --input-format graphalytics graphs/NAME',
    });
  }
  const prefix = path.replace(ENDING, '');
  const properties = Properties.of(prefix);
  const { format: _, ...rest } = options;
  const files = { ...rest, format: 'edges' } as const;
  const edgeFile = properties.file('edge-file');
  const { weight } = edges;
  const values = weight !== undefined && properties.isWeighted() ? { weight } : {};
  const otherwise = `If edges have a weight, say so in ${prefix}.properties: graph.${basename(prefix)}.edge-properties.names = weight`;
  checkColumns({ source: id, target: id, ...values }, edges, edgeFile, otherwise);
  return {
    edges: read(edgeFile, { source: id, target: id, ...edges }, files),
    vertices: read(properties.file('vertex-file'), { vertex: id, ...vertices }, files),
    directed: properties.isDirected(),
    params: properties.parameters(),
    sink: { nulls: NULLS },
  };
}

/** A graph by the path of its files without their endings, with weights if these are wanted, and what its properties say that
 *  `bfs`, `cdlp`, `pagerank` and `sssp` are run with. Throws UsageError INPUT_MISSING, COLUMN_MISSING; DataError
 *  GRAPH_INVALID. */
export async function graphalytics<E extends Schema = {}>(
  prefix: string,
  values: E = {} as E,
): Promise<{
  readonly graph: Graph<typeof bigint64, {}, E>;
  readonly params: NonNullable<GraphInput['params']>;
}> {
  const { edges, vertices, directed, params } = await graphOf({
    where: [prefix],
    edges: values,
    vertices: {},
    options: {},
  });
  return {
    graph: graph(edges as never, { directed: directed!, vertices: vertices! as never }) as never,
    params: params!,
  };
}

class Properties {
  readonly #path: string;
  readonly #name: string;
  readonly #values: ReadonlyMap<string, string>;

  /** Throws UsageError INPUT_MISSING. */
  static of(prefix: string): Properties {
    const path = `${prefix}.properties`;
    try {
      return new Properties(path, readFileSync(path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error);
      throw new UsageError('INPUT_MISSING', `${path}: no such file`, {
        file: path,
        remedy: `A graph is named by its path without an ending: ${prefix} is ${prefix}.v, ${prefix}.e and ${prefix}.properties`,
      });
    }
  }

  constructor(path: string, text: string) {
    this.#path = path;
    this.#name = basename(path, '.properties');
    const lines = text.split(/\r?\n/).filter(line => !/^\s*([#!]|$)/.test(line));
    this.#values = new Map(
      lines.map(line => {
        const [, key = '', value = ''] = /^\s*([^\s=:]+)\s*[=:\s]\s*(.*?)\s*$/.exec(line) ?? [];
        return [key, value];
      }),
    );
  }

  #get(key: string): string | undefined {
    return this.#values.get(`graph.${this.#name}.${key}`);
  }

  /** The file that a property names; compressed, where that one is there instead. Throws UsageError INPUT_MISSING. */
  file(key: 'vertex-file' | 'edge-file'): string {
    const ending = key === 'edge-file' ? 'e' : 'v';
    const path = join(dirname(this.#path), this.#get(key) ?? `${this.#name}.${ending}`);
    const found = [path, `${path}.gz`].find(each => existsSync(each));
    if (found !== undefined) return found;
    throw new UsageError('INPUT_MISSING', `${path}: no such file`, {
      file: path,
      remedy: `${this.#path} names it; it may be compressed: ${basename(path)}.gz`,
    });
  }

  isDirected(): boolean {
    const directed = this.#get('directed');
    if (directed === 'true' || directed === 'false') return directed === 'true';
    const said = directed === undefined ? 'does not say' : `has '${directed}' for`;
    throw new DataError(
      'GRAPH_INVALID',
      `${this.#path}: it ${said} whether the graph is directed`,
      { file: this.#path, remedy: `Add the line: graph.${this.#name}.directed = true (or false)` },
    );
  }

  /** Whether edges have a weight, which has to be the first of their values. */
  isWeighted(): boolean {
    const [first] = (this.#get('edge-properties.names') ?? '').split(',');
    return first !== '' && first!.trim() === (this.#get('sssp.weight-property') ?? 'weight');
  }

  parameters(): NonNullable<GraphInput['params']> {
    return Object.fromEntries(
      Object.entries(PARAMETERS).map(([job, params]) => {
        const given = Object.entries(params).map(
          ([param, key]) => [param, this.#get(key)] as const,
        );
        return [job, Object.fromEntries(given.filter(([, text]) => text !== undefined))];
      }),
    ) as NonNullable<GraphInput['params']>;
  }
}

const sink: Sink = {
  extension: '.txt',
  open: (path, columns, { nulls = NULLS } = {}) => writeValues(path, columns, ' ', nulls),
};

export default { graph: graphOf, sink };
