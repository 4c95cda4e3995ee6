/** What the tests of connectors share: a temporary folder a test, the shared test data, and a reader of whole splits. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Limits, Source, SourceOptions, Split } from 'superstep/internal';

/** A folder that is deleted when the test ends. */
export function temporary(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder of the test data that lies beside the repository; undefined, and a line in the log, where it is absent. */
export function shared(t: ExecutionContext, folder: string): string | undefined {
  const path = join('..', 'shared', 'data', folder);
  if (existsSync(path)) return path;
  t.log(`skipped: no ${path}`);
  t.pass();
  return undefined;
}

/** What text files have. */
export const LINE = { line: { type: 'utf8' } } as const;
export const LIMITS: Limits = { chunkBytes: 1 << 20, recordBytes: 16 << 20 };

/** The bytes of one split, and where each chunk was. */
export async function readSplit(
  source: Source,
  split: Split,
  options: SourceOptions = {},
  limits = LIMITS,
): Promise<{ file: string; offset: number; bytes: Buffer }[]> {
  const reader = source.open(split, options, limits, LINE);
  if (reader.kind !== 'text') throw new Error(`not text: ${reader.kind}`);
  const chunks = [];
  try {
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      chunks.push({ file: reader.file, offset: reader.offset, bytes: Buffer.from(chunk) });
    }
  } finally {
    reader.close();
  }
  return chunks;
}

/** All bytes of an input, split at `hintBytes`. */
export async function readAll(
  source: Source,
  where: readonly string[],
  options: SourceOptions = {},
  hintBytes = 1 << 24,
  limits = LIMITS,
): Promise<Buffer> {
  const all: Buffer[] = [];
  for (const split of source.split(await source.describe(where, options), hintBytes)) {
    const travelled = JSON.parse(JSON.stringify(split)) as Split;
    for (const { bytes } of await readSplit(source, travelled, options, limits)) all.push(bytes);
  }
  return Buffer.concat(all);
}
