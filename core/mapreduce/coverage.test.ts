import test from 'ava';
import fc from 'fast-check';
import { Coverage, claim as claimFrom } from './coverage.ts';

/** Where each walk has got to, as it knows itself. */
const reached = new WeakMap<Int32Array, Map<number, number>>();

/** The next split of a walk, which goes on from its last. */
function claim(claims: Int32Array, walk: number): number {
  const from = reached.get(claims) ?? new Map<number, number>();
  reached.set(claims, from);
  const split = claimFrom(claims, walk, from.get(walk) ?? 0);
  if (split >= 0) from.set(walk, split + 1);
  return split;
}

test('walks claim each split once, in order', t => {
  const coverage = new Coverage(5);
  t.is(claim(coverage.claims, 1), 0);
  t.is(claim(coverage.claims, 2), 1);
  t.is(claim(coverage.claims, 1), 2);
  t.is(coverage.unclaimed, 2);
  t.true(coverage.offer(2, [1]));
  t.false(coverage.finished);
});

test('a walk that is started again finds what it had claimed, and then what is free', t => {
  const { claims } = new Coverage(3);
  t.is(claimFrom(claims, 1, 0), 0);
  t.is(claimFrom(claims, 2, 0), 1);
  t.is(claimFrom(claims, 1, 0), 0);
  t.is(claimFrom(claims, 1, 1), 2);
  t.is(claimFrom(claims, 1, 3), -1);
});

test('a dead walk gives its splits back, and only its own', t => {
  const coverage = new Coverage(3);
  for (const walk of [1, 2, 1]) claim(coverage.claims, walk);
  coverage.giveBack(1);
  t.is(coverage.unclaimed, 2);
  t.is(claim(coverage.claims, 3), 0);
  t.is(claim(coverage.claims, 3), 2);
  t.is(claim(coverage.claims, 3), -1);
  t.true(coverage.offer(3, [0, 2]));
  t.true(coverage.offer(2, [1]));
  t.true(coverage.finished);
});

test('an object that overlaps what is covered is discarded whole, its other splits are free again', t => {
  const coverage = new Coverage(2);
  claim(coverage.claims, 1);
  claim(coverage.claims, 1);
  coverage.giveBack(1); // The driver took walk 1 for dead.
  claim(coverage.claims, 2);
  t.true(coverage.offer(2, [0]));
  t.false(coverage.offer(1, [0, 1]));
  t.is(claim(coverage.claims, 3), 1);
  t.true(coverage.offer(3, [1]));
  t.true(coverage.finished);
});

test('a stage without splits is finished', t => {
  t.true(new Coverage(0).finished);
});

test('whatever dies and whatever comes late, every split is covered exactly once', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(fc.constantFrom('claim', 'seal', 'die', 'late'), fc.nat(3)), {
        maxLength: 200,
      }),
      (splits, events) => {
        const coverage = new Coverage(splits);
        const counted = new Uint8Array(splits);
        const open = new Map<number, number[]>();
        const late: [number, number[]][] = [];
        let next = 1;
        const accept = (walk: number, held: number[]): void => {
          if (coverage.offer(walk, held)) for (const split of held) counted[split]!++;
        };
        for (const [event, which] of events) {
          if (open.size < 3) open.set(next++, []);
          const [walk, held] = [...open][which % open.size]!;
          const split = event === 'claim' ? claim(coverage.claims, walk) : -1;
          if (split >= 0) held.push(split);
          if (event === 'late' && late.length > 0) accept(...late.pop()!);
          if (event === 'seal') accept(walk, held);
          if (event === 'die') {
            coverage.giveBack(walk);
            late.push([walk, held]);
          }
          if (event === 'seal' || event === 'die') open.delete(walk);
        }
        for (const [walk] of open) coverage.giveBack(walk);
        const held: number[] = [];
        for (let s = claim(coverage.claims, next); s >= 0; s = claim(coverage.claims, next)) {
          held.push(s);
        }
        accept(next++, held);
        // Discarded, if a late object came between: what is left goes to the next walk.
        const rest: number[] = [];
        for (let s = claim(coverage.claims, next); s >= 0; s = claim(coverage.claims, next)) {
          rest.push(s);
        }
        accept(next, rest);
        return coverage.finished && counted.every(times => times === 1);
      },
    ),
  );
  t.pass();
});
