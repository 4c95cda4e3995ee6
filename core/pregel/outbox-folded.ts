/** The outbox of a partition whose messages are folded before they leave.
 *
 * For each channel: pulled, if many have sent (every edge is looked at, by target, in a kernel: here, or by who receives), or pushed, if few have (the
 * edges of senders alone, sorted by target). The same values, bit for bit. Messages to single targets are pairs, sorted and folded in the same way.
 */
import { BATCH_ROWS, type StoredColumn } from '../batch/columns.ts';
import type { WorkerContext } from '../exec/executor.ts';
import {
  COUNTER_BYTES,
  countSent,
  expand,
  listSenders,
  type Pairs,
  type SentCounts,
  sortPairs,
  widthOf,
} from '../kernels/messages.ts';
import { toPlaces } from '../kernels/places.ts';
import type { RunWriter } from '../shuffle/run-writer.ts';
import { ArrangedEdges } from './arranged-edges.ts';
import { plainRows } from './columns.ts';
import type { Folding } from './fold.ts';
import { degreesOf, edgesOf, placesOf } from './parts.ts';
import type { Reading, Resident } from './resident.ts';
import { RunReader } from './run-reader.ts';
import { listedFields, pairFields, type Sent } from './sent.ts';
import { type Weight, weightsAs } from './weights.ts';

/** Pushed if the senders' edges are fewer than all edges by this factor: pushing sorts, and costs about so much more an edge. */
const PUSH_FACTOR = 8;

/** What vertices have sent along a channel: addresses of a number and a byte each. */
export interface SentValues {
  readonly values: number;
  readonly flags: number;
}
/** Messages to single targets: pieces of equal length but for the last, in order. */
export interface Singles {
  readonly targets: readonly Int32Array[];
  readonly values: readonly (Int32Array | BigInt64Array | Float64Array)[];
  readonly count: number;
}

export interface OutboxRequest extends Reading {
  readonly worker: WorkerContext;
  readonly folding: Folding;
  readonly partition: number;
  readonly weight: Weight | undefined;
  /** For tests: the way that is not taken. */
  readonly refuse: 'pull' | 'push' | undefined;
  /** Against edges messages meet no weights. */
  readonly inFolding: Folding;
  /** Whether what is pulled on a channel is folded by who receives it. */
  byReceiver(channel: 'out' | 'in'): boolean;
  /** A run, with a part for each partition unless it says how many. */
  writer(name: string, fields: RunWriter['fields'], bytesHint: number, parts?: number): RunWriter;
}

/** How often a channel was pulled or pushed. */
export interface Ways {
  pulled: number;
  pushed: number;
}

export class FoldedOutbox {
  readonly ways: Ways = { pulled: 0, pushed: 0 };
  /** Messages, before they are folded. */
  alongEdges = 0;
  readonly #request: OutboxRequest;
  readonly #width: number;

  constructor(request: OutboxRequest) {
    this.#request = request;
    this.#width = widthOf(request.folding.kind);
  }

