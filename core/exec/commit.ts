/** The commit of an output on a file system: whole or not at all, whenever the process dies.
 *
 * Order of calls: `Output.open` (checks, recovers, locks), any number of attempts writing to `attemptPath(…)`, then
 * `commit(parts)` or `abort()`. All calls are synchronous: no signal of this process comes between two steps.
 *
 * Beside the destination `<parent>/<name>` lie, until the end:
 *
 *     .<name>.superstep-<job>.lock     the claim: who writes (commit-lock.ts)
 *     .<name>.superstep-<job>/         staging; attempts write here
 *       new      the complete output, one rename away from its place
 *       old      the output that it replaces, renamed aside
 *       trash    what was `old`, from the moment that it is no longer needed
 *
 * And a folder that is not settled, since a later run may go on from it (pregel/checkpoint.ts):
 *
 *     .<name>.superstep-checkpoint/
 *
 * Invariants:
 *  - `old` exists only while `new` is complete and on disk. It is the journal: destination missing and `old` there
 *    means a crash between the two renames; renaming `new` in finishes, renaming `old` back undoes.
 *  - `old` is never deleted in place, but renamed to `trash` first: an `old` that is found is whole.
 *  - A file replaces a file by one rename, with nothing in between. Node has no exchange of two folders, so a folder
 *    takes two renames; a reader in that instant finds no output, a crash there is mended by the next run.
 *
 * Deliberately not here: who may commit (the driver), formats and merging (sinks), several hosts.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TransportError, UsageError } from '../errors.ts';
import { extensionOf } from '../io.ts';
import { syncFile, syncFolder, writeDurably } from '../store/sync.ts';
import {
  checkReplaceable,
  kindOf,
  outputError,
  realPath,
  refuseHarm,
  SUCCESS,
} from './commit-check.ts';
import { removeMade } from './made-folders.ts';
import {
  checkpointPath,
  checkpointsIn,
  claimState,
  Lock,
  leftovers,
  stagingPath,
} from './commit-lock.ts';

export interface OutputRequest {
  /** Of a file or a folder; relative ones are of the working folder. Missing parents are made. */
  readonly path: string;
  /** A built-in format: gives part files their extension. */
  readonly format: string;
  /** `name.ext`: one file. Otherwise a folder of part files. */
  readonly single: boolean;
  readonly overwrite: boolean;
  /** Files and folders that the job reads, as given and as found. */
  readonly inputs: readonly string[];
  /** Unique among all jobs, ever: letters, digits, `-`, `_`. */
  readonly job: string;
  /** What _SUCCESS says beside the parts: plain JSON, the same for every run (no time, host or attempt). */
  readonly about?: { readonly [key: string]: string | number };
}

export interface Committed {
  /** Absolute paths, in order of partition; without _SUCCESS. */
  readonly files: readonly string[];
  readonly bytes: number;
}

export class Output {
  /** The real path of what will be there. */
  readonly destination: string;
  readonly staging: string;
  readonly #request: OutputRequest;
  readonly #lock: Lock;
  /** The first parent folder that had to be made, if any. */
  readonly #made: string | undefined;
  #open = true;

  private constructor(request: OutputRequest, destination: string, lock: Lock, made?: string) {
    this.destination = destination;
    this.staging = stagingPath(destination, request.job);
    this.#request = request;
    this.#lock = lock;
    this.#made = made;
  }

  /** Where checkpoints of the job lie. While the output is open, they are its own. */
  get checkpoint(): string {
    return checkpointPath(this.destination);
  }

  /** Throws UsageError OUTPUT_EXISTS, OUTPUT_REFUSED, OUTPUT_FOREIGN, OUTPUT_LOCKED or OUTPUT_UNWRITABLE, LimitError
   *  DISK_FULL; then nothing has changed, apart from an earlier crash on the same path, which is settled. */
  static open(request: OutputRequest): Output {
    let made: string | undefined;
    let lock: Lock | undefined;
    try {
      const destination = resolveDestination(request.path);
      refuseHarm(destination, request.inputs);
      made = mkdirSync(dirname(destination), { recursive: true });
      lock = Lock.take(destination, request.job);
      settleCrashes(destination, request.job);
      checkReplaceable(destination, request.overwrite);
      const output = new Output(request, destination, lock, made);
      mkdirSync(output.staging);
      return output;
    } catch (error) {
      lock?.release();
      removeMade(made, dirname(request.path));
      throw outputError(error, request.path);
    }
  }

  /** Where an attempt writes its part: unique for each (partition, attempt). */
  attemptPath(partition: number, attempt: string): string {
    return join(
      this.staging,
      `${partName(partition)}-${attempt}${extensionOf(this.#request.format)}`,
    );
  }

