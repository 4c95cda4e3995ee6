import test from 'ava';
import * as fc from 'fast-check';
import { anyBatch, anyFields, cellsOf } from '../batch/arbitrary.ts';
import { valuesOf } from '../batch/columns.ts';
import { Arena } from '../memory/arena.ts';
import { Budget } from '../memory/budget.ts';
import {
  type BatchInArena,
  checkBatch,
  checksumOf,
  layoutBatch,
  readBatchFrom,
  writeBatchTo,
} from './run.ts';

test('property: batches come out of the arena as they went in, whatever lay there before', t => {
  const arena = new Arena(Budget.create(1 << 26, 1));
  fc.assert(
    fc.property(
      anyFields.chain(fields => fc.tuple(fc.constant(fields), anyBatch(fields))),
      ([fields, batch]) => {
        const layout = layoutBatch(fields, batch);
        const [first, second] = arena.allocate([layout.bytes, layout.bytes])!;
        arena.bytes(first!).fill(0xff);
        writeBatchTo(arena.bytes(first!), fields, batch, layout);
        writeBatchTo(arena.bytes(second!), fields, batch, layout);
        const crc = checksumOf(arena.bytes(first!));
        t.is(checksumOf(arena.bytes(second!)), crc);
        const ref: BatchInArena = {
          rows: batch.rows,
          bytes: layout.bytes,
          range: first!,
          sizes: layout.sizes,
        };
        const view = arena.bytes(first!);
        const read = readBatchFrom(view, fields, structuredClone(ref));
        t.deepEqual(cellsOf(fields, read), cellsOf(fields, batch));
        read.columns.forEach(({ data, offsets, valid }, i) => {
          t.is(data.byteOffset % 64, 0);
          t.is((offsets?.byteOffset ?? 0) % 64, 0);
          t.is((valid?.byteOffset ?? 0) % 64, 0);
          const { kind } = fields[i]!;
          // Views, not copies.
          t.is(data.buffer, view.buffer);
          if (kind === 'i64') t.is(valuesOf(data, kind).buffer, view.buffer);
        });
        if (layout.bytes > 0) {
          view[layout.bytes >>> 1]! ^= 1;
          t.throws(() => checkBatch(view, crc, 'partition 3'), { code: 'SEGMENT_CORRUPT' });
          view[layout.bytes >>> 1]! ^= 1;
        }
        checkBatch(view, crc, 'partition 3');
        arena.release(first!);
        arena.release(second!);
      },
    ),
  );
});
