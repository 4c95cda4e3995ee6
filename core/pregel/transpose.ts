/** The edges into vertices, for programs that ask for them. Driver side. */
import type { GraphHandle } from './graph-handle.ts';
import { transposeGraph } from './load/transpose.ts';
import type { Tasking } from './tasks.ts';

export async function transpose(tasking: Tasking, handle: GraphHandle): Promise<void> {
  const { graph } = handle;
  if (!graph.directed) {
    // The same edges, either way.
    const transposed = graph.partitions.map(({ vertexRun, edgeRun, edges }) => {
      return { vertexRun, edgeRun, edges };
    });
    return handle.change({ transposed }, { ranges: [], runs: [] });
  }
  const { inEdges, parts } = await transposeGraph({ ...tasking, name: 'graph', graph });
  const owned = {
    ranges: parts.flatMap(({ ranges }) => ranges),
    runs: inEdges.flatMap(({ vertexRun, edgeRun }) => [vertexRun, edgeRun]),
  };
  handle.change({ transposed: inEdges }, owned);
}
