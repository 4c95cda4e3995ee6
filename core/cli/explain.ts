/** `superstep explain`: the plan of a job. Reads sizes, headers and footers only. */
import { findJob } from './find-job.ts';
import { findOutputs } from './find-outputs.ts';
import { openOptions, type RunFlags, runOptions } from './flags.ts';
import { printExplained } from '../job/explain.ts';
import { makeTables } from './make-tables.ts';
import { openSession } from './open.ts';
import { print } from './standard-output.ts';

export async function explain(
  name: string,
  paths: readonly string[],
  flags: RunFlags,
): Promise<void> {
  const { partitions } = runOptions(flags);
  const definition = await findJob(name);
  const { tables, single } = await makeTables(definition, paths, flags);
  if (flags.out !== undefined) findOutputs(flags.out, Object.keys(tables), single);
  await using session = await openSession(openOptions(flags));
  const plan = await session.explainData(tables, { partitions, job: definition.ref.name });
  await print(flags.json ? `${JSON.stringify(plan)}\n` : printExplained(plan));
}
