/** What a thread keeps of a program that runs: its loop, its folding, and what the loop asks of the task that runs now.
 *
 * The loop is the program's and stays; tasks put themselves behind it, one after the other.
 */
import { fits, printType, printValue } from '../define/value.ts';
import { asyncFunction, isThenable } from '../define/function-rules.ts';
import type { AnyType } from '../define/schema.ts';
import { DataError, TaskError, UsageError } from '../errors.ts';
import { counterOf } from '../mapreduce/counters.ts';
import { isRecord } from './check.ts';
import { type Loop, type LoopHost, type LoopStart, makeLoop } from './cursor.ts';
import type { ProgramSpec } from './define.ts';
import { type Folding, foldingOf } from './fold.ts';
import { type MessagePlan, messagePlan } from './messages.ts';
import type { Mutations } from './mutations.ts';
import type { Resident } from './resident.ts';

/** Something has to be there before the vertices can be computed; they are begun again then. */
export class Needed extends Error {
  readonly what: 'edges' | 'in';
  constructor(what: 'edges' | 'in') {
    super(`${what} needed`);
    this.what = what;
  }
}

/** What a task is to the loop. */
export interface LoopTask {
  readonly superstep: number;
  readonly sending: boolean;
  readonly mutations: Mutations;
  messages(index: number): unknown;
  sendTo(target: number, message: unknown): void;
  sendAll(index: number, message: unknown, way: 'out' | 'in'): void;
}

export class ProgramThread {
  readonly spec: ProgramSpec;
  /** What the loop begins a task with. */
  readonly start: LoopStart;
  readonly plan: MessagePlan;
  readonly loop: Loop;
  readonly folding: Folding | undefined;
  /** Against edges: no weights. */
  readonly inFolding: Folding | undefined;
  /** Columns of a message that are float64, where it is a record. */
  readonly floats: readonly string[];
  /** By name, since the task began. */
  counters: { [name: string]: number } = Object.create(null);
  /** What was asked for: a function may have swallowed the error. */
  needed: Needed | undefined;
  task: LoopTask | undefined;
  /** Vertices now. */
  beyond = 0;

  static of(resident: Resident, run: string, spec: ProgramSpec, params: object): ProgramThread {
    const known = resident.programs.get(run) as ProgramThread | undefined;
    if (known !== undefined) return known;
    const made = new ProgramThread(resident, spec, params);
    resident.programs.set(run, made);
    return made;
  }

  private constructor(resident: Resident, spec: ProgramSpec, params: object) {
    this.spec = spec;
    this.plan = messagePlan(spec);
    const columns = spec.message && isRecord(spec.message) ? Object.entries(spec.message) : [];
    this.floats = columns.filter(([, { type }]) => type === 'float64').map(([column]) => column);
    const { kernels } = resident;
    if (this.plan.kind === 'folded') {
      const { along: _, ...plain } = this.plan;
      this.folding = foldingOf(kernels, spec, this.plan);
      this.inFolding = foldingOf(kernels, spec, plain);
    }
    this.loop = resident.loops.get(spec) ?? makeLoop(spec);
    resident.loops.set(spec, this.loop);
    const count: LoopStart['count'] = (name, by) => counterOf(this.counters)(name, by);
    this.start = { params, host: this.#host(), count };
  }

  /** A task puts itself behind the loop. */
  begin(task: LoopTask, vertexCount: number): void {
    this.task = task;
    this.needed = undefined;
    this.counters = Object.create(null);
    this.beyond = vertexCount;
  }

  #host(): LoopHost {
    const { spec } = this;
    const beyond = (): number => this.beyond;
    const mutations = (): Mutations => this.task!.mutations;
    const sending = (): LoopTask => {
      if (this.task!.sending) return this.task!;
      throw new UsageError('USAGE', `${spec.name}: init may not send messages`, {
        remedy: 'Send them from compute, at superstep 0.',
      });
    };
    return {
      messages: index => this.task!.messages(index),
      sendTo: (target, message) => {
        if (!Number.isInteger(target) || target < 0 || target >= this.beyond) {
          this.#refuse('target', '', { type: 'vertexId' }, target);
        }
        this.#declared();
        sending().sendTo(target, message);
      },
      sendAll: (index, message, way) => {
        this.#declared();
        sending().sendAll(index, message, way);
      },
      need: what => {
        this.needed = new Needed(what);
        throw this.needed;
      },
      refuse: (what, name, of, value) => this.#refuse(what, name, of, value),
      notDeclared: column => {
        throw new TaskError('TASK_FAILED', `a vertex has no column '${column}'`, {
          remedy: `Declare it in the state of ${spec.name}.`,
        });
      },
      noAggregate: name => {
        throw new UsageError('USAGE', `${spec.name}: no aggregate '${name}'`, {
          remedy: `There are: ${Object.keys(spec.aggregates ?? {}).join(', ') || 'none'}.`,
        });
      },
      fits,
      tooWide: name => {
        throw new DataError('INT64_RANGE', `${spec.name}: '${name}' is beyond ±(2^53 − 1)`, {
          remedy: 'Declare it bigint64: the same column, read as a bigint.',
        });
      },
      returned: (what, value) => {
        if (isThenable(value)) throw asyncFunction(`${spec.name}: ${what}`, 'vertex');
      },
      get beyond() {
        return beyond();
      },
      get mutations() {
        return mutations();
      },
    };
  }

  #declared(): void {
    const { name, message } = this.spec;
    if (message !== undefined) return;
    throw new UsageError('DEFINITION_INVALID', `${name} sends, and declares no message`, {
      remedy: 'Give message a type.',
    });
  }

  #refuse(what: string, name: string, of: AnyType, value: unknown): never {
    const { spec } = this;
    if (what === 'message' && Number.isNaN(value)) throw messageIsNaN();
    const which = name === '' ? `a ${what}` : `${what} '${name}'`;
    const isTarget = what === 'target';
    const takes = isTarget ? 'a vertex of the graph' : printType(of);
    throw new TaskError('TYPE_MISMATCH', `${which} is ${takes}, got ${printValue(value)}`, {
      remedy: isTarget
        ? 'Send to a vertexId: v.id, the target of an edge, or one that a message or a parameter brought.'
        : `Give it a value of that type, or declare it in ${spec.name} as what it is.`,
    });
  }
}

export const messageIsNaN = (column = 'message'): TaskError =>
  new TaskError(
    'MESSAGE_NAN',
    column === 'message' ? 'a message is NaN' : `a message's ${column} is NaN`,
    { remedy: 'Look for 0 / 0, and for edge values that are NaN; send nothing instead.' },
  );
