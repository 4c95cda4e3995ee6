/** `superstep clean`: what dead jobs left behind. Beside outputs of this folder, an overwrite that was cut off is finished or
 * undone first. A checkpoint is what a job may yet go on from: it goes if it is older than asked, not otherwise.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { relative } from 'node:path';
import { configure } from '../config.ts';
import { sweepCheckpoints, sweepOutputs } from '../exec/commit.ts';
import { sweep } from '../exec/temp.ts';
import { given, milliseconds } from './flags.ts';
import { print } from './standard-output.ts';
import { formatCounted } from './units.ts';

export interface CleanFlags {
  readonly older?: string;
  readonly temp?: string;
  readonly dryRun?: true;
}

export async function clean(flags: CleanFlags): Promise<void> {
  const options = given({ olderMs: milliseconds('--older', flags.older), dryRun: flags.dryRun });
  const temp = configure({ temp: flags.temp }).temp.value ?? tmpdir();
  const here = process.cwd();
  const swept = [...sweep(temp, options), ...sweepOutputs(here, randomUUID(), options)];
  if (options.olderMs !== undefined) swept.push(...sweepCheckpoints(here, randomUUID(), options));
  const lines = swept.map(path => `${relative('.', path)}\n`);
  const done = flags.dryRun ? 'would be deleted' : 'deleted';
  await print(`${lines.join('')}${formatCounted(swept.length, 'leftover')} ${done}\n`);
}
