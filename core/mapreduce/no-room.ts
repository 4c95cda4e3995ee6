/** What a task says when it cannot work with the memory it is always granted: its name, where it was, its largest keys, and,
 * as the remedy, the flag.
 *
 *     lines: reduce of partition 3: no memory for a batch (5242880 bytes)
 *     largest keys: line "aaaaaa… (4,194,308 bytes), line "bbbbbb… (1,048,580 bytes)
 */
import { type Details, LimitError } from '../errors.ts';

/** Of the engine's own memory. What user code holds on the heap is another matter: see heapCheck. */
export class NoRoom extends LimitError {
  /** The same, with the operator that it befell. */
  at(operator: string, details: Details): NoRoom {
    return again(this, `${operator}: ${this.message}`, details);
  }
}

export const isMemory = (error: unknown): error is LimitError =>
  error instanceof LimitError && error.code === 'MEMORY';

/** A MEMORY error with the keys that may be why, in its second line. */
export function withKeys(error: LimitError, keys: readonly string[]): NoRoom {
  const named = keys.length === 0 ? '' : `\nlargest keys: ${keys.join(', ')}`;
  return again(error, `${error.message}${named}`, {});
}

const again = (error: LimitError, message: string, details: Details): NoRoom =>
  new NoRoom('MEMORY', message, { ...error.details, ...details }, { cause: error.cause });
