/** What a program is between two supersteps: all of it, besides the graph. Plain data. */
import type { Owned } from './graph-handle.ts';
import type { Outbox } from './sent.ts';
import type { State } from './state.ts';

/** A partition between supersteps. */
export interface Kept {
  readonly state: State;
  /** What it has sent in the superstep before; nothing if it did not run. */
  readonly outbox: Outbox | undefined;
  readonly awake: number;
  readonly owned: Owned;
  /** Of shared memory, by the task that made it: a guess of what the next one will. */
  readonly takenBytes: number;
}

export interface Barrier {
  /** The one that comes next. */
  readonly superstep: number;
  readonly aggregates: { readonly [name: string]: unknown };
  /** The program looks at edges one by one. */
  readonly edges: boolean;
  readonly kept: readonly Kept[];
}

/** What a program has done so far, for the report. */
export interface Tally {
  messages: number;
  bytesSent: number;
  pulled: number;
  pushed: number;
  readonly counters: { [name: string]: number };
}

export function emptyTally(): Tally {
  // Without a prototype: names are the user's.
  return { messages: 0, bytesSent: 0, pulled: 0, pushed: 0, counters: Object.create(null) };
}

export function addTally(to: Tally, more: Readonly<Tally>): void {
  to.messages += more.messages;
  to.bytesSent += more.bytesSent;
  to.pulled += more.pulled;
  to.pushed += more.pushed;
  for (const [name, by] of Object.entries(more.counters)) {
    to.counters[name] = (to.counters[name] ?? 0) + by;
  }
}
