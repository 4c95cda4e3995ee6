/** The object that a walk fills: a dictionary of ids, and rows by the numbers it gives.
 *
 *   batch ──ids──▶ numbers ──▶ out-edges counted by number
 *                          └─▶ rows (number, number, values) ──▶ a run, at once
 *
 * Order of calls: `begin` a split, `edges` and `vertices` of it; `finish` after the last. When memory for more ids is refused the
 * object is sealed, and the next one begins with the row at hand: `objects` are in the order of the input.
 * Invariant: a row is in one object, with all its ends in that object's dictionary.
 */
import {
  BATCH_ROWS,
  type Field,
  sliceBatch,
  type StoredBatch,
  type StoredColumn,
} from '../../batch/columns.ts';
import type { AnyType, Schema } from '../../define/schema.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { ColumnTable, gatherFixed } from '../../kernels/gather.ts';
import { IdCounters } from '../../kernels/id-counters.ts';
import { ByteIds, ID_ROWS, type IdBlock, type Ids, Int64Ids, SmallIds } from '../../kernels/ids.ts';
import { type Kernels, outOfMemory } from '../../kernels/kernels.ts';
import type { JobContext } from '../../mapreduce/stage.ts';
import { type KeySample, SAMPLE_KEY_BYTES } from '../../shuffle/key-sample.ts';
import { BatchArea } from '../../store/batch-area.ts';
import { idFields, type LoadObject, NUMBERS, numberedEdges, numberedVertices } from './tasks.ts';
import { JoinedRun, partOf, runWriter } from './run-parts.ts';

/** Of an id in a run, as it is guessed. */
const ID_BYTES = 20;
/** A run is at most so many times its input, nearly always: a line of text has four bytes, an edge eight. */
const RUN_OF_INPUT = 4;
/** Rows of an object, at most: counters are 32 bits. */
const MAX_ROWS = 2 ** 31;

export interface ObjectOptions {
  readonly context: JobContext;
  readonly worker: WorkerContext;
  readonly id: AnyType;
  readonly edge: Schema;
  /** Absent: vertices are not listed. */
  readonly vertex?: Schema | undefined;
  readonly undirected: boolean;
  readonly inputBytes: number;
  readonly smallIds: number;
  readonly maxIds: number;
  readonly sample: KeySample;
}

export class ObjectBuilder {
  readonly objects: LoadObject[] = [];
  readonly #options: ObjectOptions;
  readonly #kernels: Kernels;
  readonly #maxRows: number;
  readonly #counters: IdCounters;
  readonly #area: BatchArea;
  /** Numbers of a batch's ends. */
  readonly #numbers: readonly [number, number];
  readonly #zeros: number;
  readonly #counts: number;
  readonly #table: ColumnTable;
  #ids: Ids;
  #small: boolean;
  #edges: JoinedRun | undefined;
  #vertices: JoinedRun | undefined;
  #rows = 0;
  #split = 0;
  #pieces: number[] = [];
  /** The last split of the last piece. */
  #pieceEnd = -1;

  /** @throws LimitError MEMORY */
  constructor(kernels: Kernels, options: ObjectOptions) {
    const { id, vertex, smallIds, maxIds, context } = options;
    this.#options = options;
    this.#kernels = kernels;
    this.#maxRows = context.refuse?.rows ?? MAX_ROWS;
    this.#counters = new IdCounters(kernels, vertex !== undefined, maxIds);
    this.#area = new BatchArea(kernels);
    const numbers = kernels.allocOrThrow(8 * BATCH_ROWS, 'the ends of edges');
    this.#numbers = [numbers, numbers + 4 * BATCH_ROWS];
    this.#zeros = kernels.allocOrThrow(3 * 4 * ID_ROWS, 'ids');
    this.#counts = this.#zeros + 4 * ID_ROWS;
    kernels.zero(this.#zeros, 4 * ID_ROWS);
    this.#table = new ColumnTable(kernels, 1);
    this.#small = id.type !== 'utf8' && smallIds > 0;
    this.#ids = this.#newIds();
  }

  begin(split: number): void {
    this.#split = split;
  }

  /** At most BATCH_ROWS rows. */
  async edges(source: StoredColumn, target: StoredColumn, values: StoredBatch): Promise<void> {
    const { rows } = values;
    const [sources, targets] = this.#area.copy({ rows, columns: [source, target] });
    const [s, t] = this.#numbers;
    await this.#take(
      rows,
      (first, end) => {
        const taken = this.#ids.add(sources!, first, end, s);
        return this.#ids.add(targets!, first, taken, t);
      },
      async (first, end) => {
        const [from, to] = [s + 4 * first, t + 4 * first];
        this.#counters.countEdges(from, to, end - first, this.#options.undirected);
        this.#edges ??= this.#open('edges', numberedEdges(this.#options.edge));
        await this.#write(this.#edges, [from, to], values, first, end);
        this.#count(end - first);
      },
    );
  }

