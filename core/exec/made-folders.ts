/** Folders that were made on the way to one, as `mkdir -p` makes them, and are not needed after all. */
import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { realPath } from './commit-check.ts';

/** Removes the folders from `folder` up to `made` (what `mkdirSync` answered: the first that was not there), as far as they
 *  are empty. */
export function removeMade(made: string | undefined, folder: string): void {
  if (made === undefined) return;
  try {
    for (let path = realPath(folder); path.length >= made.length; path = dirname(path)) {
      rmdirSync(path);
    }
  } catch {
    // Somebody put something there meanwhile.
  }
}
