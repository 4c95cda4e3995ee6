/** The edges of a few vertices at a time, for programs that look at them or whose messages are rows: as many vertices as have some ten thousand
 * edges, or one that has more.
 *
 * Edges are read as they lie, from vertex to vertex: nothing of them stays.
 */
import { sliceBatch } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import { Columns } from './columns.ts';
import type { EdgeArrays } from './cursor.ts';
import { degreesOf, edgesOf } from './parts.ts';
import type { Reading } from './resident.ts';
import { RunReader } from './run-reader.ts';

/** Edges of a window, unless one vertex has more. */
const WINDOW_EDGES = 65_536;

export class EdgeWindows {
  readonly #reading: Reading;
  readonly #reader: RunReader;
  readonly #schema: Schema;
  readonly #name: string;
  /** Doubles: a partition may have more edges than 32 bits count. */
  readonly #offsets: Float64Array;
  #columns: Columns | undefined;
  #first = 0;
  #rows = 0;
  #pointer = 0;
  /** Asked for once a vertex. */
  #arrays: EdgeArrays | undefined;

  /** `schema`: of the edges' values, which follow the target in their run. @throws LimitError MEMORY */
  constructor(reading: Reading, partition: number, channel: 'out' | 'in', schema: Schema) {
    const { resident, carrier } = reading;
    this.#reading = reading;
    this.#schema = schema;
    this.#name = `window-${channel}`;
    this.#reader = new RunReader(edgesOf(resident, partition, channel).edgeRun, 0, carrier);
    const degrees = degreesOf(resident, carrier, partition, channel);
    const { vertices } = resident.facts.graph.partitions[partition]!;
    const { u32 } = resident.kernels;
    this.#offsets = new Float64Array(vertices + 1);
    for (let i = 0; i < vertices; i++) {
      this.#offsets[i + 1] = this.#offsets[i]! + u32[(degrees >>> 2) + i]!;
    }
  }

  /** The vertex behind the last one of a window that begins with `from` and has at most `most` vertices. */
  end(from: number, most: number): number {
    const offsets = this.#offsets;
    const last = Math.min(offsets.length - 1, from + most);
    let to = from + 1;
    while (to < last && offsets[to + 1]! - offsets[from]! <= WINDOW_EDGES) to++;
    return to;
  }

  /** Reads the edges of vertices [from, to). Addresses of kernel memory may have changed afterwards. `columns`: which of the
   *  run's columns those of the schema are. */
  load(from: number, to: number, columns: readonly number[]): void {
    const [first, end] = [this.#offsets[from]!, this.#offsets[to]!];
    const rows = end - first;
    const { resident } = this.#reading;
    const { kernels } = resident;
    this.#pointer = resident.need(this.#name, Math.max(rows, WINDOW_EDGES) * 4, `${rows} edges`);
    if (this.#columns === undefined || this.#columns.rows < rows) {
      this.#columns?.free();
      this.#columns = new Columns(kernels, this.#schema, Math.max(rows, WINDOW_EDGES));
    }
    for (const batch of this.#reader.within(first, end)) {
      const start = Math.max(first, batch.first);
      const stop = Math.min(end, batch.first + batch.rows);
      const part = sliceBatch(batch, start - batch.first, stop - batch.first);
      const at = start - first;
      kernels.copyIn(part.columns[0]!.data, this.#pointer + at * 4);
      const values = { rows: part.rows, columns: columns.map(i => part.columns[i]!) };
      this.#columns.load(values, 0, at);
    }
    this.#first = first;
    this.#rows = rows;
    this.#arrays = undefined;
  }

  /** Of the window that is loaded. */
  arrays(): EdgeArrays {
    const { buffer } = this.#reading.resident.kernels.u8;
    if (this.#arrays?.targets.buffer === buffer) return this.#arrays;
    return (this.#arrays = {
      offsets: this.#offsets,
      first: this.#first,
      targets: new Int32Array(buffer, this.#pointer, this.#rows),
      values: this.#columns!.arrays(),
    });
  }

  free(): void {
    this.#columns?.free();
  }
}
