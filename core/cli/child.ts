/** Runs the command as a process of its own, for tests, and what such tests share. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface ChildOptions extends SpawnOptions {
  /** What standard input holds; nothing when absent. */
  readonly input?: string;
  /** Standard input does not end. */
  readonly open?: boolean;
  /** For Node itself. */
  readonly node?: readonly string[];
}

/** The process while it runs, and what it was when it ended. */
export function start(
  args: readonly string[],
  { input = '', open = false, node = [], ...options }: ChildOptions = {},
): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
  const child = spawn(process.execPath, [...node, MAIN, ...args], { ...options, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', text => (output.stdout += text));
  child.stderr!.setEncoding('utf8').on('data', text => (output.stderr += text));
  child.stdin!.on('error', () => {}); // A process that ends early does not read all of it.
  if (open) child.stdin!.write(input);
  else child.stdin!.end(input);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child, finished };
}

export function superstep(args: readonly string[], options?: ChildOptions): Promise<Finished> {
  return start(args, options).finished;
}

/** A folder with these files, for the time of a test. */
export function folderOf(
  t: ExecutionContext,
  files: { readonly [path: string]: string } = {},
): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'superstep-test-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
