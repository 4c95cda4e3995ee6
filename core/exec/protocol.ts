/** What the driver and a worker say to each other: arrays of small arrays, because they are the cheapest thing to
 *  clone. Each begins with a number; a message is a list of them, sent once a turn.
 *
 * Runs are named by their sequence number on the thread, objects by ids that are unique in the session (a thread makes
 * ids of its own range), watches and requests by numbers of the thread that made them.
 */
import type { PlainError } from '../errors.ts';
import type { Range } from '../memory/arena.ts';
import type { Failure } from './attempts.ts';
import type { TaskOptions } from './link.ts';
import type { Key } from './refs.ts';
import type { DefinitionKind } from './state.ts';
import type { Wire } from './wire.ts';

export const TO_WORKER = {
  define: 0,
  slab: 1,
  run: 2,
  abort: 3,
  values: 4,
  ready: 5,
  failed: 6,
  ranges: 7,
  temp: 8,
  drop: 9,
} as const;

/** What a worker prints and reports about a run. */
export interface RunLabel {
  readonly job: string;
  readonly stage: string;
  readonly task: number;
}

/** What makes a run a call of an actor. */
export interface CallOf {
  readonly actor: number;
  /** Undefined is the constructor; `checkpoint` is what it is restored from. */
  readonly method: string | undefined;
  readonly checkpoint: Wire;
}

type W = typeof TO_WORKER;
export type ToWorker =
  | [
      op: W['define'],
      definition: number,
      kind: DefinitionKind,
      module: string,
      name: string,
      memoryBytes: number | undefined,
    ]
  | [op: W['slab'], slab: number, memory: SharedArrayBuffer]
  | [
      op: W['run'],
      sequence: number,
      id: number,
      definition: number,
      /** The argument, or what refs are put into. */
      base: Wire,
      /** Members of the argument that were refs, and their values. */
      keys: readonly Key[] | undefined,
      parts: readonly Wire[] | undefined,
      alone: boolean,
      /** Its result is awaited with those of the runs behind it, and may leave with them. */
      patient: boolean,
      label: RunLabel | undefined,
      /** Shared memory that is the run's. */
      room: Range | undefined,
      call: CallOf | undefined,
    ]
  | [op: W['drop'], actor: number]
  | [op: W['abort'], sequence: number, error: PlainError]
  /** Answers to a watch: values of a `get`; indices that a `wait` found ready; the first failure of a `get`. */
  | [op: W['values'], watch: number, values: readonly Wire[]]
  | [op: W['ready'], watch: number, ready: readonly number[]]
  | [op: W['failed'], watch: number, error: PlainError]
  /** Undefined: there is no room. */
  | [op: W['ranges'], request: number, ranges: readonly Range[] | undefined]
  | [op: W['temp'], request: number, folder: string, error: PlainError | undefined];

export const TO_DRIVER = {
  up: 0,
  define: 1,
  submit: 2,
  promise: 3,
  put: 4,
  notPut: 5,
  watch: 6,
  release: 7,
  cancel: 8,
  allocate: 9,
  giveBack: 10,
  done: 11,
  failed: 12,
  temp: 13,
  actor: 14,
  call: 15,
  turn: 16,
  checkpoint: 17,
} as const;

type D = typeof TO_DRIVER;
export type ToDriver =
  | [op: D['up']]
  | [
      op: D['define'],
      definition: number,
      kind: DefinitionKind,
      module: string,
      name: string,
      options: TaskOptions,
    ]
  | [
      op: D['actor'],
      owner: number,
      id: number,
      definition: number,
      base: Wire,
      whole: boolean,
      keys: readonly Key[] | undefined,
      dependencies: readonly number[],
    ]
  | [
      op: D['call'],
      owner: number,
      id: number,
      actor: number,
      method: string,
      base: Wire,
      whole: boolean,
      keys: readonly Key[] | undefined,
      dependencies: readonly number[],
    ]
  /** A call has come to its thread while the one before, whose object is `id`, had not ended. */
  | [op: D['turn'], owner: number, watch: number, id: number]
  | [op: D['checkpoint'], owner: number, value: Wire]
  | [
      op: D['submit'],
      owner: number,
      id: number,
      definition: number,
      base: Wire,
      whole: boolean,
      keys: readonly Key[] | undefined,
      dependencies: readonly number[],
    ]
  /** An object that is being stored; `put` or `notPut` follows. */
  | [op: D['promise'], owner: number, id: number]
  | [op: D['put'], owner: number, id: number, value: Wire]
  | [op: D['notPut'], owner: number, id: number, error: PlainError]
  | [
      op: D['watch'],
      owner: number,
      watch: number,
      ids: readonly number[],
      /** How many must be ready; −1: all, and the values are wanted. */
      count: number,
      timeoutMs: number | undefined,
    ]
  | [op: D['release'], owner: number, id: number]
  | [op: D['cancel'], owner: number, id: number, error: PlainError]
  | [op: D['allocate'], owner: number, request: number, lengths: readonly number[]]
  | [op: D['temp'], request: number]
  | [op: D['giveBack'], owner: number, ranges: readonly Range[]]
  | [op: D['done'], sequence: number, value: Wire, ms: number]
  | [op: D['failed'], sequence: number, failure: Failure, error: PlainError, ms: number];
