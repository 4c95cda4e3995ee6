import test from 'ava';
import * as fc from 'fast-check';
import { hex, highKernels, key, movingKernels, placeBytes, placeU32 } from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import { MergeKernel } from './merge-kernel.ts';

interface Row {
  readonly key: Uint8Array;
  readonly natural: number;
}

const row: fc.Arbitrary<Row> = fc
  .tuple(key, fc.nat(3))
  .map(([bytes, order]) => ({ key: bytes, natural: Math.max(0, bytes.length - order) }));

const compare = (a: Row, b: Row) => Buffer.compare(a.key, b.key);

/** Merges by windows of `windowRows`; each row as input:key:group. Groups are numbered from 0. */
function mergeAll(
  kernels: Kernels,
  inputs: readonly (readonly Row[])[],
  natural: boolean,
  windowRows: number,
  max: number,
): string[] {
  const merge = new MergeKernel(kernels, inputs.length, { natural });
  const [inputsOut, rowsOut, idsOut] = [0, 0, 0].map(() => kernels.alloc(max * 4));
  const at = inputs.map(() => 0);
  const windows = inputs.map((): readonly Row[] => []);
  const buffers = inputs.map((): number[] => []);
  const out: string[] = [];
  let group = 0;
  for (;;) {
    const { rows, needs } = merge.next(max, inputsOut!, rowsOut!, idsOut!);
    const { u32 } = kernels;
    for (let i = 0, before = group; i < rows; i++) {
      const input = u32[(inputsOut! >>> 2) + i]!;
      group = before + u32[(idsOut! >>> 2) + i]!;
      out.push(`${input}:${hex(windows[input]![u32[(rowsOut! >>> 2) + i]!]!.key)}:${group}`);
    }
    if (rows === 0 && needs === -1) break;
    if (needs === -1) continue;
    const window = inputs[needs]!.slice(at[needs], at[needs]! + windowRows);
    at[needs]! += window.length;
    windows[needs] = window;
    for (const pointer of buffers[needs]!) kernels.free(pointer);
    const { data, offsets } = placeBytes(
      kernels,
      window.map(each => each.key),
    );
    const naturals = placeU32(
      kernels,
      window.map(each => each.natural),
    );
    buffers[needs] = [data, offsets, naturals];
    merge.window(needs, data, offsets, naturals, window.length);
  }
  merge.free();
  return out;
}

function plainMerge(inputs: readonly (readonly Row[])[], natural: boolean): string[] {
  const all = inputs.flatMap((rows, input) => rows.map(each => ({ ...each, input })));
  let group = -1;
  let last: string | undefined;
  return all
    .toSorted((a, b) => compare(a, b) || a.input - b.input)
    .map(each => {
      const name = hex(natural ? each.key.subarray(0, each.natural) : each.key);
      if (name !== last) group++;
      last = name;
      return `${each.input}:${hex(each.key)}:${group}`;
    });
}

const sorted = fc.array(row, { maxLength: 25 }).map(rows => rows.toSorted(compare));

test('merging: like sorting it all, for any windows', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      fc.array(sorted, { maxLength: 9 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 20 }),
      (inputs, natural, windowRows, max) => {
        kernels.reset();
        t.deepEqual(
          mergeAll(kernels, inputs, natural, windowRows, max),
          plainMerge(inputs, natural),
        );
        kernels.reset();
      },
    ),
    { numRuns: 400 },
  );
});

const long = (last: string) => {
  const bytes = Buffer.alloc(1 << 20, 'k');
  bytes.write(last, bytes.length - 1);
  return { key: bytes, natural: bytes.length - 1 };
};

test('keys of 1 MiB that differ in their last byte, above 2 GiB', t => {
  const kernels = highKernels();
  const inputs = [[long('b'), long('d')], [long('a'), long('d')], [], [long('c')]];
  t.deepEqual(
    mergeAll(kernels, inputs, false, 1, 10).map(each => each.slice(0, 2) + each.slice(-2)),
    ['1::0', '0::1', '3::2', '0::3', '1::3'],
  );
  t.true(mergeAll(kernels, inputs, true, 1, 10).every(each => each.endsWith(':0')));
});
