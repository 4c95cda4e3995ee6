/** Standard output, whose reader may go away (`| head`): then what is left is not written, and that is no failure. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const isGone = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
};

/** Once, before anything is written. */
export function tolerateGoneReaders(): void {
  process.stdout.on('error', error => {
    if (!isGone(error)) throw error;
  });
}

/** Resolves when the text has left, or nobody wants it. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, error => (error && !isGone(error) ? reject(error) : resolve()));
  });
}

/** Stops when `signal` is aborted, by throwing its reason: a reader that is slow, or waits, does not hold a stop up. */
export async function printFile(path: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(createReadStream(path), process.stdout, { end: false, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isGone(error)) throw error;
  }
}
