/** A suite for the runner's own tests: one variant that is right, and one for each way not to be. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Absent, suite, type Variant } from '../suite.ts';

interface Data {
  readonly n: number;
}

const variant = (
  name: string,
  trial: (data: Data, call: number) => number,
  secondsOf = (call: number) => call,
): Variant<Data> => ({
  name,
  warmups: 2,
  async start(data) {
    let calls = 0;
    return {
      async trial(folder) {
        if (readdirSync(folder).length > 0) throw new Error('the folder of a trial is not empty');
        writeFileSync(join(folder, 'left'), 'over');
        calls++;
        return { seconds: secondsOf(calls), result: trial(data, calls), figures: { calls } };
      },
    };
  },
});

export default suite<Data, { readonly square: number }>({
  name: 'fixture',
  title: 'A square',
  unit: 'squares',
  rival: 'slow',
  trials: 3,
  variants: [
    variant('right', ({ n }) => n * n),
    variant('slow', ({ n }) => n * n),
    variant(
      'uneven',
      ({ n }) => n * n,
      call => 2 ** call,
    ),
    variant('wrong', ({ n }) => n + n),
    variant('wrong in its third trial', ({ n }, call) => (call === 5 ? 0 : n * n)),
    variant('throws', () => {
      throw new Error('thrown here');
    }),
    variant('exits', () => process.exit(3)),
    {
      name: 'absent',
      async start() {
        throw new Absent('not on this machine');
      },
    },
  ],
  data: ({ cache }) => ({ n: existsSync(cache) ? 7 : 0 }),
  truth: ({ n }) => ({ square: n ** 2 }),
  units: () => 6,
  verify: (result, { square }) => (result === square ? undefined : `${result} is not ${square}`),
});
