/** The cursor `v` of a vertex program: one object a call, which throws when it is kept and used later. */
import type { AnyType, Schema } from '../define/schema.ts';
import { TaskError, UsageError } from '../errors.ts';
import { isRecord } from '../pregel/check.ts';
import type { ProgramSpec } from '../pregel/define.ts';
import type { LoadedGraph } from './graph.ts';
import { type Any, enter } from './values.ts';

/** Messages sent so far, by receiver; undefined where none may be sent. */
export type Inboxes = Any[][] | undefined;

/** Changes of the graph while a program runs. */
export function later(): never {
  throw new UsageError('NOT_YET', 'vertices and edges cannot be changed by a program yet', {
    remedy: 'Build the graph before, or keep what has changed in state.',
  });
}

interface Call {
  readonly spec: ProgramSpec;
  readonly graph: LoadedGraph;
  readonly id: number;
  readonly state: Any;
  readonly outbox: Inboxes;
  halt(): void;
}

export function cursorOf(call: Call): { readonly cursor: object; end(): void } {
  const { spec, graph, id, state } = call;
  let live = true;
  const alive = (): void => {
    if (live) return;
    throw new TaskError('CURSOR_KEPT', `${spec.name}: a vertex was used after its call`, {
      remedy: 'Copy what you need (its id, its values): the cursor moves to the next vertex.',
    });
  };
  const cursor: object = {
    id,
    outDegree: graph.out[id]!.length,
    inDegree: graph.in[id]!.length,
    outEdges: graph.out[id]!,
    ...sendersOf(call),
    voteToHalt: () => void call.halt(),
    addEdge: later,
    removeEdges: later,
    remove: later,
  };
  for (const c of Object.keys(spec.state)) {
    Object.defineProperty(cursor, c, {
      get: () => state[c],
      set(value) {
        state[c] = checked(value, c, spec.state, `${spec.name}: state`);
      },
    });
  }
  for (const c of Object.keys(spec.vertex ?? {})) {
    Object.defineProperty(cursor, c, { get: () => graph.values[id]![c] });
  }
  const guarded = new Proxy(cursor, {
    get(target, name) {
      alive();
      return Reflect.get(target, name);
    },
    set(target, name, value) {
      alive();
      return Reflect.set(target, name, value);
    },
  });
  return { cursor: guarded, end: () => void (live = false) };
}

function checked(value: unknown, column: string, columns: Schema, where: string): unknown {
  enter({ [column]: value }, { [column]: columns[column]! }, where);
  return value;
}

const ALONG: { readonly [name: string]: (message: Any, edge: Any) => Any } = {
  plus: (m, e) => m + e,
  times: (m, e) => m * e,
  least: (m, e) => (e < m ? e : m),
  most: (m, e) => (e > m ? e : m),
};

function sendersOf({ spec, graph, id, outbox }: Call) {
  const { along, message: type } = spec;
  const where = `${spec.name}: message`;
  const send = (target: number, message: unknown): void => {
    if (outbox === undefined) {
      throw new UsageError('USAGE', `${spec.name}: init may not send messages`, {
        remedy: 'Send them from compute, at superstep 0.',
      });
    }
    if (type === undefined) {
      throw new UsageError('DEFINITION_INVALID', `${spec.name} sends, and declares no message`, {
        remedy: 'Give message a type.',
      });
    }
    if (isRecord(type)) enter(message, type, where);
    else checked(message, 'message', { message: type as AnyType }, where);
    outbox[target]!.push(message);
  };
  return {
    sendTo: send,
    sendToOut(message: Any): undefined {
      for (const { target, value } of graph.out[id]!) {
        send(target, along ? ALONG[along.along]!(message, value[along.column]) : message);
      }
    },
    sendToIn(message: Any): undefined {
      for (const { target } of graph.in[id]!) send(target, message);
    },
  };
}
