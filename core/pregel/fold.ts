/** How messages of a program become one, over arrays in kernel memory: in kernels, or by the program's own function.
 *
 * One interface for both; kernels/messages.ts says what the calls do and in which order. The loops around a function are generated, from text
 * that no other program has (cursor.ts says why), and fold in exactly the order of the kernels.
 */
import { DataError, TaskError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import {
  type Arrived,
  beginPull,
  fillIdentity,
  type FoldOp,
  foldPairs,
  MessageOverflow,
  type NumberKind,
  type Pairs,
  type Pull,
  pull,
  receive,
  type Way,
} from '../kernels/messages.ts';
import { printType, printValue } from '../define/value.ts';
import type { ProgramSpec } from './define.ts';
import type { Folded } from './messages.ts';

export interface Folding {
  readonly kind: NumberKind;
  readonly way: Way;
  fill(pointer: number, n: number): void;
  begin(state: PullState, listed: number): void;
  pull(state: PullState, sources: number, weights: number, n: number): void;
  receive(arrived: Arrived, n: number, inbox: number, got: number): void;
  foldPairs(pairs: Pairs, n: number): number;
}
export type PullState = Omit<Pull, 'kind' | 'op' | 'way'>;

export function foldingOf(kernels: Kernels, spec: ProgramSpec, plan: Folded): Folding {
  const way = plan.along?.along ?? 'plain';
  return plan.op === undefined
    ? new FunctionFolding(kernels, spec, plan, way)
    : new KernelFolding(kernels, plan.number, plan.op, way);
}

/** A class, not closures: those of a run would go with it, and with them the code that V8 has made around them. */
class KernelFolding implements Folding {
  readonly kind: NumberKind;
  readonly way: Way;
  readonly #kernels: Kernels;
  readonly #op: FoldOp;

  constructor(kernels: Kernels, kind: NumberKind, op: FoldOp, way: Way) {
    this.kind = kind;
    this.way = way;
    this.#kernels = kernels;
    this.#op = op;
  }

  fill(pointer: number, n: number): void {
    fillIdentity(this.#kernels, this.kind, this.#op, pointer, n);
  }

  begin(state: PullState, listed: number): void {
    beginPull(this.#kernels, state, listed);
  }

  pull(state: PullState, sources: number, weights: number, n: number): void {
    const { kind, way } = this;
    pull(this.#kernels, { kind, op: this.#op, way, ...state }, sources, weights, n);
  }

  receive(arrived: Arrived, n: number, inbox: number, got: number): void {
    receive(this.#kernels, this.kind, this.#op, arrived, n, inbox, got);
  }

  foldPairs(pairs: Pairs, n: number): number {
    return foldPairs(this.#kernels, this.kind, this.#op, pairs, n);
  }
}

type Numbers = Int32Array | Float64Array;
/** The generated loops: places are indices of the arrays. */
interface Loops {
  pull(
    u32: Uint32Array,
    u8: Uint8Array,
    numbers: Numbers,
    ends: Uint16Array | Uint32Array,
    state: number,
    counts: number,
    sources: number,
    weights: number,
    n: number,
    values: number,
    sent: number,
    out: number,
    has: number,
  ): void;
  receive(
    ends: Uint16Array | Uint32Array,
    u8: Uint8Array,
    numbers: Numbers,
    targets: number,
    values: number,
    has: number,
    n: number,
    inbox: number,
    got: number,
  ): void;
  foldPairs(u32: Uint32Array, numbers: Numbers, targets: number, values: number, n: number): number;
}

const WAYS: { readonly [W in Way]: string } = {
  plain: 'm',
  plus: 'm + numbers[weights + edge]',
  times: 'm * numbers[weights + edge]',
  least: 'Math.min(m, numbers[weights + edge])',
  most: 'Math.max(m, numbers[weights + edge])',
};

class FunctionFolding implements Folding {
  readonly kind: NumberKind;
  readonly way: Way;
  readonly #kernels: Kernels;
  readonly #loops: Loops;
  readonly #identity: number;

  constructor(kernels: Kernels, spec: ProgramSpec, { number, of }: Folded, way: Way) {
    this.kind = number;
    this.way = way;
    this.#kernels = kernels;
    this.#identity = spec.combine!.identity as number;
    const misfit = number === 'i32' ? 'x !== (x | 0)' : 'typeof x !== "number"';
    const text = `"use strict";
const { merge, identity, refuse } = given;
const checked = x => { if (${misfit}) refuse(x); return x; };
return {
  pull(u32, u8, numbers, ends, state, counts, sources, weights, n, values, sent, out, has) {
    let listed = u32[state], left = u32[state + 1];
    for (let edge = 0; edge < n;) {
      const begins = left === u32[counts + listed];
      let held = begins ? identity : numbers[out + listed];
      let any = sent === 0 ? 1 : begins ? 0 : u8[has + listed];
      const stop = Math.min(edge + left, n);
      left -= stop - edge;
      for (; edge < stop; edge++) {
        const source = ends[sources + edge];
        if (sent !== 0) { if (u8[sent + source] === 0) continue; any = 1; }
        const m = numbers[values + source];
        held = merge(held, ${WAYS[way]});
      }
      numbers[out + listed] = checked(held);
      if (sent !== 0) u8[has + listed] = any;
      if (left === 0) left = u32[counts + ++listed];
    }
    u32[state] = listed;
    u32[state + 1] = left;
  },
  receive(ends, u8, numbers, targets, values, has, n, inbox, got) {
    for (let j = 0; j < n; j++) {
      if (has !== 0 && u8[has + j] === 0) continue;
      const target = ends[targets + j];
      numbers[inbox + target] = checked(merge(numbers[inbox + target], numbers[values + j]));
      if (got !== 0) u8[got + target] = 1;
    }
  },
  foldPairs(u32, numbers, targets, values, n) {
    let made = 0;
    for (let j = 0; j < n; made++) {
      const target = u32[targets + j];
      let held = identity;
      for (; j < n && u32[targets + j] === target; j++) held = merge(held, numbers[values + j]);
      u32[targets + made] = target;
      numbers[values + made] = checked(held);
    }
    return made;
  },
};
//# sourceURL=superstep:fold/${programs++}`;
    const refuse = (value: unknown): never => {
      throw new TaskError(
        'TYPE_MISMATCH',
        `${spec.name}: combine gave ${printValue(value)} for a message of type ${printType(of)}`,
      );
    };
    // oxlint-disable-next-line no-new-func -- no text of a user's in it
    const make = new Function('given', text) as (given: object) => Loops;
    this.#loops = make({ merge: spec.combine!.merge, identity: this.#identity, refuse });
  }

  #numbers(): Numbers {
    return this.kind === 'i32' ? this.#kernels.i32 : this.#kernels.f64;
  }
  /** A pointer to numbers as an index. */
  #at(pointer: number): number {
    return pointer >>> (this.kind === 'i32' ? 2 : 3);
  }

  fill(pointer: number, n: number): void {
    this.#numbers().fill(this.#identity, this.#at(pointer), this.#at(pointer) + n);
  }

  begin(state: PullState, listed: number): void {
    beginPull(this.#kernels, state, listed);
  }

  pull(
    { narrow, state, counts, values, sent, out, has }: PullState,
    sources: number,
    weights: number,
    n: number,
  ): void {
    const { u32, u16, u8 } = this.#kernels;
    this.#loops.pull(
      u32,
      u8,
      this.#numbers(),
      narrow ? u16 : u32,
      state >>> 2,
      counts >>> 2,
      sources >>> (narrow ? 1 : 2),
      this.#at(weights),
      n,
      this.#at(values),
      sent,
      this.#at(out),
      has,
    );
  }

  receive(arrived: Arrived, n: number, inbox: number, got: number): void {
    const { u32, u16, u8 } = this.#kernels;
    const { targets, values, has } = arrived;
    const { at, narrow } = targets;
    this.#loops.receive(
      narrow ? u16 : u32,
      u8,
      this.#numbers(),
      at >>> (narrow ? 1 : 2),
      this.#at(values),
      has,
      n,
      this.#at(inbox),
      got,
    );
  }

  foldPairs({ targets, values }: Pairs, n: number): number {
    const { u32 } = this.#kernels;
    return this.#loops.foldPairs(u32, this.#numbers(), targets >>> 2, this.#at(values), n);
  }
}
let programs = 0;

/** An overflow of integers, in words. */
export function overflowed({ of, op }: Folded, cause: unknown, where: string): unknown {
  if (!(cause instanceof MessageOverflow)) return cause;
  const what = op === 'sum' ? 'the sum of messages' : 'a message';
  return new DataError('SUM_OVERFLOW', `${where}: ${what} is beyond ${printType(of)}`, {
    remedy: 'Use a wider type, or float64.',
  });
}
