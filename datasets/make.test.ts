import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeFile } from './make.ts';

const recipe = { kind: 'zipf', size: 100_000, distinct: 100, seed: 1 } as const;

test('a file is made once, found again, and made again when it is not whole', t => {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-make-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const made = makeFile(recipe, join(folder, 'new'));
  const bytes = readFileSync(made.path);
  t.is(bytes.length, made.bytes);
  t.is(createHash('sha256').update(bytes).digest('hex'), made.sha256);

  const before = statSync(made.path).ino;
  t.deepEqual(makeFile(recipe, join(folder, 'new')), made);
  t.is(statSync(made.path).ino, before);

  truncateSync(made.path, 10);
  t.deepEqual(makeFile(recipe, join(folder, 'new')), made);
  t.is(statSync(made.path).size, made.bytes);
  t.is(readdirSync(join(folder, 'new')).length, 2);
});

test('a recipe that is refused leaves nothing', t => {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-make-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.throws(() => makeFile({ ...recipe, distinct: 50_000 }, folder), { code: 'USAGE' });
  t.throws(() => makeFile({ ...recipe, seed: -1 }, folder), {
    message: 'zipf: seed cannot be -1',
  });
  t.deepEqual(readdirSync(folder), []);
});
