/** Rows are distributed in whatever memory there is: buffers that take what they get leave room for what is read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { BATCH_ROWS, type Field, type StoredBatch } from '../../batch/columns.ts';
import { int64, utf8 } from '../../define/schema.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { Kernels } from '../../kernels/kernels.ts';
import { SPREADER_BYTES } from '../../kernels/spread.ts';
import { SegmentBuffers, SegmentWriter } from '../../store/segment.ts';
import { runDistribute } from './distribute.ts';
import {
  type LoadObject,
  type NumberedRows,
  NUMBERS,
  numberedEdges,
  numberedVertices,
  RANKS,
  type RunPart,
} from './tasks.ts';

const IDS = 40_000;
const BANDS = 96;
const EDGE_BATCHES = 6;
/** Longer than any buffer. */
const LONG_BYTES = 200_000;

function partOf(path: string, fields: readonly Field[], batches: readonly StoredBatch[]): RunPart {
  const writer = new SegmentWriter(path, fields);
  const refs = batches.map(batch => ({ ...writer.write(batch), sizes: [] }));
  const { rows, bytes } = writer.close();
  const run = { fields, partitions: [refs], segment: path };
  return { run, rows, bytes, spilledBytes: bytes, ranges: [] };
}

const numbers = (n: number, of: (i: number) => number) => {
  return { data: new Uint8Array(Int32Array.from({ length: n }, (_, i) => of(i)).buffer) };
};

function valued(rows: number, long: number): StoredBatch['columns'][number] {
  const texts = Array.from({ length: rows }, (_, i) => 'x'.repeat(i === 7 ? long : i % 5));
  const offsets = new Int32Array(rows + 1);
  texts.forEach((text, i) => (offsets[i + 1] = offsets[i]! + text.length));
  return { data: Buffer.from(texts.join('')), offsets };
}

const EDGE = { label: utf8 };
const VERTEX = { name: utf8 };
const ranked: StoredBatch = { rows: IDS, columns: [numbers(IDS, i => i)] };

/** What a walk has made in this folder: its last batch of edges, and its vertices, have a long value. */
function objectIn(temp: string): LoadObject {
  const ends = (seed: number) => numbers(BATCH_ROWS, i => ((i + seed) * 7919) % IDS);
  const edges = Array.from({ length: EDGE_BATCHES }, (_, seed) => {
    const labels = valued(BATCH_ROWS, seed === EDGE_BATCHES - 1 ? LONG_BYTES : 3);
    return { rows: BATCH_ROWS, columns: [ends(seed), ends(3 * seed + 1), labels] };
  });
  const names = { rows: BATCH_ROWS, columns: [ends(5), valued(BATCH_ROWS, LONG_BYTES)] };
  return {
    ids: partOf(join(temp, 'ids'), NUMBERS, [ranked]),
    numbers: partOf(join(temp, 'numbers'), NUMBERS, [ranked]),
    size: IDS,
    edges: partOf(join(temp, 'edges'), numberedEdges(EDGE), edges),
    pieces: [0, EDGE_BATCHES * BATCH_ROWS],
    vertices: partOf(join(temp, 'vertices'), numberedVertices(VERTEX), [names]),
  };
}

function rowsOf(temp: string, object: LoadObject): NumberedRows {
  const { run } = partOf(join(temp, 'ranks'), RANKS, [ranked]);
  const slice = { batches: run.partitions[0]!, segment: run.segment! };
  return {
    kind: 'object',
    id: int64,
    listed: true,
    edge: EDGE,
    vertex: VERTEX,
    object,
    merges: [[{ base: 0, slices: [slice] }]],
    undirected: true,
    dropLoops: false,
    refuseDangling: true,
  };
}

test('with any memory that suffices for the least buffers, an object is distributed', async t => {
  const temp = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  const object = objectIn(temp);
  const from = rowsOf(temp, object);
  const cuts = Array.from({ length: BANDS + 1 }, (_, i) => Math.floor((IDS * i) / BANDS));
  const module = Kernels.compile();
  const segments = new SegmentBuffers();
  const batches: number[] = [];
  const first = new Kernels(module);
  // What is read, twice (a value may be as long as its batch), and the least buffers, beside what each object takes.
  const least = first.heldBytes + 4 * IDS + SPREADER_BYTES + 2 * 1.25 * 500_000 + 600_000;
  first.close();
  try {
    for (let step = 0; step < 24; step++) {
      const kernels = new Kernels(module, undefined, { maxBytes: least + step * 2 ** 16 });
      const worker = {
        attempt: `a${step}`,
        segments,
        kernels: () => kernels,
        allocate: async () => undefined,
        heapCheck() {},
        spilled() {},
        giveBack() {},
      } as unknown as WorkerContext;
      const context = { job: 'test', temp, seed: 0 };
      const made = await runDistribute({ context, bands: cuts, bases: cuts, from }, worker);
      t.is(made.edges!.part.rows, 2 * object.edges!.rows);
      t.is(made.vertices!.part.rows, object.vertices!.rows);
      batches.push(made.edges!.part.run.partitions.flat().length);
      kernels.close();
    }
  } finally {
    rmSync(temp, { recursive: true });
  }
  t.true(batches[0]! > batches.at(-1)!, `buffers took what they got: ${batches.join()} batches`);
});
