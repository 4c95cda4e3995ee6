/** The edge column that messages meet on their way, as wide as messages are: doubles may meet integers. */
import { type StoredColumn, valuesOf, WIDTH } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import type { NumberKind } from '../kernels/messages.ts';
import type { Along } from './define.ts';

/** Plain data. */
export interface Weight {
  /** Its place in an edge run. */
  readonly column: number;
  readonly from: NumberKind;
  readonly to: NumberKind;
}

const KINDS = { int32: 'i32', int64: 'i64', float64: 'f64' } as const;

/** `edge`: the columns that the graph has. */
export function weightOf(
  along: Along<string> | undefined,
  edge: Schema,
  to: NumberKind,
): Weight | undefined {
  if (along === undefined) return undefined;
  const from = KINDS[edge[along.column]!.type as keyof typeof KINDS];
  return { column: 1 + Object.keys(edge).indexOf(along.column), from, to };
}

export function weightsAs(column: StoredColumn, rows: number, { from, to }: Weight): Uint8Array {
  const data = column.data.subarray(0, rows * WIDTH[from]);
  if (from === to) return data;
  const wide = new Float64Array(rows);
  const values = valuesOf(data, from);
  for (let i = 0; i < rows; i++) wide[i] = Number(values[i]);
  return new Uint8Array(wide.buffer);
}

type Any = number & bigint;
/** One message on an edge, where messages do not go through a kernel. */
export const ALONG: { readonly [W in Along<string>['along']]: (message: Any, weight: Any) => Any } =
  {
    plus: (m, w) => (m + w) as Any,
    times: (m, w) => (m * w) as Any,
    least: (m, w) => (w < m ? w : m),
    most: (m, w) => (w > m ? w : m),
  };
