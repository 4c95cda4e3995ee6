/** From `--out` to where each table goes. */
import { join } from 'node:path';
import { refuse } from './flags.ts';

export type Destinations =
  /** Rows to standard output: as a table for the eye, or as csv. */
  | { readonly to: 'standard output' }
  /** Paths by table. */
  | { readonly to: 'files'; readonly paths: { readonly [table: string]: string } };

/** `--out PATH`, `--out name=PATH` for a job of several tables, `--out -` or none. Throws UsageError USAGE.
 * @param names of the tables; @param single whether the one table has no name of its own. */
export function findOutputs(
  outs: readonly string[],
  names: readonly string[],
  single: boolean,
): Destinations {
  if (outs.length === 0 || (outs.length === 1 && outs[0] === '-')) {
    if (single) return { to: 'standard output' };
    return refuse(
      `the job makes several tables (${names.join(', ')})`,
      'Write them to files: --out DIR',
    );
  }
  if (single) {
    const [path, second] = outs;
    if (second !== undefined)
      refuse(`--out ${second}: the job makes one table`, 'Give --out once.');
    return { to: 'files', paths: { [names[0]!]: path! } };
  }
  const [first] = outs;
  if (outs.length === 1 && !names.some(name => first!.startsWith(`${name}=`))) {
    return {
      to: 'files',
      paths: Object.fromEntries(names.map(name => [name, join(first!, name)])),
    };
  }
  const paths: { [table: string]: string } = {};
  for (const out of outs) {
    const name = names.find(n => out.startsWith(`${n}=`));
    if (name === undefined) {
      return refuse(
        `--out ${out}: the tables are ${names.join(', ')}`,
        `Say which: --out ${names[0]}=PATH`,
      );
    }
    if (Object.hasOwn(paths, name)) refuse(`--out ${name}= is given twice`, 'Give it once.');
    paths[name] = out.slice(name.length + 1);
  }
  const missing = names.find(name => !Object.hasOwn(paths, name));
  if (missing !== undefined) {
    refuse(`table '${missing}' goes nowhere`, `Add: --out ${missing}=PATH`);
  }
  return { to: 'files', paths };
}
