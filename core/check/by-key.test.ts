/** Every key type through every kind of fold, against the definition, on both carriers. */
import serial from 'ava';
import fc from 'fast-check';
import { rows, type Schema, type Table } from '../index.ts';
import { exactFloats, rowsOf } from './arbitrary-input.ts';
import { holdsOnBoth, RUNS, Sessions } from './engine.ts';
import { folded, KEYS, keyOnly, listed, plain, ranked } from './jobs/by-key.ts';

// One after the other: they share sessions, and the machine.
const test = serial.serial;
const sessions = new Sessions();
test.after.always(() => sessions.close());

/** Values whose sums stay within their columns, and are the same in any order. */
const SUMMED = {
  ones: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  wide: fc.bigInt({ min: -(2n ** 56n), max: 2n ** 56n }),
  small: fc.integer({ min: -(2 ** 24), max: 2 ** 24 }),
  money: fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }),
  real: exactFloats,
};

// oxlint-disable-next-line typescript/no-explicit-any -- columns that are only known at run time.
type Job = { readonly input: Schema } & ((input: any) => Table<Schema>);

for (const [kind, jobs] of Object.entries({ folded, listed, ranked, plain, keyOnly })) {
  for (const [name, key] of Object.entries(KEYS)) {
    const job = jobs[name] as Job;
    test(`${kind}, key ${name}`, async t => {
      const input = rowsOf(job.input, key, kind === 'folded' ? SUMMED : {});
      const make = (data: object[]) => job(rows(data as never, job.input));
      await holdsOnBoth(sessions, input, make, { runs: Math.ceil(RUNS / 5), chaos: 1 });
      t.pass();
    });
  }
}
