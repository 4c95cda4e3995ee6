/** Which carrier a job's slices go through, and which arena its runs are written to. */
import type { WorkerContext } from '../exec/executor.ts';
import { type Carrier, SharedCarrier } from '../shuffle/carrier.ts';
import { LossyCarrier } from '../shuffle/lossy.ts';
import type { ArenaClient } from '../shuffle/run-writer.ts';
import type { JobContext } from './stage.ts';

export function carrierOf({ chaos }: JobContext, worker: WorkerContext): Carrier {
  const shared = new SharedCarrier(worker);
  return chaos === undefined ? shared : new LossyCarrier(shared, chaos);
}

export function arenaOf({ refuse }: JobContext, worker: WorkerContext): ArenaClient {
  if (refuse?.arena !== true) return worker;
  return { allocate: async () => undefined, view: range => worker.view(range) };
}
