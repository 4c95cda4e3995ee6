/** A task: the arranged edges to one partition, taken into the memory of the thread where messages will be folded along them.
 *
 * Nothing depends on it: a superstep takes what it does not find. It is here because it belongs to arranging, once for all programs over a graph.
 */
import { LimitError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import type { JobContext } from '../mapreduce/stage.ts';
import { ArrangedEdges } from './arranged-edges.ts';
import type { GraphPart } from './parts.ts';
import { Resident } from './resident.ts';

export interface HoldArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  readonly channel: 'out' | 'in';
  /** Of an edge: 0, 4 or 8. */
  readonly weightBytes: number;
}

export function runHold(argument: HoldArgument, worker: WorkerContext): void {
  const { context, part, channel, weightBytes } = argument;
  const resident = Resident.of(worker, part, context);
  const carrier = carrierOf(context, worker);
  try {
    const arranged = resident.facts[channel]!;
    const reading = { resident, carrier };
    ArrangedEdges.to(reading, channel, arranged, part.partition, weightBytes).hold();
  } catch (error) {
    // What a superstep needs, it will ask for itself.
    if (!(error instanceof LimitError)) throw error;
  } finally {
    carrier.close();
  }
}
