import test from 'ava';
import * as fc from 'fast-check';
import { Arena, type Range } from './arena.ts';
import { Budget } from './budget.ts';
import { arenaBytes } from './shares.ts';

const MiB = 1 << 20;

test('slabs are 64 MiB, or a sixteenth of a small limit', t => {
  for (const [limit, slab] of [
    [4096, 64],
    [512, 32],
    [40, 2],
    [8, 1],
  ] as const) {
    const arena = new Arena(Budget.create(limit * MiB, 3));
    arena.allocate([1]);
    t.is(arena.heldBytes, slab * MiB);
    t.is(arena.usedBytes, 64);
  }
});

test('half of the limit, less where workers would have less than 32 MiB each, a quarter at least', t => {
  for (const [limit, slots, most] of [
    [1024, 3, 512],
    [128, 3, 64],
    [96, 3, 32],
    [64, 3, 16],
    [64, 2, 32],
    [64, 9, 16],
  ] as const) {
    const budget = Budget.create(limit * MiB, slots);
    const arena = new Arena(budget, { slabBytes: MiB });
    while (arena.allocate([MiB]) !== undefined);
    t.is(budget.held(), most * MiB, `${limit} MiB, ${slots} slots`);
    t.is(arenaBytes(budget), most * MiB);
  }
});

test('all or nothing: a refusal leaves no range behind', t => {
  const budget = Budget.create(32 * MiB, 1);
  const arena = new Arena(budget);
  t.is(arena.allocate(Array.from({ length: 9 }, () => MiB)), undefined);
  t.is(arena.usedBytes, 0);
  const eight = arena.allocate(Array.from({ length: 8 }, () => MiB));
  t.is(eight!.length, 8);
  t.is(arena.allocate([1]), undefined);
  t.is(budget.held(), 8 * MiB);
});

test('a range longer than a slab gets its own, which is used again and kept until close', t => {
  const budget = Budget.create(100 * MiB, 1);
  const arena = new Arena(budget, { slabBytes: MiB });
  const [long] = arena.allocate([10 * MiB + 1])!;
  t.is(arena.slab(long!.slab).byteLength, 10 * MiB + 64);
  t.is(arena.bytes(long!).length, 10 * MiB + 1);
  arena.release(long!);
  const [again] = arena.allocate([9 * MiB])!;
  t.is(again!.slab, long!.slab);
  t.is(budget.held(), 10 * MiB + 64);
  arena.close();
  t.is(budget.held(), 0);
  t.throws(() => arena.slab(0), { code: 'INTERNAL' });
});

test('a range lives until its last reference is released; once more is a bug', t => {
  const arena = new Arena(Budget.create(10 * MiB, 1));
  const [range] = arena.allocate([100])!;
  arena.retain(range!);
  arena.release(range!);
  t.is(arena.usedBytes, 128);
  arena.release(range!);
  t.is(arena.usedBytes, 0);
  t.throws(() => arena.release(range!), { code: 'INTERNAL', message: /not in use/ });
  t.throws(() => arena.retain(range!), { code: 'INTERNAL' });
});

test('memory that cannot be had is a refusal, not a crash', t => {
  const budget = Budget.create(2 ** 52, 1);
  const arena = new Arena(budget);
  t.is(arena.allocate([2 ** 51]), undefined);
  t.is(budget.held(), 0);
});

test('property: ranges never overlap, are aligned, keep their bytes, and all space comes back', t => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ lengths: fc.array(fc.oneof(fc.nat(300), fc.nat(200_000)), { maxLength: 4 }) }),
      fc.record({ drop: fc.nat(), again: fc.boolean() }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, list => {
      const arena = new Arena(Budget.create(4 * MiB, 1), { slabBytes: 128 * 1024 });
      const live: { range: Range; mark: number; count: number }[] = [];
      let mark = 0;
      for (const step of list) {
        if ('lengths' in step) {
          for (const range of arena.allocate(step.lengths) ?? []) {
            mark = (mark % 255) + 1;
            arena.bytes(range).fill(mark);
            live.push({ range, mark, count: 1 });
          }
        } else if (live.length > 0) {
          const chosen = live[step.drop % live.length]!;
          if (step.again) arena.retain(chosen.range);
          else arena.release(chosen.range);
          chosen.count += step.again ? 1 : -1;
          if (chosen.count === 0) live.splice(live.indexOf(chosen), 1);
        }
        const used = live.reduce(
          (sum, { range }) => sum + Math.max(64, (range.length + 63) & -64),
          0,
        );
        if (arena.usedBytes !== used || arena.heldBytes > 2 * MiB) return false;
      }
      for (const { range, mark: own } of live) {
        if (range.offset % 64 !== 0 || arena.bytes(range).some(byte => byte !== own)) return false;
      }
      for (const { range, count } of live) for (let i = 0; i < count; i++) arena.release(range);
      // Free pieces have joined again: each slab can be had whole.
      const held = arena.heldBytes;
      const slabs = new Set<number>();
      const sizes = [];
      for (let id = 0, sum = 0; sum < held; id++)
        sum += sizes[sizes.push(arena.slab(id).byteLength) - 1]!;
      for (const range of arena.allocate(sizes.toSorted((a, b) => b - a)) ?? [])
        slabs.add(range.slab);
      return slabs.size === sizes.length && arena.heldBytes === held;
    }),
  );
  t.pass();
});
