/** For tests of programs: a graph of rows in memory, loaded by definition (core/serial has no part in the engine), in as many partitions as a test
 *  likes, in segments. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { batchOf } from '../batch/codec.ts';
import { cut, type Field } from '../batch/columns.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { SegmentWriter } from '../store/segment.ts';
import type { Run } from '../store/run.ts';
import { edgeFields, type LoadedGraph, vertexFields } from './loaded.ts';

export interface PlainGraph {
  readonly ids: readonly unknown[];
  readonly values: readonly object[];
  readonly out: readonly (readonly { readonly target: number; readonly value: object }[])[];
  readonly edgeCount: number;
  readonly directed: boolean;
}

/** Rows are as core/serial stores them: int64 is a bigint. */
const exact = (columns: Schema): Schema =>
  Object.fromEntries(
    Object.entries(columns).map(([c, of]) => [
      c,
      of.type === 'int64' ? ({ ...of, read: 'bigint' } as AnyType) : of,
    ]),
  );

export function storeGraph(
  folder: string,
  { ids, values, out, edgeCount, directed }: PlainGraph,
  schemas: { readonly id: AnyType; readonly vertex: Schema; readonly edge: Schema },
  bounds: readonly number[],
  batchRows = 16_384,
): LoadedGraph {
  mkdirSync(folder, { recursive: true });
  const int32: AnyType = { type: 'int32' };
  const write = (name: string, rows: readonly object[], schema: Schema, fields: Field[]): Run => {
    const segment = join(folder, `${name}.parquet`);
    const writer = new SegmentWriter(segment, fields);
    const refs = [...cut(batchOf(rows, schema), batchRows)].map(batch => writer.write(batch));
    writer.close();
    return { fields, segment, partitions: [refs.filter(({ rows: n }) => n > 0)] };
  };
  const partitions = bounds.slice(0, -1).map((base, p) => {
    const end = bounds[p + 1]!;
    const vertices = ids.slice(base, end).map((each, i) => ({
      id: each,
      outDegree: out[base + i]!.length,
      ...values[base + i],
    }));
    const edges = out
      .slice(base, end)
      .flat()
      .map(({ target, value }) => ({ target, ...value }));
    return {
      base,
      vertices: end - base,
      edges: edges.length,
      vertexRun: write(
        `vertices-${p}`,
        vertices,
        exact({ id: schemas.id, outDegree: int32, ...schemas.vertex }),
        vertexFields(schemas.id, schemas.vertex),
      ),
      edgeRun: write(
        `edges-${p}`,
        edges,
        exact({ target: int32, ...schemas.edge }),
        edgeFields(schemas.edge),
      ),
    };
  });
  return { ...schemas, directed, vertexCount: ids.length, edgeCount, partitions };
}
