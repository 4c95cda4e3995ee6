import test from 'ava';
import * as fc from 'fast-check';
import { highKernels, movingKernels, placeU32 } from './fixtures.ts';
import { countFlags, countSent, touch } from './messages.ts';

test('flags are counted, and of those that are set the edges', t => {
  const flags = fc.array(fc.tuple(fc.boolean(), fc.oneof(fc.nat(3), fc.constant(2 ** 31 - 1))), {
    maxLength: 40,
  });
  for (const kernels of [highKernels(), movingKernels()]) {
    fc.assert(
      fc.property(flags, all => {
        const at = kernels.alloc(all.length);
        kernels.u8.set(
          all.map(([is]) => Number(is)),
          at,
        );
        const degrees = placeU32(
          kernels,
          all.map(([, degree]) => degree),
        );
        const sent = all.filter(([is]) => is);
        t.is(countFlags(kernels, at, all.length), sent.length);
        t.deepEqual(countSent(kernels, at, degrees, all.length), {
          edges: sent.reduce((sum, [, degree]) => sum + degree, 0),
          senders: sent.filter(([, degree]) => degree > 0).length,
        });
        kernels.free(at);
        kernels.free(degrees);
      }),
      { numRuns: 100 },
    );
  }
});

test('what is touched may end where memory does', t => {
  const kernels = movingKernels();
  const { length } = kernels.u8;
  for (const bytes of [0, 1, 63, 64, 255, 256, 257, 512, 1000]) {
    t.notThrows(() => touch(kernels, length - bytes, bytes));
  }
});
