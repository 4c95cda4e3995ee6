/** Column types as Parquet's schema has them: physical type, and the logical one in both notations (readers from
 * before 2017 know the older only).
 *
 * A list is the standard three levels: the column (LIST), its repeated group `list`, in that the `element`.
 */
import { type AnyType } from '../define/schema.ts';
import { storedAs } from '../batch/columns.ts';
import type { Elements, SchemaElement } from './parquet-file.ts';
import { CONVERTED, parquetjs, PHYSICAL, REPETITION } from './parquetjs.ts';

/** Of a list: its items' type. */
export function itemOf(of: AnyType): AnyType {
  return (of as AnyType & { of: AnyType }).of;
}

/** Physical type of the values of a column; of a list, of its innermost items. */
export function leafType(of: AnyType): number {
  switch (of.type) {
    case 'list':
      return leafType(itemOf(of));
    case 'bool':
      return PHYSICAL.BOOLEAN;
    case 'decimal':
      return storedAs(of) === 'i64' ? PHYSICAL.INT64 : PHYSICAL.FIXED;
    default:
      return {
        i32: PHYSICAL.INT32,
        i64: PHYSICAL.INT64,
        f64: PHYSICAL.DOUBLE,
        bytes: PHYSICAL.BYTE_ARRAY,
      }[storedAs(of)];
  }
}

export function pathOf(name: string, of: AnyType): readonly string[] {
  return of.type === 'list' ? [name, 'list', ...pathOf('element', itemOf(of))] : [name];
}

export function elementsOf(name: string, of: AnyType): Elements {
  const repetition_type = of.nullable === true ? REPETITION.OPTIONAL : REPETITION.REQUIRED;
  if (of.type !== 'list') {
    return [{ name, type: leafType(of), repetition_type, ...logicalOf(of) }];
  }
  return [
    {
      name,
      repetition_type,
      num_children: 1,
      converted_type: CONVERTED.LIST,
      logicalType: logical('LIST', struct('ListType')),
    },
    { name: 'list', repetition_type: REPETITION.REPEATED, num_children: 1 },
    ...elementsOf('element', itemOf(of)),
  ];
}

function logicalOf(of: AnyType): Partial<SchemaElement> {
  switch (of.type) {
    case 'utf8':
      return {
        converted_type: CONVERTED.UTF8,
        logicalType: logical('STRING', struct('StringType')),
      };
    case 'date':
      return { converted_type: CONVERTED.DATE, logicalType: logical('DATE', struct('DateType')) };
    case 'timestamp': {
      const unit = struct('TimeUnit', { MICROS: struct('MicroSeconds') });
      return {
        converted_type: CONVERTED.TIMESTAMP_MICROS,
        logicalType: logical('TIMESTAMP', struct('TimestampType', { isAdjustedToUTC: true, unit })),
      };
    }
    case 'decimal': {
      const { precision, scale } = of as AnyType & { precision: number; scale: number };
      return {
        converted_type: CONVERTED.DECIMAL,
        logicalType: logical('DECIMAL', struct('DecimalType', { precision, scale })),
        precision,
        scale,
        ...(leafType(of) === PHYSICAL.FIXED && { type_length: 16 }),
      };
    }
    default:
      return {};
  }
}

const struct = (name: string, members: object = {}): object =>
  new (parquetjs().types[name]!)(members);
const logical = (name: string, value: object): object => struct('LogicalType', { [name]: value });
