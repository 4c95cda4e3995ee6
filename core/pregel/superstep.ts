/** A task: one superstep of one partition. (state@S, inbox) → (state@S+1, outbox, aggregates).
 *
 *   inbox ──▶ compute, vertex after vertex ──▶ outbox, by receiving partition
 *                    │ reads and writes columns       ▲ folded along the edges, or as rows
 *                    ▼                                │
 *   state@S ──▶ columns in kernel memory ──▶ state@S+1
 *
 * Invariants: it changes nothing that it was given, so it can be run again; vertices are computed in ascending order of
 * id; what it makes depends on what it was given and on nothing else.
 * Not here: when a superstep ends, and what follows (program.ts); how messages travel (inbox-*.ts, outbox-*.ts).
 */
import { join } from 'node:path';
import type { DefinitionRef } from '../define/define.ts';
import { loadDefinition } from '../define/loader.ts';
import { SuperstepError, TaskError, UsageError } from '../errors.ts';
import type { WorkerContext } from '../exec/executor.ts';
import { flaggedRanges, rangeBytes } from '../kernels/messages.ts';
import { carrierOf } from '../mapreduce/carriers.ts';
import { hardened } from '../mapreduce/hard-memory.ts';
import { type Measured, measure } from '../mapreduce/measure.ts';
import type { JobContext, Refusals } from '../mapreduce/stage.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { type Columns, valueIn } from './columns.ts';
import type { ProgramSpec } from './define.ts';
import { EdgeWindows } from './edge-window.ts';
import { idOf } from './ids.ts';
import {
  FoldedMessages,
  type Messaging,
  type MessagingTask,
  NoMessages,
  RowMessages,
  type SentMessages,
} from './messaging.ts';
import { type Edge, Mutations, type Requests } from './mutations.ts';
import { degreesOf, type GraphPart } from './parts.ts';
import { type LoopTask, messageIsNaN, Needed, ProgramThread } from './program-thread.ts';
import { type GraphFacts, type Reading, Resident, unpackFacts } from './resident.ts';
import type { Received } from './sent.ts';
import type { Holding } from './tasks.ts';
import { type HeldState, loadState, type State, storeState } from './state.ts';
import { TaskArena } from './task-arena.ts';
import { edgeColumns, vertexValues } from './vertex-values.ts';
import { ALONG } from './weights.ts';

export interface SuperstepArgument {
  readonly context: JobContext;
  readonly part: GraphPart;
  readonly use: DefinitionRef;
  /** Of this run of the program. */
  readonly run: string;
  /** Vertices as ranks. */
  readonly params: { readonly [name: string]: unknown };
  readonly superstep: number;
  readonly vertexCount: number;
  readonly edgeCount: number;
  readonly aggregates: { readonly [name: string]: unknown };
  /** Absent: `init` comes first. */
  readonly state: State | undefined;
  readonly received: readonly Received[];
  /** False: `init` alone, for a program that its master has ended before it began. */
  readonly compute: boolean;
  /** Of shared memory, by the superstep before. */
  readonly takenBytes: number;
  /** What the program is known to ask for: its edges, one after the other. */
  readonly edges: boolean;
  /** Places of vertices that are gone. */
  readonly gone: readonly number[];
  /** GraphFacts of when the messages that have come were sent, if the graph has changed since. */
  readonly sentOver: SharedArrayBuffer | undefined;
}

export interface SuperstepResult extends Measured, SentMessages, Holding {
  readonly state: State;
  /** Vertices that have not voted to halt. */
  readonly awake: number;
  /** Vertices that ran. */
  readonly ran: number;
  readonly aggregates: { readonly [name: string]: unknown };
  readonly counters: { readonly [name: string]: number };
  readonly mutations: Requests | undefined;
  readonly spilledBytes: number;
  readonly segments: number;
  /** Of shared memory. */
  readonly takenBytes: number;
  /** The program looks at edges one by one. */
  readonly edges: boolean;
}

/** Edges into vertices are asked for and are not there: nothing was done. */
export interface NeedsIn {
  readonly needs: 'in';
}

export async function runSuperstep(
  argument: SuperstepArgument,
  given: WorkerContext,
): Promise<SuperstepResult | NeedsIn> {
  const worker = hardened(argument.context, given);
  const measured = measure();
  const { context, part, use } = argument;
  const resident = Resident.of(worker, part, context);
  const spec = (await loadDefinition('vertexProgram', use)) as ProgramSpec;
  const thread = ProgramThread.of(resident, argument.run, spec, argument.params);
  const carrier = carrierOf(argument.context, worker);
  const reading = { resident, carrier };
  let edges = argument.edges;
  try {
    for (;;) {
      let task: Superstep | undefined;
      try {
        task = new Superstep(argument, worker, thread, reading, edges);
        return { ...(await task.run()), ...(await measured()) };
      } catch (error) {
        await task?.discard();
        const needed = thread.needed ?? error;
        if (!(needed instanceof Needed)) throw error;
        if (needed.what === 'in') return { needs: 'in' };
        edges = true;
      } finally {
        task?.end();
      }
    }
  } finally {
    thread.task = undefined;
    carrier.close();
  }
}

