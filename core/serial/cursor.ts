/** The cursor `v` of a vertex program: one object a call, which throws when it is kept and used later. */
import type { AnyType, Schema } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import { TaskError, UsageError } from '../errors.ts';
import { isRecord } from '../pregel/check.ts';
import type { ProgramSpec } from '../pregel/define.ts';
import type { LoadedEdge } from './graph.ts';
import type { Topology } from './topology.ts';
import { type Any, enter, holds, mismatch } from './values.ts';

/** Messages sent so far, by receiver; undefined where none may be sent. */
export type Inboxes = Any[][] | undefined;

export interface Call {
  readonly id: number;
  readonly state: Any;
  readonly outbox: Inboxes;
  halt(): void;
}

/** Begins and ends the cursor of a call. The columns of the program are its properties. */
export function cursorsOf(
  spec: ProgramSpec,
  graph: Topology,
): { readonly begin: (call: Call) => object; readonly end: (cursor: object) => void } {
  class Own extends Cursor {}
  for (const [c, of] of Object.entries(spec.state)) {
    Object.defineProperty(Own.prototype, c, {
      get(this: Own) {
        return Cursor.callOf(this).state[c];
      },
      set(this: Own, value) {
        if (!holds(of, value)) throw mismatch('state', c, of, value);
        Cursor.callOf(this).state[c] = value;
      },
    });
  }
  for (const c of Object.keys(spec.vertex ?? {})) {
    Object.defineProperty(Own.prototype, c, {
      get(this: Own) {
        return graph.values[Cursor.callOf(this).id]![c];
      },
    });
  }
  return {
    // A column that is not declared is refused, not lost.
    begin: call => Object.preventExtensions(new Own(spec, graph, call)),
    end: cursor => Cursor.end(cursor as Cursor),
  };
}

const ALONG: { readonly [name: string]: (message: Any, edge: Any) => Any } = {
  plus: (m, e) => m + e,
  times: (m, e) => m * e,
  least: (m, e) => (e < m ? e : m),
  most: (m, e) => (e > m ? e : m),
};

class Cursor {
  readonly #spec: ProgramSpec;
  readonly #graph: Topology;
  #call: Call | undefined;

  constructor(spec: ProgramSpec, graph: Topology, call: Call) {
    this.#spec = spec;
    this.#graph = graph;
    this.#call = call;
  }
  // Not properties: a column may have any name.
  static end(cursor: Cursor): void {
    cursor.#call = undefined;
  }
  /** Throws TaskError CURSOR_KEPT. */
  static callOf(cursor: Cursor): Call {
    if (cursor.#call !== undefined) return cursor.#call;
    throw new TaskError('CURSOR_KEPT', `${cursor.#spec.name}: a vertex was used after its call`, {
      remedy: 'Copy what you need (its id, its values): the cursor moves to the next vertex.',
    });
  }

  get id(): number {
    return Cursor.callOf(this).id;
  }
  get outDegree(): number {
    return this.outEdges.length;
  }
  get inDegree(): number {
    return this.#graph.in(Cursor.callOf(this).id).length;
  }
  /** A loop goes over what was there when it began. */
  get outEdges(): readonly LoadedEdge[] {
    return this.#graph.out(Cursor.callOf(this).id);
  }
  voteToHalt(): undefined {
    Cursor.callOf(this).halt();
  }

  sendTo(target: number, message: unknown): undefined {
    this.#checkVertex(target, 'sendTo');
    this.#send(target, message);
  }
  sendToOut(message: Any): undefined {
    const { along } = this.#spec;
    for (const { target, value } of this.outEdges) {
      this.#send(target, along ? ALONG[along.along]!(message, value[along.column]) : message);
    }
  }
  sendToIn(message: Any): undefined {
    for (const { target } of this.#graph.in(Cursor.callOf(this).id)) this.#send(target, message);
  }
  #send(target: number, message: unknown): void {
    const { name, message: of } = this.#spec;
    const { outbox } = Cursor.callOf(this);
    if (outbox === undefined) {
      throw refusedIn(name, 'send messages', 'Send them from compute, at superstep 0.');
    }
    if (of === undefined) {
      throw new UsageError('DEFINITION_INVALID', `${name} sends, and declares no message`, {
        remedy: 'Give message a type.',
      });
    }
    checkMessage(message, of);
    outbox[target]!.push(message);
  }

  addEdge(target: number, value: unknown): undefined {
    const id = this.#changing();
    this.#checkVertex(target, 'addEdge');
    enter(value, this.#spec.edge ?? {}, 'addEdge');
    this.#graph.addEdge(id, target, { ...(value as object) });
  }
  removeEdges(target: number): undefined {
    const id = this.#changing();
    this.#checkVertex(target, 'removeEdges');
    this.#graph.removeEdges(id, target);
  }
  remove(): undefined {
    this.#graph.remove(this.#changing());
  }
  #changing(): number {
    const { id, outbox } = Cursor.callOf(this);
    if (outbox !== undefined) return id;
    throw refusedIn(this.#spec.name, 'change the graph', 'Change it from compute, at superstep 0.');
  }
  /** A number that was never a vertex is a mistake; a message to one that is gone is not, and is dropped. */
  #checkVertex(value: unknown, where: string): void {
    if (Number.isInteger(value) && (value as number) in this.#graph.ids) return;
    throw new TaskError('TYPE_MISMATCH', `${where}: ${printValue(value)} is not a vertex`, {
      remedy: 'Vertices are v.id, targets of edges, messages and parameters of type vertexId.',
    });
  }
}

function refusedIn(init: string, what: string, remedy: string): UsageError {
  return new UsageError('USAGE', `${init}: init may not ${what}`, { remedy });
}

function checkMessage(message: Any, of: AnyType | Schema): void {
  if (isRecord(of)) {
    enter(message, of, 'message');
    for (const [column, { type }] of Object.entries(of)) {
      if (type === 'float64') checkNumber(message[column], `a message's ${column}`);
    }
    return;
  }
  const type = of as AnyType;
  if (!holds(type, message)) throw mismatch('message', 'message', type, message);
  if (type.type === 'float64') checkNumber(message, 'a message');
}

/** NaN is no message: with least and most it would come and go with the order of folding. */
function checkNumber(value: unknown, what: string): void {
  if (!Number.isNaN(value)) return;
  throw new TaskError('MESSAGE_NAN', `${what} is NaN`, {
    remedy: 'Look for 0 / 0, and for edge values that are NaN; send nothing instead.',
  });
}
