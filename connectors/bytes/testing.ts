/** What the tests of connectors share: a temporary folder a test, the shared test data, and a reader of whole splits. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import {
  type DataError,
  type Details,
  type Limits,
  loadCodec,
  type Schema,
  type Source,
  type SourceOptions,
  type Split,
} from 'superstep/internal';

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

/** All rows of an input, split at `hintBytes`. */
export async function readRows(
  source: Source,
  where: readonly string[],
  columns: Schema,
  options: SourceOptions = {},
  hintBytes = 1 << 24,
): Promise<object[]> {
  const { rowsOf } = await loadCodec();
  const facts = await source.describe(where, options);
  source.check(facts, options, columns);
  const rows: object[] = [];
  for (const split of source.split(facts, hintBytes)) {
    const reader = source.open(split, options, LIMITS, columns);
    if (reader.kind !== 'batches') throw new Error(`not batches: ${reader.kind}`);
    try {
      for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
        for (const row of rowsOf(batch, columns)) rows.push(row);
      }
    } finally {
      reader.close();
    }
  }
  return rows;
}

/** What a typed error says. */
export async function failureOf(
  of: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string; readonly details: Details }> {
  try {
    await of;
  } catch (error) {
    const { code, message, details } = error as DataError;
    return { code, message, details };
  }
  throw new Error('it did not fail');
}
