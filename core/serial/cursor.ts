/** The cursor `v` of a vertex program: one object a call, which throws when it is kept and used later. */
import type { AnyType, Schema } from '../define/schema.ts';
import { printValue } from '../define/value.ts';
import { TaskError, UsageError } from '../errors.ts';
import { isRecord } from '../pregel/check.ts';
import type { ProgramSpec } from '../pregel/define.ts';
import type { Topology } from './topology.ts';
import { type Any, enter } from './values.ts';

/** Messages sent so far, by receiver; undefined where none may be sent. */
export type Inboxes = Any[][] | undefined;

interface Call {
  readonly spec: ProgramSpec;
  readonly graph: Topology;
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
    get outDegree() {
      return graph.out(id).length;
    },
    get inDegree() {
      return graph.in(id).length;
    },
    /** A loop goes over what was there when it began. */
    get outEdges() {
      return graph.out(id);
    },
    ...sendersOf(call),
    voteToHalt: () => void call.halt(),
    ...changersOf(call),
  };
  for (const c of Object.keys(spec.state)) {
    Object.defineProperty(cursor, c, {
      get: () => state[c],
      set(value) {
        state[c] = checked(value, c, spec.state, 'state');
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

/** A number that was never a vertex is a mistake; a message to one that is gone is not, and is dropped. */
function checkVertex(value: unknown, graph: Topology, where: string): void {
  if (Number.isInteger(value) && (value as number) in graph.ids) return;
  throw new TaskError('TYPE_MISMATCH', `${where}: ${printValue(value)} is not a vertex`, {
    remedy: 'Vertices are v.id, targets of edges, messages and parameters of type vertexId.',
  });
}

function refusedIn(init: string, what: string, remedy: string): never {
  throw new UsageError('USAGE', `${init}: init may not ${what}`, { remedy });
}

function sendersOf({ spec, graph, id, outbox }: Call) {
  const { name, along, message: type } = spec;
  const columns = type === undefined || isRecord(type) ? type : { message: type as AnyType };
  const send = (target: number, message: unknown): void => {
    if (outbox === undefined)
      return refusedIn(name, 'send messages', 'Send them from compute, at superstep 0.');
    if (columns === undefined) {
      throw new UsageError('DEFINITION_INVALID', `${name} sends, and declares no message`, {
        remedy: 'Give message a type.',
      });
    }
    const row = isRecord(type!) ? message : { message };
    enter(row, columns, 'message');
    checkNumbers(row as Any, columns);
    outbox[target]!.push(message);
  };
  return {
    sendTo(target: number, message: unknown): undefined {
      checkVertex(target, graph, 'sendTo');
      send(target, message);
    },
    sendToOut(message: Any): undefined {
      for (const { target, value } of graph.out(id)) {
        send(target, along ? ALONG[along.along]!(message, value[along.column]) : message);
      }
    },
    sendToIn(message: Any): undefined {
      for (const { target } of graph.in(id)) send(target, message);
    },
  };
}

/** NaN is no message: with least and most it would come and go with the order of folding. */
function checkNumbers(row: Any, columns: Schema): void {
  for (const [column, of] of Object.entries(columns)) {
    if (of.type !== 'float64' || !Number.isNaN(row[column])) continue;
    throw new TaskError(
      'MESSAGE_NAN',
      column === 'message' ? 'a message is NaN' : `a message's ${column} is NaN`,
      {
        remedy: 'Look for 0 / 0, and for edge values that are NaN; send nothing instead.',
      },
    );
  }
}

function changersOf({ spec, graph, id, outbox }: Call) {
  const open = (): void => {
    if (outbox !== undefined) return;
    refusedIn(spec.name, 'change the graph', 'Change it from compute, at superstep 0.');
  };
  return {
    addEdge(target: number, value: unknown): undefined {
      open();
      checkVertex(target, graph, 'addEdge');
      enter(value, spec.edge ?? {}, 'addEdge');
      graph.addEdge(id, target, { ...(value as object) });
    },
    removeEdges(target: number): undefined {
      open();
      checkVertex(target, graph, 'removeEdges');
      graph.removeEdges(id, target);
    },
    remove(): undefined {
      open();
      graph.remove(id);
    },
  };
}
