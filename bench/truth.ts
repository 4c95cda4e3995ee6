/** The right answers, kept beside the data they belong to, so that the slow way to them is gone once. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context, Json } from './suite.ts';

/** The answer kept under `key`, which names data by checksum and the way to the answer; or computed, and kept. */
export async function kept<T extends Json>(
  { cache }: Context,
  key: string,
  compute: () => T | Promise<T>,
): Promise<T> {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 24);
  const path = join(cache, `truth-${name}.json`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    const truth = await compute();
    mkdirSync(cache, { recursive: true });
    writeFileSync(`${path}.tmp`, JSON.stringify(truth));
    renameSync(`${path}.tmp`, path);
    return truth;
  }
}
