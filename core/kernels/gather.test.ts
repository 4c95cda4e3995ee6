import test from 'ava';
import * as fc from 'fast-check';
import type { Aggregate } from './aggregates.ts';
import {
  bytesAt,
  hex,
  key,
  movingKernels,
  placeBytes,
  placeF64,
  placeI64,
  placeU32,
  plainKernels,
} from './fixtures.ts';
import {
  ColumnTable,
  finishTotals,
  foldColumn,
  gatherBytes,
  gatherFixed,
  gatherOffsets,
  gatherValid,
  initAccumulators,
} from './gather.ts';
import { fillNeutral, foldValues } from './aggregates.ts';
import { KernelOverflow } from './groups.ts';
import type { Kernels } from './kernels.ts';

/** Which row of which input: always one that is there. */
const picks = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 40 });
const inputsOf = <T>(value: fc.Arbitrary<T>) =>
  fc.array(fc.array(value, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

function pick<T>(
  kernels: Kernels,
  inputs: readonly (readonly T[])[],
  at: readonly [number, number][],
) {
  const pairs = at.map(([i, j]) => {
    const input = i % inputs.length;
    return [input, j % inputs[input]!.length] as const;
  });
  return {
    expected: pairs.map(([input, row]) => inputs[input]![row]!),
    inputs: placeU32(
      kernels,
      pairs.map(([input]) => input),
    ),
    rows: placeU32(
      kernels,
      pairs.map(([, row]) => row),
    ),
    n: pairs.length,
  };
}

const value = fc.record({
  int: fc.integer(),
  wide: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  valid: fc.integer({ min: 0, max: 1 }),
  bytes: key,
});

test('gather: values of every width, and validity', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(inputsOf(value), picks, (inputs, at) => {
      kernels.reset();
      const ints = new ColumnTable(kernels, inputs.length);
      const wides = new ColumnTable(kernels, inputs.length);
      inputs.forEach((rows, i) => {
        const int = rows.map(each => each.int);
        const wide = rows.map(each => each.wide);
        // The first input has no validity bytes: all its rows are present.
        const valid = kernels.place(Uint8Array.from(rows, each => each.valid));
        ints.set(i, { data: placeU32(kernels, int) });
        wides.set(i, { data: placeI64(kernels, wide), ...(i > 0 && { valid }) });
      });
      const { expected, n, ...from } = pick(kernels, inputs, at);
      const out = kernels.alloc(n * 8);
      gatherFixed(kernels, 'i32', ints, from.inputs, from.rows, n, out);
      t.deepEqual(
        Array.from(kernels.i32.subarray(out >>> 2, (out >>> 2) + n)),
        expected.map(each => each.int),
      );
      gatherFixed(kernels, 'i64', wides, from.inputs, from.rows, n, out);
      t.deepEqual(
        Array.from(kernels.i64.subarray(out >>> 3, (out >>> 3) + n)),
        expected.map(each => each.wide),
      );
      gatherValid(kernels, wides, from.inputs, from.rows, n, out);
      t.deepEqual(
        Array.from(kernels.u8.subarray(out, out + n)),
        expected.map(each => (inputs[0]!.includes(each) ? 1 : each.valid)),
      );
    }),
    { numRuns: 200 },
  );
});

test('gather: bytes, as many rows as fit', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(inputsOf(key), picks, fc.nat(200), (inputs, at, maxBytes) => {
      kernels.reset();
      const table = new ColumnTable(kernels, inputs.length);
      inputs.forEach((rows, i) => table.set(i, placeBytes(kernels, rows)));
      const { expected, n, ...from } = pick(kernels, inputs, at);
      const out = kernels.alloc(n * 4 + 4);
      const cut = gatherOffsets(kernels, table, from.inputs, from.rows, n, maxBytes, out);
      const data = kernels.alloc(cut.bytes);
      gatherBytes(kernels, table, from.inputs, from.rows, cut.rows, out, data);
      const column = {
        data: kernels.u8.slice(data, data + cut.bytes),
        offsets: kernels.i32.slice(out >>> 2, (out >>> 2) + cut.rows + 1),
      };
      const all = expected.slice(0, cut.rows).map(hex);
      t.deepEqual(
        all.map((_, i) => hex(bytesAt(column, i))),
        all,
      );
      t.true(cut.rows === 1 || cut.bytes <= maxBytes);
      const next = expected[cut.rows];
      t.true(next === undefined || cut.bytes + next.length > maxBytes);
    }),
    { numRuns: 200 },
  );
});

