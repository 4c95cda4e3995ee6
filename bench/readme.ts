/** Writes the published results between the markers of README.md, and the kernels' between those of bench/README.md:
 * figures are pasted by this, never typed.
 *
 *   node dist/bench/readme.js
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './machine.ts';
import { published } from './results.ts';
import type { SuiteResult } from './runner.ts';
import { markdownTable } from './table.ts';

export const BEGIN = '<!-- bench:begin, written by `npm run bench:readme` -->';
export const END = '<!-- bench:end -->';

/** `text` with `tables` between the markers. Throws an Error if they are not there, once each and in order. */
export function paste(text: string, tables: string): string {
  const [before, rest, ...more] = text.split(BEGIN);
  const [, after, ...evenMore] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(
      `README.md needs these two lines, once each, around the tables:\n${BEGIN}\n${END}`,
    );
  }
  return `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`;
}

/** What users ask first, first; kernels are for those who work on them. */
const README = [
  'wordcount',
  'pagerank',
  'pagerank-graphology',
  'start',
  'memory',
  'scaling',
  'tasks',
];
const isKernels = ({ suite }: SuiteResult): boolean => suite.startsWith('kernels-');

function pasteInto(file: string, results: readonly SuiteResult[]): void {
  const path = join(ROOT, file);
  writeFileSync(path, paste(readFileSync(path, 'utf8'), results.map(markdownTable).join('\n\n')));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = published();
  if (results.length === 0) throw new Error('no results: npm run bench -- wordcount');
  pasteInto(
    'README.md',
    README.flatMap(name => results.find(({ suite }) => suite === name) ?? []),
  );
  pasteInto('bench/README.md', results.filter(isKernels));
}