  #foldingOf(channel: 'out' | 'in'): Folding {
    return channel === 'out' ? this.#request.folding : this.#request.inFolding;
  }
  #weightOf(channel: 'out' | 'in'): Weight | undefined {
    return channel === 'out' ? this.#request.weight : undefined;
  }

  get #resident(): Resident {
    return this.#request.resident;
  }

  /** @throws MessageOverflow */
  async channel(channel: 'out' | 'in', sent: SentValues): Promise<Sent[]> {
    const { partition, refuse, carrier } = this.#request;
    const resident = this.#resident;
    const { vertices } = resident.facts.graph.partitions[partition]!;
    const degrees = degreesOf(resident, carrier, partition, channel);
    const counts = countSent(resident.kernels, sent.flags, degrees, vertices);
    if (counts.senders === 0) return [];
    this.alongEdges += counts.edges;
    const { edges } = edgesOf(resident, partition, channel);
    const few = counts.edges * PUSH_FACTOR < edges;
    if (refuse === undefined ? few : refuse === 'pull') {
      this.ways.pushed++;
      return [await this.#push(channel, sent, counts)];
    }
    this.ways.pulled++;
    const all = counts.edges === edges;
    const { byReceiver } = this.#request;
    return [await (byReceiver(channel) ? this.#whole : this.#pull).call(this, channel, sent, all)];
  }

  /** What was sent, as it is: whoever receives it folds it. */
  async #whole(channel: 'out' | 'in', sent: SentValues, all: boolean): Promise<Sent> {
    const { partition, folding, worker } = this.#request;
    const width = this.#width;
    const { kernels, facts } = this.#resident;
    const { vertices } = facts.graph.partitions[partition]!;
    const { values, flags } = this.#toPlaces(channel, sent, all);
    const hint = vertices * (width + (all ? 0 : 1)) + 256;
    const writer = this.#request.writer(channel, listedFields(folding.kind, !all), hint, 1);
    const rows = plainRows(1);
    for (let from = 0; from < vertices; from += rows) {
      const to = Math.min(vertices, from + rows);
      const { u8 } = kernels;
      const data = u8.subarray(values + from * width, values + to * width);
      const valid = all ? {} : { valid: u8.subarray(flags + from, flags + to) };
      const batch = { rows: to - from, columns: [{ data, ...valid }] };
      await writer.reserve(batch);
      writer.write(0, batch);
    }
    return { channel, form: 'whole', run: writer.finish(), id: worker.attempt };
  }

  async #pull(channel: 'out' | 'in', sent: SentValues, all: boolean): Promise<Sent> {
    const { partition, worker } = this.#request;
    const folding = this.#foldingOf(channel);
    const resident = this.#resident;
    const { kernels } = resident;
    const gathered = this.#toPlaces(channel, sent, all);
    const weightBytes = this.#weightOf(channel) === undefined ? 0 : this.#width;
    const parts = resident.facts.graph.partitions;
    const edges = ArrangedEdges.from(this.#request, channel, partition, weightBytes);
    const { most } = edges;
    const what = 'the messages to one partition';
    const out = resident.need('pulled', most * this.#width + 8, what);
    const has = all ? 0 : resident.need('pulled-has', most, what);
    const state = resident.need('pull-state', 8, what);
    edges.hold();
    const total = parts.reduce((sum, _, q) => sum + edges.listed(q), 0);
    const hint = total * (this.#width + (all ? 0 : 1)) + parts.length * 256;
    const writer = this.#request.writer(channel, listedFields(folding.kind, !all), hint);
    const { values, flags } = gathered;
    for (const q of parts.keys()) {
      const n = edges.listed(q);
      if (n === 0) continue;
      const { narrow, counts, chunks } = edges.part(q);
      const pulling = { narrow, state, counts, values, sent: flags, out, has };
      folding.begin(pulling, 0);
      for (const { sources, weights, rows } of chunks) {
        folding.pull(pulling, sources, weights, rows);
      }
      worker.heapCheck();
      for (let from = 0; from < n; from += BATCH_ROWS) {
        const rows = Math.min(BATCH_ROWS, n - from);
        const { u8 } = kernels;
        const at = out + from * this.#width;
        const data = u8.subarray(at, at + rows * this.#width);
        const valid = all ? {} : { valid: u8.subarray(has + from, has + from + rows) };
        const batch = { rows, columns: [{ data, ...valid }] };
        await writer.reserve(batch);
        writer.write(q, batch);
      }
    }
    return { channel, form: 'listed', run: writer.finish() };
  }

  /** What was sent, in the order of places. No flags: all have sent. */
  #toPlaces(channel: 'out' | 'in', { values, flags }: SentValues, all: boolean): SentValues {
    const { partition, carrier } = this.#request;
    const resident = this.#resident;
    const { kernels } = resident;
    const { vertices } = resident.facts.graph.partitions[partition]!;
    const what = 'the messages to one partition';
    const to = {
      values: resident.need('placed-values', vertices * this.#width, what),
      flags: all ? 0 : resident.need('placed-flags', vertices, what),
    };
    const places = placesOf(resident, carrier, partition, channel);
    toPlaces(kernels, values, this.#width, places, vertices, to.values);
    if (!all) toPlaces(kernels, flags, 1, places, vertices, to.flags);
    return to;
  }

  async #push(
    channel: 'out' | 'in',
    sent: SentValues,
    { senders, edges }: SentCounts,
  ): Promise<Sent> {
    const { partition, carrier } = this.#request;
    const folding = this.#foldingOf(channel);
    const weight = this.#weightOf(channel);
    const resident = this.#resident;
    const { kernels } = resident;
    const { edgeRun } = edgesOf(resident, partition, channel);
    const degrees = resident.known(`${channel}-degrees ${partition}`)!;
    const { vertices } = resident.facts.graph.partitions[partition]!;
    const weightBytes = weight === undefined ? 0 : this.#width;
    const what = `${edges} messages`;
    // The senders' edges alone, one sender after the other; values are compacted with them.
    const own = {
      offsets: resident.need('push-offsets', (senders + 1) * 4, what),
      targets: resident.need('push-edges', edges * 4, what),
      weights: resident.need('push-weights', edges * weightBytes, what),
    };
    const values = resident.need('push-values', senders * this.#width, what);
    const places = resident.need('push-senders', senders * 4, what);
    const listed = resident.need('push-listed', (senders + 1) * 4, what);
    const starts = resident.need('push-starts', (senders + 1) * 4, what);
    const pairs = this.#room('pairs', edges);
    const spare = this.#room('pairs-spare', edges);
    listSenders(kernels, sent.flags, degrees, vertices, listed, starts);
    const { u32, u8 } = kernels;
    const reader = new RunReader(edgeRun, 0, carrier);
    let batch: ReturnType<RunReader['batch']> | undefined;
    let weights: Uint8Array | undefined;
    let written = 0;
    for (let sender = 0; sender < senders; sender++) {
      const vertex = u32[(listed >>> 2) + sender]!;
      u32[(places >>> 2) + sender] = sender;
      u32[(own.offsets >>> 2) + sender] = written;
      const from = sent.values + vertex * this.#width;
      u8.copyWithin(values + sender * this.#width, from, from + this.#width);
      const start = u32[(starts >>> 2) + sender]!;
      const stop = start + u32[(degrees >>> 2) + vertex]!;
      for (let at = start; at < stop; ) {
        if (batch === undefined || at < batch.first || at >= batch.first + batch.rows) {
          batch = reader.batch(reader.batchOf(at));
          weights = weight && weightsAs(batch.columns[weight.column]!, batch.rows, weight);
        }
        const row = at - batch.first;
        const end = Math.min(batch.rows, row + stop - at);
        const data = batch.columns[0]!.data.subarray(row * 4, end * 4);
        u8.set(data, own.targets + written * 4);
        if (weights !== undefined) {
          const some = weights.subarray(row * this.#width, end * this.#width);
          u8.set(some, own.weights + written * this.#width);
        }
        written += end - row;
        at += end - row;
      }
    }
    u32[(own.offsets >>> 2) + senders] = written;
    const { kind, way } = folding;
    const made = expand(kernels, kind, way, places, senders, own, values, pairs);
    return { channel, form: 'pairs', run: await this.#pairs(channel, pairs, spare, made) };
  }

  #room(name: string, n: number): Pairs {
    const resident = this.#resident;
    const what = `${n} messages`;
    return {
      targets: resident.need(`${name}-targets`, n * 4, what),
      values: resident.need(`${name}-values`, n * this.#width, what),
    };
  }

  /** Messages to single targets. @throws MessageOverflow */
  async singles({ targets, values, count }: Singles): Promise<Sent[]> {
    if (count === 0) return [];
    const { kernels } = this.#resident;
    const pairs = this.#room('pairs', count);
    const spare = this.#room('pairs-spare', count);
    let at = 0;
    for (const [i, piece] of targets.entries()) {
      const n = Math.min(piece.length, count - at);
      const bytes = (array: ArrayBufferView, width: number): Uint8Array =>
        new Uint8Array(array.buffer, array.byteOffset, n * width);
      kernels.copyIn(bytes(piece, 4), pairs.targets + at * 4);
      kernels.copyIn(bytes(values[i]!, this.#width), pairs.values + at * this.#width);
      at += n;
    }
    return [{ channel: 'to', form: 'pairs', run: await this.#pairs('to', pairs, spare, count) }];
  }

  /** Sorted, folded, cut by partition. */
  async #pairs(name: string, pairs: Pairs, spare: Pairs, n: number) {
    const { folding } = this.#request;
    const resident = this.#resident;
    const { kernels } = resident;
    const { partitions, vertexCount } = resident.facts.graph;
    const counters = resident.need('pair-counters', COUNTER_BYTES, 'messages');
    const sorted = sortPairs(kernels, folding.kind, pairs, spare, n, vertexCount, counters);
    const left = folding.foldPairs(sorted, n);
    const hint = left * (4 + this.#width) + partitions.length * 256;
    const writer = this.#request.writer(name, pairFields(folding.kind), hint);
    let at = 0;
    for (const [q, { base, vertices }] of partitions.entries()) {
      const end = lowerBound(kernels.u32, sorted.targets >>> 2, at, left, base + vertices);
      const { u32 } = kernels;
      for (let j = at; j < end; j++) u32[(sorted.targets >>> 2) + j]! -= base;
      for (let from = at; from < end; from += BATCH_ROWS) {
        const to = Math.min(end, from + BATCH_ROWS);
        const { u8 } = kernels;
        const column = (pointer: number, width: number): StoredColumn => ({
          data: u8.subarray(pointer + from * width, pointer + to * width),
        });
        const columns = [column(sorted.targets, 4), column(sorted.values, this.#width)];
        const batch = { rows: to - from, columns };
        await writer.reserve(batch);
        writer.write(q, batch);
      }
      at = end;
    }
    return writer.finish();
  }
}

/** The first of [from, to) that is not below `value`. */
function lowerBound(
  array: Uint32Array,
  base: number,
  from: number,
  to: number,
  value: number,
): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (array[base + middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
