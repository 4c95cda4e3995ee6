/** A loaded graph: runs by partition, and how many of what. Plain data: it travels to workers.
 *
 * A vertex is its *rank*: the index of its id among all ids, ascending (int64 by number, utf8 by bytes). Partitions are
 * ranges of ranks, one after the other; where they are cut follows from the vertices and edges alone, never from workers or
 * memory. A row of a vertex run belongs to the rank base + row.
 * Invariant: order of arrival is (split, row of the split); an undirected edge is stored in both directions, a
 * self-loop once.
 * Not here: who makes it (load.ts), and who owns its ranges and segments (whoever asked for it).
 */
import { type Field, fieldsOf } from '../batch/columns.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { LimitError } from '../errors.ts';
import type { Run } from '../store/run.ts';

export interface GraphPartition {
  /** The rank of its first vertex. */
  readonly base: number;
  readonly vertices: number;
  /** Edges out of its vertices: of an undirected graph each in both directions. */
  readonly edges: number;
  /** A row a vertex, in order of rank: columns as `vertexFields`. */
  readonly vertexRun: Run;
  /** A row an edge, by (source, target, order of arrival): columns as `edgeFields`. A vertex's edges are as many as its
   *  out-degree says, one vertex after the other. */
  readonly edgeRun: Run;
}

export interface LoadedGraph {
  readonly id: AnyType;
  readonly vertex: Schema;
  readonly edge: Schema;
  readonly directed: boolean;
  readonly vertexCount: number;
  /** An undirected edge counts once. */
  readonly edgeCount: number;
  readonly partitions: readonly GraphPartition[];
}

/** The edges into the vertices of one partition. */
export interface InEdges {
  /** A row a vertex: `inDegree` (i32). */
  readonly vertexRun: Run;
  /** A row an edge, by (target, source, order of arrival): `source`, a rank (i32). */
  readonly edgeRun: Run;
  readonly edges: number;
}

/** At most so many: ranks are int32. */
export const MAX_VERTICES = 2 ** 31 - 1;

const most = MAX_VERTICES.toLocaleString('en');

/** Of a graph with more vertices. */
export function tooManyVertices(vertices: number): LimitError {
  const are = vertices.toLocaleString('en');
  return new LimitError('GRAPH_SIZE', `the graph has ${are} vertices, and ranks end at ${most}`, {
    remedy: 'Load a part of it.',
  });
}

/** Of a vertex, as printed, with more out-edges. */
export function tooManyEdges(vertex: string): LimitError {
  return new LimitError('GRAPH_SIZE', `vertex ${vertex} has more than ${most} edges`, {
    remedy: 'Drop duplicate edges before the graph is loaded, or load a part of it.',
  });
}

export const IN_DEGREE: readonly Field[] = [{ name: 'inDegree', kind: 'i32', nullable: false }];
export const IN_EDGE: readonly Field[] = [{ name: 'source', kind: 'i32', nullable: false }];

export const OUT_DEGREE: Field = { name: 'outDegree', kind: 'i32', nullable: false };

/** Of a vertex run: `id`, `outDegree`, then the values. A vertex that no table lists (danglingEdges 'add') has null. */
export function vertexFields(id: AnyType, vertex: Schema): Field[] {
  return [...fieldsOf({ id }), OUT_DEGREE, ...fieldsOf(vertex)];
}

/** Of an edge run: `target`, a rank, then the values. */
export function edgeFields(edge: Schema): Field[] {
  return [{ name: 'target', kind: 'i32', nullable: false }, ...fieldsOf(edge)];
}
