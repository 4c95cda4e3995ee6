/** What can happen to what the driver knows (Event), and what follows (Command). Plain data. */
import type { Range } from '../memory/arena.ts';
import type { Actor } from './actor.ts';
import type { Failure } from './attempts.ts';
import type { Entry, Outcome, Slot, Task, Watcher } from './state.ts';
import type { Stored, Wire } from './wire.ts';

/** Why the driver ends a thread. */
export type StopReason = 'cancelled' | 'timeout' | 'chaos' | 'close';

/** How a thread ended, and what it was doing. */
export interface ThreadEnd {
  readonly exitCode: number;
  /** What killed it, if it said. */
  readonly error: Error | undefined;
  readonly outOfMemory: boolean;
  /** It does not end: it may hold and write what it had. */
  readonly abandoned: boolean;
  readonly next: number;
  readonly current: number;
  /** In words and details: what it was reading. */
  readonly read: { readonly file: number; readonly offset: number };
}

export type Event =
  | { readonly type: 'submitted'; readonly task: Task }
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'released'; readonly entry: Entry }
  /** `parks`: a call waits for the end of the one before. */
  | { readonly type: 'watched'; readonly watcher: Watcher; readonly parks?: boolean }
  | { readonly type: 'expired'; readonly watcher: Watcher }
  | { readonly type: 'cancelled'; readonly entry: Entry; readonly error: Error }
  | { readonly type: 'grace'; readonly task: Task; readonly runs: number }
  // Of a run on a slot, by its sequence number.
  | { readonly type: 'up'; readonly slot: number }
  | {
      readonly type: 'done';
      readonly slot: number;
      readonly sequence: number;
      readonly value: Wire;
      readonly ms: number;
    }
  | {
      readonly type: 'failed';
      readonly slot: number;
      readonly sequence: number;
      readonly failure: Failure;
      readonly error: Error;
      readonly ms: number;
    }
  | {
      readonly type: 'nested';
      readonly slot: number;
      readonly owner: number;
      readonly task: Task;
    }
  /** `owner` on `slot`: the task that starts it; undefined is the program. */
  | {
      readonly type: 'actor';
      readonly actor: Actor;
      readonly slot: number;
      readonly owner: number | undefined;
    }
  | {
      readonly type: 'checkpoint';
      readonly slot: number;
      readonly owner: number;
      readonly value: Wire;
    }
  | {
      readonly type: 'made';
      readonly slot: number;
      readonly owner: number;
      readonly entry: Entry;
    }
  | {
      readonly type: 'stored';
      readonly slot: number;
      readonly owner: number;
      readonly entry: Entry;
      readonly value: Wire;
      readonly error: Error | undefined;
    }
  | {
      readonly type: 'allocated' | 'givenBack';
      readonly slot: number;
      readonly owner: number;
      readonly ranges: readonly Range[];
    }
  // Of slots.
  | { readonly type: 'revoked'; readonly slot: number; readonly from: number }
  | {
      readonly type: 'tick';
      readonly ms: number;
      readonly slots: readonly { readonly next: number; readonly current: number }[];
    }
  | {
      readonly type: 'ended';
      readonly slot: number;
      readonly reason: StopReason | undefined;
      readonly end: ThreadEnd;
    }
  | { readonly type: 'closed'; readonly error: Error };

export type Command =
  | { readonly do: 'start'; readonly slot: Slot }
  | { readonly do: 'run'; readonly slot: Slot; readonly task: Task }
  | { readonly do: 'abort'; readonly slot: Slot; readonly sequence: number; readonly error: Error }
  | { readonly do: 'revoke'; readonly slot: Slot }
  /** The instance of an actor that has ended. */
  | { readonly do: 'drop'; readonly slot: Slot; readonly actor: number }
  | { readonly do: 'stop'; readonly slot: Slot; readonly reason: StopReason }
  /** Values as of now: later in the same turn they may be released. */
  | { readonly do: 'answer'; readonly watcher: Watcher; readonly outcome: Outcome | undefined }
  | { readonly do: 'later'; readonly ms: number; readonly event: Event }
  /** A stored value that nobody holds any more. */
  | { readonly do: 'free'; readonly value: Stored }
  | { readonly do: 'freeRanges'; readonly ranges: readonly Range[] }
  /** The attempt has ended well: its ranges are the program's. */
  | { readonly do: 'keepRanges'; readonly task: Task; readonly ranges: readonly Range[] };
