/** The messages of one task: what has come for its vertices, what they send. One interface, whether messages are folded or rows.
 *
 * Order of calls: `receive`; `arrays` whenever kernel memory may have moved; `enter` before vertices [from, to) are computed, which then ask for `messages` and
 * send; `send` at the end.
 */
import type { WorkerContext } from '../exec/executor.ts';
import { widthOf } from '../kernels/messages.ts';
import type { Refusals } from '../mapreduce/stage.ts';
import { RunWriter } from '../shuffle/run-writer.ts';
import { foldedByReceiver } from './arranged.ts';
import type { Bound } from './cursor.ts';
import type { ProgramSpec } from './define.ts';
import { type Folding, overflowed } from './fold.ts';
import { receiveFolded } from './inbox-folded.ts';
import { RowInbox } from './inbox-rows.ts';
import type { Folded } from './messages.ts';
import { FoldedOutbox } from './outbox-folded.ts';
import { RowOutbox } from './outbox-rows.ts';
import type { GraphFacts, Reading } from './resident.ts';
import type { Outbox, Received } from './sent.ts';
import { Singles } from './singles.ts';
import { weightOf } from './weights.ts';

/** What a task is to its messages. */
export interface MessagingTask {
  readonly reading: Reading;
  readonly worker: WorkerContext;
  readonly spec: ProgramSpec;
  readonly partition: number;
  readonly superstep: number;
  readonly vertices: number;
  /** There may be vertices that a message wakes. */
  readonly asleep: boolean;
  /** The graph as it was when messages were sent that have come, if it has changed since. */
  readonly sentOver: GraphFacts | undefined;
  readonly refuse: Refusals | undefined;
  /** A run of the task's own: kept if it succeeds. */
  writer(
    name: string,
    fields: RunWriter['fields'],
    partitions: number,
    bytesHint?: number,
  ): RunWriter;
}

export interface SentMessages {
  readonly outbox: Outbox;
  /** Before they are folded. */
  readonly messages: number;
  readonly bytesSent: number;
  readonly pulled: number;
  readonly pushed: number;
}

export interface Messaging {
  receive(received: readonly Received[]): void;
  arrays(buffer: ArrayBuffer): Pick<Bound, 'got' | 'inbox' | 'out' | 'in'>;
  /** @returns the vertex behind the last one of [from, to) whose messages are held now */
  enter(from: number, to: number): number;
  /** Where waiting is possible: room for what comes next. */
  room(): Promise<void>;
  messages(index: number): unknown;
  sendTo(target: number, message: unknown): void;
  /** @throws MessageOverflow, in words */
  send(): Promise<SentMessages>;
}

const NOTHING = { outbox: [], messages: 0, bytesSent: 0, pulled: 0, pushed: 0 };

/** A program without messages. */
export class NoMessages implements Messaging {
  readonly #task: MessagingTask;
  readonly #got: number;

  constructor(task: MessagingTask) {
    this.#task = task;
    this.#got = gotOf(task);
  }

  receive(): void {}
  arrays(buffer: ArrayBuffer): Pick<Bound, 'got' | 'inbox' | 'out' | 'in'> {
    const got = new Uint8Array(buffer, this.#got, this.#task.vertices);
    return { got, inbox: undefined, out: undefined, in: undefined };
  }
  enter(_from: number, to: number): number {
    return to;
  }
  async room(): Promise<void> {}
  messages(): undefined {}
  sendTo(): void {}
  async send(): Promise<SentMessages> {
    return NOTHING;
  }
}

/** A byte for each vertex: whether it has a message. None has, yet. */
function gotOf({ reading, vertices }: MessagingTask): number {
  const { resident } = reading;
  const got = resident.need('got', vertices, `the messages of ${vertices} vertices`);
  resident.kernels.zero(got, vertices);
  return got;
}

/** Addresses of a number and a byte for each vertex. */
interface Channel {
  readonly values: number;
  readonly flags: number;
}

export class FoldedMessages implements Messaging {
  readonly #task: MessagingTask;
  readonly #plan: Folded;
  readonly #folding: Folding;
  readonly #inFolding: Folding;
  readonly #singles: Singles;
  readonly #out: Channel;
  readonly #in: Channel | undefined;
  #inbox = { values: 0, got: 0 };

  constructor(task: MessagingTask, plan: Folded, folding: Folding, inFolding: Folding) {
    this.#task = task;
    this.#plan = plan;
    this.#folding = folding;
    this.#inFolding = inFolding;
    this.#singles = new Singles(plan.of);
    this.#out = this.#channel('out');
    const { transposed } = task.reading.resident.facts;
    this.#in = transposed === undefined ? undefined : this.#channel('in');
  }