  /** At most BATCH_ROWS rows. */
  async vertices(vertex: StoredColumn, values: StoredBatch): Promise<void> {
    const { rows } = values;
    const [ids] = this.#area.copy({ rows, columns: [vertex] });
    const [numbers] = this.#numbers;
    await this.#take(
      rows,
      (first, end) => this.#ids.add(ids!, first, end, numbers),
      async (first, end) => {
        const from = numbers + 4 * first;
        this.#counters.countListed(from, end - first);
        // What has no values is in the dictionary, and that is all.
        if (values.columns.length === 0) return;
        this.#vertices ??= this.#open('vertices', numberedVertices(this.#options.vertex!));
        await this.#write(this.#vertices, [from], values, first, end);
      },
    );
  }

  /** What is held becomes the last object. */
  async finish(): Promise<readonly LoadObject[]> {
    if (this.#rows > 0) await this.#seal();
    return this.objects;
  }

  abort(): void {
    this.#edges?.abort();
    this.#vertices?.abort();
  }

  /** Numbers rows first to end, as far as there is memory (`number` says), and hands them on; seals and goes on. */
  async #take(
    rows: number,
    number: (first: number, end: number) => number,
    hand: (first: number, end: number) => Promise<void>,
  ): Promise<void> {
    // Rows at once: where memory is so short that all their sources fit and no target, fewer do.
    let step = rows;
    for (let first = 0; first < rows; ) {
      if (this.#rows === this.#maxRows) await this.#empty();
      const most = Math.min(rows, first + step, first + this.#maxRows - this.#rows);
      const end = number(first, most);
      if (end > first) await hand(first, end);
      this.#rows += end - first;
      if (end < most) {
        const alone = this.#rows === 0 && step === 1;
        if (alone && !this.#small) throw outOfMemory(0, 'the ids of an edge');
        if (end === first) step = Math.max(1, (most - first) >>> 1);
        await this.#empty();
        // What did not fit by its own number, for whatever reason, is looked up from now on.
        if (this.#small) this.#lookUp();
      }
      first = end;
    }
  }

  /** Seals what is held; ids of rows that did not fit come again. */
  async #empty(): Promise<void> {
    if (this.#rows > 0) return this.#seal();
    this.#ids.clear();
    this.#counters.clear();
  }

  #lookUp(): void {
    this.#ids.free();
    this.#small = false;
    this.#ids = this.#newIds();
  }

  #newIds(): Ids {
    const { id, smallIds, context } = this.#options;
    const kernels = this.#kernels;
    const room = (size: number): boolean => this.#counters.room(size);
    // An edge has two ends.
    const maxRows =
      context.refuse?.rows === undefined ? Infinity : Math.max(2, context.refuse.rows);
    if (id.type === 'utf8') return new ByteIds(kernels, room, maxRows);
    return this.#small
      ? new SmallIds(kernels, room, smallIds)
      : new Int64Ids(kernels, room, maxRows);
  }

  #open(name: string, fields: readonly Field[]): JoinedRun {
    const { inputBytes } = this.#options;
    const file = `${name}-${this.objects.length}`;
    return new JoinedRun(this.#options, file, fields, RUN_OF_INPUT * inputBytes);
  }

  /** Rows first to end: their numbers, which begin at `columns`, and their values. */
  async #write(
    run: JoinedRun,
    columns: readonly number[],
    values: StoredBatch,
    first: number,
    end: number,
  ): Promise<void> {
    const rows = end - first;
    const part = rows === values.rows ? values : sliceBatch(values, first, end);
    const { u8 } = this.#kernels;
    const numbers = columns.map(at => ({ data: u8.subarray(at, at + 4 * rows) }));
    const batch = { rows, columns: [...numbers, ...part.columns] };
    await run.room(batch);
    run.add(batch);
  }

  #count(rows: number): void {
    const pieces = this.#pieces;
    if (pieces.length > 0 && this.#split - this.#pieceEnd <= 1) pieces[pieces.length - 1]! += rows;
    else pieces.push(this.#split, rows);
    this.#pieceEnd = this.#split;
  }

  async #seal(): Promise<void> {
    const { vertex, edge } = this.#options;
    const ids = await this.#sealIds();
    const edges = this.#edges ?? this.#open('edges', numberedEdges(edge));
    const vertices = this.#vertices ?? (vertex && this.#open('vertices', numberedVertices(vertex)));
    this.objects.push({
      ...ids,
      edges: await edges.finish(),
      pieces: this.#pieces,
      vertices: await vertices?.finish(),
    });
    this.#edges = undefined;
    this.#vertices = undefined;
    this.#rows = 0;
    this.#pieces = [];
    this.#pieceEnd = -1;
    this.#ids.clear();
    this.#counters.clear();
  }

  async #sealIds(): Promise<Pick<LoadObject, 'ids' | 'numbers' | 'size'>> {
    const { sample, vertex } = this.#options;
    const name = this.objects.length;
    const listed = vertex !== undefined;
    const hint = 2 * ID_BYTES * this.#ids.size + 4096;
    const ids = runWriter(
      this.#options,
      `ids-${name}`,
      idFields(listed),
      1,
      hint,
      SAMPLE_KEY_BYTES,
    );
    const numbers = runWriter(this.#options, `numbers-${name}`, NUMBERS, 1, hint);
    let size = 0;
    try {
      const sorted = this.#ids.sorted();
      for (let block = sorted.next(); block !== undefined; block = sorted.next()) {
        const [keys, own] = this.#batchesOf(block, listed);
        sample.add(keys, false);
        await ids.reserve(keys);
        ids.write(0, keys);
        await numbers.reserve(own);
        numbers.write(0, own);
        size = this.#kernels.u32[(block.numbers >>> 2) + block.rows - 1]! + 1;
        this.#options.worker.heapCheck();
      }
    } catch (error) {
      ids.abort();
      numbers.abort();
      throw error;
    }
    // Of ids that are looked up the numbers are in no order, and dense.
    return {
      ids: partOf(ids),
      numbers: partOf(numbers),
      size: this.#small ? size : this.#ids.size,
    };
  }

  #batchesOf(block: IdBlock, listed: boolean): [StoredBatch, StoredBatch] {
    const kernels = this.#kernels;
    const { rows, keys, keyBytes, offsets, numbers } = block;
    const places = this.#counters.columns.map((column, i) => {
      const out = this.#counts + i * 4 * ID_ROWS;
      this.#table.set(0, { data: column });
      gatherFixed(kernels, 'i32', this.#table, this.#zeros, numbers, rows, out);
      return out;
    });
    const { u8 } = kernels;
    const view = (at: number): StoredColumn => ({ data: u8.subarray(at, at + 4 * rows) });
    const key: StoredColumn = {
      data: u8.subarray(keys, keys + keyBytes),
      offsets: new Int32Array(u8.buffer, offsets, rows + 1),
    };
    const counts = listed ? places : places.slice(0, 1);
    return [
      { rows, columns: [key, ...counts.map(view)] },
      { rows, columns: [view(numbers)] },
    ];
  }
}
