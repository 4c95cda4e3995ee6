/** One job at a time writes to a destination: claims, files of unique name beside it.
 *
 * To take the lock of `<parent>/<name>`: create `.<name>.superstep-<job>.lock` with one's owner inside, then list the
 * folder. No other live claim: it is ours. Otherwise the claim that sorts higher withdraws, and the lower looks again
 * while the others are too young to be holders. Two jobs cannot both hold: each created its claim before it listed,
 * so at least one saw the other (Lamport's bakery, with files).
 *
 * Invariants: a name is never used twice, so deleting a dead job's claim can hurt nobody; a claim is never renamed
 * (a listing may miss an entry that is being renamed); no lock is ever taken over in place.
 *
 * Deliberately not here: flock (absent from Node, and unreliable on network file systems), hard links, leases.
 */
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TransportError, UsageError } from '../errors.ts';
import { type Owner, ownerState, parseOwner, thisOwner } from './owner.ts';
import { discard } from '../store/file.ts';

/** A claim older than this belongs to a holder, not to one who still looks; a claim without content older than this
 *  was left by a crash. Looking takes microseconds. */
const ASKING_MS = 1000;
/** Between two looks. */
const POLL_MS = 10;

/** In place of a job's id: checkpoints are of whichever job runs next. */
const CHECKPOINT = 'checkpoint';
const LEFTOVER = /^\.(.+)\.superstep-([A-Za-z0-9_-]+)(\.lock)?$/s;

/** Something of superstep's beside a destination. */
export interface Leftover {
  /** The destination's name within its folder. */
  readonly name: string;
  readonly job: string;
  readonly kind: 'staging' | 'claim';
  readonly path: string;
}

/** What superstep has in a folder: staging folders and claims, of jobs alive or dead, in order of file name. Checkpoints
 *  are none of it: they are there to be found again. */
export function leftovers(folder: string): Leftover[] {
  const found: Leftover[] = [];
  for (const entry of readdirSync(folder).toSorted()) {
    const [, name, job, lock] = LEFTOVER.exec(entry) ?? [];
    if (name === undefined || job === undefined || job === CHECKPOINT) continue;
    found.push({
      name,
      job,
      kind: lock === undefined ? 'staging' : 'claim',
      path: join(folder, entry),
    });
  }
  return found;
}

export interface ClaimState {
  readonly state: 'alive' | 'dead' | 'elsewhere';
  readonly owner?: Owner;
  readonly ageMs: number;
}

/** Whether the maker of a claim lives; undefined when the claim has gone. */
export function claimState(path: string): ClaimState | undefined {
  try {
    const ageMs = Date.now() - statSync(path).mtimeMs;
    const owner = parseOwner(readFileSync(path, 'utf8'));
    if (owner !== undefined) return { state: ownerState(owner), owner, ageMs };
    return { state: ageMs > ASKING_MS ? 'dead' : 'alive', ageMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export class Lock {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Takes the lock of `destination` or throws UsageError OUTPUT_LOCKED, which names who has it. `job` must be unique. */
  static take(destination: string, job: string): Lock {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(job)) {
      throw new TransportError('INTERNAL', `'${job}' cannot be the id of a job`);
    }
    const lock = new Lock(`${stagingPath(destination, job)}.lock`);
    const claim = openSync(lock.path, 'wx');
    try {
      writeFileSync(claim, JSON.stringify(thisOwner()));
      lock.#wait(destination, job);
    } catch (error) {
      lock.release();
      throw error;
    } finally {
      closeSync(claim);
    }
    return lock;
  }

  release(): void {
    discard(this.path);
  }

  #wait(destination: string, job: string): void {
    for (;;) {
      const others = liveClaims(destination, job);
      const [first] = others;
      if (first === undefined) return;
      const mayGo = others.every(({ job: other, claim }) =>
        claim.owner === undefined
          ? true // Not written yet, or never to be: it is dead soon.
          : claim.state === 'alive' && claim.ageMs <= ASKING_MS && other > job,
      );
      if (!mayGo) throw locked(destination, first);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    }
  }
}

/** Where a job's files lie until it commits: beside the destination, so that a rename is enough. */
export function stagingPath(destination: string, job: string): string {
  return join(dirname(destination), `.${basename(destination)}.superstep-${job}`);
}

/** Of whichever destinations in a folder. */
export function checkpointsIn(folder: string): { readonly name: string; readonly path: string }[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap(entry => {
      const [, name, job, lock] = LEFTOVER.exec(entry) ?? [];
      if (name === undefined || job !== CHECKPOINT || lock !== undefined) return [];
      return [{ name, path: join(folder, entry) }];
    });
}

export function checkpointPath(destination: string): string {
  return stagingPath(destination, CHECKPOINT);
}

interface Live {
  readonly job: string;
  readonly path: string;
  readonly claim: ClaimState;
}

function liveClaims(destination: string, job: string): Live[] {
  const live: Live[] = [];
  for (const other of leftovers(dirname(destination))) {
    if (other.kind !== 'claim' || other.name !== basename(destination) || other.job === job) {
      continue;
    }
    const claim = claimState(other.path);
    if (claim !== undefined && claim.state !== 'dead') {
      live.push({ job: other.job, path: other.path, claim });
    }
  }
  return live;
}

function locked(destination: string, { job, path, claim }: Live): UsageError {
  const process =
    claim.owner === undefined ? '' : ` (process ${claim.owner.pid} on ${claim.owner.host})`;
  return new UsageError('OUTPUT_LOCKED', `${destination}: job ${job} is writing it${process}`, {
    file: destination,
    remedy:
      claim.state === 'elsewhere'
        ? `Wait for that job, or write elsewhere. If it no longer runs, delete ${path}`
        : 'Wait for that job, or write elsewhere.',
  });
}