/** Vertices between two looks at the heap, at first, and what a window of edges has at most. */
const VERTICES = 1024;
/** Twice as many each time where they take less: that is too short to fill a heap, or to keep somebody waiting who cancels. */
const SHORT_MS = 1;

class Superstep implements LoopTask, MessagingTask {
  readonly worker: WorkerContext;
  readonly spec: ProgramSpec;
  readonly reading: Reading;
  readonly partition: number;
  readonly superstep: number;
  readonly vertices: number;
  readonly asleep: boolean;
  readonly mutations: Mutations;
  readonly sentOver: GraphFacts | undefined;
  readonly refuse: Refusals | undefined;
  sending = false;
  readonly #argument: SuperstepArgument;
  readonly #thread: ProgramThread;
  readonly #messaging: Messaging;
  readonly #writers: RunWriter[] = [];
  readonly #arena: TaskArena;
  /** Of out-edges, and of in-edges where they are there: if the program looks at edges. */
  readonly #windows: EdgeWindows[] = [];
  readonly #held: HeldState;
  /** Of vertices that may run: from, to, ascending; and where the next one lies. */
  #ranges: Uint32Array = new Uint32Array();
  #range = 0;
  readonly #degrees: number;
  readonly #inDegrees: number | undefined;
  readonly #values: Columns | undefined;

  /** Takes the memory that it needs. @throws LimitError MEMORY */
  constructor(
    argument: SuperstepArgument,
    worker: WorkerContext,
    thread: ProgramThread,
    reading: Reading,
    edges: boolean,
  ) {
    const { spec } = thread;
    const { partition } = argument.part;
    const { resident, carrier } = reading;
    const { graph, transposed } = resident.facts;
    this.worker = worker;
    this.spec = spec;
    this.reading = reading;
    this.partition = partition;
    this.superstep = argument.superstep;
    this.vertices = graph.partitions[partition]!.vertices;
    this.asleep = argument.state?.allAwake === false || argument.gone.length > 0;
    this.sentOver = argument.sentOver && unpackFacts(argument.sentOver);
    this.mutations = new Mutations(
      spec,
      graph.vertexCount,
      index => this.#edgesOf(index),
      () => this.sending,
    );
    this.refuse = argument.context.refuse;
    this.#argument = argument;
    this.#thread = thread;
    this.#arena = new TaskArena(worker, argument.takenBytes, worker.takeRoom());
    thread.begin(this, graph.vertexCount);
    this.#held = loadState(reading, partition, argument.run, spec.state, argument.state);
    this.#held.id = undefined;
    this.#degrees = degreesOf(resident, carrier, partition, 'out');
    this.#inDegrees =
      transposed === undefined ? undefined : degreesOf(resident, carrier, partition, 'in');
    this.#values = vertexValues(reading, partition, spec);
    this.#messaging = this.#messagingOf();
    if (!edges) return;
    this.#windows.push(new EdgeWindows(reading, partition, 'out', spec.edge ?? {}));
    if (transposed !== undefined) this.#windows.push(new EdgeWindows(reading, partition, 'in', {}));
  }

