/** The supersteps of one program over a loaded graph. Driver side.
 *
 *   find the vertices that parameters name ─▶ arrange edges (where messages are folded)
 *     ┌──▶ master ─▶ anybody awake, or written to? ─▶ a task for each such partition ─▶ barrier ──┐
 *     └───────────────────────────────────────────────────────────────────────────────────────────┘
 *   ─▶ rows of the state, partition after partition
 *
 * Invariants: what superstep S was given is kept until all tasks of S have ended, so any of them can be run again; then it is given back. Nothing
 * here depends on the number of slots, except where a task runs.
 */
import { randomBytes } from 'node:crypto';
import type { DefinitionRef } from '../define/define.ts';
import { asyncFunction, isThenable } from '../define/function-rules.ts';
import type { AnyType, Schema } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import { LimitError, SuperstepError, TaskError, UsageError } from '../errors.ts';
import { assertWanted } from '../exec/cancelled.ts';
import type { Into, Part } from '../mapreduce/stage.ts';
import { Aggregates } from './aggregates.ts';
import type { ArrangeArgument, ArrangeResult } from './arrange.ts';
import type { Checkpoint } from './checkpoint.ts';
import { widthOf } from '../kernels/messages.ts';
import { foldedByReceiver } from './arranged.ts';
import { findProgram, MAX_SUPERSTEPS, outputOf, type ProgramSpec } from './define.ts';
import type { FindArgument, FinishArgument } from './finish.ts';
import { type GraphHandle, type Owned, release } from './graph-handle.ts';
import type { HoldArgument } from './hold.ts';
import type { Id } from './ids.ts';
import type { Kept } from './kept.ts';
import type { LoadedGraph } from './loaded.ts';
import { messagePlan } from './messages.ts';
import { receivedBy } from './sent.ts';
import type { NeedsIn, SuperstepArgument, SuperstepResult } from './superstep.ts';
import { packFacts } from './resident.ts';
import { Topology } from './topology.ts';
import { ARRANGE, CLOSE, FIND, FINISH, HOLD, runPinned, SUPERSTEP, type Tasking } from './tasks.ts';
import { roomFor } from './task-arena.ts';
import { transpose } from './transpose.ts';
import { weightOf } from './weights.ts';

export interface ProgramRequest extends Tasking {
  readonly use: DefinitionRef;
  readonly params: { readonly [name: string]: unknown };
  readonly handle: GraphHandle;
  /** Of the table: `vertex` first. */
  readonly output: Schema;
  /** Where rows go, of so many parts. */
  readonly into: (parts: number) => Into;
  /** Told of every task that counts, and of every superstep. */
  readonly onTask: (result: SuperstepResult) => void;
  readonly onSuperstep: (superstep: number) => void;
  /** Where it goes on, and what it is written to. */
  readonly checkpoint?: Checkpoint | undefined;
}

export interface ProgramMade {
  readonly parts: readonly Part[];
  readonly supersteps: number;
  readonly arranged: ArrangedIn;
  /** Writing rows, behind the last superstep. */
  readonly outputSeconds: number;
}
/** What arranging edges by target took, before the first superstep or between two. */
export interface ArrangedIn {
  seconds: number;
  spilledBytes: number;
}

export async function runProgram(request: ProgramRequest): Promise<ProgramMade> {
  const run = new ProgramRun(request);
  try {
    return await run.run();
  } finally {
    await run.end();
  }
}

/** Threads close what they keep of a graph, so that the memory is others' again. */
export async function closeGraph(tasking: Tasking, handle: GraphHandle): Promise<void> {
  const slots = new Set(handle.graph.partitions.map((_, p) => handle.slotOf(p)));
  // It may be because the job was cancelled: that is not to keep memory.
  const { signal } = new AbortController();
  const asked = [...slots].map(slot => ({ task: slot, slot, argument: handle.key }));
  await runPinned({ ...tasking, signal }, CLOSE, 'graph close', asked).catch(() => {});
}

class ProgramRun {
  readonly #request: ProgramRequest;
  readonly #spec: ProgramSpec;
  readonly #id = randomBytes(8).toString('hex');
  #aggregates: Aggregates;
  readonly #topology: Topology;
  #params: { readonly [name: string]: unknown } = {};
  #kept: Kept[] = [];
  #superstep = 0;
  /** The program looks at edges one by one. */
  #edges = false;
  /** It has asked for edges into vertices. */
  #in = false;
  readonly #arranged: ArrangedIn = { seconds: 0, spilledBytes: 0 };

