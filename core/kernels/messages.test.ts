import test from 'ava';
import * as fc from 'fast-check';
import { Arranger, ArrangerRoom } from './arrange.ts';
import { EdgeSpreader } from './edge-spread.ts';
import { highKernels, movingKernels, placeF64, placeI64, placeU32 } from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import {
  beginPull,
  COUNTER_BYTES,
  expand,
  fillIdentity,
  type FoldOp,
  foldPairs,
  MessageOverflow,
  narrowNumbers,
  type NumberKind,
  type Pairs,
  pull,
  receive,
  sortPairs,
  type Targets,
  type Way,
} from './messages.ts';

import { placesByCount, toPlaces } from './places.ts';

type Value = number | bigint;
const KINDS = ['i32', 'i64', 'f64'] as const;
const place = (kernels: Kernels, kind: NumberKind, values: readonly Value[]): number => {
  if (kind === 'f64') return placeF64(kernels, values.map(Number));
  if (kind === 'i64') return placeI64(kernels, values.map(BigInt));
  return placeU32(
    kernels,
    values.map(value => Number(value) >>> 0),
  );
};
function valuesAt(kernels: Kernels, kind: NumberKind, pointer: number, n: number): Value[] {
  if (kind === 'f64') return [...kernels.f64.subarray(pointer >>> 3, (pointer >>> 3) + n)];
  if (kind === 'i64') return [...kernels.i64.subarray(pointer >>> 3, (pointer >>> 3) + n)];
  return [...kernels.i32.subarray(pointer >>> 2, (pointer >>> 2) + n)];
}
const u32At = (kernels: Kernels, pointer: number, n: number): number[] => [
  ...kernels.u32.subarray(pointer >>> 2, (pointer >>> 2) + n),
];

/** Ten plain lines: what an edge does, what two messages become, what none is. */
type Any = number & bigint;
const WAYS: { readonly [W in Way]: (m: Any, w: Any) => Value } = {
  plain: m => m,
  plus: (m, w) => m + w,
  times: (m, w) => m * w,
  least: (m, w) => (w < m ? w : m),
  most: (m, w) => (w > m ? w : m),
};
const OPS: { readonly [O in FoldOp]: (a: Any, b: Any) => Value } = {
  sum: (a, b) => a + b,
  // Of −0 and 0 the smaller is −0.
  min: (a, b) => (typeof a === 'bigint' ? (b < a ? b : a) : Math.min(a, b)),
  max: (a, b) => (typeof a === 'bigint' ? (b > a ? b : a) : Math.max(a, b)),
};
const RANGE = { i32: 2n ** 31n, i64: 2n ** 63n };
function identity(kind: NumberKind, op: FoldOp): Value {
  if (kind === 'f64') return { sum: 0, min: Infinity, max: -Infinity }[op];
  const range = { sum: 0n, min: RANGE[kind] - 1n, max: -RANGE[kind] }[op];
  return kind === 'i64' ? range : Number(range);
}
const fitsIn = (kind: NumberKind, value: Value): boolean =>
  kind === 'f64' || (BigInt(value) < RANGE[kind] && BigInt(value) >= -RANGE[kind]);

