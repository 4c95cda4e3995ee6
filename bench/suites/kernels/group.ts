/** Rows grouped by an int64 key, an int64 column summed. */
import { Random } from '../../../datasets/random.ts';
import { sumByKey } from '../../baseline/kernels.ts';
import { suite } from '../../suite.ts';
import { ofEntries, type WordTable } from '../../word-table.ts';
import { CHUNK_ROWS, kernels, sumsOf, variant, verify, wrappers } from './harness.ts';

interface Rows {
  readonly rows: number;
  readonly distinct: number;
}

function numbers({ rows, distinct }: Rows) {
  const random = new Random(1);
  const keys = new Float64Array(rows);
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    keys[i] = random.below(distinct) * 1_000_003;
    values[i] = random.below(1_000) - 500;
  }
  return { keys, values };
}

/** The same in kernel memory: keys big endian with the sign bit flipped (ARCHITECTURE.md), values int64. */
function encoded(rows: Rows) {
  const { keys, values } = numbers(rows);
  const k = kernels();
  const at = {
    keys: k.allocOrThrow(keys.length * 8, 'keys'),
    offsets: k.allocOrThrow((keys.length + 1) * 4, 'offsets'),
    values: k.allocOrThrow(keys.length * 8, 'values'),
    ids: k.allocOrThrow(CHUNK_ROWS * 4, 'ids'),
  };
  const view = new DataView(k.u8.buffer);
  for (let i = 0; i < keys.length; i++) {
    view.setBigInt64(at.keys + i * 8, BigInt(keys[i]!) ^ (-1n << 63n));
    view.setUint32(at.offsets + i * 4, i * 8, true);
    view.setBigInt64(at.values + i * 8, BigInt(values[i]!), true);
  }
  view.setUint32(at.offsets + keys.length * 4, keys.length * 8, true);
  return { rows: keys.length, at, groups: new wrappers.Groups(k, [{ op: 'sum', kind: 'i64' }]) };
}

const sums = (map: ReadonlyMap<number, { sum: number }>): WordTable =>
  ofEntries([...map].map(([key, { sum }]) => [String(key), sum]));

export default suite<Rows, WordTable>({
  name: 'kernels-group',
  title: 'Group by int64, sum of int64, one thread',
  unit: 'rows',
  rival: 'Map',
  trials: 5,
  memory: false,
  variants: [
    variant(
      'kernel',
      encoded,
      ({ rows, at, groups }) => {
        for (let i = 0; i < rows; i += CHUNK_ROWS) {
          const n = Math.min(CHUNK_ROWS, rows - i);
          if (groups.add(at.keys, at.offsets + i * 4, n, at.ids) < n) {
            throw new Error('no memory for the table');
          }
          groups.aggregate(0, at.ids, at.values + i * 8, n);
        }
      },
      ({ groups }) => ofEntries(sumsOf(groups, key => String(key.readBigInt64BE() ^ (-1n << 63n)))),
    ),
    variant(
      'Map',
      (rows: Rows) => ({ ...numbers(rows), map: new Map<number, { sum: number }>() }),
      loaded => {
        loaded.map = sumByKey(loaded.keys, loaded.values);
      },
      ({ map }) => sums(map),
    ),
  ],
  data: ({ quick }) => ({ rows: quick ? 1_000_000 : 10_000_000, distinct: quick ? 5e4 : 5e5 }),
  truth(data) {
    // By sorting, as neither of the two does it.
    const { keys, values } = numbers(data);
    const order = Uint32Array.from(keys, (_, i) => i).toSorted((a, b) => keys[a]! - keys[b]!);
    const found: [string, number][] = [];
    let last = Number.NaN;
    for (const i of order) {
      if (keys[i] === last) found.at(-1)![1] += values[i]!;
      else found.push([String((last = keys[i]!)), values[i]!]);
    }
    return ofEntries(found);
  },
  units: (_, { rows }) => rows,
  verify,
});
