import test from 'ava';
import fc from 'fast-check';
import { anyBatch, anyFields, cellsOf } from '../batch/arbitrary.ts';
import { BATCH_BYTES, BATCH_ROWS, bytesOf, type StoredBatch } from '../batch/columns.ts';
import { BatchJoiner } from './batch-joiner.ts';

test('joined batches hold the same rows in the same order', t => {
  fc.assert(
    fc.property(
      anyFields.chain(fields => fc.array(anyBatch(fields)).map(batches => ({ fields, batches }))),
      ({ fields, batches }) => {
        const columnsOf = (all: readonly (readonly (readonly unknown[])[])[]): unknown[] =>
          fields.map((_, i) => all.flatMap(cells => cells[i]!));
        const joined: ReturnType<typeof cellsOf>[] = [];
        const joiner = new BatchJoiner(fields, batch => joined.push(cellsOf(fields, batch)));
        for (const batch of batches) joiner.add(batch);
        joiner.flush();
        t.deepEqual(columnsOf(joined), columnsOf(batches.map(batch => cellsOf(fields, batch))));
      },
    ),
    { numRuns: 50 },
  );
});

const batchOf = (rows: number, width: number): StoredBatch => ({
  rows,
  columns: [
    {
      data: new Uint8Array(rows * width),
      offsets: Int32Array.from({ length: rows + 1 }, (_, i) => i * width),
    },
  ],
});

test('batches end at rows and at bytes, and a large one stays alone', t => {
  const fields = [{ name: '', kind: 'bytes', nullable: false }] as const;
  const given: number[] = [];
  const joiner = new BatchJoiner(fields, batch => {
    given.push(batch.rows);
    t.true(batch.rows === 1 || (batch.rows <= BATCH_ROWS && bytesOf(batch) <= BATCH_BYTES));
  });
  for (let i = 0; i < 3; i++) joiner.add(batchOf(10_000, 0));
  for (let i = 0; i < 5; i++) joiner.add(batchOf(100, 1000));
  joiner.add(batchOf(1, 2 * BATCH_BYTES));
  joiner.add(batchOf(2, 5));
  joiner.flush();
  t.deepEqual(given, [10_000, 10_000, 10_200, 200, 100, 1, 2]);
});
