/** Runs the command as a process of its own, for tests. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param input what standard input holds; nothing when absent. */
export function superstep(
  args: readonly string[],
  { input = '', ...options }: SpawnOptions & { readonly input?: string } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], { ...options, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', text => (output.stdout += text));
  child.stderr!.setEncoding('utf8').on('data', text => (output.stderr += text));
  child.stdin!.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
}
