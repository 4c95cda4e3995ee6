/** Ranks ids, in a worker: the dictionaries of objects are merged, and each of their ids learns its place among all.
 *
 *   dictionaries ──merge──▶ distinct ids, ascending, out-edges added up ──▶ a run
 *                       └─▶ for each dictionary the ranks of its ids, in its order ──▶ a run, a partition a dictionary
 *
 * Where there are more dictionaries than can be merged at once, some are merged first, into one whose ids are ranked again: what
 * comes out of a merge that is not the last is a dictionary.
 * Memory: that of a merge, and RANK_BYTES a dictionary.
 */
import type { StoredBatch } from '../../batch/columns.ts';
import type { WorkerContext } from '../../exec/executor.ts';
import { decodeKeys } from '../../kernels/encode.ts';
import { ID_ROWS } from '../../kernels/ids.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { ListedTwice, Ranker, TooManyEdges } from '../../kernels/ranks.ts';
import { carrierOf } from '../../mapreduce/carriers.ts';
import { hardened } from '../../mapreduce/hard-memory.ts';
import { measure } from '../../mapreduce/measure.ts';
import { inputOf } from '../../shuffle/carrier.ts';
import { within } from '../../shuffle/key-range.ts';
import { SAMPLE_KEY_BYTES } from '../../shuffle/key-sample.ts';
import type { RunWriter } from '../../shuffle/run-writer.ts';
import { Merger } from '../../store/merge.ts';
import { tooManyEdges } from '../loaded.ts';
import { INT64_KEY, printKey } from './keys.ts';
import { idFields, type RankArgument, type Ranked, rankedFields, RANKS } from './tasks.ts';
import { partOf, runWriter } from './run-parts.ts';

export async function runRank(argument: RankArgument, given: WorkerContext): Promise<Ranked> {
  const worker = hardened(argument.context, given);
  const measured = measure();
  const kernels = worker.kernels();
  kernels.reset();
  const { context, id, slices, range, listed, last } = argument;
  const fields = idFields(listed);
  const carrier = carrierOf(context, worker);
  const place = { context, worker };
  const batches = slices.flatMap(slice => slice.batches);
  const rows = batches.reduce((sum, ref) => sum + ref.rows, 0);
  const hint = batches.reduce((sum, { bytes }) => sum + bytes, 4096);
  const ids = last
    ? runWriter(place, 'ids', rankedFields(id), 1, hint)
    : runWriter(place, 'ids', fields, 1, hint, SAMPLE_KEY_BYTES);
  const ranks = runWriter(place, 'ranks', RANKS, slices.length, 5 * rows + 4096 * slices.length);
  try {
    const inputs = slices.map(slice => {
      const input = inputOf(carrier, slice, fields);
      return range === undefined ? input : within(input, range);
    });
    const merger = new Merger(kernels, inputs, fields, { natural: false });
    const ranker = new Ranker(kernels, merger.tables, inputs.length, argument);
    const output = new RankedIds(kernels, ranker, ids, argument);
    let twice: string | undefined;
    try {
      await rankAll(merger, ranker, output, ranks, () => worker.heapCheck());
    } catch (error) {
      if (!(error instanceof ListedTwice)) throw error;
      // Which one is named shall not depend on which task is first: the driver takes the lowest.
      twice = printKey(error.key, id);
    }
    return {
      ids: partOf(ids),
      ranks: partOf(ranks),
      degrees: output.degrees,
      ...(twice !== undefined && { twice }),
      ...(await measured()),
    };
  } catch (error) {
    ids.abort();
    ranks.abort();
    throw error instanceof TooManyEdges ? tooManyEdges(printKey(error.key, id)) : error;
  } finally {
    carrier.close();
  }
}

async function rankAll(
  merger: Merger,
  ranker: Ranker,
  output: RankedIds,
  ranks: RunWriter,
  check: () => void,
): Promise<void> {
  for (let n = merger.next(); n > 0; n = merger.next()) {
    await output.room();
    ranker.take(merger, n, output.flush);
    await takeRanks(ranker, ranks, input => ranker.isFull(input));
    check();
  }
  await output.room();
  ranker.end(output.flush);
  await takeRanks(ranker, ranks, input => ranker.waiting(input) > 0);
}

async function takeRanks(
  ranker: Ranker,
  ranks: RunWriter,
  are: (input: number) => boolean,
): Promise<void> {
  for (let input = 0; input < ranker.inputs; input++) {
    if (!are(input)) continue;
    await ranks.room(4 * ranker.waiting(input) + 64);
    ranks.write(input, ranker.takeRanks(input));
  }
}

/** Where ids go that are ranked. */
class RankedIds {
  readonly degrees: number[] = [];
  readonly #kernels: Kernels;
  readonly #ranker: Ranker;
  readonly #writer: RunWriter;
  /** Where int64 ids are decoded; 0: keys go out as they are. */
  readonly #ids: number;
  readonly #last: boolean;

  constructor(kernels: Kernels, ranker: Ranker, writer: RunWriter, { id, last }: RankArgument) {
    this.#kernels = kernels;
    this.#ranker = ranker;
    this.#writer = writer;
    this.#last = last;
    this.#ids = last && id.type !== 'utf8' ? kernels.allocOrThrow(8 * ID_ROWS, 'ids') : 0;
  }

  room(): Promise<void> {
    return this.#writer.reserve();
  }

  readonly flush = (): void => {
    if (this.#ids !== 0) {
      const { rows, columns } = this.#ranker.batch();
      const { data, offsets } = columns[0]!;
      const out = [{ part: INT64_KEY, data: this.#ids }];
      decodeKeys(this.#kernels, out, data.byteOffset, offsets!.byteOffset, 0, rows);
    }
    const batch = this.#ranker.batch();
    this.degrees.push(sumOf(batch.columns[1]!.data));
    this.#writer.write(0, this.#last ? this.#finished(batch) : batch);
  };

  #finished({ rows, columns }: StoredBatch): StoredBatch {
    const [key, degree] = columns;
    const { u8 } = this.#kernels;
    const id = this.#ids === 0 ? key! : { data: u8.subarray(this.#ids, this.#ids + 8 * rows) };
    return { rows, columns: [id, degree!] };
  }
}

function sumOf({ buffer, byteOffset, length }: Uint8Array): number {
  const values = new Uint32Array(buffer, byteOffset, length / 4);
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
