import test from 'ava';
import * as fc from 'fast-check';
import { concatColumns, type StoredBatch } from '../batch/columns.ts';
import { type MergeInput, Merger } from '../store/merge.ts';
import { bytesAt, hex, highKernels, i32Of, key, movingKernels } from './fixtures.ts';
import type { Kernels } from './kernels.ts';
import { ListedTwice, Ranker, type RankerOptions, TooManyEdges } from './ranks.ts';

interface Id {
  readonly key: Uint8Array;
  readonly degree: number;
  readonly listed: number;
}

const FIELDS = [
  { name: 'key', kind: 'bytes', nullable: false },
  { name: 'degree', kind: 'i32', nullable: false },
  { name: 'listed', kind: 'i32', nullable: false },
] as const;

const bytesOf = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Int32Array.from(values).buffer);

function batchOf(ids: readonly Id[]): StoredBatch {
  const keys = ids.map(({ key: data }) => ({
    data,
    offsets: Int32Array.of(0, data.length),
  }));
  return {
    rows: ids.length,
    columns: [
      concatColumns(
        keys,
        ids.map(() => 1),
        { kind: 'bytes', nullable: false },
      ),
      { data: bytesOf(ids.map(({ degree }) => degree)) },
      { data: bytesOf(ids.map(({ listed }) => listed)) },
    ],
  };
}

function inputOf(ids: readonly Id[], batchRows: number): MergeInput {
  const batches = Array.from({ length: Math.ceil(ids.length / batchRows) }, (_, i) =>
    batchOf(ids.slice(i * batchRows, (i + 1) * batchRows)),
  );
  return { batches: batches.length, read: batch => batches[batch]! };
}

interface Ranked {
  readonly ids: readonly [key: string, degree: number, listed: number][];
  readonly ranks: readonly (readonly number[])[];
}

function rankAll(
  kernels: Kernels,
  dictionaries: readonly (readonly Id[])[],
  batchRows: number,
  options: RankerOptions,
): Ranked {
  const inputs = dictionaries.map(ids => inputOf(ids, batchRows));
  const merger = new Merger(kernels, inputs, FIELDS, { natural: false });
  const ranker = new Ranker(kernels, merger.tables, inputs.length, options);
  const ids: [string, number, number][] = [];
  const flush = (): void => {
    const { rows, columns } = ranker.batch();
    const [keys, ...counts] = columns;
    const [degrees, listed] = counts.map(i32Of);
    for (let row = 0; row < rows; row++) {
      ids.push([hex(bytesAt(keys!, row)), degrees![row]!, listed![row]!]);
    }
  };
  const ranks: number[][] = dictionaries.map(() => []);
  const take = (): void =>
    ranks.forEach((own, input) => own.push(...i32Of(ranker.takeRanks(input).columns[0]!)));
  for (let n = merger.next(); n > 0; n = merger.next()) {
    ranker.take(merger, n, flush);
    take();
  }
  ranker.end(flush);
  take();
  if (ranker.count !== ids.length) throw new Error('count');
  ranker.free();
  merger.free();
  return { ids, ranks };
}

function plain(dictionaries: readonly (readonly Id[])[], onlyListed: boolean): Ranked {
  const all = new Map<string, [string, number, number]>();
  for (const { key: data, degree, listed } of dictionaries.flat()) {
    const name = hex(data);
    const [, edges, times] = all.get(name) ?? ['', 0, 0];
    all.set(name, [name, edges + degree, times + listed]);
  }
  const ids = [...all.values()]
    .filter(([, , listed]) => !onlyListed || listed > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const ranks = new Map(ids.map(([name], rank) => [name, rank]));
  return {
    ids,
    ranks: dictionaries.map(own => own.map(({ key: data }) => ranks.get(hex(data)) ?? -1)),
  };
}

const dictionary = fc
  .uniqueArray(fc.record({ key, degree: fc.nat(3), listed: fc.nat(1) }), {
    selector: ({ key: data }) => hex(data),
    maxLength: 20,
  })
  .map(ids => ids.toSorted((a, b) => Buffer.compare(a.key, b.key)));

test('ranks are places among all ids; every dictionary learns those of its own', t => {
  const kernels = movingKernels();
  fc.assert(
    fc.property(
      fc.array(dictionary, { maxLength: 6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      (dictionaries, batchRows, onlyListed) => {
        const options = { listed: true, onlyListed, last: false };
        t.deepEqual(
          rankAll(kernels, dictionaries, batchRows, options),
          plain(dictionaries, onlyListed),
        );
      },
    ),
    { numRuns: 200 },
  );
});

const numbered = (n: number, step: number): Id[] =>
  Array.from({ length: n }, (_, i) => {
    const data = Buffer.alloc(8);
    data.writeUInt32BE(i * step, 4);
    return { key: data, degree: 1, listed: 0 };
  });

test('more ids than a batch and a block, above 2 GiB; a key longer than a batch', t => {
  const kernels = highKernels();
  const long = { key: Buffer.alloc(1 << 20, 0xff), degree: 5, listed: 0 };
  const dictionaries = [numbered(20_000, 3), [...numbered(30_000, 2), long], [long]];
  const options = { listed: true, onlyListed: false, last: true };
  const { ids, ranks } = rankAll(kernels, dictionaries, 4_000, options);
  const expected = plain(dictionaries, false);
  t.deepEqual(ranks, expected.ranks);
  t.deepEqual(ids, expected.ids);
});

const of = (degree: number, listed: number): Id => ({ key: Buffer.from('id'), degree, listed });

test('an id that is listed twice, or has too many edges, is named', t => {
  const options = { listed: true, onlyListed: false, last: true };
  const rank = (a: Id, b: Id, last: boolean) => () =>
    rankAll(movingKernels(), [[a], [b]], 1, { ...options, last });
  t.deepEqual(
    t.throws(rank(of(0, 1), of(0, 1), true), { instanceOf: ListedTwice }).key,
    new Uint8Array(Buffer.from('id')),
  );
  t.deepEqual(rank(of(0, 1), of(0, 1), false)().ids, [[hex(Buffer.from('id')), 0, 2]]);
  const most = of(2 ** 31 - 1, 0);
  t.throws(rank(most, of(1, 0), false), { instanceOf: TooManyEdges });
  t.deepEqual(rank(most, of(0, 0), true)().ids, [[hex(most.key), 2 ** 31 - 1, 0]]);
});
