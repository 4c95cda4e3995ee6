/** Row functions and those of vertex programs are synchronous: an async map would emit after its rows were taken, and rows be lost in silence.
 *  TypeScript says so where it can (they return undefined, not void); this says it to JavaScript. */
import { UsageError } from '../errors.ts';
import { printValue } from './value.ts';

/** What is lost when a function goes on after its call, and what to do instead. */
type Lost = 'rows' | 'vertex';
const LOST: { readonly [L in Lost]: readonly [string, string] } = {
  rows: [
    'its rows would be lost',
    'Make it a plain function that calls emit. To wait for something, use mapBatch, which may be async, or setup.',
  ],
  vertex: [
    'what it does later would be lost',
    'Make it a plain function that returns nothing. What has to be waited for comes before the run: as a parameter, or as a column of vertices or edges.',
  ],
};

/** `where` is "wordcount: map". Throws UsageError DEFINITION_INVALID or ASYNC_FUNCTION. */
export function checkFunction(value: unknown, where: string, lost: Lost = 'rows'): void {
  if (typeof value !== 'function') {
    throw new UsageError('DEFINITION_INVALID', `${where} is ${printValue(value)}, not a function`);
  }
  const kind = value.constructor.name;
  if (/^(Async|Generator)/.test(kind)) throw asyncFunction(where, lost);
}

/** The error for a function that gives back a promise or an iterator: thrown at definition where the function
 *  says that it is async, otherwise by whoever called it. */
export function asyncFunction(where: string, lost: Lost = 'rows'): UsageError {
  const [what, remedy] = LOST[lost];
  return new UsageError('ASYNC_FUNCTION', `${where} is async, or a generator: ${what}`, { remedy });
}

/** Whether a row function broke its promise to return nothing. */
export function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('then' in value || 'next' in value);
}
