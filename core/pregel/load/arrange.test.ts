/** Bands of edges about as large as the memory that there is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { BATCH_ROWS } from '../../batch/columns.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { random } from '../../kernels/fixtures.ts';
import { Kernels } from '../../kernels/kernels.ts';
import { SegmentBuffers, SegmentWriter } from '../../store/segment.ts';
import { edgeFields, OUT_DEGREE } from '../loaded.ts';
import { runArrange } from './arrange.ts';
import { type Band, spreadFields } from './tasks.ts';

const VERTICES = 1000;
const MIB = 2 ** 20;

/** So many edges from any vertex to any. */
function bandOf(path: string, rows: number): Band {
  const below = random(rows);
  const writer = new SegmentWriter(path, spreadFields({}));
  const batches = [];
  for (let first = 0; first < rows; first += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, rows - first);
    const keys = Uint32Array.from({ length: 2 * n }, () => below(VERTICES));
    const data = new Uint8Array(keys.buffer);
    batches.push({ ...writer.write({ rows: n, columns: [{ data }] }), sizes: [] });
  }
  writer.close();
  return { base: 0, vertices: VERTICES, rows: { slices: [{ batches, segment: path }] } };
}

test('a band that takes all memory, or a little more, is arranged all the same', async t => {
  const temp = mkdtempSync(join(tmpdir(), 'superstep-test-'));
  const module = Kernels.compile();
  const segments = new SegmentBuffers();
  let [attempts, spilled] = [0, 0];
  try {
    // In memory a row takes 16 bytes.
    for (let rows = (2.5 * MIB) / 16; rows < (4.2 * MIB) / 16; rows += 1500) {
      const kernels = new Kernels(module, undefined, { maxBytes: 4 * MIB });
      const worker = {
        attempt: `a${++attempts}`,
        segments,
        // Less what a worker works with, 3 MiB: for merges.
        budget: { floorBytes: 10 * MIB },
        kernels: () => kernels,
        allocate: async () => undefined,
        heapCheck() {},
        spilled() {},
        giveBack() {},
      } as unknown as WorkerContext;
      const made = await runArrange(
        {
          context: { job: 'test', temp, seed: 0 },
          partition: 0,
          bands: [bandOf(join(temp, `${rows}`), rows)],
          vertexCount: VERTICES,
          edge: {},
          fields: edgeFields({}),
          degreeFields: [OUT_DEGREE],
          dropDuplicates: false,
        },
        worker,
      );
      t.is(made.edges.rows, rows);
      t.is(made.degrees.rows, VERTICES);
      spilled += Number(made.spilledBytes > 0);
      kernels.close();
    }
  } finally {
    rmSync(temp, { recursive: true });
  }
  t.true(spilled > 0 && spilled < attempts, `${spilled} of ${attempts} were sorted in chunks`);
});
