import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import * as fc from 'fast-check';
import { Budget } from './budget.ts';

const MiB = 1 << 20;

test('a slot always gets its floor, whatever the others hold', t => {
  const driver = Budget.create(100 * MiB, 4);
  const greedy = Budget.attach(driver.shared, 1);
  t.is(driver.floorBytes, 12.5 * MiB);
  let bytes = 0;
  while (greedy.reserve(MiB)) bytes += MiB;
  t.true(bytes > 61 * MiB && bytes <= 62.5 * MiB, `${bytes}`);
  for (const slot of [0, 2, 3]) {
    const other = Budget.attach(driver.shared, slot);
    t.true(other.reserve(other.floorBytes));
    t.false(other.reserve(2 * MiB));
  }
  t.true(driver.total() <= driver.limitBytes);
  t.is(driver.peak(), driver.total());
});

test('more than 2^31 bytes', t => {
  const driver = Budget.create(64 * 2 ** 30, 3);
  const worker = Budget.attach(driver.shared, 2);
  t.true(worker.reserve(40 * 2 ** 30));
  t.is(driver.held(2), 40 * 2 ** 30);
  t.false(driver.reserve(20 * 2 ** 30));
  worker.release(39 * 2 ** 30);
  t.true(driver.reserve(20 * 2 ** 30));
  t.is(driver.total(), 21 * 2 ** 30);
});

test('what is released beyond what is held is a bug, and says so', t => {
  const budget = Budget.create(MiB, 1);
  budget.reserve(10);
  t.throws(() => budget.release(11), { code: 'INTERNAL', message: /slot 0 released 11/ });
  t.throws(() => budget.reserve(-1), { code: 'INTERNAL' });
  t.throws(() => budget.reserve(1.5), { code: 'INTERNAL' });
  t.is(budget.held(), 10);
});

test('property: any sequence of several slots keeps every promise', t => {
  const step = fc.record({
    slot: fc.nat(3),
    action: fc.constantFrom('reserve', 'release', 'clear'),
    bytes: fc.oneof(fc.nat(300_000), fc.nat(20 * MiB)),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 * MiB }), fc.array(step), (limit, steps) => {
      const driver = Budget.create(limit, 4);
      const slots = [0, 1, 2, 3].map(slot => Budget.attach(driver.shared, slot));
      const held = [0, 0, 0, 0];
      let peak = 0;
      const unit = Math.max(4096, limit / 2 / 4096);
      for (const { slot, action, bytes } of steps) {
        if (action === 'clear') {
          driver.clear(slot);
          held[slot] = 0;
        } else if (action === 'release') {
          const back = Math.min(bytes, held[slot]!);
          slots[slot]!.release(back);
          held[slot]! -= back;
        } else {
          const after = held[slot]! + bytes;
          const granted = slots[slot]!.reserve(bytes);
          const above = (n: number) => Math.max(0, n - driver.floorBytes);
          const poolFree =
            limit - 4 * driver.floorBytes - held.reduce((sum, each) => sum + above(each), 0);
          if (after <= driver.floorBytes && !granted) return false;
          // Refused only when the pool lacks it, but for a part of a unit a slot and the rounding of the pool.
          if (!granted && above(after) - above(held[slot]!) < poolFree - 5 * unit - 1) return false;
          if (granted) held[slot] = after;
        }
        const total = held.reduce((sum, each) => sum + each, 0);
        if (action === 'reserve') peak = Math.max(peak, total);
        if (driver.total() !== total || total > limit) return false;
        if (held.some((each, i) => driver.held(i) !== each)) return false;
      }
      // All given back, the whole pool can be taken again by one.
      for (const slot of [0, 1, 2, 3]) driver.clear(slot);
      return (
        driver.peak() >= peak &&
        driver.reserve(Math.floor(Math.max(0, driver.floorBytes + limit / 2 - unit)))
      );
    }),
  );
  t.pass();
});

const HAMMER = `
import { workerData } from 'node:worker_threads';
const { Budget } = await import(workerData.url);
const { shared, slot, rounds } = workerData;
const all = new BigInt64Array(workerData.all);
const budget = Budget.attach(shared, slot);
let held = 0;
let random = slot * 2654435761;
for (let i = 0; i < rounds || rounds === 0; i++) {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  const bytes = random % (8 << 20);
  if (random & (1 << 30)) {
    if (budget.reserve(bytes)) {
      held += bytes;
      const total = Atomics.add(all, 0, BigInt(bytes)) + BigInt(bytes);
      if (total > budget.limitBytes) throw new Error('over the limit');
    } else if (held + bytes <= budget.floorBytes) throw new Error('refused within the floor');
  } else {
    const back = Math.min(bytes, held);
    Atomics.sub(all, 0, BigInt(back));
    budget.release(back);
    held -= back;
  }
  if (budget.held() !== held) throw new Error('held is not what this thread holds');
}
`;
/** `all` is the sum of what all of them hold, kept in one atomic word by the test itself. */
const hammer = (shared: SharedArrayBuffer, slot: number, rounds: number, all: SharedArrayBuffer) =>
  new Worker(new URL(`data:text/javascript,${encodeURIComponent(HAMMER)}`), {
    workerData: { shared, slot, rounds, all, url: new URL('./budget.js', import.meta.url).href },
  });

test('threads that hammer it never pass the limit and never corrupt it', async t => {
  const driver = Budget.create(20 * MiB, 4);
  const all = new SharedArrayBuffer(8);
  const workers = [1, 2, 3].map(slot => hammer(driver.shared, slot, 20_000, all));
  await Promise.all(workers.map(worker => once(worker, 'exit')));
  t.true(driver.peak() <= driver.limitBytes);
  for (const slot of [1, 2, 3]) driver.clear(slot);
  t.is(driver.total(), 0);
  t.true(driver.reserve(driver.floorBytes + 9 * MiB));
});

test('terminated threads leave nothing that clear does not give back', async t => {
  const driver = Budget.create(20 * MiB, 3);
  for (let round = 0; round < 5; round++) {
    const all = new SharedArrayBuffer(8);
    const workers = [1, 2].map(slot => hammer(driver.shared, slot, 0, all));
    await Promise.all(workers.map(worker => once(worker, 'online')));
    while (driver.held(1) === 0 || driver.held(2) === 0) await new Promise(setImmediate);
    await Promise.all(workers.map(worker => worker.terminate()));
    driver.clear(1);
    driver.clear(2);
    t.is(driver.total(), 0);
    const most = driver.floorBytes + 10 * MiB - 4096;
    t.true(driver.reserve(most));
    driver.release(most);
  }
});