  #messagingOf(): Messaging {
    const { plan, folding, inFolding } = this.#thread;
    if (plan.kind === 'folded') return new FoldedMessages(this, plan, folding!, inFolding!);
    return plan.kind === 'rows' ? new RowMessages(this) : new NoMessages(this);
  }

  async run(): Promise<Omit<SuperstepResult, keyof Measured>> {
    const { spec, reading, partition, superstep } = this;
    const { loop } = this.#thread;
    const { vertexCount, edgeCount, aggregates, state, received, compute } = this.#argument;
    const { directed } = reading.resident.facts.graph;
    this.#messaging.receive(received);
    this.#quieten();
    this.#ranges = this.#awake();
    Object.assign(loop.ctx, { superstep, vertexCount, edgeCount, directed, aggregates });
    loop.start(this.#thread.start);
    const ran = await this.#placed(async () => {
      if (state === undefined && spec.init !== undefined) await this.#vertices('init');
      this.sending = compute;
      return compute ? await this.#vertices('run') : 0;
    });
    if (this.#thread.needed !== undefined) throw this.#thread.needed;
    const sent = await this.#messaging.send();
    const { attempt } = this.worker;
    const open = (fields: RunWriter['fields'], hint: number): RunWriter =>
      this.writer('state', fields, 1, hint);
    const stored = await storeState(reading, partition, spec.state, this.#held, attempt, open);
    return {
      ...stored,
      ...sent,
      ran,
      aggregates: loop.aggregates(),
      counters: this.#thread.counters,
      mutations: this.mutations.requests(),
      ranges: await this.#arena.finish(),
      takenBytes: this.#arena.takenBytes,
      spilledBytes: this.#writers.reduce((sum, { spilledBytes }) => sum + spilledBytes, 0),
      segments: this.#writers.filter(({ spilledBytes }) => spilledBytes > 0).length,
      edges: this.#windows.length > 0,
    };
  }

  /** Vertices that are gone do not run, whatever was sent to them. */
  #quieten(): void {
    const { gone } = this.#argument;
    if (gone.length === 0) return;
    const { buffer } = this.reading.resident.kernels.u8;
    const { got } = this.#messaging.arrays(buffer);
    const awake = new Uint8Array(buffer, this.#held.awake, this.vertices);
    for (const index of gone) got[index] = awake[index] = 0;
  }

  /** What it has written is not wanted. */
  async discard(): Promise<void> {
    for (const writer of this.#writers) writer.abort();
    this.worker.giveBack(await this.#arena.finish());
  }

  end(): void {
    this.#thread.loop.end();
    for (const windows of this.#windows) windows.free();
  }

  /** The arrays as they are now: kernel memory may have moved. */
  #bind(): void {
    const { resident } = this.reading;
    const { buffer } = resident.kernels.u8;
    const [windows] = this.#windows;
    const n = this.vertices;
    const inDegrees = this.#inDegrees;
    this.#thread.loop.bind({
      ...this.#messaging.arrays(buffer),
      base: resident.facts.graph.partitions[this.partition]!.base,
      awake: new Uint8Array(buffer, this.#held.awake, n),
      state: this.#held.columns.arrays(),
      vertex: this.#values?.arrays() ?? [],
      degrees: new Int32Array(buffer, this.#degrees, n),
      inDegrees: inDegrees === undefined ? undefined : new Int32Array(buffer, inDegrees, n),
      edges: windows?.arrays(),
    });
  }

  /** `init`, or `compute`, of all vertices: so many at a time that their edges, if they are wanted, lie in memory. @returns how many ran */
  async #vertices(call: 'init' | 'run'): Promise<number> {
    const { loop } = this.#thread;
    let ran = 0;
    const columns = edgeColumns(this.spec, this.reading.resident);
    const [out, into] = this.#windows;
    if (out === undefined) this.#bind();
    let most = VERTICES;
    for (let from = 0; from < this.vertices; ) {
      let to = Math.min(this.vertices, from + most);
      if (out !== undefined) {
        to = Math.min(...this.#windows.map(windows => windows.end(from, VERTICES)));
        out.load(from, to, columns);
        into?.load(from, to, []);
        this.#bind();
      }
      await this.#messaging.room();
      const began = performance.now();
      if (call === 'init') loop.init(from, to);
      else ran += this.#run(from, to);
      most = performance.now() - began < SHORT_MS ? most * 2 : VERTICES;
      this.worker.heapCheck();
      from = to;
    }
    return ran;
  }

  /** `compute` for those of [from, to) that lie in ranges; pieces come in ascending order. */
  #run(from: number, to: number): number {
    const { loop } = this.#thread;
    const ranges = this.#ranges;
    let ran = 0;
    for (; this.#range < ranges.length; this.#range += 2) {
      const [first, end] = [ranges[this.#range]!, ranges[this.#range + 1]!];
      const stop = Math.min(to, end);
      for (let at = Math.max(from, first); at < stop; ) {
        const next = this.#messaging.enter(at, stop);
        ran += loop.run(at, next);
        at = next;
      }
      // The rest of it is of the next piece.
      if (end > to) break;
    }
    return ran;
  }

  /** Ranges of vertices outside which all sleep and have no message: the loop's own look at each of them takes a hundred times as long. */
  #awake(): Uint32Array {
    if (!this.asleep) return Uint32Array.of(0, this.vertices);
    const { resident } = this.reading;
    const { kernels } = resident;
    const n = this.vertices;
    const at = resident.need('ranges', rangeBytes(n), `the state of ${n} vertices`);
    const { got } = this.#messaging.arrays(kernels.u8.buffer);
    const made = flaggedRanges(kernels, this.#held.awake, got.byteOffset, n, at);
    return kernels.u32.slice(at >>> 2, (at >>> 2) + made * 2);
  }

  // Of messages.

  writer(
    name: string,
    fields: RunWriter['fields'],
    partitions: number,
    bytesHint?: number,
  ): RunWriter {
    const { context } = this.#argument;
    const file = `${this.worker.attempt}-${this.superstep}-${name}.parquet`;
    const hint = bytesHint === undefined ? {} : { bytesHint };
    const segment = join(context.temp, file);
    const writer = new RunWriter({ fields, partitions, segment, arena: this.#arena, ...hint });
    this.#writers.push(writer);
    return writer;
  }

  // Of the loop.

  messages(index: number): unknown {
    return this.#messaging.messages(index);
  }

  sendTo(target: number, message: unknown): void {
    checkNumbers(message, this.#thread.floats);
    this.#messaging.sendTo(target, message);
  }

  sendAll(index: number, message: unknown, way: 'out' | 'in'): void {
    const along = way === 'out' ? this.spec.along : undefined;
    const own = way === 'out' ? this.mutations.edgesOf(index) : undefined;
    if (own !== undefined) {
      for (const { target, value } of own) {
        const weight = along && value[along.column];
        this.sendTo(
          target,
          along ? ALONG[along.along](message as never, weight as never) : message,
        );
      }
      return;
    }
    if (way === 'in' && this.#inDegrees === undefined) this.#need('in');
    const windows = this.#windows[way === 'out' ? 0 : 1];
    if (windows === undefined) this.#need('edges');
    checkNumbers(message, this.#thread.floats);
    const { offsets, first, targets, values } = windows.arrays();
    const [from, to] = [offsets[index]! - first, offsets[index + 1]! - first];
    if (along === undefined) {
      for (let at = from; at < to; at++) this.#messaging.sendTo(targets[at]!, message);
      return;
    }
    const column = values[Object.keys(this.spec.edge!).indexOf(along.column)]!;
    const of = this.spec.edge![along.column]!;
    for (let at = from; at < to; at++) {
      const met = ALONG[along.along](message as never, valueIn(of, column, at) as never);
      checkNumbers(met, this.#thread.floats);
      this.#messaging.sendTo(targets[at]!, met);
    }
  }

  #need(what: 'edges' | 'in'): never {
    this.#thread.needed = new Needed(what);
    throw this.#thread.needed;
  }

  /** A vertex's edges as it has them, to be changed. */
  #edgesOf(index: number): Edge[] {
    const [windows] = this.#windows;
    if (windows === undefined) this.#need('edges');
    const { offsets, first, targets, values } = windows.arrays();
    const columns = Object.entries(this.spec.edge ?? {});
    const edges: Edge[] = [];
    for (let at = offsets[index]! - first; at < offsets[index + 1]! - first; at++) {
      const value = Object.fromEntries(
        columns.map(([name, of], k) => [name, valueIn(of, values[k]!, at)]),
      );
      edges.push({ target: targets[at]!, value });
    }
    return edges;
  }

  /** Runs user code; what it throws says at which vertex. */
  async #placed<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (error instanceof Needed || this.#thread.needed !== undefined) throw error;
      if (error instanceof UsageError) throw error;
      const isOurs = error instanceof SuperstepError && !(error instanceof TaskError);
      if (isOurs && error.code !== 'INT64_RANGE') throw error;
      throw this.#failed(error);
    }
  }

  /** @param error anything may be thrown */
  #failed(error: unknown): TaskError {
    const { spec } = this;
    const vertex = idOf(this.reading, this.partition, this.#thread.loop.index());
    const message = error instanceof Error ? error.message : String(error);
    const remedy = error instanceof SuperstepError ? error.details.remedy : undefined;
    const what = this.sending ? 'compute' : 'init';
    return new TaskError(
      error instanceof TaskError ? error.code : 'TASK_FAILED',
      `${spec.name}: ${what} failed at vertex ${vertex}, superstep ${this.superstep}: ${message}`,
      {
        job: this.#argument.context.job,
        stage: spec.name,
        ...(remedy !== undefined && { remedy }),
      },
      { cause: error },
    );
  }
}

/** NaN is no message. `floats`: the columns that may hold one. */
function checkNumbers(message: unknown, floats: readonly string[]): void {
  if (Number.isNaN(message)) throw messageIsNaN();
  // What is no record is found where it is written.
  if (typeof message !== 'object' || message === null) return;
  for (const column of floats) {
    const { [column]: value } = message as { readonly [column: string]: unknown };
    if (Number.isNaN(value)) throw messageIsNaN(column);
  }
}
