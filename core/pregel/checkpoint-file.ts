/** The manifest of a checkpoint: the file that makes it one. JSON with its own checksum; written beside, on the device, then
 * renamed over the one before, so that whenever the process ends there is the old one or the new one, whole.
 *
 * Besides what a program is at a barrier it holds *facts*: what the job, its code, inputs and graph were, each in words, so that
 * a checkpoint of something else is refused by name.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { DataError, UsageError } from '../errors.ts';
import { discard, system } from '../store/file.ts';
import { syncFolder, writeDurably } from '../store/sync.ts';
import type { Saved } from './checkpoint-task.ts';
import type { Tally } from './kept.ts';

/** What was, and what is: in words of the user. */
export type Facts = readonly (readonly [what: string, is: string])[];

export interface Manifest {
  /** Of the job, and of the graph as it was loaded. */
  readonly facts: Facts;
  readonly graph: Facts;
  readonly superstep: number;
  readonly every: number;
  /** Beside the manifest: where the files are. */
  readonly folder: string;
  /** As text: numbers may be infinite, or bigints. */
  readonly aggregates: string;
  readonly edges: boolean;
  /** Edges into vertices were asked for. */
  readonly transposed: boolean;
  /** Of a graph that has changed, as text: what it is besides its runs. */
  readonly changed: string | null;
  readonly tally: Tally;
  readonly partitions: readonly (Saved & { readonly awake: number })[];
}

const FORMAT = 'superstep checkpoint 2';
const checksumOf = (manifest: unknown): string =>
  createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

export const packValues = (values: object): string => serialize(values).toString('base64');
export const unpackValues = (text: string): { readonly [name: string]: unknown } =>
  deserialize(Buffer.from(text, 'base64')) as { readonly [name: string]: unknown };

/** From here on the checkpoint is this one. @throws LimitError DISK_FULL, IO */
export function writeManifest(path: string, manifest: Manifest): void {
  const fresh = `${path}.new`;
  // Of a run that was killed.
  discard(fresh);
  system(fresh, 'write', () => {
    const text = { format: FORMAT, sha256: checksumOf(manifest), manifest };
    writeDurably(fresh, `${JSON.stringify(text)}\n`);
    renameSync(fresh, path);
    syncFolder(dirname(path));
  });
}

/** Undefined: there is none. @throws DataError CHECKPOINT_CORRUPT, LimitError IO */
export function readManifest(path: string): Manifest | undefined {
  if (!existsSync(path)) return undefined;
  const text = system(path, 'read', () => readFileSync(path, 'utf8'));
  let read: { readonly format?: unknown; readonly sha256?: unknown; readonly manifest?: unknown };
  try {
    read = JSON.parse(text) as typeof read;
  } catch (error) {
    throw damaged(path, 'it is not JSON', error as Error);
  }
  if (read?.format !== FORMAT) throw damaged(path, `it does not say '${FORMAT}'`);
  if (read.manifest === undefined || checksumOf(read.manifest) !== read.sha256) {
    throw damaged(path, 'its checksum differs');
  }
  return read.manifest as Manifest;
}

export function damaged(file: string, why: string, cause?: Error): DataError {
  return new DataError(
    'CHECKPOINT_CORRUPT',
    `${file}: the checkpoint is damaged: ${why}`,
    { file, remedy: 'Run the job without --resume: it begins anew, and replaces the checkpoint.' },
    { cause },
  );
}

/** Differences that are told. */
const MOST = 4;
/** Longer facts are not printed. */
const LONG = 60;

/** @param folder of the checkpoint @throws UsageError CHECKPOINT_FOREIGN */
export function checkFacts(folder: string, was: Facts, now: Facts): void {
  const [before, after] = [new Map(was), new Map(now)];
  const differ = [...new Set([...before.keys(), ...after.keys()])].filter(
    what => before.get(what) !== after.get(what),
  );
  if (differ.length === 0) return;
  const told = differ.slice(0, MOST).map(what => {
    const [old, is] = [before.get(what), after.get(what)];
    if (old === undefined) return `${what} is new`;
    if (is === undefined) return `${what} is gone`;
    if (Math.max(old.length, is.length) > LONG) return `${what}: not the same`;
    return `${what}: ${old} then, ${is} now`;
  });
  if (differ.length > MOST) told.push(`and ${differ.length - MOST} more`);
  throw new UsageError(
    'CHECKPOINT_FOREIGN',
    `${folder}: the checkpoint is of another run: ${told.join('; ')}`,
    {
      file: folder,
      remedy: 'Run the job without --resume: it begins anew. Or as it was run before.',
    },
  );
}
