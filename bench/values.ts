/** What an algorithm found out about a graph: a number a vertex, in ascending order of id. As files, whoever wrote them: the
 * engine's Parquet (columns vertex and another), or a plain array of doubles or integers.
 *
 * Where there is no number (a vertex that is not reached) it is NaN here; Parquet has null, integers −1, doubles Infinity.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { query, quoted } from './rivals/duckdb.ts';

export interface Values {
  /** Undefined where the file has none. */
  readonly ids: Float64Array | undefined;
  readonly values: Float64Array;
}
type Plain = Float64Array | Int32Array | Uint32Array;

/** Writes an array as it lies in memory, to `path` and an extension that says what it is. Returns the whole path. */
export function writeValues(path: string, values: Plain): string {
  const kind =
    values instanceof Float64Array ? 'f64' : values instanceof Int32Array ? 'i32' : 'u32';
  writeFileSync(
    `${path}.${kind}`,
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return `${path}.${kind}`;
}

export async function readValues(path: string): Promise<Values> {
  if (extname(path) === '.parquet') return readParquet(path);
  const { buffer } = new Uint8Array(readFileSync(path));
  switch (extname(path)) {
    case '.f64':
      return { ids: undefined, values: new Float64Array(buffer).map(finite) };
    case '.i32':
      return { ids: undefined, values: Float64Array.from(new Int32Array(buffer), reached) };
    case '.u32':
      return { ids: undefined, values: Float64Array.from(new Uint32Array(buffer)) };
    default:
      throw new Error(`${path}: no array`);
  }
}

const finite = (value: number): number => (value === Infinity ? Number.NaN : value);
const reached = (value: number): number => (value < 0 ? Number.NaN : value);

const numberOf = (value: unknown): number => (value === null ? Number.NaN : finite(Number(value)));

async function readParquet(path: string): Promise<Values> {
  const rows = await query(`from read_parquet(${quoted(path)}) order by vertex`);
  const [, column] = Object.keys(rows[0] ?? { vertex: 0, value: 0 });
  return {
    ids: Float64Array.from(rows, row => Number(row['vertex'])),
    values: Float64Array.from(rows, row => numberOf(row[column!])),
  };
}

/** Labels of components as the position of the first vertex that has each: two labellings are equivalent if these are equal. */
export function canonical(labels: Float64Array): Float64Array {
  const first = new Map<number, number>();
  return labels.map((label, v) => {
    const known = first.get(label);
    if (known !== undefined) return known;
    first.set(label, v);
    return v;
  });
}

/** The first value that is off by more than `tolerance`, relative to the true one; undefined if none is.
 * @param ids of the vertices, in order. */
export function firstDifference(
  { ids: gotIds, values: got }: Values,
  truth: Float64Array,
  ids: ArrayLike<number>,
  tolerance: number,
): string | undefined {
  if (got.length !== truth.length) return `${got.length} vertices instead of ${truth.length}`;
  for (let v = 0; v < truth.length; v++) {
    if (gotIds !== undefined && gotIds[v] !== ids[v])
      return `vertex ${gotIds[v]} instead of ${ids[v]}`;
    const [a, b] = [got[v]!, truth[v]!];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    if (!(Math.abs(a - b) <= tolerance * Math.abs(b)))
      return `vertex ${ids[v]}: ${a} instead of ${b}`;
  }
  return undefined;
}
