/** Columns and builders of `mapBatch`, over arrays of values. */
import type { AnyType, Schema } from '../define/schema.ts';
import { TaskError } from '../errors.ts';
import type { AnyBuilder, Column } from '../mapreduce/define.ts';
import type { Any, Row } from './values.ts';

export function columnsOf(
  rows: readonly Row[],
  columns: Schema,
): { readonly [column: string]: Column<AnyType> } {
  return Object.fromEntries(
    Object.entries(columns).map(([c, of]) => [
      c,
      columnOf(
        rows.map(row => row[c]),
        of,
      ),
    ]),
  );
}

const number = (v: Any): number => (v === null ? 0 : Number(v));
const micros = (v: Any): bigint => BigInt(v === null ? 0 : Math.round(v * 1000));
const day = (v: Any): number => (v === null ? 0 : Date.parse(`${v}T00:00:00Z`) / 86_400_000);

function columnOf(values: readonly Any[], of: AnyType): Column<AnyType> {
  const column: Any = {
    length: values.length,
    at: (i: number) => values[i],
    isNull: (i: number) => values[i] === null,
  };
  switch (of.type) {
    case 'int32':
      column.values = Int32Array.from(values, number);
      break;
    case 'float64':
      column.values = Float64Array.from(values, number);
      break;
    case 'int64':
      column.values = BigInt64Array.from(values, v => BigInt(v ?? 0));
      break;
    case 'timestamp':
      column.values = BigInt64Array.from(values, micros);
      break;
    case 'date':
      column.values = Int32Array.from(values, day);
      break;
    case 'list':
      column.offsets = offsetsOf(values);
      break;
    case 'utf8':
    case 'binary': {
      const parts = values.map(v => (v === null ? Buffer.alloc(0) : Buffer.from(v)));
      column.bytes = new Uint8Array(Buffer.concat(parts));
      column.offsets = offsetsOf(parts);
      break;
    }
  }
  return column as Column<AnyType>;
}

function offsetsOf(parts: readonly ({ readonly length: number } | null)[]): Int32Array {
  const offsets = new Int32Array(parts.length + 1);
  for (const [i, part] of parts.entries()) offsets[i + 1] = offsets[i]! + (part?.length ?? 0);
  return offsets;
}

/** Builders, and the rows that were pushed to them. */
export function buildersOf(columns: Schema): {
  readonly builders: { readonly [column: string]: AnyBuilder };
  rows(where: string): Row[];
} {
  const names = Object.keys(columns);
  const pushed = Object.fromEntries(names.map(c => [c, [] as Any[]]));
  const builder = (c: string): AnyBuilder => ({
    push: value => void pushed[c]!.push(value),
    pushBytes(from, start, end) {
      const bytes = from.slice(start, end);
      pushed[c]!.push(columns[c]!.type === 'utf8' ? new TextDecoder().decode(bytes) : bytes);
    },
  });
  return {
    builders: Object.fromEntries(names.map(c => [c, builder(c)])),
    rows(where) {
      const lengths = names.map(c => pushed[c]!.length);
      if (new Set(lengths).size > 1) {
        const each = names.map((c, i) => `${c} ${lengths[i]}`).join(', ');
        throw new TaskError(
          'TYPE_MISMATCH',
          `${where} left columns of different lengths: ${each}`,
          {
            remedy: 'Push one value to every column for each row.',
          },
        );
      }
      return Array.from({ length: lengths[0] ?? 0 }, (_, i) =>
        Object.fromEntries(names.map(c => [c, pushed[c]![i]])),
      );
    },
  };
}
