/** For tests of what goes wrong: runs the command in a folder and shows what it said and what it left. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { type ChildOptions, folderOf, superstep } from '../../cli/child.ts';

/** A folder with a place for temporary files inside. */
export interface Place {
  readonly folder: string;
  /** Spilled data, and rows on their way to standard output. */
  readonly temp: string;
}

const TEMP = 'temporary';

export function placeOf(t: ExecutionContext, files: { readonly [path: string]: string }): Place {
  const folder = folderOf(t, files);
  const temp = join(folder, TEMP);
  mkdirSync(temp);
  chmodSync(folder, 0o777);
  chmodSync(temp, 0o777);
  return { folder, temp };
}

/** Every path in a folder and below it, in order of name. */
export function listing(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).toSorted();
}

/** Names and contents of what is there: whatever fails has to leave it as it is. */
export function stateOf(folder: string): { [path: string]: string } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files.map(entry => {
      const path = join(entry.parentPath, entry.name);
      return [path, entry.isFile() ? readFileSync(path, 'latin1').slice(0, 1 << 16) : entry.name];
    }),
  );
}

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `superstep run …`, quietly: standard error is the error. */
export function run(
  { folder, temp }: Place,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Run> {
  const env = { ...process.env, TMPDIR: temp, ...options.env };
  return superstep(['run', '--quiet', '--workers', '2', ...args], {
    cwd: folder,
    ...options,
    env,
  });
}

const PROGRAM = fileURLToPath(new URL('./entry.js', import.meta.url));

/** Runs a story of entry.ts to its end; returns what it says of its failure, with code 'none' where there was none. */
export function runStory(
  { folder, temp }: Place,
  story: string,
  { node = [], env = process.env }: ChildOptions = {},
): { readonly code: string; readonly message: string } {
  const options = { cwd: folder, env: { ...env, TMPDIR: temp }, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...node, PROGRAM, story],
    options,
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as { code: string; message: string };
}

/** Runs a command that has to fail with `exit`, say exactly `lines`, and leave the folder as it was.
 *  @param lines of standard error; a pattern matches a whole line */
export async function fails(
  t: ExecutionContext,
  place: Place,
  args: readonly string[],
  exit: number,
  lines: readonly (string | RegExp)[],
  options?: ChildOptions,
): Promise<Run> {
  const before = stateOf(place.folder);
  const done = await run(place, args, options);
  const said = done.stderr.split('\n');
  t.is(done.code, exit, done.stderr);
  t.is(said.pop(), '');
  for (const [i, line] of lines.entries()) {
    if (typeof line === 'string') t.is(said[i], line);
    else t.regex(said[i] ?? '', line, done.stderr);
  }
  t.is(said.length, lines.length, done.stderr);
  t.is(done.stdout, '');
  t.deepEqual(stateOf(place.folder), before, 'nothing is left, nothing has changed');
  return done;
}

/** For a process that the system refuses what it refuses others: it lets root do anything. Undefined, and said, where no
 *  other user can run this copy. */
export async function asNobody(
  t: ExecutionContext,
  place: Place,
): Promise<ChildOptions | undefined> {
  if (process.getuid?.() !== 0) return {};
  const nobody = { uid: 65_534, gid: 65_534, env: { HOME: place.folder } };
  const probe = await run(place, ['no-such-job', 'x'], nobody).catch(() => undefined);
  if (probe?.code === 2) return nobody;
  t.log('skipped: another user cannot run this copy');
  return undefined;
}

/** Mounts a file system in memory at `path`, of one MiB unless `options` say otherwise, where this process may. */
export function smallDisk(t: ExecutionContext, path: string, options = 'size=1m'): boolean {
  mkdirSync(path);
  const args = ['-t', 'tmpfs', '-o', options, 'tmpfs', path];
  if (spawnSync('mount', args, { stdio: 'ignore' }).status !== 0) {
    t.log('skipped: mounting a small file system needs root');
    return false;
  }
  t.teardown(() => execFileSync('umount', ['-l', path]));
  return true;
}

/** Distinct words, ten a line. */
export const distinct = (words: number): string =>
  Array.from({ length: words }, (_, i) => `w${i.toString(36)}${i % 10 === 9 ? '\n' : ' '}`).join(
    '',
  );

/** A job whose map says that it runs (a file `mapping`) and waits for a file `go`. */
export const SLOW = `import { existsSync, writeFileSync } from 'node:fs';
import { mapReduce, utf8 } from 'superstep';
const words = new Int32Array(new SharedArrayBuffer(4));
const wait = () => {
  writeFileSync('mapping', '');
  while (!existsSync('go')) Atomics.wait(words, 0, 0, 5);
};
export default mapReduce({
  name: 'slow',
  input: { line: utf8 },
  value: { line: utf8 },
  map(row, emit) {
    wait();
    emit(row);
  },
});
`;

/** Waits until something is so; the test's own time limit ends it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 2));
}
