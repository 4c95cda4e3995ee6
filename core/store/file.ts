/** Whole writes and whole reads on a file descriptor, and system errors with a type.
 *
 * Synchronous: segments are written and read by worker threads, on regular files only, and `emit` may spill before
 * it returns.
 */
import { closeSync, readSync, rmSync, writeSync } from 'node:fs';
import { DataError, LimitError } from '../errors.ts';

/** One call to the system moves at most this much: 2^31 − 1 is what Node takes; whole pages of that. */
const CALL_BYTES = 2 ** 31 - 4096;

/** Writes all of `bytes` at the current position; the system may take them in portions. */
export function writeAll(descriptor: number, bytes: Uint8Array, path: string): void {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(CALL_BYTES, bytes.length - done);
    done += system(path, 'write', () => writeSync(descriptor, bytes, done, length));
  }
}

/** Fills `bytes` from `position` of a segment. A file that ends earlier has been cut: SEGMENT_CORRUPT. */
export function readAll(
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  path: string,
): void {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(CALL_BYTES, bytes.length - done);
    const got = system(path, 'read', () =>
      readSync(descriptor, bytes, done, length, position + done),
    );
    if (got === 0) {
      throw new DataError('SEGMENT_CORRUPT', `${path}: ends at byte ${position + done}`, {
        file: path,
        offset: position + done,
        remedy: 'Something cut the file short while the job ran. Run the job again.',
      });
    }
    done += got;
  }
}

/** Deletes a file, or a folder with all in it, that nobody needs any more. What cannot be deleted stays, for whoever sweeps
 *  the folder it lies in: on a device that has failed, that failure is the one to report. */
export function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // See above.
  }
}

/** Closes a file that was written whole. Throws LimitError DISK_FULL, IO: then the device has not taken all of it, and the
 *  file is gone. */
export function closeWhole(descriptor: number, path: string): void {
  try {
    system(path, 'close', () => closeSync(descriptor));
  } catch (error) {
    discard(path);
    throw error;
  }
}

/** Ends a file that is not to be: closed and deleted. */
export function abandon(descriptor: number, path: string): void {
  closeQuietly(descriptor);
  discard(path);
}

/** Closes a file of which nothing more is wanted. */
export function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // The descriptor is gone, whatever close says.
  }
}

/** Runs a call to the file system; what it throws leaves as one of our errors. */
export function system<T>(path: string, doing: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw systemError(error, path, doing);
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FILES = new Set(['EMFILE', 'ENFILE']);

/** The typed form of an error of the file system: DISK_FULL where space or a quota ended, otherwise IO.
 * @param doing a verb: 'write', 'read', 'create'. */
export function systemError(error: unknown, path: string, doing: string): LimitError {
  const { code = 'unknown', message } = error as NodeJS.ErrnoException;
  if (FULL.has(code)) {
    return new LimitError(
      'DISK_FULL',
      `${path}: no space left to ${doing} to it (${code})`,
      {
        file: path,
        remedy: 'Free some space there, or put temporary files elsewhere with --temp DIR.',
      },
      { cause: error },
    );
  }
  const remedy = FILES.has(code)
    ? 'Raise the limit of open files (ulimit -n), or run with fewer --workers.'
    : 'Look at the disk and at the rights on the folder; --temp DIR puts temporary files elsewhere.';
  return new LimitError(
    'IO',
    `${path}: cannot ${doing}: ${reasonOf(message)} (${code})`,
    { file: path, remedy },
    { cause: error },
  );
}

/** 'i/o error' of 'EIO: i/o error, write'. */
const reasonOf = (message: string): string => /^[A-Z\d]+: ([^,]+)/.exec(message)?.[1] ?? message;
