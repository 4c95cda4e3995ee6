/** Graphs and expected outputs in the files of LDBC Graphalytics, for tests: NAME.v, NAME.e, NAME.properties, and NAME-BFS,
 *  NAME-PR … beside them; each may be gzip. Whoever runs the jobs is a parameter. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Pairs, Rule } from './matching.ts';

/** Where a graph lies. */
export interface Place {
  /** Of NAME.v, NAME.e and NAME.properties without their endings; or of an edge list. */
  readonly path: string;
  /** Of an edge list, or instead of what properties say. */
  readonly directed?: boolean;
  /** Of an edge list: 'bfs.source-vertex' → '1'. */
  readonly properties?: { readonly [name: string]: string };
}

export interface BenchmarkGraph {
  readonly directed: boolean;
  readonly vertices: readonly bigint[];
  readonly edges: readonly { source: bigint; target: bigint; weight: number }[];
}

export type Params = { readonly [name: string]: string | number };

/** Runs a job over a graph with what its properties say of it: rows as the benchmark writes them, in any order. */
export type Runner = (algorithm: Algorithm, graph: Place) => Promise<Pairs>;

export interface Algorithm {
  readonly job: string;
  readonly rule: Rule;
  readonly params: (properties: ReadonlyMap<string, string>) => Params;
  /** Beyond what properties say. */
  readonly given?: Params;
}
export const ALGORITHMS: { readonly [name: string]: Algorithm } = {
  BFS: { job: 'bfs', rule: 'exact', params: p => ({ source: p.get('bfs.source-vertex')! }) },
  CDLP: {
    job: 'cdlp',
    rule: 'exact',
    params: p => ({ iterations: Number(p.get('cdlp.max-iterations')) }),
  },
  LCC: { job: 'lcc', rule: 'epsilon', params: () => ({}) },
  PR: {
    job: 'pagerank',
    rule: 'epsilon',
    params: p => ({
      iterations: Number(p.get('pr.num-iterations')),
      damping: Number(p.get('pr.damping-factor')),
    }),
  },
  SSSP: { job: 'sssp', rule: 'epsilon', params: p => ({ source: p.get('sssp.source-vertex')! }) },
  WCC: { job: 'wcc', rule: 'equivalence', params: () => ({}) },
};

/** The words of each line of a file, or of a file with .gz behind its name; comments are left out. */
export function wordsOf(path: string): string[][] {
  const bytes = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
  return bytes
    .toString('latin1')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(/\s+/));
}
export const isThere = (path: string): boolean => existsSync(path) || existsSync(`${path}.gz`);

/** What the properties beside a graph, or those of a place, say. */
export function propertiesOf({ path, properties }: Place): ReadonlyMap<string, string> {
  if (properties !== undefined) return new Map(Object.entries(properties));
  return new Map(
    wordsOf(`${path}.properties`)
      .filter(([, equals]) => equals === '=')
      .map(([key, , value]) => [key!.split('.').slice(2).join('.'), value!]),
  );
}

/** A second word of a line of NAME.v is not read. */
export function readGraph(place: Place): BenchmarkGraph {
  const { path, directed, properties } = place;
  const isList = properties !== undefined;
  const edges = wordsOf(isList ? path : `${path}.e`).map(([source, target, weight = '1']) => ({
    source: BigInt(source!),
    target: BigInt(target!),
    weight: Number(weight),
  }));
  const vertices = isList
    ? [...new Set(edges.flatMap(({ source, target }) => [source, target]))]
    : wordsOf(`${path}.v`).map(([id]) => BigInt(id!));
  return {
    directed: directed ?? propertiesOf(place).get('directed') === 'true',
    vertices,
    edges,
  };
}

/** `vertex value` a line. */
export const readOutput = (path: string): Pairs =>
  wordsOf(path).map(([vertex, value]) => [vertex!, value!]);