  /** Makes `parts` (paths of `attemptPath`, in order of partition; one for a single file) the output. Everything is
   *  on disk before it is visible. Throws what `open` does; then call `abort`, which leaves the old output. */
  commit(parts: readonly string[]): Committed {
    if (!this.#open) throw new TransportError('INTERNAL', 'an output is committed twice');
    try {
      const committed = this.#gather(parts);
      this.#place();
      syncFolder(dirname(this.destination));
      this.#close();
      return committed;
    } catch (error) {
      throw outputError(error, this.destination);
    }
  }

  /** Leaves the destination as it was before `open`, and nothing else. Harmless when called again or after a commit. */
  abort(): void {
    if (!this.#open) return;
    try {
      settle(this.staging, this.destination, 'undo');
      this.#close();
      removeMade(this.#made, dirname(this.destination));
    } catch (error) {
      throw outputError(error, this.destination);
    }
  }

  /** Moves the parts to `new` and everything to disk. */
  #gather(parts: readonly string[]): Committed {
    const { single, format, about } = this.#request;
    if (single && parts.length !== 1) {
      throw new TransportError('INTERNAL', `a single file of ${parts.length} parts`);
    }
    const fresh = join(this.staging, 'new');
    if (!single) mkdirSync(fresh);
    const files: string[] = [];
    let bytes = 0;
    for (const [partition, part] of parts.entries()) {
      bytes += statSync(part).size;
      syncFile(part);
      const name = `${partName(partition)}${extensionOf(format)}`;
      renameSync(part, single ? fresh : join(fresh, name));
      files.push(single ? this.destination : join(this.destination, name));
    }
    if (!single) {
      writeDurably(
        join(fresh, SUCCESS),
        `${JSON.stringify({ ...about, parts: parts.length, bytes })}\n`,
      );
      syncFolder(fresh);
    }
    syncFolder(this.staging);
    return { files, bytes };
  }

  /** `new` to its place. */
  #place(): void {
    const { single, overwrite } = this.#request;
    const fresh = join(this.staging, 'new');
    // Again: hours may have passed, and not everybody who writes files asks for our lock.
    checkReplaceable(this.destination, overwrite);
    const there = kindOf(this.destination);
    if (there === 'none' || (there === 'file' && single)) {
      renameSync(fresh, this.destination);
      return;
    }
    renameSync(this.destination, join(this.staging, 'old'));
    syncFolder(this.staging);
    renameSync(fresh, this.destination);
  }

  #close(): void {
    this.#open = false;
    discardStaging(this.staging);
    this.#lock.release();
  }
}

/** Finishes or undoes what dead jobs left at any destination in `folder`. Returns the paths of the staging folders and
 *  claims that are gone; those of jobs that may be alive stay.
 *  @param job unique, as for `open`.
 *  @param options.olderMs only what was last touched before so long; @param options.dryRun what would go, and stays. */
export function sweepOutputs(
  folder: string,
  job: string,
  { olderMs = 0, dryRun = false }: { readonly olderMs?: number; readonly dryRun?: boolean } = {},
): string[] {
  const swept: string[] = [];
  for (const name of new Set(leftovers(folder).map(found => found.name))) {
    const before = leftovers(folder).filter(found => found.name === name);
    const dead = before.every(
      ({ kind, path }) =>
        isOlder(path, olderMs) && (kind === 'staging' || claimState(path)?.state === 'dead'),
    );
    if (dead && !dryRun) sweepOutput(join(folder, name), job);
    if (dead) {
      const paths = before.map(({ path }) => path);
      swept.push(...paths.filter(path => dryRun || !existsSync(path)));
    }
  }
  return swept;
}

/** Deletes checkpoints beside destinations in `folder` that nobody writes to now. Returns their paths.
 *  @param job unique, as for `open` */
export function sweepCheckpoints(
  folder: string,
  job: string,
  { olderMs = 0, dryRun = false }: { readonly olderMs?: number; readonly dryRun?: boolean } = {},
): string[] {
  return checkpointsIn(folder)
    .filter(({ name, path }) => {
      if (!isOlder(path, olderMs)) return false;
      try {
        const lock = Lock.take(join(folder, name), job);
        try {
          if (!dryRun) rmSync(path, { recursive: true, force: true });
        } finally {
          lock.release();
        }
      } catch (error) {
        if (error instanceof UsageError && error.code === 'OUTPUT_LOCKED') return false;
        throw outputError(error, join(folder, name));
      }
      return true;
    })
    .map(({ path }) => path);
}

function sweepOutput(destination: string, job: string): void {
  try {
    const lock = Lock.take(destination, job);
    try {
      settleCrashes(destination, job);
    } finally {
      lock.release();
    }
  } catch (error) {
    if (error instanceof UsageError && error.code === 'OUTPUT_LOCKED') return;
    throw outputError(error, destination);
  }
}

function isOlder(path: string, olderMs: number): boolean {
  if (olderMs === 0) return true;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs >= olderMs;
}

const partName = (partition: number): string => `part-${String(partition).padStart(5, '0')}`;

function resolveDestination(path: string): string {
  if (path === '' || path.includes('\0') || /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new UsageError('OUTPUT_REFUSED', `'${path}' is not the path of a file or folder`, {
      remedy: 'Write to a path of this machine: --out PATH',
    });
  }
  return realPath(path);
}

/** Under the lock of `destination`: every other staging folder of it belongs to a dead job. */
function settleCrashes(destination: string, job: string): void {
  const mine = leftovers(dirname(destination)).filter(
    found => found.name === basename(destination) && found.job !== job,
  );
  for (const { kind, path } of mine) {
    if (kind === 'claim') continue;
    settle(path, destination, 'finish');
    discardStaging(path);
  }
  // Claims last: while a staging folder is there, so is the claim that says whose it was. A live claim is somebody
  // who asks for the lock right now and will see ours.
  for (const { kind, path } of mine) {
    if (kind === 'claim' && claimState(path)?.state === 'dead') rmSync(path, { force: true });
  }
}

/** The state between two renames is ended: the destination is the new output or the old one. */
function settle(staging: string, destination: string, how: 'finish' | 'undo'): void {
  const [fresh, old] = [join(staging, 'new'), join(staging, 'old')];
  if (!existsSync(old) || kindOf(destination) !== 'none') return;
  renameSync(how === 'finish' && existsSync(fresh) ? fresh : old, destination);
  syncFolder(dirname(destination));
}

/** Deletes a staging folder whose destination is settled. What cannot be deleted stays for the next sweep: the output
 *  is right either way. */
function discardStaging(staging: string): void {
  try {
    if (existsSync(join(staging, 'old'))) renameSync(join(staging, 'old'), join(staging, 'trash'));
    rmSync(staging, { recursive: true, force: true });
  } catch {
    // See above.
  }
}
