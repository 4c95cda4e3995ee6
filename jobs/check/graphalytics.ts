/** Graphs and expected outputs in the files of LDBC Graphalytics, for tests: NAME.v, NAME.e, NAME.properties, and NAME-BFS,
 *  NAME-PR … beside them; each may be gzip. Whoever runs the jobs is a parameter. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Pairs, Rule } from './matching.ts';

export interface BenchmarkGraph {
  /** Of its files, without their extensions. */
  readonly prefix: string;
  readonly directed: boolean;
  readonly vertices: readonly bigint[];
  readonly edges: readonly { source: bigint; target: bigint; weight: number }[];
  /** 'bfs.source-vertex' → '1' */
  readonly properties: ReadonlyMap<string, string>;
}

export type Params = { readonly [name: string]: string | number };

/** Runs a job over a graph: rows as the benchmark writes them, in any order. */
export type Runner = (job: string, graph: BenchmarkGraph, params: Params) => Promise<Pairs>;

export interface Algorithm {
  readonly job: string;
  readonly rule: Rule;
  readonly params: (properties: ReadonlyMap<string, string>) => Params;
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

export function edgesOf(path: string): BenchmarkGraph['edges'] {
  return wordsOf(path).map(([source, target, weight = '1']) => ({
    source: BigInt(source!),
    target: BigInt(target!),
    weight: Number(weight),
  }));
}

/** A second word of a line of NAME.v is not read. */
export function readGraph(prefix: string): BenchmarkGraph {
  const properties = new Map(
    wordsOf(`${prefix}.properties`)
      .filter(([, equals]) => equals === '=')
      .map(([key, , value]) => [key!.split('.').slice(2).join('.'), value!]),
  );
  return {
    prefix,
    directed: properties.get('directed') === 'true',
    vertices: wordsOf(`${prefix}.v`).map(([id]) => BigInt(id!)),
    edges: edgesOf(`${prefix}.e`),
    properties,
  };
}

/** `vertex value` a line. */
export const readOutput = (path: string): Pairs =>
  wordsOf(path).map(([vertex, value]) => [vertex!, value!]);
