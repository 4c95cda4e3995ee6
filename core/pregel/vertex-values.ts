/** Which of a graph's columns a program reads, and those of vertices, kept by the thread. */
import { Columns } from './columns.ts';
import type { ProgramSpec } from './define.ts';
import type { Reading, Resident } from './resident.ts';
import { RunReader } from './run-reader.ts';

/** The columns of vertices that the program reads. */
export function vertexValues(
  { resident, carrier }: Reading,
  partition: number,
  { vertex }: ProgramSpec,
): Columns | undefined {
  if (vertex === undefined || Object.keys(vertex).length === 0) return undefined;
  const names = Object.keys(vertex);
  return resident.columns(`vertex ${names.join('\n')} ${partition}`, () => {
    const { vertices, vertexRun } = resident.facts.graph.partitions[partition]!;
    const columns = new Columns(resident.kernels, vertex, vertices);
    const all = ['', '', ...Object.keys(resident.facts.graph.vertex)];
    for (const batch of new RunReader(vertexRun, 0, carrier)) {
      const own = names.map(name => batch.columns[all.indexOf(name)]!);
      columns.load({ rows: batch.rows, columns: own }, 0, batch.first);
    }
    return columns;
  });
}

/** Where in an edge run the columns are that the program reads. */
export function edgeColumns({ edge = {} }: ProgramSpec, { facts }: Resident): number[] {
  const all = ['', ...Object.keys(facts.graph.edge)];
  return Object.keys(edge).map(name => all.indexOf(name));
}
