/** Temporary folders: made by a session, found by the next one when it was killed.
 *
 * A folder holds `owner.json`: which process of which start of which machine made it. It is deleted on close; `sweep`
 * deletes those whose owner is dead. A folder appears under its name with its owner inside, by one rename.
 *
 * A file system in memory is refused for spilled data unless it was named: it would be the memory that spilling is
 * to spare.
 */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { SuperstepError, UsageError } from '../errors.ts';
import { discard, systemError } from '../store/file.ts';
import { removeMade } from './made-folders.ts';
import { ownerState, parseOwner, thisOwner } from './owner.ts';

const PREFIX = 'superstep-';
/** Under this name until the owner is inside. */
const MAKING = '.superstep-making-';
const OWNER = 'owner.json';
/** Making a folder takes milliseconds. */
const MAKING_MS = 3_600_000;
/** TMPFS_MAGIC of statfs(2). */
const TMPFS = 0x0102_1994;

export interface TempFolder {
  readonly path: string;
  /** Deletes it and all in it. */
  remove(): void;
}

/** A new folder in `parent`, which is made if need be.
 *  @param named whether the user asked for this parent: then it may lie in memory
 *  @throws UsageError TEMP_TMPFS, TEMP_UNWRITABLE, LimitError DISK_FULL, IO; then nothing is left of it */
export function makeTemp(parent: string, named: boolean): TempFolder {
  const folder = resolve(parent);
  let made: string | undefined;
  let making: string | undefined;
  try {
    made = mkdirSync(folder, { recursive: true });
    if (!named && statfsSync(folder).type === TMPFS) throw inMemory(folder);
    sweep(folder);
    making = mkdtempSync(join(folder, MAKING));
    writeFileSync(join(making, OWNER), JSON.stringify(thisOwner()));
    const path = join(folder, PREFIX + making.slice(join(folder, MAKING).length));
    renameSync(making, path);
    return { path, remove: () => discard(path) };
  } catch (error) {
    if (making !== undefined) removed(making);
    removeMade(made, folder);
    throw tempError(error, folder);
  }
}

/** Why nothing can be made in a folder, by the system's code; whatever else it says is a failure of the device. */
const REASONS: { readonly [code: string]: string } = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'it is not a folder, or lies in what is not one',
  EEXIST: 'it is not a folder, or lies in what is not one',
  ENOENT: 'no folder can be made there',
  ELOOP: 'links in a circle',
  ENAMETOOLONG: 'the name is too long',
};

function tempError(error: unknown, folder: string): unknown {
  if (error instanceof SuperstepError) return error;
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return systemError(error, folder, 'write');
  return new UsageError(
    'TEMP_UNWRITABLE',
    `${folder}: temporary files cannot be written there: ${reason}`,
    { file: folder, remedy: 'Name another folder with --temp DIR.' },
    { cause: error },
  );
}

function inMemory(folder: string): UsageError {
  return new UsageError(
    'TEMP_TMPFS',
    `${folder} lies in memory (tmpfs), and what does not fit in memory is to be written there`,
    { file: folder, remedy: 'Name a folder on a disk with --temp, or this one if you mean it.' },
  );
}

export interface SweepOptions {
  /** Only folders that were not changed for so long. Default 0. */
  readonly olderMs?: number;
  /** Finds, and deletes nothing. */
  readonly dryRun?: boolean;
}

/** Deletes the temporary folders in `parent` whose owners are dead. Returns their paths. A folder that cannot be read or
 *  deleted is left. */
export function sweep(parent: string, options: SweepOptions = {}): string[] {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    return [];
  }
  return names
    .filter(name => name.startsWith(PREFIX) || name.startsWith(MAKING))
    .map(name => join(parent, name))
    .filter(path => abandoned(path, options.olderMs ?? 0))
    .filter(path => options.dryRun === true || removed(path));
}

function abandoned(path: string, olderMs: number): boolean {
  try {
    const info = statSync(path);
    const ageMs = Date.now() - info.mtimeMs;
    if (!info.isDirectory() || ageMs < olderMs) return false;
    const owner = parseOwner(readOwner(path));
    if (owner !== undefined) return ownerState(owner) === 'dead';
    // Killed while it was made. Anything else without an owner is not ours.
    return path.includes(MAKING) && ageMs > MAKING_MS;
  } catch {
    return false;
  }
}

function readOwner(path: string): string {
  try {
    return readFileSync(join(path, OWNER), 'utf8');
  } catch {
    return '';
  }
}

function removed(path: string): boolean {
  try {
    rmSync(path, { recursive: true });
    return true;
  } catch {
    return false;
  }
}
