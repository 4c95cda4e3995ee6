/** From what the user named to files: paths, folders, globs and standard input become facts, sorted by path bytes.
 *
 * The order does not depend on the order of arguments, because a shell's own order of a glob depends on the locale.
 * Folders are read recursively, through links; names that start with `_` or `.` are skipped there and by globs, and
 * read when they are named. What is not a regular file (standard input, a pipe) is copied into the job's folder as it
 * is read, so that its tasks can be retried and no worker blocks on it. Nothing else is opened here.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, openSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import {
  abandon,
  cancelledBy,
  closeWhole,
  DataError,
  type FileFact,
  type Planning,
  system,
  UsageError,
  writeAll,
} from 'superstep/internal';
import { globMatcher, globReach, globRoot, isGlob } from './glob.ts';

/** Folders inside folders; links that lead back to a folder above are found before that. */
const FOLDER_DEPTH = 256;

/** Throws UsageError INPUT_MISSING, INPUT_NO_MATCH, INPUT_EMPTY_FOLDER; DataError INPUT_UNREADABLE; LimitError
 *  DISK_FULL while standard input is copied. */
export async function describeFiles(
  where: readonly string[],
  planning: Planning = {},
): Promise<readonly FileFact[]> {
  const facts: FileFact[] = [];
  if (where.indexOf('-') !== where.lastIndexOf('-')) {
    throw new UsageError('USAGE', '-: standard input is named twice', {
      remedy: 'It can be read once: name it once',
    });
  }
  for (const path of where) {
    if (path === '-') {
      const stdin = planning.stdin ?? (planning.spoolFolder ? process.stdin : undefined);
      facts.push(await spooled(stdin, 'standard input', planning));
      continue;
    }
    for (const [found, stats] of expand(path)) {
      facts.push(
        stats.isFile()
          ? {
              path: found,
              bytes: stats.size,
              mtimeMs: stats.mtimeMs,
              kind: /\.gz$/i.test(found) ? 'gzip' : 'plain',
            }
          : await spooled(planning.spoolFolder && createReadStream(found), found, planning),
      );
    }
  }
  return facts.toSorted((a, b) => compareBytes(a.name ?? a.path, b.name ?? b.path));
}

/** What to call all of them in an error: 'a.txt and 3 more'. */
export function nameOf([first, ...more]: readonly FileFact[]): string {
  const name = first === undefined ? 'no files' : (first.name ?? first.path);
  return more.length > 0 ? `${name} and ${more.length} more` : name;
}

const compareBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

type Found = readonly [path: string, stats: Stats];

function expand(path: string): Found[] {
  const stats = statOf(path);
  if (stats === undefined) {
    if (!isGlob(path)) {
      throw new UsageError('INPUT_MISSING', `${path}: no such file or folder`, {
        file: path,
        remedy: `Check the path; it is looked up from ${process.cwd()}`,
      });
    }
    const found = matches(path);
    if (found.length === 0) {
      throw new UsageError('INPUT_NO_MATCH', `${path}: matches no file`, {
        file: path,
        remedy: `Check the pattern; it is matched below ${join(process.cwd(), globRoot(path))}. Names that start with _ or . are skipped`,
      });
    }
    return found;
  }
  if (!stats.isDirectory()) return [[path, stats]];
  const found: Found[] = [];
  walk(path, [], found);
  if (found.length === 0) {
    throw new UsageError('INPUT_EMPTY_FOLDER', `${path}: the folder has no files`, {
      file: path,
      remedy: 'Names that start with _ or . are skipped; name such a file itself to read it',
    });
  }
  return found;
}

/** Undefined where there is nothing. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw unreadable(path, error);
  }
}

/** A DataError for an operation on a file that failed. */
export function unreadable(path: string, cause: unknown, offset?: number): DataError {
  const { code = 'error' } = cause as NodeJS.ErrnoException;
  const why =
    { EACCES: 'permission denied', EMFILE: 'too many open files', ELOOP: 'links in a circle' }[
      code
    ] ?? (cause as Error).message;
  return new DataError(
    'INPUT_UNREADABLE',
    `${path}: cannot be read: ${why}`,
    {
      file: path,
      ...(offset !== undefined && { offset }),
      remedy:
        code === 'EACCES'
          ? `Allow the user that runs superstep to read it, or leave it out`
          : code === 'EMFILE'
            ? 'Raise the number of open files: ulimit -n'
            : 'Check the file and the disk it is on, or leave it out',
    },
    { cause },
  );
}

