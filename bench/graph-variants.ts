/** How the graph suites run what they compare: from a text of edges to a file of values, the processing timed, loading and
 * the makespan beside it.
 *
 * Processing begins with the graph in memory and ends with the values in memory, for the engine (`process` of its report,
 * in which it also arranges edges by target) and for all others.
 */
import { join } from 'node:path';
import type { OpenOptions, Schema, Table } from 'superstep';
import { type Graph, readGraph } from './baseline/graph.ts';
import { graphTrials } from './engine.ts';
import { compile } from './rivals/c.ts';
import type { Variant } from './suite.ts';
import { writeValues } from './values.ts';

export interface GraphData {
  readonly path: string;
}

export function engine<D>(
  name: string,
  options: OpenOptions,
  table: (data: D) => Table<Schema>,
  warmups = 1,
): Variant<D> {
  return {
    name,
    warmups,
    start: data =>
      graphTrials(
        options,
        () => table(data),
        ({ seconds }) => seconds.process,
      ),
  };
}

/** The baseline's graph, and `run` over it. `convert` is what has to be done to it first: it counts as loading. */
export function plain<D extends GraphData, G = Graph>(
  name: string,
  columns: 2 | 3,
  run: (graph: G, data: D) => Float64Array | Int32Array | Uint32Array,
  { convert, warmups = 1 }: { convert?: (graph: Graph) => G; warmups?: number } = {},
): Variant<D> {
  return {
    name,
    warmups,
    start: async data => ({
      async trial(folder) {
        const began = performance.now();
        const read = readGraph(data.path, columns);
        const graph = convert === undefined ? (read as G) : convert(read);
        const loaded = performance.now();
        const values = run(graph, data);
        const ended = performance.now();
        const result = writeValues(join(folder, 'values'), values);
        const process = (ended - loaded) / 1000;
        const figures = {
          'load s': (loaded - began) / 1000,
          'process s': process,
          'makespan s': (performance.now() - began) / 1000,
        };
        return { seconds: process, result, figures };
      },
    }),
  };
}

/** A program of bench/rivals in C, told the graph's path, `args` and its output's, which has the extension of its type. */
export function c<D extends GraphData>(
  program: 'bfs' | 'wcc' | 'pagerank',
  extension: '.f64' | '.i32' | '.u32',
  args: (data: D) => readonly string[],
): Variant<D> {
  return {
    name: 'C -O3',
    async start(data, folder) {
      const run = await compile(program, folder);
      return {
        async trial(at) {
          const result = join(at, `values${extension}`);
          const { load, process, seconds, peakBytes } = await run(data.path, ...args(data), result);
          const figures = { 'load s': load, 'process s': process, 'makespan s': seconds };
          const trial = { seconds: process, result, figures };
          return peakBytes === undefined ? trial : { ...trial, peakBytes };
        },
      };
    },
  };
}
