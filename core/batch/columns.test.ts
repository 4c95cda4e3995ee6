import test from 'ava';
import * as fc from 'fast-check';
import { anyBatch, anyFields, cellsOf } from './arbitrary.ts';
import { BATCH_BYTES, bytesOf, concatColumns, cut, sliceBatch, valuesOf } from './columns.ts';

const anyLayout = anyFields.chain(fields => fc.tuple(fc.constant(fields), anyBatch(fields)));

test('property: the pieces of a cut are the batch, within its limits; put together they are the batch again', t => {
  const limits = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 2000 }));
  fc.assert(
    fc.property(anyLayout, limits, ([fields, batch], [maxRows, maxBytes]) => {
      const pieces = [...cut(batch, maxRows, maxBytes)];
      const cells = cellsOf(fields, batch);
      t.deepEqual(
        fields.map((_, i) => pieces.flatMap(piece => cellsOf(fields, piece)[i]!)),
        cells,
      );
      for (const piece of pieces) {
        // Offsets have one more than rows.
        const extra = 4 * fields.filter(field => field.kind === 'bytes').length;
        t.true(piece.rows > 0 && piece.rows <= maxRows);
        t.true(piece.rows === 1 || bytesOf(piece) - extra <= maxBytes);
        for (const { offsets } of piece.columns) t.is(offsets?.[0] ?? 0, 0);
      }
      const rows = pieces.map(piece => piece.rows);
      const whole = fields.map((field, i) =>
        concatColumns(
          pieces.map(piece => piece.columns[i]!),
          rows,
          field,
        ),
      );
      t.deepEqual(cellsOf(fields, { rows: batch.rows, columns: whole }), cells);
    }),
  );
});

test('a batch that fits is not copied, one large value is a piece by itself', t => {
  const data = new Uint8Array(3 * BATCH_BYTES);
  const batch = { rows: 2, columns: [{ data, offsets: Int32Array.of(0, 10, data.length) }] };
  t.deepEqual(
    [...cut(batch)].map(piece => piece.rows),
    [1, 1],
  );
  const small = sliceBatch(batch, 0, 1);
  t.is([...cut(small)][0], small);
  t.is(small.columns[0]!.data.buffer, data.buffer);
});

test('values at any address', t => {
  const bytes = new Uint8Array(33);
  const at = (start: number) => bytes.subarray(start, start + 16);
  new DataView(bytes.buffer).setFloat64(1, 0.5, true);
  t.is(valuesOf(at(1), 'f64')[0], 0.5);
  t.not(valuesOf(at(1), 'f64').buffer, bytes.buffer);
  t.is(valuesOf(at(8), 'i64').buffer, bytes.buffer);
  t.is(valuesOf(at(8), 'i32').length, 4);
});
