/** A generated data set as a file: made once, found again by what it was made from.
 *
 * The file and a record of its size and checksum (`<file>.json`) lie side by side. The file is written under another
 * name and renamed, then its record is: a file with a record is whole. Without one, or of another size, it is made
 * again. Two processes that make the same file at once both write the same bytes.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { blocksOf, type Recipe, recipeOf } from './generated.ts';

export interface Made {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}
/** Counts changes to what the generators write, so that files of before are not taken for those of now. */
const VERSION = 1;

/** The file's name: everything its bytes depend on. */
export function fileName({ kind, ...values }: Recipe): string {
  return `${[kind, ...Object.values(values)].join('-')}.v${VERSION}.txt`;
}

/** Makes the file of a recipe in `folder`, unless it is there. Leaves nothing behind when it fails. Throws UsageError USAGE for
 *  a recipe that cannot be. */
export function makeFile({ kind, ...given }: Recipe, folder: string): Made {
  const recipe = recipeOf(kind, given);
  const path = join(folder, fileName(recipe));
  const there = existing(path);
  if (there !== undefined) return there;
  mkdirSync(folder, { recursive: true });
  const unique = `.${randomUUID()}.tmp`;
  const hash = createHash('sha256');
  const file = openSync(path + unique, 'wx');
  let bytes = 0;
  try {
    for (const block of blocksOf(recipe)) {
      for (let at = 0; at < block.length; ) at += writeSync(file, block, at);
      hash.update(block);
      bytes += block.length;
    }
    fsyncSync(file);
    const made = { path, bytes, sha256: hash.digest('hex') };
    writeFileSync(`${path}.json${unique}`, JSON.stringify({ bytes, sha256: made.sha256 }));
    renameSync(path + unique, path);
    renameSync(`${path}.json${unique}`, `${path}.json`);
    return made;
  } catch (error) {
    rmSync(path + unique, { force: true });
    rmSync(`${path}.json${unique}`, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function existing(path: string): Made | undefined {
  try {
    const record = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Omit<Made, 'path'>;
    return statSync(path).size === record.bytes ? { path, ...record } : undefined;
  } catch {
    return undefined; // Not there, or not whole: it is made.
  }
}
