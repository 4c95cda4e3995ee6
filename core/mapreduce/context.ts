/** What a user's functions get beside rows: parameters, side files, what `setup` made, counters, further outputs.
 *
 * Invariant: counters belong to the attempt; they count in the report only if its result does.
 */
import { readFileSync } from 'node:fs';
import { DataError, UsageError } from '../errors.ts';
import type { MapReduceSpec } from './define.ts';
import type { SideOutputs } from './side-outputs.ts';

/** Names a job may count under; a counter per key would fill the report and the driver. */
const MAX_COUNTERS = 1000;

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

  count = (counter: string, by = 1): undefined => {
    if (!(counter in this.counters) && Object.keys(this.counters).length >= MAX_COUNTERS) {
      throw new UsageError(
        'USAGE',
        `more than ${MAX_COUNTERS} counters, the next is '${counter}'`,
        {
          remedy: 'Count kinds of things; what differs from row to row is a key to group by',
        },
      );
    }
    this.counters[counter] = (this.counters[counter] ?? 0) + by;
  };
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
