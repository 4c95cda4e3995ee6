/** For tests only: any layout of stored columns, any batch of it, and whether two batches hold the same values. */
import * as fc from 'fast-check';
import { type Field, type StoredBatch, type StoredColumn, WIDTH } from './columns.ts';

type Cell = Uint8Array | null;

/** Layouts of 1 to 5 columns of every kind. */
export const anyFields: fc.Arbitrary<Field[]> = fc.uniqueArray(
  fc.record({
    name: fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('__proto__', 'constructor', '日本語'),
    ),
    kind: fc.constantFrom('i32', 'i64', 'f64', 'bytes'),
    nullable: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5, selector: field => field.name.toLowerCase() },
);

function anyCell(field: Field, absent: number): fc.Arbitrary<Cell> {
  const width = field.kind === 'bytes' ? undefined : WIDTH[field.kind];
  const value = fc.uint8Array(
    width === undefined ? { maxLength: 40 } : { minLength: width, maxLength: width },
  );
  return field.nullable ? fc.option(value, { freq: absent }) : value;
}

/** Batches of a layout, none empty of columns; mostly present, mostly absent, and none of either. */
export function anyBatch(fields: readonly Field[], maxRows = 100): fc.Arbitrary<StoredBatch> {
  return fc
    .tuple(fc.nat(maxRows), fc.constantFrom(1, 5, 1000))
    .chain(([rows, absent]) =>
      fc.tuple(
        ...fields.map(field =>
          fc.array(anyCell(field, absent), { minLength: rows, maxLength: rows }),
        ),
      ),
    )
    .map(columns => batchOfCells(fields, columns));
}

/** @param columns the bytes of each value, or null, by column */
export function batchOfCells(
  fields: readonly Field[],
  columns: readonly (readonly Cell[])[],
): StoredBatch {
  return {
    rows: columns[0]!.length,
    columns: columns.map((cells, i) => columnOfCells(fields[i]!, cells)),
  };
}

function columnOfCells(field: Field, cells: readonly Cell[]): StoredColumn {
  const empty = new Uint8Array(field.kind === 'bytes' ? 0 : WIDTH[field.kind]);
  const data = new Uint8Array(Buffer.concat(cells.map(cell => cell ?? empty)));
  const valid = field.nullable
    ? Uint8Array.from(cells, cell => (cell === null ? 0 : 1))
    : undefined;
  if (field.kind !== 'bytes') return valid === undefined ? { data } : { data, valid };
  const offsets = new Int32Array(cells.length + 1);
  cells.forEach((cell, row) => (offsets[row + 1] = offsets[row]! + (cell?.length ?? 0)));
  return valid === undefined ? { data, offsets } : { data, offsets, valid };
}

/** Every value as hexadecimal text, null as null: what tests compare. */
export function cellsOf(fields: readonly Field[], batch: StoredBatch): (string | null)[][] {
  return fields.map((field, i) => {
    const { data, offsets, valid } = batch.columns[i]!;
    return Array.from({ length: batch.rows }, (_, row) => {
      if (valid !== undefined && valid[row] === 0) return null;
      const width = field.kind === 'bytes' ? 0 : WIDTH[field.kind];
      const start = offsets === undefined ? row * width : offsets[row]!;
      const end = offsets === undefined ? start + width : offsets[row + 1]!;
      return Buffer.from(data.subarray(start, end)).toString('hex');
    });
  });
}
