/** Stored batches to and from Arrow: record batches, tables, IPC. The only file that knows Arrow's classes; import it on
 * first use.
 *
 * Columns are made from raw buffers (`makeData`), never by builders or vectorFromArray, which take a microsecond a row.
 * Fixed-width and variable-width columns without nulls are views of the same memory in both directions: a record
 * batch lives as long as the batch it was made from. bool, decimals, lists and validity are repacked.
 *
 * Read besides what is written: narrower integers and floats, LargeUtf8, LargeBinary, dictionaries (decoded),
 * timestamps in other units.
 */
import { checkColumns } from '../define/column-rules.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { UsageError } from '../errors.ts';
import * as arrow from './arrow-classes.ts';
import { dataOf } from './arrow-data.ts';
import { columnOf } from './arrow-columns.ts';
import type { StoredBatch } from './columns.ts';

export type { RecordBatch, Table } from './arrow-classes.ts';

type Of<T extends string> = AnyType<T> & { of: AnyType; precision: number; scale: number };

export function arrowType(of: AnyType): arrow.DataType {
  switch (of.type) {
    case 'bool':
      return new arrow.Bool();
    case 'int32':
      return new arrow.Int32();
    case 'int64':
      return new arrow.Int64();
    case 'float64':
      return new arrow.Float64();
    case 'utf8':
      return new arrow.Utf8();
    case 'date':
      return new arrow.DateDay();
    case 'timestamp':
      return new arrow.TimestampMicrosecond('UTC');
    case 'decimal':
      return new arrow.Decimal((of as Of<'decimal'>).scale, (of as Of<'decimal'>).precision, 128);
    case 'list':
      return new arrow.List(arrowField('item', (of as Of<'list'>).of));
    default:
      return new arrow.Binary();
  }
}

const arrowField = (name: string, of: AnyType): arrow.Field =>
  new arrow.Field(name, arrowType(of), of.nullable === true);

export function arrowSchema(columns: Schema): arrow.Schema {
  return new arrow.Schema(Object.entries(columns).map(([name, of]) => arrowField(name, of)));
}

/** The columns of an Arrow schema. Throws UsageError COLUMN_TYPE for a type that superstep does not have. */
export function schemaOf(schema: arrow.Schema): Schema {
  return Object.fromEntries(schema.fields.map(field => [field.name, typeOf(field, field.name)]));
}

function typeOf(field: arrow.Field, column: string): AnyType {
  const of = presentTypeOf(field.type, column);
  return field.nullable ? ({ ...of, nullable: true } as AnyType) : of;
}

function presentTypeOf(type: arrow.DataType, column: string): AnyType {
  const { Type } = arrow;
  switch (type.typeId) {
    case Type.Bool:
      return { type: 'bool' };
    case Type.Int: {
      const { bitWidth, isSigned } = type as unknown as { bitWidth: number; isSigned: boolean };
      if (bitWidth < 32 || (bitWidth === 32 && isSigned)) return { type: 'int32' };
      if (bitWidth === 32 || isSigned) return { type: 'int64' };
      break;
    }
    case Type.Float:
      if ((type as unknown as { precision: number }).precision > 0) return { type: 'float64' };
      break;
    case Type.Utf8:
    case Type.LargeUtf8:
      return { type: 'utf8' };
    case Type.Binary:
    case Type.LargeBinary:
      return { type: 'binary' };
    case Type.Date:
      if ((type as unknown as { unit: number }).unit === 0) return { type: 'date' };
      break;
    case Type.Timestamp:
      // Seconds, milliseconds, microseconds; nanoseconds would lose their last three digits.
      if ((type as unknown as { unit: number }).unit < 3) return { type: 'timestamp' };
      break;
    case Type.Decimal: {
      const { bitWidth, precision, scale } = type as unknown as arrow.Decimal;
      if (bitWidth === 128 && scale >= 0) return { type: 'decimal', precision, scale } as AnyType;
      break;
    }
    case Type.List:
      return { type: 'list', of: typeOf((type as arrow.List).children[0]!, column) } as AnyType;
    case Type.Dictionary:
      return presentTypeOf((type as unknown as { dictionary: arrow.DataType }).dictionary, column);
    default:
  }
  throw new UsageError(
    'COLUMN_TYPE',
    `column '${column}' is ${String(type)} in Arrow, which superstep does not read`,
    {
      remedy: 'Convert the column before, or leave it out.',
    },
  );
}

/** A record batch over the buffers of a stored batch. */
export function toArrow(batch: StoredBatch, columns: Schema): arrow.RecordBatch {
  const schema = arrowSchema(columns);
  const children = Object.values(columns).map((of, i) =>
    dataOf(of, schema.fields[i]!.type, batch.columns[i]!, batch.rows),
  );
  const type = new arrow.Struct(schema.fields);
  const data = arrow.makeData({ type, length: batch.rows, nullCount: 0, children });
  return new arrow.RecordBatch(schema, data);
}

/** The columns of `columns`, by name, of a record batch, which may come from another copy of Arrow. `where` is whose batch
 *  it is. A column that Arrow calls nullable (its builders call every one so) is taken for one that is not as long as
 *  it has no nulls. Throws UsageError COLUMN_MISSING, or COLUMN_TYPE for another type and for nulls. */
export function fromArrow(batch: arrow.RecordBatch, columns: Schema, where = 'Arrow'): StoredBatch {
  const rows = batch.numRows;
  const { fields } = batch.schema;
  const places = new Map(fields.map(({ name }, i) => [name, i]));
  const asked = fields.filter(({ name }) => Object.hasOwn(columns, name));
  const have = asked.map(({ name, type }) => [name, presentTypeOf(type, name)]);
  const present = Object.entries(columns).map(([name, of]) => [name, withoutNulls(of)]);
  checkColumns(Object.fromEntries(have), Object.fromEntries(present), where);
  const stored = Object.entries(columns).map(([name, of]) => {
    const data = batch.data.children[places.get(name)!]!;
    if (of.nullable !== true && data.nullCount > 0) {
      throw new UsageError(
        'COLUMN_TYPE',
        `${where}: column '${name}' has nulls and is not nullable`,
        { remedy: 'Declare it nullable in the schema that comes with the data.' },
      );
    }
    return columnOf(of, data);
  });
  return { rows, columns: stored };
}

function withoutNulls({ nullable, ...of }: AnyType): AnyType {
  void nullable;
  return of;
}

export function tableOf(batches: Iterable<StoredBatch>, columns: Schema): arrow.Table {
  const records = Array.from(batches, batch => toArrow(batch, columns));
  return new arrow.Table(arrowSchema(columns), records);
}

/** Arrow's IPC format, as a stream or as a file. */
export function toIpc(
  batches: Iterable<StoredBatch>,
  columns: Schema,
  form: 'stream' | 'file' = 'stream',
): Uint8Array {
  const Writer = form === 'file' ? arrow.RecordBatchFileWriter : arrow.RecordBatchStreamWriter;
  const writer = new Writer();
  writer.reset(undefined, arrowSchema(columns));
  for (const batch of batches) writer.write(toArrow(batch, columns));
  return writer.finish().toUint8Array(true);
}

/** Schema and batches of an IPC stream or file. Batches are views of `bytes` where they can be. */
export function fromIpc(bytes: Uint8Array): {
  readonly schema: Schema;
  readonly batches: readonly StoredBatch[];
} {
  const reader = arrow.RecordBatchReader.from(bytes).open();
  const schema = schemaOf(reader.schema);
  return { schema, batches: Array.from(reader, batch => fromArrow(batch, schema)) };
}
