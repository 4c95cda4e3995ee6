/** Ids and ranks: the vertices of given ids, the id of a vertex, and columns of vertices as ids. */
import { readerOf } from '../batch/codec.ts';
import { type StoredColumn, valuesOf } from '../batch/columns.ts';
import type { AnyType } from '../define/schema.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import type { LoadedGraph } from './loaded.ts';
import { partitionOf } from './outbox-rows.ts';
import type { Reading } from './resident.ts';
import { type Batch, RunReader } from './run-reader.ts';

export type Id = bigint | string;

/** Ids in order of rank, read where they lie. */
export class Ids {
  readonly #graph: LoadedGraph;
  readonly #readers: readonly RunReader[];
  #batch: { readonly partition: number; readonly index: number; readonly batch: Batch } | undefined;

  constructor(graph: LoadedGraph, carrier: Carrier) {
    this.#graph = graph;
    this.#readers = graph.partitions.map(({ vertexRun }) => new RunReader(vertexRun, 0, carrier));
  }

  /** The batch that has a rank's id, and its row there. Good until another is asked for. */
  #at(rank: number): {
    readonly column: StoredColumn;
    readonly rows: number;
    readonly row: number;
  } {
    const partition = partitionOf(this.#graph.partitions, rank);
    const local = rank - this.#graph.partitions[partition]!.base;
    const reader = this.#readers[partition]!;
    const index = reader.batchOf(local);
    if (this.#batch?.partition !== partition || this.#batch.index !== index) {
      this.#batch = { partition, index, batch: reader.copy(index) };
    }
    const { first, rows, columns } = this.#batch.batch;
    return { column: columns[0]!, rows, row: local - first };
  }

  at(rank: number): Id {
    const { column, rows, row } = this.#at(rank);
    return readerOf(exact(this.#graph.id), 'id', column, rows).at(row) as Id;
  }

  /** The rank of an id; −1: there is none. */
  rankOf(id: Id): number {
    let [low, high] = [0, this.#graph.vertexCount];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareIds(this.at(middle), id);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  /** A column of ranks (int32) as one of ids. Ranks are looked up in ascending order, so each batch of ids is read once. */
  translate(column: StoredColumn, rows: number): StoredColumn {
    const ranks = valuesOf(column.data, 'i32');
    const { valid } = column;
    const present: number[] = [];
    for (let row = 0; row < rows; row++)
      if (valid === undefined || valid[row] === 1) present.push(row);
    const order = Uint32Array.from(present).toSorted((a, b) => ranks[a]! - ranks[b]!);
    const kept = valid === undefined ? {} : { valid: valid.slice(0, rows) };
    if (this.#graph.id.type === 'int64') {
      const data = new Uint8Array(rows * 8);
      for (const row of order) {
        const at = this.#at(ranks[row]!);
        data.set(at.column.data.subarray(at.row * 8, at.row * 8 + 8), row * 8);
      }
      return { data, ...kept };
    }
    const offsets = new Int32Array(rows + 1);
    for (const row of order) {
      const { column: ids, row: at } = this.#at(ranks[row]!);
      offsets[row + 1] = ids.offsets![at + 1]! - ids.offsets![at]!;
    }
    for (let row = 0; row < rows; row++) offsets[row + 1]! += offsets[row]!;
    const data = new Uint8Array(offsets[rows]!);
    for (const row of order) {
      const { column: ids, row: at } = this.#at(ranks[row]!);
      data.set(ids.data.subarray(ids.offsets![at], ids.offsets![at + 1]), offsets[row]!);
    }
    return { data, offsets, ...kept };
  }
}

/** All 64 bits. */
const exact = (of: AnyType): AnyType =>
  of.type === 'int64' ? ({ ...of, read: 'bigint' } as AnyType) : of;

/** Numbers by value, text by bytes. */
export function compareIds(a: Id, b: Id): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a < (b as bigint) ? -1 : a > (b as bigint) ? 1 : 0;
}

/** An id as messages show it: text in quotes. */
export function idOf({ resident, carrier }: Reading, partition: number, index: number): string {
  const { graph } = resident.facts;
  const { base, vertices } = graph.partitions[partition]!;
  if (index >= vertices) return `number ${base + index}`;
  const id = new Ids(graph, carrier).at(base + index);
  return typeof id === 'string' ? JSON.stringify(id) : String(id);
}
