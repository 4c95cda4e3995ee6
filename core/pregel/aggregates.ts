/** The aggregates of a program, between supersteps. Driver side.
 *
 * Order of calls: `current` is what `master` sees and may set, and then `compute`; `add` what each partition has aggregated, in order of
 * partition; `next` at the barrier.
 */
import type { Schema } from '../define/schema.ts';
import { fits, printType, printValue } from '../define/value.ts';
import { TaskError } from '../errors.ts';
import type { ProgramSpec } from './define.ts';
import { identityOf, mergeOf } from './values.ts';

type Values = { [name: string]: unknown };

export class Aggregates {
  readonly #spec: ProgramSpec;
  readonly #of: NonNullable<ProgramSpec['aggregates']>;
  #now: Values;

  constructor(spec: ProgramSpec, now?: Values) {
    this.#spec = spec;
    this.#of = spec.aggregates ?? {};
    this.#now = now ?? this.#identities();
  }

  #identities(): Values {
    const entries = Object.entries(this.#of);
    return Object.fromEntries(
      entries.map(([name, { type, combine }]) => [name, identityOf(combine, type)]),
    );
  }

  get current(): Values {
    return this.#now;
  }

  /** What a master may have set is of the right type. @throws TaskError TYPE_MISMATCH */
  check(): void {
    const types: Schema = Object.fromEntries(
      Object.entries(this.#of).map(([name, { type }]) => [name, type]),
    );
    for (const [name, type] of Object.entries(types)) {
      const value = this.#now[name];
      // The identities of min and max of integers are infinite.
      if (fits(value, type) || typeof value === 'number') continue;
      throw new TaskError(
        'TYPE_MISMATCH',
        `${this.#spec.name}: master: aggregate '${name}' is ${printType(type)}, got ${printValue(value)}`,
      );
    }
  }

  /** @throws DataError SUM_OVERFLOW */
  next(partials: readonly { readonly [name: string]: unknown }[]): void {
    const next = this.#identities();
    for (const [name, { type, combine, persistent }] of Object.entries(this.#of)) {
      if (persistent) next[name] = this.#now[name];
      const merge = mergeOf(combine, type, `${this.#spec.name}: aggregate '${name}'`);
      for (const partial of partials) {
        if (Object.hasOwn(partial, name)) next[name] = merge(next[name], partial[name]);
      }
    }
    this.#now = next;
  }
}