test('folding: like folding one by one', t => {
  const kernels = movingKernels();
  const ops = {
    sum: (a: number, b: number) => a + b,
    min: (a: number, b: number) => Math.min(a, b),
    max: (a: number, b: number) => Math.max(a, b),
  };
  fc.assert(
    fc.property(
      inputsOf(fc.integer({ min: -(2 ** 20), max: 2 ** 20 })),
      picks,
      fc.constantFrom<('sum' | 'min' | 'max')[]>('sum', 'min', 'max'),
      fc.constantFrom<Aggregate['kind'][]>('i32', 'i64', 'f64'),
      fc.integer({ min: 1, max: 5 }),
      (inputs, at, op, kind, groups) => {
        if (op === 'sum' && kind === 'f64') return;
        kernels.reset();
        const table = new ColumnTable(kernels, inputs.length);
        inputs.forEach((rows, i) => {
          const place = {
            i32: () => placeU32(kernels, rows),
            i64: () => placeI64(kernels, rows.map(BigInt)),
            f64: () => placeF64(kernels, rows),
          };
          table.set(i, { data: place[kind]() });
        });
        const { expected, n, ...from } = pick(kernels, inputs, at);
        const ids = placeU32(
          kernels,
          expected.map((_, i) => i % groups),
        );
        const count = Math.min(groups, n);
        const out = kernels.alloc(count * 8);
        initAccumulators(kernels, { op, kind }, [out], 0, 1);
        initAccumulators(kernels, { op, kind }, [out], 1, count);
        foldColumn(kernels, { op, kind }, [table], from.inputs, from.rows, ids, n, [out]);
        const views = { i32: kernels.i32, i64: kernels.i64, f64: kernels.f64 };
        const first = out >>> (kind === 'i32' ? 2 : 3);
        t.deepEqual(
          Array.from(views[kind].subarray(first, first + count), Number),
          Array.from({ length: count }, (_, id) =>
            expected.filter((_value, i) => i % groups === id).reduce(ops[op]),
          ),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('a folded sum that overflows names its group', t => {
  const kernels = plainKernels();
  const table = new ColumnTable(kernels, 1);
  table.set(0, { data: placeI64(kernels, [2n ** 63n - 1n, 1n]) });
  const out = kernels.alloc(64);
  const sum: Aggregate = { op: 'sum', kind: 'i64' };
  initAccumulators(kernels, sum, [out], 0, 8);
  const error = t.throws(
    () =>
      foldColumn(
        kernels,
        sum,
        [table],
        placeU32(kernels, [0, 0]),
        placeU32(kernels, [0, 1]),
        placeU32(kernels, [5, 5]),
        2,
        [out],
      ),
    { instanceOf: KernelOverflow },
  );
  t.deepEqual([error.id, error.row], [5, 1]);
});

const wide = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 0n, -1n),
);

test('totals: exact whatever their parts, and out of range only when they are', t => {
  const kernels = movingKernels();
  const total: Aggregate = { op: 'total', kind: 'i64' };
  fc.assert(
    fc.property(fc.array(fc.array(wide, { maxLength: 9 }), { maxLength: 6 }), parts => {
      kernels.reset();
      // Each part is summed by itself, then part by part.
      const halves = parts.map(values => {
        const at = kernels.alloc(16);
        fillNeutral(kernels, total, at, 0, 1);
        const ids = placeU32(
          kernels,
          values.map(() => 0),
        );
        foldValues(kernels, total, at, ids, placeI64(kernels, values), values.length);
        return [kernels.i64[at >>> 3]!, kernels.i64[(at >>> 3) + 1]!] as const;
      });
      const tables = [0, 1].map(word => {
        const table = new ColumnTable(kernels, 1);
        table.set(0, {
          data: placeI64(
            kernels,
            halves.map(half => half[word]!),
          ),
        });
        return table;
      });
      const columns = [0, 0].map(() => kernels.alloc(16));
      initAccumulators(kernels, total, columns, 0, 1);
      const zeros = placeU32(
        kernels,
        parts.map(() => 0),
      );
      const rows = placeU32(
        kernels,
        parts.map((_, i) => i),
      );
      foldColumn(kernels, total, tables, zeros, rows, zeros, parts.length, columns);
      const out = kernels.alloc(16);
      const sum = parts.flat().reduce((a, b) => a + b, 0n);
      for (const [of, limit] of [
        [total, 2n ** 63n],
        [{ ...total, digits: 18 }, 10n ** 18n],
        [{ ...total, digits: 1 }, 10n],
        [{ op: 'total', kind: 'i32' } as const, 2n ** 31n],
      ] as const) {
        const fits = (sum < limit && sum > -limit) || (sum === -limit && limit % 10n !== 0n);
        t.is(finishTotals(kernels, of, columns, 1, out), fits ? 1 : 0);
        if (fits)
          t.is(of.kind === 'i32' ? BigInt(kernels.i32[out >>> 2]!) : kernels.i64[out >>> 3]!, sum);
      }
    }),
    { numRuns: 500 },
  );
});
