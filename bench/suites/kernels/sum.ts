/** Float sums by group: reproducible ones, which no order of the rows changes, beside plain additions, which it does. */
import { Random } from '../../../datasets/random.ts';
import { sumById } from '../../baseline/kernels.ts';
import { suite } from '../../suite.ts';
import { ofEntries, type WordTable } from '../../word-table.ts';
import { CHUNK_ROWS, kernels, readOrder, variant, verify, wrappers } from './harness.ts';

interface Rows {
  readonly rows: number;
  readonly groups: number;
}

/** Values are multiples of 1/1024 below 1000: then plain sums are exact too, and the two must agree to the bit. */
function numbers({ rows, groups }: Rows) {
  const random = new Random(1);
  const ids = new Uint32Array(rows);
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    // Every id once first, so that the kernel hands them out in this order.
    ids[i] = i < groups ? i : random.below(groups);
    values[i] = random.below(1_024_000) / 1024 - 500;
  }
  return { ids, values };
}

const answer = (sums: Iterable<readonly [id: number, sum: number]>): WordTable =>
  ofEntries(Array.from(sums, ([id, sum]) => [String(id), sum]));

function loaded(data: Rows) {
  const { ids, values } = numbers(data);
  const k = kernels();
  const groups = new wrappers.Groups(k, [{ op: 'sum', kind: 'f64' }]);
  // One key a group: its id as four bytes.
  const keys = k.place(
    new Uint8Array(Uint32Array.from({ length: data.groups }, (_, i) => i).buffer),
  );
  const offsets = k.place(
    new Uint8Array(Uint32Array.from({ length: data.groups + 1 }, (_, i) => i * 4).buffer),
  );
  groups.add(keys, offsets, data.groups, k.allocOrThrow(data.groups * 4, 'ids'));
  return {
    k,
    groups,
    rows: data.rows,
    ids: k.place(new Uint8Array(ids.buffer)),
    values: k.place(new Uint8Array(values.buffer)),
  };
}

function readOut({ k, groups }: ReturnType<typeof loaded>): WordTable {
  const sums: [number, number][] = [];
  readOrder(groups.order(1), ({ rows, columns }) => {
    const keys = columns[0]!.data.slice();
    const ids = new Uint32Array(keys.buffer);
    const words = columns.slice(1).map(({ data }) => data.slice());
    const out = k.allocOrThrow(rows * 8, 'sums');
    wrappers.finishSums(
      k,
      words.map(word => k.place(word)),
      rows,
      out,
    );
    for (let row = 0; row < rows; row++) sums.push([ids[row]!, k.f64[(out >>> 3) + row]!]);
  });
  return answer(sums);
}

export default suite<Rows, WordTable>({
  name: 'kernels-sum',
  title: 'Float sums by group, one thread',
  unit: 'rows',
  rival: 'plain additions',
  trials: 5,
  memory: false,
  variants: [
    variant(
      'reproducible kernel',
      loaded,
      ({ groups, rows, ids, values }) => {
        for (let i = 0; i < rows; i += CHUNK_ROWS) {
          groups.aggregate(0, ids + i * 4, values + i * 8, Math.min(CHUNK_ROWS, rows - i));
        }
      },
      readOut,
    ),
    variant(
      'plain additions',
      (data: Rows) => ({ ...numbers(data), sums: new Float64Array(data.groups) }),
      ({ ids, values, sums }) => sumById(ids, values, sums),
      ({ sums }) => answer(sums.entries()),
    ),
  ],
  data: ({ quick }) => ({ rows: quick ? 1_000_000 : 10_000_000, groups: 1_000 }),
  truth(data) {
    // In whole 1024ths, as integers.
    const { ids, values } = numbers(data);
    const sums = new BigInt64Array(data.groups);
    values.forEach((value, i) => {
      sums[ids[i]!]! += BigInt(value * 1024);
    });
    return answer([...sums].map((sum, id) => [id, Number(sum) / 1024]));
  },
  units: (_, { rows }) => rows,
  verify,
});
