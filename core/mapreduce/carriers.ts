/** Which carrier a job's slices go through. */
import type { WorkerContext } from '../exec/executor.ts';
import { type Carrier, SharedCarrier } from '../shuffle/carrier.ts';
import { LossyCarrier } from '../shuffle/lossy.ts';
import type { JobContext } from './stage.ts';

export function carrierOf({ chaos }: JobContext, worker: WorkerContext): Carrier {
  const shared = new SharedCarrier(worker);
  return chaos === undefined ? shared : new LossyCarrier(shared, chaos);
}
