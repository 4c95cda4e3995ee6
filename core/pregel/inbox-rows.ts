/** The inbox of a partition whose messages are rows: those of a vertex lie next to each other, in order of (sending partition, sequence).
 *
 * Order of calls: `new` counts them by target; for ranges of vertices `fill`, then `at` for each vertex. A range is as many vertices as have a bounded
 * number of messages, or one that has more: batches are read again for each range, so an inbox of any size takes the memory of a range.
 */
import { readersOf, rowReader } from '../batch/codec.ts';
import { type StoredBatch, valuesOf } from '../batch/columns.ts';
import type { Schema } from '../define/schema.ts';
import type { Carrier } from '../shuffle/carrier.ts';
import { isRecord } from './check.ts';
import type { Messages, MessageType, ProgramSpec } from './define.ts';
import type { Received } from './sent.ts';
import { identityOf, mergeOf, messageColumns, storedSchema } from './values.ts';

/** Messages that are held at a time, unless one vertex has more. */
const RANGE_MESSAGES = 1 << 18;

export class RowInbox {
  readonly #received: readonly Received[];
  readonly #carrier: Carrier;
  readonly #schema: Schema;
  readonly #record: boolean;
  /** Messages of each vertex. */
  readonly counts: Uint32Array;
  readonly total: number;
  #first = 0;
  /** Of each vertex of the range, and one more. */
  #starts: Uint32Array = new Uint32Array(1);
  #values: Values = [];
  readonly #messages = new MessageList();
  readonly #combine: ((from: number, to: number) => unknown) | undefined;
  readonly #room: (n: number) => Values;

  constructor(
    carrier: Carrier,
    spec: ProgramSpec,
    vertices: number,
    received: readonly Received[],
  ) {
    const { name, combine } = spec;
    const message = spec.message!;
    this.#received = received;
    this.#carrier = carrier;
    this.#schema = storedSchema(messageColumns(message));
    this.#record = isRecord(message);
    this.counts = new Uint32Array(vertices);
    this.#room = roomFor(message);
    let total = 0;
    for (const { targets } of this.#batches()) {
      count(targets, this.counts);
      total += targets.length;
    }
    this.total = total;
    if (combine !== undefined && !isRecord(message)) {
      const merge = mergeOf(combine, message, `${name}: message`);
      const identity = identityOf(combine, message);
      this.#combine = (from, to) => {
        let held = identity;
        for (let i = from; i < to; i++) held = merge(held, this.#values[i]);
        return held;
      };
    }
  }

  /** The vertex behind the last one of a range that begins with `from`. */
  end(from: number): number {
    let messages = this.counts[from]!;
    let to = from + 1;
    while (to < this.counts.length && messages + this.counts[to]! <= RANGE_MESSAGES) {
      messages += this.counts[to++]!;
    }
    return to;
  }

  /** Takes the messages of vertices [from, to). */
  fill(from: number, to: number): void {
    const starts = new Uint32Array(to - from + 1);
    for (let i = from; i < to; i++) starts[i - from + 1] = starts[i - from]! + this.counts[i]!;
    const next = starts.slice();
    const values = this.#room(starts[to - from]!);
    const rows = this.#record ? rowReader(this.#schema) : undefined;
    for (const { targets, message } of this.#batches()) {
      if (!Array.isArray(values)) {
        const { data } = message.columns[0]!;
        const numbers =
          values instanceof Int32Array ? valuesOf(data, 'i32') : valuesOf(data, 'f64');
        scatter(numbers, targets, from, to, next, values);
        continue;
      }
      rows?.load(message);
      const column = rows === undefined ? readersOf(message, this.#schema)['message']! : undefined;
      for (let row = 0; row < targets.length; row++) {
        const target = targets[row]!;
        if (target < from || target >= to) continue;
        values[next[target - from]!++] = column === undefined ? rows!.row(row) : column.at(row);
      }
    }
    this.#first = from;
    this.#starts = starts;
    this.#values = values;
  }

  /** What `compute` sees of a vertex's messages: a list, valid until the next; or, combined, one value. */
  at(vertex: number): unknown {
    const from = this.#starts[vertex - this.#first]!;
    const to = this.#starts[vertex - this.#first + 1]!;
    if (this.#combine !== undefined) return this.#combine(from, to);
    return this.#messages.of(this.#values, from, to);
  }

  *#batches(): Generator<{ readonly targets: Int32Array; readonly message: StoredBatch }> {
    for (const { slice, fields } of this.#received) {
      for (let i = 0; i < slice.batches.length; i++) {
        const { rows, columns } = this.#carrier.read(slice, i, fields);
        const targets = valuesOf(columns[0]!.data, 'i32');
        yield { targets, message: { rows, columns: columns.slice(1) } };
      }
    }
  }
}

function count(targets: Int32Array, counts: Uint32Array): void {
  for (let row = 0; row < targets.length; row++) counts[targets[row]!]!++;
}

/** The numbers whose targets are in [from, to), each to the next place of its target. */
function scatter(
  numbers: Int32Array | Float64Array,
  targets: Int32Array,
  from: number,
  to: number,
  next: Uint32Array,
  values: Int32Array | Float64Array,
): void {
  for (let row = 0; row < targets.length; row++) {
    const target = targets[row]!;
    if (target >= from && target < to) values[next[target - from]!++] = numbers[row]!;
  }
}

type Values = unknown[] | Int32Array | Float64Array;

/** Numbers lie together, so that they are sorted as numbers. */
function roomFor(message: MessageType): (n: number) => Values {
  const { type, nullable } = message as { type?: unknown; nullable?: unknown };
  if (nullable === true) return n => Array.from({ length: n });
  if (type === 'int32' || type === 'vertexId') return n => new Int32Array(n);
  if (type === 'float64') return n => new Float64Array(n);
  return n => Array.from({ length: n });
}

/** Fewer are put in order where they lie. */
const FEW = 24;

/** Some of an array, without a copy. */
class MessageList implements Messages<unknown> {
  #values: Values = [];
  #from = 0;
  length = 0;

  of(values: Values, from: number, to: number): this {
    this.#values = values;
    this.#from = from;
    this.length = to - from;
    return this;
  }

  at(i: number): unknown {
    return i >= 0 && i < this.length ? this.#values[this.#from + i] : undefined;
  }

  sort(): this {
    const to = this.#from + this.length;
    if (Array.isArray(this.#values)) {
      const sorted = this.#values.slice(this.#from, to).toSorted(ascending);
      for (let i = 0; i < sorted.length; i++) this.#values[this.#from + i] = sorted[i];
    } else if (this.length > FEW) this.#values.subarray(this.#from, to).sort();
    else sortFew(this.#values, this.#from, to);
    return this;
  }

  *[Symbol.iterator](): Generator<unknown> {
    for (let i = 0; i < this.length; i++) yield this.#values[this.#from + i];
  }
}

function sortFew(values: Int32Array | Float64Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    let at = i;
    for (; at > from && values[at - 1]! > value; at--) values[at] = values[at - 1]!;
    values[at] = value;
  }
}

/** Text in the order of its UTF-8 bytes; numbers by value. */
function ascending(a: unknown, b: unknown): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}
