import test from 'ava';
import fc from 'fast-check';
import { anyBatch, anyFields, cellsOf } from '../batch/arbitrary.ts';
import type { Carrier } from './carrier.ts';
import { Assembly, cutFrame, FRAME_BYTES, framesIn } from './frames.ts';
import { LossyCarrier } from './lossy.ts';

test('every batch comes over a line that loses, doubles, damages and reorders, as it was', t => {
  fc.assert(
    fc.property(
      anyFields.chain(fields => anyBatch(fields).map(batch => ({ fields, batch }))),
      fc.integer(),
      ({ fields, batch }, seed) => {
        const under: Carrier = { read: () => batch, close() {} };
        const came = new LossyCarrier(under, seed).read({ batches: [] }, 0, fields);
        t.deepEqual(cellsOf(fields, came), cellsOf(fields, batch));
      },
    ),
    { numRuns: 50 },
  );
});

test('frames assemble in any order; a damaged one counts as missing', t => {
  const bytes = Uint8Array.from({ length: 3 * FRAME_BYTES + 5 }, (_, i) => i * 7);
  const assembly = new Assembly(bytes.length);
  t.is(framesIn(bytes.length), 4);
  assembly.take(cutFrame(bytes, 3));
  assembly.take({ ...cutFrame(bytes, 1), bytes: new Uint8Array(FRAME_BYTES) });
  assembly.take(cutFrame(bytes, 0));
  assembly.take(cutFrame(bytes, 0));
  t.deepEqual(assembly.missing(), [1, 2]);
  assembly.take(cutFrame(bytes, 2));
  assembly.take(cutFrame(bytes, 1));
  t.deepEqual(assembly.missing(), []);
  t.deepEqual(Buffer.compare(assembly.bytes, bytes), 0);
});
