/** The edges into vertices, for programs that ask for them. Driver side. */
import type { GraphHandle } from './graph-handle.ts';
import { UsageError } from '../errors.ts';
import type { Tasking } from './tasks.ts';

export async function transpose(_tasking: Tasking, handle: GraphHandle): Promise<void> {
  const { graph } = handle;
  if (graph.directed) throw new UsageError('NOT_YET', 'edges into vertices');
  // The same edges either way.
  const transposed = graph.partitions.map(({ vertexRun, edgeRun, edges }) => ({
    vertexRun,
    edgeRun,
    edges,
  }));
  handle.change({ transposed }, { ranges: [], runs: [] });
}