/** Names of a folder in byte order. */
function names(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted(compareBytes);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

const identity = (stats: Stats | undefined): string => `${stats?.dev}:${stats?.ino}`;

const below = (folder: string, name: string): string =>
  folder === '' ? name : folder.endsWith('/') ? folder + name : `${folder}/${name}`;

/** All files below a folder. `above` are the folders we came through, by device and inode. */
function walk(folder: string, above: readonly string[], found: Found[]): void {
  const self = identity(statOf(folder));
  if (above.includes(self) || above.length >= FOLDER_DEPTH) return;
  for (const name of names(folder)) {
    if (/^[._]/.test(name)) continue;
    const path = below(folder, name);
    const stats = statOf(path);
    if (stats === undefined) throw unreadable(path, new Error('the link leads nowhere'));
    if (stats.isDirectory()) walk(path, [...above, self], found);
    else if (stats.isFile()) found.push([path, stats]);
  }
}

/** Files that a pattern matches, and all files of folders that it matches, as a shell would have passed them. */
function matches(pattern: string): Found[] {
  const isMatch = globMatcher(pattern);
  const { depth, hidden } = globReach(pattern);
  const found: Found[] = [];
  const descend = (folder: string, level: number, above: readonly string[]): void => {
    const at = statOf(folder === '' ? '.' : folder);
    const self = identity(at);
    if (!at?.isDirectory() || above.includes(self)) return;
    for (const name of names(folder === '' ? '.' : folder)) {
      const path = below(folder, name);
      const skipped = /^[._]/.test(name) && !hidden;
      const stats = skipped ? undefined : statOf(path);
      if (stats === undefined) continue; // A link that leads nowhere is no match.
      if (isMatch(path)) {
        if (stats.isDirectory()) walk(path, [...above, self], found);
        else if (stats.isFile()) found.push([path, stats]);
      } else if (stats.isDirectory() && level < depth) descend(path, level + 1, [...above, self]);
    }
  };
  const root = globRoot(pattern);
  descend(root, root === '' ? 1 : root.split('/').length, []);
  return found;
}

/** Copies what can be read only once, or, for a plan that is only shown, says that it is there. */
async function spooled(
  from: AsyncIterable<Uint8Array> | undefined,
  name: string,
  { spoolFolder, signal }: Planning,
): Promise<FileFact> {
  if (from === undefined || spoolFolder === undefined) {
    return { path: '-', bytes: 0, mtimeMs: 0, kind: 'stdin', name };
  }
  const path = join(spoolFolder(), `stdin-${randomUUID()}`);
  const fd = system(path, 'create', () => openSync(path, 'wx', 0o600));
  let magic = Buffer.alloc(0);
  try {
    for await (const chunk of readable(from, name, signal)) {
      if (magic.length < 3) magic = Buffer.concat([magic, chunk.subarray(0, 3)]);
      writeAll(fd, chunk, path);
    }
  } catch (error) {
    abandon(fd, path);
    throw error;
  }
  closeWhole(fd, path);
  const { size, mtimeMs } = statSync(path);
  // There is no name that could say so. 8 is deflate, the only method (RFC 1952, 2.3.1).
  const isGzip = magic[0] === 0x1f && magic[1] === 0x8b && magic[2] === 8;
  return { path, bytes: size, mtimeMs, kind: isGzip ? 'gzip' : 'stdin', name };
}

async function* readable(
  from: AsyncIterable<Uint8Array>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  // A terminal or a pipe may never say anything: then only its end ends the wait.
  if (signal !== undefined && from instanceof Readable) addAbortSignal(signal, from);
  try {
    for await (const chunk of from) yield Buffer.from(chunk);
  } catch (error) {
    if (signal?.aborted === true) throw cancelledBy(signal);
    throw unreadable(name, error);
  }
}
