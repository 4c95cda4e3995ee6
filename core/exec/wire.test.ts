import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import type { SuperstepError } from '../errors.ts';
import { Control, controlBytes, inSequence, nextSequence } from './control.ts';
import { pack, packToFile, unpack } from './wire.ts';

const what = (): string => 'it';
const noRange = (): Uint8Array => {
  throw new Error('no range');
};

test('what is packed comes back, owned or not', t => {
  const value = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(value, fc.boolean(), (given, owned) => {
      t.deepEqual(unpack(pack(given, what), noRange, owned), structuredClone(given));
    }),
  );
});

test('shared memory is passed on, not copied, also when only a view of it is given', t => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  for (const value of [words, { deep: [words.buffer] }, { deep: new Map([[1, words]]) }]) {
    const wire = pack(value, what) as { kind: string; value: unknown };
    t.is(wire.kind, 'shared');
    const back = unpack(wire as never, noRange, false);
    t.deepEqual(back, value);
  }
  const back = unpack(pack(words, what), noRange, false) as Int32Array;
  words[0] = 7;
  t.is(back[0], 7);
});

test('a value read twice is two values', t => {
  const wire = pack(new Float64Array([1, 2]), what);
  const once = unpack(wire, noRange, false) as Float64Array;
  once[0] = 100;
  t.deepEqual(unpack(wire, noRange, false), new Float64Array([1, 2]));
});

test('a view of a large buffer takes what it shows', t => {
  const wire = pack(new Uint8Array(1 << 20).subarray(5, 10), what) as Uint8Array;
  t.true(wire.buffer.byteLength < 100);
});

test('a file that was changed is not believed', t => {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-wire-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'object');
  const wire = packToFile(pack({ a: 1 }, what) as Uint8Array, path);
  t.deepEqual(unpack(wire, noRange, false), { a: 1 });
  writeFileSync(path, 'x');
  const error = t.throws<SuperstepError>(() => unpack(wire, noRange, false));
  t.is(error?.code, 'SEGMENT_CORRUPT');
  rmSync(path);
  t.is(t.throws<SuperstepError>(() => unpack(wire, noRange, false))?.code, 'IO');
});

test('a file that cannot be written says why, and the one that is there stays', t => {
  const folder = mkdtempSync(join(tmpdir(), 'superstep-wire-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'object');
  writeFileSync(path, 'x');
  const error = t.throws<SuperstepError>(() => packToFile(new Uint8Array(1), path));
  t.is(error?.code, 'IO');
  t.true(
    error?.message.startsWith(`${path}: cannot create: file already exists (EEXIST)`),
    error?.message,
  );
  t.is(readFileSync(path, 'utf8'), 'x');
});

test('a run begins or is taken back, never both', t => {
  const shared = new SharedArrayBuffer(controlBytes(2));
  const driver = new Control(shared, 1);
  const worker = new Control(shared, 1);
  driver.reset();
  t.true(worker.start(0));
  t.false(worker.start(0));
  t.false(worker.start(2));
  // Runs 1 to 4 were sent.
  t.is(driver.revoke(5), 1);
  for (let sequence = 1; sequence < 5; sequence++) t.false(worker.start(sequence));
  t.true(worker.start(5));
  t.is(driver.revoke(6), 6);
});

test('sequence numbers are used again', t => {
  const last = 0x3fff_ffff;
  t.is(nextSequence(last), 0);
  t.true(inSequence(last, last - 1, 2));
  t.true(inSequence(1, last - 1, 2));
  t.false(inSequence(2, last - 1, 2));
  t.false(inSequence(5, 5, 5));
});

test('each slot has its own words', t => {
  const shared = new SharedArrayBuffer(controlBytes(3));
  const [a, b] = [new Control(shared, 1), new Control(shared, 2)];
  a.reset();
  b.reset();
  a.reading(3, 2 ** 40);
  a.addBytes(5);
  a.addBytes(7);
  a.current = 4;
  t.deepEqual([a.read, a.bytes, a.current], [{ file: 3, offset: 2 ** 40 }, 12, 4]);
  t.deepEqual([b.read.file, b.bytes, b.current], [-1, 0, -1]);
});
