/** What a result must say about where it was measured. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  /** Of this repository; with a + if files differ from it. */
  readonly commit: string;
  /** Processes that wanted a core when the suite began, one-minute average: others disturb. */
  readonly load: number;
}

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    commit: commit(),
    load: loadavg()[0] ?? 0,
  };
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
}

function commit(): string {
  try {
    // What suites before have written does not count.
    const files = ['--', '.', ':(exclude)bench/results'];
    const status = git('status', '--porcelain', '--untracked-files=no', ...files);
    const changed = status === '' ? '' : '+';
    return git('rev-parse', '--short=12', 'HEAD') + changed;
  } catch {
    return 'unknown'; // A copy without its repository.
  }
}
