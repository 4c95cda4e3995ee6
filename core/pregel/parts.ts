/** What every task over a partition begins with: which graph and partition, and the degrees of its vertices. */
import { placesByCount } from '../kernels/places.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import type { Run } from '../store/run.ts';
import type { Resident } from './resident.ts';
import { RunReader } from './run-reader.ts';

/** Which partition of which graph. Plain data; `facts` is shared memory, so it costs nothing to send. */
export interface GraphPart {
  readonly key: string;
  readonly version: number;
  readonly facts: SharedArrayBuffer;
  readonly partition: number;
}

/** The edges out of a partition's vertices, or into them. */
export function edgesOf(
  { facts }: Resident,
  partition: number,
  channel: 'out' | 'in',
): {
  readonly edgeRun: Run;
  readonly vertexRun: Run;
  readonly edges: number;
  readonly degree: number;
} {
  // Undirected, the edges are the same either way.
  if (channel === 'in' && facts.graph.directed) {
    return { ...facts.transposed![partition]!, degree: 0 };
  }
  return { ...facts.graph.partitions[partition]!, degree: 1 };
}

/** The address of the number of edges of each vertex (i32), loaded once. @throws LimitError MEMORY */
export function degreesOf(
  resident: Resident,
  carrier: Carrier,
  partition: number,
  channel: 'out' | 'in',
): number {
  const { kernels } = resident;
  const { vertices } = resident.facts.graph.partitions[partition]!;
  const { vertexRun, degree } = edgesOf(resident, partition, channel);
  const name = `${channel}-degrees ${partition}`;
  const known = resident.known(name);
  if (known !== undefined) return known;
  const pointer = resident.need(name, vertices * 4, `the degrees of ${vertices} vertices`);
  for (const { first, rows, columns } of new RunReader(vertexRun, 0, carrier)) {
    kernels.copyIn(columns[degree]!.data.subarray(0, rows * 4), pointer + first * 4);
  }
  return pointer;
}

/** The address of the place of each vertex (i32) among the values that are gathered, the vertex with the most edges first. @throws LimitError MEMORY */
export function placesOf(
  resident: Resident,
  carrier: Carrier,
  partition: number,
  channel: 'out' | 'in',
): number {
  const { vertices } = resident.facts.graph.partitions[partition]!;
  const name = `${channel}-places ${partition}`;
  const known = resident.known(name);
  if (known !== undefined) return known;
  const degrees = degreesOf(resident, carrier, partition, channel);
  const pointer = resident.need(name, vertices * 4, `the order of ${vertices} vertices`);
  placesByCount(resident.kernels, degrees, vertices, pointer);
  return pointer;
}
