/** The version of this copy of superstep, from its package.json: read once, when somebody asks. */
import { readFileSync } from 'node:fs';

let known: string | undefined;

export function version(): string {
  // dist/core/define/version.js: the package lies three folders up.
  known ??= (
    JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    }
  ).version;
  return known;
}
