import test from 'ava';
import fc from 'fast-check';
import { batchOf } from '../batch/codec.ts';
import type { StoredBatch, StoredColumn } from '../batch/columns.ts';
import { int32 } from '../define/schema.ts';
import { type Block, type Blocks, GroupRows } from './group-rows.ts';

const copied = ({ data, offsets }: StoredColumn): StoredColumn => ({
  data: new Uint8Array(data),
  ...(offsets !== undefined && { offsets: new Int32Array(offsets) }),
});

/** Groups of the sizes given, cut into blocks of `cut` rows; values are numbered through. */
function blocksOf(sizes: readonly number[], cut: number, from = 0): Blocks {
  const groups = sizes.flatMap((size, group) => Array.from({ length: size }, () => group));
  let at = from;
  let last = from;
  let given: StoredBatch | undefined;
  let again: (() => StoredBatch) | undefined;
  return {
    next(): Block | undefined {
      if (at >= groups.length) return undefined;
      last = at;
      const rows = groups.slice(at, at + cut).map((group, i) => ({ group, value: at + i }));
      const before = at === 0 ? rows[0]!.group : groups[at - 1]!;
      let id = 0;
      const ids = rows.map(({ group }, i) => {
        if (group !== (i === 0 ? before : rows[i - 1]!.group)) id++;
        return id;
      });
      at += rows.length;
      const keys = batchOf(
        rows.map(({ group }) => ({ key: Uint8Array.of(group, 99), natural: 1 })),
        { key: { type: 'binary' }, natural: int32 },
      );
      const values = batchOf(rows, { value: int32 });
      const make = (): StoredBatch => {
        const columns = [...keys.columns, ...values.columns].map(copied);
        return { rows: rows.length, columns };
      };
      again = make;
      given = make();
      return { batch: given, ids: Uint32Array.from(ids) };
    },
    view: () => (given = again!()),
    mark() {
      const start = last;
      return () => {
        // As memory that moves: views of it are empty.
        for (const { data, offsets } of given?.columns ?? []) {
          for (const { buffer } of [data, offsets ?? data]) {
            if (!(buffer as ArrayBuffer & { detached?: boolean }).detached)
              structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
          }
        }
        return blocksOf(sizes, cut, start);
      };
    },
    close() {},
  };
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 });

test('every group has its rows, however blocks are cut, read or not, once or again', t => {
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 12 }),
      fc.infiniteStream(fc.nat(11)),
      (counts, cut, take) => {
        const groups = new GroupRows(blocksOf(counts, cut), { value: int32 });
        let first = 0;
        for (const [i, size] of counts.entries()) {
          const { key, values } = groups.next()!;
          const want = Array.from({ length: size }, (_, k) => ({ value: first + k }));
          t.deepEqual([...key], [i]);
          const some: object[] = [];
          const limit = take.next().value;
          for (const value of values) {
            if (some.length >= limit) break;
            some.push(value);
          }
          t.deepEqual(some, want.slice(0, limit));
          if (limit % 3 > 0) t.deepEqual([...values], want);
          if (limit % 3 > 1) t.deepEqual([...values], want);
          first += size;
        }
        t.is(groups.next(), undefined);
      },
    ),
  );
});

test('two passes at once over a group larger than a block do not disturb each other', t => {
  const groups = new GroupRows(blocksOf([2, 7, 1], 3), { value: int32 });
  groups.next();
  const { values } = groups.next()!;
  const pairs: number[][] = [];
  const second = values[Symbol.iterator]();
  for (const value of values) {
    pairs.push([
      (value as { value: number }).value,
      (second.next().value as { value: number }).value,
    ]);
  }
  t.deepEqual(
    pairs,
    [2, 3, 4, 5, 6, 7, 8].map(n => [n, n]),
  );
  t.deepEqual([...groups.next()!.values], [{ value: 9 }]);
});

test('values of a group that is over throw', t => {
  const groups = new GroupRows(blocksOf([4, 4], 3), { value: int32 });
  const kept = groups.next()!.values;
  groups.next();
  t.throws(() => [...kept], { code: 'EMIT_LATE' });
});
