/** What has been written is on the device: files, and the names of files in a folder. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A rename is on disk when its folder is. Some network file systems cannot sync a folder, and say EINVAL. */
export function syncFolder(path: string): void {
  try {
    syncFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  }
}

/** A new file with this text. */
export function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
