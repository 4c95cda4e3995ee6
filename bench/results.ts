/** Results as files: bench/results/<suite>.json, which are committed, so that their history is git's. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './machine.ts';
import type { SuiteResult } from './runner.ts';

export const RESULTS = join(ROOT, 'bench/results');

/** Quick runs lie beside the others and are not committed: they never replace published figures. */
export function save(result: SuiteResult, folder = RESULTS): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${result.suite}${result.quick ? '.quick' : ''}.json`);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(result, namesOnly, 2)}\n`);
  renameSync(`${path}.tmp`, path);
  return path;
}

/** Where data lay on the machine that measured is nobody's business: its name says what it is. */
const namesOnly = (key: string, value: unknown): unknown =>
  key === 'path' && typeof value === 'string' ? basename(value) : value;

/** All published results, by name of the suite. */
export function published(folder = RESULTS): SuiteResult[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.endsWith('.json') && !name.endsWith('.quick.json'))
    .toSorted()
    .map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SuiteResult);
}