  #channel(name: string): Channel {
    const { reading, vertices } = this.#task;
    const { resident } = reading;
    const what = `the messages of ${vertices} vertices`;
    const values = resident.need(`sent-${name}`, vertices * widthOf(this.#plan.number), what);
    const flags = resident.need(`flags-${name}`, vertices, what);
    resident.kernels.zero(flags, vertices);
    return { values, flags };
  }

  receive(received: readonly Received[]): void {
    const { reading, partition, sentOver, asleep } = this.#task;
    const marked = asleep || !this.#plan.filled;
    const { edge } = reading.resident.facts.graph;
    const weight = weightOf(this.#plan.along, edge, this.#plan.number);
    const foldings = { out: this.#folding, in: this.#inFolding };
    const request = { ...reading, foldings, weight, partition, marked, sentOver };
    try {
      this.#inbox = receiveFolded(request, received);
    } catch (error) {
      throw this.#worded(error);
    }
  }

  #worded(error: unknown): unknown {
    const { spec, superstep } = this.#task;
    return overflowed(this.#plan, error, `${spec.name}, superstep ${superstep}`);
  }

  arrays(buffer: ArrayBuffer): Pick<Bound, 'got' | 'inbox' | 'out' | 'in'> {
    const { vertices: n } = this.#task;
    const { of, number } = this.#plan;
    const numbers = (pointer: number): Int32Array | BigInt64Array | Float64Array => {
      if (number === 'f64') return new Float64Array(buffer, pointer, n);
      if (number === 'i64' && 'read' in of) return new BigInt64Array(buffer, pointer, n);
      return new Int32Array(buffer, pointer, number === 'i64' ? n * 2 : n);
    };
    const sent = ({ values, flags }: Channel) => ({
      values: numbers(values),
      flags: new Uint8Array(buffer, flags, n),
    });
    return {
      got: new Uint8Array(buffer, this.#inbox.got, n),
      inbox: numbers(this.#inbox.values),
      out: sent(this.#out),
      in: this.#in && sent(this.#in),
    };
  }

  enter(_from: number, to: number): number {
    return to;
  }
  async room(): Promise<void> {}
  messages(): undefined {}

  sendTo(target: number, message: unknown): void {
    this.#singles.push(target, message);
  }

  async send(): Promise<SentMessages> {
    const { reading, partition, worker } = this.#task;
    const { facts } = reading.resident;
    const { graph } = facts;
    const { edge, partitions } = graph;
    const { refuse } = this.#task;
    const box = new FoldedOutbox({
      ...reading,
      worker,
      folding: this.#folding,
      inFolding: this.#inFolding,
      partition,
      refuse: refuse?.way,
      weight: weightOf(this.#plan.along, edge, this.#plan.number),
      byReceiver: channel =>
        // One slot is the driver's.
        foldedByReceiver(facts[channel]!, graph.vertexCount, worker.budget.slots - 1, refuse),
      writer: (name, fields, hint, parts = partitions.length) =>
        this.#task.writer(name, fields, parts, hint),
    });
    try {
      const outbox = [
        ...(await box.channel('out', this.#out)),
        ...(this.#in === undefined ? [] : await box.channel('in', this.#in)),
        ...(await box.singles(this.#singles)),
      ];
      const messages = box.alongEdges + this.#singles.count;
      return { outbox, messages, bytesSent: bytesOf(outbox), ...box.ways };
    } catch (error) {
      throw this.#worded(error);
    }
  }
}

export class RowMessages implements Messaging {
  readonly #task: MessagingTask;
  readonly #got: number;
  readonly #outbox: RowOutbox;
  #inbox: RowInbox | undefined;
  /** The vertices whose messages are held. */
  #from = 0;
  #to = 0;

  constructor(task: MessagingTask) {
    const { spec, reading } = task;
    const { partitions } = reading.resident.facts.graph;
    this.#task = task;
    this.#got = gotOf(task);
    this.#outbox = new RowOutbox(spec.message!, partitions, fields =>
      task.writer('rows', fields, partitions.length),
    );
  }

  receive(received: readonly Received[]): void {
    const { reading, spec, vertices } = this.#task;
    const inbox = new RowInbox(reading.carrier, spec, vertices, received);
    const { u8 } = reading.resident.kernels;
    for (let i = 0; i < vertices; i++) u8[this.#got + i] = inbox.counts[i] === 0 ? 0 : 1;
    this.#inbox = inbox;
  }

  arrays(buffer: ArrayBuffer): Pick<Bound, 'got' | 'inbox' | 'out' | 'in'> {
    const got = new Uint8Array(buffer, this.#got, this.#task.vertices);
    return { got, inbox: undefined, out: undefined, in: undefined };
  }

  enter(from: number, to: number): number {
    if (from >= this.#to || from < this.#from) {
      this.#from = from;
      this.#to = this.#inbox!.end(from);
      this.#inbox!.fill(from, this.#to);
    }
    return Math.min(to, this.#to);
  }

  room(): Promise<void> {
    return this.#outbox.room();
  }

  messages(index: number): unknown {
    return this.#inbox!.at(index);
  }

  sendTo(target: number, message: unknown): void {
    this.#outbox.send(target, message);
  }

  async send(): Promise<SentMessages> {
    const outbox = await this.#outbox.finish();
    const { sent } = this.#outbox;
    return { ...NOTHING, outbox, messages: sent, bytesSent: bytesOf(outbox) };
  }
}

const bytesOf = (outbox: Outbox): number =>
  outbox.flatMap(({ run }) => run.partitions.flat()).reduce((sum, { bytes }) => sum + bytes, 0);