  constructor(request: ProgramRequest) {
    this.#request = request;
    this.#spec = findProgram(request.use);
    this.#aggregates = new Aggregates(this.#spec);
    this.#topology = new Topology(request, this.#spec, request.handle);
  }

  /** The graph as the program has made it. */
  get #handle(): GraphHandle {
    return this.#topology.handle;
  }

  async run(): Promise<ProgramMade> {
    const { signal, onSuperstep, checkpoint } = this.#request;
    this.#params = await this.#resolved();
    await this.#restore();
    await this.#arrange('out');
    for (; ; this.#superstep++) {
      assertWanted(signal);
      const halted = this.#master();
      const outboxes = this.#kept.map(({ outbox }) => outbox);
      const { partitions, vertexCount } = this.#handle.graph;
      const facts = this.#topology.sentOver ?? this.#handle.facts;
      const received = partitions.map((_, p) => receivedBy(p, outboxes, facts));
      // A partition without a state is new: its vertices are awake.
      const working = received.map(
        (messages, p) => (this.#kept[p]?.awake ?? 1) > 0 || messages.length > 0,
      );
      if (halted || !working.includes(true) || vertexCount === 0) break;
      this.#checkLimit(received.filter(messages => messages.length > 0).length);
      onSuperstep(this.#superstep);
      await this.#step(working, received, true);
      if (checkpoint?.isDue(this.#superstep + 1)) await this.#save(checkpoint);
    }
    // Ended before they began: `init` has still to set their state.
    const begun = this.#handle.graph.partitions.map((_, p) => this.#kept[p] !== undefined);
    if (begun.includes(false))
      await this.#step(
        begun.map(is => !is),
        [],
        false,
      );
    const ended = performance.now();
    const parts = await this.#finish();
    const outputSeconds = (performance.now() - ended) / 1000;
    return { parts, supersteps: this.#superstep, arranged: this.#arranged, outputSeconds };
  }

  /** Gives back what is held. */
  async end(): Promise<void> {
    for (const { owned } of this.#kept) release(this.#request.executor, owned);
    this.#kept = [];
    await this.#topology.end(handle => closeGraph(this.#request, handle));
  }

  /** Goes on from a checkpoint, where there is one. */
  async #restore(): Promise<void> {
    const found = await this.#request.checkpoint?.restore();
    if (found === undefined) return;
    this.#kept = [...found.kept];
    this.#superstep = found.superstep;
    this.#edges = found.edges;
    this.#aggregates = new Aggregates(this.#spec, { ...found.aggregates });
    if (found.changed !== undefined) this.#topology.restore(found.changed, found.more);
    if (found.transposed) await this.#transpose();
  }

  async #save(checkpoint: Checkpoint): Promise<void> {
    const barrier = {
      superstep: this.#superstep + 1,
      aggregates: this.#aggregates.current,
      edges: this.#edges,
      kept: this.#kept,
    };
    await checkpoint.save(barrier, this.#topology);
  }

  /** One superstep of the partitions that have work. */
  async #step(
    working: readonly boolean[],
    received: readonly ReturnType<typeof receivedBy>[],
    compute: boolean,
  ): Promise<void> {
    const { context, use, onTask, executor } = this.#request;
    const handle = this.#handle;
    const { counts, sentOver } = this.#topology;
    const over = sentOver && packFacts(sentOver);
    const partitions = working.flatMap((works, p) => (works ? [p] : []));
    const argument = (p: number): SuperstepArgument => ({
      context,
      part: handle.part(p),
      use,
      run: this.#id,
      params: this.#params,
      superstep: this.#superstep,
      ...counts,
      aggregates: this.#aggregates.current,
      state: this.#kept[p]?.state,
      received: received[p] ?? [],
      compute,
      takenBytes: this.#kept[p]?.takenBytes ?? 0,
      edges: this.#edges,
      gone: this.#topology.goneOf(p),
      sentOver: over,
    });
    const asked = partitions.map(p => {
      const taken = this.#kept[p]?.takenBytes ?? 0;
      const roomBytes = taken === 0 ? 0 : roomFor(taken);
      return { task: p, slot: handle.slotOf(p), argument: argument(p), roomBytes };
    });
    const stage = `${this.#spec.name} superstep ${this.#superstep}`;
    const done = await runPinned<SuperstepResult | NeedsIn>(this.#request, SUPERSTEP, stage, asked);
    if (done.some(result => 'needs' in result)) {
      // Nothing has changed: the same again, when the edges into vertices are there.
      for (const result of done) if (!('needs' in result)) release(executor, ownedBy(result));
      await this.#transpose();
      return this.#step(working, received, compute);
    }
    const results = done as SuperstepResult[];
    this.#aggregates.next(results.map(({ aggregates }) => aggregates));
    const next = [...this.#kept];
    for (const [i, result] of results.entries()) {
      onTask(result);
      this.#edges ||= result.edges;
      const { state, outbox, awake, takenBytes } = result;
      next[partitions[i]!] = { state, outbox, awake, owned: ownedBy(result), takenBytes };
    }
    for (const [p, kept] of this.#kept.entries()) {
      if (next[p] !== kept) release(executor, kept.owned);
      else next[p] = { ...kept, outbox: undefined };
    }
    this.#kept = next;
    const changes = results.map(({ mutations }, i) => [partitions[i]!, mutations] as const);
    if (!(await this.#topology.settle(changes))) return;
    // What was arranged was another graph.
    if (this.#in) await this.#transpose();
    await this.#arrange('out');
  }

  /** Whether it halts. */
  #master(): boolean {
    const { name, master } = this.#spec;
    if (master === undefined) return false;
    let halted = false;
    const ctx = {
      superstep: this.#superstep,
      ...this.#topology.counts,
      directed: this.#handle.graph.directed,
      params: this.#params,
      aggregates: this.#aggregates.current,
      halt: () => void (halted = true),
    };
    let returned: unknown;
    try {
      returned = master.call(this.#spec, ctx);
    } catch (error) {
      if (error instanceof SuperstepError && !(error instanceof TaskError)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new TaskError(
        'TASK_FAILED',
        `${name}: master failed in superstep ${this.#superstep}: ${message}`,
        { job: this.#request.context.job, stage: name },
        { cause: error },
      );
    }
    if (isThenable(returned)) throw asyncFunction(`${name}: master`, 'vertex');
    this.#aggregates.check();
    return halted;
  }

  #checkLimit(receivers: number): void {
    const { name, maxSupersteps = MAX_SUPERSTEPS } = this.#spec;
    if (this.#superstep < maxSupersteps) return;
    const awake = this.#kept.reduce((sum, kept) => sum + kept.awake, 0);
    const active = `${awake} ${awake === 1 ? 'vertex' : 'vertices'} active`;
    const messages = receivers === 0 ? '' : ' and messages under way';
    throw new LimitError(
      'SUPERSTEPS',
      `${name} has not ended within its maxSupersteps, ${maxSupersteps}: ${active}${messages}`,
      {
        job: this.#request.context.job,
        stage: name,
        remedy: 'Let vertices vote to halt, halt in master, or raise maxSupersteps.',
      },
    );
  }

  /** Parameters, with vertices named by id turned into ranks. @throws UsageError PARAM_INVALID */
  async #resolved(): Promise<{ readonly [name: string]: unknown }> {
    const { params, handle, context } = this.#request;
    const { graph } = handle;
    const named = vertexParams(this.#spec, params);
    if (named.length === 0) return params;
    const ids = named.map(({ name, value }) => idFor(graph, name, value));
    const argument: FindArgument = { context, part: handle.part(0), ids };
    const asked = [{ task: 0, slot: handle.slotOf(0), argument }];
    const ranks =
      graph.vertexCount === 0
        ? ids.map(() => -1)
        : (await runPinned<number[]>(this.#request, FIND, `${this.#spec.name} find`, asked))[0]!;
    const resolved: { [name: string]: unknown } = { ...params };
    for (const [i, { name, value, at }] of named.entries()) {
      if (ranks[i]! < 0) throw notThere(name, value, graph.vertexCount);
      if (at === undefined) resolved[name] = ranks[i];
      else {
        if (at === 0) resolved[name] = [];
        (resolved[name] as unknown[])[at] = ranks[i];
      }
    }
    return resolved;
  }

  /** Edges by target, for messages that are folded on their way. */
  async #arrange(channel: 'out' | 'in'): Promise<void> {
    const { context } = this.#request;
    const handle = this.#handle;
    const plan = messagePlan(this.#spec);
    if (plan.kind !== 'folded' || handle.graph.vertexCount === 0) return;
    const along = channel === 'out' ? plan.along : undefined;
    const known = handle.facts[channel];
    const weight = weightOf(along, handle.graph.edge, plan.number);
    const name = weight && `${weight.column} ${weight.to}`;
    if (known !== undefined && (name === undefined || handle.weight === name)) return;
    const asked = handle.graph.partitions.map((_, p) => ({
      task: p,
      slot: handle.slotOf(p),
      argument: {
        context,
        part: handle.part(p),
        channel,
        weight,
      } satisfies ArrangeArgument,
    }));
    const began = performance.now();
    const done = await runPinned<ArrangeResult>(this.#request, ARRANGE, 'graph arrange', asked);
    for (const { spilledBytes } of done) this.#arranged.spilledBytes += spilledBytes;
    const arranged = done.map(result => result.arranged);
    const owned = {
      ranges: done.flatMap(({ ranges }) => ranges),
      runs: arranged.flatMap(({ listing, sources }) => [listing, sources]),
    };
    handle.change({ [channel]: arranged }, owned);
    if (channel === 'out') handle.weight = name;
    await this.#hold(channel, weight === undefined ? 0 : widthOf(weight.to));
    this.#arranged.seconds += (performance.now() - began) / 1000;
  }

  /** Arranged edges where they will be folded, if that is with who receives. */
  async #hold(channel: 'out' | 'in', weightBytes: number): Promise<void> {
    const { context, executor } = this.#request;
    const { graph, facts } = this.#handle;
    const { refuse } = context;
    if (!foldedByReceiver(facts[channel]!, graph.vertexCount, executor.slots, refuse)) return;
    const asked = graph.partitions.map((_, p) => ({
      task: p,
      slot: this.#handle.slotOf(p),
      argument: {
        context,
        part: this.#handle.part(p),
        channel,
        weightBytes,
      } satisfies HoldArgument,
    }));
    await runPinned(this.#request, HOLD, 'graph hold', asked);
  }

  async #transpose(): Promise<void> {
    const handle = this.#handle;
    this.#in = true;
    if (handle.facts.transposed === undefined) await transpose(this.#request, handle);
    await this.#arrange('in');
  }

  async #finish(): Promise<Part[]> {
    const { context, output, into } = this.#request;
    const handle = this.#handle;
    const names = Object.keys(this.#spec.state);
    const columns = Object.entries(outputOf(this.#spec)).map(([name, of]) => ({
      column: names.indexOf(name),
      vertices: of.type === 'vertexId',
    }));
    const parts = into(this.#kept.length);
    const asked = this.#kept.map(({ state }, p) => ({
      task: p,
      slot: handle.slotOf(p),
      argument: {
        context,
        part: handle.part(p),
        state,
        columns,
        output,
        into: parts,
        gone: this.#topology.goneOf(p),
      } satisfies FinishArgument,
    }));
    return runPinned<Part>(this.#request, FINISH, `${this.#spec.name} output`, asked);
  }
}

const ownedBy = ({ state, outbox, ranges }: SuperstepResult): Owned => ({
  ranges,
  runs: [state.run, ...outbox.map(({ run }) => run)],
});

interface Named {
  readonly name: string;
  readonly value: unknown;
  /** In a list. */
  readonly at?: number;
}

/** Parameters that name vertices. */
function vertexParams(
  { params = {} }: ProgramSpec,
  given: { readonly [name: string]: unknown },
): Named[] {
  const declared = Object.entries(params) as [string, { type?: string; of?: AnyType }][];
  return declared.flatMap(([name, of]): Named[] => {
    const value = given[name];
    if (value === null || value === undefined) return [];
    if (of?.type === 'vertexId') return [{ name, value }];
    if (of?.of?.type !== 'vertexId') return [];
    return (value as unknown[]).map((each, at) => ({ name, value: each, at }));
  });
}

/** An id is shown as it stands in the input: the command line gives text, whatever ids are. */
function notThere(name: string, value: unknown, vertices: number): UsageError {
  const id = typeof value === 'string' ? value : printValue(value);
  const empty = vertices === 0 ? ', which has no vertices' : '';
  return new UsageError(
    'PARAM_INVALID',
    `parameter '${name}': ${id} is not a vertex of the graph${empty}`,
    {
      remedy:
        vertices === 0
          ? 'Check the input: it has no edges.'
          : 'Give an id as it stands in the edges.',
    },
  );
}

/** Ids are all text or all integers; text from the command line may mean an integer. */
function idFor({ id, vertexCount }: LoadedGraph, name: string, value: unknown): Id {
  if (id.type !== 'int64') return String(value);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  if (vertexCount === 0) throw notThere(name, value, 0);
  throw new UsageError(
    'PARAM_INVALID',
    `parameter '${name}': ${printValue(value)} is not a vertex of the graph, whose ids are integers`,
    { remedy: "If ids are text, say so: --schema 'source:utf8,target:utf8'." },
  );
}