/** Edges of a partition, by source; sources' values; who has sent. */
const graphs = fc.record({
  kind: fc.constantFrom(...KINDS),
  op: fc.constantFrom<FoldOp>('sum', 'min', 'max'),
  way: fc.constantFrom<Way>('plain', 'plus', 'times', 'least', 'most'),
  edges: fc.array(
    // Some targets have many edges.
    fc.array(
      fc.tuple(
        fc.oneof(fc.nat(20), fc.integer({ min: 8, max: 12 })),
        fc.integer({ min: -9, max: 9 }),
      ),
      { maxLength: 9 },
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
  values: fc.array(fc.oneof(fc.integer({ min: -100, max: 100 }), fc.constant(0)), {
    minLength: 12,
    maxLength: 12,
  }),
  large: fc.boolean(),
  sent: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
  narrow: fc.boolean(),
  chunk: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.constant(200)),
});
type Case = typeof graphs extends fc.Arbitrary<infer G> ? G : never;

const byTarget = (list: Case['edges'][number]) => list.toSorted(([a], [b]) => a - b);
const valuesOf = ({ values, large, kind }: Case): Value[] =>
  values.map((value, i) => {
    const far = large && i % 3 === 0 ? { i32: 2 ** 30, i64: 2 ** 62, f64: 1e300 }[kind] : 0;
    if (kind === 'i64') return BigInt(value) + BigInt(far);
    // Zeros of both signs.
    return kind === 'f64' && value === 0 && i % 2 === 0 ? -0 : value + far;
  });

/** Per target: messages folded in ascending order of source; undefined: an integer left its type. */
function plain(of: Case, everybody: boolean): Map<number, Value> | undefined {
  const { kind, op, way, edges, sent } = of;
  const values = valuesOf(of);
  const folded = new Map<number, Value>();
  for (const [source, list] of edges.entries()) {
    if (!everybody && !sent[source]) continue;
    for (const [target, w] of byTarget(list)) {
      const weight = kind === 'i64' ? BigInt(w) : w;
      const met = WAYS[way](values[source] as Any, weight as Any);
      const value = OPS[op]((folded.get(target) ?? identity(kind, op)) as Any, met as Any);
      if (!fitsIn(kind, met) || !fitsIn(kind, value)) return undefined;
      // Integers have no −0.
      folded.set(target, kind === 'i32' ? Number(value) + 0 : value);
    }
  }
  return folded;
}

function placed(kernels: Kernels, { kind, edges }: Case) {
  const all = edges.flatMap(list => byTarget(list));
  const offsets = edges.map((_, i) =>
    edges.slice(0, i).reduce((sum, list) => sum + list.length, 0),
  );
  return {
    degrees: placeU32(
      kernels,
      edges.map(list => list.length),
    ),
    offsets: placeU32(kernels, [...offsets, all.length]),
    targets: placeU32(
      kernels,
      all.map(([target]) => target),
    ),
    weights: place(
      kernels,
      kind,
      all.map(([, weight]) => weight),
    ),
    n: all.length,
  };
}

/** Targets, in ranges of eight; the second partition begins within a range. */
const TARGETS = 21;
const BITS = 3;
const PARTITIONS = [
  [0, 11],
  [11, TARGETS],
] as const;

/** Columns of edges, as they leave a spreader: sources' places, targets, weights. */
type Spread = readonly (readonly [sources: number[], targets: number[], weights: Value[]])[];

function spreadOf(kernels: Kernels, of: Case, places: number): Spread {
  const { kind } = of;
  const { degrees, targets, weights, n } = placed(kernels, of);
  const width = kind === 'i32' ? 4 : 8;
  const spreader = new EdgeSpreader(kernels, TARGETS, BITS, width, 2);
  const spread: Spread = Array.from({ length: spreader.ranges }, () => [[], [], []]);
  const leave = (q: number): void => {
    const rows = spreader.rowsOf(q);
    const [sources, own, met] = spreader.columns(q).map(({ data }) => data.byteOffset);
    spread[q]![0].push(...u32At(kernels, sources!, rows));
    spread[q]![1].push(...u32At(kernels, own!, rows));
    spread[q]![2].push(...valuesAt(kernels, kind, met!, rows));
    spreader.empty(q);
  };
  spreader.begin(degrees);
  for (let from = 0; from < n; ) {
    const rows = Math.min(of.chunk, n - from);
    const taken = spreader.take(degrees, places, targets + from * 4, weights + from * width, rows);
    if (taken < rows) leave(spreader.rangeOf(kernels.u32[(targets >>> 2) + from + taken]!));
    from += taken;
  }
  for (const q of spread.keys()) leave(q);
  spreader.free();
  return spread;
}

/** Some targets as they are listed, with their sources. */
interface Listed {
  readonly listed: number[];
  readonly counts: number[];
  readonly sources: number[];
  readonly met: Value[];
}

/** Targets [low, high) of a range, arranged. */
async function arranged(
  kernels: Kernels,
  { kind, chunk }: Case,
  [sources, targets, weights]: Spread[number],
  low: number,
  high: number,
): Promise<Listed> {
  const room = new ArrangerRoom(kernels, 13, chunk);
  const arranger = new Arranger(kernels, low, high, kind === 'i32' ? 4 : 8);
  const at = placeU32(kernels, targets);
  arranger.count(at, targets.length);
  const edges = arranger.start();
  arranger.place(placeU32(kernels, sources), at, place(kernels, kind, weights), targets.length);
  const out: Listed = { listed: [], counts: [], sources: [], met: [] };
  for (const [base, end] of PARTITIONS) {
    if (low >= end || high <= base) continue;
    await arranger.write(
      Math.max(low, base),
      Math.min(high, end),
      base,
      room,
      async (listedAt, countsAt, rows) => {
        out.listed.push(...u32At(kernels, listedAt, rows).map(target => base + target));
        out.counts.push(...u32At(kernels, countsAt, rows));
      },
      async (sourcesAt, weightsAt, rows) => {
        out.sources.push(...u32At(kernels, sourcesAt, rows));
        out.met.push(...valuesAt(kernels, kind, weightsAt, rows));
      },
    );
  }
  arranger.free();
  room.free();
  if (out.sources.length !== edges) throw new Error('edges were lost');
  return out;
}

/** Edges spread over ranges of targets, arranged in parts of them, and pulled in chunks, with values at their places. */
async function pulled(kernels: Kernels, of: Case, everybody: boolean): Promise<Map<number, Value>> {
  const { kind, op, way, sent, chunk, narrow, edges: lists } = of;
  const width = kind === 'i32' ? 4 : 8;
  const degrees = placeU32(
    kernels,
    lists.map(list => list.length),
  );
  const places = kernels.allocOrThrow(lists.length * 4, 'a test');
  placesByCount(kernels, degrees, lists.length, places);
  const values = kernels.allocOrThrow(12 * width, 'a test');
  const flags = kernels.allocOrThrow(12, 'a test');
  const flagsAt = placeU32(kernels, [0, 0, 0]);
  sent.forEach((has, i) => (kernels.u8[flagsAt + i] = has ? 1 : 0));
  toPlaces(kernels, place(kernels, kind, valuesOf(of)), width, places, lists.length, values);
  toPlaces(kernels, flagsAt, 1, places, lists.length, flags);
  const spread = spreadOf(kernels, of, places);
  const result = new Map<number, Value>();
  for (const [range, low, high] of [
    [0, 0, 5],
    [0, 5, 8],
    [1, 8, 16],
    [2, 16, TARGETS],
  ] as const) {
    const { listed, counts, sources, met } = await arranged(kernels, of, spread[range]!, low, high);
    const edges = sources.length;
    if (listed.length === 0) continue;
    const state = kernels.allocOrThrow(8, 'a test');
    const out = kernels.allocOrThrow(listed.length * width + 8, 'a test');
    const has = kernels.allocOrThrow(listed.length, 'a test');
    const some = everybody ? 0 : flags;
    const at = placeU32(kernels, [...counts, 0]);
    const pulling = { kind, op, way, narrow, state, counts: at, values, sent: some, out, has };
    beginPull(kernels, pulling, 0);
    for (let from = 0; from < edges; from += chunk) {
      const rows = Math.min(chunk, edges - from);
      const from32 = placeU32(kernels, sources.slice(from, from + rows));
      if (narrow) narrowNumbers(kernels, from32, rows, from32);
      const weightsAt = place(kernels, kind, met.slice(from, from + rows));
      pull(kernels, pulling, from32, weightsAt, rows);
    }
    const outs = valuesAt(kernels, kind, out, listed.length);
    listed.forEach((target, j) => {
      if (everybody || kernels.u8[has + j] === 1) result.set(target, outs[j]!);
    });
  }
  return result;
}

/** The senders' edges, sorted and folded. */
function pushed(kernels: Kernels, of: Case): Map<number, Value> {
  const { kind, op, way, sent, edges } = of;
  const { offsets, targets, weights, n } = placed(kernels, of);
  const senders = edges.flatMap((_, i) => (sent[i] ? [i] : []));
  const values = place(kernels, kind, valuesOf(of));
  const room = (): Pairs => ({
    targets: kernels.allocOrThrow(n * 4, 'a test'),
    values: kernels.allocOrThrow(n * 8, 'a test'),
  });
  const pairs = room();
  const spare = room();
  const counters = kernels.allocOrThrow(COUNTER_BYTES, 'a test');
  const at = placeU32(kernels, senders);
  const made = expand(
    kernels,
    kind,
    way,
    at,
    senders.length,
    { offsets, targets, weights },
    values,
    pairs,
  );
  const sorted = sortPairs(kernels, kind, pairs, spare, made, 21, counters);
  const left = foldPairs(kernels, kind, op, sorted, made);
  const outs = valuesAt(kernels, kind, sorted.values, left);
  return new Map(u32At(kernels, sorted.targets, left).map((target, j) => [target, outs[j]!]));
}

const sorted = (map: Map<number, Value>) => [...map].toSorted(([a], [b]) => a - b);

test('pulled or pushed, messages are folded per target in ascending order of the sender', async t => {
  await fc.assert(
    fc.asyncProperty(graphs, async of => {
      for (const everybody of [true, false]) {
        const expected = plain(of, everybody);
        if (expected === undefined) {
          await t.throwsAsync(() => pulled(movingKernels(), of, everybody), {
            instanceOf: MessageOverflow,
          });
          continue;
        }
        t.deepEqual(sorted(await pulled(movingKernels(), of, everybody)), sorted(expected));
        if (!everybody) t.deepEqual(sorted(pushed(movingKernels(), of)), sorted(expected));
      }
    }),
    { numRuns: 300 },
  );
});

test('above 2 GiB, too', async t => {
  const of: Case = {
    kind: 'f64',
    op: 'sum',
    way: 'times',
    edges: [
      [
        [3, 2],
        [3, 1],
        [0, -1],
      ],
      [[3, 4]],
    ],
    values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    large: false,
    narrow: false,
    sent: Array.from({ length: 12 }, () => true),
    chunk: 2,
  };
  const kernels = highKernels();
  t.deepEqual(sorted(await pulled(kernels, of, true)), sorted(plain(of, true)!));
  t.deepEqual(sorted(pushed(kernels, of)), sorted(plain(of, true)!));
});

function targetsAt(kernels: Kernels, targets: readonly number[], narrow: boolean): Targets {
  const at = placeU32(kernels, targets);
  if (narrow) narrowNumbers(kernels, at, targets.length, at);
  return { at, narrow };
}

test('what has arrived is added to the inbox of its target, which has two bytes or four', t => {
  const cases = KINDS.flatMap(kind =>
    (['sum', 'min', 'max'] as const).flatMap(op =>
      [true, false].map(narrow => ({ kind, op, narrow })),
    ),
  );
  for (const { kind, op, narrow } of cases) {
    const kernels = movingKernels();
    const inbox = kernels.allocOrThrow(4 * 8 + 8, 'a test');
    const got = placeU32(kernels, [0]);
    fillIdentity(kernels, kind, op, inbox, 4);
    const targets = targetsAt(kernels, [2, 0, 2], narrow);
    const values = place(kernels, kind, kind === 'i64' ? [5n, -3n, 4n] : [5, -3, 4]);
    receive(kernels, kind, op, { targets, values, has: 0 }, 3, inbox, got);
    const has = placeU32(kernels, [0x00_01_00]);
    receive(kernels, kind, op, { targets, values, has }, 3, inbox, got);
    const [a, b, c] = valuesAt(kernels, kind, inbox, 3).map(Number);
    t.deepEqual([a, c], { sum: [-6, 9], min: [-3, 4], max: [-3, 5] }[op]);
    t.is(b, Number(identity(kind, op)));
    t.deepEqual([...kernels.u8.subarray(got, got + 4)], [1, 0, 1, 0]);
    // Nobody asks who got one.
    receive(kernels, kind, op, { targets, values, has: 0 }, 3, inbox, 0);
    const [d, , e] = valuesAt(kernels, kind, inbox, 3).map(Number);
    t.deepEqual([d, e], { sum: [-9, 18], min: [-3, 4], max: [-3, 5] }[op]);
    t.deepEqual([...kernels.u8.subarray(got, got + 4)], [1, 0, 1, 0]);
  }
  for (const narrow of [true, false]) {
    const kernels = movingKernels();
    const inbox = placeU32(kernels, [0, 0x7fffffff]);
    const targets = targetsAt(kernels, [0, 1], narrow);
    const values = placeU32(kernels, [1, 1]);
    const error = t.throws(() =>
      receive(kernels, 'i32', 'sum', { targets, values, has: 0 }, 2, inbox, placeU32(kernels, [0])),
    );
    t.is((error as MessageOverflow).at, 1);
  }
});
