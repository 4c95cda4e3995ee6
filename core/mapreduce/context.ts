/** What a user's functions get beside rows: parameters, side files, what `setup` made, counters, further outputs.
 *
 * Invariant: counters belong to the attempt; they count in the report only if its result does.
 */
import { readFileSync } from 'node:fs';
import { DataError } from '../errors.ts';
import { counterOf } from './counters.ts';
import type { MapReduceSpec } from './define.ts';
import type { SideOutputs } from './side-outputs.ts';

export class UserContext {
  readonly params: { readonly [name: string]: unknown };
  readonly files: { readonly [name: string]: Uint8Array };
  shared: unknown;
  /** By name; without a prototype, since names are the user's. */
  readonly counters: { [name: string]: number } = Object.create(null);

  readonly emitTo: (output: string, row: object) => undefined;

  /** `sides`: where rows of further outputs go. */
  constructor(
    spec: MapReduceSpec | undefined,
    params: { readonly [name: string]: unknown },
    sides: SideOutputs,
  ) {
    this.emitTo = sides.emitTo;
    this.params = Object.freeze({ ...params });
    this.files = Object.fromEntries(
      Object.entries(spec?.files ?? {}).map(([name, path]) => [name, readSide(name, path)]),
    );
    this.shared = spec?.setup?.(this);
  }

  count = counterOf(this.counters);
}

function readSide(name: string, path: string | URL): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError(
      'INPUT_UNREADABLE',
      `side file '${name}' (${String(path)}) cannot be read`,
      {},
      {
        cause: error,
      },
    );
  }
}
