/** What an output may be: where it really lies, whether writing there would harm, whether what is there is ours. */
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';
import { SuperstepError, UsageError } from '../errors.ts';
import { systemError } from '../store/file.ts';

/** What lies at a path itself; a symbolic link is 'other'. */
export function kindOf(path: string): 'none' | 'file' | 'folder' | 'other' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'none';
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other';
}

/** The path without symbolic links and `..`, also when its last parts do not exist yet. */
export function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || dirname(absolute) === absolute) throw error;
    return join(realPath(dirname(absolute)), basename(absolute));
  }
}

const isWithin = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);

/** The home folder as the environment has it and as the system has it; either may be missing in a container. */
function homes(): string[] {
  const found = [homedir()];
  try {
    found.push(userInfo().homedir);
  } catch {
    // A user id without an entry: then there is no such folder to protect.
  }
  return found.filter(home => home !== '' && home !== parse(home).root).map(realPath);
}

/** Throws UsageError OUTPUT_REFUSED when writing `destination` (a real path) could destroy what is not an output:
 *  an input, the working folder, a home folder, a root. `--overwrite` does not change that. */
export function refuseHarm(destination: string, inputs: readonly string[]): void {
  const refuse = (why: string): never => {
    throw new UsageError('OUTPUT_REFUSED', `${destination}: ${why}`, {
      file: destination,
      remedy: 'Write to another path: --out PATH',
    });
  };
  if (destination === parse(destination).root) refuse('is the root of a file system');
  if (isWithin(realPath('.'), destination)) refuse('is or contains the working folder');
  if (homes().some(home => isWithin(home, destination))) refuse('is or contains a home folder');
  for (const input of inputs) {
    const real = realPath(input);
    if (real === destination) refuse('is an input of the job');
    if (isWithin(real, destination)) refuse(`contains an input of the job, ${input}`);
    if (isWithin(destination, real)) refuse(`lies inside an input of the job, ${input}`);
  }
}

const OUR_PART = /^part-\d{5,}\.[a-z0-9.]+$/;
export const SUCCESS = '_SUCCESS';

/** Throws OUTPUT_EXISTS, or with `overwrite` OUTPUT_FOREIGN unless superstep could have written what is there: a
 *  regular file, or a folder of part files and _SUCCESS (or nothing). */
export function checkReplaceable(destination: string, overwrite: boolean): void {
  const kind = kindOf(destination);
  if (kind === 'none') return;
  if (!overwrite) {
    throw new UsageError('OUTPUT_EXISTS', `${destination} exists`, {
      file: destination,
      remedy: 'Replace it with --overwrite, or write to another path: --out PATH',
    });
  }
  const foreign = (what: string): never => {
    throw new UsageError('OUTPUT_FOREIGN', `${destination} ${what}: superstep did not write it`, {
      file: destination,
      remedy: 'Remove it yourself, or write to another path: --out PATH',
    });
  };
  if (kind === 'other') foreign('is neither a regular file nor a folder');
  if (kind !== 'folder') return;
  const entries = readdirSync(destination, { withFileTypes: true });
  const stranger = entries.find(
    entry => !entry.isFile() || !(entry.name === SUCCESS || OUR_PART.test(entry.name)),
  );
  if (stranger !== undefined) foreign(`holds ${stranger.name}`);
  if (entries.length > 0 && !entries.some(entry => entry.name === SUCCESS)) {
    foreign(`holds part files but no ${SUCCESS}`);
  }
}

const NOT_ALLOWED = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'ENAMETOOLONG',
  'EBUSY',
  'ELOOP',
]);

/** A failed system call on an output as a typed error; a typed error as it is. */
export function outputError(error: unknown, destination: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof SuperstepError || typeof code !== 'string') return error;
  if (!NOT_ALLOWED.has(code)) return systemError(error, destination, 'write');
  return new UsageError(
    'OUTPUT_UNWRITABLE',
    `${destination}: cannot be written (${message})`,
    { file: destination, remedy: 'Mend that, or write elsewhere: --out PATH' },
    { cause: error },
  );
}
