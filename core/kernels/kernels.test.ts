import test from 'ava';
import * as fc from 'fast-check';
import { LimitError } from '../errors.ts';
import { plainKernels } from './fixtures.ts';
import { Kernels } from './kernels.ts';

const MIB = 1 << 20;

test('buffers are aligned, apart, and freed ones are used again', t => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(300_000), fc.boolean()), { maxLength: 60 }), steps => {
      const kernels = plainKernels();
      const held = new Map<number, number>();
      for (const [bytes, freeOne] of steps) {
        const pointer = kernels.alloc(bytes);
        t.is(pointer % 64, 0);
        for (const [other, size] of held)
          t.true(pointer + bytes + 64 <= other || other + size <= pointer);
        held.set(pointer, bytes + 64);
        if (!freeOne) continue;
        const [first] = held.keys();
        kernels.free(first!);
        held.delete(first!);
      }
      for (const pointer of held.keys()) kernels.free(pointer);
      t.is(kernels.usedBytes, 0);
      const before = kernels.heldBytes;
      t.not(kernels.alloc(before - 65_536 - 64), 0); // All free blocks have become one.
      t.is(kernels.heldBytes, before);
    }),
    { numRuns: 30 },
  );
});

test('what is held is what the grant was charged; a refusal is 0', t => {
  let charged = 0;
  const limit = 8 * MIB;
  const grant = {
    reserve(bytes: number) {
      if (charged + bytes > limit) return false;
      charged += bytes;
      return true;
    },
    release(bytes: number) {
      charged -= bytes;
    },
  };
  const kernels = new Kernels(Kernels.compile(), grant);
  t.is(charged, kernels.heldBytes);
  t.not(kernels.alloc(3 * MIB), 0);
  t.is(charged, kernels.heldBytes);
  t.is(kernels.alloc(8 * MIB), 0);
  t.is(charged, kernels.heldBytes);
  const last = kernels.alloc(limit - kernels.heldBytes - 64); // Less than a growing step is left.
  t.not(last, 0);
  kernels.reset();
  t.not(kernels.alloc(kernels.heldBytes - 65_536 - 64), 0);
  kernels.close();
  kernels.close();
  t.is(charged, 0);
});

test('what has grown may be given back; what is left works as before', t => {
  let charged = 0;
  const grant = {
    reserve: (bytes: number) => (charged += bytes) > 0,
    release: (bytes: number) => void (charged -= bytes),
  };
  const kernels = new Kernels(Kernels.compile(), grant);
  const first = kernels.heldBytes;
  const much = kernels.allocOrThrow(20 * MIB, 'a test');
  kernels.u8.fill(1, much, much + 20 * MIB);
  t.true(charged > 20 * MIB);
  kernels.shrink();
  t.is(charged, first);
  t.is(kernels.heldBytes, first);
  t.is(kernels.usedBytes, 0);
  const at = kernels.place(Buffer.from('a\nb\nc'));
  t.is(kernels.raw.countLf(at, at + 5), 2);
  t.is(kernels.raw.asciiUpTo(at, at + 5), 5);
  kernels.close();
  t.is(charged, 0);
});

test('no room for the first page is a LimitError', t => {
  const never = { reserve: () => false, release: () => {} };
  t.throws(() => new Kernels(Kernels.compile(), never), { instanceOf: LimitError, code: 'MEMORY' });
});

test('addresses end below 4 GiB', t => {
  const kernels = plainKernels();
  t.is(kernels.alloc(2 ** 32), 0);
  const high = kernels.alloc(2 ** 31);
  t.not(high, 0);
  const above = kernels.alloc(2 ** 31 - 4 * MIB);
  t.true(above > 2 ** 31);
  kernels.u8[above] = 7;
  t.is(kernels.u8[above], 7);
  t.is(kernels.alloc(4 * MIB), 0);
});

test('freeing what is not a buffer is a bug, and says so', t => {
  const kernels = plainKernels();
  const pointer = kernels.alloc(10);
  kernels.free(pointer);
  kernels.free(0);
  t.throws(() => kernels.free(pointer), { message: /not a buffer/ });
});
